import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { createSubgraph, type Subgraph } from '#records/subgraph.ts';
import type { Role } from '#policy/roles.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { definition } from '#subgraphs/namelist/index.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';

// PROTOCOL.md P7: publication begins and ends by the calendar, and both are delivered like any change.

const start = Date.now();
let days = 0;
const now = (): Date => new Date(start + days * 86_400_000);
const dayAfter = (count: number): string => addDays(shanghaiDay(new Date(start)), count);

let database: Database;
let graph: TestGraph;
let namelist: Subgraph;
beforeAll(async () => {
  database = await openDatabase();
  graph = await startGraph({ database, now });
  const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);
  namelist = createSubgraph(definition, {
    pool: createPool({
      url: database.url,
      role: 'credit_namelist',
      applicationName: 'namelist',
      max: 2,
      statementTimeoutMs: 10_000,
    }),
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now,
  });
});
afterAll(async () => {
  await namelist[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const DOCUMENT = `query ($after: Cursor) {
  nameListChanges(filter: {}, first: 100, after: $after) {
    hasMore endCursor
    events { ... on NameListChange { kind entered reason version subject { uscc } entry { state } } }
  }
}`;
async function read(role: Role, after: string | null): Promise<{ events: readonly unknown[]; endCursor: string }> {
  await numbered(graph);
  return pageOf(await graph.query(role, DOCUMENT, { after }));
}

test('readers of published records learn when publication begins and ends; others that it did', async () => {
  const [ending, upcoming] = [newEntity(), newEntity()];
  await list(graph, { uscc: ending, publicUntil: dayAfter(1) });
  const [everyone, province] = [await read('PUBLIC', null), await read('PROVINCIAL_PLATFORM', null)];
  expect(everyone.events).toEqual([
    { kind: 'ADDED', entered: false, reason: null, version: 1, subject: { uscc: ending }, entry: { state: 'LISTED' } },
  ]);
  // A listing of a day to come is refused: this one is filed where it is that day already.
  days = 2;
  await list(graph, { uscc: upcoming, listedOn: dayAfter(2), publicUntil: dayAfter(30) });
  days = 0;
  const before = await read('PUBLIC', everyone.endCursor);
  expect(before.events).toEqual([]);
  expect(await namelist.publicationCalendar()).toBe(0);

  days = 2;
  expect(await namelist.publicationCalendar()).toBe(2);
  expect(await namelist.publicationCalendar()).toBe(0);
  const ended = {
    kind: 'REMOVED',
    entered: false,
    reason: 'ENDED',
    version: null,
    subject: { uscc: ending },
    entry: null,
  };
  const began = {
    kind: 'PUBLISHED',
    entered: true,
    reason: null,
    version: 1,
    subject: { uscc: upcoming },
    entry: { state: 'LISTED' },
  };
  expect((await read('PUBLIC', before.endCursor)).events).toEqual([ended, began]);
  // A subscriber with an older cursor receives events by the rights of now, the listing included.
  expect((await read('PUBLIC', everyone.endCursor)).events).toEqual([
    { ...began, kind: 'ADDED', entered: false },
    ended,
    began,
  ]);
  expect((await read('PROVINCIAL_PLATFORM', province.endCursor)).events).toEqual([
    {
      kind: 'ADDED',
      entered: false,
      reason: null,
      version: 1,
      subject: { uscc: upcoming },
      entry: { state: 'LISTED' },
    },
    {
      kind: 'UNPUBLISHED',
      entered: false,
      reason: null,
      version: 1,
      subject: { uscc: ending },
      entry: { state: 'LISTED' },
    },
    {
      kind: 'PUBLISHED',
      entered: false,
      reason: null,
      version: 1,
      subject: { uscc: upcoming },
      entry: { state: 'LISTED' },
    },
  ]);
  expect(await graph.sql("select action, role, row_count from audit.change where action = 'publication-days'")).toEqual(
    [{ action: 'publication-days', role: 'SYSTEM', row_count: 2 }],
  );
});
