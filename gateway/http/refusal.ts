import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { errorOf, headOf } from '#gateway/graph/errors.ts';
import { formatRefusal, type TransportOptions } from '#gateway/operations/operation.ts';
import { within } from './exchange.ts';
import { bodyTooLarge, MAX_BODY_BYTES } from './requestBody.ts';

// Every refusal over HTTP has the form, the status and the message of every other one, whoever refuses: this server, a
// route, or the framework before a route is reached.

/** For clients that read application/json alone these are 200 with the errors (GraphQL over HTTP §6.4.1). */
const OF_THE_OPERATION: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/** The status of a refusal for a client that accepts these media types. @param code of its first error */
export const statusFor = (status: number, accept: string, code: unknown): number =>
  status === 400 &&
  accept.includes('application/json') &&
  !accept.includes('application/graphql-response+json') &&
  OF_THE_OPERATION.has(code)
    ? 200
    : status;

/** The media type of a response, as its client prefers it. */
export const mediaType = ({ headers: { accept = '' } }: FastifyRequest): string =>
  accept.includes('application/graphql-response+json')
    ? 'application/graphql-response+json; charset=utf-8'
    : 'application/json; charset=utf-8';

/** Refuses an operation, or a request, whole. */
export function refuse(
  options: TransportOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  errors: readonly unknown[],
): FastifyReply {
  const { accept = '' } = request.headers;
  const { status, headers } = headOf(errors[0]);
  const delivered = formatRefusal(options, 'http', errors);
  for (const [name, value] of headers) reply.header(name, value);
  return reply
    .code(statusFor(status, accept, delivered[0]?.extensions?.['code']))
    .type(mediaType(request))
    .send(`${JSON.stringify({ errors: delivered })}\n`);
}

/** An error of the framework as one of ours. */
export function requestError({ statusCode: status = 500, message }: FastifyError): GraphQLError {
  const error = (text: string, code: string): GraphQLError =>
    new GraphQLError(text, { extensions: { code, http: { status } } });
  if (status === 413) return bodyTooLarge(MAX_BODY_BYTES);
  return status < 500 ? error(message, 'BAD_REQUEST') : error('Internal error', 'INTERNAL_SERVER_ERROR');
}

/** Every refusal outside of an operation, by us or by the framework before a route is reached. */
export function refuseErrors(app: FastifyInstance, options: TransportOptions): void {
  app.setErrorHandler((error: FastifyError | GraphQLError, request, reply) =>
    within(request, () =>
      refuse(options, request, reply, [
        error instanceof GraphQLError || !('statusCode' in error) ? errorOf(error) : requestError(error),
      ]),
    ),
  );
  app.setNotFoundHandler((request, reply) =>
    refuse(options, request, reply, [
      new GraphQLError('There is nothing at this address: the graph is at /graphql.', {
        extensions: { code: 'NOT_FOUND', http: { status: 404 } },
      }),
    ]),
  );
}
