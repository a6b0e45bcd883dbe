import { GraphQLError } from 'graphql';

/** Every code that a client can meet; docs/ERRORS.md says what to do about each. */
export const errorCodes = [
  'UNAUTHENTICATED',
  'BAD_USER_INPUT',
  'BAD_CURSOR',
  'CURSOR_EXPIRED',
  'NOT_FOUND',
  'UNAUTHORIZED_FIELD_OR_TYPE',
  'PURPOSE_REQUIRED',
  'KNOWN_AT_TOO_LATE',
  'SOURCE_LATE',
  'SUBGRAPH_UNAVAILABLE',
  'DEADLINE',
  'COST_LIMIT',
  'RATE_LIMITED',
  'QUERY_PLANNING_FAILED',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** The argument that was wrong, such as `first` or `uscc`. */
  argument?: string;
  /** Which rule failed, such as CHECK_CHARACTER or PAGE_SIZE. */
  reason?: string;
  /** What was expected in its place. */
  expected?: string;
  retryable?: boolean;
  /** When to try again, in seconds. */
  retryAfter?: number;
}

/**
 * An error for the client: a code to branch on and a sentence to act on. Never put into it what the viewer may not
 * know.
 */
export const clientError = (code: ErrorCode, message: string, details: ErrorDetails = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...details } });

/** BAD_USER_INPUT for an argument: the rule that it broke, a sentence, and what was expected. */
export const badInput = (argument: string, reason: string, message: string, expected?: string): GraphQLError =>
  clientError('BAD_USER_INPUT', message, { argument, reason, ...(expected === undefined ? null : { expected }) });

/**
 * NOT_FOUND, with a sentence that begins with `what`. The sentence is the same whether there is no such thing or the
 * viewer may not see it.
 */
export const notFound = (what: string): GraphQLError => clientError('NOT_FOUND', `${what} is not known here.`);
