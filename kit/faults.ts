import { GraphQLError } from 'graphql';
import { clientError } from './errors.ts';

// Failures without a wrong request, and what the client receives for each: one place for the database, its drivers,
// sockets and disks. A failure that is not listed here is a fault of the program (INTERNAL_SERVER_ERROR), which a
// client should not retry.

/** Why something could not be done now. */
export type FaultKind =
  /** An open connection was lost: a read may be repeated at once. */
  | 'CONNECTION_LOST'
  /** There is no connection, and none can be made. */
  | 'UNREACHABLE'
  /** Too many connections, no free one, no memory, no room on the disk, or only reads allowed. */
  | 'EXHAUSTED'
  /** Two transactions were in each other's way, and this one gave up. */
  | 'CONFLICT'
  /** It took too long: a statement, a lock, a transaction, an answer. */
  | 'TIMEOUT';

export interface Fault {
  readonly kind: FaultKind;
  readonly code: 'SUBGRAPH_UNAVAILABLE' | 'DEADLINE';
  readonly retryable: true;
}

const fault = (kind: FaultKind): Fault => ({
  kind,
  code: kind === 'TIMEOUT' ? 'DEADLINE' : 'SUBGRAPH_UNAVAILABLE',
  retryable: true,
});

/** By SQLSTATE (PostgreSQL, Appendix A): the whole code, or its class. */
const SQLSTATES: Readonly<Record<string, FaultKind>> = {
  '08': 'CONNECTION_LOST',
  '08001': 'UNREACHABLE', // the client could not connect
  '08004': 'UNREACHABLE', // the server refused the connection
  '25006': 'EXHAUSTED', // read-only: a standby, or a server whose disk is full
  '25P03': 'TIMEOUT', // idle in a transaction for too long
  '25P04': 'TIMEOUT', // transaction_timeout
  28: 'UNREACHABLE', // a password or a role that the server does not take
  '3D000': 'UNREACHABLE', // no such database
  40: 'CONFLICT',
  53: 'EXHAUSTED',
  '55P03': 'TIMEOUT', // lock_timeout
  '57014': 'TIMEOUT', // statement_timeout, or cancelled
  '57P01': 'CONNECTION_LOST', // the backend or the server was ended by a command
  '57P02': 'CONNECTION_LOST', // another backend crashed
  '57P03': 'UNREACHABLE', // starting, stopping, or recovering
  '57P04': 'UNREACHABLE', // the database was dropped
  '57P05': 'CONNECTION_LOST', // idle_session_timeout
  58: 'EXHAUSTED', // the server's own files cannot be read or written
};

/** By `error.code` of the system and of Node's clients. */
const SYSTEM: Readonly<Record<string, FaultKind>> = {
  ECONNRESET: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
  ECONNABORTED: 'CONNECTION_LOST',
  ERR_STREAM_DESTROYED: 'CONNECTION_LOST',
  ERR_STREAM_PREMATURE_CLOSE: 'CONNECTION_LOST',
  ERR_SOCKET_CLOSED: 'CONNECTION_LOST',
  UND_ERR_SOCKET: 'CONNECTION_LOST',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'CONNECTION_LOST', // this and the next: what came was spoiled on its way
  UND_ERR_HEADERS_OVERFLOW: 'CONNECTION_LOST',
  ECONNREFUSED: 'UNREACHABLE',
  EHOSTUNREACH: 'UNREACHABLE',
  EHOSTDOWN: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  ENETDOWN: 'UNREACHABLE',
  EADDRNOTAVAIL: 'UNREACHABLE',
  ENOTFOUND: 'UNREACHABLE',
  EAI_AGAIN: 'UNREACHABLE',
  UND_ERR_CLOSED: 'UNREACHABLE',
  UND_ERR_DESTROYED: 'UNREACHABLE',
  ETIMEDOUT: 'TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'UNREACHABLE',
  UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'TIMEOUT',
  UND_ERR_ABORTED: 'TIMEOUT',
  ENOSPC: 'EXHAUSTED',
  EDQUOT: 'EXHAUSTED',
  EROFS: 'EXHAUSTED',
  EIO: 'EXHAUSTED',
  EMFILE: 'EXHAUSTED',
  ENFILE: 'EXHAUSTED',
  ENOBUFS: 'EXHAUSTED',
  ENOMEM: 'EXHAUSTED',
};

/** By the codes of Prisma, and by the kinds that its driver adapter makes of the driver's errors. */
const PRISMA: Readonly<Record<string, FaultKind>> = {
  P1000: 'UNREACHABLE',
  P1001: 'UNREACHABLE',
  P1002: 'UNREACHABLE',
  P1003: 'UNREACHABLE',
  P1010: 'UNREACHABLE',
  P1011: 'UNREACHABLE',
  P1008: 'TIMEOUT',
  P1017: 'CONNECTION_LOST',
  P2024: 'EXHAUSTED', // no free connection in time
  P2028: 'TIMEOUT', // an interactive transaction that did not begin or end in time
  P2034: 'CONFLICT',
  P2037: 'EXHAUSTED', // too many connections
  DatabaseNotReachable: 'UNREACHABLE',
  DatabaseDoesNotExist: 'UNREACHABLE',
  DatabaseAccessDenied: 'UNREACHABLE',
  AuthenticationFailed: 'UNREACHABLE',
  TlsConnectionError: 'UNREACHABLE',
  ConnectionClosed: 'CONNECTION_LOST',
  SocketTimeout: 'TIMEOUT',
  TooManyConnections: 'EXHAUSTED',
  TransactionAlreadyClosed: 'TIMEOUT',
  TransactionWriteConflict: 'CONFLICT',
};

/** By `error.name`: ours, and those of the platform. */
const NAMES: Readonly<Record<string, FaultKind>> = {
  SubgraphUnavailable: 'UNREACHABLE',
  RightsLookupFailed: 'UNREACHABLE', // keys, grants, revoked tokens or consents (gateway/auth)
  DatabaseUnreachable: 'UNREACHABLE',
  TransactionDeadlineError: 'TIMEOUT',
  TimeoutError: 'TIMEOUT', // AbortSignal.timeout
  AbortError: 'TIMEOUT', // the caller no longer waited
  HTTPParserError: 'CONNECTION_LOST', // undici: what came is no HTTP
};

/** By the messages of `pg` without a code (8.23: client.js and pg-pool's index.js). */
const MESSAGES: readonly (readonly [RegExp, FaultKind])[] = [
  [/^Connection terminated due to connection timeout/, 'UNREACHABLE'],
  [/^Connection terminated/, 'CONNECTION_LOST'],
  [/^Client (?:has encountered a connection error|was closed) and is not queryable/, 'CONNECTION_LOST'],
  [/^timeout exceeded when trying to connect/, 'EXHAUSTED'], // all connections of the pool were in use
  [/^timeout expired/, 'UNREACHABLE'],
  [/^Query read timeout/, 'TIMEOUT'],
  [/^Cannot use a pool after calling end on the pool/, 'UNREACHABLE'], // this process is stopping
  [/^The server does not support SSL connections|^There was an error establishing an SSL connection/, 'UNREACHABLE'],
];

const ownKind = (error: object): FaultKind | undefined => {
  const { code, kind, name, message, syscall, originalCode } = error as Readonly<Record<string, unknown>>;
  for (const each of [originalCode, code, kind]) {
    if (typeof each !== 'string') continue;
    const known =
      SYSTEM[each] ??
      PRISMA[each] ??
      (/^[0-9A-Z]{5}$/.test(each) ? (SQLSTATES[each] ?? SQLSTATES[each.slice(0, 2)]) : undefined);
    if (known) return known;
    // A socket file that does not exist or is not accessible. For any other file it is a fault of the program.
    if ((each === 'ENOENT' || each === 'EACCES') && syscall === 'connect') return 'UNREACHABLE';
  }
  if (typeof name === 'string' && Object.hasOwn(NAMES, name)) return NAMES[name];
  return typeof message === 'string' ? MESSAGES.find(([pattern]) => pattern.test(message))?.[1] : undefined;
};

/** Errors are nested in errors, and not always as `cause`. */
const DEEPEST = 8;

/**
 * Explains an error that is not the program's: one of the database, its drivers, the network or the machine, however
 * deep it is wrapped.
 * @returns null for everything else, including a refusal with its own code
 */
export function faultOf(error: unknown, depth = 0): Fault | null {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return null;
  if (
    error instanceof GraphQLError &&
    (error.extensions as GraphQLError['extensions'] | undefined)?.['code'] !== undefined
  )
    return null; // graphql-jit (0.8.9) leaves `extensions` out
  const kind = ownKind(error);
  if (kind) return fault(kind);
  const { originalError, cause, errors, meta } = error as {
    originalError?: unknown;
    cause?: unknown;
    errors?: unknown;
    meta?: { driverAdapterError?: unknown };
  };
  for (const inner of [
    originalError,
    cause,
    meta?.driverAdapterError,
    ...(Array.isArray(errors) ? errors.slice(0, DEEPEST) : []),
  ]) {
    const found = faultOf(inner, depth + 1);
    if (found) return found;
  }
  return null;
}

const SENTENCES: Readonly<Record<Fault['code'], string>> = {
  SUBGRAPH_UNAVAILABLE: 'What keeps this is unavailable for now: ask again later.',
  DEADLINE: 'This was not answered in time: ask again later.',
};

/** The error for the client. It contains nothing of what the database or the system reported. */
export const faultError = ({ code, retryable }: Fault): GraphQLError =>
  clientError(code, SENTENCES[code], { retryable });

/**
 * The errors of an operation. An error that a fault explains gets the fault's code at the same path; `originalError`
 * stays for the log.
 */
export const explained = (errors: readonly GraphQLError[]): readonly GraphQLError[] =>
  errors.map((error) => {
    const found = faultOf(error);
    if (!found) return error;
    const { message, extensions } = faultError(found);
    return new GraphQLError(message, {
      path: error.path ?? null,
      extensions,
      originalError: error.originalError ?? error,
    });
  });
