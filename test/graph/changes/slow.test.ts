import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { followBySse, followByWebSocket, type Following } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P17: a reader that stops reading is ended with its last cursor, comes back from there and misses nothing;
// others go on.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

/** Entries with as much text as a form takes, so that connections fill. */
const LONG = '示例'.repeat(600);
const COUNT = 3000;
const STREAM = `subscription ($after: Cursor) {
  nameListChanges(filter: {}, after: $after) {
    __typename
    ... on NameListChange { id subject { uscc } entry { grounds a: grounds b: grounds c: grounds } }
  }
}`;
const PAGE = '{ nameListChanges(filter: {}, first: 1000) { endCursor hasMore events { __typename } } }';

const cursorIn = (reason: string): string =>
  reason.startsWith('{') ? (JSON.parse(reason) as { cursor: string }).cursor : reason;

type Reader = Following & { readonly ids?: () => readonly string[] };

test.each<[string, (after: string) => Promise<Reader>, (reason: string, code: number) => unknown]>([
  [
    'WebSocket',
    (after) => followByWebSocket(graph.url, null, STREAM, { variables: { after } }),
    (_, code) => code === 4413,
  ],
  ['SSE', (after) => followBySse(graph.url, null, STREAM, { variables: { after } }), (reason) => reason === 'closed'],
])(
  '%s',
  async (_, follow, isSlow) => {
    const start = pageOf(await graph.query('PUBLIC', PAGE)).endCursor;
    const place = await endOfLog(start);
    await using slow = await follow(place);
    await using quick = await follow(place);
    slow.pause();
    const before = await givenUp();
    const codes = Array.from({ length: COUNT }, () => newEntity());
    for (let from = 0; from < COUNT; from += 500)
      await list(graph, ...codes.slice(from, from + 500).map((uscc) => ({ uscc, grounds: LONG })));
    await numbered(graph);
    const received = new Set<string>();
    while (received.size < COUNT) received.add(codeOf(await quick.event()));
    expect([...received]).toEqual(codes);

    // It does not read for so long that it is given up; then it reads what it was sent, to the last word.
    await until('the slow reader is given up', async () => (await givenUp()) === before + 1, 60_000);
    slow.resume();
    const { code, reason } = await slow.ended;
    expect({ isSlow: isSlow(reason, code) }).toEqual({ isSlow: true });
    const sent = slow
      .waiting()
      .map(codeOf)
      .filter((uscc) => uscc !== '');
    expect(sent.length).toBeLessThan(COUNT);
    // Server-sent events end by closing: their reader comes back with the `id` of the last one that it has.
    await using again = await follow(slow.ids?.().at(-1) ?? cursorIn(reason));
    const rest: string[] = [];
    while (sent.length + rest.length < COUNT) rest.push(codeOf(await again.event()));
    expect([...sent, ...rest]).toEqual(codes);
  },
  120_000,
);

/** How many readers were too slow, by the gateway's own count. */
async function givenUp(): Promise<number> {
  const response = await fetch(`${graph.url}/metrics`, {
    headers: { authorization: `Bearer ${graph.tokenOf('OPERATOR')}` },
  });
  return Number(/^credit_graph_streams_slow_total (\d+)$/m.exec(await response.text())?.[1]);
}

const codeOf = ({ data }: { data?: Record<string, unknown> | null }): string =>
  (data?.['nameListChanges'] as { subject?: { uscc: string } } | undefined)?.subject?.uscc ?? '';

async function endOfLog(after: string): Promise<string> {
  for (let place = after; ;) {
    const page = pageOf(
      await graph.query(
        'PUBLIC',
        `query ($after: Cursor) {
          nameListChanges(filter: {}, first: 1000, after: $after) { endCursor hasMore events { __typename } }
        }`,
        { after: place },
      ),
    );
    place = page.endCursor;
    if (!page.hasMore) return place;
  }
}
