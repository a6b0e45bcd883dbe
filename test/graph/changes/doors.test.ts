import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { type Following, followBySse, followByWebSocket, type FollowOptions, isCheckpoint, type Message } from '#test/support/streams.ts';

// PROTOCOL.md P9, P11, P12, P14: the same events through every door, from one cursor.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const FIELDS = `__typename
  ... on NameListChange { id cursor kind version subject { uscc } entry { grounds listedOn } }
  ... on Checkpoint { cursor at lagSeconds }
  ... on CursorExpired { oldest message }`;
const STREAM = `subscription ($after: Cursor) { changes: nameListChanges(filter: {}, after: $after) { ${FIELDS} } }`;
const PAGE = `query ($after: Cursor, $first: Int!) { nameListChanges(filter: {}, after: $after, first: $first) { hasMore endCursor events { ${FIELDS} } } }`;

const doors: [string, (token: string | null, query: string, options?: FollowOptions) => Promise<Following>][] = [
  ['WebSocket', (token, query, options) => followByWebSocket(graph.url, token, query, options)],
  ['SSE', (token, query, options) => followBySse(graph.url, token, query, options)],
];

const codeOf = (data: Record<string, unknown> | null | undefined): string => ((data?.['changes'] ?? {}) as { subject: { uscc: string } }).subject.uscc;
const endOfLog = async (): Promise<string> => pageOf(await graph.query('PUBLIC', PAGE, { first: 1000 })).endCursor;
const event = (uscc: string, cursor: unknown, more: Record<string, unknown> = {}) => ({ __typename: 'NameListChange', id: expect.any(String), cursor, kind: 'ADDED', version: 1, subject: { uscc }, entry: { grounds: '示例事由', listedOn: expect.any(String) }, ...more });

describe.each(doors)('%s', (_, follow) => {
  test('without a cursor it begins at the end with a checkpoint, and then tells what comes, each with its cursor', async () => {
    await list(graph, { uscc: newEntity() });
    await numbered(graph);
    await using stream = await follow(null, STREAM);
    const first = await stream.next();
    expect(first).toEqual({ data: { changes: { __typename: 'Checkpoint', cursor: expect.any(String), at: expect.any(String), lagSeconds: 0 } }, extensions: { cursor: expect.any(String) } });
    const uscc = newEntity();
    await list(graph, { uscc });
    const told = await stream.event();
    expect(told).toEqual({ data: { changes: event(uscc, told.extensions?.cursor) }, extensions: { cursor: expect.any(String) } });
    // The cursor of the checkpoint leads to the same event by a page.
    const { events } = pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: first.extensions?.cursor }));
    expect(events).toEqual([told.data?.['changes']]);
  });

  test('with a cursor it tells everything after it, what there was and what comes, once and in order', async () => {
    const start = await endOfLog();
    const before = [newEntity(), newEntity(), newEntity()];
    for (const uscc of before) await list(graph, { uscc });
    await numbered(graph);
    await using stream = await follow(null, STREAM, { variables: { after: start } });
    const told = [await stream.event(), await stream.event(), await stream.event()];
    const after = [newEntity(), newEntity()];
    for (const uscc of after) await list(graph, { uscc });
    told.push(await stream.event(), await stream.event());
    expect(told.map(({ data }) => codeOf(data))).toEqual([...before, ...after]);
    // From the cursor of the second: the rest, the same bytes.
    await using again = await follow(null, STREAM, { variables: { after: told[1]?.extensions?.cursor } });
    expect([await again.event(), await again.event(), await again.event()]).toEqual(told.slice(2));
  });

  test('the page has the same events with the same bytes', async () => {
    const start = await endOfLog();
    await list(graph, { uscc: newEntity() }, { uscc: newEntity() });
    await numbered(graph);
    await using stream = await follow(null, STREAM, { variables: { after: start } });
    const told = [await stream.event(), await stream.event()];
    const page = pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: start }));
    expect(told.map(({ data }) => JSON.stringify(data?.['changes']))).toEqual(page.events.map((each) => JSON.stringify(each)));
  });

  test('a checkpoint comes within ten seconds, and every ten seconds, whether or not events do', async () => {
    await using stream = await follow(null, STREAM);
    // By the clock of who tells them: how late this process reads them is not the promise.
    const saidAt = ({ data }: Message): number => Date.parse((data?.['changes'] as { at?: string } | undefined)?.at ?? '');
    const nextCheckpoint = async (): Promise<Message> => {
      for (;;) {
        const message = await stream.next();
        if (isCheckpoint(message)) return message;
      }
    };
    const first = await stream.next();
    const uscc = newEntity();
    await list(graph, { uscc });
    const second = await nextCheckpoint();
    expect(saidAt(second) - saidAt(first)).toBeLessThan(10_000);
    // It stands at the end of what was told.
    expect(pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: second.extensions?.cursor })).events).toEqual([]);
    expect(saidAt(await nextCheckpoint()) - saidAt(second)).toBeLessThan(10_000);
  }, 30_000);

  test('several who ask for the same with another selection, filter or grant each get their own', async () => {
    const short = 'subscription ($after: Cursor) { nameListChanges(filter: { provinces: ["33"] }, after: $after) { __typename ... on NameListChange { kind } } }';
    const start = await endOfLog();
    await using everyone = await follow(null, STREAM, { variables: { after: start } });
    await using local = await follow(null, short);
    await using province = await follow(graph.tokenOf('PROVINCIAL_PLATFORM'), STREAM);
    await Promise.all([local.next(), province.next()]);
    const [open, shared, elsewhere] = [newEntity(), newEntity(), newEntity('440305')];
    await list(graph, { uscc: open }, { uscc: shared, level: '政务共享' }, { uscc: elsewhere });
    const codes = async (stream: Following, count: number): Promise<unknown[]> => {
      const told: unknown[] = [];
      for (let index = 0; index < count; index++) told.push(codeOf((await stream.event()).data));
      return told;
    };
    expect((await codes(everyone, 2)).toSorted()).toEqual([open, elsewhere].toSorted());
    expect((await codes(province, 3)).toSorted()).toEqual([open, shared, elsewhere].toSorted());
    expect((await local.event()).data).toEqual({ nameListChanges: { __typename: 'NameListChange', kind: 'ADDED' } });
    expect(local.waiting()).toEqual([]);
  });
});

test('SSE takes the cursor from the last event id, and says it with each event', async () => {
  const start = await endOfLog();
  await list(graph, { uscc: newEntity() }, { uscc: newEntity() });
  await numbered(graph);
  await using stream = await followBySse(graph.url, null, STREAM, { lastEventId: start });
  const first = await stream.event();
  await stream.event();
  expect(stream.ids()[0]).toBe(first.extensions?.cursor);
  await using again = await followBySse(graph.url, null, STREAM, { lastEventId: stream.ids()[0] as string, variables: { after: start } });
  expect((await again.event()).extensions?.cursor).toBe(stream.ids()[1]);
});

test('a bad cursor, a bad filter and a role that may not are refused before a stream begins', async () => {
  const refused = async (token: string | null, query: string, variables = {}): Promise<unknown> => {
    await using stream = await followByWebSocket(graph.url, token, query, { variables });
    const { errors } = await stream.next();
    await expect(followBySse(graph.url, token, query, { variables })).rejects.toThrow('no stream: 400');
    return errors?.map(({ extensions: { code, argument } }) => ({ code, argument }));
  };
  for (const after of ['nonsense', ''])
    expect(await refused(null, STREAM, { after })).toEqual([{ code: 'BAD_CURSOR', argument: 'after' }]);
  expect(await refused(null, 'subscription { nameListChanges(filter: { types: ["NONSENSE"] }) { __typename } }')).toEqual([{ code: 'BAD_USER_INPUT', argument: 'filter.types' }]);
  expect(await refused(graph.tokenOf('OPERATOR'), STREAM)).toEqual([{ code: 'UNAUTHORIZED_FIELD_OR_TYPE', argument: undefined }]);
});

test('a plain POST is told where subscriptions are served', async () => {
  const { status, body } = await graph.query('PUBLIC', STREAM);
  expect({ status, errors: body.errors?.map(({ extensions }) => extensions) }).toEqual({ status: 400, errors: [{ code: 'BAD_USER_INPUT', reason: 'SUBSCRIPTION' }] });
});
