import { parseList } from 'structured-headers';
import { standardBudgets } from '#policy/budgets.ts';
import { openAcknowledged, subscribe } from '#test/support/transports.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { needs } from '#test/support/needs.ts';
import { startRedis } from '#test/support/redis.ts';

// What one caller may ask for, at every transport: the refusal says when to ask again, and nobody else pays for it.

const ROLE = '{ viewer { role } }'; // 13 points, see docs/COST.md
const LISTS = '{ nameListEntries(filter: { categories: [SERIOUS] }, first: 50) { nodes { id } } }'; // 164 points
const CHANGES = 'subscription { nameListChanges(filter: {}) { __typename } }';
const budgets = {
  ...standardBudgets,
  PUBLIC: { ...standardBudgets.PUBLIC, points: 70 },
  NATIONAL_CENTRE: { ...standardBudgets.NATIONAL_CENTRE, points: 300 },
};

// Each test asks from addresses of its own, so that each begins with a whole budget.
let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ budgets, trustedProxies: ['127.0.0.1'] });
});
afterAll(() => graph[Symbol.asyncDispose]());

const ask = async (
  query: string,
  address: string,
  headers: Record<string, string> = {},
): Promise<{ response: Response; text: string }> => {
  const response = await fetch(`${graph.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address, ...headers },
    body: JSON.stringify({ query }),
  });
  return { response, text: await response.text() };
};
const spendAll = async (address: string): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) expect((await ask(ROLE, address)).response.status).toBe(200);
};

/** The one policy of both fields, read by a parser of RFC 9651 that is not ours. */
const limitsIn = (headers: Headers): unknown => {
  const item = (name: string): unknown => {
    const [member, ...more] = parseList(headers.get(name) ?? '') as [string, Map<string, unknown>][];
    expect(more).toEqual([]);
    return member && { policy: member[0], ...Object.fromEntries(member[1]) };
  };
  return { policy: item('ratelimit-policy'), now: item('ratelimit') };
};

test('every answer says what is left, and so does viewer.budget', async () => {
  const { response, text } = await ask('{ viewer { budget { limit remaining resetsAt } } }', '192.0.3.1'); // 15 points
  expect(limitsIn(response.headers)).toEqual({
    policy: { policy: 'points', q: 70, w: 60 },
    now: { policy: 'points', r: 55, t: expect.any(Number) },
  });
  const { budget } = JSON.parse(text).data.viewer;
  expect(budget).toEqual({ limit: 70, remaining: 55, resetsAt: expect.any(String) });
  const seconds = (Date.parse(budget.resetsAt) - Date.now()) / 1000;
  expect(seconds).toBeGreaterThan(40);
  expect(seconds).toBeLessThanOrEqual(60);
});

test.each([
  ['application/json', '198.51.100.1'],
  ['application/graphql-response+json', '198.51.100.2'],
  ['text/event-stream', '198.51.100.3'],
])('by POST that accepts %s: 429, when to ask again, what is left', async (accept, address) => {
  await spendAll(address);
  const { response, text } = await ask(ROLE, address, { accept });
  const [error] = JSON.parse(text).errors;
  expect([response.status, response.headers.get('cache-control')]).toEqual([429, 'no-store']);
  expect(error).toEqual({
    message: expect.stringMatching(
      /^The operation costs 13 points, and 5 of 70 are left: ask again in \d+ seconds, or for less\.$/,
    ),
    extensions: {
      code: 'RATE_LIMITED',
      reason: 'BUDGET',
      expected: 'at most 5 points',
      retryable: true,
      retryAfter: expect.any(Number),
      rateLimit: { limit: 70, remaining: 5, resetsAt: expect.any(String) },
    },
  });
  expect(response.headers.get('retry-after')).toBe(String(error.extensions.retryAfter));
  expect(limitsIn(response.headers)).toEqual({
    policy: { policy: 'points', q: 70, w: 60 },
    now: { policy: 'points', r: 5, t: error.extensions.retryAfter },
  });
});

test('by GET the same, and by GET for events a stream that comes back when the window has ended', async () => {
  await spendAll('192.0.5.1');
  const url = `${graph.url}/graphql?${new URLSearchParams({ query: ROLE })}`;
  const got = await fetch(url, { headers: { 'apollo-require-preflight': '1', 'x-forwarded-for': '192.0.5.1' } });
  expect([
    got.status,
    JSON.parse(await got.text()).errors[0].extensions.code,
    Number(got.headers.get('retry-after')) > 1,
  ]).toEqual([429, 'RATE_LIMITED', true]);
  const events = await fetch(url, { headers: { accept: 'text/event-stream', 'x-forwarded-for': '192.0.5.1' } });
  const text = await events.text();
  expect([events.status, Number(/^retry: (\d+)$/m.exec(text)?.[1]) > 5000, text.includes(': RATE_LIMITED')]).toEqual([
    200,
    true,
    true,
  ]);
});

test('by WebSocket a query has the same extensions, and a subscription ends with 1013', async () => {
  await using frames = await openAcknowledged(graph.url); // its address is the proxy's own: it says no other
  for (let turn = 0; turn < 5; turn += 1) {
    frames.send(subscribe(`q${turn}`, ROLE));
    expect((await frames.next())['type']).toBe('next');
    expect((await frames.next())['type']).toBe('complete');
  }
  frames.send(subscribe('late', ROLE));
  expect(await frames.next()).toMatchObject({
    type: 'error',
    id: 'late',
    payload: [
      { extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number), rateLimit: { limit: 70, remaining: 5 } } },
    ],
  });
  frames.send(subscribe('stream', CHANGES));
  expect(await frames.closed).toMatchObject({
    code: 1013,
    reason: expect.stringMatching(/^RATE_LIMITED: come back in \d+ s\.$/),
  });
});

test('an address that has spent all stops no other address, and no other role of its own', async () => {
  await spendAll('192.0.6.1');
  expect((await ask(ROLE, '192.0.6.1')).response.status).toBe(429);
  expect((await ask(ROLE, '192.0.6.2')).response.status).toBe(200);
  expect((await ask(ROLE, '192.0.6.1', { authorization: `Bearer ${graph.tokenOf('ASSESSOR')}` })).response.status).toBe(
    200,
  );
});

test('a client that forges another address, or uses one of its own /64, spends the same budget', async () => {
  await spendAll('2001:db8::1');
  expect((await ask(ROLE, '192.0.7.77, 2001:db8::ffff:1')).response.status).toBe(429);
});

test('what costs more than is left is refused and takes nothing; beyond every window: COST_LIMIT', async () => {
  const headers = { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' };
  expect((await ask(LISTS, '192.0.8.1', headers)).response.status).toBe(200);
  const { text } = await ask(LISTS, '192.0.8.2', headers);
  expect(JSON.parse(text).errors[0].extensions).toMatchObject({
    code: 'RATE_LIMITED',
    expected: 'at most 136 points',
    rateLimit: { remaining: 136 },
  });
  expect((await ask(ROLE, '192.0.8.2', headers)).response.status).toBe(200);
  const { response, text: dear } = await ask(LISTS, '192.0.8.3');
  expect([response.status, JSON.parse(dear).errors[0].extensions]).toEqual([
    400,
    { code: 'COST_LIMIT', expected: 'at most 70 points' },
  ]);
});

test('the SDL is taken from the same budget as an introspection, which ends', async () => {
  const points = Object.keys(graph.gateway.graph.schema.getTypeMap()).length;
  await using other = await startGraph({
    budgets: { ...standardBudgets, PUBLIC: { ...standardBudgets.PUBLIC, points: 2 * points + 5 } },
    database: graph.database,
  });
  const taken: [number, unknown, string][] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await fetch(`${other.url}/sdl`);
    taken.push([response.status, limitsIn(response.headers), await response.text()]);
  }
  const [[, , sdl], , [, , refused]] = taken as [(typeof taken)[0], (typeof taken)[0], (typeof taken)[0]];
  const left = (remaining: number) => ({
    policy: { policy: 'points', q: 2 * points + 5, w: 60 },
    now: { policy: 'points', r: remaining, t: expect.any(Number) as unknown },
  });
  expect(taken).toEqual([
    [200, left(points + 5), sdl],
    [200, left(5), sdl],
    [429, left(5), refused],
  ]);
  expect(sdl).toMatch(/^type Query/m);
  expect(JSON.parse(refused).errors[0].extensions).toMatchObject({
    code: 'RATE_LIMITED',
    reason: 'BUDGET',
    expected: 'at most 5 points',
  });
});

const program = needs('redis-server');
(program ? test : test.skip)('with Redis, gateways give one budget together', async () => {
  await using redis = await startRedis(program as string);
  await using one = await startGraph({ budgets, redisUrl: redis.url, database: graph.database });
  await using other = await startGraph({ budgets, redisUrl: redis.url, database: graph.database });
  const statuses: number[] = [];
  for (let turn = 0; turn < 3; turn += 1)
    for (const each of [one, other]) statuses.push((await each.query('PUBLIC', ROLE)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
});
