/** An error in an answer of the gateway; branch on `extensions.code` (docs/ERRORS.md). */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export type ChangesErrorCode =
  /** The cursor is older than what is kept, or not of this log: a CursorExpiredError. */
  | 'CURSOR_EXPIRED'
  /** The cursor is of another field, filter, role or organisation, or was edited. */
  | 'BAD_CURSOR'
  /** The filter, the fields or the address are wrong. */
  | 'BAD_INPUT'
  /** The role may not follow this, or needs a purpose. */
  | 'NOT_ALLOWED'
  /** The token was refused, and so was what `token` gave then. */
  | 'UNAUTHENTICATED'
  /** It was tried as often as `attempts` says. */
  | 'UNAVAILABLE';

/** Why following has ended: trying again as before would not help. */
export class ChangesError extends Error {
  readonly code: ChangesErrorCode;
  /** What the gateway said, where it did. */
  readonly errors: readonly AnswerError[];

  constructor(code: ChangesErrorCode, message: string, errors: readonly AnswerError[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ChangesError';
    this.code = code;
    this.errors = errors;
  }
}

/** Changes were purged that were not read: take a snapshot and go on from its cursor, or begin at `oldest` and know that some are missing. */
export class CursorExpiredError extends ChangesError {
  /** The oldest place that is kept; null when the gateway did not say. */
  readonly oldest: string | null;

  constructor(message: string, oldest: string | null, errors: readonly AnswerError[] = []) {
    super('CURSOR_EXPIRED', message, errors);
    this.name = 'CursorExpiredError';
    this.oldest = oldest;
  }
}

/** What passes: it is tried again. Never seen by a caller. */
export class Passing extends Error {
  /** The gateway did not take the token. */
  readonly refusedToken: boolean;

  constructor(message: string, options: { cause?: unknown; refusedToken?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Passing';
    this.refusedToken = options.refusedToken ?? false;
  }
}

/** Codes that stay what they are however often it is asked; every other is taken to pass. */
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

/** Codes by which it was decided what this reader sees of a record: asked again it is the same. */
const decided: ReadonlySet<string> = new Set(['UNAUTHORIZED_FIELD_OR_TYPE', 'PURPOSE_REQUIRED', 'NOT_FOUND']);
const records: ReadonlySet<unknown> = new Set(['entry', 'evaluation']);

/**
 * Whether a change came without its record since the record was not answered, whatever the reason: it is not handed on, and asked for again.
 * A gateway does not send such a change (docs/PROTOCOL.md P10); whoever applied one would come back after it.
 * @param depth how many steps of an error's path lead to the change
 */
export const isUnanswered = (error: AnswerError, depth: number): boolean => {
  const { path } = error;
  return path !== undefined && !decided.has(codeOf(error)) && (path.length <= depth || (path.length === depth + 1 && records.has(path[depth])));
};

const codeOf = ({ extensions }: AnswerError): string => String(extensions?.['code'] ?? '');

/** Statuses of a client's fault by their number that may be others next time. */
const passingStatus: ReadonlySet<number> = new Set([408, 425, 429]);
const passes = (status: number): boolean => status >= 500 || status < 300 || passingStatus.has(status);

/** What to make of an answer that is none of GraphQL. */
export const statusFailure = (address: string, status: number): ChangesError | Passing => {
  const message = `${address} answered with HTTP status ${status} and no GraphQL answer.`;
  if (status === 401) return new Passing(message, { refusedToken: true, cause: new ChangesError('UNAUTHENTICATED', message) });
  return passes(status) ? new Passing(message) : new ChangesError('BAD_INPUT', message);
};

/** What to make of an answer without what was asked for. */
export function failureOf(errors: readonly AnswerError[], status = 200): ChangesError | Passing {
  const refused = errors.find((error) => codeOf(error) === 'UNAUTHENTICATED');
  if (refused) return new Passing(refused.message, { refusedToken: true, cause: new ChangesError('UNAUTHENTICATED', worded(refused), errors) });
  const last = errors.find((error) => lasting[codeOf(error)] !== undefined);
  if (!last) {
    const message = errors[0] ? worded(errors[0]) : 'The gateway gave an empty answer.';
    return passes(status) ? new Passing(message) : new ChangesError('BAD_INPUT', message, errors);
  }
  const code = lasting[codeOf(last)] as ChangesErrorCode; // found by having one
  const oldest = last.extensions?.['oldest'];
  return code === 'CURSOR_EXPIRED' ? new CursorExpiredError(last.message, typeof oldest === 'string' ? oldest : null, errors) : new ChangesError(code, worded(last), errors);
}

function worded({ message, extensions }: AnswerError): string {
  const code = [extensions?.['code'], extensions?.['argument'], extensions?.['reason']].filter((each) => typeof each === 'string').join(' ');
  return code === '' ? message : `${message} (${code})`;
}
