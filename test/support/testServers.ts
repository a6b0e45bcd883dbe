import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '#kit/postgres/embedded.ts';
import { exists } from '#kit/postgres/process.ts';

// The PostgreSQL servers of one Jest run, in Jest's own process (globalSetup, globalTeardown); tests see them through
// test/support/database.ts. A child process inherits the environment, which is how the list reaches Jest's workers.

export interface TestServer {
  /** 'embedded 18', 'server 15' */
  readonly name: string;
  /** A superuser's connection string. */
  readonly url: string;
}

/** What the tests learn of the run they are part of. */
export interface TestRun {
  readonly servers: readonly [TestServer, ...TestServer[]];
  /** Every database of this run begins with it. */
  readonly prefix: string;
}

export const RUN_VARIABLE = 'CREDIT_GRAPH_TEST_RUN';
const PREFIX = 'credit_graph_test_';

let cleanUp = new AsyncDisposableStack();

/**
 * The embedded server, and a real one when there is one: that of TEST_DATABASE_URL, else one that trusts us on port
 * 5432.
 */
export async function startTestServers(): Promise<void> {
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-test-'));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  // Each of the many processes that tests start would compile the same files again.
  process.env['NODE_COMPILE_CACHE'] = join(directory, 'compiled');
  const embedded = starting.use(await startEmbedded({ dataDir: join(directory, 'data'), fsync: false }));
  const servers: [TestServer, ...TestServer[]] = [{ name: 'embedded 18', url: embedded.url }];

  const asked = process.env['TEST_DATABASE_URL'];
  const candidates = asked
    ? [asked]
    : [userInfo().username, 'postgres'].map((user) => `postgresql://${user}@127.0.0.1:5432/postgres`);
  for (const url of candidates) {
    const found = await probe(url);
    if (found instanceof Error) {
      if (asked) throw new Error(`TEST_DATABASE_URL cannot be used: ${found.message}`, { cause: found });
      continue;
    }
    servers.push({ name: `server ${found}`, url });
    // A process number shows that on this machine's server alone.
    await dropDatabases(url, (run) => !asked && !exists(run));
    starting.defer(() => dropDatabases(url, (run) => run === process.pid));
    break;
  }
  if (servers.length === 1)
    console.log('Database tests run on the embedded PostgreSQL alone: no other server was found (TEST_DATABASE_URL)');
  const run: TestRun = { servers, prefix: `${PREFIX}${process.pid}_` };
  process.env[RUN_VARIABLE] = JSON.stringify(run);
  cleanUp = starting.move();
}

export async function stopTestServers(): Promise<void> {
  await cleanUp.disposeAsync();
}

/** The server's major version when a superuser can work there, else why not. */
async function probe(url: string): Promise<number | Error> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; superuser: boolean }>(
      `select current_setting('server_version_num')::int / 10000 as version, rolsuper as superuser
        from pg_roles
        where rolname = current_user`,
    );
    const { version, superuser } = rows[0] ?? { version: 0, superuser: false };
    if (version < 15) return new Error(`PostgreSQL ${version} is older than 15`);
    return superuser ? version : new Error('the tests create roles and databases: a superuser is needed');
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Drops databases by the process number of the Jest run that made them: those of this run, and what killed runs left
 * behind.
 */
async function dropDatabases(url: string, shouldDrop: (run: number) => boolean): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [PREFIX],
    );
    for (const { datname } of rows) {
      const run = Number.parseInt(datname.slice(PREFIX.length), 10);
      if (shouldDrop(run)) await client.query(`drop database if exists ${pg.escapeIdentifier(datname)} with (force)`);
    }
  } finally {
    await client.end();
  }
}
