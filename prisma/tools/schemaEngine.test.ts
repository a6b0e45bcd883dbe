import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { migrate } from '#kit/postgres/migrate.ts';
import { MIGRATIONS, openEmptyDatabase, servers, type Database } from '#test/support/database.ts';

// Prisma's own CLI, offline, on our engine script and this project's migrations.

const root = join(import.meta.dirname, '../..');

describe.each(servers())('on $name', (server) => {
  let database: Database;

  beforeEach(async () => {
    database = await openEmptyDatabase(server);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  async function prisma(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), ...args], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: database.url, CHECKPOINT_DISABLE: '1', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  test('what our runner applied, Prisma’s CLI finds up to date, and has nothing to deploy', async () => {
    await migrate({ url: database.url, directory: MIGRATIONS });
    expect(await prisma('migrate', 'status')).toEqual({
      code: 0,
      output: expect.stringContaining('Database schema is up to date!'),
    });
    expect(await prisma('migrate', 'deploy')).toEqual({
      code: 0,
      output: expect.stringContaining('No pending migrations to apply.'),
    });
  });

  test('what Prisma’s CLI deployed, our runner finds applied', async () => {
    expect(await prisma('migrate', 'deploy')).toEqual({
      code: 0,
      output: expect.stringContaining('All migrations have been successfully applied.'),
    });
    expect(await migrate({ url: database.url, directory: MIGRATIONS })).toEqual([]);
  });

  test('an empty database is reported as behind, with exit code 1', async () => {
    expect(await prisma('migrate', 'status')).toEqual({
      code: 1,
      output: expect.stringContaining('have not yet been applied'),
    });
  });
});

test('a database that cannot be reached is said so with Prisma’s code', async () => {
  const child = spawn(
    join(root, 'prisma/tools/schemaEngine.ts'),
    ['--datasource', '{"url":"postgresql://nobody@127.0.0.1:1/none"}', 'cli', 'can-connect-to-database'],
    {
      env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` },
    },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, last: JSON.parse(output.split('\n').at(-1) ?? '') as unknown }).toEqual({
    code: 1,
    last: {
      level: 'ERROR',
      target: 'schema_engine::logger',
      fields: { error_code: 'P1001', message: 'connect ECONNREFUSED 127.0.0.1:1' },
    },
  });
});
