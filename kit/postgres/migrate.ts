import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

// Applies prisma/migrations at boot, in Prisma's own book-keeping, so that `prisma migrate status` and `deploy` agree
// with it: same table, same checksums, same advisory lock. Prisma's CLI is thus not part of what runs in production.

export interface MigrateOptions {
  /** Connection string of a role that may create schemas and roles. */
  readonly url: string;
  /** The folder that holds `<name>/migration.sql`. */
  readonly directory: string;
  readonly log?: (message: string) => void;
}

/** Names the migration that cannot be applied, and what to do about it. */
export class MigrationError extends Error {
  readonly migration: string;

  constructor(migration: string, message: string, options?: ErrorOptions) {
    super(`Migration ${migration} ${message}`, options);
    this.name = 'MigrationError';
    this.migration = migration;
  }
}

const PRISMA_ADVISORY_LOCK = 72707369; // schema-engine, flavour/postgres: also taken by `prisma migrate`
const LOCK_DEADLINE_MS = 120_000; // another instance may be applying them at this moment
const STATEMENT_DEADLINE_MS = 1_800_000; // an index on a nation's records takes its time; a lock held for ever does not

// Prisma's table, column by column.
const CREATE_TABLE = `
  create table if not exists public._prisma_migrations (
    id varchar(36) primary key not null,
    checksum varchar(64) not null,
    finished_at timestamptz,
    migration_name varchar(255) not null,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`;

interface Applied {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/**
 * Applies pending migrations, oldest first, each with its book-keeping in one transaction, so that it is applied whole
 * or not at all. Safe to run from several processes at once. Migrations of the database that the folder does not have
 * are left alone: while a new version is rolled out, an instance of the old one may restart.
 *
 * @returns the names of the migrations applied now
 * @throws MigrationError for one that fails, whose file was changed after it was applied, or that Prisma's CLI left
 * failed
 */
export async function migrate({ url, directory, log = () => {} }: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'credit-graph migrate',
  });
  // The query under way fails with the connection's own error; without a listener the event would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(
      `set timezone = 'UTC';
       set search_path = public;
       set lock_timeout = ${LOCK_DEADLINE_MS};
       set statement_timeout = ${STATEMENT_DEADLINE_MS}`,
    );
    // The session holds the lock and ends with it: a killed process leaves no lock behind.
    await client.query('select pg_advisory_lock($1)', [PRISMA_ADVISORY_LOCK]).catch((cause: unknown) => {
      throw new Error(`Another process has been applying migrations for ${LOCK_DEADLINE_MS / 1000} s`, { cause });
    });
    await client.query(CREATE_TABLE);
    const pending = pendingOf(migrations, await readApplied(client), log);
    for (const migration of pending) {
      const startedAt = performance.now();
      await apply(client, migration);
      log(`applied migration ${migration.name} (${Math.round(performance.now() - startedAt)} ms)`);
    }
    return pending.map(({ name }) => name);
  } finally {
    await client.end().catch(() => {});
  }
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8').catch((cause: unknown) => {
        throw new MigrationError(name, 'has no readable migration.sql', { cause });
      });
      return { name, sql, checksum: sha256(sql) };
    }),
  );
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(`
    select migration_name, checksum, finished_at is not null as finished
    from public._prisma_migrations
    where rolled_back_at is null
    order by started_at, migration_name`);
  return rows;
}

function pendingOf(
  migrations: readonly Migration[],
  applied: readonly Applied[],
  log: (message: string) => void,
): Migration[] {
  const failed = applied.find(({ finished }) => !finished);
  if (failed) {
    throw new MigrationError(
      failed.migration_name,
      'failed earlier and was left half applied: repair the database, then run npx prisma migrate resolve',
    );
  }
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum } of applied) {
    const migration = byName.get(name);
    if (!migration) log(`migration ${name} of the database is not known to this version`);
    else if (!checksumsOf(migration).includes(checksum)) {
      throw new MigrationError(
        name,
        'was changed after it was applied: restore its file, and put the change in a new migration',
      );
    }
  }
  const done = new Set(applied.map(({ migration_name }) => migration_name));
  return migrations.filter(({ name }) => !done.has(name));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query(
      `insert into public._prisma_migrations
         (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the connection itself may be what failed
    throw new MigrationError(name, `failed${lineOf(error, sql)} and left nothing behind: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function lineOf(error: unknown, sql: string): string {
  const position = Number((error as pg.DatabaseError).position);
  return position > 0 ? ` at line ${sql.slice(0, position).split('\n').length}` : '';
}

/** A checkout that changes line ends (Windows) does not change a migration; Prisma is as lenient. */
function checksumsOf({ sql, checksum }: Migration): string[] {
  const unix = sql.replaceAll('\r\n', '\n');
  return [checksum, sha256(unix), sha256(unix.replaceAll('\n', '\r\n'))];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
