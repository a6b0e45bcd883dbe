import type { Viewer } from '#policy/viewer.ts';
import { auditChange, type ChangeStamp, createFeed, type FeedWriter } from '#records/outbox.ts';
import type { Instants } from '#records/instants.ts';
import { transaction, type Client, type Pool } from '#kit/postgres/pool.ts';
import type { NotAdmitted } from './admission.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { type Compare, type ComparedFiling, type Comparison, createComparison } from './comparison.ts';
import { type ConflictsWriter, createConflictsWriter } from './conflictsOfBatch.ts';
import type { RowResult } from './currentVersion.ts';
import { contradicting } from './disputes.ts';
import { createVersionWriter, Overtaken, type VersionWriter } from './newVersions.ts';
import type { FiledRow, RecordTable, StagedRow } from './record.ts';
import { createStaging } from './stagedTable.ts';

export interface MergeOptions extends ComparedFiling {
  /** The filing viewer, for the audit. */
  readonly viewer: Viewer;
  readonly kind: string;
  /** The promised delay of an unregistered unit. */
  readonly promisedDelayHours: number;
  /** When the filing arrived, for `source_unit.last_filed_at`. */
  readonly now: Date;
  /** Whether the rows of the filing are noted, for a full replacement. */
  readonly notesSeen: boolean;
}

export interface MergeOutcome {
  readonly added: number;
  readonly corrected: number;
  readonly unchanged: number;
  /** Rows that contradict another source: each is kept as a side of a conflict. */
  readonly pending: number;
  /** The outcomes of the rows by their numbers; a row that is missing here was added as version 1. */
  readonly rowResults: ReadonlyMap<number, RowResult>;
  /** Corrections of records that the filer may not correct. */
  readonly refused: readonly { readonly number: number; readonly problem: NotAdmitted }[];
  /** What the rows that are kept as a side of a conflict contradict. */
  readonly disputed: readonly { readonly number: number; readonly problem: NotAdmitted }[];
}

export type Merge<Own extends string> = (
  rows: readonly StagedRow<Own>[],
  options: MergeOptions,
) => Promise<MergeOutcome>;

/** Runs in the transaction of the batch, after its rows are in; `rows` are those that were added or corrected. */
export type AfterMerge<Own extends string> = (
  client: Client,
  rows: readonly FiledRow<Own>[],
  recordedAt: string,
) => Promise<void>;

const ATTEMPTS = 5;
/** unique_violation, deadlock_detected, serialization_failure, lock_not_available (another batch held the clock). */
const TRANSIENT = new Set(['23505', '40P01', '40001', '55P03']);
const isTransient = (error: unknown): boolean =>
  error instanceof Overtaken || (error instanceof Error && 'code' in error && TRANSIENT.has(String(error.code)));

/** What the batches of one table are recorded with: its clock, and the phases in the order in which they run. */
interface MergeDeps<Own extends string> {
  readonly schema: RecordTable<Own>['schema'];
  readonly instants: Instants;
  readonly stage: ReturnType<typeof createStaging<Own>>;
  readonly compare: Compare<Own>;
  readonly versions: VersionWriter;
  readonly conflicts: ConflictsWriter;
  readonly afterMerge: AfterMerge<Own> | undefined;
  readonly feed: FeedWriter;
  readonly arrivals: Arrivals;
}

/**
 * Creates the function that records batches of rows, each in one transaction. Rows whose digest is that of the current
 * version are left alone; the others become its next version. The clock of the schema, for which other writers wait, is
 * taken only after the rows are staged and compared, so the comparison may be outdated. A constraint or a count then
 * shows it, and the batch is done again, five times at most.
 *
 * No two rows of a batch may have the same key.
 */
export function createMerge<Own extends string>(
  table: RecordTable<Own>,
  pool: Pool,
  instants: Instants,
  afterMerge?: AfterMerge<Own>,
): Merge<Own> {
  const deps: MergeDeps<Own> = {
    schema: table.schema,
    instants,
    stage: createStaging(table),
    compare: createComparison(table),
    versions: createVersionWriter(table),
    conflicts: createConflictsWriter(table),
    afterMerge,
    feed: createFeed(table),
    arrivals: createArrivals(table),
  };
  const mergeOnce = (rows: readonly StagedRow<Own>[], options: MergeOptions): Promise<MergeOutcome> =>
    transaction(pool, `file ${table.schema}.${table.name}`, (client) => mergeBatch(client, deps, rows, options), {
      deadlineMs: 60_000,
    });
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

/**
 * Runs the phases of one batch in the transaction of `client`.
 * @throws Overtaken, and what PostgreSQL throws: a transient error means that the batch can be done again
 */
async function mergeBatch<Own extends string>(
  client: Client,
  deps: MergeDeps<Own>,
  rows: readonly StagedRow<Own>[],
  options: MergeOptions,
): Promise<MergeOutcome> {
  const { arrivals, instants } = deps;
  await deps.stage(client, rows);
  const units = unitsOf(rows);
  // A row that is filed while a replacement waits is not missing, even if it is unchanged, so it is noted. The clock is
  // taken before the comparison, so that nothing ends between the comparison and the note. Without an open replacement
  // this costs each batch one lookup in an empty index.
  const isAwaited = await arrivals.hasOpenReplacement(client, options.kind, units);
  const takenEarly = isAwaited ? await instants.stamp(client) : null;
  const comparison = await deps.compare(client, rows, options);
  if (rows.length > comparison.current.length || comparison.corrected.length > 0 || isRestating(comparison)) {
    const recordedAt = takenEarly ?? (await instants.stamp(client));
    const stamp = { recordedAt, filingId: options.filingId };
    const written = await writeBatch(client, deps, rows, comparison, { ...stamp, kind: options.kind });
    await auditChange(client, options.viewer, {
      ...stamp,
      schema: deps.schema,
      action: options.kind,
      rows: written,
    });
  }
  const refused = [...comparison.refused.keys()];
  if (options.notesSeen || isAwaited)
    await arrivals.noteRows(client, {
      kind: options.kind,
      units,
      replacingFiling: options.notesSeen ? options.filingId : null,
      refused,
      stood: positionsThatStood(rows, comparison),
    });
  await arrivals.noteUnits(client, {
    kind: options.kind,
    units: unitsOf(rows.filter(({ number }) => !comparison.refused.has(number))),
    at: options.now,
    promisedDelayHours: options.promisedDelayHours,
  });
  return outcomeOf(rows, comparison);
}

/**
 * Writes the versions of a batch that has any. They are announced last, since the row for the log is made of what the
 * table then holds.
 * @returns the number of versions
 * @throws Overtaken where the comparison is outdated
 */
async function writeBatch<Own extends string>(
  client: Client,
  { versions, conflicts, afterMerge, feed }: MergeDeps<Own>,
  rows: readonly StagedRow<Own>[],
  comparison: Comparison,
  stamp: ChangeStamp & { readonly filingId: string; readonly kind: string },
): Promise<number> {
  const { current, corrected, disputes } = comparison;
  const known = new Set(current.map(({ position }) => position));
  const restated = isRestating(comparison) ? await conflicts.restate(client, versions, disputes, stamp) : null;
  const before = new Map([
    ...(restated?.before ?? []),
    ...(corrected.length > 0
      ? await versions.correct(client, corrected.map(conflicts.correctedIn(disputes)), stamp)
      : []),
  ]);
  await conflicts.afterCorrections(client, corrected, disputes, stamp);
  if (rows.length > known.size) await versions.add(client, [...known], stamp);
  const nextVersions = new Map(corrected.map(({ position, version }) => [position, version + 1]));
  const written = rows.filter(({ number }) => !known.has(number) || nextVersions.has(number));
  if (afterMerge) {
    const whole = written.flatMap((row) => (row.whole === null ? [] : [row.whole]));
    await afterMerge(client, whole, stamp.recordedAt);
  }
  for (const [position, version] of restated?.versions ?? []) nextVersions.set(position, version);
  const announced = rows
    .filter(({ number }) => !known.has(number) || nextVersions.has(number))
    .map(({ row, number }) => ({
      uscc: row.uscc,
      recordId: row.record_id,
      version: nextVersions.get(number) ?? 1,
      before: before.get(number) ?? null,
    }));
  await feed.announce(client, stamp, announced);
  return announced.length;
}

const isRestating = ({ disputes: { disputed, settled } }: Comparison): boolean =>
  disputed.length > 0 || settled.length > 0;

const unitsOf = <Own extends string>(rows: readonly StagedRow<Own>[]): string[] => [
  ...new Set(rows.map(({ row }) => row.source_unit)),
];

/** The positions of the rows whose record was their unit's own before, and not withdrawn. */
function positionsThatStood<Own extends string>(
  rows: readonly StagedRow<Own>[],
  { current }: Comparison,
): readonly number[] {
  const unitAt = new Map(rows.map(({ number, row }) => [number, row.source_unit]));
  return current
    .filter(({ position, withdrawn_on, source_unit }) => withdrawn_on === null && source_unit === unitAt.get(position))
    .map(({ position }) => position);
}

function outcomeOf<Own extends string>(
  rows: readonly StagedRow<Own>[],
  { current, refused, disputes, rowResults }: Comparison,
): MergeOutcome {
  const counts = { ADDED: rows.length - current.length, CORRECTED: 0, UNCHANGED: 0, PENDING: 0 };
  for (const { outcome } of rowResults.values()) counts[outcome] += 1;
  return {
    added: counts.ADDED,
    corrected: counts.CORRECTED,
    unchanged: counts.UNCHANGED,
    pending: counts.PENDING,
    rowResults,
    refused: [...refused].map(([number, problem]) => ({ number, problem })),
    disputed: disputes.disputed.map(({ current: { position }, fields }) => ({
      number: position,
      problem: contradicting(fields),
    })),
  };
}
