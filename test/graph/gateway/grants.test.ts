import { silentLog } from '#kit/log.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { GRANTS_CHANGED, ListeningGrantStore } from '#gateway/grants/store.ts';
import { type Database, openDatabase } from '#test/support/database.ts';
import { until } from '#test/support/until.ts';
import pg from 'pg';

let database: Database;
let client: pg.Client;
beforeAll(async () => {
  database = await openDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

test('every change that is heard of makes another version; without listening there is none', async () => {
  await using pool = createOwnPool(database.url, 'gateway', silentLog);
  await using store = new ListeningGrantStore(pool, database.url, silentLog);
  expect(store.version).toBeNull();
  await store.listen();
  const versions = [store.version];
  const another = async (what: string): Promise<void> => {
    await until(what, () => store.version !== null && !versions.includes(store.version));
    versions.push(store.version);
  };
  store.forget();
  await another('what this process changed');
  await client.query(`select pg_notify($1, '')`, [GRANTS_CHANGED]);
  await another('what another gateway changed');
  await client.query(
    `select pg_terminate_backend(pid)
      from pg_stat_activity
      where application_name = 'gateway grants' and datname = current_database()`,
  );
  await until('the connection is lost', () => store.version === null);
  await another('what may have changed meanwhile');
  expect(versions).toEqual([...versions].toSorted((a, b) => Number(a) - Number(b)));
});
