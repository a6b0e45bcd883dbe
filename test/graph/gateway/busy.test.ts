import { randomUUID } from 'node:crypto';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { AUTHORITY, list, newEntity, numbered, rowOf } from '#test/support/listings.ts';
import { valueOf } from '#test/support/metrics.ts';
import { openRaw, rawHead, type RawClient } from '#test/support/rawSocket.ts';
import { lines } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';

// Where there is no room a new request is refused with the time to try again (503 BUSY, retry-after), what is under way
// goes on, and nothing is lost: the same request is answered later. What an overloaded event loop refuses stands in
// gateway/http/connections.test.ts.

const ROLE = 'PROVINCIAL_PLATFORM';
const uscc = newEntity();
const metrics = createMetrics();
/** Reads are written down once it is resolved. */
let held = Promise.resolve();
let writing = 0;
let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({
    metrics,
    async accessSink() {
      writing += 1;
      await held;
      writing -= 1;
    },
  });
  await list(graph, { uscc, level: '政务共享' });
  await numbered(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

const refused = async (): Promise<number> => valueOf(await metrics.text(), 'refusals_total', { code: 'BUSY' });
const busy = (message: string) => ({
  status: 503,
  retryAfter: '5',
  cacheControl: 'no-store',
  body: { errors: [{ message, extensions: { code: 'BUSY', retryable: true } }] },
});
const answerOf = async (response: Response) => ({
  status: response.status,
  retryAfter: response.headers.get('retry-after'),
  cacheControl: response.headers.get('cache-control'),
  body: (await response.json()) as unknown,
});

test('a fifth part of an export at once has to come back; it and the four are whole', async () => {
  const made = await graph.query(
    ROLE,
    'mutation ($input: CreateExportInput!) { createExport(input: $input) { ... on ExportCreated { export { id } } } }',
    { input: { idempotencyKey: randomUUID(), nameListChanges: { provinces: ['33'] } } },
  );
  const { id } = (made.body.data as { createExport: { export: { id: string } } }).createExport.export;
  const path = await until('the export is complete', async () => {
    const { body } = await graph.query(ROLE, 'query ($id: ID!) { export(id: $id) { status parts { path } } }', { id });
    const { status, parts } = (body.data as { export: { status: string; parts: { path: string }[] } }).export;
    return status === 'COMPLETED' && (parts[0]?.path ?? null);
  });
  const part = (): Promise<Response> =>
    fetch(`${graph.url}${path}`, {
      headers: { authorization: `Bearer ${graph.tokenOf(ROLE)}`, 'x-purpose': 'SUPERVISION' },
    });
  const whole = await (await part()).text();
  expect(whole).toContain(uscc);

  const before = await refused();
  const release = Promise.withResolvers<void>();
  held = release.promise;
  const four = Array.from({ length: 4 }, part);
  await until('four are being made', () => writing === 4);
  expect(await answerOf(await part())).toEqual(busy('Too many parts are being made: come back.'));
  expect(await answerOf(await part())).toEqual(busy('Too many parts are being made: come back.'));
  expect(await refused()).toBe(before + 2);
  release.resolve();
  for (const response of await Promise.all(four))
    expect([response.status, await response.text()]).toEqual([200, whole]);
  expect(await (await part()).text()).toBe(whole);
});

test('while too much is being sent a part of a filing is not read, and is recorded once when resent', async () => {
  const token = graph.tokenOf('NATIONAL_CENTRE');
  const created = await graph.query(
    'NATIONAL_CENTRE',
    'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { ... on FilingCreated { filing { id } } } }',
    { input: { idempotencyKey: randomUUID(), kind: 'name-list', format: 'NDJSON', partsExpected: 1 } },
  );
  const { id } = (created.body.data as { createFiling: { filing: { id: string } } }).createFiling.filing;
  const other = newEntity();
  const send = (): Promise<Response> =>
    fetch(`${graph.url}/filings/${id}/parts/1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: lines([rowOf({ uscc: other })]),
    });
  const entries = async (): Promise<unknown> =>
    (
      await graph.sql('select count(*)::int as entries from namelist.entry where uscc = $1 and source_unit = $2', [
        other,
        AUTHORITY,
      ])
    )[0]?.['entries'];
  const senders: RawClient[] = [];
  try {
    // Four parts of 16 MB whose bodies do not come take all the room that one address has.
    for (let each = 0; each < 4; each += 1) {
      const sender = await openRaw(graph.url);
      senders.push(sender);
      sender.send(
        rawHead('PUT', `/filings/${id}/parts/1`, {
          authorization: `Bearer ${token}`,
          'content-type': 'text/csv',
          'content-length': 16 * 1024 * 1024,
        }),
      );
    }
    await until('there is no room', async () => (await graph.query('PUBLIC', '{ __typename }')).status === 503);
    const before = await refused();
    expect(await answerOf(await send())).toEqual(busy('Too much is being sent at once: send it again.'));
    expect(await refused()).toBe(before + 1);
    expect(await entries()).toBe(0);
    // What has no body needs no room.
    expect(
      (await fetch(`${graph.url}/graphql?query={__typename}`, { headers: { 'apollo-require-preflight': '1' } })).status,
    ).toBe(200);
  } finally {
    for (const sender of senders) await sender[Symbol.asyncDispose]();
  }
  const recorded = await until('there is room', async () => {
    const found = await answerOf(await send());
    return found.status === 200 && found.body;
  });
  expect(recorded).toMatchObject({ rows: 1, added: 1, rejected: 0 });
  expect(await entries()).toBe(1);
});
