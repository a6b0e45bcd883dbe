import { createFeed } from '#records/outbox.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import { endVersions, insertVersions, KEPT_COLUMNS, valuesOf } from '#records/versions.ts';
import { type RecordTable, stagedColumns } from './record.ts';

const BATCH = 1000;
/** Maximum number of rows that `forget` deletes. */
export const FORGOTTEN_AT_ONCE = 20_000;

/** The statements of full replacements. */
export type ReplacementStatements = ReturnType<typeof replacementStatements>;

/**
 * The statements of full replacements in one table. `weigh` and `find` take the unit, the filing's id, the instant of
 * the count and, where the table has kinds, the kind.
 * @param hasKinds whether the table holds several kinds of filing, by its column `kind`
 */
export function replacementStatements<Own extends string>(table: RecordTable<Own>, hasKinds: boolean) {
  const target = `${table.schema}.${table.name}`;
  const seen = `${table.schema}.filed_row`;
  const replacing = `${table.schema}.replacing_filing`;
  const missing = `
    from ${target} record
    where exists (
        select from ${replacing} filing
        where filing.filing_id = $2::uuid
          and filing.open
          and (filing.sector is null or filing.sector = record.sector))
      and record.source_unit = $1
      and record.superseded_at = 'infinity'
      and record.recorded_at <= $3::timestamptz
      and record.withdrawn_on is null
      and record.erased_at is null
      -- What two sources contradict each other about is decided, and not dropped.
      and record.fact_conflict is null
      ${hasKinds ? 'and record.kind = $4' : ''}
      and not exists (
        select from ${seen} seen
        where seen.filing_id = $2::uuid
          and seen.uscc = record.uscc
          and seen.record_id = record.record_id)`;
  const open = `
    insert into ${replacing} (filing_id, unit, kind, sector)
    values ($1::uuid, $2, $3, $4)
    on conflict (filing_id) do nothing`;
  const weigh = `
    select (select count(*)::int ${missing}) as missing,
           ${table.isGuarded ? `(select count(*)::int ${missing} and ${table.isGuarded('record')})` : '0'} as guarded,
           (select count(*)::int from ${seen} seen where seen.filing_id = $2::uuid and seen.stood) as kept`;
  const find = `
    select record.uscc, record.record_id, record.version, ${createFeed(table).stateOf('record')} as before
    ${missing}
    order by record.uscc, record.record_id
    limit ${BATCH}`;
  const ended = 'unnest($1::text[], $2::uuid[], $3::int[]) as ended(uscc, record_id, version)';
  const supersede = endVersions({
    table: target,
    from: ended,
    where: 'record.uscc = ended.uscc and record.record_id = ended.record_id',
    at: '$4::timestamptz',
    rights: { withdrawn_on: '$5::date', withdrawal_reason: `'${NOT_IN_REPLACEMENT}'` },
  });
  const insert = insertVersions({
    table: target,
    values: {
      ...valuesOf('record', [...stagedColumns(table), ...KEPT_COLUMNS]),
      version: 'record.version + 1',
      filing_id: '$5::uuid',
      recorded_at: '$4::timestamptz',
    },
    from: `${ended} join ${target} record using (uscc, record_id, version)`,
  });
  const count = `update ${replacing} set ended = ended + $2 where filing_id = $1::uuid`;
  const close = `update ${replacing} set open = false where filing_id = $1::uuid returning ended`;
  const forget = `
    delete from ${seen}
    where ctid = any (array(
        select seen.ctid
        from ${seen} seen
        where seen.filing_id = $1::uuid
        limit ${FORGOTTEN_AT_ONCE}))`;
  return { open, weigh, find, supersede, insert, count, close, forget };
}
