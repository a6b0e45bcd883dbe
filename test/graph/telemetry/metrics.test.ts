import { createMetrics } from '#kit/telemetry/metrics.ts';
import { gatewayWorks } from '#kit/telemetry/runs.ts';
import { askGateway, startGraph, type TestGraph } from '#test/support/graph.ts';
import { familiesOf, namingProblems, seriesOf, valueOf } from '#test/support/metrics.ts';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';
import { byDigest, operatorsOf } from '#test/support/trusted.ts';
import { until } from '#test/support/until.ts';

// What is counted, who may read it, and that nobody outside can add a series to it.

const TOKEN = 'a-scrape-token-of-the-tests';
let graph: TestGraph;
beforeAll(async () => {
  const metrics = createMetrics();
  metrics.process();
  graph = await startGraph({ config: { metricsToken: TOKEN }, metrics, absent: ['evaluation'] });
});
afterAll(() => graph[Symbol.asyncDispose]());

const scrape = async (): Promise<string> =>
  (await fetch(`${graph.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
const CODE = '91110105MA0EEE1197';
const STREAM = 'subscription { nameListChanges(filter: {}) { __typename } }';

test('every metric is one that an independent parser reads, named by the rules of Prometheus', async () => {
  const families = familiesOf(await scrape());
  expect(families.length).toBeGreaterThan(60);
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
  expect(namingProblems(families)).toEqual([]);
  expect(families.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'nodejs_eventloop_lag_p99_seconds',
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
    ]),
  );
});

test.each([
  ['credit_graph_answers_counter', 'COUNTER', ['is a counter without _total', 'names its type']],
  ['credit_graph_wait_ms', 'GAUGE', ['is not in a base unit']],
  ['credit_graph_wait', 'HISTOGRAM', ['is a histogram without a unit']],
] as const)('the rules find what is wrong with %s', (name, type, problems) => {
  expect(namingProblems([{ name, help: 'x', type, metrics: [] }])).toEqual(
    problems.map((problem) => `${name} ${problem}`),
  );
});

test('an operation that two operators published is counted by its name, and nobody else by that name', async () => {
  const text = 'query Purposes { purposes { code } }';
  const counted = async (operation: string): Promise<number> =>
    valueOf(await scrape(), 'operations_total', { operation, kind: 'query', transport: 'http', outcome: 'ok' });
  await operatorsOf(graph).publish('PUBLIC', byDigest(text));
  const others = await counted('other');
  await graph.query('PUBLIC', text);
  await graph.query('PUBLIC', 'query Purposes { purposes { name } }');
  expect([await counted('Purposes'), (await counted('other')) - others]).toEqual([1, 1]);
});

test('an operation is counted by kind, transport and how it ended, with its time; a refusal by its code', async () => {
  const before = await scrape();
  const counted = async (labels: Record<string, string>): Promise<number> =>
    valueOf(await scrape(), 'operations_total', labels) - valueOf(before, 'operations_total', labels);
  const refused = async (labels: Record<string, string>): Promise<number> =>
    valueOf(await scrape(), 'refusals_total', labels) - valueOf(before, 'refusals_total', labels);

  await graph.query('PUBLIC', 'query Mine { sourceStatus { source } }');
  expect(await counted({ operation: 'other', kind: 'query', transport: 'http', outcome: 'ok' })).toBe(1);
  const partial = await graph.query('PUBLIC', `{ evaluations(codes: ["${CODE}"]) { evaluations { grade } } }`);
  expect(partial.body.extensions).toMatchObject({ completeness: { status: 'PARTIAL' } });
  expect(await counted({ transport: 'http', outcome: 'partial' })).toBe(1);
  await graph.query('PUBLIC', '{ entity(uscc: "1") { name } }');
  await graph.query('PUBLIC', '{ no }');
  await graph.query('PUBLIC', '{');
  await askGateway(graph.url, 'none of ours', '{ __typename }');
  await fetch(`${graph.url}/nowhere`);
  expect([
    await refused({ code: 'GRAPHQL_PARSE_FAILED' }),
    await refused({ code: 'GRAPHQL_VALIDATION_FAILED' }),
    await refused({ code: 'UNAUTHENTICATED' }),
    await refused({ code: 'NOT_FOUND' }),
  ]).toEqual([1, 1, 1, 1]);

  const after = await scrape();
  const all = (text: string): number => valueOf(text, 'operations_total');
  expect(valueOf(after, 'operation_duration_seconds_count')).toBe(all(after));
  expect(all(after)).toBeGreaterThan(all(before));
  expect(valueOf(after, 'source_calls_total', { source: 'evaluation', outcome: 'unavailable' })).toBeGreaterThan(0);
});

test('streams are counted by transport while they are open, and what the gateway holds is shown', async () => {
  {
    await using socket = await followByWebSocket(graph.url, null, STREAM);
    await using events = await followBySse(graph.url, null, STREAM);
    await Promise.all([socket.next(), events.next()]);
    const text = await scrape();
    expect([
      valueOf(text, 'streams_open', { transport: 'websocket' }),
      valueOf(text, 'streams_open', { transport: 'sse' }),
    ]).toEqual([1, 1]);
    expect(valueOf(text, 'operations_total', { kind: 'subscription', outcome: 'ok' })).toBe(2);
  }
  const text = await scrape();
  for (const pool of ['gateway', 'entity', 'disclosure', 'namelist'])
    expect([pool, valueOf(text, 'database_connections_max', { pool })]).toEqual([pool, 10]);
  expect(seriesOf(text)).toEqual(
    expect.arrayContaining([
      'credit_graph_bulkhead_waiting{bulkhead="name_search"}',
      'credit_graph_source_breaker_open{source="evaluation"}',
      'credit_graph_plans_waiting',
    ]),
  );
});

test('a source that fails again and again is seen to be left alone', async () => {
  for (let times = 0; times < 6; times += 1)
    await graph.query('PUBLIC', `{ creditFile(uscc: "${CODE}") { evaluations { grade } } }`);
  const text = await scrape();
  expect([
    valueOf(text, 'source_breaker_open', { source: 'evaluation' }),
    valueOf(text, 'source_breaker_open', { source: 'entity' }),
  ]).toEqual([1, 0]);
});

test('a thousand hostile requests add no series', async () => {
  const hostile = (n: number): Promise<unknown> => {
    const name = `Evil${n}_\\u202e`.replaceAll(/\W/g, '');
    switch (n % 8) {
      case 0:
        return askGateway(graph.url, null, `query ${name} { alias${n}: __typename }`);
      case 1:
        return askGateway(graph.url, null, `mutation ${name} { nothing${n} }`);
      case 2:
        return askGateway(graph.url, `token-${n}`, '{ __typename }');
      case 3:
        return fetch(`${graph.url}/${name}/${n}`, { method: ['GET', 'POST', 'PUT', 'DELETE'][n % 4] as string });
      case 4:
        return askGateway(graph.url, null, `{ ${name}`);
      case 5:
        return askGateway(graph.url, null, `query ${name} { __typename }`, {}, null, {
          'x-request-id': `id-${n}`,
          'x-purpose': `P${n}`,
          'user-agent': `agent ${n}`,
        });
      case 6:
        return fetch(`${graph.url}/graphql?query=${encodeURIComponent(`query ${name} { __typename }`)}`, {
          headers: { accept: 'text/event-stream' },
        }).then((response) => response.text());
      default:
        return fetch(`${graph.url}/graphql`, {
          method: 'POST',
          body: `{"query":"${n}`,
          headers: { 'content-type': `application/x-${n}` },
        });
    }
  };
  const round = async (from: number, count: number): Promise<void> => {
    for (let at = from; at < from + count; at += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => hostile(at + index)));
  };
  await round(0, 80); // each kind of them once, and more
  // What Node's own metrics say of kinds of handles is the process's, not a caller's.
  const ours = async (): Promise<string[]> =>
    seriesOf(await scrape()).filter((name) => name.startsWith('credit_graph_'));
  // Each background work has its series from its first run on, which no caller brings about.
  await until('a first run of each background work', async () => {
    const text = await scrape();
    return gatewayWorks.every((work) => text.includes(`background_runs_total{work="${work}"`));
  });
  const before = await ours();
  await round(1000, 1000);
  expect(await ours()).toEqual(before);
}, 120_000);

test('the token’s holder and operators read them; others learn nothing, not even of a near token', async () => {
  const statusOf = async (authorization: string | null): Promise<number> => {
    const response = await fetch(`${graph.url}/metrics`, { headers: authorization === null ? {} : { authorization } });
    const text = await response.text();
    if (response.status !== 200) expect(text).not.toContain('credit_graph_');
    return response.status;
  };
  expect([
    await statusOf(`Bearer ${TOKEN}`),
    await statusOf(`bearer ${TOKEN}`),
    await statusOf(`Bearer ${graph.tokenOf('OPERATOR')}`),
  ]).toEqual([200, 200, 200]);
  expect([
    await statusOf(null),
    await statusOf(`Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`),
    await statusOf(`Bearer ${graph.tokenOf('AUDITOR')}`),
  ]).toEqual([403, 403, 403]);
  for (const wrong of [
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    TOKEN,
    `Basic ${TOKEN}`,
    'Bearer ',
    'Bearer null',
  ])
    expect([wrong, await statusOf(wrong)]).toEqual([wrong, 401]);
  expect(
    (await graph.query('PUBLIC', '{ __typename }', {}, { headers: { authorization: `Bearer ${TOKEN}` } })).status,
  ).toBe(401);
});

test('in production /metrics is nowhere until a token is set, also for an operator', async () => {
  await using quiet = await startGraph({ config: { production: true } });
  for (const authorization of [undefined, 'Bearer null', 'Bearer ', `Bearer ${quiet.tokenOf('OPERATOR')}`]) {
    const response = await fetch(`${quiet.url}/metrics`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect([authorization, response.status, (await response.text()).includes('credit_graph_')]).toEqual([
      authorization,
      404,
      false,
    ]);
  }
});
