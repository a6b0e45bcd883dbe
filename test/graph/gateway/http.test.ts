import { serverAudits } from 'graphql-http';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${graph.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

test.each(['without a token', 'with a token'])(
  'all 61 audits of GraphQL over HTTP are passed %s, with the preflight header on a GET',
  async (how) => {
    const own = {
      'apollo-require-preflight': '1',
      ...(how === 'with a token'
        ? { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' }
        : null),
    };
    const fetchFn: typeof fetch = (input, init) =>
      fetch(input, { ...init, headers: { ...own, ...(init?.headers as Record<string, string>) } });
    const results = await Promise.all(
      serverAudits({ url: `${graph.url}/graphql`, fetchFn }).map((audit) => audit.fn()),
    );
    expect(
      results
        .filter(({ status }) => status !== 'ok')
        .map((result) => [result.id, result.name, result.status, 'reason' in result ? result.reason : '']),
    ).toEqual([]);
    expect(results).toHaveLength(61);
  },
);

test('a GET without the preflight header and a form post are refused, as CSRF could send them', async () => {
  expect((await fetch(`${graph.url}/graphql?query={__typename}`)).status).toBe(400);
  const form = await post('query=%7B__typename%7D', { 'content-type': 'application/x-www-form-urlencoded' });
  expect([form.status, await form.json()]).toMatchObject([415, { errors: [{ extensions: { code: 'BAD_REQUEST' } }] }]);
});

test('a mutation by GET is refused', async () => {
  const query = encodeURIComponent(
    'mutation { revokeToken(input: { idempotencyKey: "x", tokenId: "x", reason: "x" }) { __typename } }',
  );
  expect(
    (await fetch(`${graph.url}/graphql?query=${query}`, { headers: { 'apollo-require-preflight': '1' } })).status,
  ).toBe(405);
});

test('a batch of operations is refused, since limits count operations', async () => {
  expect((await post('[{"query":"{ __typename }"},{"query":"{ __typename }"}]')).status).toBe(400);
});

test('errors suggest no names, show no stack and no more than five', async () => {
  const response = await post(
    JSON.stringify({ query: `{ entiti { x } ${Array.from({ length: 8 }, (_, index) => `nope${index}`).join(' ')} }` }),
  );
  const text = await response.text();
  expect(text).not.toMatch(/Did you mean|stacktrace|node_modules|\.ts:/);
  expect((JSON.parse(text) as { errors: unknown[] }).errors.length).toBeLessThanOrEqual(6);
});

test('what costs too much is refused before planning, and too large a body before it is read', async () => {
  const deep = await post(JSON.stringify({ query: `${'{ a '.repeat(20)}${'}'.repeat(20)}` }));
  expect([
    deep.status,
    ((await deep.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code,
  ]).toEqual([400, 'COST_LIMIT']);
  const large = await post(JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(5_000_000) } }));
  expect([large.status, await large.json()]).toEqual([
    413,
    {
      errors: [
        {
          message: 'The body of this request has at most 256 KB without a token; larger files are filed in parts.',
          extensions: { code: 'BODY_TOO_LARGE', expected: 'at most 262144 bytes' },
        },
      ],
    },
  ]);
});

test('a subscription by POST is refused, not half run', async () => {
  const { status } = await post(JSON.stringify({ query: 'subscription { anything }' }));
  expect(status).toBe(400);
});

test('the health paths say whether it lives, and part by part whether it can answer', async () => {
  expect(await (await fetch(`${graph.url}/health/live`)).json()).toEqual({ status: 'ok' });
  const readiness = await until('all is well', async () => {
    const response = await fetch(`${graph.url}/health/ready`);
    const body = (await response.json()) as { status: string };
    return body.status === 'ok' && { status: response.status, body };
  });
  const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(readiness).toEqual({
    status: 200,
    body: {
      status: 'ok',
      unavailable: [],
      knownThrough: { entity: instant, disclosure: instant, namelist: instant, evaluation: instant },
      database: { state: 'ok' },
      changes: { state: 'ok', numberedHere: expect.any(Boolean), wokenBy: 'database' },
      documents: { state: 'ok', published: expect.any(Number), outdated: 0 },
      grants: { state: 'ok' },
      issuer: { state: 'ok' },
      planners: { state: 'ok' },
      log: { state: 'ok' },
    },
  });
});

test('aliases named after what objects inherit are plain aliases', async () => {
  const { body } = await graph.query('PUBLIC', '{ constructor: __typename toString: viewer { hasOwnProperty: role } }');
  expect(body.data).toEqual({ constructor: 'Query', toString: { hasOwnProperty: 'PUBLIC' } });
});
