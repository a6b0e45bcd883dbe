import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import {
  type Following,
  followBySse,
  followByWebSocket,
  type FollowOptions,
  isCheckpoint,
  type Message,
} from '#test/support/streams.ts';

// PROTOCOL.md P9, P11, P12, P14: every transport delivers the same events from one cursor.

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
const PAGE = `query ($after: Cursor, $first: Int!) {
  nameListChanges(filter: {}, after: $after, first: $first) { hasMore endCursor events { ${FIELDS} } }
}`;

const transports: [string, (token: string | null, query: string, options?: FollowOptions) => Promise<Following>][] = [
  ['WebSocket', (token, query, options) => followByWebSocket(graph.url, token, query, options)],
  ['SSE', (token, query, options) => followBySse(graph.url, token, query, options)],
];

const codeOf = (data: Record<string, unknown> | null | undefined): string =>
  ((data?.['changes'] ?? {}) as { subject: { uscc: string } }).subject.uscc;
const endOfLog = async (): Promise<string> => pageOf(await graph.query('PUBLIC', PAGE, { first: 1000 })).endCursor;
const event = (uscc: string, cursor: unknown, more: Record<string, unknown> = {}) => ({
  __typename: 'NameListChange',
  id: expect.any(String),
  cursor,
  kind: 'ADDED',
  version: 1,
  subject: { uscc },
  entry: { grounds: '示例事由', listedOn: expect.any(String) },
  ...more,
});

/** When a checkpoint was sent, by the sender's clock: the delay until this process reads it is not promised. */
const statedAt = ({ data }: Message): number =>
  Date.parse((data?.['changes'] as { at?: string } | undefined)?.at ?? '');

const nextCheckpoint = async (stream: Following): Promise<Message> => {
  for (;;) {
    const message = await stream.next();
    if (isCheckpoint(message)) return message;
  }
};

const KINDS_OF_PROVINCE = `subscription ($after: Cursor) {
  nameListChanges(filter: { provinces: ["33"] }, after: $after) {
    __typename ... on NameListChange { kind }
  }
}`;

/** The codes of the next events of a stream. */
const nextCodes = async (stream: Following, count: number): Promise<unknown[]> => {
  const delivered: unknown[] = [];
  for (let index = 0; index < count; index++) delivered.push(codeOf((await stream.event()).data));
  return delivered;
};

describe.each(transports)('%s', (_, follow) => {
  test('without a cursor it begins at the head with a checkpoint, then delivers events with cursors', async () => {
    await list(graph, { uscc: newEntity() });
    await numbered(graph);
    await using stream = await follow(null, STREAM);
    const first = await stream.next();
    expect(first).toEqual({
      data: {
        changes: { __typename: 'Checkpoint', cursor: expect.any(String), at: expect.any(String), lagSeconds: 0 },
      },
      extensions: { cursor: expect.any(String) },
    });
    const uscc = newEntity();
    await list(graph, { uscc });
    const delivered = await stream.event();
    expect(delivered).toEqual({
      data: { changes: event(uscc, delivered.extensions?.cursor) },
      extensions: { cursor: expect.any(String) },
    });
    // The cursor of the checkpoint leads to the same event by a page.
    const { events } = pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: first.extensions?.cursor }));
    expect(events).toEqual([delivered.data?.['changes']]);
  });

  test('with a cursor it delivers every event after it, old and new, once and in order', async () => {
    const start = await endOfLog();
    const before = [newEntity(), newEntity(), newEntity()];
    for (const uscc of before) await list(graph, { uscc });
    await numbered(graph);
    await using stream = await follow(null, STREAM, { variables: { after: start } });
    const delivered = [await stream.event(), await stream.event(), await stream.event()];
    const after = [newEntity(), newEntity()];
    for (const uscc of after) await list(graph, { uscc });
    delivered.push(await stream.event(), await stream.event());
    expect(delivered.map(({ data }) => codeOf(data))).toEqual([...before, ...after]);
    // From the cursor of the second: the rest, the same bytes.
    await using again = await follow(null, STREAM, { variables: { after: delivered[1]?.extensions?.cursor } });
    expect([await again.event(), await again.event(), await again.event()]).toEqual(delivered.slice(2));
  });

  test('the page has the same events with the same bytes', async () => {
    const start = await endOfLog();
    await list(graph, { uscc: newEntity() }, { uscc: newEntity() });
    await numbered(graph);
    await using stream = await follow(null, STREAM, { variables: { after: start } });
    const delivered = [await stream.event(), await stream.event()];
    const page = pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: start }));
    expect(delivered.map(({ data }) => JSON.stringify(data?.['changes']))).toEqual(
      page.events.map((each) => JSON.stringify(each)),
    );
  });

  test('a checkpoint comes within ten seconds, and every ten seconds, whether or not events do', async () => {
    await using stream = await follow(null, STREAM);
    const first = await stream.next();
    const uscc = newEntity();
    await list(graph, { uscc });
    const second = await nextCheckpoint(stream);
    expect(statedAt(second) - statedAt(first)).toBeLessThan(10_000);
    // Its position is after the last delivered event.
    expect(pageOf(await graph.query('PUBLIC', PAGE, { first: 10, after: second.extensions?.cursor })).events).toEqual(
      [],
    );
    expect(statedAt(await nextCheckpoint(stream)) - statedAt(second)).toBeLessThan(10_000);
  }, 30_000);

  test('several who ask for the same with another selection, filter or grant each get their own', async () => {
    const start = await endOfLog();
    await using everyone = await follow(null, STREAM, { variables: { after: start } });
    await using local = await follow(null, KINDS_OF_PROVINCE);
    await using province = await follow(graph.tokenOf('PROVINCIAL_PLATFORM'), STREAM);
    await Promise.all([local.next(), province.next()]);
    const [open, shared, elsewhere] = [newEntity(), newEntity(), newEntity('440305')];
    await list(graph, { uscc: open }, { uscc: shared, level: '政务共享' }, { uscc: elsewhere });
    expect((await nextCodes(everyone, 2)).toSorted()).toEqual([open, elsewhere].toSorted());
    expect((await nextCodes(province, 3)).toSorted()).toEqual([open, shared, elsewhere].toSorted());
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
  await using again = await followBySse(graph.url, null, STREAM, {
    lastEventId: stream.ids()[0] as string,
    variables: { after: start },
  });
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
  expect(
    await refused(null, 'subscription { nameListChanges(filter: { types: ["NONSENSE"] }) { __typename } }'),
  ).toEqual([{ code: 'BAD_USER_INPUT', argument: 'filter.types' }]);
  expect(await refused(graph.tokenOf('OPERATOR'), STREAM)).toEqual([
    { code: 'UNAUTHORIZED_FIELD_OR_TYPE', argument: undefined },
  ]);
});

test('the answer to a plain POST names the address of subscriptions', async () => {
  const { status, body } = await graph.query('PUBLIC', STREAM);
  expect({ status, errors: body.errors?.map(({ extensions }) => extensions) }).toEqual({
    status: 400,
    errors: [{ code: 'BAD_USER_INPUT', reason: 'SUBSCRIPTION' }],
  });
});
