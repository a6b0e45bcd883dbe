import { join } from 'node:path';
import type { Config } from '#kit/config.ts';
import type { Log } from '#kit/log.ts';
import { adoptEmbedded, startEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';

/** A database with all migrations applied, and what has to be stopped with this process. */
export interface Database extends AsyncDisposable {
  readonly url: string;
}

const migrations = join(import.meta.dirname, '../../prisma/migrations');

/**
 * Opens the configured database, or the embedded one of the data directory: started, or adopted where another process
 * runs it. All migrations are applied.
 * @throws MigrationError where a migration cannot be applied; a database that was started for it is stopped again
 */
export async function openDatabase(config: Config, log: Log): Promise<Database> {
  if (config.databaseUrl !== null) {
    await migrate({ url: config.databaseUrl, directory: migrations, log: (line) => log.info(line) });
    return { url: config.databaseUrl, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await startEmbedded({
    dataDir: join(config.dataDir, 'postgres'),
    log: (line) => log.debug(line),
    warn: (line) => log.warn(line),
  });
  try {
    await migrate({ url: server.url, directory: migrations, log: (line) => log.info(line) });
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/**
 * The connection string for a subgraph in its own process: the configured database, or the embedded one that a gateway
 * runs.
 * @throws Error when there is neither
 */
export async function joinDatabase(config: Config): Promise<string> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  const running = await adoptEmbedded({ dataDir: join(config.dataDir, 'postgres') });
  if (!running)
    throw new Error(
      `No DATABASE_URL is set and no gateway runs the embedded database in ${config.dataDir}: ` +
        `start one, or set DATABASE_URL.`,
    );
  return running.url;
}
