import { createHash, randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '#kit/postgres/migrate.ts';
import { RUN_VARIABLE, type TestRun, type TestServer } from './testServers.ts';

// One database per test file: a clone of a template that is migrated once for each state of prisma/migrations. Cloning
// takes tens of milliseconds, migrating seconds, and a test that commits needs no cleaning up.
//
//   describe.each(servers())('on $name', (server) => {
//     let database: Database;
//     beforeAll(async () => { database = await openDatabase(server); });
//     afterAll(() => database[Symbol.asyncDispose]());

export const MIGRATIONS = join(import.meta.dirname, '../../prisma/migrations');

export interface Database extends AsyncDisposable {
  /** A superuser's connection string. */
  readonly url: string;
  readonly server: TestServer;
}

/** The embedded server first; then a real one, when this run found one. Known while Jest collects tests. */
export function servers(): TestRun['servers'] {
  return testRun().servers;
}

/** A migrated database of its own. Dispose it when its pools are closed; sessions still open are ended. */
export function openDatabase(server: TestServer = servers()[0], migrations: string = MIGRATIONS): Promise<Database> {
  return create(
    server,
    async (client, name) => `create database ${name} template ${await ensureTemplate(client, server, migrations)}`,
  );
}

/** An empty database, for tests of migrations themselves. */
export function openEmptyDatabase(server: TestServer = servers()[0]): Promise<Database> {
  return create(server, async (_, name) => createEmpty(name));
}

async function create(
  server: TestServer,
  statementFor: (client: pg.Client, name: string) => Promise<string>,
): Promise<Database> {
  const name = `${testRun().prefix}${randomBytes(6).toString('hex')}`;
  await onServer(server, async (client) => {
    await client.query(await statementFor(client, name));
  });
  return {
    url: urlOf(server, name),
    server,
    async [Symbol.asyncDispose]() {
      await onServer(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

function testRun(): TestRun {
  const text = process.env[RUN_VARIABLE];
  if (!text) throw new Error('No test servers: jest.config.js must name test/support/globalSetup.ts as globalSetup');
  return JSON.parse(text) as TestRun;
}

// template0: the only one that may be given an encoding and locale other than the server's own.
const createEmpty = (name: string): string =>
  `create database ${name} template template0 encoding 'UTF8' locale 'C.UTF-8'`;

async function ensureTemplate(client: pg.Client, server: TestServer, migrations: string): Promise<string> {
  // Named by its content: each folder of migrations has its own.
  const name = `${testRun().prefix}template_${await hashOf(migrations)}`;
  const exists = async (): Promise<boolean> =>
    (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
  if (await exists()) return name;
  await client.query('select pg_advisory_lock(hashtext($1))', [name]);
  if (!(await exists())) {
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(createEmpty(draft));
    await migrate({ url: urlOf(server, draft), directory: migrations });
    await client.query(`alter database ${draft} rename to ${name}`); // complete from the first moment that it is seen
  }
  await client.query('select pg_advisory_unlock(hashtext($1))', [name]);
  return name;
}

async function hashOf(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.sql')).toSorted();
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(await readFile(join(directory, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

function urlOf(server: TestServer, database: string): string {
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer<Result>(server: TestServer, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
