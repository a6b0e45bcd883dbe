import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { openDatabase, type Database } from '#test/support/database.ts';

// prisma/schema.prisma describes every table that the migrations make, in the words in which Prisma reads them back
// from a database (`prisma db pull`): columns, types, nullability, defaults, keys and indexes. Names of models, fields
// and relations are our own, and the order of lines is free.

const root = join(import.meta.dirname, '../..');
const SCHEMA = join(root, 'prisma/schema.prisma');

/** Of each model and enum its lines, without comments and with single spaces. */
function blocksOf(schema: string): Map<string, Set<string>> {
  const blocks = new Map<string, Set<string>>();
  for (const [, kind, name, body = ''] of schema.matchAll(/^(model|enum|view) (\w+) \{\n(.*?)^\}/gms)) {
    const lines = body.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
    blocks.set(`${kind} ${name}`, new Set(lines.filter((line) => line !== '' && !line.startsWith('//'))));
  }
  return blocks;
}

/** What one of two schemas says and the other does not, each with the model it belongs to. */
function differences(written: string, pulled: string): string[] {
  const [ours, theirs] = [blocksOf(written), blocksOf(pulled)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((block) => {
    const [here = new Set<string>(), there = new Set<string>()] = [ours.get(block), theirs.get(block)];
    return [
      ...[...there.difference(here)].map((line) => `${block}: only in the database: ${line}`),
      ...[...here.difference(there)].map((line) => `${block}: only in schema.prisma: ${line}`),
    ];
  });
}

describe('prisma/schema.prisma and the migrated database', () => {
  let database: Database;
  let folder: string;

  beforeEach(async () => {
    database = await openDatabase();
    folder = await mkdtemp(join(tmpdir(), 'credit-graph-schema-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    await database[Symbol.asyncDispose]();
  });

  /** The database in Prisma's words, with the names that the given schema has for its tables and columns. */
  async function pull(schema: string): Promise<string> {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'node_modules/prisma/build/index.js'), 'db', 'pull', '--print', '--schema', schema],
      { cwd: root, env: { ...process.env, DATABASE_URL: database.url, CHECKPOINT_DISABLE: '1', NO_COLOR: '1' } },
    );
    return stdout;
  }

  async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  test('say the same of every table', async () => {
    const written = await readFile(SCHEMA, 'utf8');
    const [{ count } = { count: 0 }] = await query<{ count: number }>(
      `select count(*)::int as count from pg_tables
       where schemaname !~ '^(pg_|information_schema$)' and tablename <> '_prisma_migrations'`,
    );
    expect(blocksOf(written).size).toBe(count);
    expect(differences(written, await pull(SCHEMA))).toEqual([]);
  });

  test('have the same PostgreSQL schemas', async () => {
    const [, list = ''] = /^ {2}schemas\s*=\s*(\[.*\])$/m.exec(await readFile(SCHEMA, 'utf8')) ?? [];
    const rows = await query<{ name: string }>(
      `select nspname as name from pg_namespace where nspname !~ '^(pg_|information_schema$|public$)'`,
    );
    expect((JSON.parse(list) as string[]).toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
  });

  test('differ by name when a field is taken from the one or something is changed in the other', async () => {
    const written = await readFile(SCHEMA, 'utf8');
    const without = written.replace(/^ {2}grantedBy .*\n/m, '');
    expect(without).not.toBe(written);
    const schema = join(folder, 'schema.prisma');
    await writeFile(schema, without);
    await query(`
      alter table gateway.revoked_token add column note text;
      alter table gateway.filing alter column mode set default 'REPLACE';
      alter table gateway.webhook alter column topic drop not null;
      alter table gateway.watchlist alter column size type bigint;
      drop index gateway.export_to_make;
      create table gateway.unmodelled (id uuid primary key)`);
    expect(differences(without, await pull(schema)).toSorted()).toEqual([
      'model Export: only in schema.prisma: @@index([createdAt, id], map: "export_to_make", where: ' +
        `raw("(status = ANY (ARRAY['CREATED'::text, 'RUNNING'::text, 'CANCELLING'::text]))"))`,
      'model Filing: only in schema.prisma: mode String @default("ADD")',
      'model Filing: only in the database: mode String @default("REPLACE")',
      'model Grant: only in the database: granted_by String',
      'model RevokedToken: only in the database: note String?',
      'model Watchlist: only in schema.prisma: size Int @default(0)',
      'model Watchlist: only in the database: size BigInt @default(0)',
      'model Webhook: only in schema.prisma: topic String',
      'model Webhook: only in the database: topic String?',
      'model unmodelled: only in the database: @@schema("gateway")',
      'model unmodelled: only in the database: id String @id @db.Uuid',
    ]);
  });
});
