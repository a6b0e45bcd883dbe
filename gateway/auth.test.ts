import { join } from 'node:path';
import { createIssuer, type TestIssuer } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';
import { type Authenticator, createAuthenticator, createKeySet, type GrantBook, type GrantScope } from './auth.ts';

// Sessions: a token that is looked at again while its connection lasts (PROTOCOL.md P18).

let issuer: TestIssuer & AsyncDisposable;
beforeAll(async () => {
  issuer = await createIssuer();
});
afterAll(() => issuer[Symbol.asyncDispose]());

interface Book extends GrantBook {
  version: number | null;
  grants: readonly GrantScope[];
  revoked: boolean;
  looks: number;
  /** What a look waits for. */
  delay: Promise<void>;
}

const bookOf = (grants: readonly GrantScope[] = [{ province: null, sector: null }]): Book => ({
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

const authenticatorOf = (grants: GrantBook, now = (): Date => new Date()): Authenticator =>
  createAuthenticator({ keySet: createKeySet(join(issuer.dataDir, 'issuer/jwks.json'), now), issuer: 'https://issuer.credit-graph.invalid', audience: 'credit-graph', grants, now });

const tokenOf = (claims: Partial<Parameters<TestIssuer['token']>[0]> = {}): string => `Bearer ${issuer.token({ role: 'NATIONAL_CENTRE', organisation: '91110105MA0EEE1197', purposes: ['SUPERVISION', 'AUDIT'], ...claims })}`;

test('the public has a session that is always good', async () => {
  const session = await authenticatorOf(bookOf()).session(undefined, undefined);
  expect([session.viewer.role, session.expires, session.isGood()]).toEqual(['PUBLIC', null, true]);
});

test('a bad token, a purpose that it does not allow and a token at its end begin no session', async () => {
  const authenticator = authenticatorOf(bookOf());
  const codeOf = (authorization: string, purpose?: string): Promise<unknown> => authenticator.session(authorization, purpose).then(() => 'good', ({ extensions: { code, reason } }) => [code, reason]);
  const seconds = Math.floor(Date.now() / 1000);
  expect(await codeOf('Bearer x')).toEqual(['UNAUTHENTICATED', 'MALFORMED']);
  expect(await codeOf('')).toEqual(['UNAUTHENTICATED', 'MALFORMED']);
  expect(await codeOf(tokenOf(), 'NEWS')).toEqual(['PURPOSE_REQUIRED', 'NOT_ALLOWED']);
  // Good for a request by the half minute that clocks may be off, but no connection would last.
  expect(await codeOf(`Bearer ${issuer.token({ role: 'NATIONAL_CENTRE', organisation: '91110105MA0EEE1197' }, { payload: { exp: seconds - 5 } })}`)).toEqual(['UNAUTHENTICATED', 'EXPIRED']);
});

test('connections with one token and purpose share a session; another purpose or token has its own', async () => {
  const authenticator = authenticatorOf(bookOf());
  const token = tokenOf();
  const first = await authenticator.session(token, 'SUPERVISION');
  expect(await authenticator.session(token, 'SUPERVISION')).toBe(first);
  expect(await authenticator.session(token, 'AUDIT')).not.toBe(first);
  expect(await authenticator.session(tokenOf(), 'SUPERVISION')).not.toBe(first);
});

test('it is good at once while nothing can have changed, and looked at again when something may have', async () => {
  const book = bookOf();
  const session = await authenticatorOf(book).session(tokenOf(), undefined);
  expect([session.isGood(), session.isGood(), book.looks]).toEqual([true, true, 1]);
  book.version = 2;
  const [one, other] = [session.isGood(), session.isGood()];
  expect([one, await one, await other, book.looks]).toEqual([expect.any(Promise), true, true, 2]);
  expect([session.isGood(), book.looks]).toEqual([true, 2]);
});

test('after a second it is looked at again, since a grant ends by its date too', async () => {
  const book = bookOf();
  const session = await authenticatorOf(book).session(tokenOf(), undefined);
  book.grants = [];
  expect(session.isGood()).toBe(true);
  await until('another look', async () => !(await session.isGood()));
});

test('while changes are not heard it is looked at each time', async () => {
  const book = bookOf();
  book.version = null;
  const session = await authenticatorOf(book).session(tokenOf(), undefined);
  expect([await session.isGood(), await session.isGood(), book.looks]).toEqual([true, true, 3]);
});

test('what changes while it is being looked at is looked at again', async () => {
  const book = bookOf();
  const session = await authenticatorOf(book).session(tokenOf(), undefined);
  const held = Promise.withResolvers<void>();
  book.delay = held.promise;
  book.version = 2;
  const early = session.isGood();
  book.grants = [];
  book.version = 3;
  const late = session.isGood();
  held.resolve();
  expect([await early, await late]).toEqual([true, false]);
});

test.each<[string, (book: Book) => void]>([
  ['was revoked', (book) => (book.revoked = true)],
  ['has no grant any more', (book) => (book.grants = [])],
  ['has a grant for another province', (book) => (book.grants = [{ province: '44', sector: null }])],
])('a session whose token %s is over, also when that is undone; the next one is another', async (_, change) => {
  const book = bookOf([{ province: '33', sector: null }]);
  const authenticator = authenticatorOf(book);
  const token = tokenOf();
  const session = await authenticator.session(token, undefined);
  change(book);
  book.version = 2;
  expect(await session.isGood()).toBe(false);
  Object.assign(book, { revoked: false, grants: [{ province: '33', sector: null }], version: 3 });
  expect(session.isGood()).toBe(false);
  const next = await authenticator.session(token, undefined);
  expect([next === session, next.isGood()]).toEqual([false, true]);
});

test('a session ends with its token', async () => {
  let at = Date.now();
  const authenticator = authenticatorOf(bookOf(), () => new Date(at));
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
  const book = bookOf();
  const session = await authenticatorOf(book).session(tokenOf(), undefined);
  book.delay = Promise.reject(new Error('the database is down'));
  book.version = 2;
  await expect(session.isGood()).rejects.toThrow('the database is down');
  book.delay = Promise.resolve();
  expect(await session.isGood()).toBe(true);
});
