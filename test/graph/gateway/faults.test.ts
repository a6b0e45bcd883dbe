import pg from 'pg';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { know } from '#test/support/registered.ts';
import { transports } from '#test/support/trusted.ts';
import { until } from '#test/support/until.ts';

// cases/faults.md T3 and T4: what the database does to a running query, and the answer that its caller receives.

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

const CHANGES = `{
  nameListChanges(filter: {}, first: 5) { events { ... on NameListChange { kind entry { grounds } } } }
  viewer { role }
}`;
const whole = {
  nameListChanges: { events: [{ kind: 'ADDED', entry: { grounds: '示例事由' } }] },
  viewer: { role: 'PUBLIC' },
};
const lock = async (table: string): Promise<void> => {
  await blocker.query('begin');
  await blocker.query(`lock table ${table} in access exclusive mode`);
};
const release = (): Promise<unknown> => blocker.query('rollback');
const waiting = (application: string): Promise<unknown> =>
  until(
    `${application} waits`,
    async () =>
      (
        await graph.sql(
          `select
            from pg_stat_activity
            where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
          [application],
        )
      ).length > 0,
  );
const terminate = (application: string): Promise<unknown> =>
  graph.sql(
    `select pg_terminate_backend(pid)
      from pg_stat_activity
      where datname = current_database() and application_name = $1`,
    [application],
  );

test('T3: a read under which a backend is ended runs once more, and its answer is whole', async () => {
  for (const [table, application] of [
    ['namelist.entry', 'namelist'],
    ['feed.log', 'gateway'],
  ] as const) {
    await lock(table);
    const asked = graph.query('PUBLIC', CHANGES);
    await waiting(application);
    await terminate(application);
    await release();
    const { status, body } = await asked;
    expect({
      application,
      status,
      data: body.data,
      errors: body.errors,
      completeness: body.extensions?.['completeness'],
    }).toEqual({
      application,
      status: 200,
      data: whole,
      errors: undefined,
      completeness: { status: 'COMPLETE', missing: [] },
    });
  }
});

test('T3, T4: fields of a locked table are null with DEADLINE and named as missing; others are not', async () => {
  const entries = `{ creditFile(uscc: "${uscc}") { nameListEntries(first: 5) { nodes { grounds } } } viewer { role } }`;
  await lock('namelist.entry');
  const { status, body } = await graph.query('PUBLIC', entries);
  await release();
  expect({ status, ...body }).toEqual({
    status: 200,
    data: { creditFile: { nameListEntries: null }, viewer: { role: 'PUBLIC' } },
    errors: [
      expect.objectContaining({
        path: ['creditFile', 'nameListEntries'],
        extensions: expect.objectContaining({ code: 'DEADLINE', retryable: true }),
      }),
    ],
    extensions: {
      completeness: { status: 'PARTIAL', missing: [{ source: 'namelist', paths: ['creditFile.nameListEntries'] }] },
    },
  });
  expect((await graph.query('PUBLIC', entries)).body.data).toEqual({
    creditFile: { nameListEntries: { nodes: [{ grounds: '示例事由' }] } },
    viewer: { role: 'PUBLIC' },
  });
});

test('a mutation whose backend is ended is not run again; its sender may repeat it with its key', async () => {
  const input = { idempotencyKey: 'ended', kind: 'licence', format: 'CSV', partsExpected: 1 };
  await lock('gateway.filing');
  const asked = graph.query(
    'NATIONAL_CENTRE',
    'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename } }',
    { input },
  );
  await waiting('gateway');
  await terminate('gateway');
  await release();
  const { body } = await asked;
  expect(body.errors?.map(({ extensions: { code, retryable } }) => ({ code, retryable }))).toEqual([
    { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
  ]);
  expect(await graph.sql('select from gateway.filing where kind = $1', ['licence'])).toHaveLength(0);
  const again = await graph.query(
    'NATIONAL_CENTRE',
    'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename } }',
    { input },
  );
  expect(again.body.data).toEqual({ createFiling: { __typename: 'FilingCreated' } });
});

// --- by every transport: a null that an error explains is never COMPLETE ---------------------------------------------

const ENTRIES = `{
  creditFile(uscc: "${uscc}") { nameListEntries(first: 5) { nodes { grounds documentNo } } }
  viewer { role }
}`;
const partial = (nodes: unknown, error: object, path: string) => ({
  data: { creditFile: { nameListEntries: nodes }, viewer: { role: 'PUBLIC' } },
  errors: [error],
  extensions: { completeness: { status: 'PARTIAL', missing: [{ source: 'namelist', paths: [path] }] } },
});
const askAll = async (url: string): Promise<readonly (readonly [name: string, status: number, body: unknown])[]> =>
  Promise.all(
    transports.map(async ([name, ask]) => {
      const { status, body } = await ask(url, { body: { query: ENTRIES } });
      return [name, status, body] as const;
    }),
  );
const alike = (body: object) => transports.map(([name]) => [name, name === 'WebSocket' ? 0 : 200, body]);

test('a value that its source cannot give is an internal error, and missing', async () => {
  const spoil = (grounds: string): Promise<unknown> =>
    graph.sql(
      `begin; set local session_replication_role = replica;
       update namelist.entry set content = jsonb_set(content, '{grounds}', '${grounds}'::jsonb)
       where uscc = '${uscc}'; commit`,
    );
  await spoil('{"not": "text"}');
  const answers = await askAll(graph.url);
  await spoil('"示例事由"');
  const path = ['creditFile', 'nameListEntries', 'nodes', 0, 'grounds'];
  const error = { message: 'Internal error', path, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  expect(answers).toEqual(
    alike(
      partial(
        { nodes: [{ grounds: null, documentNo: '示监〔2026〕1号' }] },
        error,
        'creditFile.nameListEntries.nodes.@.grounds',
      ),
    ),
  );
});

test('a table that stays locked is DEADLINE, and missing', async () => {
  await lock('namelist.entry');
  const answers = await askAll(graph.url);
  await release();
  const error = {
    message: 'This was not answered in time: ask again later.',
    path: ['creditFile', 'nameListEntries'],
    extensions: { code: 'DEADLINE', retryable: true },
  };
  expect(answers).toEqual(alike(partial(null, error, 'creditFile.nameListEntries')));
}, 30_000);

test('a source that is away is SUBGRAPH_UNAVAILABLE, and missing', async () => {
  await using without = await startGraph({ database: graph.database, absent: ['namelist'] });
  const error = {
    message: 'The namelist source is unavailable.',
    path: ['creditFile', 'nameListEntries'],
    extensions: { code: 'SUBGRAPH_UNAVAILABLE', source: 'namelist', retryable: true },
  };
  expect(await askAll(without.url)).toEqual(alike(partial(null, error, 'creditFile.nameListEntries')));
}, 30_000);

async function expectUnavailable(response: Response, message: string): Promise<void> {
  const { status, headers } = response;
  expect([status, headers.get('retry-after'), headers.get('cache-control'), await response.json()]).toEqual([
    503,
    '5',
    'no-store',
    { errors: [{ message, extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true } }] },
  ]);
}

test('a part of a filing whose source is away is not recorded: 503, and when to send it again', async () => {
  await using without = await startGraph({ database: graph.database, absent: ['namelist'] });
  const created = await without.query(
    'NATIONAL_CENTRE',
    'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { ... on FilingCreated { filing { id } } } }',
    {
      input: { idempotencyKey: 'away', kind: 'name-list', format: 'CSV', partsExpected: 1 },
    },
  );
  const {
    createFiling: {
      filing: { id },
    },
  } = created.body.data as { createFiling: { filing: { id: string } } };
  const response = await fetch(`${without.url}/filings/${id}/parts/1`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${without.tokenOf('NATIONAL_CENTRE')}`, 'content-type': 'text/csv' },
    body: 'MD_XDR_SHXYM\n',
  });
  await expectUnavailable(
    response,
    'The part was not recorded, since what keeps these records is unavailable: send it again later.',
  );
}, 30_000);

test('a part of an export whose source is away is 503, and when to come back', async () => {
  const headers = (of: TestGraph) => ({
    authorization: `Bearer ${of.tokenOf('NATIONAL_CENTRE')}`,
    'x-purpose': 'SUPERVISION',
  });
  const created = await graph.query(
    'NATIONAL_CENTRE',
    `mutation { createExport(input: { idempotencyKey: "away", nameListChanges: {} }) {
      ... on ExportCreated { export { id } } } }`,
  );
  const {
    createExport: {
      export: { id },
    },
  } = created.body.data as { createExport: { export: { id: string } } };
  await until('the export is complete', async () => {
    const { body } = await graph.query('NATIONAL_CENTRE', 'query ($id: ID!) { export(id: $id) { status } }', { id });
    return (body.data as { export: { status: string } }).export.status === 'COMPLETED';
  });
  await using without = await startGraph({ database: graph.database, absent: ['namelist'] });
  const response = await fetch(`${without.url}/exports/${id}/parts/1`, { headers: headers(without) });
  await expectUnavailable(response, 'A source of these records is unavailable: ask again later.');
  expect((await fetch(`${graph.url}/exports/${id}/parts/1`, { headers: headers(graph) })).status).toBe(200);
}, 30_000);
