import { shanghaiDay } from '#standards/dates.ts';
import { rightsColumns } from '#policy/rows.ts';
import { auditChange, facetsOf, type FeedTable, type RecordFeed } from './outbox.ts';
import type { Instants } from './instants.ts';
import { type Pool, transaction } from '#kit/postgres/pool.ts';
import { type DailyOptions, startDaily } from './daily.ts';

// Publication begins and ends by the calendar, without anybody writing. What the public may see changes all the same,
// so it is published as an event (docs/PROTOCOL.md, P7), once a day, for all days since the last run.

/**
 * Writes events for the records whose publication began or ended until today. Safe to run on several instances at once.
 * @returns how many records
 */
export type PublicationCalendar = () => Promise<number>;

const DEADLINE_MS = 5 * 60_000;
/** Later than any day. */
const NEVER = '9999-12-31';

/**
 * SQL: rows for the log, recorded at `$1`, of the records whose publication began or ended after `$2` and until `$3`.
 */
function turnedOf({ schema, name, feed }: FeedTable & { readonly feed: RecordFeed }): string {
  const own = [...rightsColumns, 'erased_at'].map((column) => `record.${column}`).join(', ');
  const rows = (kind: string, before: string, when: string): string => `
    select '${feed.topic}', '${kind}', record.uscc, record.record_id, record.version, $1::timestamptz,
           ${own},
           record.${feed.type}, ${feed.category === null ? 'null' : `record.${feed.category}`},
           ${facetsOf('record', feed)} || '${before}'::jsonb, ${feed.basis('record')}
    from ${schema}.${name} record
    where record.superseded_at = 'infinity'
      and record.disclosure_level = 'PUBLIC'
      and record.withdrawn_on is null
      and record.erased_at is null
      and ${when}`;
  const hasEnded = `record.public_until >= $2::date
      and record.public_until < $3::date
      and record.public_from <= $2::date`;
  // A record that was recorded within its term had its event then. One whose term is over never began.
  const hasBegun = `record.public_from > $2::date
      and record.public_from <= $3::date
      and record.public_until >= $3::date
      and (record.recorded_at at time zone 'Asia/Shanghai')::date < record.public_from`;
  return `
    insert into feed.outbox
      (topic, kind, uscc, record_id, version, recorded_at, ${[...rightsColumns, 'erased_at'].join(', ')},
       type, category, before, basis)
    ${rows('UNPUBLISHED', `{"public_until": "${NEVER}"}`, hasEnded)}
    union all
    ${rows('PUBLISHED', `{"public_from": "${NEVER}"}`, hasBegun)}`;
}

/** Creates the calendar of one schema over its tables of records. */
export function createPublicationCalendar(
  { pool, instants, now }: { readonly pool: Pool; readonly instants: Instants; readonly now: () => Date },
  schema: string,
  tables: readonly (FeedTable & { readonly feed: RecordFeed })[],
): PublicationCalendar {
  const statements = tables.map(turnedOf);
  const hasUnpublishedDays = async (today: string): Promise<boolean> => {
    const { rows } = await pool.query<{ day: string }>(`select published_through as day from ${schema}.clock`);
    return rows[0] !== undefined && rows[0].day < today;
  };
  return async () => {
    const today = shanghaiDay(now());
    if (statements.length === 0 || !(await hasUnpublishedDays(today))) return 0;
    return transaction(
      pool,
      `publication days of ${schema}`,
      async (client) => {
        // The stamp also holds the clock: another instance waits for it, and then finds the work done.
        const recordedAt = await instants.stamp(client);
        const {
          rows: [clock],
        } = await client.query<{ day: string }>(`select published_through as day from ${schema}.clock`);
        if (!clock || clock.day >= today) return 0;
        let delivered = 0;
        for (const statement of statements)
          delivered += (await client.query(statement, [recordedAt, clock.day, today])).rowCount ?? 0;
        await client.query(`update ${schema}.clock set published_through = $1::date`, [today]);
        if (delivered > 0)
          await auditChange(client, null, {
            schema,
            action: 'publication-days',
            recordedAt,
            filingId: null,
            rows: delivered,
            details: { after: clock.day, through: today },
          });
        return delivered;
      },
      { deadlineMs: DEADLINE_MS },
    );
  };
}

const EVERY_MS = 60_000;

/** Runs the calendar within a minute of each midnight in Shanghai, and again within a minute of a failure. */
export const startPublicationCalendar = (
  run: PublicationCalendar,
  options: DailyOptions,
  everyMs: number = EVERY_MS,
): Disposable =>
  startDaily(run, {
    ...options,
    firstMs: 0,
    everyMs,
    work: 'publication_days',
    began: 'what began or ended to be published could not be delivered; it is tried again each minute',
    over: 'what begins or ends to be published is delivered again',
    onDone(delivered) {
      if (delivered > 0) options.log.info({ delivered }, 'records began or ended to be published');
    },
  });
