import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { silentLog } from '#kit/log.ts';
import { createViewer, publicViewer } from '#policy/viewer.ts';
import {
  createHandLive,
  createSmallGraph,
  openAcknowledged,
  openFrames,
  type SmallGraph,
  subscribe,
} from '#test/support/transports.ts';
import { until } from '#test/support/until.ts';
import { type Authenticator, dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import type { Answer } from '#gateway/graph/graph.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { type GatewayServer, serveGateway, type ServerOptions } from './server.ts';
import type { SourceState } from '#gateway/graph/sources.ts';

// What all transports do alike when something fails, is down, is too much or shuts down: with a graph that the test
// controls.

const TICKS = 'subscription { ticks }';
const small = createSmallGraph();
const graphOf = (run: () => Promise<Answer>): SmallGraph => ({ ...small, run });

const sourcesOf = (...states: SourceState['state'][]) => ({
  states: () => states.map((state, index) => ({ source: `s${index}`, state, knownThrough: null, lateUnits: [] })),
  sealed: () => Promise.resolve(''),
  refresh: () => Promise.resolve(),
});

const serve = (options: Partial<ServerOptions> = {}): Promise<GatewayServer> =>
  serveGateway({
    host: '127.0.0.1',
    port: 0,
    graph: small,
    sources: sourcesOf('IN_TIME') as never,
    authenticator: dangerouslyTrustEveryoneAs(publicViewer),
    limits: standardLimits,
    policyMode: 'filter',
    routes: [],
    log: silentLog,
    ...options,
  });

interface Delivered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  };
}

const delivered = async (response: Response): Promise<Delivered> => {
  expect(response.headers.get('cache-control')).toMatch(/no-store/); // whatever its status
  const text = await response.text();
  const body = /^event: next\ndata: (.*)$/m.exec(text)?.[1] ?? text;
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: JSON.parse(body) as Delivered['body'],
  };
};
const post = (url: string, query: string, accept: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query }),
  });
const get = (url: string, query: string, accept: string): Promise<Response> =>
  fetch(`${url}/graphql?${new URLSearchParams({ query })}`, { headers: { accept, 'apollo-require-preflight': '1' } });

const transports: readonly (readonly [name: string, ask: (url: string, query: string) => Promise<Delivered>])[] = [
  ['POST', async (url, query) => delivered(await post(url, query, 'application/json'))],
  [
    'POST of a client that reads graphql-response',
    async (url, query) => delivered(await post(url, query, 'application/graphql-response+json')),
  ],
  ['GET', async (url, query) => delivered(await get(url, query, 'application/json'))],
  ['SSE by POST', async (url, query) => delivered(await post(url, query, 'text/event-stream'))],
  [
    'WebSocket',
    async (url, query) => {
      await using frames = await openAcknowledged(url);
      frames.send(subscribe('1', query));
      const { type, payload } = await frames.next();
      return {
        status: 0,
        retryAfter: null,
        body: type === 'error' ? { errors: payload as never } : (payload as Delivered['body']),
      };
    },
  ],
];

describe.each(transports)('%s', (name, ask) => {
  test.each([
    ['what a library throws', () => Promise.reject(new GraphQLError('words of a library'))],
    ['what a driver throws', () => Promise.reject(new Error('column "secret" does not exist'))],
    [
      'a field that a library failed',
      () =>
        Promise.resolve({ data: { role: null }, errors: [new GraphQLError('words of a library', { path: ['role'] })] }),
    ],
  ] as [string, () => Promise<Answer>][])(
    '%s is an internal error in our words, the second time as the first',
    async (_, run) => {
      await using served = await serve({ graph: graphOf(run) });
      const first = await ask(served.url, '{ role }');
      expect(first.body.errors?.map(({ message, extensions }) => [message, extensions])).toEqual([
        ['Internal error', { code: 'INTERNAL_SERVER_ERROR' }],
      ]);
      expect(await ask(served.url, '{ role }')).toEqual(first);
    },
  );

  const lost = (): Promise<Answer> =>
    Promise.resolve({
      data: { role: null },
      errors: [clientError('SUBGRAPH_UNAVAILABLE', 'Down.', { retryable: true })],
    });

  test('when no source answers there is no answer: 503, and the time to retry', async () => {
    await using served = await serve({
      graph: graphOf(lost),
      sources: sourcesOf('UNAVAILABLE', 'UNAVAILABLE') as never,
    });
    expect(await ask(served.url, '{ role }')).toMatchObject({
      ...(name === 'WebSocket' ? null : { status: 503, retryAfter: '5' }),
      body: {
        errors: [
          {
            message: 'None of the sources can be reached now: ask again later.',
            extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
          },
        ],
      },
    });
  });

  test('while one source answers, what is lost is null with its error', async () => {
    await using served = await serve({ graph: graphOf(lost), sources: sourcesOf('UNAVAILABLE', 'IN_TIME') as never });
    const { status, body } = await ask(served.url, '{ role }');
    expect([status === 0 ? 200 : status, body]).toEqual([
      200,
      {
        data: { role: null },
        errors: [{ message: 'Down.', extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true } }],
      },
    ]);
  });
});

const connectionLost = Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
const cannotSay: Authenticator = {
  viewer: () => Promise.reject(connectionLost),
  session: () => Promise.reject(connectionLost),
};
const comesBack = /^retry: \d+\n: SUBGRAPH_UNAVAILABLE\n\n$/;

test('a failed look-up is no bad token: 503, or a connection that is opened again', async () => {
  await using served = await serve({ authenticator: cannotSay, live: createHandLive() });
  for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
    expect(await delivered(await post(served.url, '{ role }', accept))).toMatchObject({
      status: 503,
      retryAfter: '5',
      body: { errors: [{ extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true } }] },
    });
  }
  expect(await delivered(await get(served.url, '{ role }', 'application/json'))).toMatchObject({
    status: 503,
    retryAfter: '5',
  });
  expect(await delivered(await fetch(`${served.url}/sdl`))).toMatchObject({ status: 503, retryAfter: '5' });
  await using frames = await openFrames(served.url);
  frames.send({ type: 'connection_init' });
  expect((await frames.closed).code).toBe(1012);
  // An EventSource gives up for ever at any status but 200.
  const events = await get(served.url, TICKS, 'text/event-stream');
  expect([events.status, await events.text()]).toEqual([200, expect.stringMatching(comesBack)]);
});

test('a stream that cannot begin now is opened again by every client’s defaults', async () => {
  await using served = await serve({ live: { ...createHandLive(), subscribe: () => Promise.reject(connectionLost) } });
  expect(await delivered(await post(served.url, TICKS, 'text/event-stream'))).toMatchObject({
    status: 503,
    retryAfter: '5',
  });
  const events = await get(served.url, TICKS, 'text/event-stream');
  expect([events.status, await events.text()]).toEqual([200, expect.stringMatching(comesBack)]);
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('1', TICKS));
  expect((await frames.closed).code).toBe(1013);
});

test('an EventSource is refused for good what stays wrong', async () => {
  await using served = await serve({ live: createHandLive() });
  expect((await get(served.url, 'subscription { nothing }', 'text/event-stream')).status).toBe(400);
});

/** The token that the header names, of one organisation; without a header: the public. */
const sessionOf = (authorization: string | undefined) => {
  const viewer =
    authorization === undefined
      ? publicViewer
      : createViewer({
          role: 'NATIONAL_CENTRE',
          organisation: 'one',
          province: null,
          sector: null,
          purposes: [],
          purpose: null,
          tokenId: authorization,
        });
  return { viewer, expires: null, isGood: () => true };
};
const trustsTheHeader: Authenticator = {
  viewer: (given) => Promise.resolve(sessionOf(given).viewer),
  session: (given) => Promise.resolve(sessionOf(given)),
};

describe('one caller holds so many connections and streams at once, and a refusal ends nobody else’s', () => {
  const streamLimits = { perToken: 2, perOrganisation: 3, perAddress: 100 };

  test('by token and by organisation, over WebSocket and SSE together', async () => {
    const live = createHandLive();
    await using served = await serve({ live, authenticator: trustsTheHeader, streamLimits });
    await using first = await openAcknowledged(served.url, { authorization: 'a' });
    const abort = new AbortController();
    const stream = await fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: 'a' },
      body: JSON.stringify({ query: TICKS }),
      signal: abort.signal,
    });
    expect(stream.status).toBe(200);
    await live.begun();
    await using third = await openFrames(served.url);
    third.send({ type: 'connection_init', payload: { authorization: 'a' } });
    expect(await third.closed).toEqual({
      code: 1013,
      reason: 'RATE_LIMITED: At most 2 connections and streams at once for one token: end one, or come back later.',
    });
    await using other = await openAcknowledged(served.url, { authorization: 'b' });
    expect(await delivered(await post(served.url, TICKS, 'text/event-stream', { authorization: 'b' }))).toMatchObject({
      status: 429,
      retryAfter: '5',
      body: {
        errors: [
          {
            message: 'At most 3 connections and streams at once for one organisation: end one, or come back later.',
            extensions: { code: 'RATE_LIMITED', retryable: true },
          },
        ],
      },
    });
    for (const frames of [first, other]) {
      frames.send(subscribe('1', '{ role }'));
      expect(await frames.next()).toMatchObject({ payload: { data: { role: 'NATIONAL_CENTRE' } } });
    }
    // A share that is returned can be taken.
    abort.abort();
    await until('a free place', async () => {
      await using again = await openFrames(served.url);
      again.send({ type: 'connection_init', payload: { authorization: 'a' } });
      return await Promise.race([
        again.next().then(
          () => true,
          () => false,
        ),
        again.closed.then(() => false),
      ]);
    });
  });

  test('by address, also before the caller is known', async () => {
    await using served = await serve({ live: createHandLive(), streamLimits: { ...streamLimits, perAddress: 2 } });
    await using one = await openFrames(served.url);
    await using two = await openFrames(served.url);
    await using three = await openFrames(served.url);
    expect(await three.closed).toEqual({
      code: 1013,
      reason: 'RATE_LIMITED: At most 2 connections and streams at once for one address: end one, or come back later.',
    });
    const events = await get(served.url, TICKS, 'text/event-stream');
    expect([events.status, await events.text()]).toEqual([
      200,
      expect.stringMatching(/^retry: \d+\n: RATE_LIMITED\n\n$/),
    ]);
    for (const frames of [one, two]) {
      frames.send({ type: 'connection_init' });
      expect(await frames.next()).toEqual({ type: 'connection_ack' });
    }
  });
});

test('a gateway that shuts down refuses in GraphQL’s form, with the time to retry, and lives to the end', async () => {
  const graph = createSmallGraph();
  const served = await serve({ graph, live: createHandLive() });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('1', '{ slow }'));
  await until('a slow operation', () => graph.waiting() === 1);
  const stopped = served[Symbol.asyncDispose]();
  const going = {
    status: 503,
    retryAfter: '5',
    body: {
      errors: [
        {
          message: 'This instance is going away: ask again.',
          extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
        },
      ],
    },
  };
  expect(await delivered(await post(served.url, '{ role }', 'application/json'))).toEqual(going);
  expect(await delivered(await post(served.url, TICKS, 'text/event-stream'))).toEqual(going);
  const events = await get(served.url, TICKS, 'text/event-stream');
  expect([events.status, await events.text()]).toEqual([200, expect.stringMatching(comesBack)]);
  expect((await fetch(`${served.url}/health/ready`)).status).toBe(503);
  expect((await fetch(`${served.url}/health/live`)).status).toBe(200);
  graph.release();
  expect(await frames.next()).toMatchObject({ payload: { data: { slow: 'at last' } } });
  await stopped;
});

test('what is nowhere, and what is no HTTP at all, is refused in GraphQL’s form', async () => {
  await using served = await serve();
  expect(await delivered(await fetch(`${served.url}/nowhere`))).toMatchObject({
    status: 404,
    body: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
  });
  expect(await delivered(await get(served.url, `{ role } # ${'x'.repeat(20_000)}`, 'application/json'))).toEqual({
    status: 431,
    retryAfter: null,
    body: {
      errors: [
        {
          message: 'The address and the headers of a request have at most 16 KB: send the query by POST.',
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    },
  });
});
