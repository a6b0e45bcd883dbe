import { changeOf, checkpointAt, createTestClock, serveChanges } from '#test/support/changeServer.ts';
import { followEvaluations, followNameLists } from './changes.ts';
import type { ChangesErrorCode } from './failure.ts';
import type { Head, Delivered } from './follow.ts';
import type { Retry } from './retries.ts';

const delivered = (n: number, errors: Delivered<Head>['errors'] = []) => ({
  change: changeOf(n),
  cursor: `cursor-${n}`,
  errors,
});
const refusal = (code: string, more: object = {}) => ({
  errors: [{ message: `It is ${code}.`, extensions: { code, ...more } }],
});

/** Follows as a program would, and records everything in the order in which it happens. It leaves after `ends`. */
async function run(
  changes: AsyncIterable<Delivered<Head>>,
  happened: unknown[],
  ends: (n: number) => boolean = () => false,
): Promise<void> {
  let n = 0;
  for await (const { change } of changes) {
    happened.push(`begin ${change.id}`);
    await new Promise((resolve) => setImmediate(resolve));
    happened.push(`end ${change.id}`);
    if (ends(++n)) return;
  }
}

test('a request has the token, purpose, filter and position, and selects the requested fields', async () => {
  await using server = await serveChanges();
  const options = {
    url: `${server.url}/graphql/`,
    token: () => Promise.resolve('secret'),
    purpose: 'SUPERVISION',
    filter: { provinces: ['33'] },
    from: 'place',
  };
  const [usual, own, evaluations] = [
    followNameLists(options),
    followNameLists({ ...options, fields: 'kind entry { category }' }),
    followEvaluations({ url: server.url }),
  ];
  const displayed = [];
  for (const changes of [usual, own, evaluations]) {
    const next = changes.next();
    const { headers, query, variables, ...request } = await server.asked();
    displayed.push({
      authorization: headers.authorization,
      purpose: headers['x-purpose'],
      accept: headers.accept,
      query: query.replaceAll(/\s+/g, ' ').trim(),
      variables,
    });
    request.deliver(changeOf(1));
    expect(await next).toEqual({ done: false, value: delivered(1) });
    await changes.return();
    await request.closed;
  }
  const asked = {
    authorization: 'Bearer secret',
    purpose: 'SUPERVISION',
    accept: 'text/event-stream',
    variables: { filter: { provinces: ['33'] }, after: 'place' },
  };
  expect(displayed).toEqual([
    {
      ...asked,
      query: expect.stringMatching(
        new RegExp(
          /^subscription NameListStream.* \{ changes: nameListChanges\(filter: \$filter, after: \$after\) .* /.source +
            /fragment NameListFields on NameListChange \{ kind at .* entry \{ listType .*\} \}$/.source,
        ),
      ),
    },
    {
      ...asked,
      query: expect.stringMatching(
        /^subscription NameListStream.* fragment NameListFields on NameListChange \{ kind entry \{ category \} \}$/,
      ),
    },
    {
      accept: 'text/event-stream',
      authorization: undefined,
      purpose: undefined,
      variables: { filter: {}, after: null },
      query: expect.stringMatching(
        /^subscription EvaluationStream.* evaluationChanges\(.* fragment EvaluationFields on EvaluationChange \{/,
      ),
    },
  ]);
});

test('a position is reported after the body has handled its change, and following waits until it is kept', async () => {
  await using server = await serveChanges();
  const happened: unknown[] = [];
  const abort = new AbortController();
  const onCheckpoint = async (cursor: string, lagSeconds: number | null) => {
    happened.push(`keep ${cursor} ${lagSeconds}`);
    await new Promise((resolve) => setImmediate(resolve));
    happened.push(`kept ${cursor}`);
    if (cursor === 'cursor-4') abort.abort();
  };
  const running = run(followNameLists({ url: server.url, onCheckpoint, signal: abort.signal }), happened);
  const request = await server.asked();
  for (const event of [checkpointAt(0, 7), changeOf(1), changeOf(2), checkpointAt(3), changeOf(4), changeOf(5)])
    request.deliver(event);
  await running;
  expect(happened).toEqual([
    'keep cursor-0 7',
    'kept cursor-0',
    'begin id-1',
    'end id-1',
    'keep cursor-1 null',
    'kept cursor-1',
    'begin id-2',
    'end id-2',
    'keep cursor-2 null',
    'kept cursor-2',
    'keep cursor-3 0',
    'kept cursor-3',
    'begin id-4',
    'end id-4',
    'keep cursor-4 null',
    'kept cursor-4',
  ]);
  await request.closed;
});

test('a change whose body failed or left the loop has not been handled', async () => {
  await using server = await serveChanges();
  for (const leave of ['throw', 'break']) {
    const kept: string[] = [];
    const running = (async () => {
      for await (const { cursor } of followNameLists({
        url: server.url,
        onCheckpoint: (place) => void kept.push(place),
      })) {
        if (cursor !== 'cursor-2') continue;
        if (leave === 'throw') throw new Error('not handled');
        break;
      }
    })();
    const request = await server.asked();
    for (const n of [1, 2, 3]) request.deliver(changeOf(n));
    await (leave === 'throw' ? expect(running).rejects.toThrow('not handled') : running);
    expect(kept).toEqual(['cursor-1']);
    await request.closed;
  }
});

test('a position that cannot be kept ends following', async () => {
  await using server = await serveChanges();
  const running = run(
    followNameLists({ url: server.url, onCheckpoint: () => Promise.reject(new Error('disk full')) }),
    [],
  );
  (await server.asked()).deliver(changeOf(1));
  await expect(running).rejects.toThrow('disk full');
});

test.each(['hangUp', 'complete'] as const)(
  'after %s it comes back with the place after the last change that was handled',
  async (loss) => {
    await using server = await serveChanges();
    const clock = createTestClock();
    const happened: unknown[] = [];
    const retries: Retry[] = [];
    const running = run(
      followNameLists({ url: server.url, from: 'place', onRetry: (retry) => retries.push(retry) }, clock),
      happened,
      (n) => n === 3,
    );
    const first = await server.asked();
    expect(first.variables['after']).toBe('place');
    first.deliver(changeOf(1));
    first.deliver(changeOf(2));
    first[loss]('GOING_AWAY');
    const second = await server.asked();
    expect(second.variables['after']).toBe('cursor-2');
    second.deliver(changeOf(3));
    await running;
    expect(happened).toEqual(['begin id-1', 'end id-1', 'begin id-2', 'end id-2', 'begin id-3', 'end id-3']);
    expect(retries).toEqual([
      {
        reason:
          loss === 'hangUp' ? expect.stringMatching(/^The connection was lost \(/) : 'This gateway is going away.',
        waitMs: 500,
        failures: 1,
      },
    ]);
  },
);

test('a connection without a message for 25 seconds is dead: it is given up and another is made', async () => {
  await using server = await serveChanges();
  const clock = createTestClock();
  const retries: Retry[] = [];
  const heard = Promise.withResolvers<void>();
  const running = run(
    followNameLists(
      { url: server.url, onCheckpoint: () => heard.resolve(), onRetry: (retry) => retries.push(retry) },
      clock,
    ),
    [],
    (n) => n === 1,
  );
  const first = await server.asked();
  first.deliver(checkpointAt(4));
  await heard.promise;
  first.write(': what a proxy sends to keep it open is no message\n\n');
  await clock.passDeadline();
  await first.closed;
  const second = await server.asked();
  expect(second.variables['after']).toBe('cursor-4');
  second.deliver(changeOf(5));
  await running;
  expect(retries).toEqual([{ reason: 'Nothing was heard for 25 s.', waitMs: 500, failures: 1 }]);
});

test('time in the body of the loop is not silence of the gateway', async () => {
  await using server = await serveChanges();
  const clock = createTestClock();
  const changes = followNameLists({ url: server.url }, clock);
  const next = changes.next();
  const request = await server.asked();
  request.deliver(changeOf(1));
  expect(await next).toMatchObject({ value: delivered(1) });
  expect(clock.deadlines()).toBe(0);
  request.deliver(changeOf(2));
  expect(await changes.next()).toMatchObject({ value: delivered(2) });
  await changes.return();
});

test('a gateway that cannot be reached or fails is tried again and again, each time after a longer wait', async () => {
  await using server = await serveChanges();
  const clock = createTestClock();
  const retries: Retry[] = [];
  const running = run(
    followNameLists({ url: server.url, onRetry: (retry) => retries.push(retry) }, clock),
    [],
    (n) => n === 1,
  );
  (await server.asked()).answer('<html>', 502, 'text/html');
  (await server.asked()).answer(refusal('SUBGRAPH_UNAVAILABLE'), 503);
  (await server.asked()).answer(refusal('RATE_LIMITED'), 429);
  (await server.asked()).answer(refusal('INTERNAL_SERVER_ERROR'), 500);
  (await server.asked()).hangUp();
  const stream = await server.asked();
  stream.write('event: next\ndata: {"data":null,"errors":[{"message":"later","extensions":{"code":"DEADLINE"}}]}\n\n');
  (await server.asked()).deliver(changeOf(1));
  await running;
  expect(retries.map(({ waitMs }) => waitMs)).toEqual([500, 1000, 2000, 4000, 8000, 15_000]);
  expect(retries.map(({ reason }) => reason)).toEqual([
    `${server.url}/graphql answered with HTTP status 502 and no GraphQL answer.`,
    'It is SUBGRAPH_UNAVAILABLE. (SUBGRAPH_UNAVAILABLE)',
    'It is RATE_LIMITED. (RATE_LIMITED)',
    'It is INTERNAL_SERVER_ERROR. (INTERNAL_SERVER_ERROR)',
    expect.stringMatching(/^http:.* cannot be reached \(/),
    'later (DEADLINE)',
  ]);
});

test('with a number of attempts it gives up', async () => {
  const server = await serveChanges();
  await server.stop();
  await expect(run(followNameLists({ url: server.url, attempts: 3 }, createTestClock()), [])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `${server.url}/graphql cannot be reached (ECONNREFUSED). It was tried 3 times.`,
  });
});

test('a token is requested before each connection, and a new one when it has expired or was refused', async () => {
  await using server = await serveChanges();
  const clock = createTestClock();
  const given = ['old', 'revoked', 'new', 'revoked too', 'newest'];
  const running = run(
    followNameLists({ url: server.url, token: () => given.shift() ?? null }, clock),
    [],
    (n) => n === 3,
  );
  const authorizations = [];
  const first = await server.asked();
  first.deliver(changeOf(1));
  first.complete('UNAUTHENTICATED');
  const second = await server.asked();
  second.answer(refusal('UNAUTHENTICATED', { reason: 'REVOKED' }), 401);
  const third = await server.asked();
  third.deliver(changeOf(2));
  third.complete('UNAUTHENTICATED');
  // The token was accepted meanwhile, so this is not a second refusal in a row.
  const fourth = await server.asked();
  fourth.answer(refusal('UNAUTHENTICATED', { reason: 'REVOKED' }), 401);
  const fifth = await server.asked();
  fifth.deliver(changeOf(3));
  await running;
  for (const { headers, variables } of [first, second, third, fourth, fifth])
    authorizations.push([headers.authorization, variables['after']]);
  expect(authorizations).toEqual([
    ['Bearer old', null],
    ['Bearer revoked', 'cursor-1'],
    ['Bearer new', 'cursor-1'],
    ['Bearer revoked too', 'cursor-2'],
    ['Bearer newest', 'cursor-2'],
  ]);
});

test.each([
  ['the same token again', ['old', 'old'], 1],
  ['another one that is refused too', ['old', 'older'], 2],
])('%s ends it', async (_, given, requests) => {
  let asked = 0;
  await using server = await serveChanges((request) => {
    asked++;
    request.answer(refusal('UNAUTHENTICATED', { reason: 'EXPIRED' }), 401);
  });
  await expect(
    run(followNameLists({ url: server.url, token: () => given.shift() ?? null }, createTestClock()), []),
  ).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: 'It is UNAUTHENTICATED. (UNAUTHENTICATED EXPIRED)',
    errors: refusal('UNAUTHENTICATED', { reason: 'EXPIRED' }).errors,
  });
  expect(asked).toBe(requests);
});

test.each<[string, ChangesErrorCode, number]>([
  ['BAD_CURSOR', 'BAD_CURSOR', 400],
  ['BAD_USER_INPUT', 'BAD_INPUT', 400],
  ['GRAPHQL_VALIDATION_FAILED', 'BAD_INPUT', 400],
  ['NOT_FOUND', 'BAD_INPUT', 400],
  ['SOMETHING_NEW', 'BAD_INPUT', 400],
  ['UNAUTHORIZED_FIELD_OR_TYPE', 'NOT_ALLOWED', 400],
  ['PURPOSE_REQUIRED', 'NOT_ALLOWED', 400],
])('%s ends it as %s, before the stream and in it', async (code, expected, status) => {
  const ways = [
    (request: Parameters<NonNullable<Parameters<typeof serveChanges>[0]>>[0]) => request.answer(refusal(code), status),
  ];
  if (code !== 'SOMETHING_NEW')
    ways.push((request) =>
      request.write(`event: next\ndata: ${JSON.stringify({ data: { changes: null }, ...refusal(code) })}\n\n`),
    );
  for (const way of ways) {
    await using server = await serveChanges(way);
    await expect(run(followNameLists({ url: server.url }), [])).rejects.toMatchObject({
      name: 'ChangesError',
      code: expected,
      errors: refusal(code).errors,
    });
  }
});

test('an expired cursor ends following with the oldest position, and nothing was skipped', async () => {
  await using server = await serveChanges((request) =>
    request.deliver({ __typename: 'CursorExpired', oldest: 'cursor-9', message: 'Take a snapshot.' }),
  );
  const kept: string[] = [];
  await expect(
    run(followNameLists({ url: server.url, from: 'cursor-1', onCheckpoint: (cursor) => void kept.push(cursor) }), []),
  ).rejects.toMatchObject({
    name: 'CursorExpiredError',
    code: 'CURSOR_EXPIRED',
    oldest: 'cursor-9',
    message: 'Take a snapshot.',
  });
  expect(kept).toEqual([]);
});

test.each([
  ['an address that is none', 'localhost:4000', /is not the address/],
  ['a page that is not there', null, /HTTP status 404/],
])('%s ends it', async (_, url, message) => {
  await using server = await serveChanges((request) => request.answer('no', 404, 'text/plain'));
  await expect(run(followNameLists({ url: url ?? server.url }), [])).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringMatching(message),
  });
});

test('a change repeated right after a reconnection is dropped, its position kept; later it is delivered', async () => {
  await using server = await serveChanges();
  const happened: unknown[] = [];
  const kept: string[] = [];
  const running = run(
    followNameLists({ url: server.url, onCheckpoint: (cursor) => void kept.push(cursor) }, createTestClock()),
    happened,
    (n) => n === 4,
  );
  const first = await server.asked();
  for (const n of [1, 2]) first.deliver(changeOf(n));
  first.hangUp();
  const second = await server.asked();
  for (const n of [1, 2, 3]) second.deliver(changeOf(n));
  second.deliver(changeOf(2, { cursor: 'cursor-4' })); // put on the watchlist again
  await running;
  expect(happened.filter((each) => String(each).startsWith('begin'))).toEqual([
    'begin id-1',
    'begin id-2',
    'begin id-3',
    'begin id-2',
  ]);
  expect(kept).toEqual(['cursor-1', 'cursor-2', 'cursor-1', 'cursor-2', 'cursor-3']);
});

test('fields that were not answered come with their errors, by the way from the change', async () => {
  await using server = await serveChanges();
  const changes = followNameLists({ url: server.url, fields: 'subject { name }' });
  const next = changes.next();
  (await server.asked()).deliver({ ...changeOf(1), subject: { name: null } }, [
    { message: 'down', path: ['changes', 'subject', 'name'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } },
  ]);
  expect(await next).toEqual({
    done: false,
    value: {
      change: { ...changeOf(1), subject: { name: null } },
      cursor: 'cursor-1',
      errors: [{ message: 'down', path: ['subject', 'name'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
    },
  });
  await changes.return();
});

test.each(['connecting', 'listening', 'waiting to try again'])('the signal ends it while it is %s', async (when) => {
  await using server = await serveChanges();
  const abort = new AbortController();
  const retrying = Promise.withResolvers<void>();
  const clock = {
    ...createTestClock(),
    ...(when === 'waiting to try again'
      ? { after: (ms: number) => (ms < 25_000 && retrying.resolve(), () => {}) }
      : null),
  };
  const running = run(followNameLists({ url: server.url, signal: abort.signal }, clock), []);
  const request = await server.asked();
  if (when === 'listening') request.deliver(checkpointAt(1));
  if (when === 'waiting to try again') request.hangUp();
  if (when === 'waiting to try again') await retrying.promise;
  abort.abort();
  await running;
  await request.closed;
});

test('a change without its record is requested again from the position before it, whatever the code', async () => {
  await using server = await serveChanges();
  const happened: unknown[] = [];
  const running = run(
    followNameLists({ url: server.url, from: 'cursor-0' }, createTestClock()),
    happened,
    (n) => n === 2,
  );
  const first = await server.asked();
  first.deliver(changeOf(1));
  first.deliver(changeOf(2, { entry: null }), [
    { message: 'Internal error', path: ['changes', 'entry'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
  ]);
  const second = await server.asked();
  second.deliver(changeOf(2, { entry: {} }));
  await running;
  expect({ after: second.variables['after'], happened }).toEqual({
    after: 'cursor-1',
    happened: ['begin id-1', 'end id-1', 'begin id-2', 'end id-2'],
  });
});
