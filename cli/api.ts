import { createHash } from 'node:crypto';
import { Failure } from './failure.ts';
import { createRequests, type Reply, type RequestOptions } from './requests.ts';

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
  /** The number of the row within the part, from 1. */
  readonly row: number;
  readonly problems: readonly { readonly column: string; readonly code: string; readonly message: string }[];
}

/** The outcome of the rows of a part, as `PUT /filings/{id}/parts/{n}` returns it. */
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
  /** The first 20 000 at most. */
  readonly rejectedRows: readonly RejectedRow[];
}

export interface Api {
  readonly url: string;
  /**
   * Sends the text of a query, or the id of a published document, and returns the answer with its errors.
   * @throws Failure when there is no GraphQL answer
   */
  query(document: string | { readonly id: string }, variables?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Returns one root field of an answer that must have no errors. @throws Failure that names the first error */
  ask<Field>(field: string, document: string, variables?: Readonly<Record<string, unknown>>): Promise<Field>;
  putPart(filing: string, number: number, bytes: Buffer, format: 'CSV' | 'NDJSON'): Promise<PartOutcome>;
  /** Downloads a part of an export by the path that the export names. @throws Failure when it is refused */
  getPart(path: string): Promise<string>;
  /** Reads a path outside the graph, such as `/health/ready`. */
  get(path: string): Promise<{ status: number; body: unknown }>;
}

const QUERY_DEADLINE_MS = 60_000;
const PART_DEADLINE_MS = 10 * 60_000; // 8 MB over a slow line, and its rows recorded by a busy database
const contentTypes = { CSV: 'text/csv', NDJSON: 'application/x-ndjson' } as const;

/** Creates a client of the public HTTP API. */
export function createApi(options: RequestOptions): Api {
  const { url } = options;
  const requests = createRequests(options);

  const query: Api['query'] = async (document, variables) => {
    const body = JSON.stringify({
      ...(typeof document === 'string' ? { query: document } : { documentId: document.id }),
      ...(variables === undefined ? null : { variables }),
    });
    const reply = await requests.send(
      '/graphql',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body },
      QUERY_DEADLINE_MS,
    );
    if (isAnswer(reply.body)) return reply.body;
    throw new Failure(`${url}/graphql answered with HTTP status ${reply.status} and no GraphQL answer.`, {
      advice: 'Is this the address of a Credit Graph gateway?',
    });
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
      const reply = await requests.send(
        `/filings/${encodeURIComponent(filing)}/parts/${number}`,
        {
          method: 'PUT',
          headers: { 'content-type': contentTypes[format], 'content-digest': `sha-256=:${digest}:` },
          body: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Uint8Array<ArrayBuffer>,
        },
        PART_DEADLINE_MS,
      );
      if (reply.status === 200) return reply.body as PartOutcome;
      throw refusalIn(reply, `part ${number}`, `Part ${number}`);
    },
    async getPart(path) {
      const reply = await requests.send(path, {}, PART_DEADLINE_MS);
      if (reply.status === 200) return reply.text;
      throw refusalIn(reply, path, path);
    },
    get: (path) => requests.send(path, {}, QUERY_DEADLINE_MS),
  };
}

/** The failure of a reply that is not 200: its first error or, when it has none, its status. */
function refusalIn({ status, body }: Reply, what: string, subject: string): Failure {
  const error = isAnswer(body) ? body.errors?.[0] : undefined;
  return error ? failureOf(error, what) : new Failure(`${subject} was answered with HTTP status ${status}.`);
}

/** The success of a mutation's union. @throws Failure for an error of the union, and when there is no result */
export function successOf<Success extends object>(
  result: (Success & { __typename?: string }) | { __typename: string; code: string; message: string } | null,
  what: string,
): Success {
  if (result === null) throw new Failure(`${what}: no answer.`);
  if ('code' in result && 'message' in result)
    throw new Failure(`${what}: ${String(result.message)} (${String(result.code)})`);
  return result as Success;
}

/** The selection of a mutation's domain errors. */
export const DOMAIN_ERROR = '... on DomainError { code message }';

function failureOf({ message, extensions }: AnswerError, what: string): Failure {
  const code = [extensions?.['code'], extensions?.['reason']].filter((each) => typeof each === 'string').join(' ');
  const advice = adviceFor[String(extensions?.['reason'])] ?? adviceFor[String(extensions?.['code'])];
  return new Failure(`${what}: ${message}${code === '' ? '' : ` (${code})`}`, advice === undefined ? {} : { advice });
}

/** Advice to the user, by code and by reason. */
export const adviceFor: Readonly<Record<string, string | undefined>> = {
  EXPIRED: 'Ask for a new token: `credit-graph token --role …`.',
  KEY: 'The token is of another issuer than the gateway’s: use the DATA_DIR that the gateway uses.',
  ROLE: 'An operator gives roles: `credit-graph grant --organisation … --role …`.',
  PURPOSE_REQUIRED: 'Say what the query is for with --purpose.',
};

const isAnswer = (body: unknown): body is Answer =>
  typeof body === 'object' && body !== null && ('data' in body || 'errors' in body);
