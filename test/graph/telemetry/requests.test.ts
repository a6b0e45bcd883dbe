import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { createLog } from '#kit/log.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';
import WebSocket from 'ws';

// The id of a request: on every answer, in every line, in every process that it goes through.

interface Line {
  readonly msg: string;
  readonly requestId?: string;
  readonly transport?: string;
  readonly kind?: string;
}

const lines: Line[] = [];
const log = createLog('test', 'debug', {
  write: (line) => void lines.push(JSON.parse(line) as Line),
  flush: (done) => done(),
  flushSync() {},
  lost: () => 0,
  isFailing: () => false,
});

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ remote: true, log });
});
afterAll(() => graph[Symbol.asyncDispose]());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ENTITY = '{ entity(uscc: "91110105MA0EEE1197") { name } }';
const STREAM = 'subscription { nameListChanges(filter: {}) { __typename } }';
const send = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> =>
  fetch(`${graph.url}${path}`, init);
const post = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
  send('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
const linesOf = (id: string): Line[] => lines.filter(({ requestId }) => requestId === id);

test('an id goes in and comes out, and stands in the lines of the gateway and of the subgraph', async () => {
  const response = await post(ENTITY, { 'x-request-id': 'mine-1' });
  await response.text();
  expect(response.headers.get('x-request-id')).toBe('mine-1');
  expect(
    linesOf('mine-1')
      .map(({ transport }) => transport)
      .toSorted(),
  ).toEqual(['http', undefined]); // the gateway's, and the subgraph's
});

test.each(['a b', 'x'.repeat(129), '13800001111', '91110105MA0EEE1197', 'a"b', 'a,b'])(
  'an id %j is replaced',
  async (given) => {
    const response = await post(ENTITY, { 'x-request-id': given });
    await response.text();
    expect(response.headers.get('x-request-id')).toMatch(UUID);
  },
);

test('two ids are none', async () => {
  const id = await new Promise<string | undefined>((resolve, reject) => {
    const asked = httpRequest(
      `${graph.url}/health/live`,
      { headers: ['x-request-id', 'one', 'x-request-id', 'two', 'host', 'x'] as never },
      (response) => {
        response.resume();
        resolve(response.headers['x-request-id'] as string | undefined);
      },
    );
    asked.on('error', reject).end();
  });
  expect(id).toMatch(UUID);
});

const body = (
  text: string,
  type = 'application/json',
): Omit<RequestInit, 'headers'> & { headers: Record<string, string> } => ({
  method: 'POST',
  body: text,
  headers: { 'content-type': type },
});
test.each<[string, number, string, Omit<RequestInit, 'headers'> & { headers?: Record<string, string> }]>([
  ['health', 200, '/health/live', {}],
  ['readiness', 200, '/health/ready', {}],
  ['a schema', 200, '/sdl', {}],
  [
    'an operation through Apollo',
    200,
    '/graphql',
    {
      ...body(JSON.stringify({ query: ENTITY })),
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    },
  ],
  [
    'an operation by GET',
    200,
    `/graphql?query=${encodeURIComponent('{__typename}')}`,
    { headers: { 'apollo-require-preflight': '1' } },
  ],
  [
    'one answered as events',
    200,
    `/graphql?query=${encodeURIComponent('{__typename}')}`,
    { headers: { accept: 'text/event-stream' } },
  ],
  [
    'a document that does not parse',
    400,
    '/graphql',
    {
      ...body('{"query":"{"}'),
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    },
  ],
  ['JSON that does not parse', 400, '/graphql', body('{"query"')],
  ['JSON nested too deep', 400, '/graphql', body(`{"query":${'['.repeat(100)}${']'.repeat(100)}}`)],
  ['a body too large', 413, '/graphql', body(`{"query":"${' '.repeat(5 * 1024 * 1024)}"}`)],
  ['no operation', 400, '/graphql', body('{}')],
  ['a wrong media type', 415, '/graphql', body('x', 'application/x-none')],
  [
    'a bad token',
    401,
    '/graphql',
    {
      ...body(JSON.stringify({ query: ENTITY })),
      headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
    },
  ],
  [
    'events refused',
    401,
    '/graphql',
    {
      ...body(JSON.stringify({ query: STREAM })),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: 'Bearer x' },
    },
  ],
  ['no right', 403, '/metrics', {}],
  ['no such place', 404, '/nowhere', {}],
  [
    'no filing',
    401,
    '/filings/x/parts/1',
    { method: 'PUT', body: 'x', headers: { authorization: 'Bearer x', 'content-type': 'text/csv' } },
  ],
])('%s answers %i with the id', async (_, status, path, init) => {
  const response = await send(path, { ...init, headers: { ...init.headers, 'x-request-id': 'every-1' } });
  await response.text();
  expect([response.status, response.headers.get('x-request-id')]).toEqual([status, 'every-1']);
});

test('what is no HTTP is answered with a new one', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(graph.url).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
    let text = '';
    socket
      .on('data', (chunk) => (text += String(chunk)))
      .on('end', () => resolve(text))
      .on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(/^x-request-id: (.*)\r$/m.exec(answer)?.[1]).toMatch(UUID);
});

test('a stream of events begins with it', async () => {
  const abort = new AbortController();
  const response = await send('/graphql', {
    ...body(JSON.stringify({ query: STREAM })),
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-request-id': 'stream-1' },
    signal: abort.signal,
  });
  expect([response.status, response.headers.get('x-request-id')]).toEqual([200, 'stream-1']);
  abort.abort();
  expect(linesOf('stream-1').map(({ transport, kind }) => [transport, kind])).toEqual([['sse', 'subscription']]);
});

test('over WebSocket the handshake has it, and each operation one of its own: numbered, or its client’s', async () => {
  const socket = new WebSocket(`${graph.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { 'x-request-id': 'socket-1' },
  });
  const shaken = new Promise((resolve) => socket.once('upgrade', ({ headers }) => resolve(headers['x-request-id'])));
  const completed = new Set<unknown>();
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(String(data)) as { type: string; id?: string };
    if (message.type === 'complete' || message.type === 'error') completed.add(message.id);
    if (message.type !== 'connection_ack') return;
    const subscribe = (id: string, query: string, extensions?: object): void =>
      socket.send(
        JSON.stringify({ id, type: 'subscribe', payload: { query, ...(extensions ? { extensions } : null) } }),
      );
    subscribe('a', '{ __typename }');
    subscribe('b', '{ purposes { code } }');
    subscribe('c', '{ __typename }', { 'x-request-id': 'mine-2' });
    subscribe('d', '{ __typename }', { 'x-request-id': '13800001111' });
    subscribe('e', '{ __typename }', { 'x-request-id': { a: 1 } });
  });
  socket.once('open', () => socket.send('{"type":"connection_init"}'));
  expect(await shaken).toBe('socket-1');
  await until('all are answered', () => completed.size === 5);
  socket.close();
  const ids = lines.filter(({ transport }) => transport === 'websocket').map(({ requestId }) => requestId);
  expect(ids.filter((id) => id?.match(UUID))).toHaveLength(2);
  expect(ids.filter((id) => !id?.match(UUID)).toSorted()).toEqual(['mine-2', 'socket-1/1', 'socket-1/2']);
});

test('a hundred at once keep theirs apart, in both processes', async () => {
  const from = lines.length;
  const ids = Array.from({ length: 100 }, (_, n) => `apart-${n}`);
  const answers = await Promise.all(
    ids.map(async (id) => {
      const response = await post(
        `query Q${id.slice(6)} { purposes { code } a${id.slice(6)}: entity(uscc: "91110105MA0EEE1197") { name } }`,
        { 'x-request-id': id },
      );
      await response.text();
      return response.headers.get('x-request-id');
    }),
  );
  expect(answers).toEqual(ids);
  const delivered = lines.slice(from).filter(({ msg }) => msg === 'an operation was answered');
  for (const side of [
    delivered.filter(({ transport }) => transport === 'http'),
    delivered.filter(({ transport }) => transport === undefined),
  ])
    expect(side.map(({ requestId }) => requestId).toSorted()).toEqual(ids.toSorted());
});
