import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Followed, tail } from '#cli/tail.ts';
import { parseConfig } from '#kit/config.ts';
import { silentLog } from '#kit/log.ts';
import { openDatabase as bootDatabase } from '#kit/postgres/database.ts';
import type { Role } from '#policy/roles.ts';
import { type Database, MIGRATIONS, openEmptyDatabase } from '#test/support/database.ts';
import { organisationOf, type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { AUTHORITY, numbered, type PageOfChanges, pageOf } from '#test/support/listings.ts';
import { purposesOf } from '#test/support/purposes.ts';
import { accepts, startReceiver } from '#test/support/receivers.ts';
import { lines } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';
import { type Following, followBySse, followByWebSocket } from '#test/support/streams.ts';

// What clients hold, as the version at 0c81015 gave it, is good at the version of now: cursors of every transport, the
// file of `credit-graph tail`, ids, instants, secrets and keys of calls, over a database that it made. How both were
// made is said in 0c81015/README.md. What is asked is asked in the words of then, and what is answered is what it
// answered itself, with the same cursors: instances of both versions may run side by side.

const folder = join(import.meta.dirname, '0c81015');

type Topic = 'NAME_LIST' | 'EVALUATION';

interface HeldCursor {
  readonly of: string;
  readonly role: Role;
  readonly topic: Topic;
  readonly filter: Record<string, unknown>;
  readonly cursor: string;
  /** A page of a hundred after it, when all was done. */
  readonly after: PageOfChanges;
}

interface Asked {
  readonly role: Role;
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly answer: unknown;
}

interface Held {
  /** When all was done: the clock of every gateway here. */
  readonly at: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly documents: Readonly<Record<Topic, { readonly page: string; readonly stream: string }>>;
  readonly cursors: readonly HeldCursor[];
  readonly tail: {
    readonly role: Role;
    readonly followed: Followed;
    readonly changes: string;
    readonly cursorFile: string;
    /** What it appended, and the place beside it. */
    readonly after: { readonly changes: string; readonly cursorFile: string };
  };
  readonly export: {
    readonly role: Role;
    readonly purpose: string;
    readonly path: string;
    readonly text: string;
    readonly digest: string;
  };
  readonly webhook: {
    readonly id: string;
    readonly secret: string;
    /** The notice that its receiver did not take, twice. */
    readonly refused: { readonly id: string; readonly body: string };
  };
  readonly proposal: string;
  readonly recordQuery: string;
  readonly records: readonly { readonly id: string; readonly answer: { readonly __typename: string } }[];
  readonly earlier: { readonly id: string; readonly knownAt: string; readonly answer: unknown };
  /** Pages of lists after a cursor. */
  readonly lists: readonly (Asked & { readonly of: string; readonly variables: { readonly after: string } })[];
  /** What is found by its id, or is its owner's. */
  readonly own: readonly (Asked & { readonly of: string })[];
  /** Mutations that were made, to be repeated with their keys. */
  readonly calls: readonly (Asked & { readonly actor: string | null })[];
  readonly subject: string;
}

const held = JSON.parse(readFileSync(join(folder, 'held.json'), 'utf8')) as Held;
const { documents, cursors } = held;
const now = (): Date => new Date(held.at);

interface Applied {
  readonly name: string;
  readonly checksum: string;
}

const inDatabase = async <Result>({ url }: Database, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const applied = async (client: pg.Client): Promise<Applied[]> =>
  (
    await client.query<Applied>(
      'select migration_name as name, checksum from public._prisma_migrations order by migration_name',
    )
  ).rows;

interface Restored extends AsyncDisposable {
  readonly graph: TestGraph;
  /** The migrations of the database, as it was and once it has booted. */
  readonly before: readonly Applied[];
  readonly after: readonly Applied[];
}

/** The database of then, booted as production boots one, and a gateway on it. */
async function restore(): Promise<Restored> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openEmptyDatabase());
  const dump = await readFile(join(folder, 'database.sql'), 'utf8');
  const before = await inDatabase(database, async (client) => {
    await client.query(dump);
    return applied(client);
  });
  stack.use(await bootDatabase(configOf(database), silentLog));
  const after = await inDatabase(database, async (client) => {
    // The log is kept for 90 days by the database's own clock, which no test moves.
    await client.query('update feed.log set sequenced_at = now()');
    return applied(client);
  });
  const graph = stack.use(await boot(database));
  const owned = stack.move();
  return { graph, before, after, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const configOf = ({ url }: Database) => parseConfig({ DATABASE_URL: url, LOG_LEVEL: 'silent', ...held.keys });

function boot(database: Database, options: Parameters<typeof startGraph>[0] = {}): Promise<TestGraph> {
  const { cursorKeys, passportKeys, digestKeys } = configOf(database);
  return startGraph({
    database,
    now,
    notifies: false,
    webhookTargets: 'any', // that of then is a receiver on this machine
    config: { cursorKeys, passportKeys, digestKeys },
    ...options,
  });
}

/** @throws Error for an answer that is not whole */
function dataOf({ body, text }: Reply): Record<string, unknown> {
  if (!body.data || body.errors) throw new Error(text);
  return body.data;
}

const page = (graph: TestGraph, { role, topic, filter, cursor }: HeldCursor): Promise<Reply> =>
  graph.query(role, documents[topic].page, { filter, first: 100, after: cursor });

/** A person of the role's organisation, where there is one; the role's own token otherwise. */
function tokenOf(graph: TestGraph, role: Role, actor: string | null): string {
  if (actor === null) return graph.tokenOf(role);
  const iat = Math.floor(now().getTime() / 1000);
  const { organisation } = organisationOf(role);
  return graph.issuer.token(
    { role, organisation, purposes: purposesOf(role), actor },
    { payload: { iat, exp: iat + 1800 } },
  );
}

const run = async (graph: TestGraph, { role, query, variables, actor = null }: Asked & { actor?: string | null }) =>
  dataOf(await graph.query(role, query, variables, role === 'PUBLIC' ? {} : { token: tokenOf(graph, role, actor) }));

/** The text with the character at an index changed to another of base64url. */
const changedAt = (text: string, index: number): string =>
  `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;

/** A text changed in one character: of the key's name, the first that is sealed, one in the middle, the last. */
const changedIn = (cursor: string): string[] =>
  [0, cursor.indexOf('.') + 1, cursor.length >> 1, cursor.length - 1].map((index) => changedAt(cursor, index));

const codesOf = ({ body }: Reply): unknown[] | undefined => body.errors?.map(({ extensions }) => extensions['code']);

let restored: Restored;
let graph: TestGraph;

beforeAll(async () => {
  restored = await restore();
  ({ graph } = restored);
});
afterAll(() => restored[Symbol.asyncDispose]());

describe('what was given then: cursors', () => {
  test("a database made at 0c81015 boots, and its migrations' checksums are those of the files", async () => {
    const names = (await readdir(MIGRATIONS, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const files = await Promise.all(
      names
        .map(({ name }) => name)
        .toSorted()
        .map(async (name) => ({
          name,
          checksum: createHash('sha256')
            .update(await readFile(join(MIGRATIONS, name, 'migration.sql')))
            .digest('hex'),
        })),
    );
    expect(restored.before).toHaveLength(8);
    expect(files.slice(0, 8)).toEqual(restored.before);
    expect(restored.after).toEqual(files);
    expect(dataOf(await graph.query('PUBLIC', '{ sourceStatus { source } }'))).toEqual({
      sourceStatus: ['entity', 'disclosure', 'namelist', 'evaluation'].map((source) => ({ source })),
    });
  });

  test.each(cursors)('page after the $of: the rest in full', async (each) => {
    expect(pageOf(await page(graph, each))).toEqual(each.after);
  });

  test.each(cursors)('the $of, changed or with another filter, field or role: BAD_CURSOR', async (each) => {
    const { filter, cursor, role, topic } = each;
    const others: readonly HeldCursor[] = [
      ...changedIn(cursor).map((changed) => ({ ...each, cursor: changed })),
      { ...each, filter: { ...filter, kinds: ['ADDED'] } },
      { ...each, filter: {}, topic: topic === 'NAME_LIST' ? 'EVALUATION' : 'NAME_LIST' },
      { ...each, role: role === 'AUDITOR' ? 'NATIONAL_CENTRE' : 'AUDITOR' },
    ];
    const codes = await Promise.all(others.map(async (other) => codesOf(await page(graph, other))));
    const expected = others.map(() => ['BAD_CURSOR']);
    // A watchlist is its owner's: nobody else's filter gets so far as a cursor.
    if ('watchlist' in filter) expected.splice(-1, 1, ['NOT_FOUND']);
    expect(codes).toEqual(expected);
  });

  test('the file of `credit-graph tail` goes on from its own place', async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'credit-graph-held-'));
    stack.defer(() => rm(directory, { recursive: true }));
    const save = join(directory, 'changes');
    await writeFile(save, held.tail.changes);
    await writeFile(`${save}.cursor`, held.tail.cursorFile);
    await tail({
      url: graph.url,
      token: () => graph.tokenOf(held.tail.role),
      purpose: 'SUPERVISION',
      followed: held.tail.followed,
      from: null,
      save,
      json: true,
      untilCaughtUp: true,
      signal: new AbortController().signal,
      print: () => {},
      note: () => {},
    });
    expect(await readFile(save, 'utf8')).toBe(held.tail.changes + held.tail.after.changes);
    expect(await readFile(`${save}.cursor`, 'utf8')).toBe(held.tail.after.cursorFile);
  });
});

describe('what was given then: records and answers', () => {
  test('the part of an export has the same bytes', async () => {
    const { role, purpose, path, text, digest } = held.export;
    const response = await fetch(`${graph.url}${path}`, {
      headers: { authorization: `Bearer ${graph.tokenOf(role)}`, 'x-purpose': purpose },
    });
    expect({
      status: response.status,
      digest: response.headers.get('content-digest'),
      text: await response.text(),
    }).toEqual({ status: 200, digest, text });
  });

  test.each(held.records)('the id of a record of type $answer.__typename gives the same record', async (each) => {
    const { id, answer } = each;
    expect(dataOf(await graph.query('AUDITOR', held.recordQuery, { id }))).toEqual({ record: answer });
  });

  test('an id with an instant gives the record as it was known then', async () => {
    const { id, knownAt, answer } = held.earlier;
    expect(dataOf(await graph.query('AUDITOR', held.recordQuery, { id, knownAt }))).toEqual({ record: answer });
  });

  test.each(held.own)('$of is the same', async (each) => {
    expect(await run(graph, each)).toEqual(each.answer);
  });

  test.each(held.lists)('a cursor of $of gives the rest; changed: BAD_CURSOR', async (each) => {
    expect(await run(graph, each)).toEqual(each.answer);
    const { role, query, variables } = each;
    const codes = await Promise.all(
      changedIn(variables.after).map(async (after) => codesOf(await graph.query(role, query, { ...variables, after }))),
    );
    expect(codes).toEqual(codes.map(() => ['BAD_CURSOR']));
  });

  test.each(held.calls)('a mutation of $role that is repeated with its key is answered the same', async (each) => {
    expect(await run(graph, each)).toEqual(each.answer);
  });
});

describe('what goes on', () => {
  /** Restored once more: what goes on changes it. */
  let live: Restored;
  beforeAll(async () => {
    live = await restore();
  });
  afterAll(() => live[Symbol.asyncDispose]());

  test('a stream from each cursor delivers the rest, and then what comes now', async () => {
    await using stack = new AsyncDisposableStack();
    const opened: { readonly each: HeldCursor; readonly delivered: unknown[]; readonly stream: Following }[] = [];
    for (const each of cursors) {
      const { role, topic, filter, cursor } = each;
      const token = role === 'PUBLIC' ? null : live.graph.tokenOf(role);
      const query = documents[topic].stream;
      for (const stream of [
        await followBySse(live.graph.url, token, query, { variables: { filter }, lastEventId: cursor }),
        await followByWebSocket(live.graph.url, token, query, { variables: { filter, after: cursor } }),
      ])
        opened.push({ each, delivered: [], stream: stack.use(stream) });
    }
    for (const { each, delivered, stream } of opened)
      for (const event of each.after.events) {
        const message = await stream.event();
        expect(message).toEqual({ data: { changes: expect.anything() }, extensions: { cursor: event['cursor'] } });
        delivered.push(message.data?.['changes']);
      }
    expect(opened.map(({ delivered }) => delivered)).toEqual(opened.map(({ each }) => each.after.events));

    // A second person approves what was proposed then, and an evaluation is filed: one change more of each kind, which
    // all of them see.
    const decided = await run(live.graph, {
      role: 'DETERMINING_UNIT',
      actor: '1002',
      query: APPROVAL,
      variables: { input: { idempotencyKey: 'now', id: held.proposal, expectedVersion: 1, approve: true } },
      answer: null,
    });
    expect(decided).toEqual({
      decideListing: {
        __typename: 'ListingDecided',
        entry: { id: expect.any(String), documentNo: '浙示列〔2026〕1号' },
      },
    });
    const receipt = await live.graph.file('evaluation', lines([evaluationOf(held.subject)]), { format: 'NDJSON' });
    expect(receipt).toMatchObject({ added: 1, rejected: 0 });
    await numbered(live.graph);
    for (const { each, stream } of opened) {
      const { events } = pageOf(await page(live.graph, each));
      expect(events.slice(0, -1).map(({ id }) => id)).toEqual(each.after.events.map(({ id }) => id));
      const { data } = await stream.event();
      expect(data?.['changes']).toEqual({ ...events.at(-1), cursor: expect.any(String) });
      expect(data?.['changes']).toMatchObject({ kind: 'ADDED', version: 1, subject: { uscc: held.subject } });
    }
  });

  test('a notice that was not taken comes again, with its id and bytes, signed with the secret of then', async () => {
    const { id, secret, refused } = held.webhook;
    await using receiver = await startReceiver(accepts);
    await live.graph.sql('update gateway.webhook set url = $2 where id = $1', [id, receiver.url]);
    await using notifying = await boot(live.graph.database, { notifies: true });
    const notice = await until('the notice comes', () => receiver.received[0] ?? null);
    expect({ id: notice.headers['webhook-id'], body: notice.text }).toEqual(refused);
    expect(notice.isSignedWith(secret)).toBe(true);
    const { cursor } = await until('the notice is taken', async () => {
      const { viewer } = dataOf(await notifying.query('FINANCIAL_INSTITUTION', HOOKS)) as {
        viewer: { webhooks: { nodes: readonly [{ cursor: string; failingSince: string | null }] } };
      };
      const [hook] = viewer.webhooks.nodes;
      return hook.failingSince === null && hook;
    });
    // It stands at the end of the log.
    const before = cursors.find((each) => refused.body.includes(each.cursor)) as HeldCursor;
    expect(pageOf(await page(notifying, { ...before, cursor })).events).toEqual([]);
  });
});

const APPROVAL = `mutation ($input: DecideListingInput!) {
  decideListing(input: $input) { __typename ... on ListingDecided { entry { id documentNo } } } }`;
const HOOKS = '{ viewer { webhooks(first: 10) { nodes { cursor failingSince } } } }';

function evaluationOf(uscc: string): Record<string, string> {
  return {
    PJ_XDR_MC: '示例主体',
    PJ_XDR_SHXYM: uscc,
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'B',
    PJ_RQ: '2026/11/29',
    PJ_SJJZ: '2026/11/28',
    PJ_YXQZ: '2027/11/28',
    PJ_DW: '示例评价单位',
    PJ_DWDM: AUTHORITY,
    PJ_LYDW: '示例单位',
    PJ_LYDWDM: AUTHORITY,
    PJ_SYFW: '社会公开',
  };
}
