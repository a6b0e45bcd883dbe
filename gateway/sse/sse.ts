import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientError } from '#kit/errors.ts';
import { currentScope, endTrace } from '#kit/telemetry/scope.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { Live } from '#gateway/changes/subscriber.ts';
import { errorOf, headOf, RETRY_AFTER_SECONDS } from '#gateway/graph/errors.ts';
import {
  type Asked,
  answerOnce,
  credentialsIn,
  type TransportOptions,
  followOperation,
  holderOf,
  type ReadOperation,
  readOperation,
  formatRefusal,
} from '#gateway/operations/operation.ts';
import { EventStream } from './eventStream.ts';
import { badRequest, readRequest } from './request.ts';

// Server-sent events: one operation, one response (the "distinct connections mode" of the GraphQL over SSE protocol). A
// refusal before the first event is a JSON response with its status, as over plain HTTP. `complete` means that the
// stream is finished: clients of that protocol do not reconnect after it. So a stream that can be resumed ends with the
// connection, and the client reconnects with the last `id`.

/** Whether the client prefers events: clients that can read both name JSON first for operations with one response. */
export const asksForEvents = (accept: string | undefined): boolean =>
  /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(accept ?? '');

export interface SseTransport extends AsyncDisposable {
  /** @throws GraphQLError that carries its status */
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /** Responds in place of `handle` to a refusal that may pass. */
  refuse(request: FastifyRequest, reply: FastifyReply, errors: readonly unknown[]): FastifyReply;
  readonly connections: () => number;
}

export function createSseTransport(options: TransportOptions): SseTransport {
  const streams: OpenStreams = { open: new Set(), isLeaving: false };
  return {
    connections: () => streams.open.size,
    refuse: (request, reply, errors) => refuse(options, request, reply, errors),
    async handle(request, reply) {
      const call = await readCall(options, request);
      if ('errors' in call) return refuse(options, request, reply, call.errors);
      const { operation } = call.read.operation;
      if (request.method === 'GET' && operation === 'mutation')
        throw badRequest('A mutation is sent by POST.', 405, new Map([['allow', 'POST']]));
      return operation === 'subscription' && options.live
        ? follow(options, streams, options.live, request, reply, call)
        : answer(options, streams, request, reply, call);
    },
    [Symbol.asyncDispose]() {
      streams.isLeaving = true;
      for (const stream of streams.open) stream.goAway();
      return Promise.resolve();
    },
  };
}

/** The responses of this transport that have not ended. */
interface OpenStreams {
  readonly open: Set<EventStream>;
  /** Whether this instance is shutting down. */
  isLeaving: boolean;
}

/** A request whose caller is known and whose document may run. */
interface Call {
  readonly asked: Asked;
  readonly read: ReadOperation;
  readonly session: Session;
  readonly mode: 'filter' | 'reject';
  /** As the connection requests it. */
  readonly reportsCost: boolean;
  readonly address: string | undefined;
}

/** @throws GraphQLError that carries its status */
async function readCall(
  options: TransportOptions,
  request: FastifyRequest,
): Promise<Call | { readonly errors: readonly unknown[] }> {
  const asked = readRequest(request);
  if (!asked)
    throw badRequest(
      'The request is not GraphQL over HTTP: `query` or `documentId` is a text, `variables` an object.',
      400,
    );
  const { authorization, purpose, rejects, reportsCost } = credentialsIn(request.raw);
  const mode = rejects ? 'reject' : options.policyMode;
  const address = options.addresses.of(request.raw);
  const session = await options.authenticator
    .session(authorization, purpose)
    .catch((error: unknown) => ({ errors: [errorOf(error)] }));
  if ('errors' in session) return session;
  const read = readOperation(options, asked, session.viewer.role);
  return 'errors' in read ? read : { asked, read, session, mode, reportsCost, address };
}

/**
 * A GET request that only an EventSource makes is never refused for a reason that may pass, because an EventSource
 * gives up for ever at any status but 200. It gets a stream that names the time to reconnect, and ends. A POST comes
 * from a client that reads statuses.
 */
function refuse(
  options: TransportOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  errors: readonly unknown[],
): FastifyReply {
  const { status, headers } = headOf(errors[0]);
  const delivered = formatRefusal(options, 'sse', errors);
  if (request.method === 'GET' && (status === 503 || status === 429)) {
    const stream = new EventStream(reply, () => {});
    const retryAfter = delivered[0]?.extensions?.['retryAfter'];
    stream.retryLater(
      String(delivered[0]?.extensions?.['code']),
      typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_SECONDS,
    );
    return reply;
  }
  for (const [name, value] of headers) reply.header(name, value);
  return reply.code(status).send({ errors: delivered });
}

/** Begins a stream of changes, or refuses to. It ends with its connection. */
async function follow(
  options: TransportOptions,
  streams: OpenStreams,
  live: Live,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, read, session, mode, reportsCost, address }: Call,
): Promise<FastifyReply | undefined> {
  const release = options.quota.take({ ...holderOf(session), address });
  if (typeof release === 'string')
    return refuse(options, request, reply, [clientError('RATE_LIMITED', release, { retryable: true })]);
  const stream = new EventStream(reply, (ended) => {
    streams.open.delete(ended);
    release();
  });
  streams.open.add(stream);
  const wanted = {
    ...read,
    variables: asked.variables,
    session,
    mode,
    reportsCost: reportsCost || asked.reportsCost,
    lastEventId: header(request, 'last-event-id'),
    address,
  };
  const begun = await followOperation(options, 'sse', live, read, wanted, stream).catch((error: unknown) => ({
    errors: [errorOf(error)],
  }));
  if ('errors' in begun) {
    stream.forget();
    return refuse(options, request, reply, begun.errors);
  }
  stream.stopsWith(() => begun.stop());
  stream.begin();
  const scope = currentScope();
  if (scope) endTrace(scope); // a stream may last for days
  if (streams.isLeaving) stream.goAway(); // it began while this instance was shutting down
  return undefined;
}

/** Answers a query or a mutation with one event. */
async function answer(
  options: TransportOptions,
  { open }: OpenStreams,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, read, session, mode, reportsCost, address }: Call,
): Promise<FastifyReply | undefined> {
  const stream = new EventStream(reply, (ended) => open.delete(ended));
  open.add(stream);
  const abort = new AbortController();
  stream.stopsWith(() => abort.abort());
  const answered = await answerOnce(options, read, asked, {
    transport: 'sse',
    viewer: session.viewer,
    mode,
    reportsCost,
    signal: abort.signal,
    address,
  });
  if (typeof answered !== 'string') {
    stream.forget();
    return refuse(options, request, reply, answered.errors);
  }
  stream.next(answered, null);
  stream.end('COMPLETED', null);
  return undefined;
}

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
