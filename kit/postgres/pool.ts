import type { Socket } from 'node:net';
import pg from 'pg';
import { faultOf } from '../faults.ts';
import { inSpan, type SpanAttributes } from '../telemetry/scope.ts';
import { clientFor } from './reachability.ts';
import { rowMaker } from './rows.ts';

// Pools and queries over `pg`. Every wait has a deadline, and a value's type is the same whatever the machine's time zone:
//
//   bytea → hexadecimal · int8 → bigint · numeric → string · date → '2026-11-23' · timestamptz → '2026-11-23T01:02:03.004Z' · arrays of these alike

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
  /** An idle connection was lost (server restarted, network cut); the pool makes a new one at the next query. Told of the first until one is made. */
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
/** The server's own timeout answers first; the client's is for a server that no longer answers at all. */
const GRACE_MS = 2000;
/** How long a connection is silent before the system looks whether the other end is there: Linux gives up ten seconds later. */
const KEEP_ALIVE_MS = 10_000;

export function createPool(options: PoolOptions): Pool {
  const settings: Record<string, string | number> = {
    TimeZone: 'UTC', // adapter-pg drops the offset: under Asia/Shanghai reads and writes were off by 8 h
    DateStyle: 'ISO',
    temp_buffers: '32MB', // taken when used: a batch of a filing has 8 MB or a little more, the default, and then 4 % goes into files
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
    // The pool hears its idle clients alone. One that is ended while it is given out, and nothing is asked of it just then, would end this process.
    client.on('error', ignore);
  });
  // Without a listener a restart of the server would end this process.
  // While the pool ends, the server may be ending too.
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
    // Where one was lost, the others mostly were too: a server that ended, a network that was cut and says nothing of it. Who asks again
    // would be given one after the other, and wait on each. An error on an idle client makes the pool forget it at once.
    for (const other of idle) {
      other.emit('error', new Error('Connection terminated: another of the same pool was lost', { cause: error }));
      socketOf(other).destroy();
    }
    idle.clear();
  });
  traceQueries(pool, options.applicationName);
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}

/** A span for each query of a pool, by its statement's name or, where it has none, its first word: values never stand in either. */
function traceQueries(pool: pg.Pool, poolName: string): void {
  const send = pool.query.bind(pool) as (...asked: unknown[]) => Promise<unknown>;
  const traced = (...asked: unknown[]): Promise<unknown> => {
    // With a callback: pg's own use of it, from `query` itself.
    if (typeof asked.at(-1) === 'function') return send(...asked);
    const name = statementName(asked[0]);
    return inSpan(name, 'CLIENT', () => databaseAttributes(poolName, name), () => send(...asked));
  };
  pool.query = traced as typeof pool.query;
}

/** By the conventions for PostgreSQL: https://opentelemetry.io/docs/specs/semconv/database/postgresql/ */
const databaseAttributes = (pool: string, summary: string): SpanAttributes =>
  ({ 'db.system.name': 'postgresql', 'db.client.connection.pool.name': pool, 'db.query.summary': summary });

function statementName(asked: unknown): string {
  const { name, text } = typeof asked === 'string' ? { name: undefined, text: asked } : ((asked ?? {}) as { name?: string; text?: string });
  return name ?? /^\s*(\w{1,20})/.exec(text ?? '')?.[1]?.toLowerCase() ?? 'query';
}

/** Given at connection start (`options`), so that no query can come before them, and put after those of the URL itself. */
function withSettings(url: string, settings: Readonly<Record<string, string | number>>): string {
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, '\\$&')}`);
  const [base, search = ''] = url.split('?', 2) as [string, string?];
  const parameters = new URLSearchParams(search);
  parameters.set('options', [parameters.get('options') ?? '', ...ours].join(' ').trim());
  return `${base}?${parameters}`;
}

export function statement(name: string, text: string): Statement {
  // PostgreSQL cuts names at 63 bytes: two long ones would become the same statement.
  if (!/^[\w.-]{1,63}$/.test(name)) throw new Error(`Statement name ${JSON.stringify(name)} is not 1–63 letters, digits, _ . or -`);
  return Object.freeze({ name, text });
}

/** Runs a named statement on the pool, or on the client of a transaction. */
export async function query<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  { name, text }: Statement,
  values: readonly unknown[] = [],
  /** Sooner than the pool's own; past it the connection is given up (DEADLINE). */
  timeoutMs?: number,
): Promise<Row[]> {
  const { rows, fields } = await on.query({ name, text, values: [...values], rowMode: 'array', ...(timeoutMs === undefined ? null : { query_timeout: timeoutMs }) });
  return rows.length === 0 ? [] : rows.map(rowMaker<Row>(name, fields));
}

const ignore = (): void => {};

/** The client's own timeout: the server did not even say that it had given up. */
const isSilence = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout';
const isDeath = (error: unknown): boolean => isSilence(error) || faultOf(error)?.kind === 'CONNECTION_LOST';
const socketOf = (client: pg.PoolClient): Socket => (client as unknown as { connection: { stream: Socket } }).connection.stream; // not in its types; a client of its own has it

export interface TransactionOptions {
  /** For the whole transaction, the work between the statements included. Default 15 s. */
  readonly deadlineMs?: number;
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
}

export class TransactionDeadlineError extends Error {
  constructor(name: string, deadlineMs: number) {
    super(`Transaction "${name}" was not done after ${deadlineMs} ms and was rolled back`);
    this.name = 'TransactionDeadlineError';
  }
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. `work` may use only the client it
 * is given. Errors of the database come out as they are (callers read `constraint` and `code` from them).
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
  return inSpan(`transaction ${name}`, 'CLIENT', () => databaseAttributes(poolName, `transaction ${name}`), () => runTransaction(pool, name, work, options));
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
      // A transaction in which a statement failed answers `commit` with ROLLBACK: work that swallowed the error is not done.
      const { command } = await client.query('commit');
      if (command !== 'COMMIT') throw new Error(`Transaction "${name}" was rolled back: a statement in it had failed`);
      return result;
    } catch (error) {
      if (isSilence(error)) broken = error as Error; // nor would it answer `rollback`
      else if (!expired) await client.query('rollback').catch(() => (broken = error as Error));
      throw error;
    }
  };
  const running = run();
  try {
    return await Promise.race([running, deadline]);
  } finally {
    clearTimeout(timer);
    running.catch(ignore); // after the deadline nobody else hears of its failure
    if (!expired) client.release(broken);
  }
}

// --- types --------------------------------------------------------------------------------------------------------

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

const identity = (text: string): string => text;

/** 'YYYY-MM-DD HH:MM:SS[.ffffff]+00' → ISO with milliseconds (the rest is cut, not rounded: an instant never moves later). */
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
  [17, (text) => text.slice(2)], // bytea: its hexadecimal digits; a Buffer would only be made to be written as such again
  [20, BigInt], [1016, arrayOf(BigInt)], // int8
  [1082, identity], [1182, arrayOf(identity)], // date: a day, which a Date object would move by the zone
  [1114, identity], [1115, arrayOf(identity)], // timestamp without zone: not ours, never guessed
  [1184, instant], [1185, arrayOf(instant)], // timestamptz
  [1700, identity], [1231, arrayOf(identity)], // numeric; pg's own array parser makes floats of them
]);

/** Given to our pools alone: pg's own registry is global, and adapter-pg brings parsers of its own. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  (format !== 'binary' && PARSERS.get(oid)) || pg.types.getTypeParser(oid as TypeId, format as 'text')) as typeof pg.types.getTypeParser;
