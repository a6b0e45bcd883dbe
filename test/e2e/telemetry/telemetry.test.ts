import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { type Collector, startCollector, treeOf } from '#test/support/collector.ts';
import { codesByActs, type DemoGraph, startDemoGraph } from '#test/support/demo.ts';
import { askGateway } from '#test/support/graph.ts';
import { valueOf } from '#test/support/metrics.ts';
import { freePort, startProcess, type TestProcess } from '#test/support/processes.ts';
import { followBySse } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// Two processes as they run, a collector that decodes what they send, and a scraper of each.

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const TOKEN = 'a-scrape-token-of-the-tests';

let demo: DemoGraph;
let collector: Collector;
let gateway: TestProcess;
let entity: TestProcess;
let entityUrl: string;
let code: string;
const environment = (): Record<string, string> => ({
  DATABASE_URL: demo.database.url,
  DATA_DIR: demo.issuer.dataDir,
  PASSPORT_KEYS: KEYS,
  CURSOR_KEYS: KEYS,
  DIGEST_KEYS: KEYS,
  LOG_LEVEL: 'debug',
  PLANNERS: '1',
});
const startGateway = (variables: Record<string, string>): Promise<TestProcess> =>
  startProcess('gateway/main.ts', [], {
    ...environment(),
    PORT: '0',
    SUBGRAPHS: `entity=${entityUrl}/graphql`,
    ...variables,
  });

beforeAll(async () => {
  collector = await startCollector();
  demo = await startDemoGraph({ entities: 20 });
  [code = ''] = await codesByActs(demo);
  const port = await freePort();
  entityUrl = `http://127.0.0.1:${port}`;
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, METRICS_TOKEN: TOKEN };
  entity = await startProcess('subgraphs/main.ts', ['entity'], { ...environment(), ...traced, PORT: String(port) });
  gateway = await startGateway(traced);
}, 120_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await entity?.[Symbol.asyncDispose]();
  await demo[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

const QUERY = 'query Of($uscc: USCC!) { entity(uscc: $uscc) { name } }';
const linesOf = (process: TestProcess, requestId: string): Record<string, unknown>[] =>
  process
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['requestId'] === requestId);

test('an operation is one tree of spans over both processes, and its lines have its id and trace', async () => {
  const { body } = await askGateway(gateway.url, null, QUERY, { uscc: code }, null, { 'x-request-id': 'traced-1' });
  expect(body.errors).toBeUndefined();
  const [here] = await until('the gateway’s line', () => {
    const found = linesOf(gateway, 'traced-1');
    return found.length > 0 ? found : null;
  });
  const [there] = await until('the subgraph’s line', () => {
    const found = linesOf(entity, 'traced-1');
    return found.length > 0 ? found : null;
  });
  const traceId = String(here?.['traceId']);
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect([here?.['name'], there?.['name'], there?.['traceId']]).toEqual(['gateway', 'entity', traceId]);

  const ofTrace = () => collector.spans.filter((span) => span.traceId === traceId);
  await until(
    'spans of both',
    () =>
      new Set(ofTrace().map(({ service }) => service)).size === 2 &&
      ofTrace().some(({ parentSpanId }) => parentSpanId === null),
  );
  const tree = treeOf(collector.spans, traceId);
  expect(tree).toEqual([
    'credit-graph gateway: SERVER POST /graphql',
    '  credit-graph gateway: INTERNAL query',
    '    credit-graph gateway: INTERNAL graphql.plan',
    '    credit-graph gateway: INTERNAL subgraph entity',
    '      credit-graph gateway: CLIENT POST /graphql',
    '        credit-graph entity: SERVER POST /graphql',
    '          credit-graph entity: CLIENT entity.standings',
  ]);
  for (const span of ofTrace()) {
    const parent = ofTrace().find(({ spanId }) => spanId === span.parentSpanId);
    expect(span.endedAt >= span.startedAt).toBe(true);
    if (parent) expect(span.startedAt >= parent.startedAt).toBe(true);
  }
  const attributes = (kind: string, name: string) =>
    ofTrace().find((span) => span.kind === kind && span.name === name)?.attributes;
  expect(attributes('SERVER', 'POST /graphql')).toEqual({
    'http.request.method': 'POST',
    'http.route': '/graphql',
    'http.response.status_code': 200,
  });
  expect(attributes('INTERNAL', 'query')).toEqual({ 'graphql.operation.type': 'query', 'credit_graph.outcome': 'ok' });
  expect(attributes('CLIENT', 'POST /graphql')).toEqual({
    'http.request.method': 'POST',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(entityUrl).port),
  });
  expect(
    ofTrace().find(
      ({ attributes: of }) =>
        of['db.system.name'] === 'postgresql' && of['db.client.connection.pool.name'] === 'entity',
    )?.attributes['db.query.summary'],
  ).toMatch(/^entity/);
});

test('a client’s trace is pointed at and not gone on with, whatever it says of being kept', async () => {
  const theirs = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  await askGateway(gateway.url, null, QUERY, { uscc: code }, null, {
    traceparent: `00-${theirs.traceId}-${theirs.spanId}-00`,
  });
  const span = await until(
    'the span that points at it',
    () => collector.spans.find(({ links }) => links.length > 0) ?? null,
  );
  expect([span.links, span.parentSpanId, span.name]).toEqual([[theirs], null, 'POST /graphql']);
  expect(collector.spans.filter(({ traceId }) => traceId === theirs.traceId)).toEqual([]);
});

test('a subgraph continues the trace of a passport’s holder, and of nobody else', async () => {
  const traceId = 'c'.repeat(32);
  const response = await fetch(`${entityUrl}/graphql`, {
    method: 'POST',
    headers: { traceparent: `00-${traceId}-${'d'.repeat(16)}-01`, 'x-request-id': 'stranger-1' },
    body: '{}',
  });
  expect([response.status, response.headers.get('x-request-id')]).toEqual([401, 'stranger-1']);
  // What comes after it is sent after it.
  await askGateway(gateway.url, null, QUERY, { uscc: code }, null, {
    traceparent: `00-${'e'.repeat(32)}-${'f'.repeat(16)}-01`,
  });
  const { traceId: later } = await until(
    'a later span',
    () => collector.spans.find(({ links: [link] }) => link?.traceId === 'e'.repeat(32)) ?? null,
  );
  await until('it in the subgraph', () =>
    collector.spans.some((span) => span.traceId === later && span.service === 'credit-graph entity'),
  );
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

test('the span of a stream ends when the stream has begun', async () => {
  await using stream = await followBySse(
    gateway.url,
    null,
    'subscription { nameListChanges(filter: {}) { __typename } }',
  );
  await stream.next();
  const begun = await until('its span', () => collector.spans.find(({ name }) => name === 'subscription') ?? null);
  expect(treeOf(collector.spans, begun.traceId).slice(0, 2)).toEqual([
    'credit-graph gateway: SERVER POST /graphql',
    '  credit-graph gateway: INTERNAL subscription',
  ]);
});

test('a scraper with the token reads each process, and nobody without', async () => {
  const scrape = async (url: string, token: string | null): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${url}/metrics`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, text: await response.text() };
  };
  const [here, there] = [await scrape(gateway.url, TOKEN), await scrape(entityUrl, TOKEN)];
  expect([here.status, there.status]).toEqual([200, 200]);
  expect(valueOf(here.text, 'source_calls_total', { source: 'entity', outcome: 'ok' })).toBeGreaterThan(0);
  expect(valueOf(there.text, 'subgraph_operations_total', { kind: 'query', outcome: 'ok' })).toBe(
    valueOf(here.text, 'source_calls_total', { source: 'entity' }),
  );
  expect(there.text).toContain('credit_graph_bulkhead_waiting{bulkhead="name_search"} 0\n');
  for (const { text } of [here, there]) expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m);
  for (const token of [null, `${TOKEN}x`, 'null'])
    for (const url of [gateway.url, entityUrl]) {
      const { status, text } = await scrape(url, token);
      expect([url, token, status, text.includes('credit_graph_')]).toEqual([
        url,
        token,
        token === null && url === gateway.url ? 403 : 401,
        false,
      ]);
    }
});

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Record<string, string>;
      readonly annotations: Record<string, string>;
    }[];
  }[];
}

test('the processes have every metric and label of the alerts and the board; each alert has advice', async () => {
  const texts = await Promise.all(
    [gateway.url, entityUrl].map(async (url) =>
      (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text(),
    ),
  );
  /**
   * By series name, as a query names it: the labels that its series have. Of what has counted nothing yet there is only
   * the type.
   */
  const given = new Map<string, Set<string>>([['up', new Set()]]);
  for (const line of texts.join('\n').split('\n')) {
    const [, name = '', labels = ''] = /^(?:# TYPE )?(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const known = given.get(name) ?? given.set(name, new Set()).get(name);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known?.add(label);
  }
  const read = (file: string): string =>
    readFileSync(join(import.meta.dirname, '../../../docker/monitoring', file), 'utf8');
  const alerts = (parseYaml(read('alerts.yml')) as Alerts).groups.flatMap(({ rules }) => rules);
  const panels = (
    JSON.parse(read('board.json')) as { panels: { targets: { expr: string; legendFormat: string }[] }[] }
  ).panels.flatMap(({ targets }) => targets);
  const OF_PROMETHEUS = ['job', 'instance'];
  const problems = [
    ...alerts.map(({ expr, annotations }) => ({
      expr,
      words: Object.values(annotations).join(' ').replaceAll('$labels.', ''),
    })),
    ...panels.map(({ expr, legendFormat }) => ({ expr, words: legendFormat })),
  ].flatMap(({ expr, words }) => {
    const selectors = [...expr.matchAll(/\b(up|(?:credit_graph|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)];
    const labelsOf = (text: string, pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
    const known = new Set([...OF_PROMETHEUS, ...selectors.flatMap(([, name = '']) => [...(given.get(name) ?? [])])]);
    return [
      ...(selectors.length === 0 ? [`${expr}: names no metric`] : []),
      ...selectors.filter(([, name = '']) => !given.has(name)).map(([, name]) => `${name}: no such metric`),
      ...selectors.flatMap(([, name = '', labels = '']) =>
        labelsOf(labels, /(\w+)[=!]/g)
          .filter((label) => !given.get(name)?.has(label) && !OF_PROMETHEUS.includes(label))
          .map((label) => `${name}: no label ${label}`),
      ),
      ...[...labelsOf(expr, /\bby \(([^)]*)\)/g), ...labelsOf(words, /\{\{ ?(\w+) ?\}\}/g)]
        .filter((label) => !known.has(label))
        .map((label) => `${expr}: no label ${label}`),
    ];
  });
  expect(problems).toEqual([]);
  expect([alerts.length, panels.length].every((count) => count > 15)).toBe(true);
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  for (const { alert, labels, annotations } of alerts) {
    expect([
      alert,
      ['page', 'ticket'].includes(labels['severity'] ?? ''),
      annotations['summary']?.endsWith('.'),
      /^[A-Z].{30,}\.$/.test(annotations['action'] ?? ''),
    ]).toEqual([alert, true, true, true]);
  }
  // The messages that the alerts say to search for are those that the code logs.
  const sources = globSync('{kit,records,gateway,subgraphs}/**/*.ts', { cwd: join(import.meta.dirname, '../../..') })
    .map((file) => readFileSync(join(import.meta.dirname, '../../..', file), 'utf8'))
    .join('');
  const searched = alerts.flatMap(({ annotations }) =>
    [...(annotations['action'] ?? '').matchAll(/"([^"]+)"/g)].map(([, words = '']) => words),
  );
  expect(searched.length).toBeGreaterThan(4);
  expect(searched.filter((words) => !sources.includes(`'${words}'`))).toEqual([]);
});

test('a collector that hangs or is not there changes no answer, and keeps no process from ending', async () => {
  await using away = await startCollector();
  away.answers('hang');
  for (const endpoint of [away.endpoint, 'http://127.0.0.1:1']) {
    const process = await startGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => askGateway(process.url, null, QUERY, { uscc: code })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.body.errors).toBeUndefined();
    await process[Symbol.asyncDispose]();
    expect([endpoint, process.child.exitCode]).toEqual([endpoint, 0]);
  }
}, 90_000);

test('without a collector nothing of OpenTelemetry is loaded', async () => {
  await using process = await startProcess(
    'gateway/main.ts',
    [],
    { ...environment(), PORT: '0' },
    {
      execArgv: [
        '--import',
        `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        if (url.includes('@opentelemetry/')) process.stderr.write('loaded ' + url + '\\n');
        return next(url, context);
      },
    });
  `)}`,
      ],
    },
  );
  await askGateway(process.url, null, QUERY, { uscc: code });
  const loaded = [...process.output().matchAll(/^loaded .*@opentelemetry\/([^/]+)/gm)].map(([, name]) => name);
  expect(new Set(loaded)).toEqual(new Set(['api'])); // by prom-client, for its exemplars
});
