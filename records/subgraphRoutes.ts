import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Moment } from '#kit/context.ts';
import type { OpenedPassport } from '#kit/passport.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { DecidedConflict } from './filing/conflictDecision.ts';
import type { HeadAsk } from './heads.ts';
import type { UnitRegistration } from './sourceUnits.ts';
import type { FilingIntake, FilingPart, Subgraph } from './subgraph.ts';

// What a subgraph answers to the gateway, path by path. Whoever comes here has a passport for this one request.

const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** A part is held in memory once: nothing of it is recorded before it is known to be what the gateway sent. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

/** Called with each operation that was answered; `begunAt` by performance.now(). */
export type Observe = (query: string, begunAt: number, result: ExecutionResult) => void;

interface Call {
  readonly subgraph: Subgraph;
  readonly viewer: Viewer;
  /** What the groups of the route's path matched. */
  readonly matched: readonly string[];
  readonly search: URLSearchParams;
  readonly body: Buffer;
  readonly response: ServerResponse;
  readonly observe: Observe;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (call: Call) => Promise<void> | void;
}

const PART = /^\/filings\/([\w-]{1,64})\/parts\/(\d{1,5})$/;
const REPLACEMENT = /^\/filings\/([\w-]{1,64})\/replacement$/;

const routes: readonly Route[] = [
  { method: 'POST', path: /^\/graphql$/, answer: runOperation },
  {
    method: 'GET',
    path: /^\/status$/,
    answer: async ({ subgraph, response }) => send(response, 200, await subgraph.status()),
  },
  { method: 'PUT', path: PART, answer: recordPart },
  {
    method: 'GET',
    path: REPLACEMENT,
    answer: (call) => replace(call, (replacement, filing) => replacement.weigh(call.viewer, filing)),
  },
  {
    method: 'POST',
    path: REPLACEMENT,
    answer: (call) =>
      replace(call, async (replacement, filing) => ({
        ended: await replacement.apply(call.viewer, filing, call.search.get('at') ?? ''),
      })),
  },
  {
    method: 'DELETE',
    path: REPLACEMENT,
    answer: (call) =>
      replace(call, async (replacement, filing) => {
        await replacement.discard(call.viewer, filing);
        return {};
      }),
  },
  {
    method: 'POST',
    path: /^\/conflicts$/,
    async answer({ subgraph, viewer, search, body, response }) {
      const intake = intakeOf(subgraph, search.get('kind') ?? '');
      if (!intake) return unknownPath(response);
      // The gateway sent it and has checked the input.
      send(response, 200, { closed: await intake.decideConflict(viewer, jsonIn(body) as DecidedConflict) });
    },
  },
  {
    method: 'PUT',
    path: /^\/source-units$/,
    async answer({ subgraph, viewer, body, response }) {
      // The gateway sent it and has checked the input.
      await subgraph.units.register(viewer, jsonIn(body) as UnitRegistration[]);
      send(response, 200, {});
    },
  },
  {
    method: 'GET',
    path: /^\/source-units\/([0-9A-Z]{18})$/,
    answer: async ({ subgraph, matched: [unit = ''], response }) => send(response, 200, await subgraph.units.of(unit)),
  },
  { method: 'POST', path: /^\/heads$/, answer: readHeads },
];

/**
 * Answers a request of the gateway. One without a passport is refused before its body is read, and a passport for
 * another request is not accepted.
 */
export async function answerGateway(
  subgraph: Subgraph,
  passport: OpenedPassport | null,
  request: IncomingMessage,
  response: ServerResponse,
  observe: Observe,
): Promise<void> {
  const { pathname, searchParams: search } = new URL(request.url ?? '/', 'http://subgraph.invalid');
  if (!passport) return refuse(response);
  const maxBytes = PART.test(pathname) ? MAX_PART_BYTES : MAX_BODY_BYTES;
  const body = await readBody(request, maxBytes);
  if (body === null)
    return send(response, 413, {
      errors: [{ message: `A body has at most ${maxBytes} bytes.`, extensions: { code: 'BAD_USER_INPUT' } }],
    });
  const method = request.method ?? '';
  if (!passport.isFor({ method, path: request.url ?? '', body })) return refuse(response);
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(pathname) : null;
    if (match)
      return route.answer({
        subgraph,
        viewer: passport.viewer,
        matched: match.slice(1),
        search,
        body,
        response,
        observe,
      });
  }
  return unknownPath(response);
}

function refuse(response: ServerResponse): void {
  send(response, 401, {
    errors: [{ message: 'A passport of the gateway is needed.', extensions: { code: 'UNAUTHENTICATED' } }],
  });
}

const unknownPath = (response: ServerResponse): void =>
  send(response, 404, { errors: [{ message: 'No such path.', extensions: { code: 'NOT_FOUND' } }] });

// --- filings ------------------------------------------------------------------------------------------------------

const intakeOf = ({ filings }: Subgraph, kind: string): FilingIntake | undefined =>
  Object.hasOwn(filings, kind) ? filings[kind] : undefined;

async function recordPart({ subgraph, viewer, matched, search, body, response }: Call): Promise<void> {
  const [filingId = '', number = ''] = matched;
  const kind = search.get('kind') ?? '';
  const intake = intakeOf(subgraph, kind);
  if (!intake)
    return send(response, 404, {
      errors: [{ message: `This subgraph keeps no filings of kind "${kind}".`, extensions: { code: 'NOT_FOUND' } }],
    });
  const part: FilingPart = {
    filingId,
    number: Number(number),
    kind,
    format: search.get('format') === 'NDJSON' ? 'NDJSON' : 'CSV',
    wantsRows: search.get('rows') === 'true',
    replaces: search.get('replaces') === 'true',
  };
  return send(response, 200, await intake(viewer, part, Readable.from([body])));
}

/** Answers with what `work` does with the full replacement of a filing; 404 where its kind is not kept here. */
async function replace(
  { subgraph, matched: [id = ''], search, response }: Call,
  work: (
    replacement: FilingIntake['replacement'],
    filing: { readonly id: string; readonly unit: string },
  ) => Promise<unknown>,
): Promise<void> {
  const replacement = intakeOf(subgraph, search.get('kind') ?? '')?.replacement;
  if (!replacement) return unknownPath(response);
  return send(response, 200, await work(replacement, { id, unit: search.get('unit') ?? '' }));
}

async function readHeads({ subgraph, viewer, search, body, response }: Call): Promise<void> {
  const topic = search.get('topic') ?? '';
  const read = Object.hasOwn(subgraph.heads, topic) ? subgraph.heads[topic] : undefined;
  if (!read) return unknownPath(response);
  // The gateway made the body itself.
  return send(response, 200, await read(viewer, jsonIn(body) as HeadAsk));
}

// --- operations ---------------------------------------------------------------------------------------------------

interface OperationBody {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions: { readonly moment: Moment };
}

const isOperationBody = (body: unknown): body is OperationBody =>
  typeof body === 'object' &&
  body !== null &&
  'query' in body &&
  typeof body.query === 'string' &&
  'extensions' in body &&
  typeof (body.extensions as { moment?: Moment } | null)?.moment?.knownAt === 'string' &&
  typeof (body.extensions as { moment: Moment }).moment.validAt === 'string';

/** The body; null when it has more than `maxBytes` bytes. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** The parsed body; null when it is not JSON. */
function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

async function runOperation({ subgraph, viewer, body: bytes, response, observe }: Call): Promise<void> {
  const begunAt = performance.now();
  const body = jsonIn(bytes);
  if (!isOperationBody(body))
    return send(response, 400, {
      errors: [{ message: 'Expected JSON with query and extensions.moment.', extensions: { code: 'BAD_USER_INPUT' } }],
    });
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  const result = await subgraph.execute({
    document: body.query,
    operationName: body.operationName,
    variables: body.variables ?? {},
    viewer,
    moment: body.extensions.moment,
    signal: abort.signal,
  });
  observe(body.query, begunAt, result);
  return send(response, 200, result);
}

/** Ends a response: this status, and the body as JSON in UTF-8. */
export function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length })
    .end(bytes);
}
