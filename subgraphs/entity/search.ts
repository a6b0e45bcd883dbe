import type { QueryResultRow } from 'pg';
import { type Bulkhead, createBulkhead } from '#kit/bulkhead.ts';
import { type Page, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import type { Log } from '#kit/log.ts';
import { query, statement, type Pool, type Statement } from '#kit/postgres/pool.ts';
import type { Times } from '#records/record.ts';
import { rowParameters, rowScope, rowValues } from '#policy/rows.ts';
import { bigrams } from './names.ts';
import { createNameSampler, type NameSample, type SearchFilter, type Walk } from './nameSample.ts';
import { profileColumns, type ProfileRow, stateInForce, visibleProfile } from './repository.ts';

// Search by name. The result has four groups, best first: the name itself, names that begin with the query, names that
// contain it, and names like it. Each group is ordered by name and code, the last one by likeness first. The groups are
// searched one after another until a page is full.
//
// Candidates come from entity.name. Each is joined to the profile in force at the moment of the search. Therefore only
// present names are found, filters and rights are those of the profile, and an entity is found once.
//
// Measured on 2 000 000 names (1 340 000 of them not self-employed), PostgreSQL 15 with 128 MB of buffers, first 20,
// all groups, CPU of Node and PostgreSQL: two characters p50 2.9 ms, p95 9.8 ms; one character wrong p50 3.8 ms, p95
// 6.8 ms, 392 of 400 found; one missing p50 5.1 ms, p95 11 ms, 392 of 400 found. Without jit, which costs 100 ms and
// more.

export type { SearchFilter } from './nameSample.ts';

export interface Search extends Times {
  /** As `searchable` returns it: 2 to 100 characters. */
  readonly text: string;
  readonly filter: SearchFilter;
}

export type FoundRow = ProfileRow & { readonly group: number; readonly likeness: number };

type Candidate = { readonly candidate_uscc: string; readonly candidate_name: string; readonly likeness: number } & (
  ProfileRow | { readonly uscc: null }
);

/**
 * The row that a page begins after. `rare` are the bigrams by which the group of like names was searched: all pages
 * must use the same ones.
 */
export interface Position {
  readonly group: number;
  readonly likeness: number;
  readonly name: string;
  readonly uscc: string;
  readonly rare: readonly string[];
}

export interface FoundPage extends Page<FoundRow> {
  readonly positionOf: (row: FoundRow) => Position;
}

export interface NameSearch {
  /** Limits the number of concurrent searches. */
  readonly bulkhead: Bulkhead;
  find(context: SubgraphContext, search: Search, first: number, after: Position | null): Promise<FoundPage>;
  /** The number of matches in all groups, at most SEARCH_COUNT_LIMIT + 1. */
  count(context: SubgraphContext, search: Search): Promise<number>;
}

const GROUPS = { EXACT: 0, PREFIX: 1, INNER: 2, ALIKE: 3 } as const;
type MatchGroup = (typeof GROUPS)[keyof typeof GROUPS];

/** A name is like the query when it contains at least this many of ten of the query's bigrams. */
const LEAST_SHARED = 6;
const MAX_RARE = 5;
/**
 * The maximum number of names that are compared to find those like the query. Without a limit a query of common words
 * took 380 ms. With 1 000 names 99 of 100 were found instead of 98, at one and a half times the cost.
 */
const MAX_ALIKE = 500;
/** Likeness is in thousandths. This value comes before every like name. */
const TOP = 1001;
/** Up to this many matches are always sorted: 3 ms. */
const FEW = 1500;
/** Totals are counted up to this number, since each counted match is joined to its profile. */
export const SEARCH_COUNT_LIMIT = 1000;
const PAGE = 20;
/** A name that is passed in the index costs 0.4 µs, one that is fetched 2 µs. */
const ROWS_PER_MATCH = 5;
const LAST_CHARACTER = '\u{10FFFF}';
/** The candidates of one statement. When few of the first ones are matches, the next statement takes more. */
const FEWEST_CANDIDATES = 32;
const MAX_CANDIDATES = 2048;

// $1 query · $2 name and $3 code to continue after · $4 limit · $5 validAt · $6 knownAt · $7 province · $8 kinds · $9
// statuses · $10… the viewer's rows · then what a group needs of its own
const RIGHTS = 10;
const OWN = RIGHTS + rowParameters;

/** The profile in force of a candidate, when the candidate is its present name and the viewer may see it. */
const profileOfCandidate = `lateral (
     select ${profileColumns('state')}
     from (${stateInForce('candidate.uscc', '$5::date', '$6::timestamptz')}) state
     where state.name = candidate.name
       and state.kind = candidate.kind
       and state.province = candidate.province
       and state.status = candidate.status
       and ${visibleProfile('state', RIGHTS)}
   ) profile`;

interface Statements {
  /** The next candidates in order, with the profiles of those that match. */
  readonly find: Statement;
  readonly count: Statement;
}

/**
 * The limit applies to the candidates and not to the matches: the planner expects the join to find nothing, and would
 * sort a million names instead of walking them in order.
 *
 * @param candidates SQL of uscc, name, kind, province, status and likeness of names in the filter, almost all of which
 * are then matches
 */
function group(name: string, candidates: string, order = 'name, uscc'): Statements {
  return {
    find: statement(
      `entity.search.${name}`,
      `select candidate.uscc as candidate_uscc, candidate.name as candidate_name, candidate.likeness, profile.*
   from (${candidates} order by ${order} limit $4) candidate
   left join ${profileOfCandidate} on true
   order by ${order.replaceAll(/\w+(?= |,|$)/g, (word) => (word === 'desc' ? word : `candidate.${word}`))}`,
    ),
    count: statement(
      `entity.search.${name}.count`,
      `select count(*)::int as counted
   from (select from (${candidates}) candidate cross join ${profileOfCandidate} limit $4) found`,
    ),
  };
}

// The filter on names in the index that is walked: other names are passed there and never joined.
const inFilter = `($7::text is null or province = $7::text)
       and ($8::text[] is null or kind = any($8::text[]))
       and ($9::text[] is null or status = any($9::text[]))`;

const candidates = (condition: string): string => `
     select uscc, name, kind, province, status, 0 as likeness
     from entity.name
     where ${condition} and ${inFilter}`;

const following = '(name, uscc) > ($2::text, $3::text)';
const ofBusinesses = `kind <> 'SELF_EMPLOYED'`;

const exact = group('exact', candidates(`name = $1::text and $2::text is not null and uscc > $3::text`));

/**
 * The same candidates in the same order, by each walk: all names, or those of one status, kind or province after
 * another, each in the order of its index and merged.
 */
const walked = (name: string, condition: string): Record<Walk, Statements> => {
  const merged = (walk: 'status' | 'kind', values: string): string => `
     select merged.*
     from unnest(${values}::text[]) as wanted(value)
     cross join lateral (${candidates(`${condition} and ${walk} = wanted.value`)} order by name, uscc limit $4) merged`;
  return {
    all: group(name, candidates(condition)),
    province: group(`${name}.by_province`, candidates(`${condition} and province = $7::text`)),
    status: group(`${name}.by_status`, merged('status', '$9')),
    kind: group(`${name}.by_kind`, merged('kind', '$8')),
  };
};
// `following` begins at the query itself; U+10FFFF is greater than any character of a name.
const prefix = walked('prefix', `${ofBusinesses} and name < $1::text || U&'\\+10FFFF' and ${following}`);
// A frequent text is soon met in the order of names. A rare text is looked up by its bigrams and sorted. Both ways find
// the same names.
const innerFrequent = walked('inner_frequent', `${ofBusinesses} and strpos(name, $1::text) > 1 and ${following}`);
// Without `materialized` the planner walks the order of names for rare texts too: 3.7 s.
const innerRare = group(
  'inner_rare',
  `
     select uscc, name, kind, province, status, 0 as likeness
     from (
       with bearing as materialized (
         select uscc, name, kind, province, status
         from entity.name
         where ${ofBusinesses} and entity.bigrams(name) @> $${OWN}::text[]
       )
       select * from bearing
     ) bearing
     where strpos(name, $1::text) > 1 and ${following} and ${inFilter}`,
);
// Dice's measure over bigrams, in thousandths.
const alike = group(
  'alike',
  `
     select uscc, name, kind, province, status, likeness
     from (
       with bearing as materialized (
         select uscc, name, kind, province, status
         from entity.name
         where ${ofBusinesses} and entity.bigrams(name) && $${OWN + 1}::text[]
         limit ${MAX_ALIKE}
       ), measured as materialized (
         select bearing.*, (
           select count(*)::int
           from unnest($${OWN}::text[]) as bigram
           where strpos(bearing.name, bigram) > 0
         ) as shared
         from bearing
         where strpos(bearing.name, $1::text) = 0
       )
       select measured.*,
              2000 * shared / (cardinality($${OWN}::text[]) + greatest(length(name) - 1, shared)) as likeness
       from measured
       where 10 * shared >= ${LEAST_SHARED} * cardinality($${OWN}::text[])
     ) alike
     where ${inFilter} and (likeness < $${OWN + 2}::int or likeness = $${OWN + 2}::int and ${following})`,
  'likeness desc, name, uscc',
);

/**
 * The bigrams for finding like names: the rarest ones, at most MAX_RARE, and together in about MAX_ALIKE names at most.
 * Empty when all bigrams are frequent, or when there are too few to judge likeness.
 */
export function rareBigrams(text: string, sample: NameSample): string[] {
  const all = bigrams(text);
  if (all.length < 3) return [];
  const rare: string[] = [];
  let expected = 0;
  for (const { bigram, names } of all
    .map((each) => ({ bigram: each, names: sample.bearers(each) }))
    .toSorted((a, b) => a.names - b.names)) {
    expected += names;
    if (rare.length >= MAX_RARE || expected > MAX_ALIKE) break;
    rare.push(bigram);
  }
  return rare;
}

const startOf = (which: number, text: string, sample: NameSample): Position => ({
  group: which,
  likeness: TOP,
  name: which === GROUPS.PREFIX ? text : '',
  uscc: which === GROUPS.PREFIX ? LAST_CHARACTER : '',
  rare: which === GROUPS.ALIKE ? rareBigrams(text, sample) : [],
});

const values = (
  context: SubgraphContext,
  { text, filter, validAt, knownAt }: Search,
  after: Position,
  limit: number,
): unknown[] => [
  text,
  after.name,
  after.uscc,
  limit,
  validAt,
  knownAt,
  filter.province,
  filter.kinds,
  filter.statuses,
  ...rowValues(rowScope(context.viewer), context.today),
];

const statementsOf = (
  which: MatchGroup,
  search: Search,
  after: Position,
  sample: NameSample,
): { statements: Statements; own: unknown[] } | null => {
  if (which === GROUPS.EXACT) return { statements: exact, own: [] };
  const { walk, rows } = sample.shortestWalk(search.text, after.name, PAGE, search.filter);
  if (which === GROUPS.PREFIX) return { statements: prefix[walk], own: [] };
  const all = bigrams(search.text);
  if (which === GROUPS.ALIKE)
    return after.rare.length > 0 ? { statements: alike, own: [all, after.rare, after.likeness] } : null;
  // A walk in order reads names in the index until the page is full. A search by bigrams fetches every match from the
  // table and sorts.
  const matches = sample.matches(search.text);
  if (matches <= FEW || rows >= ROWS_PER_MATCH * matches) return { statements: innerRare, own: [all] };
  return { statements: innerFrequent[walk], own: [] };
};

/**
 * The time limit of a search with all its statements. A page takes 10 ms. A search that takes longer has met names and
 * filters that the sample did not foresee.
 */
const DEADLINE_MS = 2000;
/**
 * The maximum numbers of concurrent and of waiting searches of this process. Searches must not take the connections
 * from queries by code.
 */
const MAX_CONCURRENT = 4;
const MAX_WAITING = 32;

const tooSlow = () =>
  clientError('DEADLINE', 'The search took too long: name more of the name, or narrow it less.', { retryable: true });

export function createNameSearch(pool: Pool, now: () => Date, log: Log): NameSearch {
  const sampleNames = createNameSampler(pool, now, log);
  const bulkhead = createBulkhead({ maxConcurrent: MAX_CONCURRENT, maxWaiting: MAX_WAITING, waitMs: DEADLINE_MS });
  /** Runs the statements of a search, each with the search's deadline. */
  const bounded = <Result>(
    work: (
      run: <Row extends QueryResultRow>(one: Statement, parameters: unknown[]) => Promise<Row[]>,
    ) => Promise<Result>,
  ): Promise<Result> =>
    bulkhead(async () => {
      const until = performance.now() + DEADLINE_MS;
      return work(async (one, parameters) => {
        const left = until - performance.now();
        if (left <= 0) throw tooSlow();
        // After the deadline the connection is closed, and the server ends the statement of a client that has gone.
        return query(pool, one, parameters, Math.ceil(left));
      });
    });

  const eachGroup = async (
    search: Search,
    after: Position | null,
    run: (statements: Statements, after: Position, own: unknown[]) => Promise<boolean>,
  ): Promise<void> => {
    const sample = await sampleNames();
    for (const which of Object.values(GROUPS)) {
      if (after && which < after.group) continue;
      const from = which === after?.group ? after : startOf(which, search.text, sample);
      const chosen = statementsOf(which, search, from, sample);
      if (chosen && (await run(chosen.statements, from, chosen.own))) return;
    }
  };

  return {
    bulkhead,
    find: (context, search, first, after) =>
      bounded(async (run) => {
        const rows: FoundRow[] = [];
        let rare: readonly string[] = [];
        await eachGroup(search, after, async ({ find }, start, own) => {
          rare = start.rare;
          let from = start;
          for (let limit = Math.max(first + 1, FEWEST_CANDIDATES); ; limit = Math.min(4 * limit, MAX_CANDIDATES)) {
            context.signal.throwIfAborted();
            const looked = await run<Candidate>(find, [...values(context, search, from, limit), ...own]);
            for (const row of looked) if (row.uscc !== null) rows.push({ ...row, group: start.group });
            const last = looked.at(-1);
            if (rows.length > first) return true;
            if (!last || looked.length < limit) return false;
            from = { ...start, likeness: last.likeness, name: last.candidate_name, uscc: last.candidate_uscc };
          }
        });
        return {
          ...pageOf(rows, first),
          positionOf: (row) => ({
            group: row.group,
            likeness: row.likeness,
            name: row.name,
            uscc: row.uscc,
            rare: row.group === GROUPS.ALIKE ? rare : [],
          }),
        };
      }),

    count: (context, search) =>
      bounded(async (run) => {
        let counted = 0;
        await eachGroup(search, null, async ({ count }, from, own) => {
          const [row] = await run<{ counted: number }>(count, [
            ...values(context, search, from, SEARCH_COUNT_LIMIT + 1 - counted),
            ...own,
          ]);
          counted += row?.counted ?? 0;
          return counted > SEARCH_COUNT_LIMIT;
        });
        return counted;
      }),
  };
}
