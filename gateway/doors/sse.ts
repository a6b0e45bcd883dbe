import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { statusOf } from '../errors.ts';
import type { Sink, StreamEnd } from '../live/subscriber.ts';
import { type Asked, answerOnce, credentialsIn, type DoorOptions, readAsked, tell } from './operation.ts';

// Server-sent events: one operation, one response (the "distinct connections" of the GraphQL over SSE protocol). What is refused before the
// first event is a JSON answer with its status, as at the HTTP door.

/** Whether events are what the client would rather have: clients that can read both name JSON first for what ends with one answer. */
export const asksForEvents = (accept: string | undefined): boolean => /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(accept ?? '');

export interface EventDoor extends AsyncDisposable {
  /** @throws GraphQLError that says its status */
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  readonly connections: () => number;
}

/** What a client that does not read gets for its last event, before its connection is cut. */
const LAST_EVENT_MS = 30_000;

/** The words of a stream's end; codes are those of the WebSocket door, or of a WebSocket that closes without a reason. */
const codes: Record<StreamEnd, number> = { COMPLETED: 1000, CURSOR_EXPIRED: 1000, FAILED: 1011, GOING_AWAY: 1012, UNAUTHENTICATED: 4403, SLOW_CONSUMER: 4413 };

export function createEventDoor(options: DoorOptions): EventDoor {
  const { authenticator, documents, live, policyMode } = options;
  const open = new Set<EventStream>();

  const refuse = (reply: FastifyReply, errors: readonly unknown[]): FastifyReply => reply.code(statusFor(errors[0])).header('cache-control', 'no-store').send({ errors: tell(options, errors) });

  return {
    connections: () => open.size,
    async handle(request, reply) {
      const asked = readRequest(request);
      if (!asked) throw badRequest('The request is not GraphQL over HTTP: `query` is a text, `variables` an object.', 400);
      const { authorization, purpose, rejects } = credentialsIn(request.raw);
      const mode = rejects ? 'reject' : policyMode;
      const session = await authenticator.session(authorization, purpose);
      const read = documents(asked.query, asked.operationName);
      if ('errors' in read) return refuse(reply, read.errors);
      const { operation } = read.operation;
      if (request.method === 'GET' && operation === 'mutation') throw badRequest('A mutation is sent by POST.', 405, new Map([['allow', 'POST']]));

      const stream = new EventStream(reply, (ended) => open.delete(ended));
      open.add(stream);
      if (operation === 'subscription' && live) {
        const begun = await live.subscribe({ ...read, variables: asked.variables, session, mode, lastEventId: header(request, 'last-event-id') }, stream).catch((error: unknown) => ({ errors: [error] }));
        if ('errors' in begun) {
          open.delete(stream);
          return refuse(reply, begun.errors);
        }
        stream.stopsWith(() => begun.stop());
        return stream.begin();
      }
      const abort = new AbortController();
      stream.stopsWith(() => abort.abort());
      const answer = await answerOnce(options, read, asked, session.viewer, mode, abort.signal);
      if (typeof answer !== 'string') {
        open.delete(stream);
        return refuse(reply, answer.errors);
      }
      stream.next(answer, null);
      return stream.end('COMPLETED', null);
    },
    [Symbol.asyncDispose]() {
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
  #cursor: string | null = null;
  #stop: (() => void) | null = null;

  constructor(reply: FastifyReply, hasEnded: (stream: EventStream) => void) {
    this.#reply = reply;
    this.#response = reply.raw;
    this.#hasEnded = hasEnded;
    this.#response.once('close', () => this.#close());
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
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would keep events back until its buffer is full
      connection: 'close', // a stream that has ended has lasted: nobody waits for this connection
    });
    this.#response.flushHeaders();
  }

  next(json: string, cursor: string | null): void {
    if (this.#phase === 'ENDED') return;
    this.begin();
    this.#cursor = cursor;
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
    this.#phase = 'ENDED';
    const response = this.#response;
    response.end(`event: complete\n${idLine(cursor)}data: ${JSON.stringify({ reason: why, code: codes[why], cursor })}\n\n`);
    const deadline = setTimeout(() => response.destroy(), LAST_EVENT_MS).unref();
    response.once('close', () => clearTimeout(deadline));
    this.#hasEnded(this);
  }

  /** The stream's place is known to the stream; here, what was sent last. An answer that is awaited is still given. */
  goAway(): void {
    if (this.#phase !== 'OPEN') return;
    this.#stop?.();
    this.end('GOING_AWAY', this.#cursor);
  }

  #close(): void {
    if (this.#phase === 'ENDED') return;
    this.#phase = 'ENDED';
    this.#stop?.();
    this.#hasEnded(this);
  }
}

const idLine = (cursor: string | null): string => (cursor === null ? '' : `id: ${cursor}\n`);

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Null: it is no operation. */
function readRequest({ method, query, body }: FastifyRequest): Asked | null {
  if (method !== 'GET') return readAsked(body);
  try {
    const { variables, extensions, ...given } = query as Record<string, unknown>;
    const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
    return readAsked({ ...given, variables: parsed(variables), extensions: parsed(extensions) });
  } catch {
    return null;
  }
}

const badRequest = (message: string, status: number, headers = new Map<string, string>()): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status, headers } } });

/** Of an operation that was refused whole. */
function statusFor(error: unknown): number {
  if (!(error instanceof GraphQLError)) return 500;
  const { code } = error.extensions;
  if (code === 'SUBGRAPH_UNAVAILABLE' || code === 'DEADLINE') return 503;
  return statusOf(error) ?? (code === undefined || code === 'INTERNAL_SERVER_ERROR' ? 500 : 400);
}
