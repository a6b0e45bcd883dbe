import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { decodeId, encodeId, recordIdOf } from '#records/record.ts';
import { createSubgraph, type PartOutcome, type Subgraph } from '#records/subgraph.ts';
import { type Role } from '#policy/roles.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { definition } from '#subgraphs/namelist/index.ts';
import { composeUscc } from '#standards/uscc.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { lines } from '#test/support/registered.ts';
import { registerNamedUnits } from '#test/support/units.ts';

// Rows are put in by hand, so that the two times and the rights of each are the test's own; filings have tests of their
// own below.

const TODAY = '2026-11-23';
const KNOWN = '2026-11-23T02:00:00.000Z';
const UNIT = composeUscc('11330000', 'MB1EEE00');
const AUTHORITY = composeUscc('11330000', 'MB1EEE01');
const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);

let database: Database;
let owner: Pool;
let namelist: Subgraph;
let statements = 0;

beforeAll(async () => {
  database = await openDatabase();
  owner = createPool({ url: database.url, applicationName: 'test', max: 2, statementTimeoutMs: 10_000 });
  namelist = openSubgraph();
  // Whatever the machine's clock says: all that the tests record lies before the sealed instant.
  await owner.query(`update namelist.clock set last = $1`, [KNOWN]);
  await source({});
});

afterAll(async () => {
  await namelist[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** One that has not asked for anything yet; its statements are counted. */
function openSubgraph(): Subgraph {
  const pool = createPool({
    url: database.url,
    role: 'credit_namelist',
    applicationName: 'namelist',
    max: 4,
    statementTimeoutMs: 10_000,
  });
  const run = pool.query.bind(pool);
  pool.query = ((...args: Parameters<typeof run>) => {
    statements += 1;
    return run(...args);
  }) as typeof pool.query;
  return createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(KNOWN),
  });
}

const viewer = (role: Role, more: Partial<Viewer> = {}): Viewer =>
  role === 'PUBLIC'
    ? publicViewer
    : createViewer({
        role,
        organisation: composeUscc('91110000', 'MA1EEE99'),
        province: null,
        sector: null,
        purposes: ['P'],
        purpose: 'P',
        tokenId: null,
        ...more,
      });
const bank = viewer('FINANCIAL_INSTITUTION');
const zhejiang = viewer('PROVINCIAL_PLATFORM', { province: '33' });
const auditor = viewer('AUDITOR');

async function ask(
  document: string,
  variables: Record<string, unknown> = {},
  as: Viewer = publicViewer,
  moment = { validAt: TODAY, knownAt: KNOWN },
  subgraph = namelist,
): Promise<ExecutionResult> {
  return JSON.parse(
    JSON.stringify(
      await subgraph.execute({ document, variables, viewer: as, moment, signal: AbortSignal.timeout(10_000) }),
    ),
  ) as ExecutionResult;
}

async function source(row: {
  uscc?: string;
  last_filed_at?: string;
  promised_delay_hours?: number;
  first_filed_at?: string;
}): Promise<void> {
  const full = {
    uscc: UNIT,
    last_filed_at: '2026-11-22T00:00:00Z',
    promised_delay_hours: 840,
    first_filed_at: '2025-01-01T00:00:00Z',
    ...row,
  };
  await owner.query(
    `insert into namelist.source_unit (uscc, kind, last_filed_at, promised_delay_hours, first_filed_at)
      values ($1, 'name-list', $2, $3, $4)
     on conflict (uscc, kind) do update set last_filed_at = excluded.last_filed_at,
       promised_delay_hours = excluded.promised_delay_hours, first_filed_at = excluded.first_filed_at`,
    [full.uscc, full.last_filed_at, full.promised_delay_hours, full.first_filed_at],
  );
}

let made = 0;
const newEntity = (): string => composeUscc('91330106', `MA${String((made += 1)).padStart(6, '0')}`);

/** An entry that is listed, serious, published and of Zhejiang, but for what the test says. */
async function entry(row: Record<string, unknown> & { uscc: string }): Promise<string> {
  const listedOn = (row['listed_on'] as string | undefined) ?? '2026-03-10';
  const full = {
    record_id: recordIdOf(row.uscc, String((made += 1))),
    version: 1,
    digest: Buffer.alloc(32, 1),
    source_unit: UNIT,
    source_unit_name: '测试单位',
    source_record_id: 'SRC-1',
    catalogue_code: 'ML-1',
    collected_at: '2026-03-11T00:00:00Z',
    disclosure_level: 'PUBLIC',
    public_from: listedOn,
    public_until: '2029-03-09',
    province: '33',
    sector: 'C',
    determining_unit: AUTHORITY,
    valid_from: listedOn,
    recorded_at: '2026-03-11T00:00:00Z',
    content: { grounds: '列入事由', legalBasis: '认定依据', publicUntil: '2029-03-09' },
    list_type: 'SAMR_SERIOUS',
    category: 'SERIOUS',
    document_no: '浙市监〔2026〕1号',
    authority_name: '测试认定机关',
    listed_on: listedOn,
    ...row,
  };
  const columns = Object.keys(full);
  await owner.query(
    `insert into namelist.entry (${columns.join(', ')})
      values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(full),
  );
  return full.record_id;
}

const id = (uscc: string, recordId: string): string => encodeId('NameListEntry', uscc, recordId);

const FILE = `query (
    $uscc: USCC!, $validAt: Date, $knownAt: DateTime, $first: Int = 100, $after: Cursor,
    $categories: [NameListCategory!]
  ) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
    nameListEntries(first: $first, after: $after, categories: $categories) {
      nodes { id documentNo listedOn state } pageInfo { hasNextPage endCursor } totalCount { value exact }
    }
  }
}`;
const VERDICT = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) { hasActiveSeriousListing }
}`;
const SEARCH = `query (
  $filter: NameListEntryFilter!, $validAt: Date, $knownAt: DateTime, $first: Int = 100, $after: Cursor
) {
  nameListEntries(filter: $filter, validAt: $validAt, knownAt: $knownAt, first: $first, after: $after) {
    nodes { id listedOn } pageInfo { hasNextPage endCursor } totalCount { value exact }
  }
}`;
const RECORD = `query ($representations: [_Any!]!) {
  found: _entities(representations: $representations) { ... on NameListEntry { id state } }
}`;

interface Found {
  nodes: { id: string; listedOn: string; state?: string; documentNo?: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number; exact: boolean };
}
async function entriesOf(variables: Record<string, unknown>, as?: Viewer): Promise<Found> {
  const result = await ask(FILE, variables, as);
  expect(result.errors).toBeUndefined();
  return (result.data as { creditFile: { nameListEntries: Found } }).creditFile.nameListEntries;
}
async function search(variables: Record<string, unknown>, as?: Viewer): Promise<Found> {
  const result = await ask(SEARCH, variables, as);
  expect(result.errors).toBeUndefined();
  return (result.data as { nameListEntries: Found }).nameListEntries;
}
/** What is answered, or the code for which it is null. */
async function verdict(variables: Record<string, unknown>, as?: Viewer): Promise<unknown> {
  const { data, errors = [] } = await ask(VERDICT, variables, as);
  const { hasActiveSeriousListing: answer } = (data as { creditFile: { hasActiveSeriousListing: unknown } }).creditFile;
  if (errors.length === 0) return answer;
  expect([answer, errors.map(({ path }) => path)]).toEqual([null, [['creditFile', 'hasActiveSeriousListing']]]);
  return errors[0]?.extensions['code'];
}

async function errorCodes(...args: Parameters<typeof ask>): Promise<unknown[] | undefined> {
  return (await ask(...args)).errors?.map(({ extensions }) => extensions?.['code']);
}

/** Where a new entry listed on 2026-01-10 stands on a day, as an auditor sees it. */
async function stateOn(validAt: string, row: Record<string, unknown>): Promise<string | undefined> {
  const uscc = newEntity();
  await entry({ uscc, listed_on: '2026-01-10', ...row });
  return (await entriesOf({ uscc, validAt }, auditor)).nodes[0]?.state;
}

/** The ids on all pages, three on each. */
async function walk(turn: (after: string | null) => Promise<Found>): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null, more = true; more;) {
    const { nodes, pageInfo } = await turn(after);
    expect(nodes.length === 3 || !pageInfo.hasNextPage).toBe(true);
    ids.push(...nodes.map((node) => node.id));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  return ids;
}

test('the public sees a published entry whole, without what lies outside the published form', async () => {
  const uscc = newEntity();
  const recordId = await entry({ uscc, term_until: '2029-03-09', additional_fields: { X1: 'extra' } });
  const result = await ask(
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        uscc validAt knownAt
        nameListEntries(first: 10) {
          edges {
            node {
              id version subject { uscc }
              provenance { sourceUnit { name uscc } catalogueCode collectedAt }
              disclosureLevel validFrom validTo recordedAt underObjection
              listType { code name category owner legalBasis term verified effectiveFrom effectiveTo source }
              category state authority { name uscc } documentNo listedOn grounds legalBasis termUntil
              removedOn removalReason publicUntil
            }
          }
          totalCount { value exact } pageInfo { hasNextPage }
        }
      }
    }`,
    { uscc },
  );
  expect(result).toEqual({
    data: {
      creditFile: {
        uscc,
        validAt: TODAY,
        knownAt: KNOWN,
        nameListEntries: {
          edges: [
            {
              node: {
                id: id(uscc, recordId),
                version: 1,
                subject: { uscc },
                provenance: {
                  sourceUnit: { name: '测试单位', uscc: UNIT },
                  catalogueCode: 'ML-1',
                  collectedAt: '2026-03-11T00:00:00.000Z',
                },
                disclosureLevel: 'PUBLIC',
                validFrom: '2026-03-10',
                validTo: null,
                recordedAt: '2026-03-11T00:00:00.000Z',
                underObjection: false,
                listType: {
                  code: 'SAMR_SERIOUS',
                  name: '市场监督管理严重违法失信名单',
                  category: 'SERIOUS',
                  owner: '国家市场监督管理总局',
                  legalBasis: ['市场监督管理严重违法失信名单管理办法（国家市场监督管理总局令第44号）'],
                  term: 'Three years; removal may be applied for after one year.',
                  verified: true,
                  effectiveFrom: '2021-09-01',
                  effectiveTo: null,
                  source: '国家市场监督管理总局令第44号',
                },
                category: 'SERIOUS',
                state: 'LISTED',
                authority: { name: '测试认定机关', uscc: AUTHORITY },
                documentNo: '浙市监〔2026〕1号',
                listedOn: '2026-03-10',
                grounds: '列入事由',
                legalBasis: '认定依据',
                termUntil: '2029-03-09',
                removedOn: null,
                removalReason: null,
                publicUntil: '2029-03-09',
              },
            },
          ],
          totalCount: { value: 1, exact: true },
          pageInfo: { hasNextPage: false },
        },
      },
    },
  });
});

test.each(['digest', 'additionalFields { value }', 'provenance { sourceRecordId }'])(
  'the public never sees %s, and the value is nowhere in the answer',
  async (field) => {
    const uscc = newEntity();
    await entry({
      uscc,
      additional_fields: { X1: 'PLANTED' },
      source_record_id: 'PLANTED',
      digest: Buffer.from('PLANTED'),
    });
    const result = await ask(
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) { nameListEntries(first: 10) { nodes { it: ${field} } } }
      }`.replace('it: provenance', 'provenance'),
      { uscc },
    );
    expect(result.errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
    expect(JSON.stringify(result)).not.toMatch(/PLANTED|504c414e544544/);
  },
);

/** What is filed of an entry in each state of its publication, by the state's name. */
const entriesByState: Record<string, Record<string, unknown>> = {
  published: {},
  'not yet published': { public_from: '2026-12-01' },
  'published term ended': { public_until: '2026-11-22' },
  'shared in government': { disclosure_level: 'GOV_SHARED', public_from: null, public_until: null },
  'shared in government of another province': {
    disclosure_level: 'GOV_SHARED',
    public_from: null,
    public_until: null,
    province: '44',
  },
  restricted: { disclosure_level: 'RESTRICTED', public_from: null, public_until: null },
  internal: { disclosure_level: 'INTERNAL', public_from: null, public_until: null },
  repaired: { withdrawn_on: '2026-06-01', removed_on: '2026-06-01', content: { removalReason: 'REPAIRED' } },
};

const subjectOfStates = composeUscc('91330106', 'MB000001');

/** Who reads, and the states of the entries that are there for it. */
const entriesByReader: [string, Viewer, string[]][] = [
  ['the public', publicViewer, ['published']],
  ['a bank', bank, ['published']],
  ['an association', viewer('INDUSTRY_ASSOCIATION'), ['published']],
  ['another entity', viewer('SUBJECT', { organisation: composeUscc('91330106', 'MB000009') }), ['published']],
  ['the platform of another province', viewer('PROVINCIAL_PLATFORM', { province: '11' }), ['published']],
  [
    'the platform of its province',
    zhejiang,
    ['published', 'not yet published', 'published term ended', 'shared in government'],
  ],
  [
    'the regulator of its sector',
    viewer('SECTOR_REGULATOR', { sector: 'C' }),
    [
      'published',
      'not yet published',
      'published term ended',
      'shared in government',
      'shared in government of another province',
    ],
  ],
  [
    'the entity itself',
    viewer('SUBJECT', { organisation: subjectOfStates }),
    Object.keys(entriesByState).filter((name) => name !== 'internal'),
  ],
  ['the determining unit', viewer('DETERMINING_UNIT', { organisation: AUTHORITY }), Object.keys(entriesByState)],
  ['an auditor', auditor, Object.keys(entriesByState)],
];

describe('rights decide which entries there are, in every field', () => {
  const uscc = subjectOfStates;
  const recordIds = new Map<string, string>();
  beforeAll(async () => {
    for (const [name, row] of Object.entries(entriesByState))
      recordIds.set(id(uscc, await entry({ uscc, ...row })), name);
  });

  test.each(entriesByReader)('%s', async (_, as, expected) => {
    const names = (nodes: readonly ({ id: string } | null)[]): string[] =>
      nodes
        .flatMap((node) => (node ? [recordIds.get(node.id) ?? ''] : []))
        .filter(Boolean)
        .toSorted();
    const file = await entriesOf({ uscc }, as);
    const found = await search({ filter: { types: ['SAMR_SERIOUS'] } }, as);
    const byId = await ask(
      RECORD,
      { representations: [...recordIds.keys()].map((key) => ({ __typename: 'NameListEntry', id: key })) },
      as,
    );
    expect({
      file: names(file.nodes),
      total: file.totalCount,
      found: names(found.nodes),
      byId: names((byId.data as { found: ({ id: string } | null)[] }).found),
      errors: byId.errors,
    }).toEqual({
      file: expected.toSorted(),
      total: { value: expected.length, exact: true },
      found: expected.toSorted(),
      byId: expected.toSorted(),
      errors: undefined,
    });
  });

  test('a read of what is not public is noted, a read of what is public is not', async () => {
    expect((await ask(FILE, { uscc })).extensions).toBeUndefined();
    const noted = (await ask(FILE, { uscc }, zhejiang)).extensions?.['reads'] as { record: string }[];
    expect(noted.map(({ record, ...rest }) => [recordIds.get(id(uscc, record)), rest])).toEqual(
      expect.arrayContaining(
        ['not yet published', 'published term ended', 'shared in government'].map((name) => [
          name,
          { uscc, dataClass: 'RECORD', version: 1 },
        ]),
      ),
    );
    expect(noted).toHaveLength(3);
  });

  test('without a purpose a government reader is refused, and does not receive an empty list', async () => {
    const { data, errors } = await ask(
      VERDICT,
      { uscc },
      viewer('PROVINCIAL_PLATFORM', { province: '33', purpose: null }),
    );
    expect({ data, codes: errors?.map(({ extensions }) => extensions?.['code']) }).toEqual({
      data: null,
      codes: ['PURPOSE_REQUIRED'],
    });
  });

  test('an id that is no id, or of another kind of record, names nothing', async () => {
    const known = [...recordIds.keys()][0] ?? '';
    const ids = [
      'x',
      known.slice(1),
      encodeId('AdministrativePenalty', uscc, recordIdOf('x')),
      id(uscc, recordIdOf('nothing')),
    ];
    expect(
      await ask(RECORD, { representations: ids.map((each) => ({ __typename: 'NameListEntry', id: each })) }),
    ).toEqual({ data: { found: [null, null, null, null] } });
  });
});

describe('two times', () => {
  const uscc = composeUscc('91330106', 'MB000002');
  beforeAll(async () => {
    const recordId = recordIdOf(uscc, 'corrected');
    await entry({
      uscc,
      record_id: recordId,
      listed_on: '2026-01-10',
      document_no: '一',
      recorded_at: '2026-02-01T00:00:00Z',
      superseded_at: '2026-05-01T00:00:00Z',
    });
    await entry({
      uscc,
      record_id: recordId,
      version: 2,
      listed_on: '2026-01-20',
      document_no: '二',
      recorded_at: '2026-05-01T00:00:00Z',
    });
  });

  test.each([
    ['2026-01-09', '2026-02-01T00:00:00.000Z', []],
    ['2026-01-10', '2026-01-31T23:59:59.999Z', []],
    ['2026-01-10', '2026-02-01T00:00:00.000Z', ['一']],
    ['2026-01-10', '2026-04-30T23:59:59.999Z', ['一']],
    ['2026-01-10', '2026-05-01T00:00:00.000Z', []],
    ['2026-01-20', '2026-05-01T00:00:00.000Z', ['二']],
    [TODAY, KNOWN, ['二']],
  ])('on %s as known at %s', async (validAt, knownAt, expected) => {
    const file = await entriesOf({ uscc, validAt, knownAt });
    const found = await search({ filter: { types: ['SAMR_SERIOUS'] }, validAt, knownAt });
    expect(file.nodes.map(({ documentNo }) => documentNo)).toEqual(expected);
    expect(file.totalCount.value).toBe(expected.length);
    expect(found.nodes.filter((node) => node.id === id(uscc, recordIdOf(uscc, 'corrected')))).toHaveLength(
      expected.length,
    );
  });

  test('an instant that is not sealed is refused by every field', async () => {
    const knownAt = '2999-01-01T00:00:00.000Z';
    expect(await errorCodes(FILE, { uscc, knownAt })).toEqual(['KNOWN_AT_TOO_LATE']);
    expect(await errorCodes(SEARCH, { filter: {}, knownAt })).toEqual(['KNOWN_AT_TOO_LATE']);
    expect(
      await errorCodes(
        RECORD,
        { representations: [{ __typename: 'NameListEntry', id: id(uscc, recordIdOf(uscc, 'corrected')) }] },
        publicViewer,
        { validAt: TODAY, knownAt },
      ),
    ).toEqual(['KNOWN_AT_TOO_LATE']);
  });
});

describe('where an entry stands on a day', () => {
  test.each([
    ['no end: on the list', {}, TODAY, 'LISTED'],
    ['the last day of the term counts', { term_until: '2026-06-30' }, '2026-06-30', 'LISTED'],
    ['the day after the term', { term_until: '2026-06-30' }, '2026-07-01', 'REMOVED'],
    [
      'the day before the removal',
      { removed_on: '2026-06-30', content: { removalReason: 'CORRECTED' } },
      '2026-06-29',
      'LISTED',
    ],
    [
      'the day of the removal',
      { removed_on: '2026-06-30', content: { removalReason: 'CORRECTED' } },
      '2026-06-30',
      'REMOVED',
    ],
    ['removed without a reason', { removed_on: '2026-06-30' }, TODAY, 'REMOVED'],
    [
      'repaired',
      { removed_on: '2026-06-30', withdrawn_on: '2026-06-30', content: { removalReason: 'REPAIRED' } },
      TODAY,
      'REPAIRED',
    ],
    [
      'repaired since, asked for a day before: ended effects are those of now',
      { removed_on: '2026-06-30', withdrawn_on: '2026-06-30', content: { removalReason: 'REPAIRED' } },
      '2026-02-01',
      'REPAIRED',
    ],
    [
      'taken back as wrong',
      { removed_on: '2026-06-30', withdrawn_on: '2026-06-30', content: { removalReason: 'REVOKED' } },
      '2026-02-01',
      'REVOKED',
    ],
  ])('%s', async (_, row, validAt, expected) => {
    expect(await stateOn(validAt, row)).toBe(expected);
  });

  test('a version believed before the repair has the repair', async () => {
    const uscc = newEntity();
    const recordId = await entry({
      uscc,
      recorded_at: '2026-03-11T00:00:00Z',
      superseded_at: '2026-08-01T00:00:00Z',
      withdrawn_on: '2026-07-31',
    });
    await entry({
      uscc,
      record_id: recordId,
      version: 2,
      recorded_at: '2026-08-01T00:00:00Z',
      withdrawn_on: '2026-07-31',
      removed_on: '2026-07-31',
      content: { removalReason: 'REPAIRED' },
    });
    const { nodes } = await entriesOf({ uscc, validAt: '2026-04-01', knownAt: '2026-04-01T00:00:00.000Z' }, auditor);
    expect(nodes.map((node) => node.state)).toEqual(['REPAIRED']);
    expect((await entriesOf({ uscc, validAt: '2026-04-01', knownAt: '2026-04-01T00:00:00.000Z' })).nodes).toEqual([]);
  });
});

describe('pages', () => {
  const uscc = composeUscc('91330106', 'MB000003');
  const all: { id: string; listedOn: string }[] = [];
  beforeAll(async () => {
    for (let n = 0; n < 11; n++) {
      const listedOn = n < 7 ? '2026-05-05' : `2026-05-${String(n).padStart(2, '0')}`;
      const [list_type, category] =
        n % 3 === 0 ? ['FOCUS', 'FOCUS'] : n % 3 === 1 ? ['WAGE_ARREARS', 'SERIOUS'] : ['STATISTICS', 'SERIOUS'];
      all.push({
        id: id(
          uscc,
          await entry({
            uscc,
            listed_on: listedOn,
            list_type,
            category,
            province: '54',
            sector: n % 2 === 0 ? 'T' : 'S',
          }),
        ),
        listedOn,
      });
    }
    await entry({
      uscc,
      listed_on: '2026-05-05',
      province: '54',
      disclosure_level: 'INTERNAL',
      public_from: null,
      public_until: null,
    });
    const position = ({ id: key, listedOn }: (typeof all)[number]): string => listedOn + decodeId(key)?.recordId;
    all.sort((a, b) => (position(a) < position(b) ? 1 : -1));
  });

  test('of a file hold every entry once, newest first, through entries of one day', async () => {
    expect(await walk((after) => entriesOf({ uscc, first: 3, after }))).toEqual(all.map((each) => each.id));
  });

  test.each([
    ['no filter but the province', { province: '54' }],
    ['several types', { types: ['FOCUS', 'WAGE_ARREARS', 'STATISTICS'], province: '54' }],
    ['types named twice', { types: ['STATISTICS', 'FOCUS', 'WAGE_ARREARS', 'STATISTICS'], province: '54' }],
    ['several categories', { categories: ['FOCUS', 'SERIOUS'], province: '54' }],
  ])('over all entities likewise: %s', async (_, filter) => {
    expect(await walk((after) => search({ filter, first: 3, after }))).toEqual(all.map((each) => each.id));
    expect((await search({ filter, first: 3 })).totalCount).toEqual({ value: 11, exact: true });
  });

  test('a file asked for one category has only that one', async () => {
    const { nodes, totalCount } = await entriesOf({ uscc, categories: ['FOCUS'] });
    expect([nodes.length, totalCount]).toEqual([4, { value: 4, exact: true }]);
  });

  test('a cursor is good only for its file, arguments, times and viewer', async () => {
    const { pageInfo } = await entriesOf({ uscc, first: 3 });
    const after = pageInfo.endCursor;
    expect(await errorCodes(FILE, { uscc: newEntity(), first: 3, after })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(FILE, { uscc, first: 3, after, categories: ['FOCUS'] })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(FILE, { uscc, first: 3, after, validAt: '2026-11-22' })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(FILE, { uscc, first: 3, after }, bank)).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(SEARCH, { filter: { province: '54' }, first: 3, after })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(FILE, { uscc, first: 3, after: `${after}x` })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(FILE, { uscc, first: 3, after })).toBeUndefined();
  });

  test.each([0, 101, -1])('of %i are refused', async (first) => {
    for (const [document, variables] of [
      [FILE, { uscc, first }],
      [SEARCH, { filter: {}, first }],
    ] as const) {
      const { errors } = await ask(document, variables);
      expect(errors?.map(({ extensions }) => extensions)).toEqual([
        { code: 'BAD_USER_INPUT', argument: 'first', reason: 'PAGE_SIZE', expected: '1 to 100' },
      ]);
    }
  });
});

describe('filters', () => {
  const inQinghai: Record<string, string> = {};
  async function make(name: string, row: Record<string, unknown>): Promise<void> {
    const uscc = newEntity();
    inQinghai[id(uscc, await entry({ uscc, province: '63', ...row }))] = name;
  }
  beforeAll(async () => {
    await make('old', { listed_on: '2024-01-01', term_until: '2025-01-01', sector: 'R' });
    await make('new', { listed_on: '2026-10-01', sector: 'R' });
    await make('abnormal', {
      listed_on: '2026-09-01',
      list_type: 'ABNORMAL_OPERATION',
      category: 'ABNORMAL',
      sector: 'Q',
    });
    await make('commended', { listed_on: '2026-08-01', list_type: 'CUSTOMS_AEO', category: 'COMMENDED', sector: null });
    await make('withdrawn', { listed_on: '2026-08-01', withdrawn_on: '2026-09-01' });
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['province', { province: '63' }, ['new', 'abnormal', 'commended', 'old']],
    ['province and type', { province: '63', types: ['SAMR_SERIOUS'] }, ['new', 'old']],
    ['category alone', { categories: ['COMMENDED'] }, ['commended']],
    ['several categories alone', { categories: ['COMMENDED', 'ABNORMAL', 'COMMENDED'] }, ['abnormal', 'commended']],
    ['type and a category it has not', { types: ['SAMR_SERIOUS'], categories: ['FOCUS'] }, []],
    ['sector', { sector: 'R' }, ['new', 'old']],
    ['active on the day', { province: '63', activeOnly: true }, ['new', 'abnormal', 'commended']],
    ['listed from', { province: '63', listedFrom: '2026-08-02' }, ['new', 'abnormal']],
    [
      'all at once',
      {
        types: ['SAMR_SERIOUS'],
        categories: ['SERIOUS'],
        province: '63',
        sector: 'R',
        activeOnly: true,
        listedFrom: '2026-01-01',
      },
      ['new'],
    ],
    ['an empty list of types', { types: [] }, []],
  ])('%s', async (_, filter, expected) => {
    const { nodes, totalCount } = await search({ filter });
    expect([nodes.map((node) => inQinghai[node.id]), totalCount]).toEqual([
      expected,
      { value: expected.length, exact: true },
    ]);
  });

  test('active on a day in the past is of that day', async () => {
    expect(
      (await search({ filter: { province: '63', activeOnly: true }, validAt: '2024-06-01' })).nodes.map(
        (node) => inQinghai[node.id],
      ),
    ).toEqual(['old']);
  });

  test('an auditor that requests active entries does not receive a withdrawn one', async () => {
    expect(
      (await search({ filter: { province: '63', activeOnly: true } }, auditor)).nodes.map((node) => inQinghai[node.id]),
    ).toEqual(['new', 'abnormal', 'commended']);
  });

  test.each([
    ['types', { types: ['SAMR_SERIUOS'] }],
    ['province', { province: '99' }],
    ['sector', { sector: '制造业' }],
  ])('a misspelt code in %s is an error, for no entries would look like a clean record', async (field, filter) => {
    const { data, errors } = await ask(SEARCH, { filter });
    expect([
      data,
      errors?.map(({ extensions }) => [extensions?.['code'], extensions?.['argument'], extensions?.['reason']]),
    ]).toEqual([{ nameListEntries: null }, [['BAD_USER_INPUT', `filter.${field}`, 'UNKNOWN_CODE']]]);
  });
});

describe('hasActiveSeriousListing', () => {
  test('is true while a serious entry is on the list, and false before and after', async () => {
    const uscc = newEntity();
    await entry({ uscc, listed_on: '2026-03-10', term_until: '2026-09-10' });
    const at = async (validAt: string) => verdict({ uscc, validAt });
    expect([await at('2026-03-09'), await at('2026-03-10'), await at('2026-09-10'), await at('2026-09-11')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test.each([
    ['an entry of another category', { list_type: 'FOCUS', category: 'FOCUS' }],
    ['an entry removed', { removed_on: '2026-11-23' }],
    ['an entry repaired, for a day before the repair too', { withdrawn_on: '2026-11-01', removed_on: '2026-11-01' }],
    ['no entry', null],
  ])('is false with %s', async (_, row) => {
    const uscc = newEntity();
    if (row) await entry({ uscc, ...row });
    expect([await verdict({ uscc }), await verdict({ uscc }, bank)]).toEqual([false, false]);
    if (row && 'withdrawn_on' in row)
      expect([
        await verdict({ uscc, validAt: '2026-05-01' }),
        await verdict({ uscc, validAt: '2026-05-01' }, auditor),
      ]).toEqual([false, false]);
  });

  test('an entry the viewer may not see counts as none, and null does not give it away', async () => {
    const uscc = newEntity();
    await entry({ uscc, disclosure_level: 'GOV_SHARED', public_from: null, public_until: null });
    expect([await verdict({ uscc }), await verdict({ uscc }, bank), await verdict({ uscc }, zhejiang)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('true by an unpublished entry is a noted read; a published one is preferred and is not noted', async () => {
    const uscc = newEntity();
    const hidden = await entry({
      uscc,
      listed_on: '2026-10-10',
      disclosure_level: 'GOV_SHARED',
      public_from: null,
      public_until: null,
    });
    expect((await ask(VERDICT, { uscc }, zhejiang)).extensions).toEqual({
      reads: [{ uscc, dataClass: 'RECORD', record: hidden, version: 1 }],
    });
    await entry({ uscc });
    expect((await ask(VERDICT, { uscc }, zhejiang)).extensions).toBeUndefined();
  });
});

describe('hasActiveSeriousListing and what its sources have filed', () => {
  afterEach(async () => {
    await owner.query(`delete from namelist.source_unit`);
    await source({});
  });

  test('a source that is late makes false unknown, and leaves true', async () => {
    const [clean, listed] = [newEntity(), newEntity()];
    await entry({ uscc: listed });
    await source({ uscc: AUTHORITY, last_filed_at: '2026-11-20T01:59:59.999Z', promised_delay_hours: 72 });
    expect([await verdict({ uscc: clean }), await verdict({ uscc: listed })]).toEqual(['SOURCE_LATE', true]);
    expect((await namelist.status()).lateUnits).toEqual([AUTHORITY]);
    await source({ uscc: AUTHORITY, last_filed_at: '2026-11-20T02:00:00.000Z', promised_delay_hours: 72 });
    expect([await verdict({ uscc: clean }), (await namelist.status()).lateUnits]).toEqual([false, []]);
  });

  test('lateness is that of the moment of asking, for a past instant too', async () => {
    await source({ uscc: AUTHORITY, last_filed_at: '2026-01-01T00:00:00Z', promised_delay_hours: 72 });
    expect(await verdict({ uscc: newEntity(), validAt: '2026-01-02', knownAt: '2026-01-02T00:00:00.000Z' })).toBe(
      'SOURCE_LATE',
    );
  });

  test('with no source at all nothing is known', async () => {
    await owner.query(`delete from namelist.source_unit`);
    expect(await verdict({ uscc: newEntity() })).toBe('SOURCE_LATE');
  });

  test('a unit that files another kind is no source of lists', async () => {
    await owner.query(`update namelist.source_unit set kind = 'other'`);
    expect(await verdict({ uscc: newEntity() })).toBe('SOURCE_LATE');
  });

  test('what was known before the first filing says nothing', async () => {
    const [uscc, validAt] = [newEntity(), '2025-01-01'];
    expect([
      await verdict({ uscc, validAt, knownAt: '2024-12-31T23:59:59.999Z' }),
      await verdict({ uscc, validAt, knownAt: '2025-01-01T00:00:00.000Z' }),
    ]).toEqual(['SOURCE_LATE', false]);
  });

  test('a day that had not come by then, or has not come yet, is unknown', async () => {
    const uscc = newEntity();
    expect(await verdict({ uscc, validAt: '2026-11-24' })).toBeNull();
    expect(await verdict({ uscc, validAt: '2026-07-03', knownAt: '2026-07-01T15:59:59.999Z' })).toBeNull();
    // The last sealed instant of an operation just after midnight is of the day before.
    expect(await verdict({ uscc, validAt: '2026-07-02', knownAt: '2026-07-01T15:59:59.999Z' })).toBe(false);
  });
});

test('a hundred credit files cost as many statements as one', async () => {
  const codes = Array.from({ length: 100 }, () => newEntity());
  await entry({ uscc: codes[50] ?? '' });
  const document = `query ($codes: [String!]!) {
    creditFiles(codes: $codes) {
      file {
        uscc hasActiveSeriousListing
        nameListEntries(first: 5) { nodes { listType { code } } totalCount { value } }
      }
    }
  }`;
  const count = async (asked: string[]): Promise<[number, ExecutionResult]> => {
    await ask(document, { codes: asked });
    statements = 0;
    const result = await ask(document, { codes: asked });
    return [statements, result];
  };
  const [one] = await count(codes.slice(0, 1));
  const [hundred, result] = await count(codes);
  expect([one, hundred]).toEqual([3, 3]);
  expect(result).toEqual({
    data: {
      creditFiles: codes.map((uscc, index) => ({
        file: {
          uscc,
          hasActiveSeriousListing: index === 50,
          nameListEntries: {
            nodes: index === 50 ? [{ listType: { code: 'SAMR_SERIOUS' } }] : [],
            totalCount: { value: index === 50 ? 1 : 0 },
          },
        },
      })),
    },
  });
});

test('five hundred entries at their own times cost one statement, and one more if unsealed', async () => {
  const uscc = newEntity();
  const recordId = recordIdOf(uscc, 'events');
  await entry({ uscc, record_id: recordId, superseded_at: '2026-05-01T00:00:00Z' });
  await entry({ uscc, record_id: recordId, version: 2, recorded_at: '2026-05-01T00:00:00Z', removed_on: '2026-06-15' });
  const hidden = await entry({ uscc, disclosure_level: 'INTERNAL', public_from: null, public_until: null });
  const asked = (key: string, validAt: string, knownAt: string) => ({
    __typename: 'NameListEntry',
    id: id(uscc, key),
    validAt,
    knownAt,
  });
  const document = `query ($representations: [_Any!]!) {
    found: _entities(representations: $representations) {
      ... on NameListEntry { version state validAt knownAt }
    }
  }`;
  const at = (minute: number): string => new Date(Date.parse('2026-05-02T00:00:00Z') + minute * 60_000).toISOString();
  const events = [
    asked(recordId, '2026-06-14', '2026-04-01T00:00:00.000Z'),
    asked(recordId, '2026-06-15', '2026-04-30T23:59:59.999Z'),
    asked(recordId, '2026-06-14', '2026-05-01T00:00:00.000Z'),
    asked(recordId, '2026-06-15', '2026-05-01T00:00:00.001Z'),
    asked(recordId, '2026-03-09', '2026-05-01T00:00:00.000Z'),
    asked(recordId, '2026-06-15', '2026-03-10T23:59:59.999Z'),
    asked(hidden, '2026-06-15', '2026-05-01T00:00:00.000Z'),
    ...Array.from({ length: 493 }, (_, minute) => asked(recordId, '2026-06-14', at(minute))),
  ];
  const delivered = (index: number, version: number, state: string) => ({
    version,
    state,
    validAt: events[index]?.validAt,
    knownAt: events[index]?.knownAt,
  });
  const count = async (
    representations: readonly unknown[],
    subgraph?: Subgraph,
  ): Promise<[number, ExecutionResult]> => {
    statements = 0;
    const result = await ask(document, { representations }, publicViewer, { validAt: TODAY, knownAt: KNOWN }, subgraph);
    return [statements, result];
  };
  await namelist.status();
  const answer = await count(events);
  expect(answer).toEqual([
    1,
    {
      data: {
        found: [
          delivered(0, 1, 'LISTED'),
          delivered(1, 1, 'LISTED'),
          delivered(2, 2, 'LISTED'),
          delivered(3, 2, 'REMOVED'),
          null,
          null,
          null,
          ...events.slice(7).map((_, index) => delivered(index + 7, 2, 'LISTED')),
        ],
      },
    },
  ]);

  await using other = openSubgraph();
  expect(await count(events, other)).toEqual([2, answer[1]]);
  const tomorrow = Date.parse(await now()) + 86_400_000;
  const [tooLate, { errors }] = await count(
    events.map((each, index) => ({ ...each, knownAt: new Date(tomorrow + index).toISOString() })),
  );
  expect([tooLate, errors?.length]).toEqual([2, 500]);
});

test('two viewers asking at once are each given their own rows', async () => {
  const uscc = newEntity();
  await entry({ uscc });
  await entry({ uscc, disclosure_level: 'INTERNAL', public_from: null, public_until: null });
  const answers = await Promise.all(
    [publicViewer, auditor, bank, auditor, publicViewer].map((as) => entriesOf({ uscc }, as)),
  );
  expect(answers.map(({ nodes }) => nodes.length)).toEqual([1, 2, 1, 2, 1]);
});

async function typeCodes(validAt: string): Promise<string[]> {
  const { data } = await ask(`query ($validAt: Date) { nameListTypes(validAt: $validAt) { code } }`, { validAt });
  return (data as { nameListTypes: { code: string }[] }).nameListTypes.map(({ code }) => code);
}

test('list types are those in force on the day', async () => {
  expect(await typeCodes('2014-09-30')).toEqual([]);
  expect(await typeCodes('2014-12-01')).toEqual(['GOV_PROCUREMENT', 'ABNORMAL_OPERATION', 'TAX_GRADE_A']);
  expect(await typeCodes('2021-08-31')).not.toContain('SAMR_SERIOUS');
  expect(await typeCodes('2021-09-01')).toContain('SAMR_SERIOUS');
});

const counts = ({ added, corrected, unchanged, rejected, warned }: PartOutcome) => ({
  added,
  corrected,
  unchanged,
  rejected,
  warned,
});

/** As known after all that was filed. */
async function now(): Promise<string> {
  return (await namelist.status()).sealed;
}

const entryForm = {
  MD_XDR_MC: '示例有限公司',
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '浙市监〔2026〕9号',
  MD_LRRQ: '2026/03/10',
  MD_LRSY: '示例事由',
  MD_FLYJ: '示例依据',
  MD_RDJG: '示例局',
  MD_RDJGDM: AUTHORITY,
  MD_LYDW: '示例中心',
  MD_LYDWDM: UNIT,
};

const file = async (rows: Record<string, string>[], as: Viewer = zhejiang): Promise<PartOutcome> => {
  const intake = namelist.filings['name-list'];
  if (!intake) throw new Error('name list entries cannot be filed');
  const text = lines(rows.map((row) => ({ ...entryForm, ...row })));
  await registerNamedUnits(
    (statement, values) => owner.query(statement, [...values]),
    'name-list',
    text,
    'NDJSON',
    UNIT,
  );
  return intake(
    as,
    { filingId: randomUUID(), number: 1, kind: 'name-list', format: 'NDJSON' },
    Readable.from([Buffer.from(text)]),
  );
};

describe('filing', () => {
  test('a row of the form becomes an entry that the public can read; the same file again changes nothing', async () => {
    const uscc = newEntity();
    const rows = [{ MD_XDR_SHXYM: uscc, MD_QXZ: '2029/03/09', MD_GSJZQ: '2029/03/09' }];
    expect(counts(await file(rows))).toEqual({ added: 1, corrected: 0, unchanged: 0, rejected: 0, warned: 0 });
    expect(counts(await file(rows))).toEqual({ added: 0, corrected: 0, unchanged: 1, rejected: 0, warned: 0 });
    const result = await ask(
      `query ($uscc: USCC!, $knownAt: DateTime) {
          creditFile(uscc: $uscc, knownAt: $knownAt) {
            hasActiveSeriousListing
            nameListEntries(first: 10) {
              nodes {
        version
        provenance { sourceUnit { name uscc } catalogueCode }
        disclosureLevel validFrom validTo category state authority { name uscc } documentNo listedOn grounds
        legalBasis termUntil removedOn removalReason publicUntil } } } }`,
      { uscc, knownAt: await now() },
    );
    expect(result).toEqual({
      data: {
        creditFile: {
          hasActiveSeriousListing: true,
          nameListEntries: {
            nodes: [
              {
                version: 1,
                provenance: { sourceUnit: { name: '示例中心', uscc: UNIT }, catalogueCode: 'NAME_LIST' },
                disclosureLevel: 'PUBLIC',
                validFrom: '2026-03-10',
                validTo: '2029-03-10',
                category: 'SERIOUS',
                state: 'LISTED',
                authority: { name: '示例局', uscc: AUTHORITY },
                documentNo: '浙市监〔2026〕9号',
                listedOn: '2026-03-10',
                grounds: '示例事由',
                legalBasis: '示例依据',
                termUntil: '2029-03-09',
                removedOn: null,
                removalReason: null,
                publicUntil: '2029-03-09',
              },
            ],
          },
        },
      },
    });
  });

  test('rows that cannot be entries are refused with the reason, the others are taken', async () => {
    const good = newEntity();
    const outcome = await file([
      { MD_XDR_SHXYM: newEntity(), MD_LX: 'UNREGISTERED_LIST' },
      { MD_XDR_SHXYM: newEntity(), MD_RDJG: '', MD_RDJGDM: '' },
      { MD_XDR_SHXYM: newEntity(), MD_XDR_LB: '自然人' },
      { MD_XDR_SHXYM: newEntity(), MD_YCYY: '信用修复' },
      { MD_XDR_SHXYM: good },
    ]);
    expect(
      outcome.rejectedRows.map(({ row, problems }) => [row, problems.map(({ column, code }) => `${column} ${code}`)]),
    ).toEqual([
      [1, ['MD_LX UNKNOWN_CODE']],
      [2, ['MD_RDJG MISSING', 'MD_RDJGDM MISSING']],
      [3, ['MD_XDR_LB OUT_OF_SCOPE_NATURAL_PERSON']],
      [4, ['MD_YCRQ MISSING']],
    ]);
    expect([outcome.rows, outcome.added]).toEqual([5, 1]);
    expect((await entriesOf({ uscc: good, knownAt: await now() })).nodes).toHaveLength(1);
  });
});

describe('what follows from a filed entry', () => {
  test('an entry of a serious list that is filed as not public is taken with a warning', async () => {
    expect(counts(await file([{ MD_XDR_SHXYM: newEntity(), MD_SYFW: '政务共享' }]))).toEqual({
      added: 1,
      corrected: 0,
      unchanged: 0,
      rejected: 0,
      warned: 1,
    });
  });

  test('a repair takes the entry from everybody but those who review it, at every instant', async () => {
    const uscc = newEntity();
    await file([{ MD_XDR_SHXYM: uscc }]);
    const before = await now();
    expect(await verdict({ uscc, knownAt: before })).toBe(true);
    expect(counts(await file([{ MD_XDR_SHXYM: uscc, MD_YCRQ: '2026/11/01', MD_YCYY: '信用修复' }]))).toEqual({
      added: 0,
      corrected: 1,
      unchanged: 0,
      rejected: 0,
      warned: 0,
    });
    for (const knownAt of [before, await now()]) {
      for (const reader of [publicViewer, bank, zhejiang])
        expect((await entriesOf({ uscc, knownAt }, reader)).nodes).toEqual([]);
      expect((await entriesOf({ uscc, knownAt }, auditor)).nodes.map((node) => node.state)).toEqual(['REPAIRED']);
      expect([await verdict({ uscc, knownAt }), await verdict({ uscc, knownAt }, auditor)]).toEqual([false, false]);
    }
  });

  test('a unit that files is a source from then on, and only from then on', async () => {
    await owner.query(`delete from namelist.source_unit`);
    const [uscc, before] = [newEntity(), await now()];
    await file([{ MD_XDR_SHXYM: newEntity() }]);
    expect([await verdict({ uscc, knownAt: before }), await verdict({ uscc, knownAt: await now() })]).toEqual([
      'SOURCE_LATE',
      false,
    ]);
  });

  test('a bank may not file', async () => {
    await expect(file([{ MD_XDR_SHXYM: newEntity() }], bank)).rejects.toMatchObject({
      extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
    });
  });
});
