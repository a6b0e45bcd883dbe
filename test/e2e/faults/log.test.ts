import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { askGateway, startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';

// cases/faults.md T7: a gateway whose standard output and error are on a device that takes nothing.

let stack: AsyncDisposableStack;
let graph: TestGraph;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  graph = stack.use(await startGraph());
  await list(
    graph,
    { uscc: newEntity(), grounds: '公开事由' },
    { uscc: newEntity(), grounds: '共享事由', level: '政务共享' },
  );
  await numbered(graph);
}, 60_000);
afterAll(() => stack.disposeAsync());

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const CHANGES = '{ nameListChanges(filter: {}, first: 5) { events { ... on NameListChange { entry { grounds } } } } }';

const start = async (): Promise<TestProcess> => {
  const full = await open('/dev/full', 'w');
  stack.defer(() => full.close());
  return startProcess(
    'gateway/main.ts',
    [],
    {
      DATABASE_URL: graph.database.url,
      DATA_DIR: graph.issuer.dataDir,
      PORT: '0',
      LOG_LEVEL: 'trace',
      PASSPORT_KEYS: KEYS,
      CURSOR_KEYS: KEYS,
      DIGEST_KEYS: KEYS,
    },
    { outputTo: full.fd },
  );
};
test('T7: it serves what needs no access log, counts and reports the lost lines, and ends by SIGTERM', async () => {
  const gateway = await start();
  for (let index = 0; index < 20; index += 1) {
    const { status, body } = await askGateway(gateway.url, null, CHANGES);
    expect([status, body.data, body.errors]).toEqual([
      200,
      { nameListChanges: { events: [{ entry: { grounds: '公开事由' } }] } },
      undefined,
    ]);
  }
  // What must be in the access log is not given without it.
  const { text, body } = await askGateway(gateway.url, graph.tokenOf('NATIONAL_CENTRE'), CHANGES, {}, 'SUPERVISION');
  expect(text).not.toContain('共享事由');
  expect(body.errors).toEqual([
    {
      message: 'The access log cannot be written, so non-public data is not given.',
      extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
    },
  ]);
  const ready = await (await fetch(`${gateway.url}/health/ready`)).json();
  expect(ready).toMatchObject({ status: 'degraded', log: { state: 'degraded' } });
  const metrics = await (
    await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${graph.tokenOf('OPERATOR')}` } })
  ).text();
  expect(Number(/^credit_graph_log_lines_lost_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  expect(metrics).toContain('credit_graph_log_failing 1');
  expect(metrics).toContain('credit_graph_access_log_failures_total 1');
  expect(metrics).toContain('credit_graph_access_log_failing 1');

  const ended = once(gateway.child, 'exit');
  gateway.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 60_000);
