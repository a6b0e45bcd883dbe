import { pino, type Logger } from 'pino';

export type Log = Logger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** An error as one reads it: database drivers hang their whole connection on theirs. */
const briefly = (error: unknown): unknown => (error instanceof Error ? { type: error.name, message: error.message, code: (error as { code?: unknown }).code, stack: error.stack } : error);

/** The one logger: JSON lines to standard error, so that standard output stays the user's. Secrets never reach it. */
export const createLog = (part: string, level: LogLevel): Log =>
  pino({ name: part, level, redact: ['*.authorization', '*.token', '*.passport', '*.secret'], serializers: { err: briefly } }, pino.destination({ dest: 2, sync: false }));

export const silentLog: Log = pino({ level: 'silent' });
