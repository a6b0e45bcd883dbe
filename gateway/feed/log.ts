import type { Consenting } from '#records/consents.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { rightsColumns, type RowRights } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';

// Reading the log of changes (docs/PROTOCOL.md). Only the sequencer writes it.

/** The columns that filters and rights match: the entity's facets, the visibility, and the type. */
export interface Facets extends RowRights {
  /** The list type, or the scheme. */
  readonly type: string;
  readonly category: string | null;
}

/** One numbered change of one record. */
export interface Change extends Facets {
  readonly seq: bigint;
  /** The name of the topic (records/topic.ts). */
  readonly topic: string;
  readonly kind: 'ADDED' | 'CORRECTED' | 'DELISTED' | 'WITHDRAWN' | 'PUBLISHED' | 'UNPUBLISHED' | 'ERASED' | 'PRESENT';
  readonly reason: string | null;
  /** UUID text. */
  readonly record_id: string;
  readonly version: number;
  /** ISO 8601; follows the order of commits. */
  readonly recorded_at: string;
  /** The state before the change; null: there was no record. */
  readonly before: Facets | null;
  /** The reason, and the first day for which the version is valid. */
  readonly basis: {
    readonly documentNo?: string | null;
    readonly legalBasis?: string | null;
    readonly validFrom?: string;
  } | null;
  /** Delivered only to the followers of this watchlist. */
  readonly watchlist: string | null;
}

export interface Bounds {
  /** The last number assigned. */
  readonly head: bigint;
  /** Changes up to here are purged. */
  readonly purgedThrough: bigint;
}

/** The conditions of a search in the log; null does not narrow. */
export interface LogFilter {
  readonly topic: string;
  readonly types: readonly string[] | null;
  readonly categories: readonly string[] | null;
  readonly provinces: readonly string[] | null;
  readonly sectors: readonly string[] | null;
  readonly watchlist: string | null;
}

const columns = (row: string): string =>
  [
    'seq',
    'topic',
    'kind',
    'reason',
    'uscc',
    'record_id',
    'version',
    'recorded_at',
    'disclosure_level',
    'public_from',
    'public_until',
    'withdrawn_on',
    'erased_at',
    'province',
    'sector',
    'source_unit',
    'determining_unit',
    'type',
    'category',
    'before',
    'basis',
    'watchlist',
  ]
    .map((column) => `${row}.${column}`)
    .join(', ');

/** The former state is stored without the code of its record, which never changes. */
function whole<Row extends Change>(rows: readonly Row[]): Row[] {
  for (const { uscc, before } of rows) if (before !== null) Object.assign(before, { uscc });
  return rows as Row[];
}

const bounds = statement(
  'feed.bounds',
  'select last_seq as head, purged_through as "purgedThrough" from feed.sequencer',
);

const waiting = statement('feed.waiting', 'select min(recorded_at) as at from feed.outbox');

const after = statement(
  'feed.log.after',
  `select ${columns('log')}
   from feed.log
   where log.seq > $1
     and log.seq <= $2
     and log.record_id is not null
   order by log.seq
   limit $3`,
);

// A change matches by its record's state after it or before it, because a record that leaves a filter is delivered too.
const narrowed = (column: string, parameter: number): string =>
  `($${parameter}::text[] is null
       or log.${column} = any($${parameter}::text[])
       or log.before->>'${column}' = any($${parameter}::text[]))`;
// Rights change seldom: the last change of a record is read only where it left others.
const decisive = (row: string): string =>
  `(${['reason', ...rightsColumns, 'erased_at', 'type', 'category'].map((column) => `${row}.${column}`).join(', ')})`;
const search = statement(
  'feed.log.search',
  `select ${columns('log')},
     case
       when final.seq <> log.seq
         and (log.watchlist is not null or ${decisive('final')} is distinct from ${decisive('log')})
       then final.seq
     end as last,
     case when log.seq <= $11::bigint and log.before is not null then (
       select min(other.seq)
       from feed.log other
       where other.uscc = log.uscc
         and other.record_id = log.record_id
         and other.watchlist is null
         and other.seq > $10::bigint
     ) end as first
   from feed.log
   left join lateral (
     select other.seq, ${decisive('other').slice(1, -1)}
     from feed.log other
     where other.uscc = log.uscc
       and other.record_id = log.record_id
       and other.watchlist is null
     order by other.seq desc
     limit 1
   ) final on true
   where log.topic = $1
     and log.seq > $2
     and log.seq <= $3
     and ${narrowed('type', 4)}
     and ${narrowed('category', 5)}
     and ${narrowed('province', 6)}
     and ${narrowed('sector', 7)}
     and (log.watchlist is null or log.watchlist = $8::uuid)
     and ($8::uuid is null or exists (
       select
       from gateway.watchlist_item item
       where item.watchlist = $8::uuid
         and item.uscc = log.uscc
     ))
   order by log.seq
   limit $9`,
);

const ofEach = (name: string, order: 'asc' | 'desc') =>
  statement(
    `feed.log.${name}`,
    `select ask.position, found.*
     from unnest($1::text[], $2::uuid[], $3::bigint[]) with ordinality as ask(uscc, record_id, seq, position)
     cross join lateral (
       select ${columns('log')}
       from feed.log
       where log.uscc = ask.uscc
         and log.record_id = ask.record_id
         and log.seq > ask.seq
         and log.watchlist is null
       order by log.seq ${order}
       limit 1
     ) found`,
  );
const latest = ofEach('latest', 'desc');
const firstAfter = ofEach('first_after', 'asc');
const bySeq = statement(
  'feed.log.by_seq',
  `select ${columns('log')}
   from feed.log
   where log.seq = any($1::bigint[])
   order by log.seq
   limit $2`,
);
const watched = statement(
  'feed.watched',
  `select item.watchlist, item.uscc
   from gateway.watchlist_item item
   where item.uscc = any($1::text[])
     and item.watchlist = any($2::uuid[])
   order by item.uscc, item.watchlist
   limit 1000000`,
);

/** A change among those of its record. */
export interface Found extends Change {
  /**
   * The number of the record's last change, where it is another one and has changed the rights; for a present state,
   * wherever it is another one.
   */
  readonly last: bigint | null;
  /** For a reader that catches up: the number of the record's first change since it began. */
  readonly first: bigint | null;
}

/** A record, and a position in the log. */
export interface RecordAt {
  readonly uscc: string;
  readonly record_id: string;
  readonly seq: bigint;
}

export interface ChangeLog {
  bounds(): Promise<Bounds>;
  /** When the oldest change without a number was recorded; null when there is none. */
  oldestWaiting(): Promise<string | null>;
  /** Changes of all records with `after` < seq ≤ `upTo`, in order. */
  after(after: bigint, upTo: bigint, limit: number): Promise<Change[]>;
  /**
   * The same for changes whose record matches the filter, before or after the change.
   * @param since where a reader that catches up until `until` began; null: without a cursor
   */
  search(
    filter: LogFilter,
    after: bigint,
    upTo: bigint,
    limit: number,
    catchingUp: { readonly since: bigint | null; readonly until: bigint },
  ): Promise<Found[]>;
  /** The changes with these numbers, as far as they are kept. */
  at(seqs: readonly bigint[]): Promise<Change[]>;
  /** The last change of each record; null where none is kept. In the order of the arguments. */
  latest(records: readonly Omit<RecordAt, 'seq'>[]): Promise<(Change | null)[]>;
  /** The first change of each record after its position: its state before is that of the record there. */
  firstAfter(records: readonly RecordAt[]): Promise<(Change | null)[]>;
  /** Which subjects of the changes consent to this viewer's reading now. */
  consents(viewer: Viewer, changes: readonly Change[]): Promise<Consenting>;
  /** Which of the codes are on which of the watchlists. */
  watched(codes: readonly string[], watchlists: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
}

/** Who of the subjects consents to be seen by a viewer. */
export type ConsentLookup = (viewer: Viewer, codes: readonly string[]) => Promise<Consenting> | Consenting;

export function createChangeLog(pool: Pool, consentsOf: ConsentLookup): ChangeLog {
  const byRecord = async (which: typeof latest, records: readonly RecordAt[]): Promise<(Change | null)[]> => {
    const found: (Change | null)[] = Array.from({ length: records.length }, () => null);
    if (records.length === 0) return found;
    const rows = await query<Change & { position: bigint }>(pool, which, [
      records.map(({ uscc }) => uscc),
      records.map(({ record_id }) => record_id),
      records.map(({ seq }) => String(seq)),
    ]);
    for (const row of whole(rows)) found[Number(row.position) - 1] = row;
    return found;
  };
  return {
    // For restricted records, now or before: all others are visible, or not, without consent.
    consents: async (viewer, changes) =>
      consentsOf(
        viewer,
        changes.flatMap(({ uscc, disclosure_level, before }) =>
          disclosure_level === 'RESTRICTED' || before?.disclosure_level === 'RESTRICTED' ? [uscc] : [],
        ),
      ),
    async bounds() {
      const [row] = await query<{ head: bigint; purgedThrough: bigint }>(pool, bounds);
      if (!row) throw new Error('feed.sequencer has no row');
      return row;
    },
    oldestWaiting: async () => (await query<{ at: string | null }>(pool, waiting))[0]?.at ?? null,
    after: async (position, upTo, limit) =>
      whole(await query<Change>(pool, after, [String(position), String(upTo), limit])),
    search: async (
      { topic, types, categories, provinces, sectors, watchlist },
      position,
      upTo,
      limit,
      { since, until },
    ) =>
      whole(
        await query<Found>(pool, search, [
          topic,
          String(position),
          String(upTo),
          types,
          categories,
          provinces,
          sectors,
          watchlist,
          limit,
          since === null ? null : String(since),
          since === null ? '0' : String(until),
        ]),
      ),
    at: async (seqs) =>
      seqs.length === 0 ? [] : whole(await query<Change>(pool, bySeq, [seqs.map(String), seqs.length])),
    latest: (records) =>
      byRecord(
        latest,
        records.map(({ uscc, record_id }) => ({ uscc, record_id, seq: 0n })),
      ),
    firstAfter: (records) => byRecord(firstAfter, records),
    async watched(codes, watchlists) {
      const found = new Map<string, Set<string>>(watchlists.map((id) => [id, new Set()]));
      if (codes.length === 0 || watchlists.length === 0) return found;
      for (const { watchlist, uscc } of await query<{ watchlist: string; uscc: string }>(pool, watched, [
        codes,
        watchlists,
      ]))
        found.get(watchlist)?.add(uscc);
      return found;
    },
  };
}
