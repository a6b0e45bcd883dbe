import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { roles } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { createConsents } from './consents.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';

// policy/rows.test.ts compares what is in force here with what the row rule finds.

const [subject, other, grantee, outsider] = [
  '91330000000000000A',
  '91440000000000000B',
  '91110000000000000C',
  '91110000000000000D',
] as const;

let database: Database;
let client: pg.Client;
let pool: Pool;
beforeAll(async () => {
  database = await openDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  pool = createPool({
    url: database.url,
    role: 'credit_gateway',
    applicationName: 'test',
    max: 1,
    statementTimeoutMs: 5000,
  });
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await client.end();
  await database[Symbol.asyncDispose]();
});

const viewer = (given: Partial<Viewer> = {}): Viewer =>
  createViewer({
    role: 'FINANCIAL_INSTITUTION',
    organisation: grantee,
    province: null,
    sector: null,
    purposes: [],
    purpose: 'CREDIT_GRANTING',
    tokenId: null,
    ...given,
  });

/** In hours from now: when it begins, when it ends and when it was revoked. */
type Given = readonly [begins: number, ends: number, revoked: number | null];
const inForce: Given = [-2, 2, null];
const revoked: Given = [-2, 2, -1];
const expired: Given = [-2, -1, null];
const toCome: Given = [1, 2, null];

/** `subject` gave `grantee` these consents for CREDIT_GRANTING, and no others. */
async function setConsents(...history: readonly Given[]): Promise<void> {
  await client.query('delete from consent.consent');
  for (const [begins, ends, end] of history)
    await client.query(
      `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at, revoked_at)
       values ($1, $2, $3, 'CREDIT_GRANTING',
                now() + make_interval(hours => $4),
                now() + make_interval(hours => $5),
                now() + make_interval(hours => $6))`,
      [randomUUID(), subject, grantee, begins, ends, end],
    );
}

test('only the organisation consented to has a consent, in a role that uses it and for the purpose named', async () => {
  const { of } = createConsents(pool);
  await setConsents(inForce);
  const has = async (given: Partial<Viewer>): Promise<unknown> => [...(await of(viewer(given), [subject, other])).now];
  for (const role of roles.filter((each) => each !== 'FINANCIAL_INSTITUTION' && each !== 'CREDIT_SERVICE_AGENCY'))
    expect([role, await has({ role })]).toEqual([role, []]);
  expect(await has({ organisation: outsider })).toEqual([]);
  expect(await has({ organisation: null })).toEqual([]);
  expect(await has({ purpose: 'SUPERVISION' })).toEqual([]);
  expect(await has({ purpose: null })).toEqual([]);
  expect(await has({})).toEqual([subject]);
  expect(await has({ role: 'CREDIT_SERVICE_AGENCY' })).toEqual([subject]);
});

test.each<[string, readonly Given[], boolean, boolean]>([
  ['never was', [], false, false],
  ['is yet to begin', [toCome], false, false],
  ['was revoked', [revoked], false, true],
  ['has expired', [expired], false, true],
  ['was given anew', [expired, revoked, inForce], true, true],
])('a consent that %s', async (_, history, isNow, isEver) => {
  await setConsents(...history);
  const { now, ever } = await createConsents(pool).of(viewer(), [subject, other]);
  expect([[...now], [...ever]]).toEqual([isNow ? [subject] : [], isEver ? [subject] : []]);
});

test('who has no use of consents is answered without a statement', async () => {
  const { of } = createConsents({ query: () => Promise.reject(new Error('a statement')) } as unknown as Pool);
  const none = { now: new Set(), ever: new Set() };
  expect(await of(viewer({ role: 'PUBLIC', organisation: null }), [subject])).toEqual(none);
  expect(await of(viewer({ role: 'AUDITOR' }), [subject])).toEqual(none);
  expect(await of(viewer({ purpose: null }), [subject])).toEqual(none);
  expect(await of(viewer(), [])).toEqual(none);
  await expect(of(viewer(), [subject])).rejects.toThrow('a statement');
});
