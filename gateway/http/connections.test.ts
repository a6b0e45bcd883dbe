import { GraphQLError } from 'graphql';
import { silentLog } from '#kit/log.ts';
import { createViewer, publicViewer } from '#policy/viewer.ts';
import {
  createHandLive,
  createSmallGraph,
  INIT,
  openAcknowledged,
  openFrames,
  openWebSocketTransport,
  subscribe,
} from '#test/support/transports.ts';
import { openRaw, rawHead, rawPost } from '#test/support/rawSocket.ts';
import { retainedBytes } from '#test/support/retained.ts';
import { until } from '#test/support/until.ts';
import { type Authenticator, dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { type GatewayServer, serveGateway, type ServerOptions } from './server.ts';
import { createBodies } from './bodies.ts';
import { type Load, watchLoad } from './load.ts';

// Connections that are open and idle: with a client that sends byte by byte, and stops.

const small = createSmallGraph();
const bank = createViewer({
  role: 'FINANCIAL_INSTITUTION',
  organisation: '91110000000000001X',
  province: null,
  sector: null,
  purposes: [],
  purpose: null,
  tokenId: 't',
});
/** A caller with a token is a bank, except with the bad token. */
const authenticator: Authenticator = {
  viewer: (authorization) =>
    authorization === 'Bearer bad'
      ? Promise.reject(new GraphQLError('bad', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } }))
      : Promise.resolve(authorization === undefined ? publicViewer : bank),
  session: async (authorization, purpose) => ({
    viewer: await authenticator.viewer(authorization, purpose),
    expires: null,
    isGood: () => true,
  }),
};

const serve = (options: Partial<ServerOptions> = {}): Promise<GatewayServer> =>
  serveGateway({
    host: '127.0.0.1',
    port: 0,
    graph: small,
    sources: { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() },
    authenticator,
    limits: standardLimits,
    policyMode: 'filter',
    routes: [],
    log: silentLog,
    ...options,
  });

const ROLE = JSON.stringify({ query: '{ role }' });
const codeIn = (answer: string): unknown => {
  const [head = '', ...body] = answer.split('\r\n\r\n');
  expect(head).toMatch(/\r\ncache-control: no-store(\r\n|$)/); // whatever refuses it
  return [Number(head.split(' ')[1]), JSON.parse(body.join('')).errors[0].extensions.code];
};
const isAnswered = async (url: string): Promise<boolean> =>
  (await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: ROLE })).ok;

describe('what is sent', () => {
  const timing = { headersMs: 500, requestMs: 1000 };

  test.each([
    ['nothing at all', '', ''],
    ['half of the first line', 'POST /gra', ''],
    ['headers a byte at a time', 'POST /graphql HTTP/1.1\r\nhost: gateway\r\nx: ', 'a'],
    [
      'a body a byte at a time',
      rawHead('POST', '/graphql', { 'content-type': 'application/json', 'content-length': 1000 }),
      ' ',
    ],
    [
      'a body in pieces a byte at a time',
      rawHead('POST', '/graphql', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }),
      '1\r\n \r\n',
    ],
  ])('%s: the connection ends, with 408', async (_, first, then) => {
    await using served = await serve({ timing });
    await using client = await openRaw(served.url);
    client.send(first);
    if (then !== '') client.trickle(then, 20);
    expect(codeIn(await client.ended)).toEqual([408, 'BAD_REQUEST']);
    expect(await isAnswered(served.url)).toBe(true);
  });

  test.each([
    ['a bad token', { authorization: 'Bearer bad', 'content-length': 4_000_000 }, [401, 'UNAUTHENTICATED']],
    ['no token, a length beyond what those without one send', { 'content-length': 4_000_000 }, [413, 'BODY_TOO_LARGE']],
    [
      'a token, a length beyond what anybody sends',
      { authorization: 'Bearer good', 'content-length': 40_000_000 },
      [413, 'BODY_TOO_LARGE'],
    ],
  ])('with %s nothing of the body is waited for', async (_, headers, refusal) => {
    await using served = await serve();
    await using client = await openRaw(served.url);
    client.send(rawHead('POST', '/graphql', { 'content-type': 'application/json', ...headers }));
    client.send('{"query":"');
    await until('the answer', () => client.received().endsWith('}\n'));
    expect(codeIn(client.received())).toEqual(refusal);
  });

  test('a body without a length is cut where it is too large', async () => {
    await using served = await serve();
    await using client = await openRaw(served.url);
    client.send(rawHead('POST', '/graphql', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }));
    for (let piece = 0; piece < 5; piece += 1) client.send(`10000\r\n${' '.repeat(65_536)}\r\n`);
    await until('the answer', () => client.received().endsWith('}\n'));
    expect(codeIn(client.received())).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test('bodies that are being sent are bounded in bytes, together and for one address', () => {
    const bodies = createBodies(100);
    const release = bodies.reserve('192.0.2.1', 25);
    expect(release).toEqual(expect.any(Function));
    expect(bodies.reserve('192.0.2.1', 1)).toBeNull();
    for (const address of ['192.0.2.2', '2001:db8::1', '192.0.2.4'])
      expect(bodies.reserve(address, 25)).toEqual(expect.any(Function));
    expect([bodies.reserve('192.0.2.5', 1), bodies.reserve('2001:db8::2', 1)]).toEqual([null, null]);
    release?.();
    release?.();
    expect(bodies.reserve('192.0.2.1', 25)).toEqual(expect.any(Function));
    expect(bodies.reserve('192.0.2.1', 1)).toBeNull();
  });
});

describe('how many', () => {
  const connectionLimits = { perAddress: 3, inAll: 100 };

  test('one connection too many is refused by HTTP in the usual form, and by WebSocket with 1013', async () => {
    await using served = await serve({ connectionLimits });
    const held = [await openRaw(served.url), await openRaw(served.url), await openRaw(served.url)];
    await using client = await openRaw(served.url);
    client.send(rawPost(ROLE));
    expect(codeIn(await client.ended)).toEqual([429, 'RATE_LIMITED']);
    expect(client.received()).toMatch(/retry-after: 5\r\n/);
    await using frames = await openFrames(served.url);
    expect(await frames.closed).toEqual({
      code: 1013,
      reason: 'RATE_LIMITED: At most 3 connections at once for one address: end one, or come back later.',
    });
    await held[0]?.[Symbol.asyncDispose]();
    await until('there is room again', () => isAnswered(served.url));
    for (const each of held) await each[Symbol.asyncDispose]();
  });

  test('600 connections that do nothing: the maximum is held, and requests are served once they time out', async () => {
    await using served = await serve({
      connectionLimits: { perAddress: 1000, inAll: 200 },
      timing: { headersMs: 1000, requestMs: 1000 },
    });
    const held = await Promise.all(Array.from({ length: 600 }, () => openRaw(served.url)));
    await until('it answers', () => isAnswered(served.url).catch(() => false));
    await Promise.all(held.map((each) => each.ended)); // by themselves
  });

  test('a thousand requests on one connection at once: sixteen are answered, the rest is refused', async () => {
    await using served = await serve();
    await using client = await openRaw(served.url);
    client.send(rawPost(JSON.stringify({ query: '{ slow }' })).repeat(1000));
    await until('as many run as may', () => small.waiting() === 16);
    expect(await isAnswered(served.url)).toBe(true);
    small.release();
    const answer = await client.ended;
    expect([
      answer.match(/HTTP\/1\.1 200/g)?.length,
      answer.match(/HTTP\/1\.1 429/g)?.length,
      answer.match(/"RATE_LIMITED"/g)?.length,
    ]).toEqual([16, 1, 1]);
  });
});

describe('what is never read', () => {
  const LARGE = JSON.stringify({ query: '{ text(length: 30000000) }' });
  const writingLimits = { stalledMs: 300, bytesPerSecond: 100_000_000, waitingBytes: 1_000_000_000 };

  test('an answer is let go of when its time is over', async () => {
    await using served = await serve({ writingLimits });
    const readers = await Promise.all(Array.from({ length: 5 }, () => openRaw(served.url)));
    for (const reader of readers) {
      reader.socket.pause();
      reader.send(rawPost(LARGE));
    }
    await until('they are let go of', () => served.connections() === 0);
    for (const reader of readers) {
      reader.socket.resume();
      expect((await reader.ended).length).toBeLessThan(30_000_000);
    }
    expect(await isAnswered(served.url)).toBe(true);
  });

  test('where all of them together hold too much, those that wait longest go first', async () => {
    await using served = await serve({
      writingLimits: { stalledMs: 60_000, bytesPerSecond: 64 * 1024, waitingBytes: 50_000_000 },
    });
    const readers = await Promise.all(Array.from({ length: 5 }, () => openRaw(served.url)));
    for (const reader of readers) {
      reader.socket.pause();
      reader.send(rawPost(LARGE));
    }
    await until('no more is held than may be', () => served.connections() === 1); // two hold 60 MB
    for (const reader of readers) await reader[Symbol.asyncDispose]();
  });

  test('a reader that is slow and reads is given the whole answer', async () => {
    await using served = await serve({ writingLimits });
    await using reader = await openRaw(served.url);
    reader.send(rawPost(JSON.stringify({ query: '{ text(length: 3000000) }' })));
    const pulse = setInterval(() => (reader.socket.isPaused() ? reader.socket.resume() : reader.socket.pause()), 5);
    await until('the answer', () => reader.received().length > 3_000_000);
    clearInterval(pulse);
  });

  test('a reader of events that stalls is let go of, and others go on', async () => {
    const live = createHandLive();
    await using served = await serve({ writingLimits, live });
    await using reader = await openRaw(served.url);
    reader.send(rawPost(JSON.stringify({ query: 'subscription { ticks }' }), { accept: 'text/event-stream' }));
    const { sink, isStopped } = await live.begun();
    reader.socket.pause();
    sink.next(JSON.stringify({ data: { ticks: 'x'.repeat(10_000_000) } }), 'c1');
    await until('it is let go of', isStopped);
    expect(await isAnswered(served.url)).toBe(true);
  });
});

describe('WebSockets', () => {
  const frame = (opcode: number, payload: Buffer, fin = true): Buffer => {
    const length =
      payload.length < 126
        ? Buffer.from([0x80 | payload.length])
        : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 255]);
    // masked with zeros
    return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), length, Buffer.alloc(4), payload]);
  };
  const open = async (url: string) => {
    const client = await openRaw(url);
    client.send(
      rawHead('GET', '/graphql', {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': 13,
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-protocol': 'graphql-transport-ws',
      }),
    );
    await until('the upgrade', () => client.received().includes('\r\n\r\n'));
    client.send(frame(1, Buffer.from(JSON.stringify(INIT))));
    await until('the acknowledgement', () => client.received().includes('connection_ack'));
    return client;
  };
  /** Of the closing frame: 0x88, its length, its code. */
  const closeCodeIn = (bytes: Buffer): number => bytes.readUInt16BE(bytes.lastIndexOf(0x88) + 2);

  test('one that pings without an end and reads nothing holds no more than its bound', async () => {
    await using served = await serve();
    await using client = await open(served.url);
    client.socket.pause();
    const before = retainedBytes();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(9, Buffer.alloc(125))));
    for (let turn = 0; turn < 100; turn += 1) client.send(pings);
    client.socket.resume();
    await client.ended;
    expect(retainedBytes() - before).toBeLessThan(20_000_000);
    expect(await isAnswered(served.url)).toBe(true);
  });

  test('fragments without an end are closed where a message of the public ends', async () => {
    await using served = await serve();
    await using client = await open(served.url);
    client.send(frame(1, Buffer.from('{'), false));
    for (let turn = 0; turn < 300 && !client.socket.destroyed; turn += 1)
      client.send(Buffer.concat([frame(0, Buffer.alloc(1000, ' '), false), frame(9, Buffer.from('p'))]));
    await client.ended;
    expect(closeCodeIn(client.bytes())).toBe(1009);
  });

  test('a message that does not come to its end is not waited for', async () => {
    await using served = await openWebSocketTransport({ graph: small, timing: { heartbeatMs: 300, messageMs: 200 } });
    await using client = await open(served.url);
    client.send(frame(1, Buffer.from('{'), false));
    client.trickle(frame(0, Buffer.from(' '), false).toString('latin1'), 20);
    await client.ended;
    expect(closeCodeIn(client.bytes())).toBe(4408);
  });

  test('messages that request nothing are limited in number, and operations continue', async () => {
    await using served = await serve();
    await using other = await openAcknowledged(served.url);
    await using frames = await openAcknowledged(served.url);
    for (let turn = 0; turn < 2100; turn += 1) frames.send({ type: 'pong' });
    expect(await frames.closed).toEqual({
      code: 4429,
      reason: 'More than 2000 pings, pongs and completes within a heartbeat.',
    });
    other.send(subscribe('1', '{ role }'));
    expect(await other.next()).toMatchObject({ payload: { data: { role: 'PUBLIC' } } });
  });
});

describe('load', () => {
  test('while the event loop is late new work is refused, health is reported, and a stream goes on', async () => {
    const live = createHandLive();
    let isTooMuch = false;
    await using served = await serve({
      live,
      authenticator: dangerouslyTrustEveryoneAs(publicViewer),
      load: { isTooMuch: () => isTooMuch, [Symbol.dispose]() {} },
    });
    await using stream = await openAcknowledged(served.url);
    stream.send(subscribe('s', 'subscription { ticks }'));
    const { sink } = await live.begun();
    isTooMuch = true;
    const refused = await fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ROLE,
    });
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      503,
      '5',
      { errors: [{ message: 'Too much is asked at once: ask again.', extensions: { code: 'BUSY', retryable: true } }] },
    ]);
    expect((await fetch(`${served.url}/health/live`)).status).toBe(200);
    await using late = await openFrames(served.url);
    expect((await late.closed).code).toBe(1013);
    sink.next('{"data":{"ticks":"1"}}', 'c1');
    expect(await stream.next()).toMatchObject({ id: 's', payload: { data: { ticks: '1' } } });
    isTooMuch = false;
    expect(await isAnswered(served.url)).toBe(true);
  });

  test('it is too much when three samples in a row were late, and no more after one that was not', async () => {
    let delay = 101;
    let samples = 0;
    const seen: boolean[] = [];
    using load: Load = watchLoad({
      sampleMs: 5,
      maxDelayMs: 100,
      sample: () => {
        if (samples > 0) seen.push(load.isTooMuch());
        samples += 1;
        return samples === 3 ? 100 : delay;
      },
    });
    await until('six samples', () => seen.length >= 6);
    expect(seen.slice(0, 6)).toEqual([false, false, false, false, false, true]);
    await until('it is too much', () => load.isTooMuch());
    delay = 100;
    await until('it is not any more', () => !load.isTooMuch());
  });

  test('an event loop that is blocked again and again is found to be', async () => {
    using load = watchLoad();
    const block = setInterval(() => {
      for (const end = performance.now() + 1300; performance.now() < end;);
    }, 1);
    try {
      await until('it is too much', () => load.isTooMuch());
    } finally {
      clearInterval(block);
    }
    await until('it is not any more', () => !load.isTooMuch());
  });
});
