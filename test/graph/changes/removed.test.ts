import { type Role } from '#policy/roles.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { daysFromNow } from '#test/support/registered.ts';

// PROTOCOL.md P7: a subscriber that has a record receives its removal, and one that never had it receives nothing.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const DOCUMENT = `query ($filter: NameListChangeFilter!, $after: Cursor) {
  nameListChanges(filter: $filter, first: 100, after: $after) {
    hasMore endCursor
    events {
      ... on NameListChange {
        kind entered reason version documentNo legalBasis subject { uscc } entry { grounds }
      }
    }
  }
}`;

interface Delivered {
  readonly kind: string;
  readonly subject: { readonly uscc: string };
}

async function read(
  role: Role,
  after: string | null,
  filter: Record<string, unknown> = {},
): Promise<{ events: Delivered[]; endCursor: string }> {
  await numbered(graph);
  const { events, endCursor } = pageOf(await graph.query(role, DOCUMENT, { filter, after }));
  return { events: events as unknown as Delivered[], endCursor };
}

const added = (uscc: string) => ({
  kind: 'ADDED',
  entered: false,
  reason: null,
  version: 1,
  documentNo: '示监〔2026〕1号',
  legalBasis: '示例依据',
  subject: { uscc },
  entry: { grounds: '示例事由' },
});
const removed = (uscc: string, reason: string) => ({
  kind: 'REMOVED',
  entered: false,
  reason,
  version: null,
  documentNo: null,
  legalBasis: null,
  subject: { uscc },
  entry: null,
});

/** Every subscriber's position before the test: after the last delivered event. */
async function placeOf(role: Role, filter: Record<string, unknown> = {}): Promise<string> {
  return (await read(role, null, filter)).endCursor;
}

test('a repaired entry goes to the bank that had it, without content; a new bank learns nothing', async () => {
  const uscc = newEntity();
  const before = await placeOf('FINANCIAL_INSTITUTION');
  await list(graph, { uscc });
  const first = await read('FINANCIAL_INSTITUTION', before);
  expect(first.events).toEqual([added(uscc)]);

  await list(graph, { uscc, removedOn: daysFromNow(-1), removalReason: '信用修复' });
  expect((await read('FINANCIAL_INSTITUTION', first.endCursor)).events).toEqual([removed(uscc, 'REPAIRED')]);
  // From a place at which the entry was not there yet: neither that it came nor that it went.
  expect((await read('FINANCIAL_INSTITUTION', before)).events).toEqual([]);
  expect((await read('FINANCIAL_INSTITUTION', null)).events.filter(({ subject }) => subject.uscc === uscc)).toEqual([]);
  // The auditor still sees it, as it was and as it is.
  const seen = (await read('AUDITOR', null)).events.filter(({ subject }) => subject.uscc === uscc);
  expect(seen.map(({ kind }) => kind)).toEqual(['ADDED', 'WITHDRAWN']);
});

test('what happens to an entry after it has gone reaches nobody who may not see it, from any cursor', async () => {
  const uscc = newEntity();
  await list(graph, { uscc });
  const had = await placeOf('PUBLIC');
  const revoked = { uscc, removedOn: daysFromNow(-1), removalReason: '认定撤销' };
  await list(graph, revoked);
  const live = await read('PUBLIC', had);
  expect(live.events).toEqual([removed(uscc, 'REVOKED')]);
  for (const grounds of ['更正一', '更正二']) await list(graph, { ...revoked, grounds });
  expect((await read('PUBLIC', live.endCursor)).events).toEqual([]);
  // A subscriber that catches up receives it once, too: the number of hidden corrections does not show.
  expect((await read('PUBLIC', had)).events).toEqual([removed(uscc, 'REVOKED')]);
});

test('an unpublished entry leaves the public and stays with its province; republished it enters', async () => {
  const uscc = newEntity();
  await list(graph, { uscc });
  const [everyone, province] = [await placeOf('PUBLIC'), await placeOf('PROVINCIAL_PLATFORM')];
  await list(graph, { uscc, level: '政务共享' });
  const gone = await read('PUBLIC', everyone);
  expect(gone.events).toEqual([removed(uscc, 'MOVED')]);
  expect((await read('PROVINCIAL_PLATFORM', province)).events).toEqual([
    { ...added(uscc), kind: 'CORRECTED', version: 2 },
  ]);
  await list(graph, { uscc, level: '社会公开' });
  expect((await read('PUBLIC', gone.endCursor)).events).toEqual([
    { ...added(uscc), kind: 'CORRECTED', version: 3, entered: true },
  ]);
});

test('an entry that moves to another sector leaves one filter and enters another, of all kinds', async () => {
  const uscc = newEntity();
  const industry = { sectors: ['C'], kinds: ['ADDED'] };
  const trade = { sectors: ['F'] };
  await list(graph, { uscc });
  const [one, other] = [await placeOf('PUBLIC', industry), await placeOf('PUBLIC', trade)];
  await list(graph, { uscc, industryCode: 'F5211' });
  const left = await read('PUBLIC', one, industry);
  expect(left.events).toEqual([removed(uscc, 'MOVED')]);
  expect((await read('PUBLIC', other, trade)).events).toEqual([
    { ...added(uscc), kind: 'CORRECTED', version: 2, entered: true },
  ]);
  // In one read the addition is delivered first.
  const all = await read('PUBLIC', null, { sectors: ['C'] });
  expect(all.events.filter(({ subject }) => subject.uscc === uscc)).toEqual([added(uscc), removed(uscc, 'MOVED')]);
});

test('an entry that left its list is delivered with its end as long as it is seen', async () => {
  const uscc = newEntity();
  await list(graph, { uscc });
  const [everyone, province] = [await placeOf('PUBLIC'), await placeOf('PROVINCIAL_PLATFORM')];
  await list(graph, { uscc, removedOn: daysFromNow(-1), removalReason: '期限届满' });
  expect((await read('PROVINCIAL_PLATFORM', province)).events).toEqual([
    { ...added(uscc), kind: 'DELISTED', version: 2 },
  ]);
  expect((await read('PUBLIC', everyone)).events).toEqual([removed(uscc, 'ENDED')]);
});
