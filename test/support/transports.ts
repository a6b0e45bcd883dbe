import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, execute, GraphQLError, printSchema } from 'graphql';
import WebSocket from 'ws';
import { silentLog } from '#kit/log.ts';
import { publicViewer } from '#policy/viewer.ts';
import { dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import { unlimitedBudgets } from '#gateway/budgets/budgets.ts';
import { createDocuments } from '#gateway/graph/documents.ts';
import type { TransportOptions } from '#gateway/operations/operation.ts';
import {
  createWebSocketTransport,
  SUB_PROTOCOL,
  type WebSocketTransport,
  type WebSocketTiming,
} from '#gateway/websocket/websocket.ts';
import { createErrorWords } from '#gateway/graph/errors.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import { createClientAddresses } from '#kit/http/address.ts';
import { createStreamQuota, standardStreamLimits } from '#gateway/operations/streamQuota.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import type { Live, Sink, StreamRequest } from '#gateway/changes/subscriber.ts';
import { nothingPublished } from '#gateway/trustedDocuments/store.ts';

// Transports without a database behind them: a graph of four fields, and streams whose events a test sends by hand.

export interface SmallGraph extends Graph {
  /** Answers `slow`, all that ask for it. */
  release(): void;
  /** Operations that ask for `slow` and wait. */
  readonly waiting: () => number;
  /** Operations that have run. */
  readonly ran: () => number;
  /** Operations that nobody waited for any more. */
  readonly aborted: () => number;
}

export function createSmallGraph(): SmallGraph {
  const schema = buildSchema(`
    type Query { hello(name: String!): String, role: String, slow: String, text(length: Int!): String }
    type Mutation { touch: String }
    type Subscription { ticks(after: String): String }
  `);
  let released = Promise.withResolvers<void>();
  let waiting = 0;
  let ran = 0;
  let aborted = 0;
  return {
    schema,
    view: () => schema,
    sdl: () => printSchema(schema),
    waiting: () => waiting,
    ran: () => ran,
    aborted: () => aborted,
    release() {
      released.resolve();
      released = Promise.withResolvers();
    },
    async run({ document, operation, operationName, variables, viewer, signal }) {
      if (operation.operation === 'subscription')
        return {
          errors: [
            new GraphQLError('Subscriptions are served over WebSocket and SSE, not here.', {
              extensions: { code: 'BAD_USER_INPUT' },
            }),
          ],
        };
      signal?.addEventListener('abort', () => (aborted += 1), { once: true });
      const rootValue = {
        hello: ({ name }: { name: string }) => `hello ${name}`,
        role: () => viewer.role,
        text: ({ length }: { length: number }) => 'x'.repeat(length),
        touch: () => 'touched',
        slow: async () => {
          waiting += 1;
          await released.promise;
          waiting -= 1;
          return 'at last';
        },
      };
      const answer = await execute({
        schema,
        document,
        operationName: operationName ?? null,
        variableValues: variables,
        rootValue,
      });
      ran += 1;
      return answer as never; // `data` is an object
    },
  };
}

export interface Delivered {
  readonly request: StreamRequest;
  readonly sink: Sink;
  readonly isStopped: () => boolean;
}

/** Begins every requested stream, and leaves its events to the test. */
export interface HandLive extends Live {
  /** The next stream that begins. */
  begun(): Promise<Delivered>;
}

export function createHandLive(options: { refuse?: readonly GraphQLError[] } = {}): HandLive {
  const streams: Delivered[] = [];
  let arrived = Promise.withResolvers<void>();
  return {
    async begun() {
      for (;;) {
        const next = streams.shift();
        if (next) return next;
        await arrived.promise;
      }
    },
    subscribe(request, sink) {
      if (options.refuse) return Promise.resolve({ errors: options.refuse });
      let stopped = false;
      streams.push({ request, sink, isStopped: () => stopped });
      arrived.resolve();
      arrived = Promise.withResolvers();
      return Promise.resolve({ stop: () => void (stopped = true) });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export function transportOptions(options: Partial<TransportOptions> & { readonly graph: Graph }): TransportOptions {
  return {
    documents: createDocuments(options.graph.schema, standardLimits),
    trusted: nothingPublished,
    authenticator: dangerouslyTrustEveryoneAs(publicViewer),
    sources: { states: () => [], refresh: () => Promise.resolve() },
    live: undefined,
    quota: createStreamQuota(standardStreamLimits),
    budgets: unlimitedBudgets,
    addresses: createClientAddresses([]),
    words: createErrorWords(silentLog),
    policyMode: 'filter',
    log: silentLog,
    now: () => new Date(),
    ...options,
  };
}

/** The WebSocket transport on an HTTP server of its own. */
export async function openWebSocketTransport(
  options: Partial<TransportOptions> & { readonly graph: Graph; readonly timing?: Partial<WebSocketTiming> },
): Promise<AsyncDisposable & { readonly url: string; readonly transport: WebSocketTransport }> {
  const transport = createWebSocketTransport({
    ...transportOptions(options),
    ...(options.timing ? { timing: options.timing } : null),
  });
  const server = createServer();
  server.on('upgrade', transport.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    transport,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Frames extends AsyncDisposable {
  readonly socket: WebSocket;
  /** An object is sent as JSON; text and bytes as they are. */
  send(...messages: readonly unknown[]): void;
  /** The next message, parsed. */
  next(): Promise<Record<string, unknown>>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** A client that knows nothing of the protocol. Its own pongs can be left out. */
export async function openFrames(
  url: string,
  options: {
    readonly protocols?: string | readonly string[];
    readonly headers?: Record<string, string | string[]>;
    readonly autoPong?: boolean;
  } = {},
): Promise<Frames> {
  const { protocols = SUB_PROTOCOL, headers = {}, autoPong = true } = options;
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, [protocols].flat(), { headers, autoPong });
  const messages: string[] = [];
  let arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  let isOver = false;
  const signal = (): void => {
    arrived.resolve();
    arrived = Promise.withResolvers();
  };
  socket.on('error', () => {});
  socket.on('message', (data) => {
    messages.push(String(data));
    signal();
  });
  socket.on('close', (code, reason) => {
    isOver = true;
    closed.resolve({ code, reason: reason.toString() });
    signal();
  });
  await Promise.race([once(socket, 'open'), closed.promise]);
  return {
    socket,
    closed: closed.promise,
    send(...given) {
      for (const each of given)
        socket.send(typeof each === 'string' || Buffer.isBuffer(each) ? each : JSON.stringify(each));
    },
    async next() {
      for (;;) {
        const message = messages.shift();
        if (message !== undefined) return JSON.parse(message) as Record<string, unknown>;
        if (isOver) throw new Error(`closed: ${JSON.stringify(await closed.promise)}`);
        await arrived.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed.promise;
    },
  };
}

export const INIT = { type: 'connection_init' };
export const subscribe = (id: string, query: string, variables: Record<string, unknown> = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, variables },
});

/** A connection that was acknowledged. */
export async function openAcknowledged(url: string, payload?: Record<string, unknown>): Promise<Frames> {
  const frames = await openFrames(url);
  frames.send({ ...INIT, ...(payload ? { payload } : null) });
  const message = await frames.next();
  if (message['type'] !== 'connection_ack') throw new Error(`not acknowledged: ${JSON.stringify(message)}`);
  return frames;
}
