import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { createDrain } from '#kit/drain.ts';
import type { AddressInfo, Socket } from 'node:net';
import type { Log } from '#kit/log.ts';
import { requestIdOf, type Tracer } from '#kit/telemetry/scope.ts';
import { standardBudgets } from '#policy/budgets.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from '#gateway/auth/authenticator.ts';
import { type Budgets, createMemoryBudgets } from '#gateway/budgets/budgets.ts';
import { createDocuments, type Documents } from '#gateway/graph/documents.ts';
import { type ClientAddresses, createClientAddresses } from '#kit/http/address.ts';
import { type Admission, type AdmissionOptions, createAdmission } from './admission.ts';
import { startApollo } from './apollo.ts';
import { viewerOf } from './exchange.ts';
import { addGraphqlRoute } from './graphqlRoute.ts';
import { addHealthRoutes } from './healthRoutes.ts';
import { addRequestHooks } from './hooks.ts';
import { refuse, refuseErrors, requestError } from './refusal.ts';
import { MAX_BODY_BYTES, parseJsonBodies } from './requestBody.ts';
import { addSdlRoute } from './sdlRoute.ts';
import { answerUnreadable, type RequestTiming, standardTiming } from './unreadableRequest.ts';
import { UnstoredResponse } from './unstoredResponse.ts';
import type { OperationMetrics, TransportOptions } from '#gateway/operations/operation.ts';
import { createSseTransport } from '#gateway/sse/sse.ts';
import { createWebSocketTransport, type WebSocketTransport } from '#gateway/websocket/websocket.ts';
import { createErrorWords } from '#gateway/graph/errors.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import type { Readiness } from './readiness.ts';
import { createStreamQuota, standardStreamLimits, type StreamLimits } from '#gateway/operations/streamQuota.ts';
import type { Limits } from '#gateway/graph/limits.ts';
import type { Live } from '#gateway/changes/subscriber.ts';
import type { SourceRegistry } from '#gateway/graph/sources.ts';
import { nothingPublished, type TrustedDocuments } from '#gateway/trustedDocuments/store.ts';

export interface ServerOptions extends Omit<AdmissionOptions, 'addresses'> {
  readonly host: string;
  readonly port: number;
  readonly graph: Graph;
  readonly sources: SourceRegistry;
  /** The answer of `/health/ready`; left out: all is well. */
  readonly readiness?: () => Promise<Readiness>;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  /** The documents of the process, within the same limits; left out: the server's own. */
  readonly documents?: Documents;
  /** The published documents; left out: none, and every text runs. */
  readonly trusted?: TrustedDocuments;
  readonly policyMode: 'filter' | 'reject';
  /** The budgets of callers; left out: the budget of each role, counted here. */
  readonly budgets?: Budgets | undefined;
  /** The client's address where proxies stand before the gateway; left out: the connection's other end. */
  readonly addresses?: ClientAddresses | undefined;
  readonly timing?: Partial<RequestTiming> | undefined;
  /** The maximum of connections and streams that one caller may hold at once; left out: standardStreamLimits. */
  readonly streamLimits?: StreamLimits | undefined;
  /**
   * Without it subscriptions are refused on every transport. It ends its streams before the transports are closed, or
   * they do.
   */
  readonly live?: Live | undefined;
  readonly now?: () => Date;
  /** Metrics of operations; left out: none. */
  readonly metrics?: OperationMetrics;
  /** Left out: nothing is traced. `clients`: whether a client's trace continues in ours, or is only linked. */
  readonly tracing?: { readonly tracer: Tracer | null; readonly clients: 'parent' | 'link' };
  /** Further routes: filings, explorer. */
  readonly routes: readonly ((
    app: FastifyInstance,
    viewerOf: (request: FastifyRequest) => Promise<Viewer>,
  ) => Promise<void>)[];
  readonly log: Log;
}

export interface GatewayServer extends AsyncDisposable {
  readonly url: string;
  /** The number of open connections. */
  readonly connections: () => number;
}

/**
 * An idle connection is kept for longer than load balancers keep theirs, or they would lose a request that was just
 * sent.
 */
const KEEP_ALIVE_MS = 72_000;

/**
 * The HTTP transport of the gateway. The rules are in graph.ts and limits.ts, which every transport calls; nothing here
 * decides.
 */
export async function serveGateway(options: ServerOptions): Promise<GatewayServer> {
  const transports = transportOptions(options);
  const { tracer, clients } = options.tracing ?? { tracer: null, clients: 'link' };
  const app = createApp(transports, { ...standardTiming, ...options.timing });
  const events = createSseTransport(transports);
  const sockets = createWebSocketTransport(transports);

  parseJsonBodies(app);
  const admission = createAdmission(app.server, { ...options, addresses: transports.addresses });
  openWebSockets(app, sockets, admission);
  const drain = createDrain(app.server);
  const apollo = await startApollo(app, transports);
  refuseErrors(app, transports);
  addRequestHooks(app, { transports, admission, events, tracer, clients });
  addGraphqlRoute(app, transports, events, apollo.handler);
  addSdlRoute(app, transports);
  addHealthRoutes(app, options.readiness);
  for (const route of options.routes) await route(app, (request) => viewerOf(transports, request));

  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo; // listening on a port, so it is one
  return {
    url: `http://${options.host}:${port}`,
    connections: admission.open,
    async [Symbol.asyncDispose]() {
      // New requests are refused first, then streams are ended, and only then connections.
      admission.leave();
      await Promise.all([events[Symbol.asyncDispose](), sockets[Symbol.asyncDispose]()]);
      drain();
      admission[Symbol.dispose]();
      await apollo.stop();
      await app.close();
    },
  };
}

/** What all transports are made with: the parts that were given, and the server's own where they were left out. */
const transportOptions = (options: ServerOptions): TransportOptions => ({
  graph: options.graph,
  documents: options.documents ?? createDocuments(options.graph.schema, options.limits),
  trusted: options.trusted ?? nothingPublished,
  sources: options.sources,
  authenticator: options.authenticator,
  live: options.live,
  quota: createStreamQuota(options.streamLimits ?? standardStreamLimits),
  words: createErrorWords(options.log),
  policyMode: options.policyMode,
  log: options.log,
  budgets: options.budgets ?? createMemoryBudgets(standardBudgets),
  addresses: options.addresses ?? createClientAddresses([]),
  now: options.now ?? (() => new Date()),
  metrics: options.metrics,
  tracer: options.tracing?.tracer ?? null,
});

/** The framework's instance, without hooks and routes. */
function createApp(transports: TransportOptions, timing: RequestTiming): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: false,
    logger: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    requestTimeout: timing.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    clientErrorHandler: (error, socket) => answerUnreadable(error.code, socket as Socket, timing),
    frameworkErrors: (error, request, reply) =>
      // an address that is no valid text
      refuse(transports, request, reply.header('x-request-id', request.id), [requestError(error)]),
    return503OnClosing: false, // refused by `Admission` in GraphQL's form
    // All other upgrades are declined by answering the request without them: Java's client offers h2c with every first
    // request.
    http: {
      headersTimeout: timing.headersMs,
      connectionsCheckingInterval: timing.headersMs / 2,
      shouldUpgradeCallback: ({ url, headers }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && /^\/graphql(?:\?|$)/.test(url ?? ''),
      ServerResponse: UnstoredResponse,
    },
  });
  app.decorateRequest('exchange', null as never); // by the first hook
  return app;
}

/** A WebSocket for which there is no room is opened too, and closed with the reason. */
function openWebSockets(app: FastifyInstance, sockets: WebSocketTransport, admission: Admission): void {
  app.server.on('upgrade', (request, network, head) =>
    sockets.upgrade(request, network, head, admission.upgradeProblemOf(request)),
  );
}
