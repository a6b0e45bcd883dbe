import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { GraphQLError } from 'graphql';
import { answerText, readOperation, runOperation, type TransportOptions } from '#gateway/operations/operation.ts';
import { readRequest } from '#gateway/sse/request.ts';
import { asksForEvents, type SseTransport } from '#gateway/sse/sse.ts';
import { createCacheRule } from '#gateway/trustedDocuments/cacheable.ts';
import { answerBytes } from './answerBytes.ts';
import { cachingOf } from './caching.ts';
import { contextOf } from './exchange.ts';
import { mediaType, refuse } from './refusal.ts';

/** Whether Apollo Server has nothing to negotiate or to prevent: the client sends JSON and expects JSON. */
const isPlain = ({ method, headers: { 'content-type': contentType, accept } }: FastifyRequest): boolean =>
  method === 'POST' &&
  (contentType === 'application/json' || contentType?.startsWith('application/json;') === true) &&
  (accept === undefined || accept === '*/*' || accept === 'application/json');

/** A method that the route does not answer. @param allow the methods that it does answer */
const methodNotAllowed = (message: string, allow: string): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code: 'BAD_REQUEST', http: { status: 405, headers: new Map([['allow', allow]]) } },
  });

/**
 * `/graphql`: one operation, one response. WebSockets are opened at the same address (server.ts).
 * @param events responds to clients that prefer events
 * @param throughApollo responds to what has to be negotiated or prevented
 */
export function addGraphqlRoute(
  app: FastifyInstance,
  options: TransportOptions,
  events: SseTransport,
  throughApollo: RouteHandlerMethod,
): void {
  const mayBeKept = createCacheRule(options.graph.schema);

  app.route({
    url: '/graphql',
    method: ['PUT', 'PATCH', 'DELETE', 'TRACE', 'OPTIONS'],
    handler: (request, reply) =>
      refuse(options, request, reply, [methodNotAllowed('The graph is asked by GET or POST.', 'GET, POST')]),
  });

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: async function (request, reply) {
      if (asksForEvents(request.headers.accept)) return events.handle(request, reply);
      // Authentication comes before parsing: nothing is parsed for an unknown caller.
      const context = await contextOf(options, request, reply);
      const asked = readRequest(request);
      // Apollo words the refusal of a request without an operation
      if (!asked) return throughApollo.call(this, request, reply);
      const read = readOperation(options, asked, context.viewer.role);
      if ('errors' in read) return refuse(options, request, reply, read.errors);
      // Apollo also handles everything that has to be negotiated or prevented (docs/adr/0010-known-texts.md), except
      // ids, which it does not know: none of them changes anything by GET, and no browser adds a token by itself
      // (docs/adr/0022-trusted-documents.md).
      if (asked.documentId === undefined && !isPlain(request)) return throughApollo.call(this, request, reply);
      if (request.method === 'GET' && read.operation.operation === 'mutation')
        return refuse(options, request, reply, [methodNotAllowed('A mutation is sent by POST.', 'POST')]);
      const { budget, answer } = await runOperation(options, read, asked, { transport: 'http', ...context });
      const caching = cachingOf(request, asked, read, answer, mayBeKept);
      // A cached response says nothing of the first caller's budget.
      if (caching['cache-control'] === 'no-store') context.headers(budget);
      if (answer.data === undefined) return refuse(options, request, reply, answer.errors ?? []);
      return reply
        .headers(caching)
        .type(mediaType(request))
        .send(answerBytes(answerText(options, answer)));
    },
  });
}
