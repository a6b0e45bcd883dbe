import type { Client } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import type { NotAdmitted, OwnedRow } from './admission.ts';
import type { CurrentVersion, RowResult } from './currentVersion.ts';
import { createDisputes, type Disputes, type IsEntitled } from './disputes.ts';
import { type RecordTable, sameFiled, type StagedRow } from './record.ts';
import { stagedNameOf } from './stagedTable.ts';

// What a batch is, compared with the current versions of its records. A position is the number of a row in its part.

export interface Comparison {
  /** The current versions of the records that exist. A row whose position is not among them is a new record. */
  readonly current: readonly CurrentVersion[];
  /** Those that the batch supersedes. */
  readonly corrected: readonly CurrentVersion[];
  /** Corrections of records that the filer may not correct, by position. */
  readonly refused: ReadonlyMap<number, NotAdmitted>;
  readonly disputes: Disputes;
  /** The outcomes of rows whose record exists, by position, except those of refused ones. */
  readonly rowResults: ReadonlyMap<number, RowResult>;
}

export interface ComparedFiling {
  readonly filingId: string;
  /** Why the filer may not correct this record; null when it may. */
  readonly refuseCorrection: (currentVersion: OwnedRow) => NotAdmitted | null;
  readonly isEntitled: IsEntitled;
}

/** Compares the rows of a batch, which are staged already. */
export type Compare<Own extends string> = (
  client: Client,
  rows: readonly StagedRow<Own>[],
  filing: ComparedFiling,
) => Promise<Comparison>;

// One lookup in the primary key for each row, whatever the planner knows. It knows nothing of a new table, and with
// `= 'infinity'` it may read one of the partial indexes from end to end for every row (5 000 rows beside another
// batch: longer than 5 s).
const currentVersionsOf = <Own extends string>(table: RecordTable<Own>): string => `
  select staged.position, current_version.*
  from ${stagedNameOf(table)} staged
  cross join lateral (
    select newest.version,
           (newest.digest = staged.digest
             or ${sameFiled(table, 'newest', 'staged')})
             and newest.withdrawal_reason is distinct from '${NOT_IN_REPLACEMENT}' as same,
           newest.filing_id = $1::uuid as ours, newest.collected_at, newest.withdrawn_on, newest.withdrawal_reason,
           newest.under_objection, newest.fact_conflict, newest.source_unit, newest.determining_unit, newest.sector
    from ${table.schema}.${table.name} newest
    where newest.uscc = staged.uscc and newest.record_id = staged.record_id and newest.superseded_at >= 'infinity'
    order by newest.version desc
    limit 1
  ) current_version`;

const recordedByFiling = <Own extends string>(table: RecordTable<Own>): string => `
  select staged.position, earlier.version
  from ${stagedNameOf(table)} staged
  cross join lateral (
    select first.version
    from ${table.schema}.${table.name} first
    where first.uscc = staged.uscc
      and first.record_id = staged.record_id
      and first.digest = staged.digest
      and first.filing_id = $2::uuid
    order by first.version
    limit 1
  ) earlier
  where staged.position = any($1::int[])`;

/** Creates the comparison of batches with the records of one table. It locks nothing, so it may be outdated. */
export function createComparison<Own extends string>(table: RecordTable<Own>): Compare<Own> {
  const look = currentVersionsOf(table);
  const lookEarlier = recordedByFiling(table);
  const findDisputes = createDisputes(table);

  /**
   * A part may be sent again after it broke off. What this filing has recorded once it does not record over later
   * rows. It counts as it did the first time, so that the receipt is that of a filing that was never cut off.
   * @returns the versions by position
   */
  const recordedBefore = async (
    client: Client,
    versions: readonly CurrentVersion[],
    filingId: string,
  ): Promise<ReadonlyMap<number, number>> => {
    const before = new Map<number, number>();
    for (const { position, version, same, ours } of versions) if (same && ours) before.set(position, version);
    const others = versions.filter(({ same }) => !same).map(({ position }) => position);
    if (others.length === 0) return before;
    const { rows } = await client.query<{ position: number; version: number }>(lookEarlier, [others, filingId]);
    for (const { position, version } of rows) before.set(position, version);
    return before;
  };

  return async (client, rows, { filingId, refuseCorrection, isEntitled }) => {
    const { rows: current } = await client.query<CurrentVersion>(look, [filingId]);
    const disputes = await findDisputes(client, rows, current, { filingId, isEntitled });
    const { disputed, settled } = disputes;
    const apart = new Set([
      ...disputes.rowResults.keys(),
      ...disputed.map(({ current: { position } }) => position),
      ...settled.map(({ position }) => position),
    ]);
    const ordinary = current.filter(({ position }) => !apart.has(position));
    const refused = new Map([...refusedOf(rows, ordinary, refuseCorrection), ...disputes.refused]);
    const admitted = ordinary.filter(({ position }) => !refused.has(position));
    const before = await recordedBefore(client, admitted, filingId);
    const corrected = admitted.filter(({ position, same }) => !same && !before.has(position));
    const rowResults = new Map<number, RowResult>(disputes.rowResults);
    for (const { position, version } of admitted) rowResults.set(position, { outcome: 'UNCHANGED', version });
    for (const [position, version] of before)
      rowResults.set(position, { outcome: version === 1 ? 'ADDED' : 'CORRECTED', version });
    for (const { position, version } of corrected)
      rowResults.set(position, { outcome: 'CORRECTED', version: version + 1 });
    for (const { current: by } of disputed)
      rowResults.set(by.position, { outcome: 'PENDING', version: by.version + 1 });
    for (const { position, version } of settled)
      rowResults.set(position, { outcome: 'UNCHANGED', version: version + 1 });
    return { current, corrected, refused, disputes, rowResults };
  };
}

function refusedOf<Own extends string>(
  rows: readonly StagedRow<Own>[],
  current: readonly CurrentVersion[],
  refuseCorrection: ComparedFiling['refuseCorrection'],
): ReadonlyMap<number, NotAdmitted> {
  const codes = new Map(rows.map(({ number, row }) => [number, row.uscc]));
  const refused = new Map<number, NotAdmitted>();
  for (const version of current) {
    if (version.same) continue;
    const uscc = codes.get(version.position) as string; // each position is the number of one of `rows`
    const problem = refuseCorrection({ ...version, uscc });
    if (problem) refused.set(version.position, problem);
  }
  return refused;
}
