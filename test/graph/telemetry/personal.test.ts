import { createLog } from '#kit/log.ts';
import { createTracer } from '#kit/telemetry/tracer.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import type { Tracer } from '#kit/telemetry/scope.ts';
import type { AccessEntry } from '#gateway/graph/audit.ts';
import { type Collector, startCollector } from '#test/support/collector.ts';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';
import { corpus, everything } from '#test/graph/visibility/corpus.ts';
import { probes } from '#test/graph/visibility/probes.ts';
import {
  hidden,
  type Operation,
  shadow,
  sites,
  startWorld,
  type ViewerName,
  type World,
} from '#test/graph/visibility/world.ts';

// Everything that is asked and answered in the world of test/graph/visibility, with canaries in whatever a caller can
// write, and some of it failing: none of it is in a log line, a metric or a span. The access log alone says who read
// what, and of whom.

const lines: string[] = [];
const entries: AccessEntry[] = [];
let collector: Collector;
let tracer: Tracer;
let world: World;
const metrics = createMetrics();
beforeAll(async () => {
  collector = await startCollector();
  const log = createLog('test', 'trace', {
    write: (line) => void lines.push(line),
    flush: (done) => done(),
    flushSync() {},
    lost: () => 0,
    isFailing: () => false,
  });
  // An endpoint is given.
  tracer = (await createTracer({ endpoint: collector.endpoint, ratio: 1 }, 'test', log)) as Tracer;
  world = await startWorld({
    remote: true,
    log,
    tracer,
    metrics,
    accessSink: (entry) => Promise.resolve(void entries.push(entry)),
  });
}, 120_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await tracer[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

/** What a caller writes into everything that it can write. */
const planted = {
  name: 'zqcallernamezq',
  phone: '13912345678',
  alias: 'zqalias13912345678zq',
  purpose: 'ZQPURPOSEZQ',
  agent: 'zqagentzq',
  token: 'zqtokenzq',
  requestId: '91330106MA27X0000X',
  path: 'zqpathzq',
} as const;
const headers = {
  'x-purpose': planted.purpose,
  'user-agent': planted.agent,
  'x-request-id': planted.requestId,
  referer: `https://${planted.agent}.invalid/${planted.phone}`,
  cookie: `name=${planted.name}`,
};
const byCaller: readonly Operation[] = [
  {
    name: 'names',
    query: `query ${planted.name}($${planted.name}: String!) {
      ${planted.alias}: searchEntities(query: $${planted.name}, first: 1) { nodes { ${planted.alias}: name } }
    }`,
    variables: { [planted.name]: planted.phone },
    operationName: planted.name,
  },
  { name: 'an unknown field', query: `{ ${planted.name}(phone: "${planted.phone}") }` },
  { name: 'no document', query: `{ ${planted.name} "${planted.phone}"` },
  { name: 'an unknown operation', query: '{ __typename }', operationName: planted.name },
  { name: 'a bad code', query: `{ entity(uscc: "${planted.phone}") { ${planted.alias}: name } }` },
  { name: 'a bad cursor', query: `{ nameListChanges(filter: {}, first: 1, after: "${planted.name}") { endCursor } }` },
  { name: 'headers', query: '{ __typename }', headers },
  { name: 'a bad token', query: '{ __typename }', headers: { authorization: `Bearer ${planted.token}` } },
  { name: 'a path', path: `/${planted.path}/${planted.phone}?name=${planted.name}` },
  { name: 'a filing', path: `/filings/${planted.path}/parts/1` },
  { name: 'by GET', method: 'GET', query: `query ${planted.name} { ${planted.alias}: sourceStatus { source } }` },
  { name: 'no JSON', body: `{"query": "${planted.name} ${planted.phone}` },
];
const CALLER: readonly ViewerName[] = ['public', 'province 33', 'subject near', 'auditor'];

const secrets = (): string[] => [
  ...Object.values(planted),
  ...world.canaries.map(({ text }) => text).filter((text) => text.length > 6),
  ...Object.values(sites).flatMap(({ uscc, name }) => [uscc, name]),
  hidden,
  shadow,
  ...CALLER.flatMap((name) => world.tokenOf(name)?.split('.') ?? []).filter((part) => !part.startsWith('eyJhbGci')),
  'Bearer ',
  'Passport ',
];
const foundIn = (text: string): string[] => [...new Set(secrets())].filter((secret) => text.includes(secret));

test('what is asked and answered is in no line, no metric and no span', async () => {
  for (const viewer of CALLER) {
    for (const operation of [...byCaller, ...corpus(world.knownAt), ...probes(sites.near.name, world.knownAt)]) {
      await world.send(viewer, operation);
      if (operation.query && !operation.headers && !operation.method && byCaller.includes(operation))
        await world.send(viewer, { ...operation, headers: { accept: 'text/event-stream' } });
    }
  }
  const query = `subscription ${planted.name} { ${planted.alias}: nameListChanges(filter: {}) { __typename } }`;
  for (const follow of [followBySse, followByWebSocket]) {
    await using stream = await follow(world.graph.url, world.tokenOf('auditor'), query, { purpose: 'SUPERVISION' });
    await stream.next();
  }
  expect(entries.length).toBeGreaterThan(50);
  expect(JSON.stringify(entries)).toContain(sites.near.uscc);
  expect(lines.filter((line) => line.includes('"an operation was answered"')).length).toBeGreaterThan(500);
  expect(foundIn(lines.join(''))).toEqual([]);
  expect(foundIn(await metrics.text())).toEqual([]);
}, 300_000);

test('nor is it when the database fails under it, in ways that are logged', async () => {
  const from = lines.length;
  const tables = ['entity.profile', 'disclosure.act', 'namelist.entry', 'evaluation.result'];
  for (const table of tables) await world.graph.sql(`alter table ${table} rename to away`);
  try {
    for (const operation of [...byCaller, ...everything(world.knownAt)]) await world.send('auditor', operation);
    const aliased = `query ${planted.name} {
      ${planted.alias}: creditFile(uscc: "${sites.near.uscc}") {
        ${planted.alias}: entity { ${planted.alias}: name }
        z${planted.alias}: administrativeActs(first: 1) { ${planted.alias}: nodes { ${planted.alias}: id } }
      }
    }`;
    await world.send('auditor', { name: 'aliased', query: aliased });
    await world.send('auditor', {
      name: 'aliased, as events',
      query: aliased,
      headers: { accept: 'text/event-stream' },
    });
  } finally {
    for (const table of tables)
      await world.graph.sql(`alter table ${table.split('.')[0]}.away rename to ${table.split('.')[1]}`);
  }
  const delivered = lines.slice(from).join('');
  expect(delivered).toContain('"a field failed"');
  expect(delivered).toContain('"a source failed"');
  expect(foundIn(delivered)).toEqual([]);
});

test('nor in a span, and there are many', async () => {
  await tracer[Symbol.asyncDispose]();
  await until('spans', () => collector.spans.length > 2000);
  expect(foundIn(collector.text())).toEqual([]);
  const allowed = [
    'http.request.method',
    'http.route',
    'http.response.status_code',
    'graphql.operation.type',
    'credit_graph.outcome',
    'error.type',
    'server.address',
    'server.port',
    'db.system.name',
    'db.client.connection.pool.name',
    'db.query.summary',
    'network.protocol.name',
  ];
  expect(
    [...new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)))].filter(
      (name) => !allowed.includes(name),
    ),
  ).toEqual([]);
});
