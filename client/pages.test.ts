import { changeOf, createTestClock, serveChanges } from '#test/support/changeServer.ts';
import { readEvaluationChanges, readNameListChanges } from './changes.ts';
import type { Retry } from './retries.ts';

const pageOf = (numbers: readonly number[], endCursor: string, hasMore: boolean) => ({
  data: { changes: { events: numbers.map((n) => changeOf(n)), endCursor, hasMore } },
});
const delivered = (n: number) => ({ change: changeOf(n), cursor: `cursor-${n}`, errors: [] });
const error = (code: string, path?: readonly (string | number)[]) => ({
  message: `It is ${code}.`,
  ...(path ? { path } : null),
  extensions: { code },
});

test('each page is requested when the one before it is handled, until there are no more', async () => {
  await using server = await serveChanges();
  const pages = readNameListChanges({
    url: server.url,
    token: () => 'secret',
    purpose: 'SUPERVISION',
    filter: { types: ['SAMR_SERIOUS'] },
    from: 'place',
    pageSize: 2,
  });
  const given = [pageOf([1, 2], 'cursor-2', true), pageOf([], 'cursor-7', true), pageOf([8], 'cursor-8', false)];
  const asked = [];
  const read = [];
  for (const page of given) {
    const next = pages.next();
    const { headers, query, variables, ...request } = await server.asked();
    asked.push(variables);
    expect({ authorization: headers.authorization, purpose: headers['x-purpose'], accept: headers.accept }).toEqual({
      authorization: 'Bearer secret',
      purpose: 'SUPERVISION',
      accept: 'application/json',
    });
    expect(query.replaceAll(/\s+/g, ' ')).toMatch(
      new RegExp(
        /query NameListPage.* nameListChanges\(filter: \$filter, after: \$after, first: \$first\) /.source +
          /.*fragment NameListFields/.source,
      ),
    );
    request.answer(page);
    read.push((await next).value);
  }
  expect(await pages.next()).toEqual({ done: true, value: undefined });
  expect(asked).toEqual(
    ['place', 'cursor-2', 'cursor-7'].map((after) => ({ filter: { types: ['SAMR_SERIOUS'] }, after, first: 2 })),
  );
  expect(read).toEqual([
    { changes: [delivered(1), delivered(2)], cursor: 'cursor-2', hasMore: true },
    { changes: [], cursor: 'cursor-7', hasMore: true },
    { changes: [delivered(8)], cursor: 'cursor-8', hasMore: false },
  ]);
});

test('without a position pages begin at the oldest change, of evaluations too', async () => {
  await using server = await serveChanges((request) => request.answer(pageOf([], 'cursor-0', false)));
  const read = [];
  for await (const page of readEvaluationChanges({ url: server.url })) read.push(page);
  expect(read).toEqual([{ changes: [], cursor: 'cursor-0', hasMore: false }]);
});

test('an error belongs to the changes that its path names', async () => {
  const errors = [
    error('UNAUTHORIZED_FIELD_OR_TYPE', ['changes', 'events', '@', 'evaluation', 'score']),
    error('SUBGRAPH_UNAVAILABLE', ['changes', 'events', 1, 'subject', 'name']),
  ];
  await using server = await serveChanges((request) =>
    request.answer({ ...pageOf([1, 2], 'cursor-2', false), errors }),
  );
  const [page] = await Array.fromAsync(readNameListChanges({ url: server.url, fields: 'subject { name }' }));
  const denied = error('UNAUTHORIZED_FIELD_OR_TYPE', ['evaluation', 'score']);
  expect(page?.changes.map((each) => each.errors)).toEqual([
    [denied],
    [denied, error('SUBGRAPH_UNAVAILABLE', ['subject', 'name'])],
  ]);
});

test('a page whose records were not answered is requested again: unknown is not delivered as nothing', async () => {
  await using server = await serveChanges();
  const retries: Retry[] = [];
  const pages = readNameListChanges({ url: server.url, onRetry: (retry) => retries.push(retry) }, createTestClock());
  const next = pages.next();
  const partial = pageOf([1, 2], 'cursor-2', false);
  (await server.asked()).answer({
    ...partial,
    errors: [error('SUBGRAPH_UNAVAILABLE', ['changes', 'events', '@', 'entry'])],
  });
  (await server.asked()).answer({ ...partial, errors: [error('DEADLINE', ['changes', 'events', 1])] });
  (await server.asked()).answer({ data: { changes: null }, errors: [error('SUBGRAPH_UNAVAILABLE', ['changes'])] });
  (await server.asked()).answer(partial);
  expect((await next).value).toEqual({ changes: [delivered(1), delivered(2)], cursor: 'cursor-2', hasMore: false });
  expect(retries.map(({ reason }) => reason)).toEqual([
    'It is SUBGRAPH_UNAVAILABLE.',
    'It is DEADLINE.',
    'It is SUBGRAPH_UNAVAILABLE. (SUBGRAPH_UNAVAILABLE)',
  ]);
});

test('an answer that does not come within a minute is requested again', async () => {
  await using server = await serveChanges();
  const clock = createTestClock();
  const next = readNameListChanges({ url: server.url }, clock).next();
  const first = await server.asked();
  await clock.passDeadline();
  await first.closed;
  (await server.asked()).answer(pageOf([1], 'cursor-1', false));
  expect((await next).value).toMatchObject({ cursor: 'cursor-1' });
});

test('an expired cursor ends reading with the oldest position', async () => {
  await using server = await serveChanges((request) =>
    request.answer({
      data: { changes: null },
      errors: [
        {
          message: 'Take a snapshot.',
          path: ['changes'],
          extensions: { code: 'CURSOR_EXPIRED', argument: 'after', oldest: 'cursor-9' },
        },
      ],
    }),
  );
  await expect(readNameListChanges({ url: server.url, from: 'cursor-1' }).next()).rejects.toMatchObject({
    name: 'CursorExpiredError',
    oldest: 'cursor-9',
  });
});

test('the signal ends it', async () => {
  await using server = await serveChanges();
  const abort = new AbortController();
  const next = readNameListChanges({ url: server.url, signal: abort.signal }).next();
  const request = await server.asked();
  abort.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  await request.closed;
});
