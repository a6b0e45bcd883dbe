import { pino, type Logger } from 'pino';
import { createLineWriter, type LineWriter } from './lineWriter.ts';
import { currentScope } from './telemetry/scope.ts';

export type Log = Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** An error in readable form: database drivers attach their whole connection to theirs. */
function briefly(error: unknown): unknown {
  if (!(error instanceof Error)) return isAnswered(error) ? { ...error, message: withoutQuotes(error.message) } : error;
  const { name, message, stack } = error;
  const { code } = error as { code?: unknown };
  if (!quotesInput(name, code)) return { type: name, message, code, stack };
  const bare = withoutQuotes(message);
  return { type: name, message: bare, code, stack: stack?.replace(message, () => bare) };
}

/** Whether it is an error of a subgraph's answer, whose cause is in that subgraph's own log. */
const isAnswered = (error: unknown): error is { message: string } =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';

/**
 * Whether the message quotes the input: GraphQL, JSON and the database (data exceptions, SQLSTATE 22) name a value that
 * they cannot read.
 */
const quotesInput = (name: string, code: unknown): boolean =>
  name === 'SyntaxError' || name === 'GraphQLError' || (typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code));

const withoutQuotes = (message: string): string => message.replace(/["'`][^]*["'`]/, '…');

/** The request and the trace of a line. */
const ofRequest = (): object => {
  const scope = currentScope();
  if (!scope) return {};
  return scope.span ? { requestId: scope.requestId, traceId: scope.span.traceId } : { requestId: scope.requestId };
};

const writers = new WeakMap<Log, LineWriter>();

/**
 * Creates the one logger: JSON lines to standard error, so that standard output stays the user's. Secrets never reach
 * it. Where standard error takes nothing, lines are lost and counted, and the process continues (kit/lineWriter.ts).
 */
export function createLog(part: string, level: LogLevel, writer: LineWriter = createLineWriter(2)): Log {
  process.once('exit', () => writer.flushSync());
  const log = pino(
    {
      name: part,
      level,
      redact: ['*.authorization', '*.token', '*.passport', '*.secret'],
      serializers: { err: briefly },
      mixin: ofRequest,
    },
    writer,
  );
  writers.set(log, writer);
  return log;
}

/** The state of the writer of a logger that `createLog` made; null for any other logger. */
export const writingOf = (log: Log): Pick<LineWriter, 'lost' | 'isFailing'> | null => writers.get(log) ?? null;

/** A logger that writes nothing. */
export const silentLog: Log = pino({ level: 'silent' }, { write: () => {} });
