import { errorCodes } from '#kit/errors.ts';

/** Codes of requests that are refused before there is an operation, besides those that an operation can end with. */
const requestCodes = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'DOCUMENT_NOT_FOUND',
  'DOCUMENT_NOT_TRUSTED',
  'DOCUMENT_OUTDATED',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_REQUEST',
  'BODY_TOO_LARGE',
  'BUSY',
  'INTERNAL_SERVER_ERROR',
] as const;

/** Codes with which a request can be refused. */
export const refusalCodes: readonly string[] = [...errorCodes, ...requestCodes];

/**
 * How an operation can end: complete, with something missing, or with the code of the first error for which there is no
 * data.
 */
export const outcomes: readonly string[] = ['ok', 'partial', ...refusalCodes];

/** The transports by which operations reach the gateway. */
export const transportNames = ['http', 'sse', 'websocket'] as const;
export type TransportName = (typeof transportNames)[number];

export const operationKinds: readonly string[] = ['query', 'mutation', 'subscription'];

/** The code that the extensions of an error have; INTERNAL_SERVER_ERROR for anything without one. */
export function codeOf(error: unknown): string {
  const code =
    error instanceof Error && 'extensions' in error
      ? (error.extensions as { code?: unknown } | undefined)?.code
      : undefined;
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/** Runs work of counting and measuring, which may fail without changing an answer. */
export function safely(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing is left that could report it: the log counts as measuring too.
  }
}
