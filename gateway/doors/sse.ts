import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { currentScope, endTrace } from '#kit/telemetry/scope.ts';
import { errorOf, headOf, RETRY_AFTER_SECONDS } from '../errors.ts';
import type { Sink, StreamEnd } from '../live/subscriber.ts';
import { type Asked, answerOnce, credentialsIn, type DoorOptions, followOperation, holderOf, readAsked, readOperation, tellRefusal } from './operation.ts';

// Server-sent events: one operation, one response (the "distinct connections" of the GraphQL over SSE protocol). What is refused before the
// first event is a JSON answer with its status, as at the HTTP door. `complete` means that the stream is finished: clients of that protocol
// do not come back after it. So whatever can be resumed ends with the connection, and the client opens it again with the last `id`.

/** Whether events are what the client would rather have: clients that can read both name JSON first for what ends with one answer. */
export const asksForEvents = (accept: string | undefined): boolean => /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(accept ?? '');

export interface EventDoor extends AsyncDisposable {
  /** @throws GraphQLError that says its status */
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /** Answers instead of `handle` with what may pass. */
  refuse(request: FastifyRequest, reply: FastifyReply, errors: readonly unknown[]): FastifyReply;
  readonly connections: () => number;
}

/** What a client that does not read gets for its last event, before its connection is cut. */
const LAST_EVENT_MS = 30_000;
/** The same when this instance goes away. */
const DRAIN_MS = 5000;
/** When an EventSource opens again a stream that ended with its connection. */
const RESUME_MS = 1000;
/**
 * Between the last event and the end of the connection: graphql-sse 2.6 waits for ever when it reads both at once, since nobody waits for
 * results yet at the moment when it looks whether to try again.
 */
const BEFORE_CLOSING_MS = 250;

/** The ends that are final; what else ends a stream ends its connection. */
const FINISHED: Partial<Record<StreamEnd, number>> = { COMPLETED: 1000, CURSOR_EXPIRED: 1000, WITHDRAWN: 1000 };

export function createEventDoor(options: DoorOptions): EventDoor {
  const { authenticator, live, policyMode, quota } = options;
  const open = new Set<EventStream>();
  let isLeaving = false;

  /**
   * What an EventSource asks by GET, and only that, is never refused for what may pass: it gives up for ever at any status but 200. It gets a
   * stream that says when to come back, and ends. A POST comes from a client that reads statuses.
   */
  const refuse = (request: FastifyRequest, reply: FastifyReply, errors: readonly unknown[]): FastifyReply => {
    const { status, headers } = headOf(errors[0]);
    const told = tellRefusal(options, 'sse', errors);
    if (request.method === 'GET' && (status === 503 || status === 429)) {
      const stream = new EventStream(reply, () => {});
      const retryAfter = told[0]?.extensions?.['retryAfter'];
      stream.comeBack(String(told[0]?.extensions?.['code']), typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_SECONDS);
      return reply;
    }
    for (const [name, value] of headers) reply.header(name, value);
    return reply.code(status).send({ errors: told });
  };

  return {
    connections: () => open.size,
    refuse,
    async handle(request, reply) {
      const asked = readRequest(request);
      if (!asked) throw badRequest('The request is not GraphQL over HTTP: `query` or `documentId` is a text, `variables` an object.', 400);
      const { authorization, purpose, rejects, reportsCost } = credentialsIn(request.raw);
      const mode = rejects ? 'reject' : policyMode;
      const address = options.addresses.of(request.raw);
      const session = await authenticator.session(authorization, purpose).catch((error: unknown) => ({ errors: [errorOf(error)] }));
      if ('errors' in session) return refuse(request, reply, session.errors);
      const read = readOperation(options, asked, session.viewer.role);
      if ('errors' in read) return refuse(request, reply, read.errors);
      const { operation } = read.operation;
      if (request.method === 'GET' && operation === 'mutation') throw badRequest('A mutation is sent by POST.', 405, new Map([['allow', 'POST']]));

      if (operation === 'subscription' && live) {
        const release = quota.take({ ...holderOf(session), address });
        if (typeof release === 'string') return refuse(request, reply, [clientError('RATE_LIMITED', release, { retryable: true })]);
        const stream = new EventStream(reply, (ended) => {
          open.delete(ended);
          release();
        });
        open.add(stream);
        const wanted = { ...read, variables: asked.variables, session, mode, reportsCost: reportsCost || asked.reportsCost, lastEventId: header(request, 'last-event-id'), address };
        const begun = await followOperation(options, 'sse', live, read, wanted, stream).catch((error: unknown) => ({ errors: [errorOf(error)] }));
        if ('errors' in begun) {
          stream.forget();
          return refuse(request, reply, begun.errors);
        }
        stream.stopsWith(() => begun.stop());
        stream.begin();
        const scope = currentScope();
        if (scope) endTrace(scope); // a stream may last for days
        if (isLeaving) stream.goAway(); // it began while this instance was asked to go
        return;
      }
      const stream = new EventStream(reply, (ended) => open.delete(ended));
      open.add(stream);
      const abort = new AbortController();
      stream.stopsWith(() => abort.abort());
      const answer = await answerOnce(options, read, asked, { transport: 'sse', viewer: session.viewer, mode, reportsCost, signal: abort.signal, address });
      if (typeof answer !== 'string') {
        stream.forget();
        return refuse(request, reply, answer.errors);
      }
      stream.next(answer, null);
      return stream.end('COMPLETED', null);
    },
    [Symbol.asyncDispose]() {
      isLeaving = true;
      for (const stream of open) stream.goAway();
      return Promise.resolve();
    },
  };
}

/** One response. Its head is written with its first event, or when the stream has begun: until then it may still be refused. */
class EventStream implements Sink {
  readonly #reply: FastifyReply;
  readonly #response: ServerResponse;
  readonly #hasEnded: (stream: EventStream) => void;
  #phase: 'ASKED' | 'OPEN' | 'ENDED' = 'ASKED';
  #stop: (() => void) | null = null;

  constructor(reply: FastifyReply, hasEnded: (stream: EventStream) => void) {
    this.#reply = reply;
    this.#response = reply.raw;
    this.#hasEnded = hasEnded;
    this.#response.once('close', () => this.#hasGone());
  }

  /** `stop`: what ends the stream when its reader has gone. */
  stopsWith(stop: () => void): void {
    if (this.#phase === 'ENDED') stop();
    else this.#stop = stop;
  }

  /** The client is told at once that it is heard: its first event may be seconds away. */
  begin(): void {
    if (this.#phase !== 'ASKED') return;
    this.#phase = 'OPEN';
    this.#reply.hijack();
    this.#response.writeHead(200, {
      'x-request-id': this.#reply.request.id,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would keep events back until its buffer is full
      connection: 'close', // a stream that has ended has lasted: nobody waits for this connection
    });
    this.#response.flushHeaders();
  }

  /** A stream without an event, whose reader comes back later. @param why for whoever reads it with another client */
  comeBack(why: string, afterSeconds: number): void {
    this.begin();
    this.#close(why, afterSeconds * 1000);
  }

  next(json: string, cursor: string | null): void {
    if (this.#phase === 'ENDED') return;
    this.begin();
    this.#response.write(`event: next\n${idLine(cursor)}data: ${json}\n\n`);
  }

  waiting(): number {
    return this.#response.writableLength;
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }

  end(why: StreamEnd, cursor: string | null): void {
    if (this.#phase === 'ENDED') return;
    this.begin();
    const code = FINISHED[why];
    if (code === undefined) return this.#close(why, RESUME_MS);
    this.forget();
    this.#response.end(`event: complete\n${idLine(cursor)}data: ${JSON.stringify({ reason: why, code, cursor })}\n\n`);
    this.#cutAfter(LAST_EVENT_MS);
  }

  /** The client comes back with the `id` of the last event that it has. An answer that is awaited is still given. */
  goAway(): void {
    if (this.#phase !== 'OPEN') return;
    this.#stop?.();
    this.#close('GOING_AWAY', RESUME_MS);
    this.#cutAfter(DRAIN_MS);
  }

  /** It never began, and is answered in another way. */
  forget(): void {
    if (this.#phase === 'ENDED') return;
    this.#phase = 'ENDED';
    this.#hasEnded(this);
  }

  /** Ends the connection and not the stream. @param afterMs when an EventSource is to come back, and as much again at random */
  #close(why: string, afterMs: number): void {
    this.forget();
    const response = this.#response;
    response.write(`retry: ${Math.floor(afterMs * (1 + Math.random()))}\n: ${why}\n\n`);
    const closing = setTimeout(() => response.end(), BEFORE_CLOSING_MS);
    response.once('close', () => clearTimeout(closing));
    this.#cutAfter(LAST_EVENT_MS);
  }

  #cutAfter(ms: number): void {
    const response = this.#response;
    const deadline = setTimeout(() => response.destroy(), ms).unref();
    response.once('close', () => clearTimeout(deadline));
  }

  #hasGone(): void {
    if (this.#phase === 'ENDED') return;
    this.#stop?.();
    this.forget();
  }
}

const idLine = (cursor: string | null): string => (cursor === null ? '' : `id: ${cursor}\n`);

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/**
 * What is asked by POST or GET. Null: it is no operation.
 * @throws COST_LIMIT for JSON in the address too deep or too large; BAD_REQUEST for parameters that are no UTF-8
 */
export function readRequest({ method, url, query, body }: FastifyRequest): Asked | null {
  if (method !== 'GET') return readAsked(body);
  if (!isDecodable(url)) throw badRequest('The parameters of the address are not UTF-8.', 400);
  const { variables, extensions, ...given } = query as Record<string, unknown>;
  for (const text of [variables, extensions]) {
    const problem = typeof text === 'string' ? jsonBoundsProblem(text) : null;
    if (problem !== null) throw clientError('COST_LIMIT', problem, { expected: problem });
  }
  try {
    const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
    return readAsked({ ...given, variables: parsed(variables), extensions: parsed(extensions) });
  } catch {
    return null;
  }
}

/** Fastify leaves what it cannot decode as it was written, which is another text than was meant. */
function isDecodable(address: string): boolean {
  try {
    decodeURIComponent(address);
    return true;
  } catch {
    return false;
  }
}

const badRequest = (message: string, status: number, headers = new Map<string, string>()): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status, headers } } });
