import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { TokenSource } from './caller.ts';
import { Failure } from './failure.ts';

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly AnswerError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface RejectedRow {
  /** Counted within the part, from 1. */
  readonly row: number;
  readonly problems: readonly { readonly column: string; readonly code: string; readonly message: string }[];
}

/** What became of the rows of a part, as `PUT /filings/{id}/parts/{n}` answers it. */
export interface PartOutcome {
  readonly rows: number;
  readonly added: number;
  readonly corrected: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly warned: number;
  /** Rows of lists of serious violations that wait for a second person of their authority. */
  readonly pending?: number;
  /** SHA-256 in hex. */
  readonly digest: string;
  /** The first ones alone, at most 20 000. */
  readonly rejectedRows: readonly RejectedRow[];
}

export interface Api {
  readonly url: string;
  /** Any answer the gateway gives, errors and all, to a text or to a document that was published. Throws a Failure when there is none. */
  query(document: string | { readonly id: string }, variables?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** One root field of an answer that must have no errors. Throws a Failure that names the first one. */
  ask<Field>(field: string, document: string, variables?: Readonly<Record<string, unknown>>): Promise<Field>;
  putPart(filing: string, number: number, bytes: Buffer, format: 'CSV' | 'NDJSON'): Promise<PartOutcome>;
  /** A part of an export, by the path that the export names. Throws a Failure when it is refused. */
  getPart(path: string): Promise<string>;
  /** An address beside the graph, such as `/health/ready`. */
  get(path: string): Promise<{ status: number; body: unknown }>;
}

export interface ApiOptions {
  readonly url: string;
  readonly token: TokenSource;
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How often a call is made before giving up, when the network or the gateway fails. Every write carries an idempotency key. Default 1. */
  readonly attempts?: number;
  /** The wait before the second attempt; it doubles with each one. Default 500. */
  readonly backoffMs?: number;
}

const QUERY_DEADLINE_MS = 60_000;
const PART_DEADLINE_MS = 10 * 60_000; // 8 MB over a poor line, and its rows recorded behind a busy database
const LONGEST_WAIT_MS = 15_000;
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const contentTypes = { CSV: 'text/csv', NDJSON: 'application/x-ndjson' } as const;

/** A client of the public HTTP API. */
export function createApi(options: ApiOptions): Api {
  const { url, purpose, attempts = 1, backoffMs = 500 } = options;

  const headers = (): Record<string, string> => {
    const token = options.token();
    return { ...(token === null ? null : { authorization: `Bearer ${token}` }), ...(purpose === undefined ? null : { 'x-purpose': purpose }), accept: 'application/json' };
  };

  const once = async (path: string, request: RequestInit, deadlineMs: number): Promise<{ status: number; text: string }> => {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
      const response = await fetch(`${url}${path}`, { ...request, signal, redirect: 'error' });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (deadline.aborted) throw new Failure(`${url} did not answer within ${deadlineMs / 1000} s.`, { cause: error });
      throw new Failure(`${url} cannot be reached (${reasonOf(error)}).`, { advice: UNREACHED, cause: error });
    }
  };

  const call = async (path: string, request: () => RequestInit, deadlineMs: number): Promise<{ status: number; body: unknown; text: string }> => {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= attempts;
      try {
        const { status, text } = await once(path, request(), deadlineMs);
        if (last || !passing.has(status)) return { status, text, body: parse(text) };
      } catch (error) {
        if (last || !(error instanceof Failure)) throw error;
      }
      // Half of it by chance: many clients of one gateway that came back should not all return at once.
      const longest = Math.min(backoffMs * 2 ** (attempt - 1), LONGEST_WAIT_MS);
      await wait(longest * (0.5 + Math.random() / 2), undefined, options.signal ? { signal: options.signal } : {});
    }
  };

  const query: Api['query'] = async (document, variables) => {
    const body = JSON.stringify({ ...(typeof document === 'string' ? { query: document } : { documentId: document.id }), ...(variables === undefined ? null : { variables }) });
    const answer = await call('/graphql', () => ({ method: 'POST', headers: { ...headers(), 'content-type': 'application/json' }, body }), QUERY_DEADLINE_MS);
    if (isAnswer(answer.body)) return answer.body;
    throw new Failure(`${url}/graphql answered with HTTP status ${answer.status} and no GraphQL answer.`, { advice: 'Is this the address of a Credit Graph gateway?' });
  };

  return {
    url,
    query,
    async ask<Field>(field: string, document: string, variables?: Readonly<Record<string, unknown>>): Promise<Field> {
      const { data, errors } = await query(document, variables);
      if (errors?.[0]) throw failureOf(errors[0], field);
      return data?.[field] as Field; // the shape that the document selects
    },
    async putPart(filing, number, bytes, format) {
      const digest = createHash('sha256').update(bytes).digest('base64');
      const request = () => ({ method: 'PUT', headers: { ...headers(), 'content-type': contentTypes[format], 'content-digest': `sha-256=:${digest}:` }, body: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Uint8Array<ArrayBuffer> });
      const { status, body } = await call(`/filings/${encodeURIComponent(filing)}/parts/${number}`, request, PART_DEADLINE_MS);
      if (status === 200) return body as PartOutcome;
      const error = isAnswer(body) ? body.errors?.[0] : undefined;
      throw error ? failureOf(error, `part ${number}`) : new Failure(`Part ${number} was answered with HTTP status ${status}.`);
    },
    async getPart(path) {
      const { status, text, body } = await call(path, () => ({ headers: headers() }), PART_DEADLINE_MS);
      if (status === 200) return text;
      const error = isAnswer(body) ? body.errors?.[0] : undefined;
      throw error ? failureOf(error, path) : new Failure(`${path} was answered with HTTP status ${status}.`);
    },
    get: (path) => call(path, () => ({ headers: headers() }), QUERY_DEADLINE_MS),
  };
}

/** What a mutation answered, or the error of its union as a Failure. */
export function successOf<Success extends object>(result: (Success & { __typename?: string }) | { __typename: string; code: string; message: string } | null, what: string): Success {
  if (result === null) throw new Failure(`${what}: no answer.`);
  if ('code' in result && 'message' in result) throw new Failure(`${what}: ${String(result.message)} (${String(result.code)})`);
  return result as Success;
}

export const UNREACHED = 'Is the gateway running? `npm start` starts one; --url or CREDIT_GRAPH_URL names another.';

/** Add to a mutation's selection: the errors it may answer with. */
export const DOMAIN_ERROR = '... on DomainError { code message }';

function failureOf({ message, extensions }: AnswerError, what: string): Failure {
  const code = [extensions?.['code'], extensions?.['reason']].filter((each) => typeof each === 'string').join(' ');
  const advice = adviceFor[String(extensions?.['reason'])] ?? adviceFor[String(extensions?.['code'])];
  return new Failure(`${what}: ${message}${code === '' ? '' : ` (${code})`}`, advice === undefined ? {} : { advice });
}

/** What to do, by code and by reason. */
export const adviceFor: Readonly<Record<string, string | undefined>> = {
  EXPIRED: 'Ask for a new token: `credit-graph token --role …`.',
  KEY: 'The token is of another issuer than the gateway’s: use the DATA_DIR that the gateway uses.',
  ROLE: 'An operator gives roles: `credit-graph grant --organisation … --role …`.',
  PURPOSE_REQUIRED: 'Say what the query is for with --purpose.',
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isAnswer = (body: unknown): body is Answer => typeof body === 'object' && body !== null && ('data' in body || 'errors' in body);

/** 'ECONNREFUSED' stands behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string }; message?: string }; // what fetch throws
  return cause?.code ?? message ?? String(error);
}
