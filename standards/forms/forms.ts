import { catalogued } from './catalogueItem.ts';
import { commitmentForm } from './commitment.ts';
import { complaintForm } from './complaint.ts';
import { entityForm } from './entity.ts';
import { evaluationForm } from './evaluation.ts';
import type { Form, FormKind } from './form.ts';
import { judicialRecordForm } from './judicialRecord.ts';
import { licenceForm } from './licence.ts';
import { nameListForm } from './nameList.ts';
import { otherActForms } from './otherActs.ts';
import { penaltyForm } from './penalty.ts';

/** The newest edition of the form of each kind of record. */
export const forms: Record<FormKind, Form> = {
  entity: catalogued(entityForm),
  licence: catalogued(licenceForm),
  penalty: catalogued(penaltyForm),
  compulsion: catalogued(otherActForms.compulsion),
  confirmation: catalogued(otherActForms.confirmation),
  levy: catalogued(otherActForms.levy),
  payment: catalogued(otherActForms.payment),
  adjudication: catalogued(otherActForms.adjudication),
  compensation: catalogued(otherActForms.compensation),
  reward: catalogued(otherActForms.reward),
  inspection: catalogued(otherActForms.inspection),
  commitment: catalogued(commitmentForm),
  'judicial-record': catalogued(judicialRecordForm),
  complaint: catalogued(complaintForm),
  'name-list': catalogued(nameListForm),
  evaluation: catalogued(evaluationForm),
};

/** The newest edition of the form of a kind that comes from outside, such as 'name-list'; null for an unknown kind. */
export function findForm(kind: string): Form | null {
  return Object.hasOwn(forms, kind) ? forms[kind as FormKind] : null;
}
