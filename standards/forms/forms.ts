import { commitmentForm } from './commitment.ts';
import { entityForm } from './entity.ts';
import { evaluationForm } from './evaluation.ts';
import type { Form, FormKind } from './form.ts';
import { licenceForm } from './licence.ts';
import { nameListForm } from './nameList.ts';
import { otherActForm } from './otherAct.ts';
import { penaltyForm } from './penalty.ts';

/** The newest edition of the form of each kind of record. */
export const forms: Record<FormKind, Form> = {
  entity: entityForm,
  licence: licenceForm,
  penalty: penaltyForm,
  'other-act': otherActForm,
  commitment: commitmentForm,
  'name-list': nameListForm,
  evaluation: evaluationForm,
};

/** The form of a kind given as text, or null. */
export function findForm(kind: string): Form | null {
  return Object.hasOwn(forms, kind) ? forms[kind as FormKind] : null;
}
