import type { Socket } from 'node:net';
import pg from 'pg';
import { faultOf } from '#kit/faults.ts';
import { inSpan, type SpanAttributes } from '#kit/telemetry/scope.ts';
import { clientFor } from './reachability.ts';
import { rowMaker } from './rows.ts';

// Pools and queries over `pg`. Every wait has a deadline, and a value's type is the same whatever the machine's time
// zone:
//
//   bytea → hexadecimal · int8 → bigint · numeric → string · date → '2026-11-23' ·
//   timestamptz → '2026-11-23T01:02:03.004Z' · arrays of these alike

export interface PoolOptions {
  readonly url: string;
  /** Postgres role that the sessions take on (`set role`), so that a pool reaches only what that role was granted. */
  readonly role?: string;
  readonly searchPath?: string;
  /** Shown in pg_stat_activity: the process's part, such as 'gateway audit' or 'namelist'. */
  readonly applicationName: string;
  readonly max: number;
  readonly statementTimeoutMs: number;
  /** For a free connection of the pool as well as for a new one. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /**
   * Called when an idle connection was lost (server restarted, network cut), for the first one until a new one is made.
   * The pool makes a new connection at the next query.
   */
  readonly onIdleError?: (error: Error) => void;
}

export type Pool = pg.Pool & AsyncDisposable;
export type Client = pg.PoolClient;

/** A named prepared statement: parsed and planned once per connection. Make them at module level with `statement()`. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const CONNECT_DEADLINE_MS = 5000;
const LOCK_DEADLINE_MS = 5000;
const IDLE_IN_TRANSACTION_MS = 15_000;
/** The server's own timeout comes first; the client's is for a server that no longer answers at all. */
const GRACE_MS = 2000;
/** How long a connection is silent before the system probes the other end: Linux gives up ten seconds later. */
const KEEP_ALIVE_MS = 10_000;

/** Creates a pool: every wait has a deadline, and values have the types listed above. */
export function createPool(options: PoolOptions): Pool {
  const settings: Record<string, string | number> = {
    TimeZone: 'UTC', // adapter-pg drops the offset: under Asia/Shanghai reads and writes were off by 8 h
    DateStyle: 'ISO',
    // Taken when used. A batch of a filing has 8 MB (the default) or a little more; with 8 MB, 4 % goes into files.
    temp_buffers: '32MB',
    jit: 'off', // on by default on a server of one's own, and compiling costs more than our queries take
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: Math.min(LOCK_DEADLINE_MS, options.statementTimeoutMs),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    client_connection_check_interval: 2000, // a query whose client was killed stops, instead of running to its timeout
    ...(options.role === undefined ? null : { role: options.role }),
    ...(options.searchPath === undefined ? null : { search_path: options.searchPath }),
  };
  const pool = new pg.Pool({
    Client: clientFor(options.url),
    connectionString: withSettings(options.url, settings),
    application_name: options.applicationName,
    max: options.max,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_DEADLINE_MS,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    query_timeout: options.statementTimeoutMs + GRACE_MS,
    types: { getTypeParser },
  } as pg.PoolConfig);
  let isLost = false;
  pool.on('connect', (client) => {
    isLost = false;
    // The pool listens to its idle clients alone. A client that is lost while it is checked out without a query under
    // way would otherwise end this process.
    client.on('error', ignore);
  });
  // Without a listener a restart of the server would end this process. While the pool ends, the server may be ending
  // too.
  pool.on('error', (error) => {
    if (!pool.ending && !isLost) options.onIdleError?.(error);
    isLost = true;
  });
  const idle = new Set<pg.PoolClient>();
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('release', (error: unknown, client) => {
    if (!error) idle.add(client);
    if (!isDeath(error)) return;
    // Where one connection was lost, the others usually were too: a server that ended, or a network that was cut
    // without notice. A caller that retries would receive one after the other and wait on each. An error on an idle
    // client makes the pool drop it at once.
    for (const other of idle) {
      other.emit('error', new Error('Connection terminated: another of the same pool was lost', { cause: error }));
      socketOf(other).destroy();
    }
    idle.clear();
  });
  traceQueries(pool, options.applicationName);
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}

/**
 * Makes a span for each query of a pool, named after its statement or, where it has no name, its first word: neither
 * contains values.
 */
function traceQueries(pool: pg.Pool, poolName: string): void {
  const send = pool.query.bind(pool) as (...asked: unknown[]) => Promise<unknown>;
  const traced = (...asked: unknown[]): Promise<unknown> => {
    // With a callback it is pg's own use, from `query` itself.
    if (typeof asked.at(-1) === 'function') return send(...asked);
    const name = statementName(asked[0]);
    return inSpan(
      name,
      'CLIENT',
      () => databaseAttributes(poolName, name),
      () => send(...asked),
    );
  };
  pool.query = traced as typeof pool.query;
}

/** By the conventions for PostgreSQL: https://opentelemetry.io/docs/specs/semconv/database/postgresql/ */
const databaseAttributes = (pool: string, summary: string): SpanAttributes => ({
  'db.system.name': 'postgresql',
  'db.client.connection.pool.name': pool,
  'db.query.summary': summary,
});

function statementName(asked: unknown): string {
  const { name, text } =
    typeof asked === 'string' ? { name: undefined, text: asked } : ((asked ?? {}) as { name?: string; text?: string });
  return name ?? /^\s*(\w{1,20})/.exec(text ?? '')?.[1]?.toLowerCase() ?? 'query';
}

/**
 * Settings are passed at connection start (`options`), so that no query can precede them, and after those of the URL
 * itself.
 */
function withSettings(url: string, settings: Readonly<Record<string, string | number>>): string {
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, '\\$&')}`);
  const [base, search = ''] = url.split('?', 2) as [string, string?];
  const parameters = new URLSearchParams(search);
  parameters.set('options', [parameters.get('options') ?? '', ...ours].join(' ').trim());
  return `${base}?${parameters}`;
}

/**
 * Makes a named prepared statement.
 * @throws Error for a name that is not 1–63 letters, digits, _ . or -
 */
export function statement(name: string, text: string): Statement {
  // PostgreSQL cuts names at 63 bytes: two long ones would become the same statement.
  if (!/^[\w.-]{1,63}$/.test(name))
    throw new Error(`Statement name ${JSON.stringify(name)} is not 1–63 letters, digits, _ . or -`);
  return Object.freeze({ name, text });
}

/** Runs a named statement on the pool, or on the client of a transaction. */
export async function query<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  { name, text }: Statement,
  values: readonly unknown[] = [],
  /** Shorter than the pool's own timeout, in milliseconds; when it passes the connection is given up (DEADLINE). */
  timeoutMs?: number,
): Promise<Row[]> {
  const { rows, fields } = await on.query({
    name,
    text,
    values: [...values],
    rowMode: 'array',
    ...(timeoutMs === undefined ? null : { query_timeout: timeoutMs }),
  });
  return rows.length === 0 ? [] : rows.map(rowMaker<Row>(name, fields));
}

const ignore = (): void => {};

/** Whether the client's own timeout ended it: the server did not even report that it gave up. */
const isSilence = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout';
const isDeath = (error: unknown): boolean => isSilence(error) || faultOf(error)?.kind === 'CONNECTION_LOST';
const socketOf = (client: pg.PoolClient): Socket =>
  // Its types do not have it; a client of its own does.
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

export interface TransactionOptions {
  /** For the whole transaction, the work between the statements included. Default 15 s. */
  readonly deadlineMs?: number;
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
}

/** A transaction that took longer than its deadline and was rolled back. */
export class TransactionDeadlineError extends Error {
  constructor(name: string, deadlineMs: number) {
    super(`Transaction "${name}" was not done after ${deadlineMs} ms and was rolled back`);
    this.name = 'TransactionDeadlineError';
  }
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. `work` may use only the
 * client that it receives. Errors of the database are thrown unchanged (callers read `constraint` and `code` from
 * them).
 *
 * @param name what is done, for errors and pg_stat_activity: 'publish listing'
 * @throws TransactionDeadlineError — unless the deadline fell into the commit itself, nothing was written
 */
export function transaction<Result>(
  pool: pg.Pool,
  name: string,
  work: (client: pg.PoolClient) => Promise<Result>,
  options: TransactionOptions = {},
): Promise<Result> {
  const { application_name: poolName = '' } = pool.options;
  return inSpan(
    `transaction ${name}`,
    'CLIENT',
    () => databaseAttributes(poolName, `transaction ${name}`),
    () => runTransaction(pool, name, work, options),
  );
}

async function runTransaction<Result>(
  pool: pg.Pool,
  name: string,
  work: (client: pg.PoolClient) => Promise<Result>,
  { deadlineMs = 15_000, isolation = 'read committed', readOnly = false }: TransactionOptions,
): Promise<Result> {
  const client = await pool.connect();
  let expired = false;
  let broken: Error | boolean = false;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      expired = true;
      broken = true;
      // Closing the socket is the only way out of a statement that hangs; the server rolls back by itself.
      client.release(true);
      reject(new TransactionDeadlineError(name, deadlineMs));
    }, deadlineMs);
  });
  const run = async (): Promise<Result> => {
    try {
      await client.query(`begin isolation level ${isolation}${readOnly ? ' read only' : ''}`);
      const result = await work(client);
      // A transaction in which a statement failed answers `commit` with ROLLBACK: work that swallowed the error has not
      // been done.
      const { command } = await client.query('commit');
      if (command !== 'COMMIT') throw new Error(`Transaction "${name}" was rolled back: a statement in it had failed`);
      return result;
    } catch (error) {
      if (isSilence(error))
        broken = error as Error; // nor would it answer `rollback`
      else if (!expired) await client.query('rollback').catch(() => (broken = error as Error));
      throw error;
    }
  };
  const running = run();
  try {
    return await Promise.race([running, deadline]);
  } finally {
    clearTimeout(timer);
    running.catch(ignore); // after the deadline nothing else handles its failure
    if (!expired) client.release(broken);
  }
}

// --- types --------------------------------------------------------------------------------------------------------

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

const identity = (text: string): string => text;

/**
 * 'YYYY-MM-DD HH:MM:SS[.ffffff]+00' → ISO with milliseconds (the rest is cut, not rounded: an instant never moves
 * later).
 */
function instant(text: string): string {
  if (!text.endsWith('+00') || text.charCodeAt(10) !== 0x20) return unusualInstant(text);
  const fraction = text.charCodeAt(19) === 0x2e ? text.slice(20, -3).slice(0, 3).padEnd(3, '0') : '000';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}

function unusualInstant(text: string): string {
  if (text === 'infinity' || text === '-infinity') return text;
  const date = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(date.getTime())) throw new Error(`Not an instant of the common era with a four-digit year: ${text}`);
  return date.toISOString();
}

const textArray = pg.types.getTypeParser(1009 as TypeId, 'text') as (text: string) => Nested<string>;
type Nested<T> = (T | null | Nested<T>)[];

function arrayOf<T>(parse: (text: string) => T): (text: string) => Nested<T> {
  const map = (values: Nested<string>): Nested<T> =>
    values.map((value) => (value === null ? null : Array.isArray(value) ? map(value) : parse(value)));
  return (text) => map(textArray(text));
}

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  // bytea: its hexadecimal digits. A Buffer would only be made to be written as hexadecimal digits again.
  [17, (text) => text.slice(2)],
  [20, BigInt],
  [1016, arrayOf(BigInt)], // int8
  [1082, identity],
  [1182, arrayOf(identity)], // date: a day, which a Date object would move by the zone
  [1114, identity],
  [1115, arrayOf(identity)], // timestamp without zone: not ours, never guessed
  [1184, instant],
  [1185, arrayOf(instant)], // timestamptz
  [1700, identity],
  [1231, arrayOf(identity)], // numeric; pg's own array parser makes floats of them
]);

/** Only for our pools: pg's own registry is global, and adapter-pg brings its own parsers. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  (format !== 'binary' && PARSERS.get(oid)) ||
  pg.types.getTypeParser(oid as TypeId, format as 'text')) as typeof pg.types.getTypeParser;
