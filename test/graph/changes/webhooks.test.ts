import { randomUUID } from 'node:crypto';
import { createCursorSealer } from '#kit/cursor.ts';
import type { Key } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { ListeningGrantStore } from '#gateway/grants/store.ts';
import { createConsents } from '#records/consents.ts';
import { createTopics } from '#gateway/changes/topics.ts';
import { createChangeLog } from '#gateway/feed/log.ts';
import { createWebhookSecrets } from '#gateway/webhooks/secrets.ts';
import { createWebhookTargets, isPublicAddress, type WebhookTargets } from '#gateway/webhooks/targets.ts';
import type { WebhookTimings } from '#gateway/webhooks/timings.ts';
import { createWebhookWorker } from '#gateway/webhooks/worker.ts';
import type { Role } from '#policy/roles.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { accepts, answers, failsFirst, hangs, type Receiver, startReceiver } from '#test/support/receivers.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P19, P20: webhooks, from mutation to receiver. The address rules by themselves:
// gateway/webhooks/targets.test.ts; one exchange by itself: gateway/webhooks/exchange.test.ts.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ webhookTargets: 'any', notifies: false }); // each test starts workers of its own
});
afterAll(() => graph[Symbol.asyncDispose]());
// Each test has its own webhooks; those of others wait for nobody.
beforeEach(() => graph.sql(`update gateway.webhook set state = 'PAUSED', state_reason = 'REQUESTED'`));

const KEY: Key = { id: 'test', secret: Buffer.alloc(32, 7) };
/** Fast enough for a test; what would take minutes never comes by itself. */
const quick: Partial<WebhookTimings> = { pollMs: 20, againMs: 5, exchangeMs: 5000, coalesceMs: 10, retriesMs: [20] };
const hour = 3_600_000;

interface WorkerOptions {
  readonly timings?: Partial<WebhookTimings>;
  readonly targets?: WebhookTargets;
  readonly key?: Key;
}

/** One gateway's worker, as it is in a gateway of its own. */
async function startWorker({ timings = {}, targets = createWebhookTargets('any'), key = KEY }: WorkerOptions = {}) {
  const stack = new AsyncDisposableStack();
  const pool = stack.use(createOwnPool(graph.database.url, 'gateway', silentLog));
  const grants = stack.use(new ListeningGrantStore(pool, graph.database.url, silentLog));
  await grants.listen();
  const worker = stack.use(
    createWebhookWorker({
      topics: createTopics(definitions),
      pool,
      log: createChangeLog(pool, (viewer, codes) => createConsents(pool).of(viewer, codes)),
      cursors: createCursorSealer([KEY]),
      grants,
      secrets: createWebhookSecrets([key]),
      targets,
      logger: silentLog,
      now: () => new Date(),
      timings: { ...quick, ...timings },
    }),
  );
  return { wake: () => worker.wake(), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const WEBHOOK = 'webhook { id url state stateReason topic createdAt failingSince nextAttemptAt cursor }';
const DOMAIN = '... on DomainError { code path }';
const mutation = (name: string, success: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) {
    ${name}(input: $input) { __typename ${success} ${DOMAIN} }
  }`;
const DOCUMENTS = {
  createWebhook: mutation('createWebhook', `... on WebhookCreated { secret ${WEBHOOK} }`),
  pauseWebhook: mutation('pauseWebhook', `... on WebhookChanged { ${WEBHOOK} }`),
  resumeWebhook: mutation('resumeWebhook', `... on WebhookChanged { ${WEBHOOK} }`),
  redeliverWebhook: mutation('redeliverWebhook', `... on WebhookChanged { ${WEBHOOK} }`),
  rotateWebhookSecret: mutation('rotateWebhookSecret', `... on WebhookSecretRotated { secret ${WEBHOOK} }`),
};
type Mutation = keyof typeof DOCUMENTS;
const changes = ['pauseWebhook', 'resumeWebhook', 'redeliverWebhook', 'rotateWebhookSecret'] as const;

interface Hook {
  readonly id: string;
  readonly url: string;
  readonly state: string;
  readonly stateReason: string | null;
  readonly topic: string;
  readonly createdAt: string;
  readonly failingSince: string | null;
  readonly nextAttemptAt: string | null;
  readonly cursor: string;
}
interface Answer {
  readonly __typename: string;
  readonly webhook: Hook;
  readonly secret: string;
  readonly code?: string;
  readonly path?: readonly string[];
}
const BANK = 'FINANCIAL_INSTITUTION';
type Options = Parameters<TestGraph['query']>[3];

const reply = (name: Mutation, input: object, role: Role = BANK, options: Options = {}) =>
  graph.query(role, DOCUMENTS[name], { input: { idempotencyKey: randomUUID(), ...input } }, options);
async function call(name: Mutation, input: object, role: Role = BANK, options: Options = {}): Promise<Answer> {
  const { body, text } = await reply(name, input, role, options);
  if (body.errors) throw new Error(text);
  return body.data?.[name] as Answer;
}
const create = (
  receiver: { readonly url: string },
  { filter = {}, role = BANK as Role, ...rest }: { filter?: object; role?: Role; after?: string } = {},
) => call('createWebhook', { url: receiver.url, nameListChanges: filter, ...rest }, role);

const CHANGES = `query ($filter: NameListChangeFilter!, $after: Cursor) {
  nameListChanges(filter: $filter, first: 1000, after: $after) {
    hasMore endCursor
    events { ... on NameListChange { kind subject { uscc } } }
  }
}`;
/** What a receiver reads after the cursor of a notice. */
const readAfter = async (cursor: string, role: Role = BANK, filter: object = {}): Promise<string[]> =>
  pageOf(await graph.query(role, CHANGES, { filter, after: cursor })).events.map(
    ({ kind, subject }) => `${String(kind)} ${(subject as { uscc: string }).uscc}`,
  );

const HOOKS = `{
  viewer {
    webhooks(first: 100) {
      totalCount { value exact }
      nodes { id url state stateReason topic createdAt failingSince nextAttemptAt cursor }
    }
  }
}`;
const hooksOf = async (role: Role = BANK): Promise<Hook[]> =>
  ((await graph.query(role, HOOKS)).body.data as { viewer: { webhooks: { nodes: Hook[] } } }).viewer.webhooks.nodes;
const hook = async (id: string, role: Role = BANK): Promise<Hook> => {
  const found = (await hooksOf(role)).find((each) => each.id === id);
  if (!found) throw new Error(`${id} is not there`);
  return found;
};
interface Delivery {
  readonly notice: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly status: number | null;
}
const deliveriesOf = async (id: string, role: Role = BANK): Promise<Delivery[]> => {
  const { body, text } = await graph.query(
    role,
    'query ($id: ID!) { webhookDeliveries(id: $id, first: 100) { nodes { notice attempt outcome status } } }',
    { id },
  );
  if (body.errors) throw new Error(text);
  return (body.data as { webhookDeliveries: { nodes: Delivery[] } }).webhookDeliveries.nodes;
};
/** Waits until so many attempts stand in the webhook's list, newest first. */
const attempts = (id: string, count: number, role: Role = BANK) =>
  until(`attempt ${count} of ${id}`, async () => {
    const made = await deliveriesOf(id, role);
    return made.length >= count && made;
  });
const isAtHead = (id: string) =>
  until(`${id} at the end of the log`, async () => {
    const [row] = await graph.sql(
      `select split_part(position, ' ', 1)::bigint = last_seq as at_end
        from gateway.webhook, feed.sequencer
        where id = $1`,
      [id],
    );
    return row?.['at_end'] === true;
  });

async function listEntity(listing: Partial<Parameters<typeof list>[1]> = {}): Promise<string> {
  const uscc = newEntity();
  await list(graph, { uscc, ...listing });
  await numbered(graph);
  return uscc;
}

describe('rights over webhooks', () => {
  test('the public and operators make no webhook, change none and see none', async () => {
    const { webhook } = await create({ url: 'http://127.0.0.1:9/' });
    for (const role of ['PUBLIC', 'OPERATOR', 'RULE_KEEPER'] as const) {
      const denied = (path: readonly string[]) => ({
        path,
        extensions: expect.objectContaining({ code: 'UNAUTHORIZED_FIELD_OR_TYPE' }) as unknown,
      });
      expect(
        (await reply('createWebhook', { url: 'http://127.0.0.1:9/', nameListChanges: {} }, role)).body,
      ).toMatchObject({ data: { createWebhook: null }, errors: [denied(['createWebhook'])] });
      for (const name of changes)
        expect((await reply(name, { id: webhook.id }, role)).body).toMatchObject({
          data: { [name]: null },
          errors: [denied([name])],
        });
      expect((await graph.query(role, HOOKS)).body).toMatchObject({
        data: { viewer: { webhooks: null } },
        errors: [denied(['viewer', 'webhooks'])],
      });
      expect(
        (
          await graph.query(role, 'query ($id: ID!) { webhookDeliveries(id: $id, first: 1) { nodes { id } } }', {
            id: webhook.id,
          })
        ).body,
      ).toMatchObject({ data: { webhookDeliveries: null }, errors: [denied(['webhookDeliveries'])] });
    }
    expect(await hook(webhook.id)).toEqual(webhook);
  });

  test('another organisation, and the same in another role, sees and changes nothing', async () => {
    const { webhook } = await create({ url: 'http://127.0.0.1:9/' });
    const { organisation } = organisationOf(BANK);
    await graph.sql(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values (gen_random_uuid(), '91440300000000000X', $1, now() - interval '1 minute', 'test'),
          (gen_random_uuid(), $2, 'CREDIT_SERVICE_AGENCY', now() - interval '1 minute', 'test')`,
      [BANK, organisation],
    );
    const others: { readonly role: Role; readonly options: Options }[] = [
      {
        role: BANK,
        options: {
          token: graph.issuer.token({ role: BANK, organisation: '91440300000000000X', purposes: ['CREDIT_GRANTING'] }),
        },
      },
      {
        role: 'CREDIT_SERVICE_AGENCY',
        options: {
          token: graph.issuer.token({ role: 'CREDIT_SERVICE_AGENCY', organisation, purposes: ['CREDIT_SERVICE'] }),
        },
      },
      { role: 'AUDITOR', options: {} },
    ];
    for (const { role, options } of others) {
      for (const name of changes)
        expect(await call(name, { id: webhook.id }, role, options)).toEqual({
          __typename: 'InvalidInput',
          code: 'NOT_FOUND',
          path: ['input', 'id'],
        });
      expect((await graph.query(role, HOOKS, {}, options)).body.data).toEqual({
        viewer: { webhooks: { totalCount: { value: 0, exact: true }, nodes: [] } },
      });
      const { body } = await graph.query(
        role,
        'query ($id: ID!) { webhookDeliveries(id: $id, first: 1) { nodes { id } } }',
        { id: webhook.id },
        options,
      );
      expect(body).toMatchObject({
        data: { webhookDeliveries: null },
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
    }
    expect(await hook(webhook.id)).toEqual(webhook);
  });
});

describe('webhooks are made and changed once per key', () => {
  test('the same key makes one webhook with one secret, also at once; other content is a conflict', async () => {
    const input = {
      idempotencyKey: randomUUID(),
      url: 'http://127.0.0.1:9/hooks',
      nameListChanges: { provinces: ['33'] },
    };
    const [one, two] = await Promise.all([call('createWebhook', input), call('createWebhook', input)]);
    expect(one).toEqual({
      __typename: 'WebhookCreated',
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
      webhook: {
        id: expect.any(String) as string,
        url: input.url,
        state: 'ACTIVE',
        stateReason: null,
        topic: 'NAME_LIST',
        createdAt: expect.any(String) as string,
        failingSince: null,
        nextAttemptAt: null,
        cursor: expect.any(String) as string,
      },
    });
    expect(two).toEqual(one);
    const rotation = { idempotencyKey: randomUUID(), id: one.webhook.id };
    const rotated = await call('rotateWebhookSecret', rotation);
    expect(rotated).toEqual({
      __typename: 'WebhookSecretRotated',
      secret: expect.stringMatching(/^whsec_/) as string,
      webhook: one.webhook,
    });
    expect(rotated.secret).not.toBe(one.secret);
    expect(await call('rotateWebhookSecret', rotation)).toEqual(rotated);
    expect(await call('createWebhook', input)).toEqual(one);
    expect(await call('createWebhook', { ...input, url: 'http://127.0.0.1:9/other' })).toEqual({
      __typename: 'Conflict',
      code: 'IDEMPOTENCY_KEY',
      path: ['input', 'idempotencyKey'],
    });
    expect((await hooksOf()).filter(({ url }) => url === input.url)).toHaveLength(1);
    // Neither secret stands in the database as it is.
    const tables = await graph.sql(
      `select encode(secret, 'escape') || encode(former_secret, 'escape') as text
        from gateway.webhook
        where id = $1
        union all
        select result::text
        from gateway.idempotency`,
      [one.webhook.id],
    );
    expect(JSON.stringify(tables)).not.toMatch(/whsec|d2hzZWN/); // nor in base64
  });

  test('pausing and resuming are done once per key', async () => {
    const { webhook } = await create({ url: 'http://127.0.0.1:9/' });
    const pause = { idempotencyKey: randomUUID(), id: webhook.id };
    expect((await call('pauseWebhook', pause)).webhook).toEqual({
      ...webhook,
      state: 'PAUSED',
      stateReason: 'REQUESTED',
    });
    expect(await call('redeliverWebhook', { id: webhook.id })).toEqual({
      __typename: 'InvalidInput',
      code: 'PAUSED',
      path: ['input', 'id'],
    });
    expect((await call('resumeWebhook', { id: webhook.id })).webhook).toEqual(webhook);
    expect((await call('pauseWebhook', pause)).webhook).toEqual(webhook); // the first answer's webhook, as it is now
    expect(
      (await call('pauseWebhook', { ...pause, id: (await create({ url: 'http://127.0.0.1:9/' })).webhook.id }))
        .__typename,
    ).toBe('Conflict');
  });
});

describe('a webhook that cannot be made', () => {
  test('a URL that no notice is sent to, both kinds of changes or none, and others’ watchlists are named', async () => {
    const invalid = (code: string, ...path: string[]) => ({
      __typename: 'InvalidInput',
      code,
      path: ['input', ...path],
    });
    for (const url of ['', 'hooks', 'ftp://hooks.example/', 'https://user:secret@hooks.example/'])
      expect(await call('createWebhook', { url, nameListChanges: {} })).toEqual(invalid('URL', 'url'));
    const url = 'https://hooks.example/';
    expect(await call('createWebhook', { url })).toEqual(invalid('TOPIC'));
    expect(await call('createWebhook', { url, nameListChanges: {}, evaluationChanges: {} })).toEqual(invalid('TOPIC'));
    expect(await call('createWebhook', { url, nameListChanges: { watchlist: randomUUID() } })).toEqual(
      invalid('NOT_FOUND', 'nameListChanges', 'watchlist'),
    );
    expect((await reply('createWebhook', { url, nameListChanges: { types: ['NONSENSE'] } })).body.errors).toMatchObject(
      [{ extensions: { code: 'BAD_USER_INPUT', argument: 'filter.types', reason: 'UNKNOWN_CODE' } }],
    );
    expect(
      (await reply('createWebhook', { url, nameListChanges: {} }, 'PROVINCIAL_PLATFORM', { purpose: null })).body
        .errors,
    ).toMatchObject([{ extensions: { code: 'PURPOSE_REQUIRED' } }]);
    expect((await call('createWebhook', { url, evaluationChanges: {} })).webhook.topic).toBe('EVALUATION');
  });

  test('a literal private address is refused at once where targets have to be public', async () => {
    await using strict = await startGraph({ database: graph.database, notifies: false });
    const ask = async (url: string) => {
      const { body } = await strict.query('AUDITOR', DOCUMENTS.createWebhook, {
        input: { idempotencyKey: randomUUID(), url, nameListChanges: {} },
      });
      return (body.data?.['createWebhook'] as Answer | undefined)?.code ?? null;
    };
    for (const url of [
      'http://hooks.example/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://[::ffff:10.0.0.1]/',
      'https://169.254.169.254/latest/',
    ])
      expect([url, await ask(url)]).toEqual([url, 'URL']);
    expect(await ask('https://hooks.example/')).toBeNull();
  });

  test('an organisation has at most a hundred active webhooks; a refused call leaves its key free', async () => {
    const { organisation } = organisationOf('ASSESSOR');
    await graph.sql(
      `insert into gateway.webhook (id, organisation, role, url, topic, filter, secret, position,
          next_attempt_at, created_at)
      select gen_random_uuid(), $1, 'ASSESSOR', 'http://127.0.0.1:9/', 'NAME_LIST', '{}', '', '0 0 0', now(), now()
      from generate_series(1, 100)`,
      [organisation],
    );
    const tooMany = { __typename: 'InvalidInput', code: 'TOO_MANY', path: ['input'] };
    const input = { idempotencyKey: randomUUID(), url: 'http://127.0.0.1:9/', nameListChanges: {} };
    expect(await call('createWebhook', input, 'ASSESSOR')).toEqual(tooMany);
    const [one] = await hooksOf('ASSESSOR');
    await call('pauseWebhook', { id: one?.id }, 'ASSESSOR');
    expect((await call('createWebhook', input, 'ASSESSOR')).__typename).toBe('WebhookCreated');
    expect(await call('resumeWebhook', { id: one?.id }, 'ASSESSOR')).toEqual(tooMany);
    await graph.sql(`update gateway.webhook set state_reason = 'FAILING' where id = $1`, [one?.id]);
    expect(await call('redeliverWebhook', { id: one?.id }, 'ASSESSOR')).toEqual(tooMany);
  });
});

test('webhooks and attempts come in pages', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 3; index++)
    ids.unshift((await create({ url: `http://127.0.0.1:9/${index}` }, { role: 'INDUSTRY_ASSOCIATION' })).webhook.id);
  const page = async (after: string | null) => {
    const { body } = await graph.query(
      'INDUSTRY_ASSOCIATION',
      `query ($after: Cursor) {
        viewer { webhooks(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
      }`,
      { after },
    );
    return (
      body.data as {
        viewer: { webhooks: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
      }
    ).viewer.webhooks;
  };
  const first = await page(null);
  expect(first.nodes.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect((await page(first.pageInfo.endCursor)).nodes.map(({ id }) => id)).toEqual(ids.slice(2));
  await graph.sql(
    `insert into gateway.webhook_delivery (id, webhook, at, status, outcome, attempt, body, took_ms)
    select gen_random_uuid(), $1, '2026-11-01T00:00:00Z'::timestamptz + n * interval '1 s', 500, 'REJECTED',
      n, '{"cursor":"c","at":"a"}', 7
    from generate_series(1, 3) n`,
    [ids[0]],
  );
  const attemptsAfter = async (after: string | null) => {
    const { body } = await graph.query(
      'INDUSTRY_ASSOCIATION',
      `query ($id: ID!, $after: Cursor) {
        webhookDeliveries(id: $id, first: 2, after: $after) {
          totalCount { value } nodes { at attempt tookMs } pageInfo { endCursor }
        }
      }`,
      { id: ids[0], after },
    );
    return body.data?.['webhookDeliveries'] as {
      totalCount: object;
      nodes: object[];
      pageInfo: { endCursor: string };
    };
  };
  const newest = await attemptsAfter(null);
  expect(newest).toMatchObject({
    totalCount: { value: 3 },
    nodes: [{ at: '2026-11-01T00:00:03.000Z', attempt: 3, tookMs: 7 }, { attempt: 2 }],
  });
  expect((await attemptsAfter(newest.pageInfo.endCursor)).nodes).toMatchObject([{ attempt: 1 }]);
});

test('a webhook begins where it is made or after a cursor of its filter; other cursors are refused', async () => {
  const filter = { categories: ['SERIOUS'], sectors: ['C'] };
  const before = pageOf(await graph.query(BANK, CHANGES, { filter, after: null })).endCursor;
  const uscc = await listEntity();
  const { webhook } = await create({ url: 'http://127.0.0.1:9/' }, { filter });
  expect(await readAfter(webhook.cursor, BANK, filter)).toEqual([]);
  const earlier = await create(
    { url: 'http://127.0.0.1:9/' },
    { filter: { sectors: ['C', 'C'], categories: ['SERIOUS'] }, after: before },
  );
  expect(earlier.webhook.cursor).toBe(before);
  expect(await readAfter(earlier.webhook.cursor, BANK, filter)).toEqual([`ADDED ${uscc}`]);
  const code = async (after: string, options: object) =>
    (await reply('createWebhook', { url: 'http://127.0.0.1:9/', after, ...options })).body.errors?.map(
      ({ extensions }) => extensions['code'],
    );
  expect(await code(before, { nameListChanges: {} })).toEqual(['BAD_CURSOR']);
  expect(await code(before, { evaluationChanges: {} })).toEqual(['BAD_CURSOR']);
  const [kept] = await graph.sql('select last_seq, purged_through from feed.sequencer');
  await graph.sql('update feed.sequencer set purged_through = last_seq');
  expect(await code(before, { nameListChanges: filter })).toEqual(['CURSOR_EXPIRED']);
  await graph.sql('update feed.sequencer set purged_through = $1', [kept?.['purged_through']]);
});

describe('P19: a change is delivered at least once', () => {
  test('a change is a signed notice, read after its cursor; nothing reveals what may not be seen', async () => {
    await using receiver = await startReceiver();
    await using worker = await startWorker();
    const { webhook, secret } = await create(receiver);
    // Shared in government: of no concern to a bank.
    await listEntity({ level: '政务共享' });
    worker.wake();
    await isAtHead(webhook.id);
    const { cursor } = await hook(webhook.id);
    expect(await readAfter(webhook.cursor)).toEqual([]);
    const uscc = await listEntity();
    const { headers, text, body, isSignedWith } = await receiver.next();
    expect(text).toBe(JSON.stringify({ type: 'nameListChanges', webhook: webhook.id, cursor, at: body.at }));
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/) as string,
    });
    expect(Math.abs(Date.now() - Date.parse(body.at))).toBeLessThan(10_000);
    expect(headers['webhook-signature']).not.toContain(' ');
    expect(isSignedWith(secret)).toBe(true);
    expect(await readAfter(body.cursor)).toEqual([`ADDED ${uscc}`]);
    expect(await attempts(webhook.id, 1)).toEqual([
      { notice: headers['webhook-id'], attempt: 1, outcome: 'DELIVERED', status: 200 },
    ]);
    await isAtHead(webhook.id);
    // From then on: the next change alone.
    const [next] = [await listEntity(), await listEntity({ level: '政务共享' })];
    const second = await receiver.next();
    expect(await readAfter(second.body.cursor)).toEqual([`ADDED ${next}`]);
    expect(second.headers['webhook-id']).not.toBe(headers['webhook-id']);
    await isAtHead(webhook.id);
    expect(receiver.received).toHaveLength(2);
  });

  test('evaluations and watchlists are delivered by their own webhooks', async () => {
    await using receiver = await startReceiver();
    await using worker = await startWorker();
    const { body } = await graph.query(
      BANK,
      `mutation ($input: CreateWatchlistInput!) {
        createWatchlist(input: $input) { ... on WatchlistCreated { watchlist { id } } }
      }`,
      { input: { idempotencyKey: randomUUID(), name: 'one' } },
    );
    const { id: watchlist } = (body.data as { createWatchlist: { watchlist: { id: string } } }).createWatchlist
      .watchlist;
    const { webhook } = await create(receiver, { filter: { watchlist } });
    await using evaluations = await startReceiver();
    const other = await call('createWebhook', { url: evaluations.url, evaluationChanges: {} });
    const watched = newEntity();
    await graph.query(
      BANK,
      'mutation ($input: AddToWatchlistInput!) { addToWatchlist(input: $input) { __typename } }',
      { input: { idempotencyKey: randomUUID(), id: watchlist, codes: [watched] } },
    );
    await listEntity();
    await isAtHead(webhook.id);
    expect(receiver.received).toEqual([]);
    await list(graph, { uscc: watched });
    await numbered(graph);
    worker.wake();
    expect(await readAfter((await receiver.next()).body.cursor, BANK, { watchlist })).toEqual([`ADDED ${watched}`]);
    await isAtHead(other.webhook.id);
    expect(evaluations.received).toEqual([]);
  });

  test('the page reports a position that is no longer kept', async () => {
    await using receiver = await startReceiver();
    const { webhook } = await create(receiver);
    await listEntity();
    await graph.sql('update feed.sequencer set purged_through = last_seq');
    await using worker = await startWorker();
    worker.wake();
    const { cursor } = (await receiver.next()).body;
    expect((await graph.query(BANK, CHANGES, { filter: {}, after: cursor })).body.errors).toMatchObject([
      { extensions: { code: 'CURSOR_EXPIRED' } },
    ]);
    await isAtHead(webhook.id);
    const uscc = await listEntity();
    expect(await readAfter((await receiver.next()).body.cursor)).toEqual([`ADDED ${uscc}`]);
  });
});

describe('P19: receivers that fail', () => {
  test('many receivers of one organisation that hang do not delay another’s', async () => {
    await using receiver = await startReceiver();
    await using hanging = await startReceiver(hangs);
    for (let index = 0; index < 40; index++) await create(hanging, { role: 'CREDIT_SERVICE_AGENCY' });
    await using worker = await startWorker({ timings: { exchangeMs: 30_000 } });
    await listEntity();
    worker.wake();
    await hanging.next();
    const { webhook } = await create(receiver);
    await listEntity();
    await receiver.next();
    await attempts(webhook.id, 1);
    expect(hanging.open).toBe(4);
  });

  test('after three days of failures it is paused; its position stays, and resuming goes on from it', async () => {
    await using receiver = await startReceiver();
    receiver.will(answers(500));
    await using worker = await startWorker({ timings: { retriesMs: [50 * hour] } });
    const { webhook } = await create(receiver);
    const uscc = await listEntity();
    worker.wake();
    const { failingSince } = await until('the first failure', async () => {
      const found = await hook(webhook.id);
      return found.failingSince !== null && found;
    });
    expect(failingSince).toBe((await receiver.next()).body.at);
    // The next attempt is due in 50 hours, and would be the last one that is made in the three days; the one after that
    // at their end.
    const shift = (hours: number) =>
      graph.sql(
        `update gateway.webhook
          set failing_since = failing_since - $2 * interval '1 hour',
            next_attempt_at = next_attempt_at - $2 * interval '1 hour'
          where id = $1`,
        [webhook.id, hours],
      );
    await shift(61);
    await attempts(webhook.id, 2);
    const { nextAttemptAt, failingSince: since } = await hook(webhook.id);
    expect(Date.parse(nextAttemptAt ?? '') - Date.parse(since ?? '')).toBe(72 * hour);
    expect((await hook(webhook.id)).state).toBe('ACTIVE');
    await shift(12);
    expect((await attempts(webhook.id, 3)).map(({ attempt }) => attempt)).toEqual([3, 2, 1]);
    expect(await hook(webhook.id)).toMatchObject({
      state: 'PAUSED',
      stateReason: 'FAILING',
      nextAttemptAt: null,
      cursor: webhook.cursor,
    });
    expect(await readAfter(webhook.cursor)).toEqual([`ADDED ${uscc}`]);
    // Both ways to go on; and what comes of it is the same as before.
    receiver.will(accepts);
    expect((await call('redeliverWebhook', { id: webhook.id })).webhook).toMatchObject({
      state: 'ACTIVE',
      stateReason: null,
      failingSince: null,
      nextAttemptAt: null,
    });
    await isAtHead(webhook.id);
    expect((await receiver.received.at(-1))?.body.cursor).toBe(webhook.cursor);
    expect((await attempts(webhook.id, 4))[0]).toMatchObject({ attempt: 1, outcome: 'DELIVERED' });
  });
});

/** One that fails gets one notice until it takes it: the same, signed anew each time. */
async function expectOneNoticeUntilTaken(failing: Receiver, made: Answer, first: string): Promise<void> {
  const delivered = [await failing.next(), await failing.next(), await failing.next(), await failing.next()];
  expect(new Set(delivered.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(delivered.map(({ text }) => text)).size).toBe(1);
  expect(delivered.every(({ isSignedWith }) => isSignedWith(made.secret))).toBe(true);
  expect(
    (await attempts(made.webhook.id, 4)).map(({ attempt, outcome, status }) => [attempt, outcome, status]),
  ).toEqual([
    [4, 'DELIVERED', 204],
    [3, 'REJECTED', 500],
    [2, 'REJECTED', 500],
    [1, 'REJECTED', 500],
  ]);
  expect(await readAfter((delivered[3] as (typeof delivered)[number]).body.cursor)).toEqual([`ADDED ${first}`]);
  expect(await hook(made.webhook.id)).toMatchObject({
    state: 'ACTIVE',
    failingSince: null,
    nextAttemptAt: null,
  });
}

/** Gone is gone: the webhook is paused. */
async function expectPausedByGone(made: Answer): Promise<void> {
  expect((await attempts(made.webhook.id, 1)).map(({ outcome, status }) => [outcome, status])).toEqual([
    ['REJECTED', 410],
  ]);
  expect(await hook(made.webhook.id)).toMatchObject({
    state: 'PAUSED',
    stateReason: 'GONE',
    nextAttemptAt: null,
  });
}

/** A receiver that takes notices again has one with everything that has happened, signed with its secret. */
async function expectAllTaken(made: Answer, receiver: Receiver, name: string, codes: readonly string[]): Promise<void> {
  const taken = await until(
    `${name} takes a notice`,
    async () => (await deliveriesOf(made.webhook.id)).find(({ outcome }) => outcome === 'DELIVERED') ?? null,
  );
  const notice = receiver.received.find(({ headers }) => headers['webhook-id'] === taken.notice);
  expect(notice?.isSignedWith(made.secret)).toBe(true);
  expect(await readAfter(notice?.body.cursor ?? '')).toEqual(codes.map((code) => `ADDED ${code}`));
  await isAtHead(made.webhook.id);
}

test('P19: receivers that fail, hang, redirect, refuse or are away lose nothing and delay no other', async () => {
  await using receiver = await startReceiver();
  const timings = { exchangeMs: 3000, retriesMs: [30] };
  await using failing = await startReceiver(failsFirst(3));
  await using hanging = await startReceiver(hangs);
  await using inner = await startReceiver();
  await using redirecting = await startReceiver(answers(307, { location: inner.url }));
  await using gone = await startReceiver(answers(410));
  const away = await startReceiver();
  await away[Symbol.asyncDispose]();
  const made = {
    failing: await create(failing),
    hanging: await create(hanging),
    redirecting: await create(redirecting),
    gone: await create(gone),
    away: await create(away),
    healthy: await create(receiver, { role: 'AUDITOR' }),
    alsoHealthy: await create(receiver, { role: BANK }),
  };
  await using worker = await startWorker({ timings });
  const first = await listEntity();
  worker.wake();

  // Both are notified while the hanging one is still in its first attempt.
  await receiver.next();
  await receiver.next();
  await hanging.next();
  expect(hanging.open).toBe(1);
  expect(await deliveriesOf(made.hanging.webhook.id)).toEqual([]);

  await expectOneNoticeUntilTaken(failing, made.failing, first);
  await expectPausedByGone(made.gone);

  // Those that were away in whatever way come back after more has happened: everything is there.
  const second = await listEntity();
  await attempts(made.away.webhook.id, 2);
  await attempts(made.redirecting.webhook.id, 2);
  await attempts(made.hanging.webhook.id, 1);
  expect(
    (await deliveriesOf(made.away.webhook.id)).every(
      ({ outcome, status }) => outcome === 'UNREACHABLE' && status === null,
    ),
  ).toBe(true);
  expect(
    (await deliveriesOf(made.redirecting.webhook.id)).every(
      ({ outcome, status }) => outcome === 'REJECTED' && status === 307,
    ),
  ).toBe(true);
  expect((await deliveriesOf(made.hanging.webhook.id)).at(-1)).toMatchObject({ outcome: 'TIMED_OUT', status: null });
  expect(inner.connections).toBe(0);
  const failingNow = await hook(made.away.webhook.id);
  expect(failingNow).toMatchObject({
    state: 'ACTIVE',
    cursor: made.away.webhook.cursor,
    failingSince: expect.any(String) as string,
    nextAttemptAt: expect.any(String) as string,
  });
  await using back = await startReceiver(accepts, { port: away.port });
  hanging.will(accepts);
  redirecting.will(accepts);
  gone.will(accepts);
  await call('resumeWebhook', { id: made.gone.webhook.id });
  for (const [name, at] of [
    ['away', back],
    ['hanging', hanging],
    ['redirecting', redirecting],
    ['gone', gone],
  ] as const)
    await expectAllTaken(made[name], at, name, [first, second]);
});

describe('P19: attempts at once, and pauses', () => {
  test('retries are spaced out and spread, and a notice is tried at once on request', async () => {
    await using receiver = await startReceiver();
    receiver.will(answers(503));
    await using worker = await startWorker({ timings: { retriesMs: [hour, 4 * hour] } });
    const { webhook } = await create(receiver);
    await listEntity();
    worker.wake();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await attempts(webhook.id, attempt);
      const { nextAttemptAt } = await hook(webhook.id);
      waits.push((Date.parse(nextAttemptAt ?? '') - Date.now()) / hour);
      if (attempt < 3) expect((await call('redeliverWebhook', { id: webhook.id })).webhook.state).toBe('ACTIVE');
    }
    expect(waits.map((wait, index) => wait > [0.79, 3.19, 3.19][index]! && wait < [1.21, 4.81, 4.81][index]!)).toEqual([
      true,
      true,
      true,
    ]); // three numbers for three attempts
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    receiver.will(accepts);
    await call('redeliverWebhook', { id: webhook.id });
    await isAtHead(webhook.id);
    // With nothing new, nothing is sent.
    const { length } = receiver.received;
    await call('redeliverWebhook', { id: webhook.id });
    await listEntity({ level: '政务共享' });
    await isAtHead(webhook.id);
    expect(receiver.received).toHaveLength(length);
  });

  test('asked to try at once while an attempt is under way, it tries again when that has failed', async () => {
    await using receiver = await startReceiver();
    let fail = (): void => {};
    const failed = new Promise<void>((resolve) => (fail = resolve));
    receiver.will(
      (response, number) =>
        void (number === 1 ? failed.then(() => response.writeHead(500).end()) : response.writeHead(200).end()),
    );
    await using worker = await startWorker({ timings: { retriesMs: [hour] } });
    const { webhook } = await create(receiver);
    await listEntity();
    worker.wake();
    await receiver.next();
    await call('redeliverWebhook', { id: webhook.id });
    fail();
    await receiver.next();
    expect((await attempts(webhook.id, 2)).map(({ outcome }) => outcome)).toEqual(['DELIVERED', 'REJECTED']);
  });

  test('paused, it receives nothing; resumed, everything that has happened', async () => {
    await using receiver = await startReceiver();
    await using worker = await startWorker();
    const { webhook } = await create(receiver);
    await call('pauseWebhook', { id: webhook.id });
    await using other = await startReceiver();
    const beside = await create(other);
    const uscc = await listEntity();
    worker.wake();
    await other.next();
    await isAtHead(beside.webhook.id);
    expect(receiver.received).toEqual([]);
    await call('resumeWebhook', { id: webhook.id });
    expect(await readAfter((await receiver.next()).body.cursor)).toEqual([`ADDED ${uscc}`]);
  });
});

describe('P19: by the rights of now', () => {
  test('without a grant of the organisation nothing is sent; with a new one it goes on where it was', async () => {
    await using receiver = await startReceiver();
    const organisation = '91440300000000001X';
    const grant = async () =>
      (
        await graph.sql(
          `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
            values (gen_random_uuid(), $1, $2, now() - interval '1 minute', 'test')
            returning id`,
          [organisation, BANK],
        )
      )[0]?.['id'] as string;
    const id = await grant();
    const token = graph.issuer.token({ role: BANK, organisation, purposes: ['CREDIT_GRANTING'] });
    const { webhook } = await call('createWebhook', { url: receiver.url, nameListChanges: {} }, BANK, { token });
    await using worker = await startWorker();
    await graph.query('OPERATOR', 'mutation ($input: EndGrantInput!) { endGrant(input: $input) { __typename } }', {
      input: { idempotencyKey: randomUUID(), id },
    });
    const uscc = await listEntity();
    worker.wake();
    const [paused] = await until('the pause', async () => {
      const rows = await graph.sql(
        `select state, state_reason, leased_until from gateway.webhook where id = $1 and state = 'PAUSED'`,
        [webhook.id],
      );
      return rows.length > 0 && rows;
    });
    expect(paused).toEqual({ state: 'PAUSED', state_reason: 'GRANT_ENDED', leased_until: null });
    expect(receiver.connections).toBe(0);
    await grant();
    await graph.sql(`select pg_notify('credit_graph_grants', '')`);
    const resumed = await until('the new grant', async () => {
      const { body } = await reply('resumeWebhook', { id: webhook.id }, BANK, { token });
      return body.errors ? null : (body.data?.['resumeWebhook'] as Answer);
    });
    expect(resumed.webhook).toMatchObject({ state: 'ACTIVE', stateReason: null });
    const { cursor } = (await receiver.next()).body;
    expect(pageOf(await graph.query(BANK, CHANGES, { filter: {}, after: cursor }, { token })).events).toMatchObject([
      { kind: 'ADDED', subject: { uscc } },
    ]);
  });

  test('with another province it reads by that one, and with two by both', async () => {
    await using receiver = await startReceiver();
    const organisation = '91440300000000002X';
    const province = (code: string, minutes: number) =>
      graph.sql(
        `insert into gateway.grant (id, organisation, role, province, valid_from, granted_by)
          values (gen_random_uuid(), $1, 'IMPLEMENTER', $2, now() - $3 * interval '1 minute', 'test')`,
        [organisation, code, minutes],
      );
    await province('44', 10);
    const token = graph.issuer.token({ role: 'IMPLEMENTER', organisation, province: '44', purposes: ['SUPERVISION'] });
    const { webhook } = await call('createWebhook', { url: receiver.url, nameListChanges: {} }, 'IMPLEMENTER', {
      token,
    });
    await using worker = await startWorker();
    await listEntity({ level: '政务共享' }); // in Zhejiang, 33
    worker.wake();
    await isAtHead(webhook.id);
    expect(receiver.received).toEqual([]);
    await province('33', 20); // beside the other, which is the younger one and comes first
    await graph.sql(`select pg_notify('credit_graph_grants', '')`);
    const uscc = await listEntity({ level: '政务共享' });
    const { cursor } = (await receiver.next()).body;
    // Read with a token for the other province.
    const there = graph.issuer.token({ role: 'IMPLEMENTER', organisation, province: '33', purposes: ['SUPERVISION'] });
    expect(
      pageOf(await graph.query('IMPLEMENTER', CHANGES, { filter: {}, after: cursor }, { token: there })).events,
    ).toMatchObject([{ kind: 'ADDED', subject: { uscc } }]);
    await isAtHead(webhook.id);
    // And one that the first of them sees.
    await list(graph, { uscc: newEntity('440106'), level: '政务共享' });
    await receiver.next();
  });
});

describe('P19: secrets', () => {
  test('for a day after a rotation both secrets sign, then the new one alone', async () => {
    await using receiver = await startReceiver();
    await using worker = await startWorker();
    const { webhook, secret: former } = await create(receiver);
    const { secret } = await call('rotateWebhookSecret', { id: webhook.id });
    await listEntity();
    worker.wake();
    const both = await receiver.next();
    expect([both.isSignedWith(secret), both.isSignedWith(former)]).toEqual([true, true]);
    expect(String(both.headers['webhook-signature']).split(' ')).toHaveLength(2);
    const [row] = await graph.sql(
      `update gateway.webhook
        set former_secret_until = former_secret_until - interval '24 hours'
        where id = $1
        returning former_secret_until between now() - interval '1 minute' and now() as over`,
      [webhook.id],
    );
    expect(row).toEqual({ over: true });
    await listEntity();
    const one = await receiver.next();
    expect([one.isSignedWith(secret), one.isSignedWith(former)]).toEqual([true, false]);
  });

  test('a secret under a missing key signs nothing: it is paused, and a new secret mends it', async () => {
    await using receiver = await startReceiver();
    const { webhook } = await create(receiver);
    await listEntity();
    {
      await using worker = await startWorker({ key: { id: 'other', secret: Buffer.alloc(32, 8) } });
      worker.wake();
      await until('the pause', async () => (await hook(webhook.id)).stateReason === 'SECRET');
    }
    expect(receiver.connections).toBe(0);
    await using worker = await startWorker();
    const { secret } = await call('rotateWebhookSecret', { id: webhook.id });
    await call('resumeWebhook', { id: webhook.id });
    worker.wake();
    expect((await receiver.next()).isSignedWith(secret)).toBe(true);
  });
});

describe('P19: several gateways', () => {
  test('any number of gateways deliver each notice once', async () => {
    await using receiver = await startReceiver();
    await using stack = new AsyncDisposableStack();
    const made = [];
    for (let index = 0; index < 12; index++) made.push(await create(receiver));
    // They hear of it at the same moment.
    const workers = await Promise.all(
      Array.from({ length: 4 }, async () => stack.use(await startWorker({ timings: { pollMs: hour } }))),
    );
    await listEntity();
    for (const worker of workers) worker.wake();
    for (const { webhook } of made) await isAtHead(webhook.id);
    for (const { webhook } of made) expect(await attempts(webhook.id, 1)).toHaveLength(1);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(12);
    expect(receiver.received).toHaveLength(12);
  });

  test('a gateway that was stopped in an attempt writes nothing once another has taken over', async () => {
    await using receiver = await startReceiver();
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    receiver.will(
      (response, number) =>
        void (number === 1 ? held.then(() => response.writeHead(200).end()) : response.writeHead(200).end()),
    );
    const { webhook } = await create(receiver);
    {
      await using stopped = await startWorker({ timings: { pollMs: hour } });
      await listEntity();
      stopped.wake();
      await receiver.next();
      // Another gateway's lease, which has ended too.
      await graph.sql(`update gateway.webhook set leased_until = leased_until + interval '1 second' where id = $1`, [
        webhook.id,
      ]);
      answer();
      await until('the end of the exchange', () => receiver.open === 0);
    }
    expect(await deliveriesOf(webhook.id)).toEqual([]);
    expect((await hook(webhook.id)).cursor).toBe(webhook.cursor);
    await graph.sql(`update gateway.webhook set leased_until = now() where id = $1`, [webhook.id]);
    await using worker = await startWorker();
    worker.wake();
    expect((await receiver.next()).body.cursor).toBe(webhook.cursor);
    await isAtHead(webhook.id);
  });

  test('a gateway that goes in an attempt leaves it to another at once, and blames nobody', async () => {
    await using receiver = await startReceiver();
    receiver.will(hangs);
    const { webhook } = await create(receiver);
    const going = await startWorker();
    await listEntity();
    going.wake();
    await receiver.next();
    await going[Symbol.asyncDispose]();
    expect(await hook(webhook.id)).toEqual(webhook);
    expect(await graph.sql(`select leased_until, failures from gateway.webhook where id = $1`, [webhook.id])).toEqual([
      { leased_until: null, failures: 0 },
    ]);
    receiver.will(accepts);
    await using worker = await startWorker();
    worker.wake();
    await receiver.next();
    expect((await attempts(webhook.id, 1)).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'DELIVERED'],
    ]);
  });
});

test('P19: of a webhook’s attempts the last thousand of thirty days are kept', async () => {
  await using receiver = await startReceiver();
  await using worker = await startWorker();
  const [many, old] = [await create(receiver), await create(receiver)];
  const insert = (id: string, count: number, ago: string) =>
    graph.sql(
      `insert into gateway.webhook_delivery (id, webhook, at, outcome, attempt, body)
        select gen_random_uuid(), $1, now() - $3::interval - n * interval '1 s', 'REJECTED', n, '{}'
        from generate_series(1, $2::int) n`,
      [id, count, ago],
    );
  await insert(many.webhook.id, 1005, '1 minute');
  await insert(old.webhook.id, 3, '30 days');
  await insert(old.webhook.id, 2, '29 days');
  await listEntity();
  worker.wake();
  const count = async (id: string) =>
    (
      await graph.sql(
        `select count(*)::int as kept, max(attempt)::int as last from gateway.webhook_delivery where webhook = $1`,
        [id],
      )
    )[0];
  await until(
    'the old ones to go',
    async () => (await count(many.webhook.id))?.['kept'] === 1000 && (await count(old.webhook.id))?.['kept'] === 3,
  );
  expect(await count(many.webhook.id)).toEqual({ kept: 1000, last: 999 });
});

describe('P20: receivers harm nobody', () => {
  test('a name that resolves to a private address is refused at each delivery, whatever it was', async () => {
    await using receiver = await startReceiver();
    await using inner = await startReceiver(accepts, { host: '127.0.0.2', port: receiver.port });
    let address = '127.0.0.1';
    // Where 127.0.0.1 stands for all that is public.
    const targets = createWebhookTargets('any', {
      resolve: () => Promise.resolve([address]),
      mayConnect: (each) => each === '127.0.0.1' || isPublicAddress(each),
    });
    await using worker = await startWorker({ targets, timings: { retriesMs: [hour] } });
    const { webhook } = await create({ url: `http://hooks.example:${receiver.port}/` });
    await listEntity();
    worker.wake();
    await receiver.next();
    await isAtHead(webhook.id);
    for (const inside of ['127.0.0.2', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00:ec2::254']) {
      address = inside;
      const { length } = await deliveriesOf(webhook.id);
      await listEntity();
      await call('redeliverWebhook', { id: webhook.id });
      expect((await attempts(webhook.id, length + 1))[0]).toMatchObject({ outcome: 'TARGET_REFUSED', status: null });
    }
    address = '127.0.0.1';
    await call('redeliverWebhook', { id: webhook.id });
    const { body } = await receiver.next();
    expect(await readAfter(body.cursor)).toHaveLength(6);
    expect([receiver.connections, inner.connections]).toEqual([2, 0]);
  });

  test('where targets have to be public, one that was made while they had not to is refused', async () => {
    await using receiver = await startReceiver();
    await using worker = await startWorker({ targets: createWebhookTargets('public'), timings: { retriesMs: [hour] } });
    const { webhook } = await create(receiver);
    await listEntity();
    worker.wake();
    expect((await attempts(webhook.id, 1)).map(({ outcome }) => outcome)).toEqual(['TARGET_REFUSED']);
    expect(receiver.connections).toBe(0);
  });
});
