import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Clock } from '#client/clock.ts';
import { ANSWER_MS, SILENCE_MS } from '#client/gateway.ts';

// The gateway's side of a subscription to changes, played by the test: it sees each request and answers it, word by
// word.
//
//   await using server = await serveChanges();
//   const first = await server.asked();           // the next request, when it comes
//   first.deliver(changeOf(1)); first.complete('GOING_AWAY');

export interface AskedChanges {
  readonly headers: IncomingHttpHeaders;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
  /** A message of the stream; the stream begins with it. */
  deliver(event: object, errors?: readonly object[]): void;
  complete(reason: string): void;
  /** Raw text of the stream. */
  write(text: string): void;
  /** Ends the connection in the middle, after what was written. */
  hangUp(): void;
  /** An answer that is no stream. */
  answer(body: unknown, status?: number, type?: string): void;
}

export interface ChangeServer extends AsyncDisposable {
  readonly url: string;
  /** The next request; they are kept until asked for. */
  asked(): Promise<AskedChanges>;
  /** Stops listening, so that connecting fails. */
  stop(): Promise<void>;
}

/** With `play` each request is answered by it, and `asked` gives none. */
export async function serveChanges(play?: (request: AskedChanges) => void): Promise<ChangeServer> {
  const waiting: AskedChanges[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as { query: string; variables: Record<string, unknown> };
    const asked = requestOf(request.headers, body, response);
    if (play) return play(asked);
    waiting.push(asked);
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async asked() {
      for (;;) {
        const next = waiting.shift();
        if (next) return next;
        await arrived.promise;
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function requestOf(
  headers: IncomingHttpHeaders,
  { query, variables }: { query: string; variables: Record<string, unknown> },
  response: ServerResponse,
): AskedChanges {
  const write = (text: string): void => {
    if (!response.headersSent)
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' });
    response.write(text);
  };
  return {
    headers,
    query,
    variables,
    closed: once(response, 'close').then(() => {}),
    write,
    deliver(event, errors) {
      const { cursor } = event as { cursor?: string };
      const id = cursor === undefined ? '' : `id: ${cursor}\n`;
      const answer = { ...(errors ? { errors } : null), data: { changes: event }, extensions: { cursor } };
      write(`event: next\n${id}data: ${JSON.stringify(answer)}\n\n`);
    },
    complete(reason) {
      write(`event: complete\ndata: ${JSON.stringify({ reason, code: 0, cursor: null })}\n\n`);
      response.end();
    },
    hangUp: () => void response.socket?.destroySoon(),
    answer(body, status = 200, type = 'application/json; charset=utf-8') {
      response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
    },
  };
}

/** The number n of a log of changes, as `at` numbers them. */
export const changeOf = (n: number, more: object = {}) => ({
  __typename: 'NameListChange',
  id: `id-${n}`,
  cursor: `cursor-${n}`,
  kind: 'ADDED',
  ...more,
});
export const checkpointAt = (n: number, lagSeconds = 0) => ({
  __typename: 'Checkpoint',
  cursor: `cursor-${n}`,
  lagSeconds,
});

export interface TestClock extends Clock {
  /** Waits before trying again, in the order in which they were begun. Each is over at once. */
  readonly waits: readonly number[];
  /** How many things are waited for with a deadline. */
  deadlines(): number;
  /** Waits until something is waited for with a deadline, and lets the deadline pass. */
  passDeadline(): Promise<void>;
}

/** A clock on which no test waits. `random` always gives `chance`, a half when left out. */
export function createTestClock(chance = 0.5): TestClock {
  const waits: number[] = [];
  const deadlines = new Set<() => void>();
  let begun = Promise.withResolvers<void>();
  return {
    waits,
    random: () => chance,
    after(ms, then) {
      if (ms === SILENCE_MS || ms === ANSWER_MS) {
        deadlines.add(then);
        begun.resolve();
        begun = Promise.withResolvers();
        return () => void deadlines.delete(then);
      }
      waits.push(ms);
      const timer = setImmediate(then);
      return () => clearImmediate(timer);
    },
    deadlines: () => deadlines.size,
    async passDeadline() {
      while (deadlines.size === 0) await begun.promise;
      for (const then of deadlines) then();
    },
  };
}

export interface PlayedLog {
  readonly answer: (request: AskedChanges) => void;
  /** Tells one more change to all who listen. */
  add(event: ReturnType<typeof changeOf>): void;
  /** The position of each request, and its transport. */
  readonly asked: readonly (readonly [door: 'page' | 'stream', after: unknown])[];
}

/**
 * A log that is read by pages and streams as the gateway's is; its cursors are those of `changeOf`, `cursor-0` is
 * before all.
 */
export function createPlayedLog(first: readonly ReturnType<typeof changeOf>[]): PlayedLog {
  const events = [...first];
  const streams = new Set<AskedChanges>();
  const asked: (readonly ['page' | 'stream', unknown])[] = [];
  const after = (place: unknown) => events.slice(events.findIndex(({ cursor }) => cursor === place) + 1);
  const end = (): string => events.at(-1)?.cursor ?? 'cursor-0';
  return {
    asked,
    add(event) {
      events.push(event);
      for (const stream of streams) stream.deliver(event);
    },
    answer(request) {
      const { after: place, first: size } = request.variables;
      asked.push([size === undefined ? 'stream' : 'page', place]);
      if (size !== undefined) {
        const page = after(place).slice(0, Number(size));
        return request.answer({
          data: {
            changes: {
              events: page,
              endCursor: page.at(-1)?.cursor ?? (place || end()),
              hasMore: page.length < after(place).length,
            },
          },
        });
      }
      if (place === null) request.deliver({ __typename: 'Checkpoint', cursor: end(), lagSeconds: 0 });
      else for (const event of after(place)) request.deliver(event);
      streams.add(request);
      void request.closed.then(() => streams.delete(request));
    },
  };
}
