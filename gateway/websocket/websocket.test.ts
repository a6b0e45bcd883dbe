import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { publicViewer } from '#policy/viewer.ts';
import {
  createHandLive,
  createSmallGraph,
  INIT,
  openAcknowledged,
  openFrames,
  openWebSocketTransport,
  subscribe,
} from '#test/support/transports.ts';
import { until } from '#test/support/until.ts';
import type { Authenticator } from '#gateway/auth/authenticator.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { StreamEnd } from '#gateway/changes/subscriber.ts';

// The transport by itself, with streams that the test controls. Close codes on the real graph:
// test/graph/changes/frames.test.ts (P16).

const graph = createSmallGraph();
const TICKS = 'subscription { ticks }';

/** Every caller has this session. */
const authenticatorOf = (session: Partial<Session>): Authenticator => ({
  viewer: () => Promise.resolve(publicViewer),
  session: () => Promise.resolve({ viewer: publicViewer, expires: null, isGood: () => true, ...session }),
});

test('a query and a mutation are answered once and completed', async () => {
  await using served = await openWebSocketTransport({ graph });
  await using frames = await openAcknowledged(served.url);
  frames.send(
    subscribe('a "quoted" id', 'query ($name: String!) { hello(name: $name) }', { name: '信用' }),
    subscribe('m', 'mutation { touch }'),
  );
  expect([await frames.next(), await frames.next(), await frames.next(), await frames.next()]).toEqual([
    { id: 'a "quoted" id', type: 'next', payload: { data: { hello: 'hello 信用' } } },
    { id: 'a "quoted" id', type: 'complete' },
    { id: 'm', type: 'next', payload: { data: { touch: 'touched' } } },
    { id: 'm', type: 'complete' },
  ]);
});

test('what never ran is an error, which ends its id and no other', async () => {
  await using served = await openWebSocketTransport({ graph });
  await using frames = await openAcknowledged(served.url);
  const codes: unknown[] = [];
  for (const message of [
    subscribe('1', '{ nothing }'),
    subscribe('1', '{ role '),
    subscribe('1', `${'{ a '.repeat(20)}${'}'.repeat(20)}`),
    { id: '1', type: 'subscribe', payload: { query: '{ role }', operationName: 'Other' } },
    subscribe('1', TICKS),
  ]) {
    frames.send(message);
    const { id, type, payload } = await frames.next();
    codes.push([id, type, (payload as { extensions: { code: string } }[]).map(({ extensions: { code } }) => code)]);
  }
  expect(codes).toEqual([
    ['1', 'error', ['GRAPHQL_VALIDATION_FAILED']],
    ['1', 'error', ['GRAPHQL_PARSE_FAILED']],
    ['1', 'error', ['COST_LIMIT']],
    ['1', 'error', ['OPERATION_RESOLUTION_FAILURE']],
    ['1', 'error', ['BAD_USER_INPUT']], // this transport has nothing to follow
  ]);
  frames.send(subscribe('1', '{ role }'));
  expect(await frames.next()).toEqual({ id: '1', type: 'next', payload: { data: { role: 'PUBLIC' } } });
});

test('a stream is sent in the text that it is given, and ends with complete', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', 'subscription ($after: String) { ticks(after: $after) }', { after: 'c0' }));
  const { request, sink } = await live.begun();
  expect([request.variables, request.mode, request.session.viewer.role, request.operation.operation]).toEqual([
    { after: 'c0' },
    'filter',
    'PUBLIC',
    'subscription',
  ]);
  const raw = new Promise((resolve) => frames.socket.once('message', (data) => resolve(String(data))));
  sink.next('{"data":{"ticks": 1}}', 'c1');
  expect(await raw).toBe('{"id":"s","type":"next","payload":{"data":{"ticks": 1}}}');
  await frames.next();
  sink.end('CURSOR_EXPIRED', 'c1');
  sink.next('{"data":{"ticks": 2}}', 'c2');
  frames.send({ type: 'ping', payload: { n: 1 } });
  expect([await frames.next(), await frames.next()]).toEqual([
    { id: 's', type: 'complete' },
    { type: 'pong', payload: { n: 1 } },
  ]);
});

test('a stream that fails is an error with the cursor to come back with', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  (await live.begun()).sink.end('FAILED', 'c1');
  expect(await frames.next()).toEqual({
    id: 's',
    type: 'error',
    payload: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR', cursor: 'c1' } }],
  });
});

test('after `complete` nothing more is sent, and the id is free', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  const first = await live.begun();
  frames.send({ id: 's', type: 'complete' }, { id: 'unknown', type: 'complete' }, subscribe('s', TICKS));
  const second = await live.begun();
  expect([first.isStopped(), second.isStopped()]).toEqual([true, false]);
  first.sink.next('{"data":1}', 'c1');
  second.sink.next('{"data":2}', 'c2');
  expect(await frames.next()).toEqual({ id: 's', type: 'next', payload: { data: 2 } });
});

test('an answer that is no longer awaited is not sent, and its operation is aborted', async () => {
  await using served = await openWebSocketTransport({ graph });
  await using frames = await openAcknowledged(served.url);
  const aborted = graph.aborted();
  frames.send(subscribe('q', '{ slow }'));
  await until('a slow operation', () => graph.waiting() === 1);
  frames.send({ id: 'q', type: 'complete' });
  await until('its abortion', () => graph.aborted() === aborted + 1);
  graph.release();
  await until('its end', () => graph.waiting() === 0);
  frames.send({ type: 'ping' });
  expect(await frames.next()).toEqual({ type: 'pong' });
});

test('a connection that goes stops its streams', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  const frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  const stream = await live.begun();
  await frames[Symbol.asyncDispose]();
  await stream.sink.drained();
  await until("the stream's end", () => stream.isStopped() && served.transport.connections() === 0);
});

test('a reader that is too slow is closed with its cursor behind all that was sent before (P17)', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS), subscribe('other', TICKS));
  const { sink } = await live.begun();
  const other = await live.begun();
  frames.socket.pause();
  const text = JSON.stringify({ data: 'x'.repeat(100_000) });
  let sent = 0;
  for (; sink.waiting() < 1024 * 1024; sent++) {
    sink.next(text, `c${sent}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  let isDrained = false;
  void sink.drained().then(() => (isDrained = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDrained).toBe(false);
  sink.end('SLOW_CONSUMER', 'c-last');
  expect([isDrained, other.isStopped()]).toEqual([false, true]);
  frames.socket.resume();
  for (let index = 0; index < sent; index++) expect((await frames.next())['type']).toBe('next');
  expect(await frames.closed).toEqual({ code: 4413, reason: 'c-last' });
});

test('a cursor that is too long for a close frame is left out, not cut', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  (await live.begun()).sink.end('SLOW_CONSUMER', 'c'.repeat(124));
  expect(await frames.closed).toEqual({ code: 4413, reason: '' });
});

test('drained waits until nothing waits', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  const { sink } = await live.begun();
  await sink.drained(); // nothing waits
  frames.socket.pause();
  const text = JSON.stringify({ data: 'x'.repeat(1_000_000) });
  while (sink.waiting() < 1_000_000) {
    sink.next(text, 'c');
    await new Promise((resolve) => setImmediate(resolve));
  }
  const drained = sink.drained();
  frames.socket.resume();
  await drained;
  expect(sink.waiting()).toBe(0);
});

test('a client that requests and does not read is not read from either, and loses nothing', async () => {
  await using served = await openWebSocketTransport({ graph });
  await using frames = await openAcknowledged(served.url);
  await using other = await openAcknowledged(served.url);
  const turns = async (): Promise<void> => {
    for (let index = 0; index < 5; index++) {
      other.send({ type: 'ping' });
      await other.next();
    }
  };
  frames.socket.pause();
  const before = graph.ran();
  for (let index = 0; index < 80; index++) frames.send(subscribe(`${index}`, '{ text(length: 200000) }'));
  await until('all answers', () => graph.ran() === before + 80);
  frames.send({ type: 'ping' });
  await turns();
  frames.send(subscribe('more', 'mutation { touch }'));
  await turns();
  expect(graph.ran()).toBe(before + 80);
  frames.socket.resume();
  const answered = new Set<unknown>();
  while (answered.size < 81) {
    const { id, type } = await frames.next();
    if (type === 'complete') answered.add(id);
  }
});

test('rights that have ended close the connection before the next thing it does (P18)', async () => {
  let isGood: boolean | Promise<boolean> = true;
  await using served = await openWebSocketTransport({
    graph,
    authenticator: authenticatorOf({ isGood: () => isGood }),
  });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('1', '{ role }'));
  expect([(await frames.next())['type'], (await frames.next())['type']]).toEqual(['next', 'complete']);
  isGood = Promise.resolve(false);
  frames.send(subscribe('2', '{ role }'));
  expect(await frames.closed).toEqual({
    code: 4403,
    reason: 'The token has ended or was revoked, or a grant has changed: come back with a new token.',
  });
});

test('a stream whose rights have ended closes the connection (P18)', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('s', TICKS));
  (await live.begun()).sink.end('UNAUTHENTICATED', 'c1');
  expect((await frames.closed).code).toBe(4403);
});

test('a token that ends closes a connection that only waits', async () => {
  let now = 1_000_000;
  await using served = await openWebSocketTransport({
    graph,
    authenticator: authenticatorOf({ expires: 2_000_000 }),
    now: () => new Date(now),
    timing: { heartbeatMs: 500 },
  });
  await using frames = await openAcknowledged(served.url);
  now = 2_000_000;
  expect((await frames.closed).code).toBe(4403);
});

test('a failed look-up asks the client to reconnect, and is no bad token', async () => {
  await using served = await openWebSocketTransport({
    graph,
    authenticator: { ...authenticatorOf({}), session: () => Promise.reject(new Error('the database is down')) },
  });
  await using frames = await openFrames(served.url);
  frames.send(INIT);
  expect((await frames.closed).code).toBe(1012);
});

test('a look that fails is an internal error of that operation alone', async () => {
  await using served = await openWebSocketTransport({
    graph,
    authenticator: authenticatorOf({ isGood: () => Promise.reject(new Error('the database is down')) }),
  });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('1', '{ role }'));
  expect(await frames.next()).toEqual({
    id: '1',
    type: 'error',
    payload: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  });
});

test('what throws while a text is read is an internal error of that operation: nobody waits in vain', async () => {
  await using served = await openWebSocketTransport({
    graph,
    documents: () => {
      throw new Error('a library');
    },
  });
  await using frames = await openAcknowledged(served.url);
  for (const id of ['1', '1']) {
    frames.send(subscribe(id, '{ role }'));
    expect(await frames.next()).toEqual({
      id,
      type: 'error',
      payload: [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
  }
});

test('the heartbeat pings, keeps clients that answer, and drops others', async () => {
  await using served = await openWebSocketTransport({ graph, timing: { heartbeatMs: 500 } });
  await using answers = await openAcknowledged(served.url);
  await using silent = await openFrames(served.url, { autoPong: false });
  let pings = 0;
  const pinged = new Promise<void>((resolve) => answers.socket.on('ping', () => ++pings === 6 && resolve()));
  expect((await silent.closed).code).toBe(1006);
  await pinged;
  expect([answers.socket.readyState, served.transport.connections()]).toEqual([1, 1]);
});

test('going away ends streams at once, lets answers be given, closes with 1012 and takes nobody new', async () => {
  const live = createHandLive();
  const served = await openWebSocketTransport({ graph, live });
  await using idle = await openAcknowledged(served.url);
  await using opened = await openFrames(served.url);
  await using follows = await openAcknowledged(served.url);
  follows.send(subscribe('s', TICKS));
  const stream = await live.begun();
  await using asks = await openAcknowledged(served.url);
  asks.send(subscribe('q', '{ slow }'));
  await until('a slow operation', () => graph.waiting() === 1);
  const stopped = served[Symbol.asyncDispose]();
  expect([(await idle.closed).code, (await opened.closed).code, (await follows.closed).code]).toEqual([
    1012, 1012, 1012,
  ]);
  expect(stream.isStopped()).toBe(true);
  // Without a message before: `complete` would count as its end.
  await expect(follows.next()).rejects.toThrow('closed: {"code":1012');
  await using late = await openFrames(served.url);
  expect((await late.closed).code).toBe(1012);
  asks.send(subscribe('late', '{ role }'));
  graph.release();
  expect([await asks.next(), await asks.next()]).toEqual([
    { id: 'q', type: 'next', payload: { data: { slow: 'at last' } } },
    { id: 'q', type: 'complete' },
  ]);
  expect((await asks.closed).code).toBe(1012);
  await stopped;
});

test('a stream that ends by the shutdown closes the connection for all', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  await using frames = await openAcknowledged(served.url);
  frames.send(subscribe('a', TICKS), subscribe('b', TICKS));
  const [a, b] = [await live.begun(), await live.begun()];
  a.sink.end('GOING_AWAY', 'c1');
  expect([(await frames.closed).code, b.isStopped()]).toEqual([1012, true]);
});

test('a client that does not close keeps nobody waiting', async () => {
  const served = await openWebSocketTransport({ graph, timing: { drainMs: 50 } });
  await using frames = await openAcknowledged(served.url);
  frames.socket.pause();
  await served[Symbol.asyncDispose]();
  expect(served.transport.connections()).toBe(0);
  frames.socket.resume();
});

test('x-unauthorized: reject is heard in the headers and in connection_init', async () => {
  const live = createHandLive();
  await using served = await openWebSocketTransport({ graph, live });
  for (const [headers, payload] of [
    [{ 'x-unauthorized': 'reject' }, {}],
    [{}, { 'x-unauthorized': 'reject' }],
  ] as const) {
    await using frames = await openFrames(served.url, { headers });
    frames.send({ ...INIT, payload }, { type: 'pong' });
    await frames.next();
    frames.send(subscribe('s', TICKS));
    expect((await live.begun()).request.mode).toBe('reject');
  }
});

describe('graphql-ws by its defaults', () => {
  /** How a stream ends for a client when the gateway ends it in this way, and how often it was opened. */
  const afterEnd = async (reason: StreamEnd): Promise<{ readonly opened: number; readonly end: unknown }> => {
    const live = createHandLive();
    await using served = await openWebSocketTransport({ graph, live });
    // Not its own waits, which are seconds.
    const client = createClient({
      url: `${served.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 1,
      retryWait: () => Promise.resolve(),
    });
    const ended = Promise.withResolvers<unknown>();
    client.subscribe(
      { query: TICKS },
      { next() {}, error: (error) => ended.resolve(error), complete: () => ended.resolve('complete') },
    );
    let opened = 0;
    for (let isOver = false; !isOver;) {
      const next = await Promise.race([live.begun(), ended.promise.then(() => null)]);
      isOver = next === null;
      if (!next) continue;
      opened += 1;
      next.sink.end(opened === 1 ? reason : 'COMPLETED', 'c1');
    }
    await client.dispose();
    return { opened, end: await ended.promise };
  };

  test.each(['GOING_AWAY', 'SLOW_CONSUMER', 'UNAUTHENTICATED'] as const)('comes back after %s', async (reason) => {
    expect(await afterEnd(reason)).toEqual({ opened: 2, end: 'complete' });
  });

  test.each([
    ['COMPLETED', 'complete'],
    ['CURSOR_EXPIRED', 'complete'],
    ['FAILED', [{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR', cursor: 'c1' } }]],
    ['WITHDRAWN', [{ message: expect.any(String), extensions: { code: 'DOCUMENT_NOT_FOUND', cursor: 'c1' } }]],
  ] as const)('takes %s as final', async (reason, end) => {
    expect(await afterEnd(reason)).toEqual({ opened: 1, end });
  });

  test.each([
    [4400, 'nonsense'],
    [4401, JSON.stringify(subscribe('1', TICKS))],
    [4429, JSON.stringify(INIT)],
  ])('gives up at %i, which trying again would not mend', async (code, message) => {
    await using served = await openWebSocketTransport({ graph, live: createHandLive() });
    let opened = 0;
    /** A client that first sends an invalid message. */
    class Wrong extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols);
        opened += 1;
        this.on('open', () => this.send(message));
      }
    }
    const client = createClient({
      url: `${served.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: Wrong,
      retryAttempts: 5,
      retryWait: () => Promise.resolve(),
    });
    await expect(client.iterate({ query: TICKS }).next()).rejects.toMatchObject({ code });
    expect(opened).toBe(1);
    await client.dispose();
  });
});
