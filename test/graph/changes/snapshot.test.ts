import { randomUUID } from 'node:crypto';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, type Listing, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { daysFromNow } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P15, V9: a snapshot taken at any moment, and the changes after its cursor, are the state, byte for byte.

const POINTS = 20;
const PURPOSE = { purpose: 'CREDIT_GRANTING' };
const ROLE = 'FINANCIAL_INSTITUTION';
const ENTRY = `{
  id version listType { code } category state documentNo listedOn grounds removedOn removalReason publicUntil
  recordedAt
}`;

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

/** Files at random until it is stopped: new entries, corrections, ends, repairs, levels up and down. */
async function write(signal: AbortSignal, seed: number): Promise<number> {
  let state = seed;
  const below = (limit: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % limit;
  const codes = Array.from({ length: 25 }, () => newEntity());
  let written = 0;
  while (!signal.aborted) {
    const rows = new Map<string, Listing>();
    for (let index = 0; index < 1 + below(4); index++) {
      const uscc = codes[below(codes.length)] as string;
      const what = below(10);
      rows.set(uscc, {
        uscc,
        grounds: `第${(written += 1)}次`,
        ...(what === 0
          ? { removedOn: daysFromNow(-1), removalReason: '期限届满' }
          : what === 1
            ? { level: '政务共享' as const }
            : what === 2
              ? { industryCode: 'F5211' }
              : null),
      });
    }
    await list(graph, ...rows.values());
  }
  return written;
}

async function takeExport(): Promise<{ id: string; cursor: string }> {
  const { body, text } = await graph.query(
    ROLE,
    `mutation ($input: CreateExportInput!) {
      createExport(input: $input) {
        ... on ExportCreated { export { id cursor } } ... on DomainError { message }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), nameListChanges: {}, fields: `recordId version entry ${ENTRY}` } },
    PURPOSE,
  );
  const made = (body.data?.['createExport'] as { export?: { id: string; cursor: string } } | null | undefined)?.export;
  if (!made) throw new Error(text);
  return made;
}

/** What a follower holds: each record's entry as bytes. */
type Held = Map<string, string>;

/** The snapshot, as soon as it is complete: while the writers go on. */
async function snapshotOf(id: string): Promise<Held> {
  const held: Held = new Map();
  const parts = await until('the export is complete', async () => {
    const { body } = await graph.query(
      ROLE,
      'query ($id: ID!) { export(id: $id) { status parts { path } } }',
      { id },
      PURPOSE,
    );
    const found = body.data?.['export'] as { status: string; parts: { path: string }[] };
    return found.status === 'COMPLETED' && found.parts;
  });
  for (const { path } of parts) {
    const response = await fetch(`${graph.url}${path}`, {
      headers: { authorization: `Bearer ${graph.tokenOf(ROLE)}`, 'x-purpose': PURPOSE.purpose },
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    for (const line of text.split('\n').filter(Boolean)) {
      const { change } = JSON.parse(line) as { change: { recordId: string; entry: unknown } };
      held.set(change.recordId, JSON.stringify(change.entry));
    }
  }
  return held;
}

/** The snapshot with the changes after its cursor. */
async function fold(held: Held, cursor: string): Promise<Held> {
  const versions = new Map(
    [...held].map(([recordId, entry]) => [recordId, (JSON.parse(entry) as { version: number }).version]),
  );
  for (let after = cursor, more = true; more;) {
    const page = pageOf(
      await graph.query(
        ROLE,
        `query ($after: Cursor) {
          nameListChanges(filter: {}, first: 100, after: $after) {
            hasMore endCursor
            events { ... on NameListChange { kind recordId version entry ${ENTRY} } }
          }
        }`,
        { after },
        PURPOSE,
      ),
    );
    for (const event of page.events as unknown as readonly {
      kind: string;
      recordId: string;
      version: number;
      entry: unknown;
    }[]) {
      if (event.kind === 'REMOVED') {
        held.delete(event.recordId);
        versions.delete(event.recordId);
      } else if (event.version > (versions.get(event.recordId) ?? 0)) {
        held.set(event.recordId, JSON.stringify(event.entry));
        versions.set(event.recordId, event.version);
      }
    }
    [after, more] = [page.endCursor, page.hasMore];
  }
  return held;
}

async function stateNow(): Promise<Held> {
  const held: Held = new Map();
  for (let after: unknown = null, more: unknown = true; more;) {
    const { body, text } = await graph.query(
      ROLE,
      `query ($after: Cursor) {
        nameListEntries(filter: {}, first: 100, after: $after) {
          pageInfo { hasNextPage endCursor } nodes ${ENTRY}
        }
      }`,
      { after },
      PURPOSE,
    );
    const page = body.data?.['nameListEntries'] as
      { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } | null | undefined;
    if (!page) throw new Error(text);
    for (const node of page.nodes) held.set(node.id, JSON.stringify(node));
    ({ hasNextPage: more, endCursor: after } = page.pageInfo);
  }
  return held;
}

const sorted = (held: Held): string[] => [...held.values()].toSorted();

test(`at ${POINTS} moments while two write`, async () => {
  const stopping = new AbortController();
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const writers = [write(stopping.signal, seed), write(stopping.signal, seed + 1)];
  const exports: { cursor: string; snapshot: Promise<Held> }[] = [];
  for (let point = 0; point < POINTS; point++) {
    // Between some changes and the next: as many as there come meanwhile.
    const [before] = await graph.sql('select last_seq::int as head from feed.sequencer');
    await until(
      'something was written',
      async () =>
        Number((await graph.sql('select last_seq::int as head from feed.sequencer'))[0]?.['head']) >
        Number(before?.['head']) + (point % 4),
    );
    const { id, cursor } = await takeExport();
    exports.push({ cursor, snapshot: snapshotOf(id) });
  }
  const snapshots = await Promise.all(exports.map(({ snapshot }) => snapshot));
  stopping.abort();
  const written = (await Promise.all(writers)).reduce((sum, each) => sum + each, 0);
  await numbered(graph);
  const state = sorted(await stateNow());
  expect(state.length).toBeGreaterThan(10);
  expect(written).toBeGreaterThan(POINTS);
  for (const [index, snapshot] of snapshots.entries())
    expect(sorted(await fold(snapshot, exports[index]?.cursor as string))).toEqual(state);
}, 180_000);
