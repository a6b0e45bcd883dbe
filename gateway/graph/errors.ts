import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { type Fault, faultOf } from '#kit/faults.ts';
import type { Log } from '#kit/log.ts';

/**
 * What a client receives of an error of an operation, the same over every transport; Apollo Server uses it for its own.
 * @param formatted the error with its code and without its HTTP status, see `formatted`
 */
export type ErrorWords = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

const INTERNAL = 'INTERNAL_SERVER_ERROR';

export function createErrorWords(log: Log): ErrorWords {
  return (delivered, error) => {
    const { code, reason } = delivered.extensions ?? {};
    // A scalar refused a literal: the same error as for a variable, whichever code noticed it.
    if (code === 'GRAPHQL_VALIDATION_FAILED' && typeof reason === 'string')
      return { message: delivered.message, extensions: { ...delivered.extensions, code: 'BAD_USER_INPUT' } };
    // A missing argument is bad input by name, like a wrong one.
    const missing =
      code === 'GRAPHQL_VALIDATION_FAILED'
        ? /argument "(\w+)" of type "([^"]+)" is required/.exec(delivered.message)
        : null;
    if (missing) {
      const [, argument, type] = missing;
      const details =
        argument === 'first' ? { reason: 'PAGE_SIZE', expected: '1 to 100' } : { reason: 'MISSING', expected: type };
      return { ...delivered, extensions: { code: 'BAD_USER_INPUT', argument, ...details } };
    }
    if (code !== INTERNAL) return delivered;
    log.error({ err: error }, 'an operation failed');
    return { message: 'Internal error', ...(delivered.path ? { path: delivered.path } : null), extensions: { code } };
  };
}

/** An error with its code, as Apollo Server prepares its own; an error of any other kind is an internal one. */
export function formatted(error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError)) return { message: String(error), extensions: { code: INTERNAL } };
  const { http: _, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions: { ...extensions, code: extensions['code'] ?? INTERNAL } };
}

/** How long a client waits after 429 and 503, and before it reopens a stream. */
export const RETRY_AFTER_SECONDS = 5;

const waiting = new Map([['retry-after', String(RETRY_AFTER_SECONDS)]]);

interface ErrorHead {
  readonly status?: number;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
}

/**
 * Status and headers of a response without data: those that the error names, or those of its code. An error that may
 * pass names the time to retry.
 */
export function headOf(error: unknown): {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
} {
  if (!(error instanceof GraphQLError)) return { status: 500, headers: [] };
  const { code, http, retryAfter } = error.extensions as { code?: unknown; http?: ErrorHead; retryAfter?: unknown };
  if (code === 'RATE_LIMITED')
    return {
      status: 429,
      headers: [
        ...(http?.headers ?? []),
        ['retry-after', String(typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_SECONDS)],
      ],
    };
  if (code === 'SUBGRAPH_UNAVAILABLE' || code === 'DEADLINE') return { status: 503, headers: waiting };
  const status = http?.status ?? (code === undefined || code === INTERNAL ? 500 : 400);
  return { status, headers: http?.headers ?? (status === 503 ? waiting : []) };
}

/** No part of the answer is available, and a retry may help. */
export function unavailable(message: string, code: Fault['code'] = 'SUBGRAPH_UNAVAILABLE'): GraphQLError {
  const error = clientError(code, message, { retryable: true });
  // for Apollo Server, which drops it from the answer
  Object.assign(error.extensions, { http: { status: 503, headers: waiting } });
  return error;
}

/** The error of an operation, whatever was thrown: after a fault of the platform the request may be retried. */
export function errorOf(thrown: unknown): unknown {
  if (thrown instanceof GraphQLError) return thrown;
  const fault = faultOf(thrown);
  return fault ? unavailable('The gateway cannot look this up now: ask again later.', fault.code) : thrown;
}
