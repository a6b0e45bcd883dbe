import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';

// PROTOCOL.md P8 (pages are full), P11, P13: cursors of pages.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  for (let index = 0; index < 7; index++)
    await list(graph, { uscc: newEntity(), level: index % 2 === 0 ? '社会公开' : '政务共享' });
  await numbered(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

const DOCUMENT = `query ($filter: NameListChangeFilter!, $after: Cursor, $first: Int!) {
  nameListChanges(filter: $filter, first: $first, after: $after) {
    hasMore endCursor
    events { ... on NameListChange { id cursor kind } }
  }
}`;
type Options = { filter?: Record<string, unknown>; after?: string | null; first?: number };
const ask = (
  role: Parameters<TestGraph['query']>[0],
  { filter = {}, after = null, first = 100 }: Options = {},
  options = {},
) => graph.query(role, DOCUMENT, { filter, after, first }, options);
const codeOf = async (reply: ReturnType<typeof ask>) =>
  (await reply).body.errors?.map(({ extensions: { code, reason, argument } }) => ({ code, reason, argument }));

test('all pages but the last are full, whatever is hidden between, and their cursors connect', async () => {
  const all = pageOf(await ask('PUBLIC'));
  expect(all.events).toHaveLength(4);
  expect(all.hasMore).toBe(false);
  const ids: unknown[] = [];
  const sizes: number[] = [];
  for (let after: string | null = null, more = true; more;) {
    const page = pageOf(await ask('PUBLIC', { after, first: 3 }));
    ids.push(...page.events.map(({ id }) => id));
    sizes.push(page.events.length);
    [after, more] = [page.endCursor, page.hasMore];
  }
  expect(sizes).toEqual([3, 1]);
  expect(ids).toEqual(all.events.map(({ id }) => id));
  // From each event on: the rest.
  for (const [index, { cursor }] of all.events.entries())
    expect(pageOf(await ask('PUBLIC', { after: cursor as string })).events.map(({ id }) => id)).toEqual(
      ids.slice(index + 1),
    );
});

test('a province sees what the public does not, with ids that are the same for the same event', async () => {
  const [all, open] = [pageOf(await ask('PROVINCIAL_PLATFORM')), pageOf(await ask('PUBLIC'))];
  expect(all.events).toHaveLength(7);
  expect(all.events.map(({ id }) => id)).toEqual(expect.arrayContaining(open.events.map(({ id }) => id)));
});

test('a cursor of another role, organisation, filter or field, or an edited one, is refused', async () => {
  const { endCursor } = pageOf(
    await ask('PROVINCIAL_PLATFORM', { filter: { provinces: ['33', '44'], categories: ['SERIOUS'] } }),
  );
  const same = { filter: { categories: ['SERIOUS'], provinces: ['44', '33', '33'] }, after: endCursor };
  expect(pageOf(await ask('PROVINCIAL_PLATFORM', same)).events).toEqual([]);
  const bad = [{ code: 'BAD_CURSOR', reason: undefined, argument: 'after' }];
  expect(await codeOf(ask('AUDITOR', same))).toEqual(bad);
  expect(await codeOf(ask('PROVINCIAL_PLATFORM', { filter: { provinces: ['33'] }, after: endCursor }))).toEqual(bad);
  expect(
    await codeOf(
      ask('PROVINCIAL_PLATFORM', { ...same, after: `${endCursor.slice(0, -1)}${endCursor.endsWith('A') ? 'B' : 'A'}` }),
    ),
  ).toEqual(bad);
  expect(await codeOf(ask('PROVINCIAL_PLATFORM', { after: '' }))).toEqual(bad);
  const ofEvaluations = await graph.query(
    'PROVINCIAL_PLATFORM',
    '{ evaluationChanges(filter: {}, first: 1) { endCursor } }',
  );
  expect(await codeOf(ask('PROVINCIAL_PLATFORM', { after: pageOf(ofEvaluations).endCursor }))).toEqual(bad);
  // Of the same role in another organisation.
  const token = graph.issuer.token({
    role: 'PROVINCIAL_PLATFORM',
    organisation: '91440300000000000X',
    purposes: ['SUPERVISION'],
  });
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, province, valid_from, granted_by)
      values (gen_random_uuid(), '91440300000000000X', 'PROVINCIAL_PLATFORM', '33', now() - interval '1 minute',
        'test')`,
  );
  expect(await codeOf(ask('PROVINCIAL_PLATFORM', same, { token }))).toEqual(bad);
});

test('cursors are of one length, wherever they stand', async () => {
  const { events, endCursor } = pageOf(await ask('PROVINCIAL_PLATFORM'));
  expect(new Set([endCursor, ...events.map(({ cursor }) => cursor as string)].map(({ length }) => length)).size).toBe(
    1,
  );
});

test('bad filters and pages are named', async () => {
  expect(await codeOf(ask('PUBLIC', { filter: { types: ['NONSENSE'] } }))).toEqual([
    { code: 'BAD_USER_INPUT', reason: 'UNKNOWN_CODE', argument: 'filter.types' },
  ]);
  expect(await codeOf(ask('PUBLIC', { filter: { sectors: [] } }))).toEqual([
    { code: 'BAD_USER_INPUT', reason: 'EMPTY', argument: 'filter.sectors' },
  ]);
  expect(await codeOf(ask('PUBLIC', { first: 1001 }))).toEqual([
    { code: 'BAD_USER_INPUT', reason: 'PAGE_SIZE', argument: 'first' },
  ]);
  expect(
    await codeOf(ask('FINANCIAL_INSTITUTION', { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } })),
  ).toEqual([{ code: 'NOT_FOUND', reason: undefined, argument: undefined }]);
});

test('roles that read no records follow none', async () => {
  for (const role of ['OPERATOR', 'RULE_KEEPER'] as const)
    expect((await ask(role)).body).toMatchObject({
      data: { nameListChanges: null },
      errors: [{ path: ['nameListChanges'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
    });
  expect((await ask('PROVINCIAL_PLATFORM', {}, { purpose: null })).body).toMatchObject({
    data: { nameListChanges: null },
    errors: [{ path: ['nameListChanges'], extensions: { code: 'PURPOSE_REQUIRED' } }],
  });
});

test('a cursor older than what is kept, or ahead of the log, is said to be so, with the oldest place', async () => {
  const [first] = pageOf(await ask('PUBLIC')).events;
  const { endCursor } = pageOf(await ask('PUBLIC'));
  await graph.sql('with purged as (delete from feed.log where seq <= 5) update feed.sequencer set purged_through = 5');
  const { body } = await ask('PUBLIC', { after: first?.['cursor'] as string });
  expect(body.errors?.map(({ extensions: { code } }) => code)).toEqual(['CURSOR_EXPIRED']);
  const oldest = body.errors?.[0]?.extensions['oldest'] as string;
  expect(oldest).toEqual(expect.any(String));
  expect(pageOf(await ask('PUBLIC', { after: oldest })).events).toHaveLength(1);
  // As after a restore of the database: the log is shorter than what the subscriber has read.
  await graph.sql('with lost as (delete from feed.log where seq > 6) update feed.sequencer set last_seq = 6');
  expect(await codeOf(ask('PUBLIC', { after: endCursor }))).toEqual([
    { code: 'CURSOR_EXPIRED', reason: undefined, argument: 'after' },
  ]);
});

test.each([
  ['evaluationChanges', '{ evaluationChanges(filter: {}, first: 1, after: "") { hasMore } }'],
  ['nameListEntries', '{ nameListEntries(filter: {}, first: 1, after: "") { nodes { id } } }'],
  ['searchEntities', '{ searchEntities(query: "示例", first: 1, after: "") { nodes { uscc } } }'],
  ['viewer.watchlists', '{ viewer { watchlists(first: 1, after: "") { nodes { id } } } }'],
  ['viewer.exports', '{ viewer { exports(first: 1, after: "") { nodes { id } } } }'],
  [
    'createWebhook',
    `mutation { createWebhook(input: { idempotencyKey: "empty", url: "https://hooks.example/", nameListChanges: {},
      after: "" }) { __typename } }`,
  ],
])('an empty text is no cursor for %s either: who has none leaves it out', async (_, text) => {
  const { body } = await graph.query('FINANCIAL_INSTITUTION', text);
  expect(body.errors?.map(({ extensions: { code } }) => code)).toEqual(['BAD_CURSOR']);
});
