import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { silentLog } from '#kit/log.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { createDocumentCheck } from '#gateway/trustedDocuments/check.ts';
import { createDocumentStore } from '#gateway/trustedDocuments/store.ts';
import { openAcknowledged } from '#test/support/transports.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { followBySse, isCheckpoint } from '#test/support/streams.ts';
import { byDigest, operatorsOf, sha256 } from '#test/support/trusted.ts';
import { until } from '#test/support/until.ts';

// What is published, where and when it is known, and what becomes of those who use it when it is withdrawn or no longer
// fits.

let graph: TestGraph;
let trusted: TestGraph;
let operators: ReturnType<typeof operatorsOf>;
beforeAll(async () => {
  graph = await startGraph();
  trusted = await startGraph({ database: graph.database, documents: 'trusted', notifies: false });
  operators = operatorsOf(graph);
});
afterAll(async () => {
  await trusted[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});

const FOLLOW = `subscription Follow {
  nameListChanges(filter: {}) {
    __typename ... on NameListChange { recordId cursor } ... on Checkpoint { cursor }
  }
}`;
const LISTS = 'query Lists { nameListTypes { code } }';

const codeOf = async (at: TestGraph, documentId: string): Promise<unknown> => {
  const response = await fetch(`${at.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId }),
  });
  const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
  return errors ? [response.status, errors[0]?.extensions.code, errors[0]?.message] : 'ANSWERED';
};
const readyOf = async (at: TestGraph): Promise<{ status: string; documents: unknown }> =>
  (await (await fetch(`${at.url}/health/ready`)).json()) as never;

test('another gateway knows a publication within seconds, and one that starts later from its start', async () => {
  const id = await operators.publish('PUBLIC', byDigest(LISTS));
  expect(await codeOf(graph, sha256(LISTS))).toBe('ANSWERED');
  await until(
    'that the other gateway knows it',
    async () => (await codeOf(trusted, sha256(LISTS))) === 'ANSWERED',
    5000,
  );
  await using late = await startGraph({ database: graph.database, notifies: false });
  expect(await codeOf(late, sha256(LISTS))).toBe('ANSWERED');
  await operators.withdraw('1001', id);
  await until(
    'that the other gateways know it',
    async () =>
      (await codeOf(trusted, sha256(LISTS))) !== 'ANSWERED' && (await codeOf(late, sha256(LISTS))) !== 'ANSWERED',
    5000,
  );
});

test('a gateway that hears nothing looks every few seconds', async () => {
  const pool = createOwnPool(graph.database.url, 'gateway', silentLog);
  const { schema, view } = graph.gateway.graph;
  // Nobody listens at that port.
  await using store = createDocumentStore({
    pool,
    url: 'postgresql://127.0.0.1:1/nothing',
    check: createDocumentCheck({ schema, view }, standardLimits),
    restricted: new Set(),
    released: [],
    log: silentLog,
  });
  expect(store.state()).toBeNull();
  expect(store.allow('PUBLIC', { query: null, documentId: 'x', isAutomatic: false })).toMatchObject({
    extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
  });
  await store.refresh();
  const { published } = store.state() ?? { published: Number.NaN };
  await operators.publish('PUBLIC', byDigest('query Polled { purposes { code } }'));
  await until('that it looks', () => store.state()?.published === published + 1, 8000);
  await pool[Symbol.asyncDispose]();
});

test('a stream of a withdrawn document ends with its error; other streams of the WebSocket go on', async () => {
  await using frames = await openAcknowledged(graph.url);
  const kept = FOLLOW.replace('Follow', 'Kept');
  const withdrawn = await operators.publish('PUBLIC', byDigest(FOLLOW));
  await operators.publish('PUBLIC', byDigest(kept));
  frames.send(
    { id: 'w', type: 'subscribe', payload: { documentId: sha256(FOLLOW) } },
    { id: 'k', type: 'subscribe', payload: { documentId: sha256(kept) } },
    { id: 'o', type: 'subscribe', payload: { query: FOLLOW } },
  );
  const begun = [await frames.next(), await frames.next(), await frames.next()];
  expect(begun.map(({ id, type }) => `${String(id)} ${String(type)}`).toSorted()).toEqual([
    'k next',
    'o next',
    'w next',
  ]); // a checkpoint each
  await operators.withdraw('1001', withdrawn);
  let message = await frames.next();
  while (message['type'] === 'next') message = await frames.next();
  expect(message).toEqual({
    id: 'w',
    type: 'error',
    payload: [
      {
        message: 'The document that this stream was asked by is not published any more.',
        extensions: { code: 'DOCUMENT_NOT_FOUND', cursor: expect.any(String) },
      },
    ],
  });
  // A subscription by text needs no document here; both still receive events.
  await list(graph, { uscc: newEntity() });
  const delivered = new Set<unknown>();
  while (delivered.size < 2) {
    const { id, type, payload } = await frames.next();
    expect(type).toBe('next');
    if (!isCheckpoint(payload as never)) delivered.add(id);
  }
  expect(delivered).toEqual(new Set(['k', 'o']));
  frames.send({ id: 'w', type: 'subscribe', payload: { documentId: sha256(FOLLOW) } });
  let again = await frames.next();
  while (again['id'] !== 'w') again = await frames.next();
  expect(again).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'DOCUMENT_NOT_FOUND' } }] });
});

test('a stream of events ends with complete and its reason, also as a text at another gateway', async () => {
  const text = FOLLOW.replace('Follow', 'Events');
  const id = await operators.publish('PUBLIC', byDigest(text));
  await until(
    'that the other gateway knows it',
    async () =>
      trusted.gateway.trusted.restricts('PUBLIC') &&
      !(
        'extensions' in
        trusted.gateway.trusted.allow('PUBLIC', { query: text, documentId: undefined, isAutomatic: false })
      ),
  );
  await using stream = await followBySse(trusted.url, null, text);
  expect(isCheckpoint(await stream.next())).toBe(true);
  const response = await fetch(`${trusted.url}/graphql?documentId=${sha256(text)}`, {
    headers: { accept: 'text/event-stream' },
  });
  const raw = response.text();
  await operators.withdraw('1001', id);
  expect(await stream.ended).toMatchObject({ reason: expect.stringContaining('WITHDRAWN') });
  expect(await raw).toMatch(
    /event: complete\nid: \S+\ndata: \{"reason":"WITHDRAWN","code":1000,"cursor":"[^"]+"\}\n\n$/,
  );
});

test('one withdrawn while another manifest has it ends nobody’s stream', async () => {
  const text = FOLLOW.replace('Follow', 'Twice');
  const first = await operators.publish('PUBLIC', byDigest(text));
  await operators.publish('PUBLIC', [...byDigest(text), { id: 'twice', text }]);
  await using frames = await openAcknowledged(graph.url);
  frames.send({ id: '1', type: 'subscribe', payload: { documentId: sha256(text) } });
  await frames.next();
  await operators.withdraw('1001', first);
  await list(graph, { uscc: newEntity() });
  let message = await frames.next();
  while (message['type'] === 'next' && isCheckpoint(message['payload'] as never)) message = await frames.next();
  expect(message['type']).toBe('next');
});

// As an earlier release may have published them: a field that has gone, and one that the role sees no more.
const gone = 'query Gone { nothing }';
const denied = 'query Denied { grants(first: 1) { nodes { id } } }';
const good = 'query Good { purposes { code } }';

/** Publishes all three for the public, and gives the manifest's id. */
async function publishMisfits(): Promise<string> {
  const id = randomUUID();
  await graph.sql(
    `insert into gateway.document_manifest (id, role, version, state, digest, document_count, bytes,
        proposed_by, proposed_by_actor, proposed_at, published_by, published_by_actor, published_at)
     values ($1, 'PUBLIC', 900, 'PUBLISHED', '\\x00', 3, 3000, 'x', '1', now(), 'x', '2', now())`,
    [id],
  );
  for (const [at, [name, text]] of Object.entries({ Gone: gone, Denied: denied, Good: good }).entries())
    await graph.sql(
      `insert into gateway.trusted_document (manifest_id, position, document_id, name, text)
        values ($1, $2, $3, $4, $5)`,
      [id, at + 1, `sha256:${sha256(text)}`, name, text],
    );
  return id;
}

/** What a gateway that starts logs of the documents. */
async function warningsAtStart(): Promise<string[]> {
  const lines: string[] = [];
  const pool = createOwnPool(graph.database.url, 'gateway', silentLog);
  const { schema, view } = graph.gateway.graph;
  {
    await using store = createDocumentStore({
      pool,
      url: graph.database.url,
      check: createDocumentCheck({ schema, view }, standardLimits),
      restricted: new Set(),
      released: [],
      log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }),
    });
    await store.refresh();
    await until('its warnings', () => lines.length >= 2);
  }
  await pool[Symbol.asyncDispose]();
  return lines;
}

test('a misfit document is refused by its own code; log, metrics and readiness show it from start', async () => {
  const id = await publishMisfits();

  await using later = await startGraph({ database: graph.database, documents: 'trusted', notifies: false });
  await until(
    'that it has looked through them',
    async () => ((await readyOf(later)).documents as { outdated: number }).outdated === 2,
  );
  expect(await readyOf(later)).toMatchObject({
    status: 'degraded',
    documents: { state: 'degraded', published: expect.any(Number), outdated: 2 },
  });
  expect(JSON.stringify(await readyOf(later))).not.toMatch(/Gone|Denied|PUBLIC/);
  expect(await codeOf(later, sha256(gone))).toEqual([
    410,
    'DOCUMENT_OUTDATED',
    'The published document "Gone" no longer fits: Cannot query field "nothing" on type "Query".',
  ]);
  expect(await codeOf(later, sha256(denied))).toEqual([
    410,
    'DOCUMENT_OUTDATED',
    'The published document "Denied" no longer fits: As PUBLIC sees the schema: Cannot query field ' +
      '"grants" on type "Query".',
  ]);
  expect((await later.query('PUBLIC', gone)).body.errors?.[0]?.extensions['code']).toBe('DOCUMENT_OUTDATED');
  expect(await codeOf(later, sha256(good))).toBe('ANSWERED');
  const metrics = await (
    await fetch(`${later.url}/metrics`, { headers: { authorization: `Bearer ${later.tokenOf('OPERATOR')}` } })
  ).text();
  expect(metrics).toMatch(/^credit_graph_documents_outdated 2$/m);
  const displayed = await later.query(
    'AUDITOR',
    'query Shown { trustedDocuments(manifest: "x", first: 1) { nodes { name } } }',
  );
  expect(displayed.body.errors?.[0]?.extensions['code']).toBe('DOCUMENT_NOT_TRUSTED');
  const problems = await graph.query(
    'OPERATOR',
    `query ($id: ID!) {
      trustedDocuments(manifest: $id, first: 2) {
        nodes { name problem } totalCount { value } pageInfo { hasNextPage }
      }
    }`,
    { id },
  );
  expect(problems.body.data?.['trustedDocuments']).toEqual({
    nodes: [
      { name: 'Gone', problem: 'Cannot query field "nothing" on type "Query".' },
      { name: 'Denied', problem: 'As PUBLIC sees the schema: Cannot query field "grants" on type "Query".' },
    ],
    totalCount: { value: 3 },
    pageInfo: { hasNextPage: true },
  });

  expect((await warningsAtStart()).map((line) => JSON.parse(line) as unknown)).toEqual(
    [
      ['Gone', gone, 'Cannot query field "nothing" on type "Query".'],
      ['Denied', denied, 'As PUBLIC sees the schema: Cannot query field "grants" on type "Query".'],
    ].map(([name, text, problem]) => ({
      level: 40,
      role: 'PUBLIC',
      id: `sha256:${sha256(String(text))}`,
      name,
      problem,
      msg: 'a published document no longer fits, and is refused',
    })),
  );
});
