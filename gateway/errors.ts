import { GraphQLError, type GraphQLFormattedError } from 'graphql';
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

/** The status that an error asks for; null where it leaves that to the door. */
export const statusOf = (error: GraphQLError): number | null => (error.extensions['http'] as { status?: number } | undefined)?.status ?? null;
