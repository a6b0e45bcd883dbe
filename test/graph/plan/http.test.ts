import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AnswerTooLarge, createMeter } from '#gateway/graph/engine/answerSize.ts';
import { createHttpTransport } from '#gateway/graph/engine/httpTransport.ts';
import type { HttpTransportOptions } from '#gateway/graph/engine/httpTransport.ts';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import type { SubgraphCall } from '#gateway/graph/engine/transport.ts';
import { startGraph, unavailableError } from './support.ts';
import type { Source } from './support.ts';

const pair: Record<string, Source> = {
  good: {
    sdl: 'type Query { t: T } type T @key(fields: "id") { id: ID! good: String }',
    resolvers: { Query: { t: () => ({ id: '1', good: 'yes' }) } },
  },
  bad: {
    sdl: 'type T @key(fields: "id") { id: ID! bad: String } type Mutation { change: T }',
    resolvers: { T: { bad: () => 'no' }, Mutation: { change: () => ({ id: '1' }) } },
  },
};

const sends = (status: number, type: string, body: string) => (request: IncomingMessage, response: ServerResponse) => {
  request.resume();
  response.writeHead(status, { 'content-type': type }).end(body);
};

const cutOff = (request: IncomingMessage, response: ServerResponse) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"data":{"_entities":[{"bad":"n');
  response.socket?.end();
};

describe('a source is unavailable, and its answer is not returned, when it', () => {
  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    [
      'answers 500 with a GraphQL body',
      sends(500, 'application/json', '{"data":{"_entities":[{"bad":"internal 10.0.0.7"}]}}'),
    ],
    ['answers 404', sends(404, 'text/plain', 'Not found')],
    [
      'answers 302',
      (request, response) => {
        request.resume();
        response.writeHead(302, { location: 'http://10.0.0.7/' }).end();
      },
    ],
    ['sends HTML', sends(200, 'text/html', '<html><body>nginx at 10.0.0.7</body></html>')],
    ['sends an empty body', sends(200, 'application/json', '')],
    ['sends JSON that is cut off', cutOff],
    ['sends JSON that ends early', sends(200, 'application/json', '{"data":{"_entities":[{"bad":"n')],
    ['sends a string', sends(200, 'application/json', '"down"')],
    ['sends a list', sends(200, 'application/json', '[{"data":{}}]')],
    ['sends data that is no object', sends(200, 'application/json', '{"data":7}')],
    ['sends neither data nor errors', sends(200, 'application/json', '{"data":null}')],
    [
      'sends more than the limit',
      sends(200, 'application/json', JSON.stringify({ data: { _entities: [{ bad: 'x'.repeat(20_000) }] } })),
    ],
    ['closes the connection', (request) => void request.socket.destroy()],
    ['hangs before the headers', () => {}],
    [
      'hangs within the body',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{');
      },
    ],
  ])('%s', async (_, handler) => {
    await using graph = await startGraph('over HTTP', pair, {
      handlers: { bad: handler },
      timeoutMs: 1000,
      maxBytes: 10_000,
    });
    expect(await graph.ask('{ t { good bad } }')).toEqual({
      data: { t: { good: 'yes', bad: null } },
      errors: [unavailableError('bad', 't', 'bad')],
      missing: [{ source: 'bad', paths: ['t.bad'] }],
    });
  });
});

interface Served {
  url: string;
  requests: { body: unknown; headers: IncomingMessage['headers'] }[];
}

async function serve(
  stack: AsyncDisposableStack,
  handler: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Served> {
  const requests: Served['requests'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ body: JSON.parse(Buffer.concat(chunks).toString('utf8')), headers: request.headers });
      handler(request, response, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql?x=1`, requests };
}

const callOf = (kind: 'query' | 'mutation', extra: Partial<SubgraphCall> = {}): SubgraphCall => ({
  operation: { document: `${kind} { a }`, name: undefined, kind },
  operationKind: kind,
  variables: {},
  signal: undefined,
  context: undefined,
  ...extra,
});

const transportTo = (stack: AsyncDisposableStack, { url }: Served, options: Partial<HttpTransportOptions> = {}) =>
  stack.use(createHttpTransport({ url, headers: () => ({}), timeoutMs: 5_000, ...options }));

const ok = (response: ServerResponse): void => void response.end('{"data":{"a":1}}');
const drop = (request: IncomingMessage): void => void request.socket.destroy();

test('a request carries query, name, variables and extensions as JSON, and the headers it was given', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, (_, response) => response.end('{"data":{"a":1},"extensions":{"reads":["r"]}}'));
  const transport = transportTo(stack, served, {
    headers: (call) => ({ passport: String(call.context) }),
    body: () => ({ purpose: 'P' }),
  });
  const operation = { document: 'query Q($__proto__: Int) { a }', name: 'Q', kind: 'query' as const };
  const variables = JSON.parse('{"n":[1,"信用"],"__proto__":2}');
  expect(await transport.execute(callOf('query', { operation, variables, context: 'p1' }))).toEqual({
    data: { a: 1 },
    extensions: { reads: ['r'] },
  });
  expect(served.requests.map(({ body }) => JSON.stringify(body))).toEqual([
    '{"query":"query Q($__proto__: Int) { a }","operationName":"Q","variables":{"n":[1,"信用"],' +
      '"__proto__":2},"extensions":{"purpose":"P"}}',
  ]);
  expect(served.requests[0]?.headers).toMatchObject({
    passport: 'p1',
    'content-type': 'application/json',
    accept: 'application/json',
  });
});

test('what is read for one answer is bounded over its calls; too much is no failure of the source', async () => {
  await using stack = new AsyncDisposableStack();
  const state = { sent: 0 };
  const served = await serve(stack, (_, response, count) => {
    if (count > 3) return ok(response);
    // Without an end: only who stops reading ends it.
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(1000))) state.sent += 1000;
      response.once('drain', more);
    };
    more();
  });
  const transport = transportTo(stack, served, { breaker: { failures: 1 } });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(transport.execute(callOf('query', { meter: createMeter(5000) }))).rejects.toThrow(AnswerTooLarge);
  }
  const meter = createMeter(5000);
  meter.read = 9999;
  await expect(transport.execute(callOf('query', { meter }))).rejects.toThrow('an answer of more than 5000 bytes');
  expect(await transport.execute(callOf('query', { meter: createMeter(5000) }))).toEqual({ data: { a: 1 } });
  expect(state.sent).toBeLessThan(50_000_000);
});

test('a read that met a broken connection is asked once more', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, (request, response, count) => (count === 1 ? drop(request) : ok(response)));
  expect(await transportTo(stack, served).execute(callOf('query'))).toEqual({ data: { a: 1 } });
  expect(served.requests.length).toBe(2);
});

test('a read is asked twice at most', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, drop);
  await expect(transportTo(stack, served).execute(callOf('query'))).rejects.toThrow(SubgraphUnavailable);
  expect(served.requests.length).toBe(2);
});

test('a mutation is never asked again', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, drop);
  await expect(transportTo(stack, served).execute(callOf('mutation'))).rejects.toThrow(SubgraphUnavailable);
  expect(served.requests.length).toBe(1);
});

test('an answer with an error status is not asked again', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, (_, response) => response.writeHead(503).end('{}'));
  await expect(transportTo(stack, served).execute(callOf('query'))).rejects.toThrow('HTTP status 503');
  expect(served.requests.length).toBe(1);
});

test('after failures in a row nothing is sent, until one call has probed and was answered', async () => {
  await using stack = new AsyncDisposableStack();
  const state = { time: 0, broken: true };
  const served = await serve(stack, (_, response) => (state.broken ? response.writeHead(500).end() : ok(response)));
  const transport = transportTo(stack, served, { breaker: { failures: 2, openMs: 100, now: () => state.time } });
  const ask = async () => (await Promise.allSettled([transport.execute(callOf('query'))]))[0]?.status;

  expect([await ask(), await ask()]).toEqual(['rejected', 'rejected']);
  expect(served.requests.length).toBe(2);
  expect(await ask()).toBe('rejected');
  expect(served.requests.length).toBe(2);

  state.time = 100;
  expect(await Promise.all([ask(), ask()])).toEqual(['rejected', 'rejected']);
  expect(served.requests.length).toBe(3);

  state.time = 199;
  state.broken = false;
  expect(await ask()).toBe('rejected');
  state.time = 200;
  expect([await ask(), await ask()]).toEqual(['fulfilled', 'fulfilled']);
  expect(served.requests.length).toBe(5);
});

test('a caller that goes away ends its request, and does not count against the source', async () => {
  await using stack = new AsyncDisposableStack();
  const arrived = Promise.withResolvers<Socket>();
  const served = await serve(stack, (request, response, count) =>
    count === 1 ? arrived.resolve(request.socket) : ok(response),
  );
  const transport = transportTo(stack, served, { breaker: { failures: 1 } });
  const stop = new AbortController();
  const answer = transport.execute(callOf('query', { signal: stop.signal }));
  const socket = await arrived.promise;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  stop.abort();
  await expect(answer).rejects.toThrow(SubgraphUnavailable);
  await closed;
  expect(await transport.execute(callOf('query'))).toEqual({ data: { a: 1 } });
});

test('connections are kept and never carry two requests at a time', async () => {
  await using stack = new AsyncDisposableStack();
  const waiting: ServerResponse[] = [];
  const sockets = new Set<Socket>();
  const served = await serve(stack, (request, response) => {
    sockets.add(request.socket);
    waiting.push(response);
    if (waiting.length === 2) for (const one of waiting.splice(0)) ok(one);
  });
  const transport = transportTo(stack, served, { connections: 2 });
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([transport.execute(callOf('query')), transport.execute(callOf('query'))]);
  }
  expect(served.requests.length).toBe(6);
  expect(sockets.size).toBe(2);
});

test('nothing is open after disposal', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, (_, response) => ok(response));
  const transport = createHttpTransport({ url: served.url, headers: () => ({}), timeoutMs: 1_000 });
  await transport.execute(callOf('query'));
  await transport[Symbol.asyncDispose]();
  await expect(transport.execute(callOf('query'))).rejects.toThrow(SubgraphUnavailable);
});

test('an answer that a server sends in pieces is read whole', async () => {
  await using stack = new AsyncDisposableStack();
  const served = await serve(stack, (_, response) => {
    const bytes = Buffer.from('{"data":{"a":"信用"}}');
    response.write(bytes.subarray(0, 15), () => response.end(bytes.subarray(15)));
  });
  expect(await transportTo(stack, served).execute(callOf('query'))).toEqual({ data: { a: '信用' } });
});
