import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDrain } from '#kit/drain.ts';
import { faultError, faultOf } from '#kit/faults.ts';
import type { KeyRing } from '#kit/keys.ts';
import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { createPassportVerifier, type OpenedPassport } from '#kit/passport.ts';
import type { Subgraph } from './subgraph.ts';
import { answerGateway, type Observe, send } from './subgraphRoutes.ts';
import { measureBulkheads, measurePools, type Metrics, OPERATION_SECONDS } from '#kit/telemetry/metrics.ts';
import { codeOf, operationKinds, outcomes, safely } from '#kit/telemetry/outcomes.ts';
import { closeScope, inScope, openScope, requestIdOf, type Tracer, traceparentIn } from '#kit/telemetry/scope.ts';

export interface SubgraphServer extends AsyncDisposable {
  readonly url: string;
}

export interface SubgraphServerOptions {
  readonly host: string;
  readonly port: number;
  readonly passportKeys: KeyRing;
  readonly log: Log;
  readonly now: () => Date;
  /** What `GET /metrics` returns, and which requests may read it; left out: there is no such path. */
  readonly metrics?: { readonly metrics: Metrics; readonly mayRead: (request: IncomingMessage) => boolean } | null;
  /** Left out: nothing is traced. A trace begins at the gateway and only continues here. */
  readonly tracer?: Tracer | null;
}

/**
 * Serves one subgraph over HTTP. Every path except `/health/live` and `/metrics` requires a passport for this one
 * request and answers 401 without one. `POST /graphql` runs an operation, `GET /status` returns how far the source is
 * complete, `PUT /filings/{id}/parts/{n}` records a part, `GET` and `POST /filings/{id}/replacement` weigh and apply a
 * full replacement, `PUT /source-units` registers units that file, `GET /source-units/{uscc}` returns what one files,
 * and `POST /heads` reads records without their content.
 */
export async function serveSubgraph(subgraph: Subgraph, options: SubgraphServerOptions): Promise<SubgraphServer> {
  const { tracer } = options;
  const passports = createPassportVerifier(options.passportKeys, subgraph.name, options.now);
  const passportIn = ({ headers }: IncomingMessage): OpenedPassport | null => {
    const [scheme, displayed] = (headers.authorization ?? '').split(' ');
    return scheme === 'Passport' && displayed ? passports.open(displayed) : null;
  };
  const answer = createAnswers(subgraph, options);
  const server = createServer((request, response) => {
    const passport = passportIn(request);
    const scope = scopeOf(request, passport, tracer ?? null);
    response.setHeader('x-request-id', scope.requestId);
    response.once('close', () => {
      scope.span?.set({ 'http.response.status_code': response.statusCode });
      closeScope(scope, response.statusCode >= 500 ? String(response.statusCode) : undefined);
    });
    void inScope(scope, () => answer(passport, request, response));
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

/** The scope of a request. A trace is accepted from the gateway alone, which the passport proves. */
function scopeOf(request: IncomingMessage, passport: OpenedPassport | null, tracer: Tracer | null) {
  const traceparent = tracer && passport ? traceparentIn(request.headers) : null;
  const route = routeOf(request.url ?? '');
  const span =
    tracer && traceparent !== null
      ? tracer.begin(
          `${request.method} ${route}`,
          'SERVER',
          { 'http.request.method': request.method ?? '', 'http.route': route },
          { traceparent, as: 'parent' },
        )
      : null;
  return openScope(requestIdOf(request.headers['x-request-id']), span);
}

/** Answers every request, also one that fails. */
function createAnswers(subgraph: Subgraph, { log, metrics: exposed }: SubgraphServerOptions) {
  const outage = createOutage({
    log,
    began: 'requests fail, since what keeps the records does',
    over: 'requests are answered again',
  });
  const observe = createObserver(log, exposed ? measureSubgraph(exposed.metrics, subgraph) : null);

  const handle = async (
    passport: OpenedPassport | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://subgraph.invalid');
    if (pathname === '/health/live') return send(response, 200, { status: 'ok' });
    if (pathname === '/metrics' && exposed) return sendMetrics(exposed, request, response);
    return answerGateway(subgraph, passport, request, response, observe);
  };
  const refuse = (error: unknown, response: ServerResponse): void => {
    const code = error instanceof Error && 'extensions' in error ? error.extensions : undefined;
    if (code) return send(response, 400, { errors: [{ message: (error as Error).message, extensions: code }] });
    const fault = faultOf(error);
    if (fault) outage.failed(error);
    else log.error({ err: error }, 'a request failed');
    if (response.headersSent) return void response.destroy();
    if (fault) {
      const { message, extensions } = faultError(fault);
      return send(response, 503, { errors: [{ message, extensions }] });
    }
    return send(response, 500, {
      errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
  };
  return (passport: OpenedPassport | null, request: IncomingMessage, response: ServerResponse): Promise<void> =>
    handle(passport, request, response).then(
      () => outage.succeeded(),
      (error: unknown) => refuse(error, response),
    );
}

async function sendMetrics(
  { metrics, mayRead }: NonNullable<SubgraphServerOptions['metrics']>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!mayRead(request))
    return send(response, 401, {
      errors: [{ message: 'The metrics are for who shows METRICS_TOKEN.', extensions: { code: 'UNAUTHENTICATED' } }],
    });
  const text = await metrics.text();
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text);
}

/** Counts and logs each operation. @param count null: nothing is counted */
const createObserver =
  (log: Log, count: ReturnType<typeof measureSubgraph> | null): Observe =>
  (query, begunAt, { data, errors = [] }) =>
    safely(() => {
      const kind = /^\s*mutation\b/.test(query) ? 'mutation' : 'query';
      const outcome = errors.length === 0 ? 'ok' : data ? 'partial' : codeOf(errors[0]);
      const ms = performance.now() - begunAt;
      count?.({ kind, outcome }, ms / 1000);
      if (log.isLevelEnabled('debug')) log.debug({ kind, outcome, ms: Math.round(ms) }, 'an operation was answered');
    });

const routes: ReadonlySet<string> = new Set([
  '/graphql',
  '/status',
  '/heads',
  '/metrics',
  '/health/live',
  '/source-units',
  '/source-units/{id}',
  '/filings/{id}/parts/{n}',
  '/filings/{id}/replacement',
]);

/** The path by its pattern, without the identifiers that it contains. */
function routeOf(url: string): string {
  const route = url
    .replace(/\?.*$/s, '')
    .replace(/^\/(filings|source-units)\/[^/]+/, '/$1/{id}')
    .replace(/\/parts\/[^/]+$/, '/parts/{n}');
  return routes.has(route) ? route : 'other';
}

/** Registers what a subgraph's process answers and holds with the metrics. */
function measureSubgraph(
  metrics: Metrics,
  subgraph: Subgraph,
): (labels: { kind: string; outcome: string }, seconds: number) => void {
  measurePools(metrics, { [subgraph.name]: subgraph.pool });
  measureBulkheads(metrics, () => Object.entries(subgraph.bulkheads));
  const kind = operationKinds;
  const operations = metrics.counters(
    'subgraph_operations_total',
    'Operations of the gateway that this subgraph has answered.',
    { kind, outcome: outcomes },
  );
  const duration = metrics.histogram(
    'subgraph_operation_duration_seconds',
    'How long answering them took.',
    { kind },
    OPERATION_SECONDS,
  );
  return (labels, seconds) => {
    operations.add(labels);
    duration.observe(labels, seconds);
  };
}
