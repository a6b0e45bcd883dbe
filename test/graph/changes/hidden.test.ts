import type { Role } from '#policy/roles.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, type Listing, newEntity, numbered, type PageOfChanges } from '#test/support/listings.ts';
import { daysFromNow } from '#test/support/registered.ts';
import { followByWebSocket, followBySse, type Following, isCheckpoint } from '#test/support/streams.ts';

// PROTOCOL.md P8: two logs that differ only in what a subscriber may not see give it the same bytes, but for times and
// the text of cursors.

let [plain, full] = [] as unknown as [TestGraph, TestGraph];
beforeAll(async () => {
  [plain, full] = [await startGraph(), await startGraph()];
});
afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  await full[Symbol.asyncDispose]();
});

const FIELDS = `__typename
  ... on NameListChange {
    id cursor kind at recordId version entered reason documentNo legalBasis subject { uscc name }
    entry { id version state listedOn grounds digest }
  }
  ... on Checkpoint { cursor at lagSeconds }`;
const STREAM = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${FIELDS} } }`;
const PAGE = `query ($after: Cursor, $first: Int!) {
  nameListChanges(filter: {}, first: $first, after: $after) { hasMore endCursor events { ${FIELDS} } }
}`;

/** Bytes without what may differ: instants, and cursors but for their length. */
const comparable = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'instant')
    .replaceAll(/test\.[\w-]{20,}/g, (cursor) => `cursor of ${cursor.length}`);

/** What everybody may see, and between it what only others may. */
const codes = Array.from({ length: 12 }, () => newEntity());
const [a, b, c, d, e, f, g, h, i, j, k, l] = codes as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const shared = (uscc: string): Listing => ({ uscc, level: '政务共享', documentNo: '示监〔2026〕9号' });
const script: readonly (Listing | { readonly hidden: readonly Listing[] })[] = [
  { uscc: a },
  { hidden: [shared(b), { ...shared(b), grounds: '更正' }, shared(c)] },
  { uscc: d },
  { uscc: d, grounds: '更正' },
  { hidden: [shared(e), { ...shared(e), removedOn: daysFromNow(-1), removalReason: '信用修复' }] },
  { uscc: f },
  { uscc: f, removedOn: daysFromNow(-1), removalReason: '信用修复' },
  // What happens to a repaired entry is hidden too.
  {
    hidden: [
      { uscc: f, removedOn: daysFromNow(-1), removalReason: '信用修复', grounds: '更正一' },
      { uscc: f, removedOn: daysFromNow(-1), removalReason: '信用修复', grounds: '更正二' },
    ],
  },
  { hidden: [shared(g), shared(h), shared(i), shared(j), shared(k)] },
  { uscc: l },
];
async function perform(graph: TestGraph, withHidden: boolean, steps = script): Promise<void> {
  for (const step of steps) {
    if (!('hidden' in step)) await list(graph, step);
    else if (withHidden) for (const each of step.hidden) await list(graph, each);
  }
  await numbered(graph);
}

async function pages(graph: TestGraph, role: Role, size: number): Promise<string[]> {
  const texts: string[] = [];
  for (let after: unknown = null, more: unknown = true; more;) {
    const reply = await graph.query(role, PAGE, { after, first: size }, { purpose: 'CREDIT_GRANTING' });
    texts.push(comparable(reply.text));
    // Not `pageOf`: a field that is refused has its error in each page.
    const page = reply.body.data?.['nameListChanges'] as PageOfChanges | undefined;
    if (!page) throw new Error(reply.text);
    [after, more] = [page.endCursor, page.hasMore];
  }
  return texts;
}

test('streams and pages of the public and of a bank are equal, live and from the beginning', async () => {
  const follow = async (graph: TestGraph): Promise<[Following, Following]> => [
    await followByWebSocket(graph.url, null, STREAM),
    await followBySse(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, { purpose: 'CREDIT_GRANTING' }),
  ];
  const delivered = async (streams: readonly Following[]): Promise<string[][]> => {
    const texts: string[][] = [];
    for (const stream of streams) {
      const mine: string[] = [];
      // The last change is everybody's.
      for (let text = ''; !text.includes(l);) {
        const message = await stream.next();
        text = JSON.stringify(message);
        if (!isCheckpoint(message)) mine.push(comparable(text));
      }
      texts.push(mine);
    }
    return texts;
  };
  const live: string[][][] = [];
  for (const [graph, withHidden] of [
    [plain, false],
    [full, true],
  ] as const) {
    const streams = await follow(graph);
    await perform(graph, withHidden);
    live.push(await delivered(streams));
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  }
  expect(live[0]?.[0]).toHaveLength(6);
  expect(live[1]).toEqual(live[0]);
  for (const role of ['PUBLIC', 'FINANCIAL_INSTITUTION'] as const) {
    for (const size of [2, 3, 100]) expect(await pages(full, role, size)).toEqual(await pages(plain, role, size));
  }
  // The test would see a difference: the province does.
  expect((await pages(full, 'PROVINCIAL_PLATFORM', 100)).join('')).not.toEqual(
    (await pages(plain, 'PROVINCIAL_PLATFORM', 100)).join(''),
  );
});
