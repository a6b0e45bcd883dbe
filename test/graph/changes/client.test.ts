import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  followEvaluations,
  followNameLists,
  type NameListChange,
  readEvaluationChanges,
  readNameListChanges,
} from '#client/changes.ts';
import type { Delivered } from '#client/follow.ts';
import type { Role } from '#policy/roles.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { AUTHORITY, list, newEntity, numbered } from '#test/support/listings.ts';
import { daysFromNow, lines } from '#test/support/registered.ts';
import { followBySse } from '#test/support/streams.ts';
import { purposeFor } from '#test/support/purposes.ts';

// The client (client/) against the gateway, over the transports that it uses.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const caller = (role: Role) => ({
  url: graph.url,
  token: () => (role === 'PUBLIC' ? null : graph.tokenOf(role)),
  ...(role === 'PUBLIC' ? null : { purpose: purposeFor(role) ?? '' }),
});
const readers: readonly Role[] = [
  'PUBLIC',
  'PROVINCIAL_PLATFORM',
  'SECTOR_REGULATOR',
  'DETERMINING_UNIT',
  'FINANCIAL_INSTITUTION',
  'CREDIT_SERVICE_AGENCY',
  'ASSESSOR',
  'AUDITOR',
  'NATIONAL_CENTRE',
];

/** The first of a stream or of pages, without the cursor: that is another one each time. */
async function firstOf<Change extends { readonly cursor: string }>(deliveries: AsyncIterable<Delivered<Change>>) {
  for await (const { change, errors } of deliveries) return { change: { ...change, cursor: '' }, errors };
  return null;
}
async function* changesOf<Change>(pages: AsyncIterable<{ readonly changes: readonly Delivered<Change>[] }>) {
  for await (const { changes } of pages) yield* changes;
}
const placeOf = async (pages: AsyncIterable<{ readonly cursor: string }>): Promise<string> =>
  (await Array.fromAsync(pages)).at(-1)?.cursor ?? '';

test('a change of a list comes through the stream and in a page alike, whole for every role', async () => {
  const places = new Map<Role, string>();
  for (const role of readers) places.set(role, await placeOf(readNameListChanges(caller(role))));
  const uscc = newEntity();
  await list(graph, { uscc });
  await numbered(graph);
  for (const role of readers) {
    const options = { ...caller(role), from: places.get(role) };
    const expected = {
      change: {
        __typename: 'NameListChange',
        id: expect.any(String),
        cursor: '',
        kind: 'ADDED',
        at: expect.any(String),
        recordId: expect.any(String),
        version: 1,
        entered: false,
        reason: null,
        documentNo: '示监〔2026〕1号',
        legalBasis: '示例依据',
        subject: { uscc },
        entry: {
          listType: { code: 'SAMR_SERIOUS', name: expect.any(String) },
          category: 'SERIOUS',
          state: 'LISTED',
          authority: { uscc: AUTHORITY, name: '示例认定机关' },
          listedOn: daysFromNow(-30),
          grounds: '示例事由',
          termUntil: null,
          removedOn: null,
          removalReason: null,
          publicUntil: expect.any(String),
          disclosureLevel: 'PUBLIC',
        },
      },
      errors: [],
    };
    expect({
      role,
      page: await firstOf(changesOf(readNameListChanges(options))),
      stream: await firstOf(followNameLists(options)),
    }).toEqual({ role, page: expected, stream: expected });
  }
});

test('a change of an evaluation, likewise', async () => {
  const roles = readers.filter((role) => role !== 'PUBLIC');
  const places = new Map<Role, string>();
  for (const role of roles) places.set(role, await placeOf(readEvaluationChanges(caller(role))));
  const uscc = newEntity();
  const slashed = (days: number): string => daysFromNow(days).replaceAll('-', '/');
  const row = {
    PJ_XDR_MC: '示例主体',
    PJ_XDR_SHXYM: uscc,
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'A',
    PJ_RQ: slashed(-20),
    PJ_SJJZ: slashed(-30),
    PJ_YXQZ: slashed(300),
    PJ_DW: '示例评价单位',
    PJ_DWDM: AUTHORITY,
    PJ_LYDW: '示例单位',
    PJ_LYDWDM: AUTHORITY,
    PJ_SYFW: '社会公开',
  };
  const outcome = await graph.file('evaluation', lines([row]), { format: 'NDJSON' });
  expect(outcome).toMatchObject({ added: 1 });
  await numbered(graph);
  for (const role of roles) {
    const options = { ...caller(role), from: places.get(role) };
    const [page, stream] = [
      await firstOf(changesOf(readEvaluationChanges(options))),
      await firstOf(followEvaluations(options)),
    ];
    expect({ role, page }).toMatchObject({
      role,
      page: {
        change: {
          __typename: 'EvaluationChange',
          kind: 'ADDED',
          version: 1,
          subject: { uscc },
          evaluation: { scheme: { code: 'PUBLIC_CREDIT', version: '2026' }, grade: 'A', disclosureLevel: 'PUBLIC' },
        },
        errors: [],
      },
    });
    expect(stream).toEqual(page);
  }
});

test('without a place it follows from now on, and each place goes on where it was', async () => {
  const uscc = newEntity();
  const abort = new AbortController();
  const kept: string[] = [];
  const came: Delivered<NameListChange>[] = [];
  const onCheckpoint = async (cursor: string): Promise<void> => {
    kept.push(cursor);
    if (kept.length === 1) await list(graph, { uscc }, { uscc, documentNo: '2' });
  };
  for await (const delivered of followNameLists({ ...caller('PUBLIC'), signal: abort.signal, onCheckpoint })) {
    came.push(delivered);
    if (came.length === 2) abort.abort();
  }
  expect(came.map(({ change: { subject, documentNo } }) => [subject?.uscc, documentNo])).toEqual([
    [uscc, '示监〔2026〕1号'],
    [uscc, '2'],
  ]);
  expect(kept.slice(-2)).toEqual(came.map(({ cursor }) => cursor));
  const numbersAfter = async (from: string) =>
    (await Array.fromAsync(changesOf(readNameListChanges({ ...caller('PUBLIC'), from })))).map(
      ({ change }) => change.documentNo,
    );
  expect([
    await numbersAfter(kept[0] ?? ''),
    await numbersAfter(came[0]?.cursor ?? ''),
    await numbersAfter(came[1]?.cursor ?? ''),
  ]).toEqual([['示监〔2026〕1号', '2'], ['2'], []]);
});

test('when its token ends it comes back with another one and misses nothing', async () => {
  const { organisation } = organisationOf('AUDITOR');
  const ending = graph.issuer.token(
    { role: 'AUDITOR', organisation, purposes: ['SUPERVISION'] },
    { payload: { exp: Math.floor(Date.now() / 1000) + 2 } },
  );
  const tokens = [ending];
  const uscc = newEntity();
  const reasons: string[] = [];
  const retried = Promise.withResolvers<void>();
  const following = firstOf(
    followNameLists({
      ...caller('AUDITOR'),
      token: () => tokens.shift() ?? graph.tokenOf('AUDITOR'),
      onRetry({ reason }) {
        reasons.push(reason);
        retried.resolve();
      },
    }),
  );
  await retried.promise;
  await list(graph, { uscc });
  expect((await following)?.change.subject).toEqual({ uscc });
  expect(reasons).toEqual(['The token has ended or was revoked, or a grant has changed.']);
});

test('the examples are answered, each over its transport', async () => {
  const exampleOf = (name: string): Promise<string> =>
    readFile(join(import.meta.dirname, '../../../docs/examples', name), 'utf8');
  const { body } = await graph.query('PUBLIC', await exampleOf('name-list-changes.graphql'));
  expect(body).toMatchObject({
    data: { nameListChanges: { events: expect.any(Array), endCursor: expect.any(String), hasMore: false } },
  });
  await using stream = await followBySse(graph.url, null, await exampleOf('follow-name-lists.graphql'));
  expect((await stream.next()).data).toEqual({
    nameListChanges: { __typename: 'Checkpoint', cursor: expect.any(String), lagSeconds: 0 },
  });
});

test.each([
  ['a filter with an unknown code', { filter: { types: ['NONSENSE'] } }, 'BAD_INPUT'],
  ['a watchlist of others', { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } }, 'BAD_INPUT'],
  ['fields that there are not', { fields: 'nonsense' }, 'BAD_INPUT'],
  ['a cursor that is none', { from: 'nonsense' }, 'BAD_CURSOR'],
  ['no purpose', { purpose: undefined }, 'NOT_ALLOWED'],
  ['a token that is none', { token: () => 'nonsense' }, 'UNAUTHENTICATED'],
])('%s ends following and reading alike', async (_, options, code) => {
  await expect(followNameLists({ ...caller('PROVINCIAL_PLATFORM'), ...options }).next()).rejects.toMatchObject({
    code,
  });
  await expect(readNameListChanges({ ...caller('PROVINCIAL_PLATFORM'), ...options }).next()).rejects.toMatchObject({
    code,
  });
});

test('roles that read no records follow none', async () => {
  for (const role of ['OPERATOR', 'RULE_KEEPER'] as const)
    await expect(followNameLists(caller(role)).next()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});

test('an expired cursor is said with the oldest place, which can be read from', async () => {
  const [page] = await Array.fromAsync(readNameListChanges({ ...caller('PUBLIC'), pageSize: 1 }));
  await graph.sql('with purged as (delete from feed.log where seq <= 2) update feed.sequencer set purged_through = 2');
  const options = { ...caller('PUBLIC'), from: page?.cursor };
  await expect(readNameListChanges(options).next()).rejects.toMatchObject({ name: 'CursorExpiredError' });
  const expired = followNameLists(options).next();
  await expect(expired).rejects.toMatchObject({ name: 'CursorExpiredError', oldest: expect.any(String) });
  const { oldest } = (await expired.catch((error: unknown) => error)) as { oldest: string };
  const left = await Array.fromAsync(changesOf(readNameListChanges({ ...caller('PUBLIC'), from: oldest })));
  expect(left).toEqual(
    await Array.fromAsync(changesOf(readNameListChanges(caller('PUBLIC')))).then((all) =>
      all.map((delivered) => ({
        ...delivered,
        change: { ...delivered.change, cursor: expect.any(String) },
        cursor: expect.any(String),
      })),
    ),
  );
  expect(left.length).toBeGreaterThan(0);
});
