import fc from 'fast-check';
import pg from 'pg';
import { openDatabase, type Database } from '#test/support/database.ts';
import { disclosureLevels, isVisibleRow, rowParameters, rowPredicate, type RowRights, rowScope, rowValues } from './rows.ts';
import { createViewer, roles, type Viewer } from './viewer.ts';

// The row rule stands twice, as SQL and in memory: whoever sees a row by one sees it by the other.

let database: Database;
let client: pg.Client;
beforeAll(async () => {
  database = await openDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

const codes = ['91330000000000000A', '91440000000000000B'];
const units = ['11330000000000000C', '11440000000000000D'];
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
  // What is not public has no term.
  .map((each) => (each.disclosure_level === 'PUBLIC' ? each : { ...each, public_from: null, public_until: null }));

const viewer: fc.Arbitrary<Viewer> = fc.record({ role: fc.constantFrom(...roles), organisation: fc.constantFrom(...codes, ...units, null), province: fc.constantFrom('33', null), sector: fc.constantFrom('C', null), purpose: fc.constantFrom('SUPERVISION', null) })
  .map((each) => createViewer({ ...each, purposes: [], tokenId: null }));

test('a row is visible in memory exactly when SQL finds it', async () => {
  const columns = 'uscc text, disclosure_level text, public_from date, public_until date, withdrawn_on date, erased_at timestamptz, province text, sector text, source_unit text, determining_unit text';
  const text = `select ${rowPredicate('record', 1)} as visible from json_to_recordset($${rowParameters + 1}::json) as record(${columns})`;
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(viewer, fc.array(row, { minLength: 20, maxLength: 20 }), async (who, rows) => {
      const scope = rowScope(who);
      const { rows: found } = await client.query<{ visible: boolean | null }>(text, [...rowValues(scope, TODAY), JSON.stringify(rows)]);
      const bySql = found.map(({ visible }) => visible === true);
      seen += bySql.filter(Boolean).length;
      expect(rows.map((each) => isVisibleRow(scope, each, TODAY))).toEqual(bySql);
    }),
    { numRuns: 400 },
  );
  // Both answers were compared.
  expect(seen).toBeGreaterThan(200);
  expect(seen).toBeLessThan(7000);
});
