import pg from 'pg';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { know } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';

// cases/faults.md T3 and T4: what the database does to a query under way, and what its asker is told.

let graph: TestGraph;
const uscc = newEntity();
let blocker: pg.Client;
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, uscc);
  await list(graph, { uscc });
  await numbered(graph);
  blocker = new pg.Client({ connectionString: graph.database.url });
  await blocker.connect();
});
afterAll(async () => {
  await blocker.end();
  await graph[Symbol.asyncDispose]();
});

const CHANGES = '{ nameListChanges(filter: {}, first: 5) { events { ... on NameListChange { kind entry { grounds } } } } viewer { role } }';
const whole = { nameListChanges: { events: [{ kind: 'ADDED', entry: { grounds: '示例事由' } }] }, viewer: { role: 'PUBLIC' } };
const lock = async (table: string): Promise<void> => {
  await blocker.query('begin');
  await blocker.query(`lock table ${table} in access exclusive mode`);
};
const release = (): Promise<unknown> => blocker.query('rollback');
const waiting = (application: string): Promise<unknown> =>
  until(`${application} waits`, async () => (await graph.sql("select from pg_stat_activity where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'", [application])).length > 0);
const terminate = (application: string): Promise<unknown> => graph.sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1', [application]);

test('T3: a read under which a backend is ended runs once more, and its answer is whole', async () => {
  for (const [table, application] of [['namelist.entry', 'namelist'], ['feed.log', 'gateway']] as const) {
    await lock(table);
    const asked = graph.query('PUBLIC', CHANGES);
    await waiting(application);
    await terminate(application);
    await release();
    const { status, body } = await asked;
    expect({ application, status, data: body.data, errors: body.errors, completeness: body.extensions?.['completeness'] }).toEqual({ application, status: 200, data: whole, errors: undefined, completeness: { status: 'COMPLETE', missing: [] } });
  }
});

test('T3, T4: while a table is locked its fields are null with DEADLINE, named as missing, and the rest is answered', async () => {
  const entries = `{ creditFile(uscc: "${uscc}") { nameListEntries(first: 5) { nodes { grounds } } } viewer { role } }`;
  await lock('namelist.entry');
  const { status, body } = await graph.query('PUBLIC', entries);
  await release();
  expect({ status, ...body }).toEqual({
    status: 200,
    data: { creditFile: { nameListEntries: null }, viewer: { role: 'PUBLIC' } },
    errors: [expect.objectContaining({ path: ['creditFile', 'nameListEntries'], extensions: expect.objectContaining({ code: 'DEADLINE', retryable: true }) })],
    extensions: { completeness: { status: 'PARTIAL', missing: [{ source: 'namelist', paths: ['creditFile.nameListEntries'] }] } },
  });
  expect((await graph.query('PUBLIC', entries)).body.data).toEqual({ creditFile: { nameListEntries: { nodes: [{ grounds: '示例事由' }] } }, viewer: { role: 'PUBLIC' } });
});

test('a mutation under which the backend is ended is not run again: its sender is told that it may send it again with its key', async () => {
  const input = { idempotencyKey: 'ended', kind: 'licence', format: 'CSV', partsExpected: 1 };
  await lock('gateway.filing');
  const asked = graph.query('NATIONAL_CENTRE', 'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename } }', { input });
  await waiting('gateway');
  await terminate('gateway');
  await release();
  const { body } = await asked;
  expect(body.errors?.map(({ extensions: { code, retryable } }) => ({ code, retryable }))).toEqual([{ code: 'SUBGRAPH_UNAVAILABLE', retryable: true }]);
  expect(await graph.sql('select from gateway.filing where kind = $1', ['licence'])).toHaveLength(0);
  const again = await graph.query('NATIONAL_CENTRE', 'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename } }', { input });
  expect(again.body.data).toEqual({ createFiling: { __typename: 'FilingCreated' } });
});
