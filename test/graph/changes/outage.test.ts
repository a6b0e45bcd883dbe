import pg from 'pg';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { type Following, followBySse, followByWebSocket, isCheckpoint, type Message } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P10, P13, P14: streams while the whole database is away, and when the log is another than it was.

let graph: TestGraph;
beforeEach(async () => {
  graph = await startGraph();
});
afterEach(() => graph[Symbol.asyncDispose]());

const STREAM = `subscription ($after: Cursor) {
  nameListChanges(filter: {}, after: $after) {
    __typename
    ... on NameListChange { kind subject { uscc } entry { grounds } }
    ... on Checkpoint { lagSeconds } ... on CursorExpired { oldest message }
  }
}`;
const PAGE = `{
  nameListChanges(filter: {}, first: 100) {
    endCursor hasMore
    events { ... on NameListChange { cursor subject { uscc } } }
  }
}`;
const added = (uscc: string) => ({
  __typename: 'NameListChange',
  kind: 'ADDED',
  subject: { uscc },
  entry: { grounds: '示例事由' },
});
const eventIn = ({ data }: Message) => data?.['nameListChanges'];

/**
 * Ends every session of the gateway with the database, and lets nobody in, until it is disposed. Those of the test have
 * no name.
 */
async function shut(url: string): Promise<AsyncDisposable> {
  const name = new URL(url).pathname.slice(1);
  const client = new pg.Client({ connectionString: url.replace(`/${name}`, '/postgres') });
  await client.connect();
  await client.query(`alter database ${name} with allow_connections false`);
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name <> ''",
    [name],
  );
  return {
    async [Symbol.asyncDispose]() {
      await client.query(`alter database ${name} with allow_connections true`);
      await client.end();
    },
  };
}

test('while the database is away streams stay, heartbeats show for how long, and then they go on', async () => {
  const codes = Array.from({ length: 3 }, () => newEntity()) as [string, string, string];
  await list(graph, { uscc: codes[0] }, { uscc: codes[1] });
  await numbered(graph);
  const [{ cursor } = { cursor: '' }] = pageOf(await graph.query('PUBLIC', PAGE)).events as unknown as {
    cursor: string;
  }[];
  const streams: Following[] = [];
  try {
    streams.push(
      await followByWebSocket(graph.url, null, STREAM),
      await followByWebSocket(graph.url, graph.tokenOf('NATIONAL_CENTRE'), STREAM),
      await followBySse(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM),
    );
    for (const stream of streams) expect(isCheckpoint(await stream.next())).toBe(true);
    {
      await using away = await shut(graph.database.url);
      expect(away).toBeDefined();
      for (const stream of streams)
        expect(eventIn(await stream.next())).toEqual({ __typename: 'Checkpoint', lagSeconds: expect.any(Number) });
      // The second of them: it comes also when the first look took its time.
      for (const stream of streams) {
        const { lagSeconds } = eventIn(await stream.next()) as { lagSeconds: number };
        expect(lagSeconds).toBeGreaterThan(5);
      }
    }
    await until('it is back', async () => (await graph.query('PUBLIC', PAGE)).body.errors === undefined);
    await list(graph, { uscc: codes[2] });
    for (const stream of streams) expect(eventIn(await stream.event())).toEqual(added(codes[2]));
    await using returning = await followByWebSocket(graph.url, null, STREAM, { variables: { after: cursor } });
    for (const uscc of codes.slice(1)) expect(eventIn(await returning.event())).toEqual(added(uscc));
  } finally {
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  }
}, 120_000);

test.each<[string, (head: number) => string]>([
  [
    'what a stream at the end of the log had not read is purged',
    () => 'update feed.sequencer set last_seq = last_seq + 5, purged_through = last_seq + 5',
  ],
  [
    'the log is restored to an earlier state',
    (head) =>
      `with gone as (delete from feed.log where seq = ${head}) update feed.sequencer set last_seq = last_seq - 1`,
  ],
])(
  '%s: it is said, and nothing is skipped',
  async (_, sql) => {
    for (const uscc of [newEntity(), newEntity()]) await list(graph, { uscc });
    await numbered(graph);
    await using stream = await followByWebSocket(graph.url, null, STREAM);
    expect(isCheckpoint(await stream.next())).toBe(true);
    await graph.sql(sql(2));
    expect(eventIn(await stream.event())).toEqual({
      __typename: 'CursorExpired',
      oldest: expect.any(String),
      message: expect.stringContaining('createExport'),
    });
    expect(await stream.ended).toEqual({ code: 1000, reason: 'complete' });
  },
  60_000,
);
