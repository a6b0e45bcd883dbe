#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Prisma's schema engine for machines that cannot download it: PRISMA_SCHEMA_ENGINE_BINARY names this file
// (prisma.config.ts).
//
// Prisma's CLI talks to a native program, line by line, in JSON-RPC over stdio. Here the same engine runs as
// WebAssembly, from an npm package, on connections of `pg`. (Prisma's own adapter-pg cannot be those connections: it
// refuses the catalogue's type "char", and cuts scripts at every semicolon, those inside functions too.)
//
// Without DATABASE_URL it works on the embedded server of DATA_DIR, which is started for the command if it does not
// run.

import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type ColumnType,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { startEmbedded } from '#kit/postgres/embedded.ts';
import { EMBEDDED_URL } from './embeddedUrl.ts';

// --- connections --------------------------------------------------------------------------------------------------

/** One session; Prisma's engine never has two statements under way. */
class Connection implements SqlDriverAdapter {
  readonly provider = 'postgres';
  readonly adapterName = 'credit-graph';
  readonly #client: pg.Client;
  readonly #schema: string;
  readonly #onDispose: () => Promise<void>;

  private constructor(client: pg.Client, schema: string, onDispose: () => Promise<void>) {
    this.#client = client;
    this.#schema = schema;
    this.#onDispose = onDispose;
  }

  static async open(url: string, onDispose: () => Promise<void> = async () => {}): Promise<Connection> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, types: { getTypeParser } });
    client.on('error', () => {}); // the statement under way fails with it
    const schema = new URL(url).searchParams.get('schema') ?? 'public'; // where _prisma_migrations is
    await translated(async () => {
      await client.connect();
      await client.query(`set timezone = 'UTC'; set search_path = ${pg.escapeIdentifier(schema)}`);
    });
    return new Connection(client, schema, onDispose);
  }

  async queryRaw({ sql, args }: SqlQuery): Promise<SqlResultSet> {
    const { fields, rows } = await translated(() =>
      this.#client.query<unknown[]>({ text: sql, values: args as unknown[], rowMode: 'array' }),
    );
    return {
      columnNames: fields.map(({ name }) => name),
      columnTypes: fields.map(({ dataTypeID }) => columnTypeOf(dataTypeID)),
      rows,
    };
  }

  async executeRaw({ sql, args }: SqlQuery): Promise<number> {
    return (await translated(() => this.#client.query(sql, args as unknown[]))).rowCount ?? 0;
  }

  async executeScript(script: string): Promise<void> {
    await translated(() => this.#client.query(script));
  }

  async startTransaction(): Promise<Transaction> {
    await translated(() => this.#client.query('begin'));
    const { provider, adapterName } = this;
    return {
      provider,
      adapterName,
      options: { usePhantomQuery: false }, // the engine itself sends COMMIT and ROLLBACK
      queryRaw: (query) => this.queryRaw(query),
      executeRaw: (query) => this.executeRaw(query),
      commit: async () => {},
      rollback: async () => {},
    };
  }

  getConnectionInfo(): { schemaName: string; supportsRelationJoins: boolean } {
    return { schemaName: this.#schema, supportsRelationJoins: true };
  }

  async dispose(): Promise<void> {
    await this.#client.end();
    await this.#onDispose();
  }
}

const TYPES: Readonly<Record<number, ColumnType>> = {
  16: ColumnTypeEnum.Boolean,
  17: ColumnTypeEnum.Bytes,
  18: ColumnTypeEnum.Character,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  26: ColumnTypeEnum.Int64, // oid
  700: ColumnTypeEnum.Float,
  701: ColumnTypeEnum.Double,
  1000: ColumnTypeEnum.BooleanArray,
  1002: ColumnTypeEnum.CharacterArray,
  1003: ColumnTypeEnum.TextArray, // name[]
  1005: ColumnTypeEnum.Int32Array,
  1007: ColumnTypeEnum.Int32Array,
  1009: ColumnTypeEnum.TextArray,
  1016: ColumnTypeEnum.Int64Array,
  1028: ColumnTypeEnum.Int64Array, // oid[]
  1184: ColumnTypeEnum.DateTime,
};

function columnTypeOf(oid: number): ColumnType {
  return TYPES[oid] ?? ColumnTypeEnum.Text;
}

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];
const getTypeParser = ((oid: number) => {
  if (oid === 1002 || oid === 1003) return pg.types.getTypeParser(1009 as TypeId, 'text');
  if (oid === 26) return (text: string) => text;
  if (oid === 1184) return (text: string) => `${text.replace(' ', 'T')}:00`; // the session is in UTC: +00
  return TYPES[oid] === undefined ? (text: string) => text : pg.types.getTypeParser(oid as TypeId, 'text');
}) as typeof pg.types.getTypeParser;

/**
 * The engine knows some failures by kind (it offers to create a missing database), the others by PostgreSQL's own
 * words.
 */
async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code, message, severity, detail, column, hint, address, port } = error as pg.DatabaseError & {
      address?: string;
      port?: number;
    };
    const original = { ...(code === undefined ? null : { originalCode: code }), originalMessage: message };
    const named = /"([^"]+)"/.exec(message)?.[1];
    if (code === '3D000')
      throw new DriverAdapterError({ kind: 'DatabaseDoesNotExist', ...(named && { db: named }), ...original });
    if (code === '28P01')
      throw new DriverAdapterError({ kind: 'AuthenticationFailed', ...(named && { user: named }), ...original });
    if (code === '42P01')
      throw new DriverAdapterError({ kind: 'TableDoesNotExist', ...(named && { table: named }), ...original });
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ENOENT') {
      throw new DriverAdapterError({
        kind: 'DatabaseNotReachable',
        ...(address && { host: address }),
        ...(port && { port }),
        ...original,
      });
    }
    throw new DriverAdapterError({
      kind: 'postgres',
      code: code ?? 'N/A',
      severity: severity ?? 'ERROR',
      message,
      detail,
      column,
      hint,
      ...original,
    });
  }
}

function connectionsTo(url: string, shadowUrl: string | undefined): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: 'postgres',
    adapterName: 'credit-graph',
    connect: () => Connection.open(url),
    /** The database in which migrations are replayed to learn their result; it is dropped afterwards. */
    async connectToShadowDb() {
      if (shadowUrl) return Connection.open(shadowUrl);
      const name = `prisma_migrate_shadow_db_${randomUUID()}`;
      await execute(url, `create database "${name}" template template0`);
      return Connection.open(withDatabase(url, name), () =>
        execute(url, `drop database if exists "${name}" with (force)`),
      );
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const connection = await Connection.open(url);
  try {
    await connection.executeScript(sql);
  } finally {
    await connection.dispose();
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

// --- the engine ---------------------------------------------------------------------------------------------------

/** Methods that Prisma's CLI names differently from the engine. */
const RENAMED: Readonly<Record<string, string>> = { getDatabaseVersion: 'version' };

interface Request {
  readonly id: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      datamodels: { type: 'string', multiple: true },
      datasource: { type: 'string' },
      version: { type: 'boolean' },
    },
    allowPositionals: true,
    strict: false, // the native engine's other flags have no meaning here
  });
  if (values.version) {
    console.log('schema-engine-cli (WebAssembly over pg)');
    return;
  }
  await using resources = new AsyncDisposableStack();
  const datasource = JSON.parse(String(values.datasource ?? '{}')) as { url?: string; shadowDatabaseUrl?: string };

  let databaseUrl: Promise<string> | undefined;
  const urlOf = (): Promise<string> =>
    (databaseUrl ??= (async () => {
      if (datasource.url && datasource.url !== EMBEDDED_URL) return datasource.url;
      const dataDir = join(process.env['DATA_DIR'] ?? join(import.meta.dirname, '../../.data'), 'postgres');
      return resources.use(await startEmbedded({ dataDir })).url;
    })());

  const createDatabase = async (): Promise<string> => {
    const url = await urlOf();
    const name = decodeURIComponent(new URL(url).pathname.slice(1));
    await execute(
      withDatabase(url, 'postgres'),
      `create database ${pg.escapeIdentifier(name)} template template0 encoding 'UTF8'`,
    );
    return name;
  };
  if (positionals[0] === 'cli') {
    await answerOnce(positionals[1], { canConnect: async () => execute(await urlOf(), ''), createDatabase });
    return;
  }

  let engine: Promise<SchemaEngine> | undefined;
  const engineOf = (): Promise<SchemaEngine> =>
    (engine ??= (async () => {
      const paths = (values.datamodels ?? []) as string[];
      const datamodels = await Promise.all(
        paths.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')]),
      );
      const factory = bindMigrationAwareSqlAdapterFactory(connectionsTo(await urlOf(), datasource.shadowDatabaseUrl));
      // An empty list makes the engine panic.
      return SchemaEngine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, () => {}, factory);
    })());

  const answer = async ({ method = '', params }: Request): Promise<unknown> => {
    // The engine itself has connections only.
    if (method === 'createDatabase') return { databaseName: await createDatabase() };
    const running = (await engineOf()) as unknown as Record<
      string,
      ((params: unknown) => Promise<unknown>) | undefined
    >;
    const name = RENAMED[method] ?? method;
    if (typeof running[name] !== 'function') throw new Error(`${method} is not a method of the schema engine`);
    const result = (await running[name](params)) ?? null;
    if (method !== 'diff') return result;
    // The native engine prints by requesting it from the CLI, so that its output stays apart from the protocol.
    const { exitCode, stdout } = result as { exitCode: number; stdout: string | null };
    if (stdout !== null) send({ id: randomUUID(), method: 'print', params: { content: stdout } });
    return { exitCode, stdout: null };
  };

  let queue = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  // The CLI closes our input and sends SIGTERM in the same moment.
  process.once('SIGTERM', () => lines.close());
  for await (const line of lines) {
    const request = JSON.parse(line) as Request;
    if (request.method === undefined) continue; // the CLI's answer to a print
    queue = queue
      .then(() => answer(request))
      .then(
        (result) => send({ id: request.id, result }),
        (error: unknown) => send({ id: request.id, error: describe(error) }),
      );
  }
  await queue;
}

/**
 * Runs `schema-engine cli can-connect-to-database|create-database`: the exit code is the answer, and a log line on
 * stderr gives the reason for a failure.
 */
async function answerOnce(
  command: string | undefined,
  work: { canConnect(): Promise<void>; createDatabase(): Promise<string> },
): Promise<void> {
  try {
    if (command === 'can-connect-to-database') await work.canConnect();
    else if (command === 'create-database') await work.createDatabase();
    else throw new Error(`unknown command ${command}`);
  } catch (error) {
    const { cause, message } = error as DriverAdapterError;
    const kind = (cause as DriverAdapterError['cause'] | undefined)?.kind ?? '';
    const fields = { error_code: ERROR_CODES[kind] ?? 'P1017', message: cause?.originalMessage ?? message };
    // The CLI skips the first line.
    const greeting = { level: 'INFO', target: 'schema_engine', fields: { message: 'Starting schema engine CLI' } };
    process.stderr.write(
      [greeting, { level: 'ERROR', target: 'schema_engine::logger', fields }]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    process.exitCode = 1;
  }
}

/** P1003 makes the CLI create the database. https://www.prisma.io/docs/orm/reference/error-reference */
const ERROR_CODES: Readonly<Record<string, string>> = {
  DatabaseNotReachable: 'P1001',
  AuthenticationFailed: 'P1000',
  DatabaseDoesNotExist: 'P1003',
};

/**
 * In the shape of the native engine: the CLI shows `message`, and acts on `error_code` (P1003: offer to create the
 * database).
 */
function describe(error: unknown): object {
  const { message, code, meta } = error as { message?: string; code?: string; meta?: unknown };
  const text = message ?? String(error);
  const errorCode = code ?? /^(P\d{4})/.exec(text)?.[1];
  return {
    code: 4466,
    message: 'An error happened. Check the data field for details.',
    data: { is_panic: false, message: text, ...(errorCode && { error_code: errorCode }), meta: meta ?? null },
  };
}

await main();
// The engine's own timers (10 s for its lock, 60 s for others) would hold this process, and the CLI with it.
process.exit();
