import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createExplorer } from '#gateway/http/explorer/explorer.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { openRaw, rawHead } from '#test/support/rawSocket.ts';
import { until } from '#test/support/until.ts';

// Whatever is refused, by whatever part of the gateway, is kept by nobody on the way; and what must not be read is not.

let graph: TestGraph;
beforeAll(async () => {
  const explorer = await createExplorer({
    savedQueries: [],
    tokens: async () => [{ role: 'AUDITOR', token: 'a secret token' }],
  });
  graph = await startGraph({ limits: standardLimits, routes: [async (app) => void (await app.register(explorer))] });
});
afterAll(() => graph[Symbol.asyncDispose]());

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}
const JSON_TYPE = { 'content-type': 'application/json' };
const QUERY = JSON.stringify({ query: '{ __typename }' });
const BY_ID = JSON.stringify({ documentId: 'x' });
/** For methods that Node gives no length to. */
const sized = (body: string): Record<string, string> => ({
  ...JSON_TYPE,
  'content-length': String(Buffer.byteLength(body)),
});
const bad = { authorization: 'Bearer x' };
const bearer = (): Record<string, string> => ({ authorization: `Bearer ${graph.tokenOf('AUDITOR')}` });

/** By Node's own client, which sends any Host, any path and any header as they are given. */
function send({
  method = 'POST',
  path = '/graphql',
  headers = JSON_TYPE,
  body,
}: Ask): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const { hostname, port } = new URL(graph.url);
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      {
        hostname,
        port,
        method,
        path,
        headers: { host: `127.0.0.1:${port}`, ...headers },
        setHost: false,
        agent: false,
      },
      (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (piece) => (text += piece))
          .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
          .on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

const deep = JSON.stringify({ query: `${'{ a '.repeat(20)}${'}'.repeat(20)}` });
const refusals: Record<string, [status: number, ask: () => Ask]> = {
  'a bad token at /graphql': [401, () => ({ headers: { ...JSON_TYPE, ...bad }, body: QUERY })],
  'a bad token at /graphql, negotiated by Apollo': [
    401,
    () => ({ headers: { ...JSON_TYPE, ...bad, accept: 'application/graphql-response+json' }, body: QUERY }),
  ],
  'a bad token at /graphql by GET': [
    401,
    () => ({
      method: 'GET',
      path: '/graphql?query={__typename}',
      headers: { ...bad, 'apollo-require-preflight': '1' },
    }),
  ],
  'a bad token for events': [
    401,
    () => ({ headers: { ...JSON_TYPE, ...bad, accept: 'text/event-stream' }, body: QUERY }),
  ],
  'a bad token at /sdl': [401, () => ({ method: 'GET', path: '/sdl', headers: bad })],
  'a bad token at /metrics': [401, () => ({ method: 'GET', path: '/metrics', headers: bad })],
  'a bad token at /filings': [401, () => ({ method: 'PUT', path: '/filings/x/parts/1', headers: bad, body: 'x' })],
  'a bad token at /exports': [401, () => ({ method: 'GET', path: '/exports/x/parts/1', headers: bad })],
  'metrics for the public': [403, () => ({ method: 'GET', path: '/metrics', headers: {} })],
  'a filing by the public': [403, () => ({ method: 'PUT', path: '/filings/x/parts/1', headers: {}, body: 'x' })],
  'an export that is not there': [404, () => ({ method: 'GET', path: '/exports/x/parts/1', headers: bearer() })],
  'a purpose that the token does not allow': [
    400,
    () => ({ headers: { ...JSON_TYPE, ...bearer(), 'x-purpose': 'MADE_UP' }, body: QUERY }),
  ],
  'an empty purpose': [400, () => ({ headers: { ...JSON_TYPE, ...bearer(), 'x-purpose': '' }, body: QUERY })],
  'an operation that costs too much': [400, () => ({ body: deep })],
  'an operation that costs too much, for events': [
    400,
    () => ({ headers: { ...JSON_TYPE, accept: 'text/event-stream' }, body: deep }),
  ],
  'JSON that is too deep': [400, () => ({ body: '['.repeat(100) })],
  'a text that is no GraphQL': [
    400,
    () => ({
      headers: { ...JSON_TYPE, accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: '{' }),
    }),
  ],
  'a field that is not there': [
    400,
    () => ({
      headers: { ...JSON_TYPE, accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: '{ nothing }' }),
    }),
  ],
  'a body that is no JSON': [400, () => ({ body: '{' })],
  'a body without a query': [400, () => ({ body: '{}' })],
  'a batch': [400, () => ({ body: `[${QUERY}]` })],
  'a GET that another site could have sent': [
    400,
    () => ({ method: 'GET', path: '/graphql?query={__typename}', headers: {} }),
  ],
  'a mutation by GET': [
    405,
    () => ({
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent(`mutation {
        revokeToken(input: { idempotencyKey: "x", tokenId: "x", reason: "x" }) { __typename }
      }`)}`,
      headers: { 'apollo-require-preflight': '1' },
    }),
  ],
  'a form': [415, () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query=x' })],
  'a body that is too large': [413, () => ({ body: JSON.stringify({ query: 'x'.repeat(5_000_000) }) })],
  'an address with nothing at it': [404, () => ({ method: 'GET', path: '/nothing', headers: {} })],
  'an address that is none': [400, () => ({ method: 'GET', path: '/%zz', headers: {} })],
  'a method that is not taken there': [405, () => ({ method: 'DELETE', path: '/graphql', headers: {} })],
  'a method that asks what is offered': [405, () => ({ method: 'OPTIONS', path: '/graphql', headers: {} })],
  'an operation by that method': [405, () => ({ method: 'OPTIONS', headers: sized(QUERY), body: QUERY })],
  'an operation by that method, for events': [
    405,
    () => ({ method: 'OPTIONS', headers: { ...sized(QUERY), accept: 'text/event-stream' }, body: QUERY }),
  ],
  'a published document by that method': [405, () => ({ method: 'OPTIONS', headers: sized(BY_ID), body: BY_ID })],
  'an expectation that nobody knows': [417, () => ({ headers: { ...JSON_TYPE, expect: 'tea' }, body: QUERY })],
  'a file that the explorer has not': [404, () => ({ method: 'GET', path: '/explorer/assets/x', headers: {} })],
  'the explorer’s tokens under another name': [
    403,
    () => ({ method: 'GET', path: '/explorer/tokens.json', headers: { host: 'evil.example' } }),
  ],
  'a header that is too long': [431, () => ({ headers: { ...JSON_TYPE, x: 'x'.repeat(20_000) }, body: QUERY })],
};
test.each(Object.entries(refusals))('%s is refused, and nobody may keep the answer', async (_, [status, ask]) => {
  const answer = await send(ask());
  expect({ status: answer.status, cache: answer.headers['cache-control'] }).toEqual({ status, cache: 'no-store' });
});

test.each<[string, string]>([
  ['no Host', 'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ['an unknown method', 'BREW /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
  ['what is no HTTP', 'tea, please\r\n\r\n'],
  [
    'an upgrade to what is not offered',
    'GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: x\r\n\r\n',
  ],
])('%s, below the framework: refused, and nobody may keep the answer', async (_, text) => {
  const { hostname, port } = new URL(graph.url);
  const answer = await new Promise<string>((resolve, reject) => {
    let all = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket
      .setEncoding('utf8')
      .on('data', (piece) => (all += piece))
      .on('close', () => resolve(all))
      .on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer).toMatch(/\r\ncache-control: no-store\r\n/i);
});

test('answers, too, are kept by nobody; what the explorer is made of is', async () => {
  const cacheOf = async (ask: Ask): Promise<unknown> => (await send(ask)).headers['cache-control'];
  expect(await cacheOf({ body: QUERY })).toBe('no-store');
  expect(await cacheOf({ method: 'GET', path: '/health/live', headers: {} })).toBe('no-store');
  expect(await cacheOf({ method: 'GET', path: '/sdl', headers: {} })).toBe('private, no-store');
  const { text } = await send({ method: 'GET', path: '/explorer', headers: {} });
  expect(
    await cacheOf({ method: 'GET', path: /\.(\/explorer\/assets\/[^"]+)/.exec(text)?.[1] ?? '', headers: {} }),
  ).toBe('public, max-age=31536000, immutable');
});

const MEGABYTE = 1024 * 1024;
describe('nothing of a part of a filing is waited for', () => {
  test.each<[string, () => Record<string, string | number>, [status: number, code: string]]>([
    ['without a token', () => ({ 'content-length': 15 * MEGABYTE }), [413, 'BODY_TOO_LARGE']],
    [
      'without a token, whatever its length',
      () => ({ 'transfer-encoding': 'chunked' }),
      [403, 'UNAUTHORIZED_FIELD_OR_TYPE'],
    ],
    [
      'with a bad token',
      () => ({ 'content-length': 15 * MEGABYTE, authorization: 'Bearer x' }),
      [401, 'UNAUTHENTICATED'],
    ],
    [
      'by a role that files nothing',
      () => ({ 'content-length': 15 * MEGABYTE, ...bearer() }),
      [403, 'UNAUTHORIZED_FIELD_OR_TYPE'],
    ],
    [
      'that is larger than a part may be',
      () => ({ 'content-length': 17 * MEGABYTE, authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}` }),
      [413, 'BODY_TOO_LARGE'],
    ],
  ])('%s', async (_, headers, refusal) => {
    await using client = await openRaw(graph.url);
    client.send(rawHead('PUT', '/filings/x/parts/1', { 'content-type': 'text/csv', ...headers() }));
    await until('the answer', () => client.received().trimEnd().endsWith('}'));
    const [head = '', body = ''] = client.received().split('\r\n\r\n');
    expect([Number(head.split(' ')[1]), JSON.parse(body).errors[0].extensions.code]).toEqual(refusal);
    expect(head).toMatch(/\r\ncache-control: no-store(\r\n|$)/);
  });
});

describe('a body in another encoding than UTF-8', () => {
  test.each(['utf-7', 'ibm500', 'utf-16', 'UTF-16LE', 'iso-8859-1', 'gb18030', '""', '"utf-8', 'utf-8\t,utf-7'])(
    'charset=%s is 415, and says what is read',
    async (charset) => {
      const { status, text } = await send({
        headers: { 'content-type': `application/json; charset=${charset}` },
        body: QUERY,
      });
      expect([status, JSON.parse(text)]).toEqual([
        415,
        {
          errors: [
            {
              message: expect.stringContaining('it is read as UTF-8'),
              extensions: { code: 'BAD_REQUEST', argument: 'content-type', expected: 'UTF-8' },
            },
          ],
        },
      ]);
    },
  );

  test.each(['charset=utf-8; charset=utf-7', 'x=y;charset=utf-7', 'CharSet="utf-7"'])(
    '%s is 415, at every transport',
    async (parameter) => {
      for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream'])
        expect(
          (await send({ headers: { 'content-type': `application/json; ${parameter}`, accept }, body: QUERY })).status,
        ).toBe(415);
      expect(
        (
          await send({
            method: 'PUT',
            path: '/filings/x/parts/1',
            headers: {
              authorization: `Bearer ${graph.tokenOf('PROVINCIAL_PLATFORM')}`,
              'content-type': `text/csv; ${parameter}`,
            },
            body: 'x',
          })
        ).status,
      ).toBe(415);
    },
  );

  test.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('charset=%s is read', async (charset) => {
    expect(
      (await send({ headers: { 'content-type': `application/json;charset=${charset}` }, body: QUERY })).status,
    ).toBe(200);
  });

  test('a filing may be in GB18030 as well', async () => {
    const { status } = await send({
      method: 'PUT',
      path: '/filings/x/parts/1',
      headers: {
        authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`,
        'content-type': 'text/csv; charset=GB18030',
      },
      body: 'x',
    });
    expect(status).toBe(404); // by then it was looked for
  });

  test('bytes that are no UTF-8 are refused and not replaced', async () => {
    const { status, text } = await send({
      body: Buffer.from([
        ...Buffer.from('{"query":"{ __typename }","operationName":"'),
        0xb9,
        0xfa,
        ...Buffer.from('"}'),
      ]),
    });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { errors: [{ message: 'The body is not UTF-8.', extensions: { code: 'BAD_REQUEST' } }] },
    ]);
    expect((await send({ body: Buffer.from(QUERY, 'utf16le') })).status).toBe(400);
  });
});

describe('a body that says that it is compressed', () => {
  const packed = gzipSync(QUERY);
  const bomb = gzipSync(JSON.stringify({ query: `{ __typename } #${'x'.repeat(4_000_000)}` }));
  test.each<[string, string, Buffer | string]>([
    ['is', 'gzip', packed],
    ['and would be large', 'gzip', bomb],
    ['and is not', 'gzip', QUERY],
    ['by two codings', 'identity, br', packed],
    ['by one that nobody knows', 'x', QUERY],
  ])('%s, is 415 at every transport: nothing is unpacked', async (_, coding, body) => {
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const { status, text } = await send({ headers: { ...JSON_TYPE, accept, 'content-encoding': coding }, body });
      expect([status, JSON.parse(text)]).toEqual([
        415,
        {
          errors: [
            {
              message: `The body says that it is packed by ${JSON.stringify(coding)}; it is read as it is.`,
              extensions: { code: 'BAD_REQUEST', argument: 'content-encoding', expected: 'identity' },
            },
          ],
        },
      ]);
    }
    const part = {
      authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`,
      'content-type': 'text/csv',
      'content-encoding': coding,
    };
    expect((await send({ method: 'PUT', path: '/filings/x/parts/1', headers: part, body })).status).toBe(415);
  });
  test('by no coding at all, is read', async () => {
    for (const coding of ['identity', 'Identity', ''])
      expect((await send({ headers: { ...JSON_TYPE, 'content-encoding': coding }, body: QUERY })).status).toBe(200);
  });
});

test.each(['%B9%FA', '%', '%ff', '%e5%9b', '%ED%A0%80'])(
  'parameters of an address that are no UTF-8 (%s) are refused and not taken for other text, by GET and for events',
  async (bytes) => {
    for (const accept of ['application/json', 'text/event-stream'])
      for (const query of [
        `query={__typename}&operationName=${bytes}`,
        `query={__typename}&variables={"a":"${bytes}"}`,
        `query={__typename}%23${bytes}`,
      ]) {
        const headers = { accept, 'apollo-require-preflight': '1' };
        const { status, text } = await send({ method: 'GET', path: `/graphql?${query}`, headers });
        expect([status, JSON.parse(text)]).toEqual([
          400,
          {
            errors: [{ message: 'The parameters of the address are not UTF-8.', extensions: { code: 'BAD_REQUEST' } }],
          },
        ]);
      }
  },
);

describe('the explorer’s tokens', () => {
  test.each([
    'evil.example',
    'evil.example:4000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.7:4000',
    '0.0.0.0',
    '[::]',
    '128.0.0.1',
    '127.0.0.1@evil.example',
    '',
  ])('are not given under the name %p', async (host) => {
    const { status, text } = await send({ method: 'GET', path: '/explorer/tokens.json', headers: { host } });
    expect([status, text.includes('secret')]).toEqual([403, false]);
  });
  test.each(['127.0.0.1', '127.0.0.1:4000', 'localhost', 'LOCALHOST:4000', '[::1]:4000', '127.1.2.3'])(
    'are given under %p',
    async (host) => {
      const { status, text } = await send({ method: 'GET', path: '/explorer/tokens.json', headers: { host } });
      expect([status, JSON.parse(text)]).toEqual([200, [{ role: 'AUDITOR', token: 'a secret token' }]]);
    },
  );
});
