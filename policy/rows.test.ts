import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { createConsents } from '#records/consents.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { disclosureLevels } from './scope.ts';
import { isVisibleRow, rowParameters, rowPredicate, type RowRights, rowScope, rowValues } from './rows.ts';
import { roles } from './roles.ts';
import { createViewer, type Viewer } from './viewer.ts';

// The row rule exists twice, as SQL and in memory: a viewer who sees a row by one sees it by the other.

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
  await giveConsents();
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await client.end();
  await database[Symbol.asyncDispose]();
});

const codes = ['91330000000000000A', '91440000000000000B'];
const units = ['11330000000000000C', '11440000000000000D'];
const purposes = ['SUPERVISION', 'CREDIT_GRANTING'];
const day = fc.constantFrom('2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28');
const TODAY = '2026-11-26';
const someDay = fc.option(day, { nil: null, freq: 2 });

const row: fc.Arbitrary<RowRights> = fc
  .record({
    uscc: fc.constantFrom(...codes),
    disclosure_level: fc.constantFrom(...disclosureLevels),
    public_from: day,
    public_until: day,
    withdrawn_on: fc.oneof(fc.constant(null), someDay),
    erased_at: fc.constantFrom(null, null, null, '2026-11-26T00:00:00.000Z'),
    province: fc.constantFrom('33', '44'),
    sector: fc.option(fc.constantFrom('C', 'F'), { nil: null }),
    source_unit: fc.constantFrom(...units),
    determining_unit: fc.option(fc.constantFrom(...units), { nil: null }),
  })
  // A row that is not public has no term.
  .map((each) => (each.disclosure_level === 'PUBLIC' ? each : { ...each, public_from: null, public_until: null }));

// Only two of many roles can see more by a consent.
const someRole = fc.constantFrom(
  ...roles,
  'FINANCIAL_INSTITUTION',
  'FINANCIAL_INSTITUTION',
  'CREDIT_SERVICE_AGENCY',
  'CREDIT_SERVICE_AGENCY',
);
const viewer: fc.Arbitrary<Viewer> = fc
  .record({
    role: someRole,
    organisation: fc.constantFrom(...codes, ...units, null),
    province: fc.constantFrom('33', null),
    sector: fc.constantFrom('C', null),
    purpose: fc.constantFrom(...purposes, null),
  })
  .map((each) => createViewer({ ...each, purposes: [], tokenId: null }));

/** In hours from now: when it begins, when it ends and when it was revoked. */
type Given = readonly [begins: number, ends: number, revoked: number | null];
const inForce: Given = [-2, 2, null];
const revoked: Given = [-2, 2, -1];
const expired: Given = [-2, -1, null];
const toCome: Given = [1, 2, null];
/** The consents that each subject gave each organisation for each purpose. */
const histories: readonly (readonly Given[])[] = [
  [inForce],
  [revoked],
  [expired],
  [toCome],
  [],
  [revoked, inForce],
  [expired, revoked],
];

async function giveConsents(): Promise<void> {
  let next = 0;
  for (const subject of codes)
    for (const grantee of [...codes, ...units])
      for (const purpose of purposes)
        for (const [begins, ends, end] of histories[next++ % histories.length] ?? [])
          await client.query(
            `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at, revoked_at)
             values ($1, $2, $3, $4,
                     now() + make_interval(hours => $5),
                     now() + make_interval(hours => $6),
                     now() + make_interval(hours => $7))`,
            [randomUUID(), subject, grantee, purpose, begins, ends, end],
          );
}

const columns = `
  uscc text, disclosure_level text, public_from date, public_until date, withdrawn_on date, erased_at timestamptz,
  province text, sector text, source_unit text, determining_unit text`;
/** For each of some rows, whether the rule finds it. */
const text = `
  select ${rowPredicate('record', 1)} as visible
  from json_to_recordset($${rowParameters + 1}::json) as record(${columns})`;

test('a row is visible in memory exactly when SQL finds it', async () => {
  const consents = createConsents(pool);
  let seen = 0;
  let seenByConsent = 0;
  await fc.assert(
    fc.asyncProperty(viewer, fc.array(row, { minLength: 20, maxLength: 20 }), async (who, rows) => {
      const scope = rowScope(who);
      const { rows: found } = await client.query<{ visible: boolean | null }>(text, [
        ...rowValues(scope, TODAY),
        JSON.stringify(rows),
      ]);
      const bySql = found.map(({ visible }) => visible === true);
      const { now } = await consents.of(who, codes);
      const inMemory = rows.map((each) => isVisibleRow(scope, each, TODAY, (uscc) => now.has(uscc)));
      expect(inMemory).toEqual(bySql);
      seen += bySql.filter(Boolean).length;
      seenByConsent += rows.filter((each, index) => bySql[index] && !isVisibleRow(scope, each, TODAY)).length;
    }),
    { numRuns: 400 },
  );
  // Both answers were compared.
  expect(seen).toBeGreaterThan(200);
  expect(seen).toBeLessThan(7000);
  expect(seenByConsent).toBeGreaterThan(5);
});

test('consents are looked for in rows for named recipients, for a reader that uses them, and in no other', async () => {
  const rows = disclosureLevels.map((level) => ({
    uscc: codes[0],
    disclosure_level: level,
    public_from: level === 'PUBLIC' ? TODAY : null,
    public_until: level === 'PUBLIC' ? TODAY : null,
    province: '33',
    source_unit: units[0],
  }));
  await client.query(`set track_functions = 'all'`);
  const calls = async (): Promise<number> =>
    Number(
      (
        await client.query<{ calls: string | null }>(
          `select pg_stat_get_xact_function_calls('consent.is_given'::regproc) as calls`,
        )
      ).rows[0]?.calls ?? 0,
    );
  const looks = async (role: (typeof roles)[number]): Promise<number> => {
    const scope = rowScope(
      createViewer({
        role,
        organisation: codes[1] as string,
        province: '44',
        sector: 'F',
        purposes: [],
        purpose: 'SUPERVISION',
        tokenId: null,
      }),
    );
    await client.query('begin'); // in which the count is not handed over to the server's own
    const before = await calls();
    await client.query(text, [...rowValues(scope, TODAY), JSON.stringify(rows)]);
    const after = await calls();
    await client.query('rollback');
    return after - before;
  };
  for (const each of roles)
    expect([each, await looks(each)]).toEqual([
      each,
      each === 'FINANCIAL_INSTITUTION' || each === 'CREDIT_SERVICE_AGENCY' ? 1 : 0,
    ]);
});
