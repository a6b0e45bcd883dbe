import { join } from 'node:path';
import { createIssuer, type TestIssuer } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';
import { silentLog } from '#kit/log.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import type { GrantStore, GrantScope } from './grantedViewers.ts';
import { createKeySet } from './keySet.ts';
import { createRightsLookup } from './rightsLookup.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { countRightsFailures } from '#gateway/metrics.ts';

// Sessions: a token that is checked again while its connection lasts (docs/PROTOCOL.md P18).

let issuer: TestIssuer & AsyncDisposable;
beforeAll(async () => {
  issuer = await createIssuer();
});
afterAll(() => issuer[Symbol.asyncDispose]());

interface Store extends GrantStore {
  version: number | null;
  grants: readonly GrantScope[];
  revoked: boolean;
  looks: number;
  /** What a check waits for. */
  delay: Promise<void>;
}

const storeOf = (grants: readonly GrantScope[] = [{ province: null, sector: null }]): Store => ({
  version: 1,
  grants,
  revoked: false,
  looks: 0,
  delay: Promise.resolve(),
  async scopes() {
    this.looks += 1;
    const { grants: now } = this;
    await this.delay;
    return now;
  },
  isRevoked() {
    return Promise.resolve(this.revoked);
  },
});

let failed = createMetrics();
const authenticatorOf = (
  grants: GrantStore,
  now = (): Date => new Date(),
  keys = join(issuer.dataDir, 'issuer/jwks.json'),
): Authenticator => {
  failed = createMetrics();
  const failures = countRightsFailures(failed);
  const lookUp = createRightsLookup({ log: silentLog, failures });
  const keySet = createKeySet({
    location: keys,
    times: { refreshMs: 300_000, graceMs: 3_600_000 },
    now,
    log: silentLog,
    failures,
  });
  return createAuthenticator({
    keySet,
    lookUp,
    issuer: 'https://issuer.credit-graph.invalid',
    audience: 'credit-graph',
    grants,
    now,
  });
};

const centre = { role: 'NATIONAL_CENTRE', organisation: '91110105MA0EEE1197' } as const;
const tokenOf = (claims: Partial<Parameters<TestIssuer['token']>[0]> = {}): string =>
  `Bearer ${issuer.token({ ...centre, purposes: ['SUPERVISION', 'AUDIT'], ...claims })}`;

test('the public has a session that is always good', async () => {
  const session = await authenticatorOf(storeOf()).session(undefined, undefined);
  expect([session.viewer.role, session.expires, session.isGood()]).toEqual(['PUBLIC', null, true]);
});

test('a bad token, a purpose that it does not allow and a token at its end begin no session', async () => {
  const authenticator = authenticatorOf(storeOf());
  const codeOf = (authorization: string, purpose?: string): Promise<unknown> =>
    authenticator.session(authorization, purpose).then(
      () => 'good',
      ({ extensions: { code, reason } }) => [code, reason],
    );
  const seconds = Math.floor(Date.now() / 1000);
  expect(await codeOf('Bearer x')).toEqual(['UNAUTHENTICATED', 'MALFORMED']);
  expect(await codeOf('')).toEqual(['UNAUTHENTICATED', 'MALFORMED']);
  expect(await codeOf(tokenOf(), 'NEWS')).toEqual(['PURPOSE_REQUIRED', 'NOT_ALLOWED']);
  // A request tolerates a clock that is off by half a minute, but no connection would last.
  expect(await codeOf(`Bearer ${issuer.token(centre, { payload: { exp: seconds - 5 } })}`)).toEqual([
    'UNAUTHENTICATED',
    'EXPIRED',
  ]);
});

test('connections with one token and purpose share a session; another purpose or token has its own', async () => {
  const authenticator = authenticatorOf(storeOf());
  const token = tokenOf();
  const first = await authenticator.session(token, 'SUPERVISION');
  expect(await authenticator.session(token, 'SUPERVISION')).toBe(first);
  expect(await authenticator.session(token, 'AUDIT')).not.toBe(first);
  expect(await authenticator.session(tokenOf(), 'SUPERVISION')).not.toBe(first);
});

test('it is good at once while nothing can have changed, and looked at again when something may have', async () => {
  const store = storeOf();
  const session = await authenticatorOf(store).session(tokenOf(), undefined);
  expect([session.isGood(), session.isGood(), store.looks]).toEqual([true, true, 1]);
  store.version = 2;
  const [one, other] = [session.isGood(), session.isGood()];
  expect([one, await one, await other, store.looks]).toEqual([expect.any(Promise), true, true, 2]);
  expect([session.isGood(), store.looks]).toEqual([true, 2]);
});

test('after a second it is looked at again, since a grant ends by its date too', async () => {
  const store = storeOf();
  const session = await authenticatorOf(store).session(tokenOf(), undefined);
  store.grants = [];
  expect(session.isGood()).toBe(true);
  await until('another look', async () => !(await session.isGood()));
});

test('while changes are not heard it is looked at each time', async () => {
  const store = storeOf();
  store.version = null;
  const session = await authenticatorOf(store).session(tokenOf(), undefined);
  expect([await session.isGood(), await session.isGood(), store.looks]).toEqual([true, true, 3]);
});

test('what changes while it is being looked at is looked at again', async () => {
  const store = storeOf();
  const session = await authenticatorOf(store).session(tokenOf(), undefined);
  const held = Promise.withResolvers<void>();
  store.delay = held.promise;
  store.version = 2;
  const early = session.isGood();
  store.grants = [];
  store.version = 3;
  const late = session.isGood();
  held.resolve();
  expect([await early, await late]).toEqual([true, false]);
});

test.each<[string, (store: Store) => void]>([
  ['was revoked', (store) => (store.revoked = true)],
  ['has no grant any more', (store) => (store.grants = [])],
  ['has a grant for another province', (store) => (store.grants = [{ province: '44', sector: null }])],
])('a session whose token %s is over, also when that is undone; the next one is another', async (_, change) => {
  const store = storeOf([{ province: '33', sector: null }]);
  const authenticator = authenticatorOf(store);
  const token = tokenOf();
  const session = await authenticator.session(token, undefined);
  change(store);
  store.version = 2;
  expect(await session.isGood()).toBe(false);
  Object.assign(store, { revoked: false, grants: [{ province: '33', sector: null }], version: 3 });
  expect(session.isGood()).toBe(false);
  const next = await authenticator.session(token, undefined);
  expect([next === session, next.isGood()]).toEqual([false, true]);
});

test('a session ends with its token', async () => {
  let at = Date.now();
  const authenticator = authenticatorOf(storeOf(), () => new Date(at));
  const token = tokenOf();
  const session = await authenticator.session(token, undefined);
  const { expires } = session;
  if (expires === null) throw new Error('it does not end');
  at = expires - 1;
  expect(await session.isGood()).toBe(true);
  at = expires;
  expect(session.isGood()).toBe(false);
  await expect(authenticator.session(token, undefined)).rejects.toMatchObject({ extensions: { reason: 'EXPIRED' } });
});

test('a look that fails says nothing of the token', async () => {
  const store = storeOf();
  const session = await authenticatorOf(store).session(tokenOf(), undefined);
  store.delay = Promise.reject(new Error('the database is down'));
  store.version = 2;
  await expect(session.isGood()).rejects.toThrow('could not be looked up');
  store.delay = Promise.resolve();
  expect(await session.isGood()).toBe(true);
});

describe('what decides about rights and cannot be looked up', () => {
  const failures = async (): Promise<string | undefined> =>
    /credit_graph_rights_lookup_failures_total (\d+)/.exec(await failed.text())?.[1];
  const broken = (): Promise<never> => Promise.reject(new Error('relation "gateway.grant" does not exist'));

  test.each<[string, () => Authenticator]>([
    ['the key set', () => authenticatorOf(storeOf(), undefined, join(issuer.dataDir, 'no-such-file.json'))],
    ['grants', () => authenticatorOf(Object.assign(storeOf(), { scopes: broken }))],
    ['revoked tokens', () => authenticatorOf(Object.assign(storeOf(), { isRevoked: broken }))],
  ])('%s: the token is neither bad nor good, each failure is counted, and the public is answered', async (_, make) => {
    const authenticator = make();
    await expect(authenticator.viewer(tokenOf(), undefined)).rejects.toMatchObject({ name: 'RightsLookupFailed' });
    await expect(authenticator.session(tokenOf(), undefined)).rejects.toMatchObject({ name: 'RightsLookupFailed' });
    expect(Number(await failures())).toBeGreaterThan(0);
    expect((await authenticator.viewer(undefined, undefined)).role).toBe('PUBLIC');
  });

  test('while a connection lasts does not end it for good: it is checked again', async () => {
    const store = storeOf();
    const session = await authenticatorOf(store).session(tokenOf(), undefined);
    const scopes = store.scopes.bind(store);
    Object.assign(store, { scopes: broken, version: 2 });
    await expect(session.isGood()).rejects.toMatchObject({ name: 'RightsLookupFailed' });
    Object.assign(store, { scopes, version: 3 });
    expect(await session.isGood()).toBe(true);
  });
});

test.each<[string, unknown, string]>([
  ['made up', ['MADE_UP'], '"MADE_UP"'],
  ['empty', [''], '""'],
  ['made up beside a good one', ['SUPERVISION', 'MADE_UP'], '"MADE_UP"'],
  ['of another role', ['CREDIT_GRANTING'], '"CREDIT_GRANTING"'],
  ['of an object’s own', ['constructor'], '"constructor"'],
  ['in a list of lists', [['SUPERVISION']], 'an item that is no text'],
  ['that is a number', [1], 'an item that is no text'],
  ['no list', 'SUPERVISION', 'no list'],
  ['an object', { 0: 'SUPERVISION', length: 1 }, 'no list'],
])('a token with a purpose %s is refused by name, with those that its role may name', async (_, purposes, named) => {
  const token = `Bearer ${issuer.token(centre, { payload: { purposes } })}`;
  for (const by of ['viewer', 'session'] as const)
    await expect(authenticatorOf(storeOf())[by](token, undefined)).rejects.toMatchObject({
      message: expect.stringContaining(named),
      extensions: {
        code: 'UNAUTHENTICATED',
        reason: 'PURPOSE',
        expected: expect.stringContaining('SUPERVISION'),
        http: { status: 401 },
      },
    });
});

test.each(['MADE_UP', '', 'AUDIT, SUPERVISION', 'CREDIT_GRANTING', 'supervision'])(
  'the purpose %p in x-purpose is refused by name, with those of the token',
  async (purpose) => {
    await expect(authenticatorOf(storeOf()).viewer(tokenOf(), purpose)).rejects.toMatchObject({
      message: `The token does not allow the purpose ${JSON.stringify(purpose)}; it allows: SUPERVISION, AUDIT.`,
      extensions: {
        code: 'PURPOSE_REQUIRED',
        reason: 'NOT_ALLOWED',
        argument: 'x-purpose',
        expected: 'SUPERVISION, AUDIT',
        http: { status: 400 },
      },
    });
  },
);

test('a role without purposes names none, and needs none', async () => {
  const authenticator = authenticatorOf(storeOf());
  const token = (purposes: string[]): string =>
    `Bearer ${issuer.token({ role: 'OPERATOR', organisation: '91110105MA0EEE1197', purposes })}`;
  expect((await authenticator.viewer(token([]), undefined)).purposes).toEqual([]);
  await expect(authenticator.viewer(token(['SUPERVISION']), undefined)).rejects.toMatchObject({
    extensions: { reason: 'PURPOSE', expected: 'none' },
  });
});
