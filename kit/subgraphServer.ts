import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Viewer } from '#policy/viewer.ts';
import type { ExecutionResult } from 'graphql';
import type { Moment } from './context.ts';
import { createDrain } from './drain.ts';
import { faultError, faultOf } from './faults.ts';
import type { RecordFeed } from './feed.ts';
import type { HeadAsk } from './heads.ts';
import type { KeyRing } from './keys.ts';
import type { Log } from './log.ts';
import { createPassportControl, type OpenedPassport } from './passport.ts';
import type { UnitRegistration } from './sourceUnits.ts';
import type { FilingPart, Subgraph } from './subgraph.ts';
import { measureBulkheads, measurePools, type Metrics, OPERATION_SECONDS } from './telemetry/metrics.ts';
import { codeOf, operationKinds, outcomes, safely } from './telemetry/outcomes.ts';
import { closeScope, inScope, openScope, requestIdOf, type Tracer, traceparentIn } from './telemetry/scope.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Held in memory once: nothing of a part is recorded before it is known to be what the gateway sent. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

export interface SubgraphServer extends AsyncDisposable {
  readonly url: string;
}

export interface SubgraphServerOptions {
  readonly host: string;
  readonly port: number;
  readonly passportKeys: KeyRing;
  readonly log: Log;
  readonly now: () => Date;
  /** What `GET /metrics` gives, and whom; left out: there is no such path. */
  readonly metrics?: { readonly metrics: Metrics; readonly mayRead: (request: IncomingMessage) => boolean } | null;
  /** Left out: nothing is traced. A trace begins at the gateway; here it only goes on. */
  readonly tracer?: Tracer | null;
}

/**
 * One subgraph over HTTP. Every path but `/health/live` and `/metrics` wants a passport for this one question and answers 401 without one:
 * `POST /graphql` runs an operation, `GET /status` tells how far the source is complete, `PUT /filings/{id}/parts/{n}` records a part,
 * `GET` and `POST /filings/{id}/replacement` weigh and apply a full replacement, `PUT /source-units` registers units that file and `GET /source-units/{uscc}` tells what one files,
 * `POST /heads` reads records without their content.
 */
export async function serveSubgraph(
  subgraph: Subgraph,
  options: SubgraphServerOptions,
): Promise<SubgraphServer> {
  const { tracer, metrics: exposed } = options;
  const passports = createPassportControl(options.passportKeys, subgraph.name, options.now);
  const refuse = (response: ServerResponse): void => send(response, 401, { errors: [{ message: 'A passport of the gateway is needed.', extensions: { code: 'UNAUTHENTICATED' } }] });
  const passportIn = ({ headers }: IncomingMessage): OpenedPassport | null => {
    const [scheme, shown] = (headers.authorization ?? '').split(' ');
    return scheme === 'Passport' && shown ? passports.open(shown) : null;
  };
  const count = exposed ? measureSubgraph(exposed.metrics, subgraph) : null;
  const observe = (query: string, begunAt: number, { data, errors = [] }: ExecutionResult): void =>
    safely(() => {
      const kind = /^\s*mutation\b/.test(query) ? 'mutation' : 'query';
      const outcome = errors.length === 0 ? 'ok' : data ? 'partial' : codeOf(errors[0]);
      const ms = performance.now() - begunAt;
      count?.({ kind, outcome }, ms / 1000);
      if (options.log.isLevelEnabled('debug')) options.log.debug({ kind, outcome, ms: Math.round(ms) }, 'an operation was answered');
    });

  const handle = async (passport: OpenedPassport | null, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://subgraph.invalid');
    if (pathname === '/health/live') return send(response, 200, { status: 'ok' });
    if (pathname === '/metrics' && exposed) {
      if (!exposed.mayRead(request)) return send(response, 401, { errors: [{ message: 'The metrics are for who shows METRICS_TOKEN.', extensions: { code: 'UNAUTHENTICATED' } }] });
      const text = await exposed.metrics.text();
      return void response.writeHead(200, { 'content-type': exposed.metrics.contentType, 'cache-control': 'no-store' }).end(text);
    }
    const part = /^\/filings\/([\w-]{1,64})\/parts\/(\d{1,5})$/.exec(pathname);
    // Whoever has none sends no body; whoever has one for another question asks nothing.
    if (!passport) return refuse(response);
    const body = await readBody(request, part ? MAX_PART_BYTES : MAX_BODY_BYTES);
    if (body === null) return send(response, 413, { errors: [{ message: `A body has at most ${part ? MAX_PART_BYTES : MAX_BODY_BYTES} bytes.`, extensions: { code: 'BAD_USER_INPUT' } }] });
    if (!passport.isFor({ method: request.method ?? '', path: request.url ?? '', body })) return refuse(response);
    const { viewer } = passport;
    if (pathname === '/graphql' && request.method === 'POST') return runOperation(subgraph, viewer, jsonIn(body), response, observe);
    if (pathname === '/status' && request.method === 'GET') return send(response, 200, await subgraph.status());
    if (part && request.method === 'PUT') {
      const kind = searchParams.get('kind') ?? '';
      const door = subgraph.filings[kind];
      if (!door) return send(response, 404, { errors: [{ message: `This subgraph keeps no filings of kind "${kind}".`, extensions: { code: 'NOT_FOUND' } }] });
      const filingPart: FilingPart = { filingId: part[1] ?? '', number: Number(part[2]), kind, format: searchParams.get('format') === 'NDJSON' ? 'NDJSON' : 'CSV', wantsRows: searchParams.get('rows') === 'true', replaces: searchParams.get('replaces') === 'true' };
      return send(response, 200, await door(viewer, filingPart, Readable.from([body])));
    }
    const replacing = /^\/filings\/([\w-]{1,64})\/replacement$/.exec(pathname)?.[1];
    const replacement = subgraph.filings[searchParams.get('kind') ?? '']?.replacement;
    if (replacing && replacement) {
      const filing = { id: replacing, unit: searchParams.get('unit') ?? '' };
      if (request.method === 'GET') return send(response, 200, await replacement.weigh(viewer, filing));
      if (request.method === 'POST') return send(response, 200, { ended: await replacement.apply(viewer, filing, searchParams.get('at') ?? '') });
      if (request.method === 'DELETE') {
        await replacement.discard(viewer, filing);
        return send(response, 200, {});
      }
    }
    if (pathname === '/source-units' && request.method === 'PUT') {
      await subgraph.units.register(viewer, jsonIn(body) as UnitRegistration[]); // from the gateway, which has checked the input
      return send(response, 200, {});
    }
    const unit = /^\/source-units\/([0-9A-Z]{18})$/.exec(pathname)?.[1];
    if (unit && request.method === 'GET') return send(response, 200, await subgraph.units.of(unit));
    const readHeads = pathname === '/heads' && request.method === 'POST' ? subgraph.heads[searchParams.get('topic') as RecordFeed['topic']] : undefined;
    if (readHeads) return send(response, 200, await readHeads(viewer, jsonIn(body) as HeadAsk)); // from the gateway, which has made it
    return send(response, 404, { errors: [{ message: 'No such path.', extensions: { code: 'NOT_FOUND' } }] });
  };

  const serve = (passport: OpenedPassport | null, request: IncomingMessage, response: ServerResponse): Promise<void> =>
    handle(passport, request, response).catch((error: unknown) => {
      const code = error instanceof Error && 'extensions' in error ? error.extensions : undefined;
      if (code) return send(response, 400, { errors: [{ message: (error as Error).message, extensions: code }] });
      const fault = faultOf(error);
      options.log[fault ? 'warn' : 'error']({ err: error }, 'a request failed');
      if (fault && !response.headersSent) {
        const { message, extensions } = faultError(fault);
        return send(response, 503, { errors: [{ message, extensions }] });
      }
      if (response.headersSent) response.destroy();
      else send(response, 500, { errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    });

  const server = createServer((request, response) => {
    const passport = passportIn(request);
    const traceparent = tracer && passport ? traceparentIn(request.headers) : null; // of the gateway alone, whose passport it is
    const route = routeOf(request.url ?? '');
    const span = tracer && traceparent !== null
      ? tracer.begin(`${request.method} ${route}`, 'SERVER', { 'http.request.method': request.method ?? '', 'http.route': route }, { traceparent, as: 'parent' })
      : null;
    const scope = openScope(requestIdOf(request.headers['x-request-id']), span);
    response.setHeader('x-request-id', scope.requestId);
    response.once('close', () => {
      span?.set({ 'http.response.status_code': response.statusCode });
      closeScope(scope, response.statusCode >= 500 ? String(response.statusCode) : undefined);
    });
    void inScope(scope, () => serve(passport, request, response));
  });
  const drain = createDrain(server);
  server.keepAliveTimeout = 65_000; // longer than the gateway's, so that it never sends into a closing connection
  server.requestTimeout = 0; // a part of a filing may take long; operations carry the gateway's deadline
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo; // listening on a port, so it is one
  return {
    url: `http://${options.host}:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      drain();
      await closed;
    },
  };
}

const routes: ReadonlySet<string> = new Set([
  '/graphql', '/status', '/heads', '/metrics', '/health/live', '/source-units', '/source-units/{id}', '/filings/{id}/parts/{n}', '/filings/{id}/replacement',
]);

/** The path by what it is, without what it names of anybody. */
function routeOf(url: string): string {
  const route = url.replace(/\?.*$/s, '').replace(/^\/(filings|source-units)\/[^/]+/, '/$1/{id}').replace(/\/parts\/[^/]+$/, '/parts/{n}');
  return routes.has(route) ? route : 'other';
}

/** What a subgraph's process answers, and what it holds. */
function measureSubgraph(metrics: Metrics, subgraph: Subgraph): (labels: { kind: string; outcome: string }, seconds: number) => void {
  measurePools(metrics, { [subgraph.name]: subgraph.pool });
  measureBulkheads(metrics, () => Object.entries(subgraph.bulkheads));
  const kind = operationKinds;
  const operations = metrics.counters('subgraph_operations_total', 'Operations of the gateway that this subgraph has answered.', { kind, outcome: outcomes });
  const duration = metrics.histogram('subgraph_operation_duration_seconds', 'How long answering them took.', { kind }, OPERATION_SECONDS);
  return (labels, seconds) => {
    operations.add(labels);
    duration.observe(labels, seconds);
  };
}

interface OperationBody {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions: { readonly moment: Moment };
}

const isOperationBody = (body: unknown): body is OperationBody =>
  typeof body === 'object' && body !== null && 'query' in body && typeof body.query === 'string' && 'extensions' in body &&
  typeof (body.extensions as { moment?: Moment } | null)?.moment?.knownAt === 'string' && typeof (body.extensions as { moment: Moment }).moment.validAt === 'string';

/** Null when it has more bytes. */
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

/** Null when it is no JSON. */
function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

type Observe = (query: string, begunAt: number, result: ExecutionResult) => void;

async function runOperation(subgraph: Subgraph, viewer: Viewer, body: unknown, response: ServerResponse, observe: Observe): Promise<void> {
  const begunAt = performance.now();
  if (!isOperationBody(body)) return send(response, 400, { errors: [{ message: 'Expected JSON with query and extensions.moment.', extensions: { code: 'BAD_USER_INPUT' } }] });
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

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length }).end(bytes);
}
