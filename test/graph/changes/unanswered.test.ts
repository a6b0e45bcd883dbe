import { randomUUID } from 'node:crypto';
import { holdNumbering, holdTable } from '#test/support/faults.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { daysFromNow, know } from '#test/support/registered.ts';
import { type Following, followBySse, followByWebSocket, isCheckpoint, type Message } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P10: no transport delivers a change without its content when its own source cannot answer, whatever went
// wrong. The subgraphs run in the gateway's process here, so that it meets the database's own errors and not a lost
// connection to a server.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const SELECTION = `__typename
  ... on NameListChange { kind cursor subject { uscc } listed: entry { grounds } }
  ... on Checkpoint { lagSeconds }`;
const STREAM = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${SELECTION} } }`;
const PAGE = `query ($after: Cursor, $first: Int!) {
  nameListChanges(filter: {}, first: $first, after: $after) {
    endCursor hasMore
    events { ... on NameListChange { kind subject { uscc } listed: entry { grounds } } }
  }
}`;

const endOfLog = async (): Promise<string> => {
  for (let after: string | null = null; ;) {
    const page = pageOf(
      await graph.query(
        'PUBLIC',
        '{ nameListChanges(filter: {}, first: 1000) { endCursor hasMore events { __typename } } }'.replace(
          'first',
          after === null ? 'first' : `after: "${after}", first`,
        ),
      ),
    );
    after = page.endCursor;
    if (!page.hasMore) return after;
  }
};
const added = (uscc: string, grounds = '示例事由') => ({ kind: 'ADDED', subject: { uscc }, listed: { grounds } });
const delivered = ({ data, errors }: Message) => {
  const { kind, subject, listed } = (data?.['nameListChanges'] ?? {}) as Record<string, unknown>;
  return { event: { kind, subject, listed }, errors };
};

const checkpointIn = ({ data }: Message) =>
  (data?.['nameListChanges'] ?? {}) as {
    readonly __typename: string;
    readonly lagSeconds: number;
    readonly cursor: string;
  };

/** A value that the source cannot give, in the place of one record's; and what takes it back. */
async function spoil(uscc: string): Promise<AsyncDisposable> {
  const set = async (grounds: string): Promise<void> => {
    await graph.sql(
      `begin;
        set local session_replication_role = replica;
        update namelist.entry
        set content = jsonb_set(content, '{grounds}', '${grounds}'::jsonb)
        where uscc = '${uscc}'; commit`,
    );
  };
  await set('{"not": "text"}');
  return { [Symbol.asyncDispose]: () => set('"示例事由"') };
}

describe.each<[string, (after: string) => Promise<Following>]>([
  ['WebSocket', (after) => followByWebSocket(graph.url, null, STREAM, { variables: { after } })],
  ['SSE', (after) => followBySse(graph.url, null, STREAM, { variables: { after } })],
])('%s', (_, follow) => {
  test('while backends of its source are ended a change waits, at the head and for resumed streams', async () => {
    const after = await endOfLog();
    await using following = await follow(after);
    const codes = [newEntity(), newEntity()] as const;
    const numbering = await holdNumbering(graph.database.url);
    for (const uscc of codes) await list(graph, { uscc });
    await using returning = await (async () => {
      await using held = await holdTable(graph.database.url, 'namelist.entry', 'namelist');
      await numbering[Symbol.asyncDispose]();
      await numbered(graph);
      const back = await follow(after);
      await until('both were tried again and again', () => held.ended() >= 6);
      // Nothing was said but that it goes on: nobody has moved past the first of them.
      expect([...following.waiting(), ...back.waiting()].filter((message) => !isCheckpoint(message))).toEqual([]);
      return back;
    })();
    for (const stream of [following, returning]) {
      for (const uscc of codes)
        expect(delivered(await stream.event())).toEqual({ event: added(uscc), errors: undefined });
    }
  }, 60_000);

  test('one record that its source cannot give keeps what comes after it, not what came before', async () => {
    const after = await endOfLog();
    const codes = [newEntity(), newEntity(), newEntity()] as const;
    for (const uscc of codes) await list(graph, { uscc });
    await numbered(graph);
    const spoiled = await spoil(codes[1]);
    await using stream = await follow(after);
    expect(delivered(await stream.event())).toEqual({ event: added(codes[0]), errors: undefined });
    // By time alone, with how long it waits, and from where the first of them ended.
    const { data, errors } = await stream.next();
    expect({ errors, data }).toEqual({
      errors: undefined,
      data: { nameListChanges: { __typename: 'Checkpoint', lagSeconds: expect.any(Number) } },
    });
    expect(checkpointIn({ data }).lagSeconds).toBeGreaterThan(5);
    await spoiled[Symbol.asyncDispose]();
    for (const uscc of codes.slice(1))
      expect(delivered(await stream.event())).toEqual({ event: added(uscc), errors: undefined });
  }, 60_000);
});

describe('a field of another source that is an internal error is null and missing, and the change comes', () => {
  const FIELDS = '... on NameListChange { kind subject { uscc name } entry { grounds } }';
  let uscc: string;
  let after: string;
  const spoilName = (name: string): Promise<unknown> =>
    graph.sql(
      `begin; set local session_replication_role = replica;
       update entity.profile set content = jsonb_set(content, '{name}', '${name}'::jsonb)
       where uscc = '${uscc}'; commit`,
    );
  beforeAll(async () => {
    uscc = newEntity();
    await know(graph, uscc);
    after = await endOfLog();
    await list(graph, { uscc });
    await numbered(graph);
    await spoilName('{"not": "text"}');
  });
  afterAll(() => spoilName('"示例云帆零售有限公司"'));
  const change = () => ({ kind: 'ADDED', subject: { uscc, name: null }, entry: { grounds: '示例事由' } });
  const error = (...path: (string | number)[]) => ({
    message: 'Internal error',
    path: ['nameListChanges', ...path, 'subject', 'name'],
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
  const missing = (path: string) => ({ status: 'PARTIAL', missing: [{ source: 'entity', paths: [path] }] });

  test.each([
    ['WebSocket', followByWebSocket],
    ['SSE', followBySse],
  ] as const)('by %s', async (_, follow) => {
    const query = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${FIELDS} } }`;
    await using stream = await follow(graph.url, null, query, { variables: { after } });
    expect(await stream.next()).toEqual({
      errors: [error()],
      data: { nameListChanges: change() },
      extensions: { cursor: expect.any(String), completeness: missing('nameListChanges.subject.name') },
    });
  });

  test('by a page', async () => {
    const { body } = await graph.query(
      'PUBLIC',
      `query ($after: Cursor) { nameListChanges(filter: {}, first: 1, after: $after) { events { ${FIELDS} } } }`,
      { after },
    );
    expect(body).toEqual({
      errors: [error('events', 0)],
      data: { nameListChanges: { events: [change()] } },
      extensions: { completeness: missing('nameListChanges.events.@.subject.name') },
    });
  });
});

test('a checkpoint while a change waits is the place before it', async () => {
  const after = await endOfLog();
  const uscc = newEntity();
  const numbering = await holdNumbering(graph.database.url);
  await list(graph, { uscc });
  const spoiled = await spoil(uscc);
  await using stream = await followByWebSocket(
    graph.url,
    null,
    STREAM.replace('{ lagSeconds }', '{ lagSeconds cursor }'),
    { variables: { after } },
  );
  await numbering[Symbol.asyncDispose]();
  await numbered(graph);
  const { cursor, __typename } = checkpointIn(await stream.next());
  await spoiled[Symbol.asyncDispose]();
  expect(__typename).toBe('Checkpoint');
  await using again = await followByWebSocket(graph.url, null, STREAM, { variables: { after: cursor } });
  expect(delivered(await again.event())).toEqual({ event: added(uscc), errors: undefined });
}, 60_000);

test('a page ends before a change that its source cannot give, and says that there is more', async () => {
  const after = await endOfLog();
  const codes = [newEntity(), newEntity(), newEntity(), newEntity()] as const;
  for (const uscc of codes) await list(graph, { uscc });
  await numbered(graph);
  const spoiled = await spoil(codes[2]);
  const first = await graph.query('PUBLIC', PAGE, { after, first: 10 });
  expect(first.body).toEqual({
    data: {
      nameListChanges: {
        endCursor: expect.any(String),
        hasMore: true,
        events: codes.slice(0, 2).map((uscc) => added(uscc)),
      },
    },
    extensions: { completeness: { status: 'COMPLETE', missing: [] } },
  });
  // Nothing precedes it.
  const cursor = pageOf(first).endCursor;
  const refused = await graph.query('PUBLIC', PAGE, { after: cursor, first: 10 });
  expect(refused.body).toEqual({
    data: { nameListChanges: null },
    errors: [
      {
        message: expect.stringContaining('ask again'),
        path: ['nameListChanges'],
        extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true, source: 'namelist' },
      },
    ],
    extensions: { completeness: { status: 'PARTIAL', missing: [{ source: 'namelist', paths: ['nameListChanges'] }] } },
  });
  // The other page of the same answer is there.
  const both = await graph.query(
    'PUBLIC',
    `query ($after: Cursor) {
      nameListChanges(filter: {}, first: 1, after: $after) { events { __typename ...E } }
      a: nameListChanges(filter: {}, first: 2, after: "${after}") {
        c: endCursor e: events { ...E }
        b: events { ...E ... on NameListChange { kind } }
      }
    }
    fragment E on NameListChange { x: entry { grounds } }`,
    { after: cursor },
  );
  expect(both.body.data).toEqual({
    nameListChanges: null,
    a: {
      c: cursor,
      e: [{ x: { grounds: '示例事由' } }, { x: { grounds: '示例事由' } }],
      b: [
        { kind: 'ADDED', x: { grounds: '示例事由' } },
        { kind: 'ADDED', x: { grounds: '示例事由' } },
      ],
    },
  });
  await spoiled[Symbol.asyncDispose]();
  expect(pageOf(await graph.query('PUBLIC', PAGE, { after: cursor, first: 10 })).events).toEqual(
    codes.slice(2).map((uscc) => added(uscc)),
  );
});

test('a page that no backend answers is refused, and reveals nothing of its content', async () => {
  const after = await endOfLog();
  const uscc = newEntity();
  await list(graph, { uscc });
  await numbered(graph);
  {
    await using held = await holdTable(graph.database.url, 'namelist.entry', 'namelist');
    const { body, text } = await graph.query('PUBLIC', PAGE, { after, first: 10 });
    expect({
      data: body.data,
      code: body.errors?.map(({ extensions }) => [extensions['code'], extensions['retryable']]),
    }).toEqual({ data: { nameListChanges: null }, code: [['SUBGRAPH_UNAVAILABLE', true]] });
    expect(text).not.toContain(uscc);
    expect(held.ended()).toBeGreaterThan(0);
  }
  expect(pageOf(await graph.query('PUBLIC', PAGE, { after, first: 10 })).events).toEqual([added(uscc)]);
});

test('what has gone before the log has it is left out by pages and streams, then reported gone', async () => {
  const [uscc, other] = [newEntity(), newEntity()];
  await list(graph, { uscc });
  await numbered(graph);
  const after = await endOfLog();
  await list(graph, { uscc, grounds: '更正' }, { uscc: other });
  await numbered(graph);
  const numbering = await holdNumbering(graph.database.url);
  await list(graph, { uscc, grounds: '更正', removedOn: daysFromNow(-1), removalReason: '信用修复' });
  const page = await graph.query('PUBLIC', PAGE, { after, first: 10 });
  expect(page.body).toEqual({
    data: { nameListChanges: { endCursor: expect.any(String), hasMore: false, events: [added(other)] } },
    extensions: { completeness: { status: 'COMPLETE', missing: [] } },
  });
  await using stream = await followByWebSocket(graph.url, null, STREAM, { variables: { after } });
  expect(delivered(await stream.event())).toEqual({ event: added(other), errors: undefined });
  await numbering[Symbol.asyncDispose]();
  await numbered(graph);
  const gone = { kind: 'REMOVED', subject: { uscc }, listed: null };
  expect(pageOf(await graph.query('PUBLIC', PAGE, { after: pageOf(page).endCursor, first: 10 })).events).toEqual([
    gone,
  ]);
  expect(delivered(await stream.event())).toEqual({ event: gone, errors: undefined });
}, 60_000);

test('an export waits for a row that its source cannot give, and has it then', async () => {
  const uscc = newEntity('610104');
  await list(graph, { uscc });
  await numbered(graph);
  const FIELDS = 'id status rows parts { path }';
  const spoiled = await spoil(uscc);
  const { body, text } = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: CreateExportInput!) {
      createExport(input: $input) { ... on ExportCreated { export { ${FIELDS} } } }
    }`,
    {
      input: {
        idempotencyKey: randomUUID(),
        nameListChanges: { provinces: ['61'] },
        fields: 'kind subject { uscc } listed: entry { grounds }',
      },
    },
  );
  const { id } = (body.data?.['createExport'] as { export?: { id: string } })?.export ?? { id: text };
  const find = async () =>
    (await graph.query('NATIONAL_CENTRE', `query ($id: ID!) { export(id: $id) { ${FIELDS} } }`, { id })).body.data?.[
      'export'
    ] as { status: string; rows: number; parts: { path: string }[] };
  await until('it is being made', async () => (await find()).status === 'RUNNING');
  expect(await find()).toMatchObject({ status: 'RUNNING', rows: 0, parts: [] });
  await spoiled[Symbol.asyncDispose]();
  const made = await until('it is complete', async () => {
    const found = await find();
    return found.status === 'COMPLETED' && found;
  });
  const part = await fetch(`${graph.url}${made.parts[0]?.path}`, {
    headers: { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' },
  });
  expect(JSON.parse(await part.text())).toEqual({
    change: { kind: 'PRESENT', subject: { uscc }, listed: { grounds: '示例事由' } },
  });
}, 60_000);
