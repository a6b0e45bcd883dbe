import { rightsColumns } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from './record.ts';

// What a subgraph writes about a change in the transaction of the change (docs/PROTOCOL.md, P1): a row for the log and
// one for the audit. Every row for the log carries the instant stamped in its transaction (records/instants.ts), so the
// order of the rows is that of the commits.

/** A table whose records have an event each. */
export interface RecordFeed {
  /** The name of a topic of the subgraph (records/topic.ts). */
  readonly topic: string;
  /** The columns that a subscriber's filter calls type and category. */
  readonly type: string;
  readonly category: string | null;
  /**
   * The column of the day on which the record came to its end, where it has one. Once that is set, the event is
   * DELISTED.
   */
  readonly removedOn: string | null;
  /** SQL: the reason for the withdrawal that the version itself states; null where it states none. */
  readonly withdrawnFor: (row: string) => string;
  /** SQL: the basis of the version and the day from which it applies, as jsonb. */
  readonly basis: (row: string) => string;
}

/** A table that has one event for each batch and none for a record. */
export interface BatchFeed {
  readonly topic: 'ACT' | 'ENTITY';
}

export type Feed = RecordFeed | BatchFeed;

/** A table of records, and the events of its changes. */
export interface FeedTable {
  readonly schema: string;
  readonly name: string;
  readonly feed: Feed;
}

/** Whether each record of the table has its own events; a table without them has one for each batch. */
export const hasRecordEvents = (feed: Feed): feed is RecordFeed => 'type' in feed;

/** SQL: what a filter matches of a record, its rights and its type, under the names of feed.outbox. */
export function facetsOf(row: string, { type, category }: RecordFeed): string {
  const same = [...rightsColumns, 'erased_at'].map((column) => `'${column}', ${row}.${column}`);
  const own = [`'type', ${row}.${type}`, `'category', ${category === null ? 'null' : `${row}.${category}`}`];
  return `jsonb_build_object(${[...same, ...own].join(', ')})`;
}

/** A record that was written. */
export interface WrittenRecord {
  readonly uscc: string;
  readonly recordId: string;
  /** The version that is believed now. */
  readonly version: number;
  /** `stateOf` the version that was believed before, taken before its rights changed; null when there was none. */
  readonly before: string | null;
}

/** The transaction of a change. */
export interface ChangeStamp {
  /** The instant stamped in the transaction. */
  readonly recordedAt: string;
  readonly filingId: string | null;
}

export interface FeedWriter {
  /**
   * SQL: the facets of a version as text, to be read under the clock before a change; null where records have no
   * events.
   */
  stateOf(row: string): string;
  /** Writes what changed: a row for each record, or one for all. The versions are in the table already. */
  announce(client: Client, stamp: ChangeStamp, records: readonly WrittenRecord[]): Promise<void>;
}

/** Creates the writer of a table's rows in feed.outbox, in the transaction of the change. */
export function createFeed({ schema, name, feed }: FeedTable): FeedWriter {
  if (!hasRecordEvents(feed)) {
    return {
      stateOf: () => 'null::text',
      announce: (client, stamp, records) => announceBatch(client, feed.topic, stamp, records.length),
    };
  }
  const table = `${schema}.${name}`;
  const { topic, type, category, removedOn, withdrawnFor, basis } = feed;
  const own = [...rightsColumns, 'erased_at'];
  const isDelisted =
    removedOn && `record.withdrawn_on is null and record.${removedOn} is not null and earlier.${removedOn} is null`;
  // The effect of a change is seen from the states before and after it. Each version costs one lookup in the primary
  // key, whatever the planner knows of the table (filing/comparison.ts); the statement is planned with its values,
  // which are 1 to 5 000 records. It takes 16 µs a record, of the 84 that recording a list entry takes.
  const write = `
    insert into feed.outbox
      (topic, kind, reason, uscc, record_id, version, recorded_at, ${own.join(', ')},
       type, category, before, basis, filing_id)
    select '${topic}',
           case
             when change.before is null then 'ADDED'
             when record.erased_at is not null and change.before::jsonb->>'erased_at' is null then 'ERASED'
             when record.withdrawn_on is not null and change.before::jsonb->>'withdrawn_on' is null then 'WITHDRAWN'
             ${isDelisted === null ? '' : `when ${isDelisted} then 'DELISTED'`}
             else 'CORRECTED'
           end,
           case when record.withdrawn_on is not null then coalesce(
             ${withdrawnFor('record')},
             case record.withdrawal_reason when '${NOT_IN_REPLACEMENT}' then record.withdrawal_reason end
           ) end,
           record.uscc, record.record_id, record.version, $5::timestamptz,
           ${own.map((column) => `record.${column}`).join(', ')},
           record.${type}, ${category === null ? 'null' : `record.${category}`},
           change.before::jsonb, ${basis('record')}, $6::uuid
    from unnest($1::text[], $2::uuid[], $3::int[], $4::text[])
      with ordinality as change(uscc, record_id, version, before, position)
    cross join lateral (
      select written.*
      from ${table} written
      where written.uscc = change.uscc and written.record_id = change.record_id and written.version = change.version
      limit 1
    ) record
    ${
      removedOn === null
        ? ''
        : `left join lateral (
      select former.${removedOn}
      from ${table} former
      where former.uscc = change.uscc and former.record_id = change.record_id and former.version = change.version - 1
      limit 1
    ) earlier on true`
    }
    order by change.position`;

  return {
    stateOf: (row) => `(${facetsOf(row, feed)})::text`,
    async announce(client, { recordedAt, filingId }, records) {
      if (records.length === 0) return;
      const { rowCount } = await client.query(write, [
        records.map(({ uscc }) => uscc),
        records.map(({ recordId }) => recordId),
        records.map(({ version }) => version),
        records.map(({ before }) => before),
        recordedAt,
        filingId,
      ]);
      if (rowCount !== records.length)
        throw new Error(`${rowCount} of ${records.length} changes of ${table} were found`);
    },
  };
}

const batch = statement(
  'feed.announce_batch',
  `insert into feed.outbox (topic, kind, recorded_at, filing_id, row_count)
   values ($1, 'BATCH', $2::timestamptz, $3::uuid, $4)`,
);

/** Writes one row to the log for a batch of `rows` rows; none for an empty batch. */
export async function announceBatch(
  client: Client,
  topic: BatchFeed['topic'],
  { recordedAt, filingId }: ChangeStamp,
  rows: number,
): Promise<void> {
  if (rows > 0) await query(client, batch, [topic, recordedAt, filingId, rows]);
}

/** What was done, for the audit. */
export interface AuditedChange extends ChangeStamp {
  readonly schema: string;
  /** The mutation, or the kind of filing. */
  readonly action: string;
  /** Set where the change was of one record. */
  readonly record?: { readonly uscc: string; readonly recordId: string; readonly version: number };
  readonly rows: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Stands for the role where no caller acted: the rules and the clock did. */
const NOBODY = 'SYSTEM';

const audit = statement(
  'audit.write_change',
  `insert into audit.change
     (at, schema, action, organisation, role, actor, purpose, token_id,
      filing_id, uscc, record_id, version, row_count, details)
   values ($1::timestamptz, $2, $3, $4, $5, $6, $7, $8, $9::uuid, $10, $11::uuid, $12, $13, $14::jsonb)`,
);

/**
 * Writes the audit of a change: one row for each mutation or batch.
 * @param viewer null where no caller acted
 */
export async function auditChange(
  client: Client,
  viewer: Viewer | null,
  { schema, action, recordedAt, filingId, record, rows, details }: AuditedChange,
): Promise<void> {
  await query(client, audit, [
    recordedAt,
    schema,
    action,
    viewer?.organisation ?? null,
    viewer?.role ?? NOBODY,
    viewer?.actor ?? null,
    viewer?.purpose ?? null,
    viewer?.tokenId ?? null,
    filingId,
    record?.uscc ?? null,
    record?.recordId ?? null,
    record?.version ?? null,
    rows,
    details ? JSON.stringify(details) : null,
  ]);
}
