import { shanghaiDay } from '#standards/dates.ts';
import { rightsColumns } from '#policy/rows.ts';
import type { SubgraphName } from './config.ts';
import { auditChange, facetsOf, type FeedTable, type RecordFeed } from './feed.ts';
import type { Instants } from './instants.ts';
import type { Log } from './log.ts';
import { type Pool, transaction } from './postgres/pool.ts';

// Publication begins and ends by the calendar, with nobody writing anything: what the public may see changes all the same, so it is told as
// a change is (docs/PROTOCOL.md, P7). Once a day, of all days since the last time.

/** Tells what began and ended to be published until today. @returns how many records. Safe on several instances at once. */
export type TurnDays = () => Promise<number>;

const DEADLINE_MS = 5 * 60_000;
/** Later than any day. */
const NEVER = '9999-12-31';

/** The records whose publication began or ended after `$2` and until `$3`; rows for the log as they are recorded at `$1`. */
function turnedOf({ schema, name, feed }: FeedTable & { readonly feed: RecordFeed }): string {
  const own = [...rightsColumns, 'erased_at'].map((column) => `record.${column}`).join(', ');
  const rows = (kind: string, before: string, when: string): string => `
    select '${feed.topic}', '${kind}', record.uscc, record.record_id, record.version, $1::timestamptz, ${own}, record.${feed.type}, ${feed.category === null ? 'null' : `record.${feed.category}`}, ${facetsOf('record', feed)} || '${before}'::jsonb, ${feed.basis('record')}
    from ${schema}.${name} record
    where record.superseded_at = 'infinity'
      and record.disclosure_level = 'PUBLIC'
      and record.withdrawn_on is null
      and record.erased_at is null
      and ${when}`;
  // One that was recorded in its term was told then; one whose term is over never began.
  return `
    insert into feed.outbox (topic, kind, uscc, record_id, version, recorded_at, ${[...rightsColumns, 'erased_at'].join(', ')}, type, category, before, basis)
    ${rows('UNPUBLISHED', `{"public_until": "${NEVER}"}`, 'record.public_until >= $2::date and record.public_until < $3::date and record.public_from <= $2::date')}
    union all
    ${rows('PUBLISHED', `{"public_from": "${NEVER}"}`, `record.public_from > $2::date and record.public_from <= $3::date and record.public_until >= $3::date and (record.recorded_at at time zone 'Asia/Shanghai')::date < record.public_from`)}`;
}

export function createTurnDays({ pool, instants, now }: { readonly pool: Pool; readonly instants: Instants; readonly now: () => Date }, schema: SubgraphName, tables: readonly (FeedTable & { readonly feed: RecordFeed })[]): TurnDays {
  const statements = tables.map(turnedOf);
  const isDue = async (today: string): Promise<boolean> => {
    const { rows } = await pool.query<{ day: string }>(`select published_through as day from ${schema}.clock`);
    return rows[0] !== undefined && rows[0].day < today;
  };
  return async () => {
    const today = shanghaiDay(now());
    if (statements.length === 0 || !(await isDue(today))) return 0;
    return transaction(pool, `publication days of ${schema}`, async (client) => {
      const recordedAt = await instants.stamp(client); // and the clock is held: another instance waits, and finds it done
      const { rows: [clock] } = await client.query<{ day: string }>(`select published_through as day from ${schema}.clock`);
      if (!clock || clock.day >= today) return 0;
      let told = 0;
      for (const statement of statements) told += (await client.query(statement, [recordedAt, clock.day, today])).rowCount ?? 0;
      await client.query(`update ${schema}.clock set published_through = $1::date`, [today]);
      if (told > 0) await auditChange(client, null, { schema, action: 'publication-days', recordedAt, filingId: null, rows: told, details: { after: clock.day, through: today } });
      return told;
    }, { deadlineMs: DEADLINE_MS });
  };
}

const EVERY_MS = 60_000;

/** Within a minute of each midnight in Shanghai, and again in a minute where it failed. */
export function startTurning(turn: TurnDays, now: () => Date, log: Log): Disposable {
  let turned = '';
  let isRunning = false;
  const run = (): void => {
    const today = shanghaiDay(now());
    if (today === turned || isRunning) return;
    isRunning = true;
    void turn()
      .then(
        (told) => {
          turned = today;
          if (told > 0) log.info({ told }, 'records began or ended to be published');
        },
        (error: unknown) => log.error({ err: error }, 'what began or ended to be published could not be told; it is tried again in a minute'),
      )
      .finally(() => (isRunning = false));
  };
  const timer = setInterval(run, EVERY_MS).unref();
  run();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
