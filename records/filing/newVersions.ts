import { rightsColumns, versionRight } from '#policy/rows.ts';
import type { Client } from '#kit/postgres/pool.ts';
import { type ChangeStamp, createFeed, hasRecordEvents } from '#records/outbox.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import { endVersions, insertVersions, valuesOf } from '#records/versions.ts';
import type { CurrentVersion } from './currentVersion.ts';
import { type RecordTable, stagedColumns } from './record.ts';
import { stagedNameOf } from './stagedTable.ts';

// How the rows of a batch, which are staged and compared, become versions. All of it runs under the clock.

/** Another writer recorded one of the rows between the comparison and the write. */
export class Overtaken extends Error {}

/** A version to correct, with the conflict that stays open about its record; null: there is none. */
export type CorrectedVersion = CurrentVersion & { readonly stillIn: string | null };

export interface VersionWriter {
  /** `stateOf` the current versions of these rows by position (records/outbox.ts); empty without events. */
  statesOf(client: Client, positions: readonly number[]): Promise<ReadonlyMap<number, string | null>>;
  /**
   * Makes the staged rows the next versions of their records.
   * @param corrected the versions that were current when the batch was compared; at least one
   * @returns `stateOf` these versions by position (records/outbox.ts); empty where records have no events
   * @throws Overtaken where one of them is no longer the current version
   */
  correct(
    client: Client,
    corrected: readonly CorrectedVersion[],
    stamp: ChangeStamp,
  ): Promise<ReadonlyMap<number, string | null>>;
  /**
   * Records the staged rows as version 1 of their records.
   * @param known positions of the rows whose record exists: these are left out
   * @throws DatabaseError (23505 unique_violation) where another writer recorded one of them since the comparison
   */
  add(client: Client, known: readonly number[], stamp: ChangeStamp): Promise<void>;
}

// Runs before `supersede` applies the new rights to all versions.
const statesBefore = <Own extends string>(table: RecordTable<Own>): string => `
  select staged.position, record.before
  from ${stagedNameOf(table)} staged
  cross join lateral (
    select ${createFeed(table).stateOf('current_version')} as before
    from ${table.schema}.${table.name} current_version
    where current_version.uscc = staged.uscc
      and current_version.record_id = staged.record_id
      and current_version.superseded_at >= 'infinity'
    order by current_version.version desc
    limit 1
  ) record
  where staged.position = any($1::int[])`;

// Every version has the rights of now, or its own where they are narrower. `withdrawn_on` belongs to the withdrawal and
// stays unless the filing changes it. A record that a full replacement ended comes back when its source files it again.
function supersedeOf<Own extends string>(table: RecordTable<Own>): string {
  const rights = rightsColumns.filter((column) => column !== 'withdrawn_on');
  const newRight = (column: (typeof rights)[number]): string => versionRight('record', column, `staged.${column}`);
  const newWithdrawnOn = `case
          when record.withdrawal_reason = '${NOT_IN_REPLACEMENT}' then staged.withdrawn_on
          else coalesce(staged.withdrawn_on, record.withdrawn_on)
        end`;
  const newRights = [...rights.map(newRight), newWithdrawnOn].join(', ');
  const oldRights = [...rights.map((column) => `record.${column}`), 'record.withdrawn_on'].join(', ');
  return endVersions({
    table: `${table.schema}.${table.name}`,
    from: `${stagedNameOf(table)} staged`,
    where: `staged.position = any($1::int[])
      and record.uscc = staged.uscc and record.record_id = staged.record_id
      and (record.superseded_at = 'infinity' or (${newRights}) is distinct from (${oldRights}))`,
    at: '$2::timestamptz',
    rights: {
      ...Object.fromEntries(rights.map((column) => [column, newRight(column)])),
      withdrawn_on: newWithdrawnOn,
      withdrawal_reason: `nullif(record.withdrawal_reason, '${NOT_IN_REPLACEMENT}')`,
    },
    returning: 'staged.position, record.version',
  });
}

/** SQL for the columns that an insert does not take from the staged row alone. */
interface InsertedValues {
  readonly from: string;
  readonly version: string;
  readonly collectedAt: string;
  readonly withdrawnOn: string;
  readonly withdrawalReason: string;
  readonly underObjection: string;
  readonly factConflict: string;
}

function insertOf<Own extends string>(table: RecordTable<Own>, values: InsertedValues): string {
  return insertVersions({
    table: `${table.schema}.${table.name}`,
    values: {
      ...valuesOf('staged', [...stagedColumns(table), 'digest']),
      version: values.version,
      filing_id: '$1::uuid',
      collected_at: values.collectedAt,
      recorded_at: '$2::timestamptz',
      withdrawn_on: values.withdrawnOn,
      withdrawal_reason: values.withdrawalReason,
      under_objection: values.underObjection,
      fact_conflict: values.factConflict,
    },
    from: values.from,
  });
}

const insertNewOf = <Own extends string>(table: RecordTable<Own>): string =>
  insertOf(table, {
    from: `${stagedNameOf(table)} staged where staged.position <> all($3::int[])`,
    version: '1',
    collectedAt: '$2::timestamptz',
    withdrawnOn: 'staged.withdrawn_on',
    withdrawalReason: 'null',
    underObjection: 'false',
    factConflict: 'null::uuid',
  });

const insertCorrectedOf = <Own extends string>(table: RecordTable<Own>): string =>
  insertOf(table, {
    from: `unnest($3::int[], $4::int[], $5::timestamptz[], $6::date[], $7::text[], $8::boolean[], $9::uuid[]) as
      former(position, version, collected_at, withdrawn_on, withdrawal_reason, under_objection, still_in)
    join ${stagedNameOf(table)} staged using (position)`,
    version: 'former.version + 1',
    collectedAt: 'former.collected_at',
    withdrawnOn: 'coalesce(staged.withdrawn_on, former.withdrawn_on)',
    withdrawalReason: 'former.withdrawal_reason',
    underObjection: 'former.under_objection',
    factConflict: 'former.still_in',
  });

/** Creates the writer of one table's versions. It needs the staged rows and the clock of the same transaction. */
export function createVersionWriter<Own extends string>(table: RecordTable<Own>): VersionWriter {
  const states = statesBefore(table);
  const supersede = supersedeOf(table);
  const insertCorrected = insertCorrectedOf(table);
  const insertNew = insertNewOf(table);

  const readStates = async (
    client: Client,
    positions: readonly number[],
  ): Promise<ReadonlyMap<number, string | null>> => {
    if (!hasRecordEvents(table.feed)) return new Map();
    const { rows } = await client.query<{ position: number; before: string | null }>(states, [positions]);
    return new Map(rows.map(({ position, before }) => [position, before]));
  };

  return {
    statesOf: readStates,
    async correct(client, corrected, { recordedAt, filingId }) {
      const positions = corrected.map(({ position }) => position);
      const before = await readStates(client, positions);
      const { rows } = await client.query<{ position: number; version: number }>(supersede, [positions, recordedAt]);
      const newest = new Map<number, number>();
      for (const { position, version } of rows) newest.set(position, Math.max(version, newest.get(position) ?? 0));
      if (corrected.some(({ position, version }) => newest.get(position) !== version)) throw new Overtaken();
      await client.query(insertCorrected, [
        filingId,
        recordedAt,
        positions,
        corrected.map(({ version }) => version),
        corrected.map((row) => row.collected_at),
        corrected.map((row) => (row.withdrawal_reason === NOT_IN_REPLACEMENT ? null : row.withdrawn_on)),
        corrected.map((row) => (row.withdrawal_reason === NOT_IN_REPLACEMENT ? null : row.withdrawal_reason)),
        corrected.map((row) => row.under_objection),
        corrected.map((row) => row.stillIn),
      ]);
      return before;
    },
    async add(client, known, { recordedAt, filingId }) {
      await client.query(insertNew, [filingId, recordedAt, known]);
    },
  };
}
