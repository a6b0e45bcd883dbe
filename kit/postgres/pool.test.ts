import pg from 'pg';
import { openEmptyDatabase, servers, type Database } from '#test/support/database.ts';
import type { TestServer } from '#test/support/testServers.ts';
import { createPool, query, statement, transaction, type Pool, type PoolOptions } from './pool.ts';

/** A database with two schemas, each with one table and a role that owns it. */
interface Fixture {
  readonly url: string;
  /** A pool of the superuser. */
  readonly pool: Pool;
  readonly entity: string;
  readonly namelist: string;
  open(options?: Partial<PoolOptions>): Pool;
}

/** Opens the database before the tests of the describe in which it is called, and drops it after them. */
function useDatabase(server: TestServer): Fixture {
  let database: Database;
  let pool: Pool;
  const suffix = `${process.pid}_${server.name.replace(/\W/g, '_')}`; // roles belong to the whole server
  const [entity, namelist] = [`pool_test_entity_${suffix}`, `pool_test_namelist_${suffix}`];

  const open = (options: Partial<PoolOptions> = {}): Pool =>
    createPool({ url: database.url, applicationName: 'pool test', max: 2, statementTimeoutMs: 5000, ...options });

  beforeAll(async () => {
    database = await openEmptyDatabase(server);
    pool = open();
    for (const [schema, role] of [
      ['entity', entity],
      ['namelist', namelist],
    ] as const) {
      await pool.query(`create role ${role} nologin`);
      await pool.query(`create schema ${schema} authorization ${role}`);
      await pool.query(`create table ${schema}.record (id int8 primary key, note text)`);
      await pool.query(`alter table ${schema}.record owner to ${role}`);
    }
  });

  afterAll(async () => {
    await pool.query(`drop owned by ${entity}, ${namelist}; drop role ${entity}, ${namelist}`);
    await pool.end();
    await database[Symbol.asyncDispose]();
  });

  return {
    entity,
    namelist,
    open,
    get url() {
      return database.url;
    },
    get pool() {
      return pool;
    },
  };
}

describe.each(servers())('on $name', (server) => {
  const fixture = useDatabase(server);
  describe('values', () => testValues(fixture));
  describe('sessions', () => testSessions(fixture));
  describe('statements', () => testStatements(fixture));
  describe('transactions', () => testTransactions(fixture));
  describe('connections', () => testConnections(fixture));
});

const types = statement(
  'test.types',
  `select 9007199254740993::int8 as "int8", array[1, null, 9007199254740993]::int8[] as "int8s",
          0.1::numeric + 0.2 as "numeric", array[0.1, 12345678901234567890.12]::numeric[] as "numerics",
          date '2026-11-23' as "date", array[date '0099-01-01'] as "dates",
          timestamptz '2026-11-23 09:02:03.004999+08' as "instant",
          array[timestamptz '2026-11-23 01:02:03Z', null] as "instants",
          timestamptz '2026-11-23 01:02:03.1Z' as "tenth", timestamptz 'infinity' as "forever",
          timestamp '2026-11-23 01:02:03' as "zoneless",
          7::int4 as "int4", null::date as "nothing"`,
);

function testValues(fixture: Fixture): void {
  test('values arrive as bigint, exact decimal, day, and UTC instant with milliseconds, in arrays too', async () => {
    expect(await query(fixture.pool, types)).toEqual([
      {
        int8: 9007199254740993n,
        int8s: [1n, null, 9007199254740993n],
        numeric: '0.3',
        numerics: ['0.1', '12345678901234567890.12'],
        date: '2026-11-23',
        dates: ['0099-01-01'],
        instant: '2026-11-23T01:02:03.004Z',
        instants: ['2026-11-23T01:02:03.000Z', null],
        tenth: '2026-11-23T01:02:03.100Z',
        forever: 'infinity',
        zoneless: '2026-11-23 01:02:03',
        int4: 7,
        nothing: null,
      },
    ]);
  });

  test('the types are those of our pools alone: a plain client of pg keeps its own', async () => {
    const client = new pg.Client({ connectionString: fixture.url });
    await client.connect();
    try {
      expect((await client.query('select 1::int8 as n')).rows).toEqual([{ n: '1' }]);
    } finally {
      await client.end();
    }
  });

  test('what was read can be written back unchanged', async () => {
    const echo = statement('test.echo', 'select $1::int8 as a, $2::timestamptz as b, $3::date as c, $4::int8[] as d');
    const values = [9007199254740993n, '2026-11-23T01:02:03.004Z', '2026-11-23', [1n, 2n]];
    expect(await query(fixture.pool, echo, values)).toEqual([
      { a: values[0], b: values[1], c: values[2], d: values[3] },
    ]);
  });
}

function testSessions(fixture: Fixture): void {
  test('the session is in UTC with every deadline set, also where the URL brings options of its own', async () => {
    const url = new URL(fixture.url);
    url.searchParams.set('options', '-c TimeZone=Asia/Shanghai -c work_mem=7MB');
    await using ours = fixture.open({ url: url.href, statementTimeoutMs: 1234, searchPath: 'entity, pg_catalog' });
    const settings = [
      'TimeZone',
      'work_mem',
      'search_path',
      'application_name',
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
    ];
    const { rows } = await ours.query<{ value: string }>(
      'select current_setting(name) as value from unnest($1::text[]) as name',
      [settings],
    );
    expect(rows.map(({ value }) => value)).toEqual([
      'UTC',
      '7MB',
      'entity, pg_catalog',
      'pool test',
      '1234ms',
      '1234ms',
      '15s',
    ]);
  });

  test('a role reads and writes its own schema, and may not even enter another', async () => {
    await using own = fixture.open({ role: fixture.entity });
    expect((await own.query('select current_user as role')).rows).toEqual([{ role: fixture.entity }]);
    await own.query(`insert into entity.record values (1, 'ours')`);
    expect((await own.query('select id, note from entity.record')).rows).toEqual([{ id: 1n, note: 'ours' }]);
    await expect(own.query('select * from namelist.record')).rejects.toThrow('permission denied for schema namelist');
    await expect(own.query(`insert into namelist.record values (1, 'theirs')`)).rejects.toThrow(
      'permission denied for schema namelist',
    );
    await expect(own.query('create table public.mine (n int)')).rejects.toThrow('permission denied for schema public');
    await expect(own.query(`copy entity.record to program 'true'`)).rejects.toMatchObject({ code: '42501' });
  });

  test('a role that does not exist fails the connection, it is not left out', async () => {
    await using other = fixture.open({ role: 'no_such_role' });
    await expect(other.query('select 1')).rejects.toThrow('role "no_such_role" does not exist');
  });
}

function testStatements(fixture: Fixture): void {
  test('a statement is prepared once per connection', async () => {
    await using one = fixture.open({ max: 1 });
    const answer = statement('test.answer', 'select $1::int as n');
    expect(await query(one, answer, [1])).toEqual([{ n: 1 }]);
    expect(await query(one, answer, [2])).toEqual([{ n: 2 }]);
    expect((await one.query('select name from pg_prepared_statements')).rows).toEqual([{ name: 'test.answer' }]);
  });

  test('a statement name that PostgreSQL would cut is refused when it is made', () => {
    expect(() => statement('x'.repeat(64), 'select 1')).toThrow('is not 1–63 letters');
  });

  test('a statement that runs too long is ended by the server, and the pool goes on', async () => {
    await using hasty = fixture.open({ max: 1, statementTimeoutMs: 500 });
    await expect(hasty.query('select pg_sleep(30)')).rejects.toThrow('canceling statement due to statement timeout');
    expect((await hasty.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
}

function testTransactions(fixture: Fixture): void {
  test('a transaction is committed when its work resolves and rolled back, with its error, on a throw', async () => {
    const insert = statement('test.insert', 'insert into entity.record (id, note) values ($1, $2)');
    expect(
      await transaction(fixture.pool, 'keep', async (client) => {
        await query(client, insert, [10n, 'kept']);
        return 'done';
      }),
    ).toBe('done');
    const twice = transaction(fixture.pool, 'insert twice', async (client) => {
      await query(client, insert, [11n, 'lost']);
      await query(client, insert, [10n, 'again']);
    });
    await expect(twice).rejects.toMatchObject({ code: '23505', constraint: 'record_pkey' });
    expect((await fixture.pool.query('select id from entity.record where id >= 10 order by id')).rows).toEqual([
      { id: 10n },
    ]);
  });

  test('work that swallows the error of a statement is not taken for done', async () => {
    const swallowed = transaction(fixture.pool, 'swallow', async (client) => {
      await client.query('select 1 / 0').catch(() => {});
    });
    await expect(swallowed).rejects.toThrow('Transaction "swallow" was rolled back: a statement in it had failed');
  });

  test('a transaction past its deadline is rolled back, its locks are free, and the pool goes on', async () => {
    await using small = fixture.open({ max: 1 });
    const stuck = transaction(
      small,
      'wait for ever',
      async (client) => {
        await client.query(`insert into entity.record values (20, 'never')`);
        await new Promise(() => {}); // an answer from outside that does not come
      },
      { deadlineMs: 100 },
    );
    await expect(stuck).rejects.toThrow('Transaction "wait for ever" was not done after 100 ms and was rolled back');
    // This would wait for the first transaction if that were still open.
    await small.query(`insert into entity.record values (20, 'next')`);
    expect((await small.query('select note from entity.record where id = 20')).rows).toEqual([{ note: 'next' }]);
  });

  test('a repeatable, read-only transaction sees one moment and cannot write', async () => {
    await transaction(
      fixture.pool,
      'read twice',
      async (client) => {
        const count = 'select count(*) as n from entity.record';
        const before = (await client.query(count)).rows;
        await fixture.pool.query(`insert into entity.record values (30, 'meanwhile')`);
        expect((await client.query(count)).rows).toEqual(before);
      },
      { isolation: 'repeatable read', readOnly: true },
    );
    const write = transaction(fixture.pool, 'write', (client) => client.query('delete from entity.record'), {
      readOnly: true,
    });
    await expect(write).rejects.toThrow('cannot execute DELETE in a read-only transaction');
  });
}

function testConnections(fixture: Fixture): void {
  test('connections that the server ends are reported and replaced', async () => {
    let lost: ((error: Error) => void) | undefined;
    const delivered = new Promise<Error>((resolve) => (lost = resolve));
    await using other = fixture.open({ max: 1, applicationName: 'to be ended', onIdleError: (error) => lost?.(error) });
    await other.query('select 1');
    await fixture.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'`,
    );
    expect((await delivered).message).toBe('terminating connection due to administrator command');
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('when every connection is taken, waiting for one ends', async () => {
    // The same deadline holds for making the first connection, which a busy machine may need more than 100 ms for.
    await using single = fixture.open({ max: 1, connectTimeoutMs: 2000 });
    const client = await single.connect();
    try {
      await expect(single.query('select 1')).rejects.toThrow('timeout exceeded when trying to connect');
    } finally {
      client.release();
    }
  });
}
