import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { GraphQLError, printSchema } from 'graphql';
import { createKnownTexts } from './knownTexts.ts';
import type { AddressInfo, Socket } from 'node:net';
import type { Log } from '#kit/log.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from './auth.ts';
import { createDocuments, MAX_VALIDATION_ERRORS, unresolvedOperation } from './documents.ts';
import { answerText, credentialsIn, type DoorOptions } from './doors/operation.ts';
import { asksForEvents, createEventDoor } from './doors/sse.ts';
import { createWebSocketDoor } from './doors/websocket.ts';
import { createErrorWords } from './errors.ts';
import type { Graph } from './graph.ts';
import type { Readiness } from './http/readiness.ts';
import { createLimitCheck, type Limits } from './limits.ts';
import type { Live } from './live/subscriber.ts';

export interface RequestContext {
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  readonly signal: AbortSignal;
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly graph: Graph;
  /** What `/health/ready` answers; left out: that all is well. */
  readonly readiness?: () => Promise<Readiness>;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly policyMode: 'filter' | 'reject';
  /** Without it subscriptions are refused at every door. It ends its streams before the doors are closed, or they do. */
  readonly live?: Live | undefined;
  readonly now?: () => Date;
  /** Further routes: filings, explorer. */
  readonly routes: readonly ((app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>) => Promise<void>)[];
  readonly log: Log;
}

export interface GatewayServer extends AsyncDisposable {
  readonly url: string;
}

/** A batch of 1 000 rows in the variables (`fileRecords`); the text of a query is bounded by the limits. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

interface Refusal {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly message: string;
  readonly extensions: Record<string, unknown>;
}

/** What to tell of an error that is not an operation's: ours say their code and status, and of the rest the framework knows the status. */
function refusalOf(error: FastifyError | GraphQLError): Refusal {
  if (error instanceof GraphQLError) {
    const { http, ...extensions } = error.extensions as { http?: { status?: number; headers?: Map<string, string> } };
    return { status: http?.status ?? 400, headers: http?.headers ?? [], message: error.message, extensions };
  }
  const { statusCode: status = 500 } = error;
  const refusal = (message: string, code: string): Refusal => ({ status, headers: [], message, extensions: { code } });
  if (status === 413) return refusal(`The body of a request has at most ${MAX_BODY_BYTES / 1024 / 1024} MB; larger files are filed in parts.`, 'BODY_TOO_LARGE');
  return status < 500 ? refusal(error.message, 'BAD_REQUEST') : refusal('Internal error', 'INTERNAL_SERVER_ERROR');
}

/** The HTTP doors of the gateway. Rules stand in graph.ts and limits.ts, which every door calls; nothing here decides. */
export async function serveGateway(options: ServerOptions): Promise<GatewayServer> {
  const { graph, authenticator, log } = options;
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: false,
    logger: false,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    // All other upgrades are declined by answering as if they were not offered: Java's client offers h2c with every first request.
    http: { shouldUpgradeCallback: ({ url, headers }) => headers.upgrade?.toLowerCase() === 'websocket' && /^\/graphql(?:\?|$)/.test(url ?? '') },
  });
  const checkLimits = createLimitCheck(options.limits);
  const words = createErrorWords(log);
  const doors: DoorOptions = { graph, documents: createDocuments(graph.schema, checkLimits), authenticator, live: options.live, words, policyMode: options.policyMode, log, now: options.now ?? (() => new Date()) };
  const events = createEventDoor(doors);
  const sockets = createWebSocketDoor(doors);
  app.server.on('upgrade', sockets.upgrade);
  // Browsers and clients open connections ahead of what they will ask. Node does not call those idle, and would wait ten seconds for them.
  const silent = new Set<Socket>();
  app.server.on('connection', (socket) => void silent.add(socket.once('close', () => silent.delete(socket))));
  app.server.on('request', ({ socket }) => silent.delete(socket));

  const viewerOf = (request: FastifyRequest): Promise<Viewer> => {
    const { authorization, purpose } = credentialsIn(request.raw);
    return authenticator.viewer(authorization, purpose);
  };

  const contextOf = async (request: FastifyRequest, reply: FastifyReply): Promise<RequestContext> => {
    const abort = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) abort.abort();
    });
    const { authorization, purpose, rejects } = credentialsIn(request.raw);
    return { viewer: await authenticator.viewer(authorization, purpose), mode: rejects ? 'reject' : options.policyMode, signal: abort.signal };
  };

  const knownTexts = createKnownTexts();
  const apollo = new ApolloServer<RequestContext>({
    gateway: {
      load: () =>
        Promise.resolve({
          executor: async ({ document, operation, operationName, request, context }) => {
            const { viewer, mode, signal } = context as unknown as RequestContext; // made by `context` below
            // Apollo resolves it, and hands on that it could not.
            if (!operation) throw unresolvedOperation(request.operationName);
            if (request.query) knownTexts.add(request.query, document, operation);
            const answer = await graph.run({ document, operation, operationName: operationName ?? undefined, variables: request.variables ?? {}, viewer, mode, signal });
            return answer as never; // ExecutionResult, with `data` left out where nothing ran
          },
        }),
      onSchemaLoadOrUpdate(callback) {
        callback({ apiSchema: graph.schema, coreSupergraphSdl: '' });
        return () => {};
      },
      stop: () => Promise.resolve(),
    },
    introspection: true, // answered from the caller's own view, see graph.ts
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    stopOnTerminationSignals: false,
    validationOptions: { maxErrors: MAX_VALIDATION_ERRORS },
    formatError: words,
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      {
        requestDidStart: () =>
          Promise.resolve({
            // A client that reads only application/json gets 200 with its errors (GraphQL over HTTP §6.4.1).
            willSendResponse: ({ request, response, errors }) => {
              const accepts = request.http?.headers.get('accept') ?? '';
              const code = errors?.[0]?.extensions['code'];
              if (response.http.status === 400 && accepts.includes('application/json') && !accepts.includes('application/graphql-response+json') && ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'].includes(String(code)))
                response.http.status = 200;
              return Promise.resolve();
            },
          }),
      },
    ],
    logger: { debug: () => {}, info: () => {}, warn: (message) => log.warn(String(message)), error: (message) => log.error(String(message)) },
  });
  await apollo.start();

  const throughApollo = fastifyApolloHandler(apollo, { context: contextOf });

  // Whatever is refused outside of an operation, by us or by the framework before a route is asked, in the words of all other errors.
  app.setErrorHandler((error: FastifyError | GraphQLError, _, reply) => {
    const { status, headers, message, extensions } = refusalOf(error);
    if (status >= 500) log.error({ err: error }, 'a request failed');
    for (const [name, value] of headers) reply.header(name, value);
    return reply.code(status).send({ errors: [{ message, extensions }] });
  });

  app.route({
    url: '/graphql',
    method: ['GET', 'POST', 'OPTIONS'],
    // Before Apollo parses anything: what the operation may cost, for whoever asks.
    preHandler: async (request) => {
      const given = (request.method === 'GET' ? request.query : request.body) as { query?: unknown } | null | undefined;
      if (typeof given?.query === 'string') checkLimits(given.query);
    },
    handler: async function (request, reply) {
      if (asksForEvents(request.headers.accept)) return events.handle(request, reply);
      const known = knownTexts.find(request);
      const answer = known && (await contextOf(request, reply).then((context) => graph.run({ ...known, ...context }), () => null));
      // Without data there is a status to be chosen, and without a viewer a refusal: both are Apollo's to word.
      if (!answer?.data) return throughApollo.call(this, request, reply);
      return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(`${answerText(answer)}\n`);
    },
  });

  app.get('/sdl', async (request, reply) => {
    const { role } = await viewerOf(request);
    return reply.type('text/plain; charset=utf-8').header('cache-control', 'private, no-store').send(printSchema(graph.view(role)));
  });
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_, reply) => {
    const readiness = (await options.readiness?.()) ?? { status: 'ok', unavailable: [], knownThrough: {} };
    return reply.code(readiness.status === 'unavailable' ? 503 : 200).header('cache-control', 'no-store').send(readiness);
  });
  for (const route of options.routes) await route(app, viewerOf);

  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo; // listening on a port, so it is one
  return {
    url: `http://${options.host}:${port}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([events[Symbol.asyncDispose](), sockets[Symbol.asyncDispose]()]);
      for (const socket of silent) socket.destroy();
      await apollo.stop();
      await app.close();
    },
  };
}

