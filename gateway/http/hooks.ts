import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import { openScope, type Span, type Tracer, traceparentIn } from '#kit/telemetry/scope.ts';
import { credentialsIn, type TransportOptions } from '#gateway/operations/operation.ts';
import { asksForEvents, type SseTransport } from '#gateway/sse/sse.ts';
import type { Admission } from './admission.ts';
import { Exchange, viewerOf, within } from './exchange.ts';
import { refuse } from './refusal.ts';
import { checkBodies } from './requestBody.ts';

export interface HookOptions {
  readonly transports: TransportOptions;
  readonly admission: Admission;
  readonly events: SseTransport;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Whether a client's trace continues in ours, or is only linked. */
  readonly clients: 'parent' | 'link';
}

/** What happens to every request before its route: it gets its exchange, is admitted, and its caller is looked up. */
export function addRequestHooks(app: FastifyInstance, options: HookOptions): void {
  const { transports, admission, tracer, clients } = options;
  app.addHook('onRequest', (request, reply, done) => {
    // The request id is in each response, and in each log line of the request.
    const exchange = new Exchange(
      openScope(request.id, tracer && beginSpan(request, tracer, clients)),
      credentialsIn(request.raw),
    );
    request.exchange = exchange;
    reply.header('x-request-id', request.id);
    reply.raw.on('close', () => exchange.end(reply.raw));
    let problem: GraphQLError | null;
    try {
      problem = admission.problemOf(request);
    } catch (error) {
      return done(error as Error);
    }
    if (problem) return within(request, () => void turnAway(options, request, reply, problem));
    // Authentication comes before the body: an unknown caller sends no body.
    if (exchange.release && request.headers.authorization !== undefined)
      within(request, () => void viewerOf(transports, request).then(() => done(), done));
    else done(); // in the scope of the request once its body has arrived
  });
  // Code after the body would otherwise run in the scope of the connection, and not of the request.
  app.addHook('preValidation', (request, _, done) => within(request, done));
  checkBodies(app);
}

/** Refuses what may be retried elsewhere or later, in the form of its transport. */
const turnAway = (
  { events, transports }: HookOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  error: GraphQLError,
): FastifyReply =>
  asksForEvents(request.headers.accept)
    ? events.refuse(request, reply, [error])
    : refuse(transports, request, reply.header('connection', 'close'), [error]);

function beginSpan(request: FastifyRequest, tracer: Tracer, clients: HookOptions['clients']): Span {
  const {
    method,
    routeOptions: { url: route },
    raw: { headers },
  } = request;
  const traceparent = traceparentIn(headers);
  const attributes = { 'http.request.method': method, ...(route === undefined ? null : { 'http.route': route }) };
  return tracer.begin(
    route === undefined ? method : `${method} ${route}`,
    'SERVER',
    attributes,
    traceparent === null ? null : { traceparent, as: clients },
  );
}
