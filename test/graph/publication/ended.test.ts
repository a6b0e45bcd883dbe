import { type Role, roles } from '#policy/roles.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { addMonths } from '#standards/publicationTerms.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { commitment, licence, listEntry, penalty, subject, unit } from './rows.ts';

// What is no longer published is at once gone from the answers to all readers of published records alone, at every time
// and cursor; readers of history still have it. What was repaired or revoked is gone for all but the subject, the
// determining unit and the auditor. The clock is moved over the end; nothing runs in between.

let ahead = 0;
const now = (): Date => new Date(Date.now() + ahead * 86_400_000);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['licence', 'penalty', 'commitment']);
  await register(graph, 'namelist', unit, ['name-list']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const file = async (kind: string, ...rows: Cells[]): Promise<void> => {
  const { rejected } = await graph.file(kind, lines(rows), { format: 'NDJSON' });
  if (rejected !== 0) throw new Error(`${kind} was rejected`);
};

const readers = roles.filter((role) => role !== 'RULE_KEEPER' && role !== 'OPERATOR');
/**
 * Who still sees what was published and is not any more: the subject, its province, the unit that decided, auditors and
 * the centre. The regulator's sector is another.
 */
const history: readonly Role[] = [
  'SUBJECT',
  'PROVINCIAL_PLATFORM',
  'DETERMINING_UNIT',
  'IMPLEMENTER',
  'AUDITOR',
  'NATIONAL_CENTRE',
];
const afterWithdrawal: readonly Role[] = ['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR'];

const LISTS = {
  administrativeActs: 'documentNo',
  commitments: 'commitmentNo',
  nameListEntries: 'documentNo',
} as const;
type List = keyof typeof LISTS;

interface Page {
  edges: { cursor: string; node: Record<string, string> }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number };
}

interface Times {
  readonly validAt: string;
  readonly knownAt: string;
}

async function pageOf(
  role: Role,
  list: List,
  { validAt, knownAt }: Times,
  first = 100,
  after: string | null = null,
): Promise<Page | null> {
  const query = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime, $first: Int!, $after: Cursor) {
    creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
      ${list}(first: $first, after: $after) {
        edges { cursor node { ${LISTS[list]} } } pageInfo { hasNextPage endCursor } totalCount { value }
      }
    }
  }`;
  const { body } = await graph.query(role, query, { uscc: subject, validAt, knownAt, first, after });
  return ((body.data?.['creditFile'] as Record<List, Page | null> | null | undefined) ?? { [list]: null })[list];
}

const sealed = async (): Promise<string> => {
  await graph.gateway.sources.refresh();
  return graph.gateway.sources.sealed();
};

/** The roles that find a number in a list, all of its pages and its count agreeing. */
async function seenBy(list: List, number: string, times: Times): Promise<Role[]> {
  const found: Role[] = [];
  for (const role of roles) {
    const page = await pageOf(role, list, times);
    if (page === null) continue;
    expect(page.totalCount.value).toBe(page.edges.length);
    const isThere = page.edges.some(({ node }) => node[LISTS[list]] === number);
    // One by one, each by the cursor before it: it is where it was, or nowhere.
    const walked: (string | undefined)[] = [];
    for (let after: string | null = null; ;) {
      const one: Page | null = await pageOf(role, list, times, 1, after);
      if (one === null) throw new Error(`${role} lost the list`);
      walked.push(...one.edges.map(({ node }) => node[LISTS[list]]));
      if (!one.pageInfo.hasNextPage) break;
      after = one.pageInfo.endCursor;
    }
    expect(walked.includes(number)).toBe(isThere);
    if (isThere) found.push(role);
  }
  return found;
}

// Each is published until a day some time ahead of today; another record after it keeps the list from being empty.
const until = daysFromNow(30);
test.each([
  [
    'a licence',
    'administrativeActs',
    'licence',
    'XK_WSH',
    () => licence({ XK_YXQZI: until }),
    (): Cells => licence({ XK_JDRQ: '2026/09/01' }),
  ],
  [
    'a penalty whose duties are performed',
    'administrativeActs',
    'penalty',
    'CF_WSH',
    () => penalty({ CF_GSJZQ: until, CF_LXRQ: '2026/10/01' }),
    (): Cells => penalty({ CF_JDRQ: '2026/09/01' }),
  ],
  [
    'a list entry',
    'nameListEntries',
    'name-list',
    'MD_WSH',
    () => listEntry({ MD_GSJZQ: until }),
    (): Cells => listEntry({ MD_LRRQ: '2026/09/01' }),
  ],
] as const)(
  '%s whose publication has ended is left to readers of history, at every time and cursor',
  async (_, list, kind, column, make, makeOther) => {
    const [row, other] = [make(), makeOther()];
    const number: string = row[column] ?? '';
    await file(kind, row, other);
    const times: Times = { validAt: shanghaiDay(new Date()), knownAt: await sealed() };
    const ofRole = await pageOf('PUBLIC', list, times);
    const at = ofRole?.edges.findIndex(({ node }) => node[LISTS[list]] === number) ?? -1;
    const cursorBefore = at > 0 ? (ofRole?.edges[at - 1]?.cursor ?? null) : null;
    expect(await seenBy(list, number, times)).toEqual(readers);

    ahead = 30; // the last day
    expect(await seenBy(list, number, times)).toEqual(readers);
    ahead = 31;
    expect(await seenBy(list, number, times)).toEqual(history);
    // Another day and the same: the later day is asked for, the instant is that of before.
    expect(await seenBy(list, number, { ...times, validAt: '2026-10-01' })).toEqual(history);
    expect(await seenBy(list, number, { validAt: daysFromNow(31), knownAt: await sealed() })).toEqual(history);
    // With the position it stood behind, in the list it was in.
    for (const role of ['PUBLIC'] as const) {
      const page = await pageOf(role, list, times, 100, cursorBefore);
      expect(page?.edges.map(({ node }) => node[LISTS[list]])).not.toContain(number);
      expect(page?.edges.length).toBeGreaterThan(0);
    }
    ahead = 0;
  },
);

test('a commitment is gone after its term alike', async () => {
  const madeOn = addMonths(shanghaiDay(new Date()), -35);
  const row = commitment({ CN_RQ: madeOn });
  await file('commitment', row, commitment({ CN_RQ: '2026/09/01' }));
  const times: Times = { validAt: shanghaiDay(new Date()), knownAt: await sealed() };
  expect(await seenBy('commitments', row['CN_BM'] ?? '', times)).toEqual(readers);
  ahead = 40;
  expect(await seenBy('commitments', row['CN_BM'] ?? '', times)).toEqual(history);
  ahead = 0;
});

test.each(['信用修复', '认定撤销'])(
  'an entry removed for %s is left to its subject, the determining unit and the auditor',
  async (reason) => {
    const row = listEntry();
    const number = row['MD_WSH'] ?? '';
    await file('name-list', row);
    const times: Times = { validAt: shanghaiDay(new Date()), knownAt: await sealed() };
    expect(await seenBy('nameListEntries', number, times)).toEqual(readers);
    await file('name-list', { ...row, MD_YCRQ: daysFromNow(0), MD_YCYY: reason });
    expect(await seenBy('nameListEntries', number, times)).toEqual(afterWithdrawal);
    expect(await seenBy('nameListEntries', number, { validAt: '2026-10-01', knownAt: times.knownAt })).toEqual(
      afterWithdrawal,
    );
    expect(await seenBy('nameListEntries', number, { ...times, knownAt: await sealed() })).toEqual(afterWithdrawal);
  },
);

test('the search over all lists has no ended or repaired entry, and no stub of one', async () => {
  const [ending, repaired] = [listEntry({ MD_GSJZQ: until }), listEntry()];
  await file('name-list', ending, repaired);
  const numbers = [ending, repaired].map((row) => row['MD_WSH'] ?? '');
  const search = async (role: Role, knownAt: string): Promise<string[]> => {
    const { body } = await graph.query(
      role,
      `query ($knownAt: DateTime) {
        nameListEntries(filter: { categories: [SERIOUS] }, first: 100, knownAt: $knownAt) {
          nodes { documentNo } totalCount { value }
        }
      }`,
      { knownAt },
    );
    const { nodes, totalCount } = (body.data ?? {})['nameListEntries'] as {
      nodes: { documentNo: string }[];
      totalCount: { value: number };
    };
    expect(totalCount.value).toBe(nodes.length);
    return nodes
      .map(({ documentNo }) => documentNo)
      .filter((documentNo) => numbers.includes(documentNo))
      .toSorted();
  };
  const knownAt = await sealed();
  const both = numbers.toSorted();
  for (const role of readers) expect([role, await search(role, knownAt)]).toEqual([role, both]);
  await file('name-list', { ...repaired, MD_YCRQ: daysFromNow(0), MD_YCYY: '信用修复' });
  for (const role of readers)
    expect([role, await search(role, knownAt)]).toEqual([role, afterWithdrawal.includes(role) ? both : [numbers[0]]]);
  ahead = 31;
  for (const role of readers)
    expect([role, await search(role, knownAt)]).toEqual([
      role,
      afterWithdrawal.includes(role) ? both : history.includes(role) ? [numbers[0]] : [],
    ]);
  ahead = 0;
});
