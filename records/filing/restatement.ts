import { narrowestLevel } from '#policy/rows.ts';
import type { Client } from '#kit/postgres/pool.ts';
import type { ChangeStamp } from '#records/outbox.ts';
import { endVersions, insertVersions, KEPT_COLUMNS, valuesOf } from '#records/versions.ts';
import type { CurrentVersion } from './currentVersion.ts';
import { Overtaken } from './newVersions.ts';
import { type RecordTable, stagedColumns } from './record.ts';
import { stagedNameOf } from './stagedTable.ts';

// How a conflict of facts opens and ends in a table of records: the current version is stated again, with the id of the
// conflict or without one, so that answers at earlier instants stay as they were. Where a conflict opens, the version
// between the two is what the other source stated; it ends in the instant in which it begins, and is never believed.

/** A current version that is stated again. */
export interface Restated extends Pick<CurrentVersion, 'position' | 'version'> {
  /** The conflict under which it stands from now on; null: its sides agree, and no staged row is kept. */
  readonly conflict: string | null;
}

/**
 * Writes the versions, in the transaction of the staged rows and under the clock.
 * @throws Overtaken where one of them is no longer the current version
 */
export type Restate = (client: Client, restated: readonly Restated[], stamp: ChangeStamp) => Promise<void>;

const restatedRows = 'unnest($2::int[], $3::int[], $4::uuid[]) as restated(position, version, conflict)';

/** Creates the writer of one table's restatements. */
export function createRestatement<Own extends string>(table: RecordTable<Own>): Restate {
  const target = `${table.schema}.${table.name}`;
  const staged = stagedNameOf(table);
  const joined = `${restatedRows}
    join ${staged} staged using (position)
    join ${target} record
      on record.uscc = staged.uscc and record.record_id = staged.record_id and record.version = restated.version`;
  const end = endVersions({
    table: target,
    from: `${staged} staged`,
    where: `staged.position = any($1::int[])
      and record.uscc = staged.uscc and record.record_id = staged.record_id and record.superseded_at = 'infinity'`,
    at: '$2::timestamptz',
    returning: 'staged.position, record.version',
  });
  // Nobody sees more of the other statement than of the record, nor more than its own source let it be seen.
  const insertOther = insertVersions({
    table: target,
    values: {
      ...valuesOf('staged', [...stagedColumns(table), 'digest']),
      ...valuesOf('record', ['public_from', 'public_until', 'withdrawn_on', 'withdrawal_reason', 'province', 'sector']),
      under_objection: 'record.under_objection',
      disclosure_level: narrowestLevel('staged.disclosure_level', 'record.disclosure_level'),
      own_level: 'staged.disclosure_level',
      own_province: 'staged.province',
      own_sector: 'staged.sector',
      version: 'record.version + 1',
      filing_id: '$5::uuid',
      collected_at: '$1::timestamptz',
      recorded_at: '$1::timestamptz',
      superseded_at: '$1::timestamptz',
    },
    from: `${joined} where restated.conflict is not null`,
  });
  const insertAgain = insertVersions({
    table: target,
    values: {
      ...valuesOf('record', [...stagedColumns(table), ...KEPT_COLUMNS, 'filing_id']),
      version: 'record.version + case when restated.conflict is null then 1 else 2 end',
      recorded_at: '$1::timestamptz',
      fact_conflict: 'restated.conflict',
    },
    from: joined,
  });

  return async (client, restated, { recordedAt, filingId }) => {
    const positions = restated.map(({ position }) => position);
    const { rows } = await client.query<{ position: number; version: number }>(end, [positions, recordedAt]);
    const ended = new Map(rows.map(({ position, version }) => [position, version]));
    if (restated.some(({ position, version }) => ended.get(position) !== version)) throw new Overtaken();
    const values = [
      recordedAt,
      positions,
      restated.map(({ version }) => version),
      restated.map(({ conflict }) => conflict),
    ];
    await client.query(insertOther, [...values, filingId]);
    await client.query(insertAgain, values);
  };
}
