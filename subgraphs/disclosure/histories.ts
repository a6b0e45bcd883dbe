import { createHistory, type KeptHistory } from '#records/history.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import type { TableName } from './repository.ts';

/** The statements of the versions of each table, beside the fields of its form. */
const kept: Record<TableName, Pick<KeptHistory, 'own' | 'classes'>> = {
  act: { own: {}, classes: { remark: 'REMARK' } },
  commitment: { own: {}, classes: { remark: 'REMARK' } },
  judicial_record: { own: {}, classes: { remark: 'REMARK' } },
  complaint: { own: {}, classes: { remark: 'REMARK' } },
  voluntary_item: {
    own: {
      kind: 'kind',
      itemNo: 'item_no',
      declaredOn: 'declared_on',
      verification: 'verification',
      verifiedBy: 'verified_by',
      verifiedOn: 'verified_on',
    },
    classes: { evidence: 'REMARK' },
  },
};

export const createHistories = (runtime: SubgraphRuntime) =>
  Object.fromEntries(
    Object.entries(kept).map(([table, each]) => [
      table,
      createHistory(runtime, { schema: 'disclosure', table, ...each }),
    ]),
  ) as Record<TableName, ReturnType<typeof createHistory>>;
