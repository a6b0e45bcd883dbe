import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import type { DocumentNode } from 'graphql';
import { createByteCache } from '#kit/byteCache.ts';
import type { Log } from '#kit/log.ts';
import { bytesOf } from '#gateway/graph/documents.ts';
import { headOf } from '#gateway/graph/errors.ts';
import { type Asked, readOperation, runOperation, type TransportOptions } from '#gateway/operations/operation.ts';
import { contextOf, type RequestContext } from './exchange.ts';
import { statusFor } from './refusal.ts';

// Apollo Server handles what has to be negotiated or prevented (docs/adr/0010-known-texts.md). It validates and runs
// nothing: the gateway's own pipeline does.

type ApolloGateway = ApolloServerOptionsWithGateway<RequestContext>['gateway'];

/**
 * Starts an Apollo Server, which takes part in the end of the framework's instance.
 * @returns the handler of requests, and `stop`, which is called before the instance is closed
 */
export async function startApollo(app: FastifyInstance, options: TransportOptions) {
  const { log, words } = options;
  const apollo = new ApolloServer<RequestContext>({
    gateway: createPipelineGateway(options),
    introspection: true, // answered from the caller's own view, see graph.ts
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    documentStore: createApolloDocuments(),
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    stopOnTerminationSignals: false,
    dangerouslyDisableValidation: true, // by `readOperation`, before Apollo and again before anything runs
    formatError: words,
    plugins: [fastifyApolloDrainPlugin(app), ApolloServerPluginLandingPageDisabled(), refusalHeads],
    logger: apolloLog(log),
  });
  await apollo.start();
  return {
    handler: fastifyApolloHandler(apollo, { context: (request, reply) => contextOf(options, request, reply) }),
    stop: () => apollo.stop(),
  };
}

/** The pipeline, as the gateway behind an Apollo Server. */
function createPipelineGateway(options: TransportOptions): ApolloGateway {
  return {
    load: () =>
      Promise.resolve({
        // Read here again, which costs one look-up in a map: the document that Apollo has parsed was not validated.
        executor: async ({ request, context }) => {
          const asked: Asked = {
            query: request.query ?? '',
            documentId: undefined,
            isAutomatic: false,
            operationName: request.operationName,
            variables: request.variables ?? {},
            reportsCost: request.extensions?.['cost'] === 'report',
          };
          // made by `contextOf`
          const { viewer, mode, reportsCost, signal, address, headers } = context as unknown as RequestContext;
          const read = readOperation(options, asked, viewer.role);
          if ('errors' in read) return read as never; // ExecutionResult, with `data` left out where nothing ran
          const { budget, answer } = await runOperation(options, read, asked, {
            transport: 'http',
            viewer,
            mode,
            reportsCost,
            signal,
            address,
          });
          headers(budget);
          return answer as never;
        },
      }),
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: options.graph.schema, coreSupergraphSdl: '' });
      return () => {};
    },
    stop: () => Promise.resolve(),
  };
}

/** A refusal by Apollo Server has the status and the headers of every other one. */
const refusalHeads: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ request, response: { http, body }, errors }) => {
        if (!errors || (body.kind === 'single' && body.singleResult.data !== undefined)) return Promise.resolve();
        const { status, headers } = headOf(errors[0]);
        if (body.kind === 'single' && http.status === undefined) http.status = status;
        for (const [name, value] of headers) http.headers.set(name, value);
        http.status = statusFor(
          http.status ?? status,
          request.http?.headers.get('accept') ?? '',
          errors[0]?.extensions['code'],
        );
        return Promise.resolve();
      },
    }),
};

/**
 * Apollo Server keeps documents of its own, which nothing runs: only as many as it needs not to parse frequent ones
 * again.
 */
const MAX_APOLLO_BYTES = 8 * 1024 * 1024;

function createApolloDocuments() {
  const documents = createByteCache<DocumentNode>(MAX_APOLLO_BYTES);
  return {
    get: (key: string) => Promise.resolve(documents.get(key)),
    set: (key: string, document: DocumentNode) => Promise.resolve(documents.set(key, document, bytesOf(document))),
    delete: (key: string) => Promise.resolve(documents.delete(key)),
  };
}

const apolloLog = (log: Log) => ({
  debug: () => {},
  info: () => {},
  warn: (message: unknown) => log.warn(String(message)),
  error: (message: unknown) => log.error(String(message)),
});
