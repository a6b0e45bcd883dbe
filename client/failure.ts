/** A GraphQL error from the gateway. Branch on `extensions.code` (docs/ERRORS.md). */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export type ChangesErrorCode =
  /** The cursor is older than the events that the gateway keeps, or of another log: a CursorExpiredError. */
  | 'CURSOR_EXPIRED'
  /** The cursor belongs to another field, filter, role or organisation, or it was edited. */
  | 'BAD_CURSOR'
  /** The filter, the fields or the address are wrong. */
  | 'BAD_INPUT'
  /** The role may not follow this stream, or it needs a purpose. */
  | 'NOT_ALLOWED'
  /** The token was refused, and so was the next one that `token` returned. */
  | 'UNAUTHENTICATED'
  /** All of the `attempts` failed. */
  | 'UNAVAILABLE';

/** The reason why following ended. Trying again in the same way would not help. */
export class ChangesError extends Error {
  readonly code: ChangesErrorCode;
  /** The errors that the gateway sent; empty when it sent none. */
  readonly errors: readonly AnswerError[];

  constructor(code: ChangesErrorCode, message: string, errors: readonly AnswerError[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ChangesError';
    this.code = code;
    this.errors = errors;
  }
}

/**
 * Changes were purged before they were read. Take a snapshot and go on from its cursor, or begin at `oldest` and know
 * that some changes are missing.
 */
export class CursorExpiredError extends ChangesError {
  /** The oldest position that the gateway keeps; null when it did not send one. */
  readonly oldest: string | null;

  constructor(message: string, oldest: string | null, errors: readonly AnswerError[] = []) {
    super('CURSOR_EXPIRED', message, errors);
    this.name = 'CursorExpiredError';
    this.oldest = oldest;
  }
}

/** A failure that may pass, so the client tries again. A caller never sees it. */
export class Passing extends Error {
  /** The gateway did not take the token. */
  readonly refusedToken: boolean;

  constructor(message: string, options: { cause?: unknown; refusedToken?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Passing';
    this.refusedToken = options.refusedToken ?? false;
  }
}

/** Codes of failures that repeating the request does not mend. Every other code is treated as one that may pass. */
const lasting: Readonly<Record<string, ChangesErrorCode | undefined>> = {
  CURSOR_EXPIRED: 'CURSOR_EXPIRED',
  BAD_CURSOR: 'BAD_CURSOR',
  UNAUTHORIZED_FIELD_OR_TYPE: 'NOT_ALLOWED',
  PURPOSE_REQUIRED: 'NOT_ALLOWED',
  BAD_USER_INPUT: 'BAD_INPUT',
  NOT_FOUND: 'BAD_INPUT',
  COST_LIMIT: 'BAD_INPUT',
  GRAPHQL_PARSE_FAILED: 'BAD_INPUT',
  GRAPHQL_VALIDATION_FAILED: 'BAD_INPUT',
  OPERATION_RESOLUTION_FAILURE: 'BAD_INPUT',
  BAD_REQUEST: 'BAD_INPUT',
  DOCUMENT_NOT_FOUND: 'BAD_INPUT',
  DOCUMENT_NOT_TRUSTED: 'NOT_ALLOWED',
  DOCUMENT_OUTDATED: 'BAD_INPUT',
  BODY_TOO_LARGE: 'BAD_INPUT',
};

/** Codes of a decision about what this reader may see of a record. Repeating the request gives the same code. */
const decided: ReadonlySet<string> = new Set(['UNAUTHORIZED_FIELD_OR_TYPE', 'PURPOSE_REQUIRED', 'NOT_FOUND']);
const records: ReadonlySet<unknown> = new Set(['entry', 'evaluation']);

/**
 * Whether an error means that a change arrived without its record because the record was not answered, for whatever
 * reason. The client does not deliver such a change but requests it again. A gateway does not send one
 * (docs/PROTOCOL.md P10), but a client that applied it would resume after it and miss the record.
 * @param depth how many steps of an error's path lead to the change
 */
export const isUnanswered = (error: AnswerError, depth: number): boolean => {
  const { path } = error;
  return (
    path !== undefined &&
    !decided.has(codeOf(error)) &&
    (path.length <= depth || (path.length === depth + 1 && records.has(path[depth])))
  );
};

const codeOf = ({ extensions }: AnswerError): string => String(extensions?.['code'] ?? '');

/** Statuses in the 4xx range that may differ at the next attempt. */
const passingStatus: ReadonlySet<number> = new Set([408, 425, 429]);
const passes = (status: number): boolean => status >= 500 || status < 300 || passingStatus.has(status);

/**
 * The error for an HTTP response without a GraphQL answer: Passing for 401 and for statuses that may pass, else a
 * ChangesError with BAD_INPUT. It returns the error and does not throw it.
 */
export const statusFailure = (address: string, status: number): ChangesError | Passing => {
  const message = `${address} answered with HTTP status ${status} and no GraphQL answer.`;
  if (status === 401)
    return new Passing(message, { refusedToken: true, cause: new ChangesError('UNAUTHENTICATED', message) });
  return passes(status) ? new Passing(message) : new ChangesError('BAD_INPUT', message);
};

/**
 * The error for a GraphQL answer without the data that was requested: Passing when trying again may help (also with a
 * new token), else a ChangesError, which is a CursorExpiredError for CURSOR_EXPIRED. It returns the error and does not
 * throw it.
 */
export function failureOf(errors: readonly AnswerError[], status = 200): ChangesError | Passing {
  const refused = errors.find((error) => codeOf(error) === 'UNAUTHENTICATED');
  if (refused)
    return new Passing(refused.message, {
      refusedToken: true,
      cause: new ChangesError('UNAUTHENTICATED', worded(refused), errors),
    });
  const last = errors.find((error) => lasting[codeOf(error)] !== undefined);
  if (!last) {
    const message = errors[0] ? worded(errors[0]) : 'The gateway gave an empty answer.';
    return passes(status) ? new Passing(message) : new ChangesError('BAD_INPUT', message, errors);
  }
  const code = lasting[codeOf(last)] as ChangesErrorCode; // found by having one
  const oldest = last.extensions?.['oldest'];
  return code === 'CURSOR_EXPIRED'
    ? new CursorExpiredError(last.message, typeof oldest === 'string' ? oldest : null, errors)
    : new ChangesError(code, worded(last), errors);
}

function worded({ message, extensions }: AnswerError): string {
  const code = [extensions?.['code'], extensions?.['argument'], extensions?.['reason']]
    .filter((each) => typeof each === 'string')
    .join(' ');
  return code === '' ? message : `${message} (${code})`;
}
