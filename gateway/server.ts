import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { GraphQLError, printSchema } from 'graphql';
import { createKnownTexts } from './knownTexts.ts';
import type { AddressInfo } from 'node:net';
import type { Log } from '#kit/log.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from './auth.ts';
import type { Graph } from './graph.ts';
import { createLimitCheck, type Limits } from './limits.ts';
import type { SourceBook } from './sources.ts';

export interface RequestContext {
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  readonly signal: AbortSignal;
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly graph: Graph;
  readonly sources: SourceBook;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly policyMode: 'filter' | 'reject';
  /** Further routes: filings, explorer. */
  readonly routes: readonly ((app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>) => Promise<void>)[];
  readonly log: Log;
}

export interface GatewayServer extends AsyncDisposable {
  readonly url: string;
}

/** A batch of 1 000 rows in the variables (`fileRecords`); the text of a query is bounded by the limits. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What to tell of an error that is not an operation's: ours say their code and status, and of the rest the framework knows the status. */
function refusalOf(error: FastifyError | GraphQLError): { status: number; message: string; extensions: Record<string, unknown> } {
  if (error instanceof GraphQLError) {
    const { http, ...extensions } = error.extensions as { http?: { status?: number } };
    return { status: http?.status ?? 400, message: error.message, extensions };
  }
  const { statusCode: status = 500 } = error;
  if (status === 413) return { status, message: `The body of a request has at most ${MAX_BODY_BYTES / 1024 / 1024} MB; larger files are filed in parts.`, extensions: { code: 'BODY_TOO_LARGE' } };
  if (status < 500) return { status, message: error.message, extensions: { code: 'BAD_REQUEST' } };
  return { status, message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
}

/** The HTTP doors of the gateway. Rules stand in graph.ts and limits.ts, which every door calls; nothing here decides. */
export async function serveGateway(options: ServerOptions): Promise<GatewayServer> {
  const { graph, authenticator, log } = options;
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, trustProxy: false, logger: false, requestTimeout: 0, forceCloseConnections: 'idle' });
  const checkLimits = createLimitCheck(options.limits);

  const viewerOf = (request: FastifyRequest): Promise<Viewer> => {
    const authorizations = request.raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length;
    const purpose = request.headers['x-purpose'];
    // Of two Authorization headers Node keeps the first; which one a proxy looked at nobody knows.
    return authenticator.viewer(authorizations > 1 ? '' : request.headers.authorization, typeof purpose === 'string' && purpose !== '' ? purpose : undefined);
  };

  const contextOf = async (request: FastifyRequest, reply: FastifyReply): Promise<RequestContext> => {
    const abort = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) abort.abort();
    });
    const mode = request.headers['x-unauthorized'] === 'reject' ? 'reject' : options.policyMode;
    return { viewer: await viewerOf(request), mode, signal: abort.signal };
  };

  const knownTexts = createKnownTexts();
  const apollo = new ApolloServer<RequestContext>({
    gateway: {
      load: () =>
        Promise.resolve({
          executor: async ({ document, operation, operationName, request, context }) => {
            const { viewer, mode, signal } = context as unknown as RequestContext; // made by `context` below
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
    validationOptions: { maxErrors: 5 },
    formatError: (formatted, error) => {
      const { code, reason } = formatted.extensions ?? {};
      // A scalar refused a literal: the same error as for a variable, whoever noticed it.
      if (code === 'GRAPHQL_VALIDATION_FAILED' && typeof reason === 'string') return { message: formatted.message, extensions: { ...formatted.extensions, code: 'BAD_USER_INPUT' } };
      // An argument that is missing is bad input by name, as one that is wrong.
      const missing = code === 'GRAPHQL_VALIDATION_FAILED' ? /argument "(\w+)" of type "([^"]+)" is required/.exec(formatted.message) : null;
      if (missing) {
        const [, argument, type] = missing;
        const details = argument === 'first' ? { reason: 'PAGE_SIZE', expected: '1 to 100' } : { reason: 'MISSING', expected: type };
        return { ...formatted, extensions: { code: 'BAD_USER_INPUT', argument, ...details } };
      }
      if (code !== 'INTERNAL_SERVER_ERROR') return formatted;
      log.error({ err: error }, 'an operation failed');
      return { message: 'Internal error', ...(formatted.path ? { path: formatted.path } : null), extensions: { code } };
    },
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
    const { status, message, extensions } = refusalOf(error);
    if (status >= 500) log.error({ err: error }, 'a request failed');
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
      const known = knownTexts.find(request);
      const answer = known && (await contextOf(request, reply).then((context) => graph.run({ ...known, ...context }), () => null));
      // Without data there is a status to be chosen, and without a viewer a refusal: both are Apollo's to word.
      if (!answer?.data) return throughApollo.call(this, request, reply);
      const { data, errors, extensions } = answer;
      return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(`${JSON.stringify({ ...(errors ? { errors } : null), data, ...(extensions ? { extensions } : null) })}\n`);
    },
  });

  app.get('/sdl', async (request, reply) => {
    const { role } = await viewerOf(request);
    return reply.type('text/plain; charset=utf-8').header('cache-control', 'private, no-store').send(printSchema(graph.view(role)));
  });
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_, reply) => {
    await options.sources.refresh();
    const down = options.sources.states().filter(({ state }) => state === 'UNAVAILABLE').map(({ source }) => source);
    return reply.code(down.length === options.sources.states().length ? 503 : 200).send({ status: down.length === 0 ? 'ok' : 'degraded', unavailable: down });
  });
  for (const route of options.routes) await route(app, viewerOf);

  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo; // listening on a port, so it is one
  return {
    url: `http://${options.host}:${port}`,
    async [Symbol.asyncDispose]() {
      await apollo.stop();
      await app.close();
    },
  };
}

