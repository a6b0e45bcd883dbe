import { createFilingIntake } from '#records/filing/intake.ts';
import type { FilingIntake, SubgraphRuntime } from '#records/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { createFiledProposals } from './filedProposals.ts';
import { entryOf, table } from './ingest.ts';

/** The filing intakes of this subgraph, by kind. */
export const createFilings = (runtime: SubgraphRuntime): Record<'name-list', FilingIntake> => ({
  'name-list': createFilingIntake(
    {
      kind: 'name-list',
      form: forms['name-list'],
      table,
      asksRegister: true,
      toRow: entryOf,
      secondPerson: createFiledProposals(runtime),
    },
    runtime,
  ),
});
