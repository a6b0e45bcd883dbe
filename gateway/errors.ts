import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { type Fault, faultOf } from '#kit/faults.ts';
import type { Log } from '#kit/log.ts';

/**
 * What a client is told of an error of an operation, in the same words at every door; Apollo Server asks it for the doors that it serves.
 * @param formatted the error with its code and without its HTTP status, see `formatted`
 */
export type ErrorWords = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

const INTERNAL = 'INTERNAL_SERVER_ERROR';

export function createErrorWords(log: Log): ErrorWords {
  return (told, error) => {
    const { code, reason } = told.extensions ?? {};
    // A scalar refused a literal: the same error as for a variable, whoever noticed it.
    if (code === 'GRAPHQL_VALIDATION_FAILED' && typeof reason === 'string') return { message: told.message, extensions: { ...told.extensions, code: 'BAD_USER_INPUT' } };
    // An argument that is missing is bad input by name, as one that is wrong.
    const missing = code === 'GRAPHQL_VALIDATION_FAILED' ? /argument "(\w+)" of type "([^"]+)" is required/.exec(told.message) : null;
    if (missing) {
      const [, argument, type] = missing;
      const details = argument === 'first' ? { reason: 'PAGE_SIZE', expected: '1 to 100' } : { reason: 'MISSING', expected: type };
      return { ...told, extensions: { code: 'BAD_USER_INPUT', argument, ...details } };
    }
    if (code !== INTERNAL) return told;
    log.error({ err: error }, 'an operation failed');
    return { message: 'Internal error', ...(told.path ? { path: told.path } : null), extensions: { code } };
  };
}

/** An error with its code, as Apollo Server prepares those of its own doors; whatever is none of ours is an internal one. */
export function formatted(error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError)) return { message: String(error), extensions: { code: INTERNAL } };
  const { http: _, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions: { ...extensions, code: extensions['code'] ?? INTERNAL } };
}

/** How long a client is asked to wait after 429 and 503, and a stream before it is opened again. */
export const RETRY_AFTER_SECONDS = 5;

const waiting = new Map([['retry-after', String(RETRY_AFTER_SECONDS)]]);

interface ErrorHead {
  readonly status?: number;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
}

/**
 * Status and headers of an answer without data: those that the error asks for, else those of its code. Whatever may pass says
 * when to ask again.
 */
export function headOf(error: unknown): { readonly status: number; readonly headers: Iterable<readonly [name: string, value: string]> } {
  if (!(error instanceof GraphQLError)) return { status: 500, headers: [] };
  const { code, http, retryAfter } = error.extensions as { code?: unknown; http?: ErrorHead; retryAfter?: unknown };
  if (code === 'RATE_LIMITED') return { status: 429, headers: [...(http?.headers ?? []), ['retry-after', String(typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_SECONDS)]] };
  if (code === 'SUBGRAPH_UNAVAILABLE' || code === 'DEADLINE') return { status: 503, headers: waiting };
  const status = http?.status ?? (code === undefined || code === INTERNAL ? 500 : 400);
  return { status, headers: http?.headers ?? (status === 503 ? waiting : []) };
}

/** Nothing of the answer could be had, and asking again may help. */
export function unavailable(message: string, code: Fault['code'] = 'SUBGRAPH_UNAVAILABLE'): GraphQLError {
  const error = clientError(code, message, { retryable: true });
  Object.assign(error.extensions, { http: { status: 503, headers: waiting } }); // for Apollo Server, which drops it from the answer
  return error;
}

/** The error of an operation, whatever was thrown: what a fault has stopped may be asked again. */
export function errorOf(thrown: unknown): unknown {
  if (thrown instanceof GraphQLError) return thrown;
  const fault = faultOf(thrown);
  return fault ? unavailable('The gateway cannot look this up now: ask again later.', fault.code) : thrown;
}
