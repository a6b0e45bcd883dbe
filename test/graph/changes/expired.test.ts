import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { type Following, followBySse, followByWebSocket, type FollowOptions } from '#test/support/streams.ts';

// PROTOCOL.md P13 for streams; pages are in cursors.test.ts.

const STREAM = `subscription ($after: Cursor) {
  nameListChanges(filter: {}, after: $after) {
    __typename
    ... on NameListChange { cursor subject { uscc } }
    ... on CursorExpired { oldest message }
  }
}`;
const PAGE = `{
  nameListChanges(filter: {}, first: 100) {
    endCursor hasMore
    events { ... on NameListChange { cursor subject { uscc } } }
  }
}`;

let graph: TestGraph;
beforeEach(async () => {
  graph = await startGraph();
});
afterEach(() => graph[Symbol.asyncDispose]());

const purge = (through: number) =>
  graph.sql(
    `with purged as (delete from feed.log where seq <= ${through})
      update feed.sequencer
      set purged_through = ${through}`,
  );

test.each<[string, (options: FollowOptions) => Promise<Following>, unknown]>([
  ['WebSocket', (options) => followByWebSocket(graph.url, null, STREAM, options), { code: 1000, reason: 'complete' }],
  [
    'SSE',
    (options) => followBySse(graph.url, null, STREAM, options),
    { code: 0, reason: expect.stringContaining('"reason":"CURSOR_EXPIRED"') },
  ],
])(
  '%s: a cursor older than what is kept is said to be so, with the oldest place, and the stream ends',
  async (_, follow, end) => {
    const codes = Array.from({ length: 4 }, () => newEntity());
    for (const uscc of codes) await list(graph, { uscc });
    await numbered(graph);
    const { events } = pageOf(await graph.query('PUBLIC', PAGE));
    await purge(2);
    await using stream = await follow({ variables: { after: events[0]?.['cursor'] } });
    const { data } = await stream.next();
    const { oldest, message, __typename } = (data?.['nameListChanges'] ?? {}) as Record<string, string>;
    expect({ __typename, message }).toEqual({
      __typename: 'CursorExpired',
      message: expect.stringContaining('createExport'),
    });
    expect(await stream.ended).toEqual(end);
    expect(stream.waiting()).toEqual([]);
    await using again = await follow({ variables: { after: oldest } });
    for (const uscc of codes.slice(2))
      expect((await again.event()).data).toMatchObject({ nameListChanges: { subject: { uscc } } });
  },
);

test('the purge removes what is older than the rule, oldest first; positions after it stay good', async () => {
  const codes = Array.from({ length: 3 }, () => newEntity());
  for (const uscc of codes) await list(graph, { uscc });
  await numbered(graph);
  const { events } = pageOf(await graph.query('PUBLIC', PAGE));
  const [row] = await graph.sql('select last_seq::int as head, purged_through::int as purged from feed.sequencer');
  expect(row).toEqual({ head: 3, purged: 0 });
  await purge(1);
  await using stream = await followByWebSocket(graph.url, null, STREAM, {
    variables: { after: events[0]?.['cursor'] },
  });
  for (const uscc of codes.slice(1))
    expect((await stream.event()).data).toMatchObject({ nameListChanges: { subject: { uscc } } });
});
