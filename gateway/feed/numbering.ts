import { type Client, query, statement } from '#kit/postgres/pool.ts';

// Rows of feed.outbox become rows of feed.log, with the next numbers (docs/PROTOCOL.md P2, P3, P5). Each step is one
// statement that commits by itself, so that a process that is stopped half-way holds no transaction open.
//
// Why it is right under READ COMMITTED. A statement sees what had been committed when it began, and then may wait for
// the one row of feed.sequencer. That row is locked where its epoch is still ours, and the values read from it are
// those of the locked version, not of the version that was seen (PostgreSQL checks again, "EvalPlanQual"): so no number
// is assigned twice. The numbers are counted over the rows that this statement deleted itself; a row that another
// statement deleted meanwhile is left out, so there is no gap.
//
// Why it is in order. A writer holds its schema's clock from the instant with which it stamps its rows until its commit
// (records/instants.ts). So of two changes in one schema a statement sees either both or not the later one alone, and
// later commits have greater instants and greater row ids. Between schemas there is no order to keep. Rows are taken by
// id, because that is the index: by the instant, all waiting rows were sorted for each batch, and 300 000 waiting rows
// were numbered at 20 000 rows/s instead of 58 000.

/** The channel of NOTIFY, once for each batch: the last number assigned. */
export const FEED_CHANGED = 'credit_graph_feed';

const LOCK = 4_706_133_951_204n; // any number that no other code locks in this database

const columns = [
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
  'filing_id',
  'row_count',
] as const;
const columnsOf = (row: string): string => columns.map((column) => `${row}.${column}`).join(', ');

const tryLock = statement('feed.sequencer.try_lock', 'select pg_try_advisory_lock($1::bigint) as "isLocked"');

const begin = statement(
  'feed.sequencer.begin',
  `update feed.sequencer
   set epoch = epoch + 1, holder = $1, at = now()
   returning epoch, last_seq as "lastSeq"`,
);

// `at` follows at least each second, so that readers can tell how old the numbering is; an empty outbox is otherwise
// only looked at.
const number = statement(
  'feed.sequencer.number',
  `with looked as (
     select sequencer.epoch = $1::bigint as is_ours,
       (select outbox.id from feed.outbox order by outbox.id limit 1) is not null
         or sequencer.at < now() - interval '900 milliseconds' as is_due
     from feed.sequencer
   ), held as (
     select sequencer.last_seq
     from feed.sequencer
     cross join looked
     where sequencer.epoch = $1::bigint
       and looked.is_due
     for update of sequencer
   ), picked as (
     select waiting.id
     from held
     cross join (
       select outbox.id
       from feed.outbox
       order by outbox.id
       limit $2
     ) waiting
   ), gone as (
     delete from feed.outbox
     using picked
     where outbox.id = picked.id
     returning outbox.id, ${columnsOf('outbox')}
   ), added as (
     insert into feed.log (seq, ${columns.join(', ')}, sequenced_at)
     select held.last_seq + row_number() over (order by gone.recorded_at, gone.id), ${columnsOf('gone')}, now()
     from gone
     cross join held
   ), counted as (
     select count(*) as moved
     from gone
   ), advanced as (
     update feed.sequencer
     set last_seq = held.last_seq + counted.moved, at = now()
     from held
     cross join counted
     where sequencer.epoch = $1::bigint
     returning sequencer.last_seq
   )
   select looked.is_ours and (advanced.last_seq is not null or not looked.is_due) as "isLeading",
     counted.moved::int as moved,
     advanced.last_seq as "lastSeq",
     case when counted.moved > 0 then pg_notify('${FEED_CHANGED}', advanced.last_seq::text)::text end as notified
   from looked
   cross join counted
   left join advanced on true`,
);

// From the oldest on and never past a row that must be kept, so that the log has no gap. By the database's clock,
// because a gateway's may be wrong.
const purge = statement(
  'feed.sequencer.purge',
  `with held as (
     select sequencer.purged_through
     from feed.sequencer
     where sequencer.epoch = $1::bigint
     for update
   ), oldest as (
     select log.seq, log.sequenced_at < now() - make_interval(days => $2) as is_due
     from held
     join feed.log on log.seq > held.purged_through and log.seq <= held.purged_through + $3::int
   ), due as (
     select coalesce(min(oldest.seq) filter (where not oldest.is_due) - 1, max(oldest.seq)) as through
     from oldest
   ), gone as (
     delete from feed.log
     using due, held
     where log.seq > held.purged_through
       and log.seq <= due.through
     returning log.seq
   ), advanced as (
     update feed.sequencer
     set purged_through = due.through
     from due
     cross join held
     where sequencer.epoch = $1::bigint
       and due.through > held.purged_through
   )
   select exists (select from held) as "isLeading", (select count(*) from gone)::int as purged`,
);

const measure = statement(
  'feed.sequencer.measure',
  `select waiting.depth, waiting.oldest_seconds as "oldestSeconds", sequencer.epoch,
     sequencer.last_seq as "lastSeq", sequencer.purged_through as "purgedThrough"
   from feed.sequencer
   cross join (
     select count(*)::int as depth,
       coalesce(greatest(extract(epoch from now() - min(outbox.recorded_at)), 0), 0)::float8 as oldest_seconds
     from feed.outbox
   ) waiting`,
);

/** The log as one session sees it. */
export interface Measured {
  /** Rows that wait for a number, and the age of the oldest of them. */
  readonly depth: number;
  readonly oldestSeconds: number;
  readonly epoch: bigint;
  readonly lastSeq: bigint;
  readonly purgedThrough: bigint;
}

const one = <Row>([row]: readonly Row[]): Row => {
  if (row === undefined) throw new Error('feed.sequencer has no row');
  return row;
};

/** Whether this session may number: it holds the lock until it ends. */
export const tryToLead = async (client: Client): Promise<boolean> =>
  one(await query<{ isLocked: boolean }>(client, tryLock, [String(LOCK)])).isLocked;

/** Begins an epoch. A former leader finds another epoch than its own. */
export const beginEpoch = async (
  client: Client,
  holder: string,
): Promise<{ readonly epoch: bigint; readonly lastSeq: bigint }> =>
  one(await query<{ epoch: bigint; lastSeq: bigint }>(client, begin, [holder]));

/** Numbers up to `limit` rows. Not leading: another epoch has begun, and nothing was done. */
export const numberNext = async (
  client: Client,
  epoch: bigint,
  limit: number,
): Promise<{ readonly isLeading: boolean; readonly moved: number; readonly lastSeq: bigint | null }> =>
  one(
    await query<{ isLeading: boolean; moved: number; lastSeq: bigint | null }>(client, number, [String(epoch), limit]),
  );

/** Deletes up to `limit` of the oldest rows, where they were numbered more than `days` ago. */
export const purgeNext = async (
  client: Client,
  epoch: bigint,
  days: number,
  limit: number,
): Promise<{ readonly isLeading: boolean; readonly purged: number }> =>
  one(await query<{ isLeading: boolean; purged: number }>(client, purge, [String(epoch), days, limit]));

export const measureFeed = async (client: Client): Promise<Measured> =>
  one(
    await query<{ depth: number; oldestSeconds: number; epoch: bigint; lastSeq: bigint; purgedThrough: bigint }>(
      client,
      measure,
    ),
  );
