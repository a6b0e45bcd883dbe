import { setTimeout as pause } from 'node:timers/promises';
import { query, statement, type Client, type Pool } from '#kit/postgres/pool.ts';
import { clientError } from '#kit/errors.ts';

/**
 * Recorded time of one schema. `recorded_at` strictly follows commit order: a writer takes the next instant from the
 * one row of `clock` and holds that row until it commits, so the next writer's instant is later and becomes visible
 * later. Therefore the last committed value is sealed: nothing will ever be recorded at or before it.
 */
export interface Instants {
  /**
   * Takes the instant of this transaction's records. Call it as late as possible: other writers of the schema wait
   * until the transaction commits.
   */
  stamp(client: Client): Promise<string>;
  /** Seals up to now where no writer is under way, and returns the sealed instant. */
  seal(): Promise<string>;
  /**
   * Returns when `knownAt` is sealed here.
   * @param promised what all sources that answered had sealed when the operation began. This source may have been away
   * then, or a writer may hold its clock: the call waits for the writer up to that instant.
   * @throws KNOWN_AT_TOO_LATE for a later instant, and for one in the future; SUBGRAPH_UNAVAILABLE, retryable, when the
   * writer takes too long
   */
  require(knownAt: string, promised: string): Promise<void>;
}

/** A writer takes its instant as late as it can, so it commits within milliseconds, or it is in trouble. */
const WRITER_MS = 1000;
const RENEW_MS = 20;

/** Creates the recorded time of one schema, which has a table `clock` with one row. */
export function createInstants(pool: Pool, schema: string): Instants {
  const next = statement(
    `${schema}.clock.stamp`,
    `update ${schema}.clock
     set last = greatest(date_trunc('milliseconds', clock_timestamp()), last + interval '1 millisecond')
     returning last`,
  );
  // A clock that a writer holds is skipped: waiting for it would make every reader as slow as the slowest writer.
  const sealNow = statement(
    `${schema}.clock.seal`,
    `with free as (select only_row from ${schema}.clock for update skip locked),
          sealed as (
            update ${schema}.clock
            set last = greatest(date_trunc('milliseconds', clock_timestamp()), last)
            from free
            where clock.only_row = free.only_row
            returning last)
     select last, date_trunc('milliseconds', clock_timestamp()) as now from sealed
     union all
     select last, date_trunc('milliseconds', clock_timestamp()) as now
     from ${schema}.clock
     where not exists (select from sealed)`,
  );
  let sealed = '';
  /** What the server's clock showed at the last sealing. */
  let serverNow = '';
  let underWay: Promise<string> | null = null;
  // Calls at the same time share one statement.
  const renew = (): Promise<string> => (underWay ??= instants.seal().finally(() => (underWay = null)));
  const instants: Instants = {
    async stamp(client) {
      const [row] = await query<{ last: string }>(client, next);
      if (!row) throw new Error(`${schema}.clock has no row`);
      return row.last;
    },
    async seal() {
      const [row] = await query<{ last: string; now: string }>(pool, sealNow);
      if (!row) throw new Error(`${schema}.clock has no row`);
      serverNow = row.now;
      if (row.last > sealed) sealed = row.last;
      return sealed;
    },
    async require(knownAt, promised) {
      // A sealing under way may have begun too early. The next one begins after it, and five hundred events share it.
      if (knownAt <= sealed || knownAt <= (await renew()) || knownAt <= (await renew())) return;
      if (knownAt <= promised && knownAt <= serverNow) {
        for (const until = performance.now() + WRITER_MS; performance.now() < until;) {
          await pause(RENEW_MS);
          if (knownAt <= (await renew())) return;
        }
        throw clientError('SUBGRAPH_UNAVAILABLE', `What was known at ${knownAt} is being settled: ask again.`, {
          retryable: true,
        });
      }
      throw clientError('KNOWN_AT_TOO_LATE', `What was known at ${knownAt} is not settled yet.`, {
        argument: 'knownAt',
        expected: `an instant up to ${sealed}`,
      });
    },
  };
  return instants;
}
