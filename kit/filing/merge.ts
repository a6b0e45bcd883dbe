import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { keepOwnRights, rightsColumns, versionRight } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { auditChange, createFeed, tellsRecords, type WrittenRecord } from '../feed.ts';
import type { Instants } from '../instants.ts';
import { transaction, type Client, type Pool } from '../postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '../records.ts';
import type { NotAdmitted, OwnedRow } from './admission.ts';
import { type FiledRow, type RecordTable, stagedColumns, type StagedRow } from './record.ts';

/** The version of a record that is believed now, as far as a filing has to know it. */
interface Standing {
  readonly position: number;
  readonly version: number;
  readonly same: boolean;
  /** Recorded by the filing under way: before it was cut off, or for an equal row of an earlier batch. */
  readonly ours: boolean;
  readonly collected_at: string;
  readonly withdrawn_on: string | null;
  readonly withdrawal_reason: string | null;
  readonly under_objection: boolean;
  readonly source_unit: string;
  readonly determining_unit: string | null;
  readonly sector: string | null;
}

export interface MergeOptions {
  /** Who files, for the audit. */
  readonly viewer: Viewer;
  readonly filingId: string;
  readonly kind: string;
  /** What a unit promises that nobody registered. */
  readonly promisedDelayHours: number;
  /** When the filing came in, for `source_unit.last_filed_at`. */
  readonly now: Date;
  /** Whether what the filing has is noted, for a full replacement. */
  readonly notesSeen: boolean;
  /** Why the filer may not correct this record; null when it may. */
  readonly refuseCorrection: (standing: OwnedRow) => NotAdmitted | null;
}

/** What became of a row whose record was there, and the version that holds it now. */
export interface Fate {
  readonly outcome: 'ADDED' | 'CORRECTED' | 'UNCHANGED';
  readonly version: number;
}

export interface MergeOutcome {
  readonly added: number;
  readonly corrected: number;
  readonly unchanged: number;
  /** What became of the rows by their numbers; one that is not here was added as version 1. */
  readonly fates: ReadonlyMap<number, Fate>;
  /** Corrections of records that the filer may not correct. */
  readonly refused: readonly { readonly number: number; readonly problem: NotAdmitted }[];
}

export type Merge<Own extends string> = (rows: readonly StagedRow<Own>[], options: MergeOptions) => Promise<MergeOutcome>;

/** Runs in the transaction of the batch, after its rows are in; `rows` are those that were added or corrected. */
export type AfterMerge<Own extends string> = (client: Client, rows: readonly FiledRow<Own>[], recordedAt: string) => Promise<void>;

/** Another writer recorded one of the rows between our look and our write. */
class Overtaken extends Error {}

const ATTEMPTS = 5;
/** unique_violation, deadlock_detected, serialization_failure, lock_not_available (another batch held the clock). */
const TRANSIENT = new Set(['23505', '40P01', '40001', '55P03']);
const isTransient = (error: unknown): boolean => error instanceof Overtaken || (error instanceof Error && 'code' in error && TRANSIENT.has(String(error.code)));

/**
 * Records batches of rows, each in one transaction: rows whose digest is that of the current version are left alone, the others
 * become its next version. The clock of the schema, for which other writers wait, is taken only after the rows are staged and
 * compared, so what was compared may be outdated: then a constraint or a count tells, and the batch is done again.
 *
 * No two rows of a batch may have the same key.
 */
export function createMerge<Own extends string>(table: RecordTable<Own>, pool: Pool, instants: Instants, afterMerge?: AfterMerge<Own>): Merge<Own> {
  const target = `${table.schema}.${table.name}`;
  const staged = `staged_${table.name}`;
  const columns = stagedColumns(table);
  const feed = createFeed(table);
  const createStaged = `create temp table if not exists ${staged} on commit delete rows as select 0 as position, digest, ${columns.join(', ')} from ${target} with no data`;
  const copy = `copy ${staged} (position, digest, ${columns.join(', ')}) from stdin`;
  // One look into the primary key per row, whatever the planner knows: of a new table it knows nothing, and with `= 'infinity'` it
  // may as well read one of the partial indexes from end to end for every row (5 000 rows beside another batch: longer than 5 s).
  const look = `
    select staged.position, standing.*
    from ${staged} staged
    cross join lateral (
      select newest.version, newest.digest = staged.digest and newest.withdrawal_reason is distinct from '${NOT_IN_REPLACEMENT}' as same, newest.filing_id = $1::uuid as ours, newest.collected_at, newest.withdrawn_on, newest.withdrawal_reason, newest.under_objection, newest.source_unit, newest.determining_unit, newest.sector
      from ${target} newest
      where newest.uscc = staged.uscc and newest.record_id = staged.record_id and newest.superseded_at >= 'infinity'
      order by newest.version desc
      limit 1
    ) standing`;
  const recordedByFiling = `
    select staged.position, earlier.version
    from ${staged} staged
    cross join lateral (
      select first.version
      from ${target} first
      where first.uscc = staged.uscc and first.record_id = staged.record_id and first.digest = staged.digest and first.filing_id = $2::uuid
      order by first.version
      limit 1
    ) earlier
    where staged.position = any($1::int[])`;
  // Under the clock, before `supersede` gives all versions the new rights.
  const statesBefore = `
    select staged.position, record.before
    from ${staged} staged
    cross join lateral (
      select ${feed.stateOf('standing')} as before
      from ${target} standing
      where standing.uscc = staged.uscc and standing.record_id = staged.record_id and standing.superseded_at >= 'infinity'
      order by standing.version desc
      limit 1
    ) record
    where staged.position = any($1::int[])`;
  // Rights are those of now on every version, or its own narrower ones; `withdrawn_on` is the withdrawal's, and stays unless the filing
  // says otherwise.
  const rights = rightsColumns.filter((column) => column !== 'withdrawn_on');
  const newRight = (column: (typeof rights)[number]): string => versionRight('record', column, `staged.${column}`);
  // What a full replacement ended comes back when its source files it again.
  const newWithdrawnOn = `case when record.withdrawal_reason = '${NOT_IN_REPLACEMENT}' then staged.withdrawn_on else coalesce(staged.withdrawn_on, record.withdrawn_on) end`;
  const newRights = [...rights.map(newRight), newWithdrawnOn].join(', ');
  const oldRights = [...rights.map((column) => `record.${column}`), 'record.withdrawn_on'].join(', ');
  const supersede = `
    update ${target} record
    set superseded_at = least(record.superseded_at, $2::timestamptz),
        ${rights.map((column) => `${column} = ${newRight(column)}`).join(', ')},
        ${keepOwnRights('record')},
        withdrawn_on = ${newWithdrawnOn},
        withdrawal_reason = nullif(record.withdrawal_reason, '${NOT_IN_REPLACEMENT}')
    from ${staged} staged
    where staged.position = any($1::int[])
      and record.uscc = staged.uscc and record.record_id = staged.record_id
      and (record.superseded_at = 'infinity' or (${newRights}) is distinct from (${oldRights}))
    returning staged.position, record.version`;
  const inserted = [...columns.filter((column) => column !== 'withdrawn_on'), 'digest'];
  const insert = (from: string, version: string, collectedAt: string, withdrawnOn: string, reason: string, underObjection: string): string => `
    insert into ${target} (${inserted.join(', ')}, version, filing_id, collected_at, recorded_at, withdrawn_on, withdrawal_reason, under_objection)
    select ${inserted.map((column) => `staged.${column}`).join(', ')}, ${version}, $1::uuid, ${collectedAt}, $2::timestamptz, ${withdrawnOn}, ${reason}, ${underObjection}
    from ${from}`;
  const insertNew = insert(`${staged} staged where staged.position <> all($3::int[])`, '1', '$2::timestamptz', 'staged.withdrawn_on', 'null', 'false');
  const insertCorrected = insert(
    `unnest($3::int[], $4::int[], $5::timestamptz[], $6::date[], $7::text[], $8::boolean[]) as standing(position, version, collected_at, withdrawn_on, withdrawal_reason, under_objection)
    join ${staged} staged using (position)`,
    'standing.version + 1',
    'standing.collected_at',
    'coalesce(staged.withdrawn_on, standing.withdrawn_on)',
    'standing.withdrawal_reason',
    'standing.under_objection',
  );
  const openReplacements = `
    select replacing.filing_id, replacing.unit
    from ${table.schema}.replacing_filing replacing
    where replacing.open and replacing.kind = $1 and replacing.unit = any($2::text[])`;
  const noteSeen = `
    insert into ${table.schema}.filed_row (filing_id, uscc, record_id, stood)
    select seeing.filing_id, staged.uscc, staged.record_id, staged.position = any($5::int[])
    from (${openReplacements}
      union
      select $3::uuid, own.unit
      from unnest($2::text[]) own(unit)
      where $3::uuid is not null) seeing
    join ${staged} staged on staged.source_unit = seeing.unit
    where staged.position <> all($4::int[])
    on conflict do nothing`;
  const noteUnits = `
    insert into ${table.schema}.source_unit (uscc, kind, promised_delay_hours, last_filed_at, first_filed_at)
    select unit.uscc, $1::text, $4::int, $3::timestamptz, now()
    from unnest($2::text[]) as unit(uscc)
    order by unit.uscc
    on conflict (uscc, kind) do update
    set last_filed_at = greatest(excluded.last_filed_at, source_unit.last_filed_at),
        first_filed_at = coalesce(source_unit.first_filed_at, excluded.first_filed_at)`;

  const mergeOnce = (rows: readonly StagedRow<Own>[], options: MergeOptions): Promise<MergeOutcome> =>
    transaction(pool, `file ${target}`, async (client) => {
      await client.query(createStaged);
      await copyRows(client, copy, rows);
      const units = [...unitsOf(rows)];
      // What is filed while a replacement waits is not missing, also where it is unchanged: it is noted, and so that nothing ends between
      // our look and our note, the clock is taken before the look. Without one this costs a look into an empty index for each batch.
      const { rowCount: open } = await client.query(openReplacements, [options.kind, units]);
      const takenEarly = open === 0 ? null : await instants.stamp(client);
      const { rows: standing } = await client.query<Standing>(look, [options.filingId]);
      const byPosition = new Map(rows.map((row) => [row.number, row]));
      const rowAt = (position: number): StagedRow<Own> => byPosition.get(position) as StagedRow<Own>; // positions are the numbers of `rows`

      const problems = new Map<number, NotAdmitted>();
      for (const row of standing) {
        const problem = row.same ? null : options.refuseCorrection({ ...row, uscc: rowAt(row.position).row.uscc });
        if (problem) problems.set(row.position, problem);
      }
      const refused = standing.filter(({ position }) => problems.has(position));
      let corrected = standing.filter((row) => !row.same && !refused.includes(row));
      // A part may be sent again after it broke off: what this filing has recorded once, it does not record over later rows, and
      // counts as what it was recorded as, so that the receipt is that of a filing that was never cut off.
      const fates = new Map<number, Fate>(standing.map(({ position, version }) => [position, { outcome: 'UNCHANGED', version }]));
      const doneAs = (position: number, version: number): void => void fates.set(position, { outcome: version === 1 ? 'ADDED' : 'CORRECTED', version });
      for (const { position, version, same, ours } of standing) if (same && ours) doneAs(position, version);
      if (corrected.length > 0) {
        const { rows: earlier } = await client.query<{ position: number; version: number }>(recordedByFiling, [corrected.map(({ position }) => position), options.filingId]);
        const again = new Set(earlier.map(({ position }) => position));
        corrected = corrected.filter(({ position }) => !again.has(position));
        for (const { position, version } of earlier) doneAs(position, version);
      }

      for (const { position, version } of corrected) fates.set(position, { outcome: 'CORRECTED', version: version + 1 });
      for (const { position } of refused) fates.delete(position);

      const added = rows.length - standing.length;
      if (added + corrected.length > 0) {
        const recordedAt = takenEarly ?? (await instants.stamp(client));
        const before = new Map<number, string | null>();
        if (corrected.length > 0) {
          const positions = corrected.map(({ position }) => position);
          if (tellsRecords(table.feed)) {
            const { rows: states } = await client.query<{ position: number; before: string | null }>(statesBefore, [positions]);
            for (const state of states) before.set(state.position, state.before);
          }
          const { rows: superseded } = await client.query<{ position: number; version: number }>(supersede, [positions, recordedAt]);
          const newest = new Map<number, number>();
          for (const { position, version } of superseded) newest.set(position, Math.max(version, newest.get(position) ?? 0));
          if (corrected.some(({ position, version }) => newest.get(position) !== version)) throw new Overtaken();
          await client.query(insertCorrected, [
            options.filingId,
            recordedAt,
            positions,
            corrected.map(({ version }) => version),
            corrected.map((row) => row.collected_at),
            corrected.map((row) => (row.withdrawal_reason === NOT_IN_REPLACEMENT ? null : row.withdrawn_on)),
            corrected.map((row) => (row.withdrawal_reason === NOT_IN_REPLACEMENT ? null : row.withdrawal_reason)),
            corrected.map((row) => row.under_objection),
          ]);
        }
        if (added > 0) await client.query(insertNew, [options.filingId, recordedAt, standing.map(({ position }) => position)]);
        const versions = new Map(corrected.map(({ position, version }) => [position, version + 1]));
        const known = new Set(standing.map(({ position }) => position));
        const written = rows.filter(({ number }) => !known.has(number) || versions.has(number));
        if (afterMerge) await afterMerge(client, written.flatMap(({ whole }) => (whole === null ? [] : [whole])), recordedAt);
        const stamp = { recordedAt, filingId: options.filingId };
        await feed.announce(client, stamp, written.map(({ row, number }): WrittenRecord => ({ uscc: row.uscc, recordId: row.record_id, version: versions.get(number) ?? 1, before: before.get(number) ?? null })));
        await auditChange(client, options.viewer, { ...stamp, schema: table.schema, action: options.kind, rows: written.length });
      }
      if (options.notesSeen || takenEarly !== null) {
        const stood = standing.filter(({ position, withdrawn_on, source_unit }) => withdrawn_on === null && source_unit === rowAt(position).row.source_unit);
        await client.query(noteSeen, [options.kind, units, options.notesSeen ? options.filingId : null, refused.map(({ position }) => position), stood.map(({ position }) => position)]);
      }
      await client.query(noteUnits, [options.kind, [...unitsOf(rows, refused)], options.now.toISOString(), options.promisedDelayHours]);
      const having = (outcome: Fate['outcome']): number => fates.values().filter((fate) => fate.outcome === outcome).toArray().length;
      return { added: added + having('ADDED'), corrected: having('CORRECTED'), unchanged: having('UNCHANGED'), fates, refused: [...problems].map(([number, problem]) => ({ number, problem })) };
    }, { deadlineMs: 60_000 });

  return async (rows, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await mergeOnce(rows, options);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isTransient(error)) throw error;
      }
    }
  };
}

function unitsOf<Own extends string>(rows: readonly StagedRow<Own>[], refused: readonly Standing[] = []): Set<string> {
  const left = new Set(refused.map(({ position }) => position));
  return new Set(rows.flatMap(({ row, number }) => (left.has(number) ? [] : [row.source_unit])));
}

/** Lines that stand one behind the other in a page are sent as they are. */
async function copyRows<Own extends string>(client: Client, text: string, rows: readonly StagedRow<Own>[]): Promise<void> {
  const stream = client.query(copyFrom(text));
  const done = finished(stream);
  done.catch(() => {}); // awaited below; until then a failure must not count as unhandled
  let { page, start } = rows[0] ?? { page: Buffer.alloc(0), start: 0 };
  let end = start;
  for (const row of rows) {
    if (row.page !== page || row.start !== end) {
      if (!stream.write(page.subarray(start, end))) await Promise.race([once(stream, 'drain'), done]);
      ({ page, start } = row);
    }
    end = row.end;
  }
  stream.end(page.subarray(start, end));
  await done;
}
