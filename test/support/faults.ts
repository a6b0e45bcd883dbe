import pg from 'pg';
import { until } from './until.ts';

// Faults of a database that real programs meet, and that a test ends when it has seen enough. By a superuser's own
// session.

export interface HeldTable extends AsyncDisposable {
  /** How many statements that waited for the table were ended so far. */
  readonly ended: () => number;
}

/**
 * Keeps a table locked, and ends every backend that waits for it: to its program that is a lost connection in the
 * middle of a statement.
 */
export async function holdTable(databaseUrl: string, table: string, application: string): Promise<HeldTable> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  const watcher = new pg.Client({ connectionString: databaseUrl });
  await Promise.all([holder.connect(), watcher.connect()]);
  await holder.query('begin');
  await holder.query(`lock table ${table} in access exclusive mode`);
  let ended = 0;
  let isOver = false;
  const ending = until(
    'the table is let go',
    async () => {
      const { rowCount } = await watcher.query(
        `select pg_terminate_backend(pid)
         from pg_stat_activity
         where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
        [application],
      );
      ended += rowCount ?? 0;
      return isOver;
    },
    120_000,
  );
  return {
    ended: () => ended,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await ending;
      await holder.query('rollback');
      await Promise.all([holder.end(), watcher.end()]);
    },
  };
}

/** Keeps the changes that are committed from being numbered. */
export async function holdNumbering(databaseUrl: string): Promise<AsyncDisposable> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from feed.sequencer for update');
  return {
    async [Symbol.asyncDispose]() {
      await holder.query('rollback');
      await holder.end();
    },
  };
}
