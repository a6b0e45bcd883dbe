import { createHistory, type KeptHistory } from '#kit/history.ts';
import type { Workshop } from '#kit/subgraph.ts';
import type { TableName } from './repository.ts';

/** What the versions of each table state, beside the fields of their form. */
const kept: Record<TableName, Pick<KeptHistory, 'own' | 'classes'>> = {
  act: { own: {}, classes: { remark: 'REMARK' } },
  commitment: { own: {}, classes: { remark: 'REMARK' } },
  judicial_record: { own: {}, classes: { remark: 'REMARK' } },
  complaint: { own: {}, classes: { remark: 'REMARK' } },
  voluntary_item: {
    own: { kind: 'kind', itemNo: 'item_no', declaredOn: 'declared_on', verification: 'verification', verifiedBy: 'verified_by', verifiedOn: 'verified_on' },
    classes: { evidence: 'REMARK' },
  },
};

export const createHistories = (workshop: Workshop) =>
  Object.fromEntries(Object.entries(kept).map(([table, each]) => [table, createHistory(workshop, { schema: 'disclosure', table, ...each })])) as Record<TableName, ReturnType<typeof createHistory>>;
