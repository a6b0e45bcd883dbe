import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openEmptyDatabase, servers, type Database } from '#test/support/database.ts';
import type { TestServer } from '#test/support/testServers.ts';
import { migrate } from './migrate.ts';

const FIRST = 'create schema entity;\ncreate table entity.profile (uscc char(18) primary key);\n';
const SECOND = 'alter table entity.profile add column name text;\n';

/** An empty database, and a folder with FIRST and SECOND as migrations. */
interface Fixture {
  readonly target: { readonly url: string; readonly directory: string };
  /** Writes a migration to the folder. */
  put(name: string, sql: string): Promise<void>;
  /** The rows of a query, read by a plain client of pg. */
  rows(sql: string): Promise<unknown[]>;
}

/** Opens the database and the folder before each test, and removes them after it. */
function useMigrations(server: TestServer): Fixture {
  let database: Database;
  let directory: string;

  beforeEach(async () => {
    database = await openEmptyDatabase(server);
    directory = await mkdtemp(join(tmpdir(), 'credit-graph-migrations-'));
    await put('20260101000000_first', FIRST);
    await put('20260102000000_second', SECOND);
    await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"\n');
  });

  afterEach(async () => {
    await database[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  async function put(name: string, sql: string): Promise<void> {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  }

  async function rows(sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }

  return {
    get target() {
      return { url: database.url, directory };
    },
    put,
    rows,
  };
}

describe.each(servers())('on $name', (server) => {
  const fixture = useMigrations(server);
  describe('what is applied', () => testApplied(fixture));
  describe('what is refused', () => testRefused(fixture));
});

const columns = `
  select column_name as name
  from information_schema.columns
  where table_schema = 'entity'
  order by ordinal_position`;

function testApplied(fixture: Fixture): void {
  test('migrations are applied in order, once, and booked as Prisma books them', async () => {
    const log: string[] = [];
    expect(await migrate({ ...fixture.target, log: (message) => log.push(message) })).toEqual([
      '20260101000000_first',
      '20260102000000_second',
    ]);
    expect(await migrate(fixture.target)).toEqual([]);
    expect(await fixture.rows(columns)).toEqual([{ name: 'uscc' }, { name: 'name' }]);
    expect(
      await fixture.rows(`select migration_name, checksum, finished_at >= started_at as in_time, logs, rolled_back_at,
                         applied_steps_count, length(id) as id
                  from _prisma_migrations
                  order by migration_name`),
    ).toEqual(
      [FIRST, SECOND].map((sql, index) => ({
        migration_name: ['20260101000000_first', '20260102000000_second'][index],
        checksum: createHash('sha256').update(sql).digest('hex'),
        in_time: true,
        logs: null,
        rolled_back_at: null,
        applied_steps_count: 1,
        id: 36,
      })),
    );
    expect(log.map((line) => line.replace(/\d+ ms/, 'N ms'))).toEqual([
      'applied migration 20260101000000_first (N ms)',
      'applied migration 20260102000000_second (N ms)',
    ]);
  });

  test('several processes that migrate at once apply each migration once', async () => {
    const program = `
      import { migrate } from './kit/postgres/migrate.ts';
      console.log(JSON.stringify(await migrate({ url: process.argv[1], directory: process.argv[2] })));`;
    const outputs = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const child = spawn(
          process.execPath,
          ['--input-type=module-typescript', '--eval', program, fixture.target.url, fixture.target.directory],
          {
            cwd: join(import.meta.dirname, '../..'),
            stdio: ['ignore', 'pipe', 'inherit'],
          },
        );
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk));
        await once(child, 'close');
        return JSON.parse(output) as string[];
      }),
    );
    expect(outputs.toSorted((a, b) => a.length - b.length)).toEqual([
      [],
      [],
      ['20260101000000_first', '20260102000000_second'],
    ]);
  });

  test('other line ends in a checkout are no change', async () => {
    await migrate(fixture.target);
    await fixture.put('20260101000000_first', FIRST.replaceAll('\n', '\r\n'));
    expect(await migrate(fixture.target)).toEqual([]);
  });

  test('an older version that restarts on a newer database says so and goes on', async () => {
    await migrate(fixture.target);
    await rm(join(fixture.target.directory, '20260102000000_second'), { recursive: true });
    const log: string[] = [];
    expect(await migrate({ ...fixture.target, log: (message) => log.push(message) })).toEqual([]);
    expect(log).toEqual(['migration 20260102000000_second of the database is not known to this version']);
  });
}

function testRefused(fixture: Fixture): void {
  test('a failed migration is named with its line, leaves nothing, keeps earlier ones, can be repaired', async () => {
    await fixture.put(
      '20260103000000_third',
      'create table entity.half (n int);\n\nalter table entity.missing add column n int;\n',
    );
    await expect(migrate(fixture.target)).rejects.toThrow(
      'Migration 20260103000000_third failed and left nothing behind: relation "entity.missing" does not exist',
    );
    expect(
      await fixture.rows(
        `select to_regclass('entity.half')::text as half, (select count(*)::int from _prisma_migrations) as booked`,
      ),
    ).toEqual([{ half: null, booked: 2 }]);
    await fixture.put('20260103000000_third', 'select 1;\nselekt 2;\n');
    await expect(migrate(fixture.target)).rejects.toThrow(
      'Migration 20260103000000_third failed at line 2 and left nothing behind: syntax error at or near "selekt"',
    );
    await fixture.put('20260103000000_third', 'create table entity.whole (n int);\n');
    expect(await migrate(fixture.target)).toEqual(['20260103000000_third']);
  });

  test('a migration changed after it was applied is refused by name, before any later one is applied', async () => {
    await migrate(fixture.target);
    await fixture.put('20260101000000_first', `${FIRST}-- an afterthought\n`);
    await fixture.put('20260103000000_third', 'create table entity.third (n int);');
    await expect(migrate(fixture.target)).rejects.toThrow(
      'Migration 20260101000000_first was changed after it was applied: ' +
        'restore its file, and put the change in a new migration',
    );
    expect(await fixture.rows(`select to_regclass('entity.third')::text as third`)).toEqual([{ third: null }]);
  });

  test('a migration that Prisma’s CLI left failed is refused by name until it is resolved', async () => {
    await migrate(fixture.target);
    await fixture.rows(
      `update _prisma_migrations set finished_at = null where migration_name = '20260102000000_second'`,
    );
    await expect(migrate(fixture.target)).rejects.toThrow(
      'Migration 20260102000000_second failed earlier and was left half applied: ' +
        'repair the database, then run npx prisma migrate resolve',
    );
    await fixture.rows(
      `update _prisma_migrations set rolled_back_at = now() where migration_name = '20260102000000_second'`,
    );
    await fixture.rows('alter table entity.profile drop column name');
    expect(await migrate(fixture.target)).toEqual(['20260102000000_second']);
  });

  test('a folder without migration.sql is refused by name', async () => {
    await mkdir(join(fixture.target.directory, '20260103000000_empty'));
    await expect(migrate(fixture.target)).rejects.toThrow(
      'Migration 20260103000000_empty has no readable migration.sql',
    );
  });
}
