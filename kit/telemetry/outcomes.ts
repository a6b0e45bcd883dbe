import { errorCodes } from '../errors.ts';

/** Codes of what is refused before there is an operation, beside those that an operation can end with. */
const requestCodes = [
  'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE', 'DOCUMENT_NOT_FOUND', 'DOCUMENT_NOT_TRUSTED', 'DOCUMENT_OUTDATED',
  'PERSISTED_QUERY_NOT_SUPPORTED', 'BAD_REQUEST', 'BODY_TOO_LARGE', 'BUSY', 'INTERNAL_SERVER_ERROR',
] as const;

/** With what a request can be refused. */
export const refusalCodes: readonly string[] = [...errorCodes, ...requestCodes];

/** How an operation can end: whole, with something missing, or with the code of the first error for which there is no data. */
export const outcomes: readonly string[] = ['ok', 'partial', ...refusalCodes];

/** By what operations come to the gateway. */
export const transportNames = ['http', 'sse', 'websocket'] as const;
export type TransportName = (typeof transportNames)[number];

export const operationKinds: readonly string[] = ['query', 'mutation', 'subscription'];

/** The code of an error, whatever it is. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'extensions' in error ? (error.extensions as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/** Counting and measuring may fail, and no answer may change by it. */
export function safely(work: () => void): void {
  try {
    work();
  } catch {
    // Nobody is left to be told: the log counts as measuring too.
  }
}
