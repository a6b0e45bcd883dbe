import { request as httpRequest } from 'node:http';
import { GraphQLError } from 'graphql';
import { silentLog } from '#kit/log.ts';
import { publicViewer } from '#policy/viewer.ts';
import { createHandLive, createSmallGraph, openAcknowledged, subscribe } from '#test/support/transports.ts';
import { until } from '#test/support/until.ts';
import { type Authenticator, dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { type GatewayServer, serveGateway, type ServerOptions } from '#gateway/http/server.ts';
import { asksForEvents } from './sse.ts';

// The transport of server-sent events, and what the HTTP server does besides, with streams that the test controls.

const graph = createSmallGraph();
const TICKS = 'subscription { ticks }';

const serve = (options: Partial<ServerOptions> = {}): Promise<GatewayServer> =>
  serveGateway({
    host: '127.0.0.1',
    port: 0,
    graph,
    sources: { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() },
    authenticator: dangerouslyTrustEveryoneAs(publicViewer),
    limits: standardLimits,
    policyMode: 'filter',
    routes: [],
    log: silentLog,
    ...options,
  });

const ask = (
  url: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify(body),
    ...(signal ? { signal } : null),
  });

const get = (url: string, parameters: Record<string, string>): Promise<Response> =>
  fetch(`${url}/graphql?${new URLSearchParams(parameters)}`, { headers: { accept: 'text/event-stream' } });

test('a stream is sent as events with their cursors, and ends with complete', async () => {
  const live = createHandLive();
  await using served = await serve({ live });
  const response = await ask(
    served.url,
    { query: 'subscription ($after: String) { ticks(after: $after) }', variables: { after: 'c0' } },
    { 'last-event-id': 'c9', 'x-unauthorized': 'reject' },
  );
  // Before the first event.
  expect([
    response.status,
    ...['content-type', 'cache-control', 'x-accel-buffering'].map((name) => response.headers.get(name)),
  ]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store', 'no']);
  const { request, sink } = await live.begun();
  expect([request.variables, request.lastEventId, request.mode, request.session.viewer.role]).toEqual([
    { after: 'c0' },
    'c9',
    'reject',
    'PUBLIC',
  ]);
  sink.next('{"data":{"ticks": 1}}', 'c1');
  sink.next('{"data":{"ticks": "信用"}}', 'c2');
  sink.end('CURSOR_EXPIRED', 'c2');
  sink.next('{"data":{"ticks": 3}}', 'c3');
  expect(await response.text()).toBe(
    [
      'event: next\nid: c1\ndata: {"data":{"ticks": 1}}',
      'event: next\nid: c2\ndata: {"data":{"ticks": "信用"}}',
      'event: complete\nid: c2\ndata: {"reason":"CURSOR_EXPIRED","code":1000,"cursor":"c2"}',
      '',
    ].join('\n\n'),
  );
});

test.each(['COMPLETED', 'CURSOR_EXPIRED'] as const)(
  'a stream that ends for %s is finished: it ends with complete',
  async (reason) => {
    const live = createHandLive();
    await using served = await serve({ live });
    const response = await ask(served.url, { query: TICKS });
    (await live.begun()).sink.end(reason, null);
    expect(await response.text()).toBe(
      `event: complete\ndata: ${JSON.stringify({ reason, code: 1000, cursor: null })}\n\n`,
    );
  },
);

test.each(['UNAUTHENTICATED', 'GOING_AWAY', 'FAILED', 'SLOW_CONSUMER'] as const)(
  'a stream that ends for %s can be resumed: it ends with its connection',
  async (reason) => {
    const live = createHandLive();
    await using served = await serve({ live });
    const response = await ask(served.url, { query: TICKS });
    (await live.begun()).sink.end(reason, 'c1');
    expect(await response.text()).toMatch(new RegExp(`^retry: 1\\d{3}\\n: ${reason}\\n\\n$`));
  },
);

test('an EventSource can follow: GET, with what it saw last', async () => {
  const live = createHandLive();
  await using served = await serve({ live });
  const response = await get(served.url, {
    query: 'subscription ($after: String) { ticks(after: $after) }',
    variables: '{"after":"c0"}',
  });
  const { request, sink } = await live.begun();
  expect([request.variables, request.lastEventId]).toEqual([{ after: 'c0' }, undefined]);
  sink.end('COMPLETED', 'c1');
  expect(await response.text()).toMatch(/^event: complete\nid: c1\n/);
});

test('a query and a mutation are one next and complete; a mutation by GET is refused', async () => {
  await using served = await serve();
  const done = 'event: complete\ndata: {"reason":"COMPLETED","code":1000,"cursor":null}\n\n';
  expect(await (await ask(served.url, { query: '{ role }' })).text()).toBe(
    `event: next\ndata: {"data":{"role":"PUBLIC"}}\n\n${done}`,
  );
  expect(await (await get(served.url, { query: '{ role }' })).text()).toBe(
    `event: next\ndata: {"data":{"role":"PUBLIC"}}\n\n${done}`,
  );
  expect(await (await ask(served.url, { query: 'mutation { touch }' })).text()).toBe(
    `event: next\ndata: {"data":{"touch":"touched"}}\n\n${done}`,
  );
  const refused = await get(served.url, { query: 'mutation { touch }' });
  expect([refused.status, refused.headers.get('allow'), await refused.json()]).toEqual([
    405,
    'POST',
    { errors: [{ message: 'A mutation is sent by POST.', extensions: { code: 'BAD_REQUEST' } }] },
  ]);
});

const refusing: Authenticator = {
  ...dangerouslyTrustEveryoneAs(publicViewer),
  session: () =>
    Promise.reject(
      new GraphQLError('The token was revoked.', {
        extensions: {
          code: 'UNAUTHENTICATED',
          reason: 'REVOKED',
          http: { status: 401, headers: new Map([['www-authenticate', 'Bearer']]) },
        },
      }),
    ),
};

test('what is refused before the first event is a JSON answer with its status', async () => {
  const badCursor = [new GraphQLError('No such cursor.', { extensions: { code: 'BAD_CURSOR' } })];
  const away = [new GraphQLError('Come back.', { extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true } })];
  const outcomes: unknown[] = [];
  for (const [options, body] of [
    [{ authenticator: refusing }, { query: TICKS }],
    [{ live: createHandLive({ refuse: badCursor }) }, { query: TICKS }],
    [{ live: createHandLive({ refuse: away }) }, { query: TICKS }],
    [{ live: { ...createHandLive(), subscribe: () => Promise.reject(new Error('secret')) } }, { query: TICKS }],
    [{ live: createHandLive() }, { query: 'subscription { nothing }' }],
    [{ live: createHandLive() }, { query: 'subscription { ticks' }],
    [{ live: createHandLive() }, { query: `${TICKS} #${'x'.repeat(70_000)}` }],
    [{ live: createHandLive() }, { query: TICKS, variables: [] }],
    [{}, { query: TICKS }],
  ] as [Partial<ServerOptions>, Record<string, unknown>][]) {
    await using served = await serve(options);
    const response = await ask(served.url, body);
    const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    outcomes.push([response.status, errors[0]?.extensions.code, errors[0]?.message]);
  }
  expect(outcomes).toEqual([
    [401, 'UNAUTHENTICATED', 'The token was revoked.'],
    [400, 'BAD_CURSOR', 'No such cursor.'],
    [503, 'SUBGRAPH_UNAVAILABLE', 'Come back.'],
    [500, 'INTERNAL_SERVER_ERROR', 'Internal error'],
    [400, 'GRAPHQL_VALIDATION_FAILED', 'Cannot query field "nothing" on type "Subscription".'],
    [400, 'GRAPHQL_PARSE_FAILED', 'Syntax Error: Expected Name, found <EOF>.'],
    [400, 'COST_LIMIT', 'The operation has more than 65536 bytes.'],
    [
      400,
      'BAD_REQUEST',
      'The request is not GraphQL over HTTP: `query` or `documentId` is a text, `variables` an object.',
    ],
    [400, 'BAD_USER_INPUT', 'Subscriptions are served over WebSocket and SSE, not here.'],
  ]);
});

test('a bad token is refused as on every transport, with the required scheme', async () => {
  await using served = await serve({ authenticator: refusing });
  expect((await ask(served.url, { query: TICKS })).headers.get('www-authenticate')).toBe('Bearer');
});

test('by plain POST a subscription is refused, and a client that names JSON first is answered in JSON', async () => {
  await using served = await serve({ live: createHandLive() });
  const plain = await ask(served.url, { query: TICKS }, { accept: 'application/json' });
  expect(await plain.json()).toMatchObject({
    errors: [
      { message: 'Subscriptions are served over WebSocket and SSE, not here.', extensions: { code: 'BAD_USER_INPUT' } },
    ],
  });
  const both = await ask(
    served.url,
    { query: '{ role }' },
    { accept: 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed' },
  );
  expect(await both.json()).toEqual({ data: { role: 'PUBLIC' } });
});

test.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; charset=utf-8', true],
  ['text/event-stream, multipart/mixed', true],
  ['application/json, text/event-stream', false],
  ['text/event-streams', false],
  ['*/*', false],
  [undefined, false],
])('accept: %s asks for events: %s', (accept, expected) => {
  expect(asksForEvents(accept)).toBe(expected);
});

test('a reader that goes stops its stream, or its operation', async () => {
  const live = createHandLive();
  await using served = await serve({ live });
  const abort = new AbortController();
  const response = await ask(served.url, { query: TICKS }, {}, abort.signal);
  const stream = await live.begun();
  abort.abort();
  await expect(response.text()).rejects.toThrow();
  await until('its end', stream.isStopped);
  await stream.sink.drained();
  stream.sink.next('{}', 'c');
  stream.sink.end('COMPLETED', 'c');

  const gone = new AbortController();
  const [waiting, aborted] = [graph.waiting(), graph.aborted()];
  const answer = ask(served.url, { query: '{ slow }' }, {}, gone.signal);
  await until('a slow operation', () => graph.waiting() === waiting + 1);
  gone.abort();
  await expect(answer).rejects.toThrow();
  await until('its abortion', () => graph.aborted() === aborted + 1);
  graph.release();
});

test('a reader that does not read lets bytes wait, and drained resolves when they have gone', async () => {
  const live = createHandLive();
  await using served = await serve({ live });
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const call = httpRequest(
      `${served.url}/graphql?query=${encodeURIComponent(TICKS)}`,
      { headers: { accept: 'text/event-stream' } },
      resolve,
    );
    call.on('error', reject).end();
  });
  const { sink } = await live.begun();
  await sink.drained();
  const text = JSON.stringify({ data: 'x'.repeat(100_000) });
  while (sink.waiting() < 1024 * 1024) {
    sink.next(text, 'c1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  const drained = sink.drained();
  sink.end('SLOW_CONSUMER', 'c1');
  let last = '';
  for await (const chunk of response) last = `${last}${String(chunk)}`.slice(-200);
  await drained;
  expect(last).toMatch(/\n\nretry: \d+\n: SLOW_CONSUMER\n\n$/);
});

test('going away ends the connections of streams, without complete, and lets answers be given', async () => {
  const live = createHandLive();
  const served = await serve({ live });
  const stream = await ask(served.url, { query: TICKS });
  const { sink, isStopped } = await live.begun();
  sink.next('{"data":1}', 'c1');
  const answer = ask(served.url, { query: '{ slow }' });
  await until('a slow operation', () => graph.waiting() === 1);
  const stopped = served[Symbol.asyncDispose]();
  expect(await stream.text()).toMatch(/^event: next\nid: c1\ndata: {"data":1}\n\nretry: \d+\n: GOING_AWAY\n\n$/);
  expect(isStopped()).toBe(true);
  graph.release();
  expect(await (await answer).text()).toMatch(/^event: next\ndata: {"data":{"slow":"at last"}}\n\nevent: complete\n/);
  await stopped;
});

test('of several operations none is chosen by guess, at any door', async () => {
  await using served = await serve();
  const query = 'query A { role } query B { role }';
  const outcomes: unknown[] = [];
  for (const operationName of [undefined, 'C']) {
    const plain = await ask(served.url, { query, operationName }, { accept: 'application/json' });
    const events = await ask(served.url, { query, operationName });
    await using frames = await openAcknowledged(served.url);
    frames.send({ id: '1', type: 'subscribe', payload: { query, operationName } });
    const { payload } = await frames.next();
    const delivered = [await plain.json(), await events.json(), { errors: payload }];
    expect(delivered[1]).toEqual(delivered[0]);
    expect(delivered[2]).toEqual(delivered[0]);
    outcomes.push([plain.status, events.status, delivered[0]]);
  }
  const error = (message: string) => ({ errors: [{ message, extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }] });
  expect(outcomes).toEqual([
    [400, 400, error('Must provide operation name if query contains multiple operations.')],
    [400, 400, error('Unknown operation named "C".')],
  ]);
});

test('other upgrades, and WebSockets elsewhere, are answered as if they were not offered', async () => {
  await using served = await serve();
  const statusOf = (path: string, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const call = httpRequest(`${served.url}${path}`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call
        .on('upgrade', () => reject(new Error('upgraded')))
        .on('error', reject)
        .end();
    });
  // What Java's HTTP client sends with its first request.
  expect(
    await statusOf('/health/live', {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
    }),
  ).toBe(200);
  expect(
    await statusOf('/elsewhere', {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }),
  ).toBe(404);
  expect(
    await statusOf('/graphql', { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }),
  ).toBe(400);
});

test('WebSockets are served at /graphql', async () => {
  await using served = await serve();
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('1', '{ role }'));
  expect(await frames.next()).toEqual({ id: '1', type: 'next', payload: { data: { role: 'PUBLIC' } } });
});
