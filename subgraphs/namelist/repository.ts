import { createSharedLoader } from '#kit/batches.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import {
  type Asked,
  byPosition,
  createRecordLoader,
  groupOf,
  type Positioned,
  rights,
  sharedValues,
} from '#records/recordBatches.ts';
import { believedAt, recordColumns, type RecordRow, type Times } from '#records/record.ts';
import { isLate } from '#records/sourceUnits.ts';
import { bulkPredicate, bulkValue } from '#policy/bulk.ts';
import { anyLength, levelsOf, levelsSeen, rowParameters, rowPredicate, rowScope } from '#policy/rows.ts';
import type { ListCategory } from '#standards/listTypes.ts';

export type EntryState = 'LISTED' | 'REMOVED' | 'REPAIRED' | 'REVOKED';

/** An entry as stated by one version, with its state on the requested day. */
export interface EntryRow extends RecordRow {
  readonly list_type: string;
  readonly category: ListCategory;
  readonly document_no: string;
  readonly authority_name: string | null;
  readonly listed_on: string;
  readonly term_until: string | null;
  readonly removed_on: string | null;
  readonly state: EntryState;
}

/** The position that a page begins after. Null for the newest listing. */
export type Position = { readonly listedOn: string; readonly recordId: string } | null;

export interface FileAsk extends Times {
  readonly uscc: string;
  /** In any order; null for all. */
  readonly categories: readonly ListCategory[] | null;
}

/** The filter of a search over all entities. A null field does not filter. */
export interface EntryFilter {
  readonly types: readonly string[] | null;
  readonly categories: readonly ListCategory[] | null;
  readonly province: string | null;
  readonly sector: string | null;
  readonly activeOnly: boolean;
  readonly listedFrom: string | null;
}

export interface SeriousListing {
  /**
   * The entry that the answer is based on, a published one if possible, and one that no source contests. Null when the
   * viewer may see no active entry.
   */
  readonly entry: {
    readonly recordId: string;
    readonly version: number;
    readonly published: boolean;
    /** The conflict between sources about whether it is on its list; null: there is none, and it is. */
    readonly contestedIn: string | null;
  } | null;
  /** Whether every source of list entries is in time, and one had filed by `knownAt`. */
  readonly sourcesInTime: boolean;
}

/** Every function takes the context first and returns only rows that its viewer may see (policy/rows.ts). */
export interface EntryRepository {
  /** Entries of one entity, newest listing first. Requests of the same turn are batched. */
  loadEntries(context: SubgraphContext, ask: FileAsk, first: number, after: Position): Promise<Page<EntryRow>>;
  /** How many, at most COUNT_LIMIT + 1. */
  countEntries(context: SubgraphContext, ask: FileAsk): Promise<number>;
  loadSeriousListing(context: SubgraphContext, ask: Times & { readonly uscc: string }): Promise<SeriousListing>;
  /** One entry, or null when there is none that the viewer may see. */
  loadEntry(
    context: SubgraphContext,
    ask: Times & { readonly uscc: string; readonly recordId: string },
  ): Promise<EntryRow | null>;
  /** Entries over all entities that the viewer may read in bulk (policy/bulk.ts), newest listing first. */
  findEntries(
    context: SubgraphContext,
    filter: EntryFilter,
    times: Times,
    first: number,
    after: Position,
  ): Promise<Page<EntryRow>>;
  /** How many, at most COUNT_LIMIT + 1. */
  countFound(context: SubgraphContext, filter: EntryFilter, times: Times): Promise<number>;
}

// The position before every entry.
const START = { listedOn: 'infinity', recordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' } as const;

/**
 * Whether an entry has effect on a day, given as SQL of a date. An entry that is withdrawn by now (repaired, revoked)
 * has no effect on any day: ended effects are those of the moment of the request (design §5).
 */
const isActive = (validAt: string): string => `(entry.withdrawn_on is null
        and (entry.removed_on is null or entry.removed_on > ${validAt})
        and (entry.term_until is null or entry.term_until >= ${validAt}))`;

// A version believed before the withdrawal does not have its reason. The version believed now does.
const state = (validAt: string): string => `case
        when ${isActive(validAt)} then 'LISTED'
        else coalesce((
          select present.content->>'removalReason'
          from namelist.entry present
          where present.uscc = entry.uscc and present.record_id = entry.record_id and present.superseded_at = 'infinity'
            and (entry.withdrawn_on is not null or entry.removed_on <= ${validAt})
            and present.content->>'removalReason' in ('REPAIRED', 'REVOKED')
        ), 'REMOVED')
      end`;

/** The columns of `EntryRow` that are an entry's own: one that is missing here does not compile. */
const ownColumns: Readonly<Record<Exclude<keyof EntryRow, keyof RecordRow | 'state'>, string>> = {
  list_type: 'entry.list_type',
  category: 'entry.category',
  document_no: 'entry.document_no',
  authority_name: 'entry.authority_name',
  listed_on: 'entry.listed_on',
  term_until: 'entry.term_until',
  removed_on: 'entry.removed_on',
};

const columns = (validAt: string): string =>
  `${recordColumns('entry')}, ${Object.values(ownColumns).join(', ')},
      ${state(validAt)} as state`;

// $1 codes · $2 validAt · $3 knownAt · $4… the viewer's rows, in every statement about given entities at the same times
const VALID_AT = '$2::date';
const RIGHTS = 4;
const NEXT = RIGHTS + rowParameters;
const ofEntity = `entry.uscc = ask.uscc
      and entry.listed_on <= ${VALID_AT}
      and ${believedAt('entry', '$3::timestamptz')}
      and ${rowPredicate('entry', RIGHTS)}`;
const inCategories = `($${NEXT}::text[] is null or entry.category = any($${NEXT}::text[]))`;

const entriesOfFiles = statement(
  'namelist.entries_of_files',
  `select ask.position, entry.*
   from unnest(${anyLength('$1::text[]')}, $${NEXT + 1}::date[], $${NEXT + 2}::uuid[])
     with ordinality as ask(uscc, after_day, after_record, position)
   cross join lateral (
     select seen.*
     from ${levelsSeen('ask.uscc', RIGHTS)} levels
     cross join lateral (
     select ${columns(VALID_AT)}
     from namelist.entry
     where ${ofEntity}
      and entry.disclosure_level = levels.level
      and ${inCategories}
      and (entry.listed_on, entry.record_id) < (ask.after_day, ask.after_record)
     order by entry.listed_on desc, entry.record_id desc
     limit $${NEXT + 3}
     ) seen
     order by seen.listed_on desc, seen.record_id desc
     limit $${NEXT + 3}
   ) entry
   order by ask.position, entry.listed_on desc, entry.record_id desc`,
);

const countsOfFiles = statement(
  'namelist.counts_of_files',
  `select ask.position, counted.entries
   from unnest($1::text[]) with ordinality as ask(uscc, position)
   cross join lateral (
     select count(*)::integer as entries
     from (
       select
       from namelist.entry
       where ${ofEntity}
         and ${inCategories}
         and entry.disclosure_level = any(array${levelsSeen('ask.uscc', RIGHTS)})
       limit ${COUNT_LIMIT + 1}
     ) visible
   ) counted
   order by ask.position`,
);

const TODAY = `$${NEXT - 1}::date`; // the last of the rights' parameters
const isPublished = `(entry.disclosure_level = 'PUBLIC'
       and entry.public_from <= ${TODAY}
       and entry.public_until >= ${TODAY})`;

/** Whether sources contradict each other about the time on the list; few records are disputed at all. */
const isContested = `(entry.fact_conflict is not null and exists (
        select
        from conflict.fact_conflict contradiction
        where contradiction.uscc = entry.uscc
          and contradiction.id = entry.fact_conflict
          and contradiction.fields && array['removedOn', 'termUntil', 'validTo', 'listType']
      ))`;

const seriousListings = statement(
  'namelist.serious_listings',
  `select serious.record_id, serious.version, serious.published, serious.contested_in, sources.in_time
   from unnest($1::text[]) with ordinality as ask(uscc, position)
   cross join (
     select coalesce(
       bool_and(not ${isLate('source_unit', `$${NEXT}`)}) and bool_or(first_filed_at <= $3::timestamptz),
       false
     ) as in_time
     from namelist.source_unit
     where kind = 'name-list'
   ) sources
   left join lateral (
     select entry.record_id, entry.version, ${isPublished} as published,
            case when ${isContested} then entry.fact_conflict end as contested_in
     from namelist.entry
     where ${ofEntity}
      and entry.disclosure_level = any(array${levelsSeen('ask.uscc', RIGHTS)})
      and entry.category = 'SERIOUS'
      and (${isActive(VALID_AT)} or ${isContested})
     order by contested_in nulls first, published desc, entry.listed_on desc, entry.record_id desc
     limit 1
   ) serious on true
   order by ask.position`,
);

// Each record is read at its own times, since an event has an instant of its own. Readers of all histories also receive
// what is left of an erased record.
const entriesById = statement(
  'namelist.entries_by_id',
  `select ask.position, entry.*
   from unnest($1::text[], $2::uuid[], $3::date[], $4::timestamptz[])
     with ordinality as ask(uscc, record_id, valid_at, known_at, position)
   cross join lateral (
     select ${columns('ask.valid_at')}
     from namelist.entry
     where entry.uscc = ask.uscc
      and entry.record_id = ask.record_id
      and entry.listed_on <= ask.valid_at
      and ${believedAt('entry', 'ask.known_at')}
      and ${rowPredicate('entry', 5, 5 + rowParameters)}
     limit 1
   ) entry
   order by ask.position`,
);

// $1 validAt · $2 knownAt · $3… the viewer's rows · then the filter · then the page
const FILTER = 3 + rowParameters;
const found = `entry.listed_on <= $1::date
      and ${believedAt('entry', '$2::timestamptz')}
      and ${rowPredicate('entry', 3)}
      and ($${FILTER}::text[] is null or entry.list_type = any($${FILTER}::text[]))
      and ($${FILTER + 1}::text[] is null or entry.category = any($${FILTER + 1}::text[]))
      and ($${FILTER + 2}::text is null or entry.province = $${FILTER + 2}::text)
      and ($${FILTER + 3}::text is null or entry.sector = $${FILTER + 3}::text)
      and ($${FILTER + 4}::date is null or entry.listed_on >= $${FILTER + 4}::date)
      and (not $${FILTER + 5}::boolean or ${isActive('$1::date')})
      and ${bulkPredicate('entry', FILTER + 6)}`;
const LEVELS = FILTER + 7;
const PAGE = LEVELS + 1;
const page = (also: string): string => `select ${columns('$1::date')}
     from namelist.entry
     where ${found}
      and (entry.listed_on, entry.record_id) < ($${PAGE}::date, $${PAGE + 1}::uuid)
      ${also}
     order by entry.listed_on desc, entry.record_id desc
     limit $${PAGE + 2}`;

// These statements have no names, so that each is planned with its own values: one plan for all filters cannot know
// which index suits them. Each level that the viewer may see is read in the order of its index and merged, so entries
// of other levels are not walked.
const merging = (wanted: string, also: string): string => `select entry.*
   from unnest($${LEVELS}::text[]) as levels(level)
   ${wanted}
   cross join lateral (
     ${page(`and entry.disclosure_level = levels.level ${also}`)}
   ) entry
   order by entry.listed_on desc, entry.record_id desc
   limit $${PAGE + 2}`;
const search = merging('', '');
// Several lists, or categories, are each read in the order of their index and merged. A single scan would sort all
// their entries. This is not done within a province or sector, whose index is in that order too: by type, a page out of
// 200 000 entries took ten times as long.
const searchMerging = (column: 'list_type' | 'category'): string =>
  merging(`cross join unnest($${PAGE + 3}::text[]) as wanted(value)`, `and entry.${column} = wanted.value`);
const searchByType = searchMerging('list_type');
const searchByCategory = searchMerging('category');
const searchCount = `select count(*)::integer as entries
   from (
     select
     from namelist.entry
     where ${found}
       and entry.disclosure_level = any($${LEVELS}::text[])
     limit ${COUNT_LIMIT + 1}
   ) visible`;

interface PageAsk extends FileAsk {
  readonly first: number;
  readonly after: Position;
}

const createPageLoader = (pool: Pool) =>
  createSharedLoader<Asked<PageAsk>, Page<EntryRow>>(
    (asked) => groupOf(asked, asked.ask.categories, asked.ask.first),
    async (asks) => {
      const { categories, first } = (asks[0] as Asked<PageAsk>).ask; // a group has a member
      const starts = asks.map(({ ask }) => ask.after ?? START);
      const values = [
        ...sharedValues(asks),
        categories,
        starts.map(({ listedOn }) => listedOn),
        starts.map(({ recordId }) => recordId),
        first + 1,
      ];
      const rows = await query<Positioned<EntryRow>>(pool, entriesOfFiles, values);
      return byPosition<EntryRow>(rows, asks.length).map((list) => pageOf(list, first));
    },
  );

const createCountLoader = (pool: Pool) =>
  createSharedLoader<Asked<FileAsk>, number>(
    (asked) => groupOf(asked, asked.ask.categories),
    async (asks) => {
      const rows = await query<{ entries: number }>(pool, countsOfFiles, [
        ...sharedValues(asks),
        (asks[0] as Asked<FileAsk>).ask.categories,
      ]); // a group has a member
      return rows.map(({ entries }) => entries);
    },
  );

const createSeriousLoader = (pool: Pool, now: () => Date) =>
  createSharedLoader<Asked<Times & { uscc: string }>, SeriousListing>(
    (asked) => groupOf(asked),
    async (asks) => {
      const rows = await query<{
        record_id: string | null;
        version: number;
        published: boolean;
        contested_in: string | null;
        in_time: boolean;
      }>(pool, seriousListings, [...sharedValues(asks), now().toISOString()]);
      return rows.map(({ record_id, version, published, contested_in, in_time }) => ({
        entry: record_id === null ? null : { recordId: record_id, version, published, contestedIn: contested_in },
        sourcesInTime: in_time,
      }));
    },
  );

/** The parameters of a search up to its page. */
const searchValues = (context: SubgraphContext, filter: EntryFilter, times: Times): unknown[] => [
  times.validAt,
  times.knownAt,
  ...rights(context),
  filter.types,
  filter.categories,
  filter.province,
  filter.sector,
  filter.listedFrom,
  filter.activeOnly,
  bulkValue(context.viewer),
  levelsOf(rowScope(context.viewer)),
];

/**
 * Creates the repository of entries.
 * @param now decides whether a source is late: lateness is that of the moment of the request, whatever its `knownAt`
 */
export function createEntryRepository(pool: Pool, now: () => Date): EntryRepository {
  const pages = createPageLoader(pool);
  const counts = createCountLoader(pool);
  const serious = createSeriousLoader(pool, now);
  const records = createRecordLoader<EntryRow>(pool, entriesById);

  return {
    loadEntries: (context, ask, first, after) => pages({ context, ask: { ...ask, first, after } }),
    countEntries: (context, ask) => counts({ context, ask }),
    loadSeriousListing: (context, ask) => serious({ context, ask }),
    loadEntry: (context, ask) => records({ context, ask }),

    async findEntries(context, filter, times, first, after) {
      const { listedOn, recordId } = after ?? START;
      const values = [...searchValues(context, filter, times), listedOn, recordId, first + 1];
      const isLocal = filter.province !== null || filter.sector !== null;
      const merged = isLocal ? null : (filter.types ?? filter.categories);
      const text = merged === null ? search : filter.types === null ? searchByCategory : searchByType;
      const { rows } = await pool.query<EntryRow>(text, merged === null ? values : [...values, [...new Set(merged)]]);
      return pageOf(rows, first);
    },

    async countFound(context, filter, times) {
      const { rows } = await pool.query<{ entries: number }>(searchCount, searchValues(context, filter, times));
      return rows[0]?.entries ?? 0;
    },
  };
}
