import { createFilingDoor } from '#kit/filing/door.ts';
import type { FilingDoor, Workshop } from '#kit/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { createFiledProposals } from './filedProposals.ts';
import { entryOf, table } from './ingest.ts';

/** Where filings of this subgraph come in, by kind. */
export const createFilings = (workshop: Workshop): Record<'name-list', FilingDoor> => ({
  'name-list': createFilingDoor({ kind: 'name-list', form: forms['name-list'], table, toRow: entryOf, secondPerson: createFiledProposals(workshop) }, workshop),
});
