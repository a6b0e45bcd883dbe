import type { Client } from '#kit/postgres/pool.ts';
import type { NotAdmitted } from './admission.ts';
import type { CurrentVersion, RowResult } from './currentVersion.ts';
import { contradictedBy, type Facts, factsOf } from './facts.ts';
import type { RecordTable, StagedRow } from './record.ts';
import { stagedNameOf } from './stagedTable.ts';

// Rows of another source than that of the current version. Where both are entitled to state the fact and they
// contradict each other, the row is kept as the other side of a conflict, and corrects nothing.

/** A row that is kept beside the current version, which is stated again. */
export interface Dispute {
  readonly current: CurrentVersion;
  /** What the sides state differently, by the names of fields. */
  readonly fields: readonly string[];
}

/** What becomes of the rows of a batch that are about records of other sources, or about disputed ones. */
export interface Disputes {
  readonly disputed: readonly Dispute[];
  /** Records whose sides agree by these rows: they are stated again without a conflict. */
  readonly settled: readonly CurrentVersion[];
  /** Corrections after which the record stays disputed: what the sides state differently, by position. */
  readonly stillDisputed: ReadonlyMap<number, readonly string[]>;
  /** Repairs, revocations and withdrawals by the determining unit, which prevail over what other sources state. */
  readonly prevailing: ReadonlySet<number>;
  /** The outcomes of rows that are neither a correction nor refused, by position. */
  readonly rowResults: ReadonlyMap<number, RowResult>;
  readonly refused: ReadonlyMap<number, NotAdmitted>;
}

/** Whether a unit is registered as a source of such records, and so entitled to state them. */
export type IsEntitled = (unit: string) => boolean;

interface FiledSide {
  readonly unit: string;
  readonly facts: Facts;
  readonly digest: string;
  readonly version: number;
  /** Recorded by the filing under way, before it was cut off. */
  readonly ours: boolean;
}

interface Candidate {
  readonly position: number;
  readonly mine: Facts;
  readonly theirs: Facts;
  readonly sides: readonly FiledSide[];
  readonly prevails: boolean;
  /** Whether it was decided against this very statement: filed again, it begins no conflict anew. */
  readonly isDecided: boolean;
}

/** What is found as the rows are judged. */
const nothing = () => ({
  disputed: [] as Dispute[],
  settled: [] as CurrentVersion[],
  stillDisputed: new Map<number, readonly string[]>(),
  prevailing: new Set<number>(),
  rowResults: new Map<number, RowResult>(),
  refused: new Map<number, NotAdmitted>(),
});
type Found = ReturnType<typeof nothing>;

const candidatesOf = <Own extends string>(table: RecordTable<Own>): string => {
  const target = `${table.schema}.${table.name}`;
  return `
  select staged.position, ${factsOf(table, 'staged')} as mine, ${factsOf(table, 'newest')} as theirs,
         coalesce(stated.sides, '[]') as sides,
         staged.withdrawn_on is not null and staged.source_unit = staged.determining_unit as prevails,
         exists (
           select
           from conflict.fact_conflict decided
           join conflict.side on side.uscc = decided.uscc and side.conflict = decided.id
           join ${target} version
             on version.uscc = newest.uscc and version.record_id = newest.record_id and version.version = side.version
           where decided.uscc = newest.uscc
             and decided.record_id = newest.record_id
             and decided.closed_by = 'DECISION'
             and side.source_unit = staged.source_unit
             and version.digest = staged.digest
         ) as "isDecided"
  from unnest($2::int[], $3::int[]) as asked(position, version)
  join ${stagedNameOf(table)} staged using (position)
  join ${target} newest
    on newest.uscc = staged.uscc and newest.record_id = staged.record_id and newest.version = asked.version
  left join lateral (
    select jsonb_agg(jsonb_build_object(
             'unit', side.source_unit,
             'facts', ${factsOf(table, 'version')},
             'digest', encode(version.digest, 'hex'),
             'version', version.version,
             'ours', version.filing_id is not distinct from $1::uuid
           )) as sides
    from conflict.side
    join ${target} version
      on version.uscc = newest.uscc and version.record_id = newest.record_id and version.version = side.version
    where side.uscc = newest.uscc and side.conflict = newest.fact_conflict
  ) stated on true`;
};

/** Creates the judge of rows that may contradict the current versions of their records. */
export function createDisputes<Own extends string>(table: RecordTable<Own>) {
  const look = candidatesOf(table);
  return async (
    client: Client,
    rows: readonly StagedRow<Own>[],
    current: readonly CurrentVersion[],
    { filingId, isEntitled }: { readonly filingId: string; readonly isEntitled: IsEntitled },
  ): Promise<Disputes> => {
    const found = nothing();
    if (current.every(({ same }) => same)) return found;
    const byNumber = new Map(rows.map((row) => [row.number, row]));
    const suspects = current.filter(
      ({ position, same, withdrawn_on, source_unit, fact_conflict }) =>
        !same &&
        withdrawn_on === null &&
        (fact_conflict !== null || source_unit !== byNumber.get(position)?.row.source_unit),
    );
    if (suspects.length === 0) return found;
    const { rows: candidates } = await client.query<Candidate>(look, [
      filingId,
      suspects.map(({ position }) => position),
      suspects.map(({ version }) => version),
    ]);
    const byPosition = new Map(suspects.map((suspect) => [suspect.position, suspect]));
    for (const candidate of candidates) {
      const suspect = byPosition.get(candidate.position) as CurrentVersion; // asked for by its position
      const row = byNumber.get(candidate.position) as StagedRow<Own>;
      judge(found, suspect, row, candidate, isEntitled);
    }
    return found;
  };
}

function judge(
  found: Found,
  current: CurrentVersion,
  { digest, row: { source_unit: unit } }: Pick<StagedRow<string>, 'digest' | 'row'>,
  { position, mine, theirs, sides, prevails, isDecided }: Candidate,
  isEntitled: IsEntitled,
): void {
  if (prevails) {
    found.prevailing.add(position);
    return;
  }
  const others = sides.filter((side) => side.unit !== unit && side.unit !== current.source_unit);
  const contradicted = [...new Set(others.flatMap(({ facts }) => contradictedBy(facts, mine)))];
  if (unit === current.source_unit) {
    if (contradicted.length > 0) found.stillDisputed.set(position, contradicted);
    return;
  }
  const fields = contradictedBy(theirs, mine);
  const before = sides.find((side) => side.unit === unit);
  if (fields.length === 0) {
    if (before === undefined) {
      if (contradicted.length > 0) found.stillDisputed.set(position, contradicted);
    } else if (others.some(({ facts }) => contradictedBy(facts, theirs).length > 0))
      found.disputed.push({ current, fields: contradicted });
    else found.settled.push(current);
    return;
  }
  if (!isEntitled(current.source_unit)) return;
  if (!isEntitled(unit)) found.refused.set(position, notEntitled(unit, fields));
  else if (before?.digest === digest)
    found.rowResults.set(position, { outcome: before.ours ? 'PENDING' : 'UNCHANGED', version: before.version });
  else if (isDecided) found.rowResults.set(position, { outcome: 'UNCHANGED', version: current.version });
  else found.disputed.push({ current, fields: [...new Set([...fields, ...contradicted])] });
}

const notEntitled = (unit: string, fields: readonly string[]): NotAdmitted => ({
  code: 'CONTRADICTION',
  message:
    `Another source states ${fields.join(', ')} of this record differently, and ${unit} is not registered ` +
    'as a source of such records.',
});

/** The warning with which a row is kept as a side of a conflict. */
export const contradicting = (fields: readonly string[]): NotAdmitted => ({
  code: 'CONTRADICTION',
  message:
    `Another source states ${fields.join(', ')} of this record differently: both statements are kept as a conflict ` +
    'until one of the sources corrects its own, or it is decided (`factConflicts`).',
});
