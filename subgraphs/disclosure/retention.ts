import type { ErasableTable } from '#records/retention.ts';
import { feed } from './ingest.ts';
import type { TableName } from './repository.ts';

const tables: Record<TableName, Pick<ErasableTable, 'emptied' | 'nulled' | 'ofEvents'>> = {
  act: { emptied: ['document_no'], nulled: ['authority_name'], ofEvents: false },
  commitment: { emptied: [], nulled: ['commitment_no'], ofEvents: false },
  judicial_record: { emptied: ['case_no'], nulled: ['court_name'], ofEvents: true },
  complaint: { emptied: ['complaint_no'], nulled: [], ofEvents: true },
  voluntary_item: { emptied: ['item_no'], nulled: [], ofEvents: true },
};

/** The fields of each table that are erased when its records are no longer kept. */
export const erasable: readonly ErasableTable[] = Object.entries(tables).map(([name, each]) => ({
  schema: 'disclosure',
  name,
  feed,
  ...each,
}));
