import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { query, statement, type Pool, type Statement } from '#kit/postgres/pool.ts';
import { believedAt } from '#kit/records.ts';
import { rowParameters, rowScope, rowValues } from '#policy/rows.ts';
import { bigrams } from './names.ts';
import { createNameSampler, type NameSample } from './nameSample.ts';
import { profileColumns, type ProfileRow, type Times, visibleProfile } from './repository.ts';

// Search by name. What is found, best first: the name itself, names that begin with the query, names that contain it, and names
// like it; each group by name and code, those alike by likeness first. The groups are asked one after another until a page is full.
//
// Candidates come from entity.name; each is joined to the profile that is in force at the moment of the search, so only present names
// are found, filters and rights are those of the profile, and an entity is found once.
//
// Measured on 2 000 000 names (PostgreSQL 15, 128 MB of buffers; docs: the report of this search): 2-character substring, first 20:
// see SEARCH_MEASURED in the ADR.

export interface SearchFilter {
  readonly province: string | null;
  readonly kinds: readonly string[] | null;
  readonly statuses: readonly string[] | null;
}

export interface Search extends Times {
  /** As `searchable` gives it: 2 to 100 characters. */
  readonly text: string;
  readonly filter: SearchFilter;
}

export type FoundRow = ProfileRow & { readonly group: number; readonly likeness: number };

/** After which row a page begins. `rare` are the bigrams that the group of like names was searched by: pages must agree on them. */
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
  find(context: SubgraphContext, search: Search, first: number, after: Position | null): Promise<FoundPage>;
  /** How many there are in all groups, at most COUNT_LIMIT + 1. */
  count(context: SubgraphContext, search: Search): Promise<number>;
}

const GROUPS = { EXACT: 0, PREFIX: 1, INNER: 2, ALIKE: 3 } as const;
type Group = (typeof GROUPS)[keyof typeof GROUPS];

/** A name is alike when at least so many of ten bigrams of the query are in it. */
const LEAST_SHARED = 6;
const MOST_RARE = 5;
/** Names looked at to find those alike. Without a limit a query of common words took 380 ms (reference/data-layer.md). */
const MOST_ALIKE = 1000;
/** Likeness is in thousandths; this comes before every like name. */
const TOP = 1001;
const PAGE = 20;

// $1 query · $2 name and $3 code to continue after · $4 limit · $5 validAt · $6 knownAt · $7 province · $8 kinds · $9 statuses ·
// $10… the viewer's rows · then what a group needs of its own
const RIGHTS = 10;
const OWN = RIGHTS + rowParameters;

const found = (columns: string, candidates: string): string => `
   select ${columns}
   from (${candidates}) candidate
   cross join lateral (
     select profile.*
     from entity.profile
     where profile.uscc = candidate.uscc
      and profile.valid_from <= $5::date
      and ${believedAt('profile', 6)}
     order by profile.valid_from desc, profile.record_id desc
     limit 1
   ) state
   where state.name = candidate.name and state.kind = candidate.kind and state.province = candidate.province
     and ($7::text is null or state.province = $7::text)
     and ($8::text[] is null or state.kind = any($8::text[]))
     and ($9::text[] is null or state.status = any($9::text[]))
     and ${visibleProfile('state', RIGHTS)}`;

interface Statements {
  readonly find: Statement;
  readonly count: Statement;
}

/** @param candidates gives uscc, name, kind, province and likeness, in `order`: so the join goes on only until the page is full. */
function group(name: string, candidates: string, order = 'candidate.name, candidate.uscc'): Statements {
  return {
    find: statement(
      `entity.search.${name}`,
      `${found(`${profileColumns('state')}, candidate.likeness`, candidates)}
   order by ${order}
   limit $4`,
    ),
    count: statement(`entity.search.${name}.count`, `select count(*)::int as counted from (${found('1', candidates)} limit $4) found`),
  };
}

const inOrder = (condition: string): string => `
     select name.uscc, name.name, name.kind, name.province, 0 as likeness
     from entity.name
     where ${condition}
      and (name.name, name.uscc) > ($2::text, $3::text)
     order by name.name, name.uscc`;

const ofBusinesses = `name.kind <> 'SELF_EMPLOYED'`;
const ofProvince = `($7::text is null or name.province = $7::text)`;

const exact = group('exact', inOrder('name.name = $1::text'));
// U+10FFFF is greater than any character of a name.
const prefix = group('prefix', inOrder(`${ofBusinesses} and name.name > $1::text and name.name < $1::text || U&'\\+10FFFF' and ${ofProvince}`));
// A frequent text is soon met in the order of names; a rare one is looked up by its bigrams and sorted. Both give the same.
const innerFrequent = group('inner_frequent', inOrder(`${ofBusinesses} and strpos(name.name, $1::text) > 1 and ${ofProvince}`));
const innerFrequentOfProvince = group('inner_frequent_of_province', inOrder(`${ofBusinesses} and strpos(name.name, $1::text) > 1 and name.province = $7::text`));
// `materialized`, or the planner walks the order of names for rare texts too: 3.7 s.
const innerRare = group(
  'inner_rare',
  `with bearing as materialized (
     select name.uscc, name.name, name.kind, name.province
     from entity.name
     where ${ofBusinesses} and entity.bigrams(name.name) @> $${OWN}::text[]
   )
   select bearing.*, 0 as likeness
   from bearing
   where strpos(bearing.name, $1::text) > 1 and (bearing.name, bearing.uscc) > ($2::text, $3::text)
   order by bearing.name, bearing.uscc`,
);
// Dice's measure over bigrams, in thousandths.
const alike = group(
  'alike',
  `with bearing as materialized (
     select name.uscc, name.name, name.kind, name.province
     from entity.name
     where ${ofBusinesses} and entity.bigrams(name.name) && $${OWN + 1}::text[]
     limit ${MOST_ALIKE}
   ), measured as materialized (
     select bearing.*, (select count(*)::int from unnest($${OWN}::text[]) as bigram where strpos(bearing.name, bigram) > 0) as shared
     from bearing
     where strpos(bearing.name, $1::text) = 0
   ), alike as materialized (
     select measured.uscc, measured.name, measured.kind, measured.province,
            2000 * measured.shared / (cardinality($${OWN}::text[]) + greatest(length(measured.name) - 1, measured.shared)) as likeness
     from measured
     where 10 * measured.shared >= ${LEAST_SHARED} * cardinality($${OWN}::text[])
   )
   select * from alike
   where alike.likeness < $${OWN + 2}::int or alike.likeness = $${OWN + 2}::int and (alike.name, alike.uscc) > ($2::text, $3::text)
   order by alike.likeness desc, alike.name, alike.uscc`,
  'candidate.likeness desc, candidate.name, candidate.uscc',
);

/**
 * The bigrams to find like names by: the rarest, no more than five, and no more than lead to MOST_ALIKE names. Empty when all
 * are frequent or there are too few to tell names alike from others.
 */
export function rareBigrams(text: string, sample: NameSample): string[] {
  const all = bigrams(text);
  if (all.length < 3) return [];
  const rare: string[] = [];
  let expected = 0;
  for (const { bigram, names } of all.map((bigram) => ({ bigram, names: sample.expectedOfBigram(bigram) })).toSorted((a, b) => a.names - b.names)) {
    expected += names;
    if (rare.length >= MOST_RARE || expected > MOST_ALIKE) break;
    rare.push(bigram);
  }
  return rare;
}

export function createNameSearch(pool: Pool, now: () => Date): NameSearch {
  const sampleNames = createNameSampler(pool, now);

  const values = (context: SubgraphContext, { text, filter, validAt, knownAt }: Search, after: Position, limit: number): unknown[] => [
    text, after.name, after.uscc, limit, validAt, knownAt, filter.province, filter.kinds, filter.statuses, ...rowValues(rowScope(context.viewer), context.today),
  ];

  const statementsOf = (which: Group, search: Search, after: Position, sample: NameSample): { statements: Statements; own: unknown[] } | null => {
    if (which === GROUPS.EXACT) return { statements: exact, own: [] };
    if (which === GROUPS.PREFIX) return { statements: prefix, own: [] };
    const all = bigrams(search.text);
    if (which === GROUPS.ALIKE) return after.rare.length > 0 ? { statements: alike, own: [all, after.rare, after.likeness] } : null;
    // In order, about PAGE × names / matches rows are read; by bigrams, as many as there are matches.
    const isFrequent = sample.expected(search.text) ** 2 > PAGE * sample.names;
    if (!isFrequent) return { statements: innerRare, own: [all] };
    return { statements: search.filter.province === null ? innerFrequent : innerFrequentOfProvince, own: [] };
  };

  const startOf = (which: number, search: Search, sample: NameSample): Position => ({
    group: which,
    likeness: TOP,
    name: '',
    uscc: '',
    rare: which === GROUPS.ALIKE ? rareBigrams(search.text, sample) : [],
  });

  const eachGroup = async (search: Search, after: Position | null, run: (statements: Statements, after: Position, own: unknown[]) => Promise<boolean>): Promise<void> => {
    const sample = await sampleNames();
    for (const which of Object.values(GROUPS)) {
      if (after && which < after.group) continue;
      const from = which === after?.group ? after : startOf(which, search, sample);
      const chosen = statementsOf(which, search, from, sample);
      if (chosen && (await run(chosen.statements, from, chosen.own))) return;
    }
  };

  return {
    async find(context, search, first, after) {
      const rows: FoundRow[] = [];
      let rare: readonly string[] = [];
      await eachGroup(search, after, async ({ find }, from, own) => {
        const limit = first + 1 - rows.length;
        const more = await query<ProfileRow & { likeness: number }>(pool, find, [...values(context, search, from, limit), ...own]);
        rows.push(...more.map((row) => ({ ...row, group: from.group })));
        rare = from.rare;
        return rows.length > first;
      });
      return { ...pageOf(rows, first), positionOf: (row) => ({ group: row.group, likeness: row.likeness, name: row.name, uscc: row.uscc, rare: row.group === GROUPS.ALIKE ? rare : [] }) };
    },

    async count(context, search) {
      let counted = 0;
      await eachGroup(search, null, async ({ count }, from, own) => {
        const [row] = await query<{ counted: number }>(pool, count, [...values(context, search, from, COUNT_LIMIT + 1 - counted), ...own]);
        counted += row?.counted ?? 0;
        return counted > COUNT_LIMIT;
      });
      return counted;
    },
  };
}
