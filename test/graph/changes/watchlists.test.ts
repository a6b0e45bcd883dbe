import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Role } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { daysFromNow } from '#test/support/registered.ts';
import { followByWebSocket } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P21, and watchlists as their owners use them.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const mutate = async (
  role: Role,
  name: string,
  input: Record<string, unknown>,
  options: { token?: string } = {},
): Promise<Record<string, unknown> | null | undefined> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const success =
    name === 'createWatchlist'
      ? '... on WatchlistCreated { watchlist { id name size } }'
      : '... on WatchlistChanged { watchlist { size } codes { input outcome reason } }';
  const { body, text } = await graph.query(
    role,
    `mutation ($input: ${type}!) {
      ${name}(input: $input) {
        __typename
        ${success}
        ... on DomainError { code path }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), ...input } },
    options,
  );
  if (!body.data) throw new Error(text);
  return body.data[name] as Record<string, unknown> | null;
};
async function create(role: Role = 'FINANCIAL_INSTITUTION'): Promise<string> {
  const { watchlist } = ((await mutate(role, 'createWatchlist', { name: '示例' })) ?? {}) as {
    watchlist: { id: string };
  };
  return watchlist.id;
}
const add = (id: string, ...codes: string[]) => mutate('FINANCIAL_INSTITUTION', 'addToWatchlist', { id, codes });

const FIELDS = '__typename ... on NameListChange { id cursor kind version subject { uscc } entry { state } }';
const STREAM = `subscription ($list: ID, $after: Cursor) {
  nameListChanges(filter: { watchlist: $list }, after: $after) { ${FIELDS} }
}`;
const PAGE = `query ($list: ID, $after: Cursor) {
  nameListChanges(filter: { watchlist: $list }, first: 100, after: $after) {
    hasMore endCursor events { ${FIELDS} }
  }
}`;
const deliveredOf = (data: Record<string, unknown> | null | undefined) => data?.['nameListChanges'];
const delivered = (uscc: string, kind: string, version: number | null = 1) =>
  expect.objectContaining({ __typename: 'NameListChange', kind, version, subject: { uscc } });

/** Resolves when the present states of all that was added are in the log. */
async function presented(): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const [row] = await graph.sql('select count(*)::int as untold from gateway.watchlist_item where told_at is null');
    if (row?.['untold'] === 0) return numbered(graph);
    if (performance.now() > deadline) throw new Error('present states were not told');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what is added is delivered once in its present state, then its changes; others are not', async () => {
  const [listed, unlisted, other, repaired] = [newEntity(), newEntity(), newEntity(), newEntity()];
  await list(graph, { uscc: listed }, { uscc: other }, { uscc: repaired });
  await list(graph, { uscc: repaired, removedOn: daysFromNow(-1), removalReason: '信用修复' });
  const id = await create();
  await using stream = await followByWebSocket(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, {
    variables: { list: id },
  });
  await stream.next();
  expect(await add(id, listed, unlisted, repaired)).toEqual({
    __typename: 'WatchlistChanged',
    watchlist: { size: 3 },
    codes: [listed, unlisted, repaired].map((input) => ({ input, outcome: 'ADDED', reason: null })),
  });
  expect(deliveredOf((await stream.event()).data)).toEqual(delivered(listed, 'PRESENT'));
  await list(graph, { uscc: other, grounds: '更正' }, { uscc: unlisted }, { uscc: listed, grounds: '更正' });
  const next = [deliveredOf((await stream.event()).data), deliveredOf((await stream.event()).data)];
  expect(next).toEqual(expect.arrayContaining([delivered(unlisted, 'ADDED'), delivered(listed, 'CORRECTED', 2)]));
  // Added again it is not delivered again.
  expect(await add(id, listed)).toMatchObject({ codes: [{ outcome: 'UNCHANGED' }] });
  await presented();
  const page = pageOf(await graph.query('FINANCIAL_INSTITUTION', PAGE, { list: id }));
  expect(page.events.filter(({ kind }) => kind === 'PRESENT')).toHaveLength(0); // overtaken by the correction
  expect(page.events.map(({ subject }) => (subject as { uscc: string }).uscc)).not.toContain(other);
});

test('the cursor is of the list, not of its items; removed items are not delivered any more', async () => {
  const [one, two] = [newEntity(), newEntity()];
  await list(graph, { uscc: one }, { uscc: two });
  const id = await create();
  await add(id, one, two);
  await presented();
  const first = pageOf(await graph.query('FINANCIAL_INSTITUTION', PAGE, { list: id }));
  expect(first.events.filter(({ kind }) => kind === 'PRESENT')).toEqual(
    expect.arrayContaining([delivered(one, 'PRESENT'), delivered(two, 'PRESENT')]),
  );
  expect(await mutate('FINANCIAL_INSTITUTION', 'removeFromWatchlist', { id, codes: [two, newEntity()] })).toMatchObject(
    { watchlist: { size: 1 }, codes: [{ outcome: 'TAKEN_AWAY' }, { outcome: 'UNCHANGED' }] },
  );
  await list(graph, { uscc: one, grounds: '更正' }, { uscc: two, grounds: '更正' });
  await numbered(graph);
  expect(pageOf(await graph.query('FINANCIAL_INSTITUTION', PAGE, { list: id, after: first.endCursor })).events).toEqual(
    [delivered(one, 'CORRECTED', 2)],
  );
});

test('a code that is none, and a self-employed business, are refused one by one', async () => {
  const id = await create();
  const selfEmployed = composeUscc('92330106', 'MA000001');
  const wrong = `${newEntity().slice(0, 17)}I`;
  expect((await add(id, wrong, selfEmployed))?.['codes']).toEqual([
    { input: wrong, outcome: 'REFUSED', reason: 'ALPHABET' },
    { input: selfEmployed, outcome: 'REFUSED', reason: 'NOT_IN_BULK' },
  ]);
  const ofProvince = await create('PROVINCIAL_PLATFORM');
  expect(
    await mutate('PROVINCIAL_PLATFORM', 'addToWatchlist', { id: ofProvince, codes: [selfEmployed] }),
  ).toMatchObject({ codes: [{ outcome: 'ADDED' }] });
});

test('a watchlist is its owner’s: the public has none, others neither see nor change nor follow it', async () => {
  const id = await create();
  expect(
    (
      await graph.query(
        'PUBLIC',
        'mutation { createWatchlist(input: { idempotencyKey: "p", name: "x" }) { __typename } }',
      )
    ).body,
  ).toMatchObject({
    data: { createWatchlist: null },
    errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
  });
  expect(await mutate('CREDIT_SERVICE_AGENCY', 'addToWatchlist', { id, codes: [newEntity()] })).toEqual({
    __typename: 'InvalidInput',
    code: 'NOT_FOUND',
    path: ['input', 'id'],
  });
  const { body } = await graph.query(
    'CREDIT_SERVICE_AGENCY',
    '{ viewer { watchlists(first: 10) { nodes { id } totalCount { value } } } }',
  );
  expect(body.data).toEqual({ viewer: { watchlists: { nodes: [], totalCount: { value: 0 } } } });
  await using stream = await followByWebSocket(graph.url, graph.tokenOf('CREDIT_SERVICE_AGENCY'), STREAM, {
    variables: { list: id },
  });
  expect((await stream.next()).errors?.map(({ extensions: { code } }) => code)).toEqual(['NOT_FOUND']);
  const mine = await graph.query(
    'FINANCIAL_INSTITUTION',
    '{ viewer { watchlists(first: 1) { nodes { id size } pageInfo { hasNextPage } } } }',
  );
  expect(mine.body.data).toEqual({
    viewer: { watchlists: { nodes: [{ id, size: 0 }], pageInfo: { hasNextPage: true } } },
  });
});

test('the same key makes one list, with other content a conflict', async () => {
  const key = randomUUID();
  const [first, again] = [
    await mutate('FINANCIAL_INSTITUTION', 'createWatchlist', { idempotencyKey: key, name: 'one' }),
    await mutate('FINANCIAL_INSTITUTION', 'createWatchlist', { idempotencyKey: key, name: 'one' }),
  ];
  expect(again).toEqual(first);
  expect(await mutate('FINANCIAL_INSTITUTION', 'createWatchlist', { idempotencyKey: key, name: 'two' })).toMatchObject({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
  });
});

test('changes around the moment of adding are delivered, whichever comes first', async () => {
  const id = await create();
  await using stream = await followByWebSocket(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, {
    variables: { list: id },
  });
  await stream.next();
  const codes = Array.from({ length: 8 }, () => newEntity());
  await list(graph, ...codes.map((uscc) => ({ uscc })));
  // Each is corrected while it is added.
  await Promise.all(codes.map((uscc) => Promise.all([add(id, uscc), list(graph, { uscc, grounds: '更正' })])));
  await presented();
  const versions = new Map<string, number>();
  while ([...versions.values()].filter((version) => version === 2).length < codes.length) {
    const event = deliveredOf((await stream.event()).data) as { subject: { uscc: string }; version: number };
    expect(event.version).toBeGreaterThanOrEqual(versions.get(event.subject.uscc) ?? 0);
    versions.set(event.subject.uscc, event.version);
  }
  expect([...versions.keys()].toSorted()).toEqual(codes.toSorted());
});

test('a change whose followers could not be looked up is delivered once they can be', async () => {
  const uscc = newEntity();
  const id = await create();
  await add(id, uscc);
  await presented();
  await using stream = await followByWebSocket(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, {
    variables: { list: id },
  });
  await stream.next();
  const blocker = new pg.Client({ connectionString: graph.database.url });
  await blocker.connect();
  await blocker.query('begin');
  await blocker.query('lock table gateway.watchlist_item in access exclusive mode');
  await list(graph, { uscc });
  // The statement that asks which codes are on the list waits for the lock; it fails as when a connection is lost.
  await until('it was asked, and failed', async () => {
    const [row] = await graph.sql(
      `select count(pg_cancel_backend(pid))::int as failed
        from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%item.watchlist = any(%' and datname = current_database()`,
    );
    return Number(row?.['failed']) > 0;
  });
  await blocker.end();
  expect(deliveredOf((await stream.event()).data)).toEqual(delivered(uscc, 'ADDED'));
});
