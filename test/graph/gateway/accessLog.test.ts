import { randomUUID } from 'node:crypto';
import type { AccessEntry } from '#gateway/graph/audit.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { keptLog } from '#test/support/logs.ts';
import { valueOf } from '#test/support/metrics.ts';
import { know } from '#test/support/registered.ts';
import { followBySse, followByWebSocket, type Following, type Message } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// What is not public is written down before it is given. While it cannot be written nothing of it is given, by no
// transport, and nothing of it is lost: streams wait, pages and parts are asked for again. What is public needs no
// access log and goes on.

const ROLE = 'PROVINCIAL_PLATFORM';
const SHARED = '只供政务的事由';
const PUBLIC = '人人可见的事由';
const refusal = {
  message: 'The access log cannot be written, so non-public data is not given.',
  extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
};

const { log, lines } = keptLog();
const entries: AccessEntry[] = [];
let isFull = false;
let graph: TestGraph;
const metrics = createMetrics();
const [shared, open] = [newEntity(), newEntity()];
beforeAll(async () => {
  graph = await startGraph({
    log,
    metrics,
    async accessSink(entry) {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      entries.push(entry);
    },
  });
  await list(graph, { uscc: shared, level: '政务共享', grounds: SHARED }, { uscc: open, grounds: PUBLIC });
  await numbered(graph);
  for (const uscc of [shared, open]) await know(graph, uscc);
});
afterEach(() => (isFull = false));
afterAll(() => graph[Symbol.asyncDispose]());

const FILE = 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { nameListEntries(first: 5) { nodes { grounds } } } }';
const PAGE = `{
  nameListChanges(filter: { provinces: ["33"] }, first: 20) {
    endCursor hasMore
    events { ... on NameListChange { subject { uscc } entry { grounds } } }
  }
}`;
const STREAM = `subscription {
  nameListChanges(filter: { provinces: ["33"] }) {
    __typename
    ... on NameListChange { subject { uscc } entry { grounds } }
  }
}`;
const fileOf = (grounds: string) => ({ creditFile: { nameListEntries: { nodes: [{ grounds }] } } });
const metric = async (name: string): Promise<number> => valueOf(await metrics.text(), name);

async function completedExport(): Promise<string> {
  const EXPORT = 'export { id status parts { path } }';
  const made = await graph.query(
    ROLE,
    `mutation ($input: CreateExportInput!) { createExport(input: $input) { ... on ExportCreated { ${EXPORT} } } }`,
    { input: { idempotencyKey: randomUUID(), nameListChanges: { provinces: ['33'] }, fields: 'entry { grounds }' } },
  );
  const { id } = (made.body.data as { createExport: { export: { id: string } } }).createExport.export;
  return until('the export is complete', async () => {
    const { body } = await graph.query(ROLE, 'query ($id: ID!) { export(id: $id) { status parts { path } } }', { id });
    const { status, parts } = (body.data as { export: { status: string; parts: { path: string }[] } }).export;
    return status === 'COMPLETED' && (parts[0]?.path ?? null);
  });
}
const partOf = (path: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${graph.url}${path}`, {
    headers: { authorization: `Bearer ${graph.tokenOf(ROLE)}`, 'x-purpose': 'SUPERVISION' },
    ...(signal ? { signal } : null),
  });
const eventIn = ({ data }: Message) => data?.['nameListChanges'];

test('queries and pages of restricted data are refused whole; the same caller reads public data', async () => {
  const before = await metric('access_log_failures_total');
  expect((await graph.query(ROLE, FILE, { uscc: shared })).body.data).toEqual(fileOf(SHARED));
  expect(entries.length).toBeGreaterThan(0);

  isFull = true;
  for (const [query, variables] of [
    [FILE, { uscc: shared }],
    [PAGE, {}],
    [
      `{
        a: creditFile(uscc: "${open}") { nameListEntries(first: 1) { nodes { grounds } } }
        b: creditFile(uscc: "${shared}") { nameListEntries(first: 1) { nodes { grounds } } }
      }`,
      {},
    ],
  ] as const) {
    const { status, text, body } = await graph.query(ROLE, query, variables);
    expect({ status, body }).toEqual({ status: 200, body: { data: null, errors: [refusal] } });
    expect([text.includes(SHARED), text.includes(shared)]).toEqual([false, false]);
  }
  for (const role of ['PUBLIC', ROLE] as const)
    expect((await graph.query(role, FILE, { uscc: open })).body).toMatchObject({
      data: fileOf(PUBLIC),
      extensions: { completeness: { status: 'COMPLETE' } },
    });
  expect(await metric('access_log_failures_total')).toBe(before + 3);
  expect(await metric('access_log_failing')).toBe(1);

  isFull = false;
  expect((await graph.query(ROLE, FILE, { uscc: shared })).body.data).toEqual(fileOf(SHARED));
  expect(pageOf(await graph.query(ROLE, PAGE)).events).toEqual([
    { subject: { uscc: shared }, entry: { grounds: SHARED } },
    { subject: { uscc: open }, entry: { grounds: PUBLIC } },
  ]);
  expect(await metric('access_log_failing')).toBe(0);
});

test('a stream holds restricted events until they can be logged and loses none; public ones go on', async () => {
  await using streams = new AsyncDisposableStack();
  const token = graph.tokenOf(ROLE);
  const mine: Following[] = [
    streams.use(await followByWebSocket(graph.url, token, STREAM)),
    streams.use(await followBySse(graph.url, token, STREAM)),
  ];
  const everybody = streams.use(await followByWebSocket(graph.url, null, STREAM));
  for (const stream of [...mine, everybody]) await stream.next(); // a checkpoint: it has begun
  const codes = [newEntity(), newEntity()] as const;
  const failures = await metric('access_log_failures_total');
  isFull = true;
  await list(graph, { uscc: codes[0], level: '政务共享', grounds: SHARED });
  await list(graph, { uscc: codes[1], grounds: PUBLIC });
  expect(eventIn(await everybody.event())).toEqual({
    __typename: 'NameListChange',
    subject: { uscc: codes[1] },
    entry: { grounds: PUBLIC },
  });
  await until('the streams have tried', async () => (await metric('access_log_failures_total')) >= failures + 2);
  for (const stream of mine) expect(JSON.stringify(stream.waiting())).not.toContain(codes[0]);

  isFull = false;
  for (const stream of mine)
    expect([eventIn(await stream.event()), eventIn(await stream.event())]).toEqual([
      { __typename: 'NameListChange', subject: { uscc: codes[0] }, entry: { grounds: SHARED } },
      { __typename: 'NameListChange', subject: { uscc: codes[1] }, entry: { grounds: PUBLIC } },
    ]);
  expect(entries.slice(-3).flatMap(({ reads }) => reads).length).toBeGreaterThan(0);
});

test('a part of an export is 503 with the time to come back, and whole afterwards', async () => {
  const path = await completedExport();
  const whole = await (await partOf(path)).text();
  expect(whole).toContain(SHARED);
  isFull = true;
  const response = await partOf(path);
  expect({
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    digest: response.headers.get('content-digest'),
    body: await response.json(),
  }).toEqual({
    status: 503,
    retryAfter: '5',
    digest: null,
    body: {
      errors: [
        {
          message: 'A source of these records is unavailable: ask again later.',
          extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
        },
      ],
    },
  });
  isFull = false;
  expect(await (await partOf(path)).text()).toBe(whole);
}, 60_000);

test('the log has each outage once, however many were refused, and says when it is over', async () => {
  /** Whether the log has said that the last outage is over: after a second without another. */
  const isOver = async (): Promise<boolean> => {
    await graph.query(ROLE, FILE, { uscc: shared });
    return lines('the access log').length % 2 === 0;
  };
  await until('what was before is over', isOver);
  const before = lines('the access log').length;
  isFull = true;
  const wrong = await Promise.all(Array.from({ length: 20 }, () => graph.query(ROLE, FILE, { uscc: shared })));
  expect(wrong.map(({ body }) => body.errors)).toEqual(wrong.map(() => [refusal]));
  isFull = false;
  await until('it has worked for a second', isOver);
  const delivered = lines('the access log').slice(before);
  expect(delivered).toEqual([
    {
      level: 'error',
      msg: 'the access log could not be written, so what is not public is not given',
      err: expect.objectContaining({ message: 'no space left on device' }),
    },
    {
      level: 'info',
      msg: 'the access log is written again',
      failures: expect.any(Number),
      seconds: expect.any(Number),
    },
  ]);
  expect(delivered[1]?.['failures']).toBeGreaterThanOrEqual(20);
});
