import { createMetrics } from './metrics.ts';
import { safely } from './outcomes.ts';
import { createScrapeCheck, isLoopback } from './scraping.ts';

const linesOf = async (metrics: ReturnType<typeof createMetrics>): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('a label has the words that it was made with; whatever else it is given is `other`', async () => {
  const metrics = createMetrics();
  const counter = metrics.counters('answers_total', 'Answers.', { code: ['A', 'B'], kind: ['query'] });
  counter.add({ code: 'A', kind: 'query' });
  for (let n = 0; n < 1000; n += 1) counter.add({ code: `evil ${n}\n"}`, kind: n % 2 === 0 ? 'query' : '__proto__' });
  counter.add({ code: 'A', kind: 'query' });
  expect(await linesOf(metrics)).toEqual([
    'credit_graph_answers_total{code="A",kind="query"} 2',
    'credit_graph_answers_total{code="other",kind="query"} 500',
    'credit_graph_answers_total{code="other",kind="other"} 500',
  ]);
});

test('a histogram counts in the buckets that it was made with', async () => {
  const metrics = createMetrics();
  const histogram = metrics.histogram('wait_seconds', 'Waiting.', { kind: ['query'] }, [0.1, 1]);
  for (const seconds of [0.05, 0.5, 5]) histogram.observe({ kind: 'query' }, seconds);
  expect(await linesOf(metrics)).toEqual([
    'credit_graph_wait_seconds_bucket{le="0.1",kind="query"} 1',
    'credit_graph_wait_seconds_bucket{le="1",kind="query"} 2',
    'credit_graph_wait_seconds_bucket{le="+Inf",kind="query"} 3',
    'credit_graph_wait_seconds_sum{kind="query"} 5.55',
    'credit_graph_wait_seconds_count{kind="query"} 3',
  ]);
});

test('what is read at each reading has the series of that reading alone', async () => {
  const metrics = createMetrics();
  let pools: readonly (readonly [{ pool: string }, number])[] = [
    [{ pool: 'a' }, 1],
    [{ pool: 'b' }, 2],
  ];
  metrics.gauges('connections', 'Connections.', ['pool'], () => pools);
  expect(await linesOf(metrics)).toEqual([
    'credit_graph_connections{pool="a"} 1',
    'credit_graph_connections{pool="b"} 2',
  ]);
  pools = [[{ pool: 'b' }, 3]];
  expect(await linesOf(metrics)).toEqual(['credit_graph_connections{pool="b"} 3']);
});

test('what fails in measuring fails nothing else', () => {
  expect(() =>
    safely(() => {
      throw new Error('no');
    }),
  ).not.toThrow();
});

test('a scrape token is all of it, once, as a bearer; without one nothing is', () => {
  const check = createScrapeCheck('0123456789abcdef');
  expect(check('Bearer 0123456789abcdef')).toBe(true);
  expect(check('bearer 0123456789abcdef')).toBe(true);
  for (const wrong of [
    undefined,
    '',
    '0123456789abcdef',
    'Bearer 0123456789abcde',
    'Bearer 0123456789abcdef ',
    'Bearer  0123456789abcdef',
    'Basic 0123456789abcdef',
    'Bearer null',
  ])
    expect([wrong, check(wrong)]).toEqual([wrong, false]);
  for (const given of [undefined, 'Bearer ', 'Bearer null', 'Bearer undefined'])
    expect([given, createScrapeCheck(null)(given)]).toEqual([given, false]);
});

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['1127.0.0.1', false],
  [undefined, false],
])('%s is this machine: %s', (address, is) => {
  expect(isLoopback(address)).toBe(is);
});
