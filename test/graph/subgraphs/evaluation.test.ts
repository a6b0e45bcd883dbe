import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { encodeId, recordIdOf } from '#records/record.ts';
import { createSubgraph, type PartOutcome, type Subgraph } from '#records/subgraph.ts';
import { type Role } from '#policy/roles.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { definition } from '#subgraphs/evaluation/index.ts';
import { composeUscc } from '#standards/uscc.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { lines } from '#test/support/registered.ts';
import { registerNamedUnits } from '#test/support/units.ts';

// Rows are put in by hand, so that the two times and the rights of each are the test's own; filings have tests of their
// own below.

const TODAY = '2026-11-23';
const KNOWN = '2026-11-23T02:00:00.000Z';
const UNIT = composeUscc('11330000', 'MB1EEE00');
const EVALUATOR = composeUscc('11330000', 'MB1EEE01');
const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);

let database: Database;
let owner: Pool;
let evaluation: Subgraph;
let statements = 0;

beforeAll(async () => {
  database = await openDatabase();
  owner = createPool({ url: database.url, applicationName: 'test', max: 2, statementTimeoutMs: 10_000 });
  const pool = createPool({
    url: database.url,
    role: 'credit_evaluation',
    applicationName: 'evaluation',
    max: 4,
    statementTimeoutMs: 10_000,
  });
  const run = pool.query.bind(pool);
  pool.query = ((...args: Parameters<typeof run>) => {
    statements += 1;
    return run(...args);
  }) as typeof pool.query;
  evaluation = createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(KNOWN),
  });
  // Whatever the machine's clock says: all that the tests record lies before the sealed instant.
  await owner.query(`update evaluation.clock set last = $1`, [KNOWN]);
});

afterAll(async () => {
  await evaluation[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

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
): Promise<ExecutionResult> {
  return JSON.parse(
    JSON.stringify(
      await evaluation.execute({ document, variables, viewer: as, moment, signal: AbortSignal.timeout(10_000) }),
    ),
  ) as ExecutionResult;
}

async function errorCodes(...args: Parameters<typeof ask>): Promise<unknown[] | undefined> {
  return (await ask(...args)).errors?.map(({ extensions }) => extensions?.['code']);
}

let made = 0;
const newEntity = (): string => composeUscc('91330106', `MA${String((made += 1)).padStart(6, '0')}`);

/** A published grade B of this year's public credit evaluation, but for what the test says. */
async function result(row: Record<string, unknown> & { uscc: string }): Promise<string> {
  const evaluatedOn = (row['evaluated_on'] as string | undefined) ?? '2026-06-30';
  const full = {
    record_id: recordIdOf(row.uscc, String((made += 1))),
    version: 1,
    digest: Buffer.alloc(32, 1),
    source_unit: UNIT,
    source_unit_name: '测试单位',
    source_record_id: 'SRC-1',
    catalogue_code: 'ML-1',
    collected_at: '2026-07-01T00:00:00Z',
    disclosure_level: 'PUBLIC',
    public_from: evaluatedOn,
    public_until: '2027-06-29',
    province: '33',
    sector: 'C',
    determining_unit: EVALUATOR,
    valid_from: evaluatedOn,
    valid_to: '2027-06-30',
    recorded_at: '2026-07-01T00:00:00Z',
    content: {
      dataAsOf: '2026-05-31',
      validUntil: '2027-06-29',
      indicators: [
        { code: 'COMPLIANCE', score: '151.5', max: '200' },
        { code: 'OWN', score: '3', max: null },
      ],
      reasons: ['示例原因'],
      cause: 'REPAIR',
      evaluatorName: '测试评价单位',
      evaluatorUscc: EVALUATOR,
    },
    scheme: 'PUBLIC_CREDIT',
    scheme_version: '2026',
    grade: 'B',
    score: '812.5',
    score_max: '1000',
    evaluated_on: evaluatedOn,
    ...row,
  };
  const columns = Object.keys(full);
  await owner.query(
    `insert into evaluation.result (${columns.join(', ')})
      values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(full),
  );
  return full.record_id;
}

const id = (uscc: string, recordId: string): string => encodeId('Evaluation', uscc, recordId);

const FILE = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime, $schemes: [String!]) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
    evaluations(schemes: $schemes) { id grade evaluatedOn scheme { code version } }
  }
}`;
const HISTORY = `query (
    $uscc: USCC!, $validAt: Date, $knownAt: DateTime, $scheme: String = "PUBLIC_CREDIT", $first: Int = 100,
    $after: Cursor
  ) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
    evaluationHistory(scheme: $scheme, first: $first, after: $after) {
      nodes { id grade } pageInfo { hasNextPage endCursor } totalCount { value exact }
    }
  }
}`;
const BATCH = `query ($codes: [String!]!, $schemes: [String!], $validAt: Date, $knownAt: DateTime) {
  evaluations(codes: $codes, schemes: $schemes, validAt: $validAt, knownAt: $knownAt) {
    input reason expected entity { uscc } evaluations { grade scheme { code version } }
  }
}`;
const RECORD = `query ($representations: [_Any!]!) {
  found: _entities(representations: $representations) { ... on Evaluation { id grade } }
}`;

interface Shown {
  id: string;
  grade: string;
  evaluatedOn?: string;
  scheme?: { code: string; version: string };
}
interface History {
  nodes: Shown[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number; exact: boolean };
}
async function latestOf(variables: Record<string, unknown>, as?: Viewer): Promise<Shown[]> {
  const { data, errors } = await ask(FILE, variables, as);
  expect(errors).toBeUndefined();
  return (data as { creditFile: { evaluations: Shown[] } }).creditFile.evaluations;
}
async function historyOf(variables: Record<string, unknown>, as?: Viewer): Promise<History> {
  const { data, errors } = await ask(HISTORY, variables, as);
  expect(errors).toBeUndefined();
  return (data as { creditFile: { evaluationHistory: History } }).creditFile.evaluationHistory;
}

test('the public sees a published result whole, with its scheme and version, without its score', async () => {
  const uscc = newEntity();
  const recordId = await result({ uscc });
  expect(
    await ask(
      `query ($uscc: USCC!) { creditFile(uscc: $uscc) { uscc validAt knownAt evaluations {
        id version subject { uscc }
        provenance { sourceUnit { name uscc } catalogueCode collectedAt }
        disclosureLevel validFrom validTo recordedAt underObjection
        scheme { code version name owner grades { grade meaning } verified effectiveFrom effectiveTo source }
        grade gradeMeaning evaluatedOn dataAsOf validUntil evaluator { name uscc } cause } } }`,
      { uscc },
    ),
  ).toEqual({
    data: {
      creditFile: {
        uscc,
        validAt: TODAY,
        knownAt: KNOWN,
        evaluations: [
          {
            id: id(uscc, recordId),
            version: 1,
            subject: { uscc },
            provenance: {
              sourceUnit: { name: '测试单位', uscc: UNIT },
              catalogueCode: 'ML-1',
              collectedAt: '2026-07-01T00:00:00.000Z',
            },
            disclosureLevel: 'PUBLIC',
            validFrom: '2026-06-30',
            validTo: '2027-06-30',
            recordedAt: '2026-07-01T00:00:00.000Z',
            underObjection: false,
            scheme: {
              code: 'PUBLIC_CREDIT',
              version: '2026',
              name: '公共信用综合评价',
              owner: '国家发展和改革委员会',
              grades: [
                { grade: 'A', meaning: 'Good credit (诚信优良)' },
                { grade: 'B', meaning: 'Basic credit (基本诚信)' },
                { grade: 'C', meaning: 'Credit under observation (失信观察)' },
                { grade: 'D', meaning: 'Serious failings (严重失信)' },
              ],
              verified: false,
              effectiveFrom: '2026-04-02',
              effectiveTo: null,
              source: '国办发〔2026〕8号',
            },
            grade: 'B',
            gradeMeaning: 'Basic credit (基本诚信)',
            evaluatedOn: '2026-06-30',
            dataAsOf: '2026-05-31',
            validUntil: '2027-06-29',
            evaluator: { name: '测试评价单位', uscc: EVALUATOR },
            cause: 'REPAIR',
          },
        ],
      },
    },
  });
});

const transports: [string, (field: string) => string][] = [
  ['a credit file', (field) => `query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { ${field} } } }`],
  ['an alias', (field) => `query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { grade: ${field} } } }`],
  [
    'a fragment',
    (field) =>
      `query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { ...F } } }
      fragment F on Evaluation { ${field} }`,
  ],
  [
    'the history',
    (field) =>
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) {
          evaluationHistory(scheme: "PUBLIC_CREDIT", first: 1) { edges { node { ${field} } } }
        }
      }`,
  ],
  ['the batch', (field) => `query ($uscc: String!) { evaluations(codes: [$uscc]) { evaluations { ${field} } } }`],
  [
    'the files',
    (field) => `query ($uscc: String!) { creditFiles(codes: [$uscc]) { file { evaluations { ${field} } } } }`,
  ],
  [
    'its id',
    (field) =>
      `query ($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on Evaluation { ${field} } }
      }`,
  ],
];

const restrictedFields = [
  'score',
  'scoreMax',
  'indicators { score }',
  'indicators { name }',
  'topReasons',
  'digest',
  'additionalFields { value }',
  'provenance { sourceRecordId }',
];

test.each(transports)(
  'the public sees no score, indicator, reason or other restricted field through %s: the subgraph itself refuses',
  async (transport, document) => {
    const uscc = newEntity();
    const recordId = await result({
      uscc,
      score: '777.125',
      score_max: '777.125',
      digest: Buffer.from('PLANTED'),
      source_record_id: 'PLANTED',
      additional_fields: { X1: 'PLANTED' },
      content: { indicators: [{ code: 'PLANTED', score: '777.125', max: '777.125' }], reasons: ['PLANTED'] },
    });
    for (const field of transport === 'an alias' ? ['score', 'scoreMax', 'topReasons', 'digest'] : restrictedFields) {
      const answer = await ask(document(field), {
        uscc,
        representations: [{ __typename: 'Evaluation', id: id(uscc, recordId) }],
      });
      expect([field, answer.data, answer.errors?.map(({ extensions }) => extensions?.['code'])]).toEqual([
        field,
        null,
        ['UNAUTHORIZED_FIELD_OR_TYPE'],
      ]);
      expect(JSON.stringify(answer)).not.toMatch(/PLANTED|504c414e544544|777/);
    }
  },
);

describe('scores', () => {
  const SCORES = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) {
      evaluations { grade score scoreMax indicators { code name score scoreMax } topReasons }
    }
  }`;
  const whole = {
    grade: 'B',
    score: 812.5,
    scoreMax: 1000,
    indicators: [
      { code: 'COMPLIANCE', name: '遵纪守法', score: 151.5, scoreMax: 200 },
      { code: 'OWN', name: null, score: 3, scoreMax: null },
    ],
    topReasons: ['示例原因'],
  };

  test('a bank with a purpose sees them, and each read is noted', async () => {
    const uscc = newEntity();
    const recordId = await result({ uscc });
    const answer = await ask(SCORES, { uscc }, bank);
    const read = { uscc, dataClass: 'SCORE', record: recordId, version: 1 };
    expect(answer).toEqual({
      data: { creditFile: { evaluations: [whole] } },
      extensions: { reads: [read, read, read, read] },
    });
  });

  test('a result without any has none', async () => {
    const uscc = newEntity();
    await result({ uscc, score: null, score_max: null, content: {} });
    expect((await ask(SCORES, { uscc }, bank)).data).toEqual({
      creditFile: { evaluations: [{ grade: 'B', score: null, scoreMax: null, indicators: [], topReasons: [] }] },
    });
  });

  test.each<[string, Viewer]>([
    ['the province of the entity', zhejiang],
    ['the regulator of its sector', viewer('SECTOR_REGULATOR', { sector: 'C' })],
    ['an auditor', auditor],
  ])('%s sees them', async (_, as) => {
    const uscc = newEntity();
    await result({ uscc });
    expect((await ask(SCORES, { uscc }, as)).data).toEqual({ creditFile: { evaluations: [whole] } });
  });

  test.each<[string, Viewer]>([
    ['another province', viewer('PROVINCIAL_PLATFORM', { province: '44' })],
    ['another entity', viewer('SUBJECT', { organisation: newEntity() })],
  ])('%s sees the grade and is denied the score', async (_, as) => {
    const uscc = newEntity();
    await result({ uscc });
    const answer = await ask(
      `query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { grade score } } }`,
      { uscc },
      as,
    );
    expect(answer.data).toEqual({ creditFile: { evaluations: [{ grade: 'B', score: null }] } });
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
      [['creditFile', 'evaluations', 0, 'score'], 'UNAUTHORIZED_FIELD_OR_TYPE'],
    ]);
    expect(JSON.stringify(answer)).not.toContain('812');
  });

  test('a bank without a purpose is asked for one', async () => {
    const uscc = newEntity();
    await result({ uscc });
    expect(await errorCodes(SCORES, { uscc }, viewer('FINANCIAL_INSTITUTION', { purpose: null }))).toEqual(
      expect.arrayContaining(['PURPOSE_REQUIRED']),
    );
  });
});

/** What is filed of a result in each state of its publication, by the state's name. */
const resultsByState: Record<string, Record<string, unknown>> = {
  published: {},
  'published term ended': { public_until: '2026-11-22' },
  'shared in government': { disclosure_level: 'GOV_SHARED', public_from: null, public_until: null },
  restricted: { disclosure_level: 'RESTRICTED', public_from: null, public_until: null },
  internal: { disclosure_level: 'INTERNAL', public_from: null, public_until: null },
  withdrawn: { withdrawn_on: '2026-10-01' },
};

describe('rights decide which results there are, in every field', () => {
  const uscc = composeUscc('91330106', 'MB000001');
  const recordIds = new Map<string, string>();
  beforeAll(async () => {
    let day = 0;
    for (const [name, row] of Object.entries(resultsByState))
      recordIds.set(id(uscc, await result({ uscc, evaluated_on: `2026-06-0${(day += 1)}`, ...row })), name);
  });

  const published = ['published'];
  test.each<[string, Viewer, string[]]>([
    ['the public', publicViewer, published],
    ['a bank', bank, published],
    ['an agency', viewer('CREDIT_SERVICE_AGENCY'), published],
    ['the platform of another province', viewer('PROVINCIAL_PLATFORM', { province: '44' }), ['published']],
    ['the platform of its province', zhejiang, ['published', 'published term ended', 'shared in government']],
    [
      'the entity itself',
      viewer('SUBJECT', { organisation: uscc }),
      Object.keys(resultsByState).filter((name) => name !== 'internal'),
    ],
    ['an auditor', auditor, Object.keys(resultsByState)],
  ])('%s', async (_, as, expected) => {
    const history = await historyOf({ uscc }, as);
    const [latest] = await latestOf({ uscc }, as);
    const byId = await ask(
      RECORD,
      { representations: [...recordIds.keys()].map((each) => ({ __typename: 'Evaluation', id: each })) },
      as,
    );
    expect({
      history: history.nodes.map((node) => recordIds.get(node.id)),
      total: history.totalCount,
      latest: recordIds.get(latest?.id ?? ''),
      byId: (byId.data as { found: (Shown | null)[] }).found.flatMap((node) => (node ? [recordIds.get(node.id)] : [])),
      errors: byId.errors,
    }).toEqual({
      history: expected.toReversed(),
      total: { value: expected.length, exact: true },
      latest: expected.at(-1),
      byId: expected,
      errors: undefined,
    });
  });

  test('a read of what is not public is noted, a read of what is public is not', async () => {
    expect((await ask(HISTORY, { uscc })).extensions).toBeUndefined();
    const reads = (await ask(HISTORY, { uscc }, zhejiang)).extensions?.['reads'] as { record: string }[];
    expect(reads.map(({ record, ...rest }) => [recordIds.get(id(uscc, record)), rest])).toEqual(
      ['shared in government', 'published term ended'].map((name) => [name, { uscc, dataClass: 'RECORD', version: 1 }]),
    );
  });

  test('an id that is no id, or of another kind of record, names nothing', async () => {
    const ids = ['x', encodeId('NameListEntry', uscc, recordIdOf('x')), id(uscc, recordIdOf('nothing'))];
    expect(await ask(RECORD, { representations: ids.map((each) => ({ __typename: 'Evaluation', id: each })) })).toEqual(
      { data: { found: [null, null, null] } },
    );
  });
});

/** What is asked for, by its name, and which results are the latest then. */
const latestResults: [string, Record<string, unknown>, string[]][] = [
  [
    'today, of two on one day that of greater id',
    {},
    ['PUBLIC_CREDIT 2026 B', 'SAMR_RISK 2022 A', 'TAX_CREDIT 2018 A'],
  ],
  ['the day before the newest', { validAt: '2026-10-27' }, ['PUBLIC_CREDIT 2026 B', 'TAX_CREDIT 2018 A']],
  ['a grade of an older version, in its own letters', { validAt: '2026-04-29' }, ['PUBLIC_CREDIT 2019 优']],
  ['before all', { validAt: '2024-06-29' }, []],
  [
    'as known before the correction',
    { validAt: '2026-04-29', knownAt: '2026-07-31T23:59:59.999Z', schemes: ['TAX_CREDIT'] },
    ['TAX_CREDIT 2018 M'],
  ],
  [
    'as known with the correction',
    { validAt: '2026-04-29', knownAt: '2026-08-01T00:00:00.000Z', schemes: ['TAX_CREDIT'] },
    [],
  ],
  ['as known before anything was', { knownAt: '2026-05-09T23:59:59.999Z' }, []],
  [
    'only the schemes asked for, in the order asked',
    { schemes: ['TAX_CREDIT', 'PUBLIC_CREDIT', 'TAX_CREDIT'] },
    ['TAX_CREDIT 2018 A', 'PUBLIC_CREDIT 2026 B'],
  ],
  ['no schemes', { schemes: [] }, []],
];

describe('the latest result of each scheme', () => {
  const uscc = composeUscc('91330106', 'MB000002');
  const [low, high] = ['00000000-0000-4000-8000-000000000000', 'ffffffff-0000-4000-8000-000000000000'];
  beforeAll(async () => {
    await result({ uscc, evaluated_on: '2024-06-30', scheme_version: '2019', grade: '优', public_until: '2027-01-01' });
    await result({ uscc, record_id: low, evaluated_on: '2026-06-30', grade: 'C' });
    await result({ uscc, record_id: high, evaluated_on: '2026-06-30', grade: 'B' });
    await result({ uscc, evaluated_on: '2026-10-28', scheme: 'SAMR_RISK', scheme_version: '2022', grade: 'A' });
    // A correction: evaluated a day later than first recorded.
    const corrected = recordIdOf(uscc, 'corrected');
    await result({
      uscc,
      record_id: corrected,
      evaluated_on: '2026-04-29',
      scheme: 'TAX_CREDIT',
      scheme_version: '2018',
      grade: 'M',
      recorded_at: '2026-05-10T00:00:00Z',
      superseded_at: '2026-08-01T00:00:00Z',
    });
    await result({
      uscc,
      record_id: corrected,
      version: 2,
      evaluated_on: '2026-04-30',
      scheme: 'TAX_CREDIT',
      scheme_version: '2018',
      grade: 'A',
      recorded_at: '2026-08-01T00:00:00Z',
    });
  });

  test.each(latestResults)('%s', async (_, variables, expected) => {
    const displayed = (await latestOf({ uscc, ...variables })).map(
      ({ scheme, grade }) => `${scheme?.code} ${scheme?.version} ${grade}`,
    );
    expect(displayed).toEqual(expected);
  });

  test('a scheme that does not exist is an error, for no results would look like "not evaluated"', async () => {
    const { data, errors } = await ask(FILE, { uscc, schemes: ['PUBLIC_CREDITS'] });
    expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
      { creditFile: { evaluations: null } },
      [{ code: 'BAD_USER_INPUT', argument: 'schemes', reason: 'UNKNOWN_CODE', expected: 'codes of evaluationSchemes' }],
    ]);
    expect(await errorCodes(HISTORY, { uscc, scheme: 'X' })).toEqual(['BAD_USER_INPUT']);
    expect(await errorCodes(BATCH, { codes: [uscc], schemes: ['X'] })).toEqual(['BAD_USER_INPUT']);
  });

  test('an instant that is not sealed is refused by every field', async () => {
    const knownAt = '2999-01-01T00:00:00.000Z';
    expect(await errorCodes(FILE, { uscc, knownAt })).toEqual(['KNOWN_AT_TOO_LATE']);
    expect(await errorCodes(BATCH, { codes: [uscc], knownAt })).toEqual(['KNOWN_AT_TOO_LATE']);
    expect(
      await errorCodes(RECORD, { representations: [{ __typename: 'Evaluation', id: id(uscc, high) }] }, publicViewer, {
        validAt: TODAY,
        knownAt,
      }),
    ).toEqual(['KNOWN_AT_TOO_LATE']);
  });
});

describe('the history of a scheme', () => {
  const uscc = composeUscc('91330106', 'MB000003');
  beforeAll(async () => {
    for (let n = 0; n < 8; n++) await result({ uscc, evaluated_on: n < 5 ? '2026-06-30' : `2026-07-0${n}` });
    await result({ uscc, scheme: 'TAX_CREDIT', scheme_version: '2018' });
  });

  test('comes in pages that hold every result once, newest first, through results of one day', async () => {
    const whole = (await historyOf({ uscc })).nodes.map((node) => node.id);
    const paged: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const page: History = await historyOf({ uscc, first: 3, after });
      paged.push(...page.nodes.map((node) => node.id));
      expect(page.totalCount).toEqual({ value: 8, exact: true });
      [after, more] = [page.pageInfo.endCursor, page.pageInfo.hasNextPage];
    }
    expect([new Set(whole).size, paged]).toEqual([8, whole]);
  });

  test('a cursor is good only for its file, scheme, times and viewer', async () => {
    const after = (await historyOf({ uscc, first: 3 })).pageInfo.endCursor;
    expect(await errorCodes(HISTORY, { uscc: newEntity(), first: 3, after })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(HISTORY, { uscc, first: 3, after, scheme: 'TAX_CREDIT' })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(HISTORY, { uscc, first: 3, after, validAt: '2026-11-22' })).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(HISTORY, { uscc, first: 3, after }, bank)).toEqual(['BAD_CURSOR']);
    expect(await errorCodes(HISTORY, { uscc, first: 3, after })).toBeUndefined();
  });

  test.each([0, 101])('has no page of %i', async (first) => {
    const { errors } = await ask(HISTORY, { uscc, first });
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'BAD_USER_INPUT', argument: 'first', reason: 'PAGE_SIZE', expected: '1 to 100' },
    ]);
  });
});

describe('many entities at once', () => {
  test('of a thousand codes a bad one spoils its own item; order and duplicates stay; one statement', async () => {
    const [evaluated, never] = [newEntity(), newEntity()];
    await result({ uscc: evaluated });
    const bad = `${evaluated.slice(0, 17)}${evaluated.endsWith('1') ? '2' : '1'}`;
    const codes = [
      evaluated,
      bad,
      never,
      evaluated.toLowerCase(),
      '00000000000000000X',
      '12345',
      'I14403001922038216',
      evaluated,
      ...Array.from({ length: 992 }, newEntity),
    ];
    await ask(BATCH, { codes });
    statements = 0;
    const answer = await ask(BATCH, { codes });
    expect(statements).toBe(1);
    const found = [{ grade: 'B', scheme: { code: 'PUBLIC_CREDIT', version: '2026' } }];
    expect(answer).toEqual({
      data: {
        evaluations: [
          { input: evaluated, reason: null, expected: null, entity: { uscc: evaluated }, evaluations: found },
          { input: bad, reason: 'CHECK_CHARACTER', expected: evaluated[17], entity: null, evaluations: null },
          { input: never, reason: null, expected: null, entity: { uscc: never }, evaluations: [] },
          {
            input: evaluated.toLowerCase(),
            reason: null,
            expected: null,
            entity: { uscc: evaluated },
            evaluations: found,
          },
          { input: '00000000000000000X', reason: 'PLACEHOLDER', expected: null, entity: null, evaluations: null },
          { input: '12345', reason: 'LENGTH', expected: null, entity: null, evaluations: null },
          { input: 'I14403001922038216', reason: 'ALPHABET', expected: null, entity: null, evaluations: null },
          { input: evaluated, reason: null, expected: null, entity: { uscc: evaluated }, evaluations: found },
          ...codes
            .slice(8)
            .map((uscc) => ({ input: uscc, reason: null, expected: null, entity: { uscc }, evaluations: [] })),
        ],
      },
    });
  });

  test('a thousand and one are refused', async () => {
    const { data, errors } = await ask(BATCH, { codes: Array.from({ length: 1001 }, () => UNIT) });
    expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
      { evaluations: null },
      [{ code: 'BAD_USER_INPUT', argument: 'codes', reason: 'TOO_MANY', expected: 'at most 1000' }],
    ]);
  });

  test('two viewers asking at once are each given their own rows', async () => {
    const uscc = newEntity();
    await result({ uscc, grade: 'B' });
    await result({
      uscc,
      evaluated_on: '2026-07-15',
      grade: 'D',
      disclosure_level: 'GOV_SHARED',
      public_from: null,
      public_until: null,
    });
    const answers = await Promise.all(
      [publicViewer, zhejiang, bank, zhejiang, publicViewer].map((as) => latestOf({ uscc }, as)),
    );
    expect(answers.map(([latest]) => latest?.grade)).toEqual(['B', 'D', 'B', 'D', 'B']);
  });
});

describe('the cost of many entities', () => {
  test('five hundred results, each at times of its own, cost one statement', async () => {
    const uscc = newEntity();
    const recordId = recordIdOf(uscc, 'events');
    await result({ uscc, record_id: recordId, superseded_at: '2026-08-01T00:00:00Z' });
    await result({ uscc, record_id: recordId, version: 2, recorded_at: '2026-08-01T00:00:00Z', grade: 'C' });
    const hidden = await result({ uscc, disclosure_level: 'INTERNAL', public_from: null, public_until: null });
    const asked = (key: string, validAt: string, knownAt: string) => ({
      __typename: 'Evaluation',
      id: id(uscc, key),
      validAt,
      knownAt,
    });
    const representations = [
      asked(recordId, '2026-06-30', '2026-07-31T23:59:59.999Z'),
      asked(recordId, '2026-06-30', '2026-08-01T00:00:00.000Z'),
      asked(recordId, '2026-06-29', '2026-08-01T00:00:00.000Z'),
      asked(recordId, '2026-06-30', '2026-06-30T00:00:00.000Z'),
      asked(hidden, '2026-06-30', '2026-08-01T00:00:00.000Z'),
      ...Array.from({ length: 495 }, (_, second) =>
        asked(recordId, '2026-06-30', new Date(Date.parse('2026-08-01T00:00:00Z') + second * 1000).toISOString()),
      ),
    ];
    await evaluation.status();
    statements = 0;
    const answer = await ask(RECORD, { representations });
    const delivered = (grade: string) => ({ id: id(uscc, recordId), grade });
    expect([statements, answer]).toEqual([
      1,
      {
        data: {
          found: [
            delivered('B'),
            delivered('C'),
            null,
            null,
            null,
            ...representations.slice(5).map(() => delivered('C')),
          ],
        },
      },
    ]);
  });

  test('a hundred credit files cost as many statements as one', async () => {
    const document = `query ($codes: [String!]!) {
      creditFiles(codes: $codes) {
        file {
          evaluations { grade }
          evaluationHistory(scheme: "PUBLIC_CREDIT", first: 5) { nodes { grade } totalCount { value } }
        }
      }
    }`;
    const codes = Array.from({ length: 100 }, newEntity);
    const counts: number[] = [];
    for (const asked of [codes.slice(0, 1), codes]) {
      await ask(document, { codes: asked });
      statements = 0;
      await ask(document, { codes: asked });
      counts.push(statements);
    }
    expect(counts).toEqual([3, 3]);
  });
});

test('schemes are those in force on the day, each in its version of that day', async () => {
  const document = `query ($validAt: Date) { evaluationSchemes(validAt: $validAt) { code version grades { grade } } }`;
  const displayed = async (validAt: string) => (await ask(document, { validAt })).data;
  const [abcd, tax] = [
    ['A', 'B', 'C', 'D'],
    ['A', 'B', 'M', 'C', 'D'],
  ].map((grades) => grades.map((grade) => ({ grade })));
  expect(await displayed('2018-03-31')).toEqual({ evaluationSchemes: [] });
  expect(await displayed('2025-05-31')).toEqual({
    evaluationSchemes: [
      {
        code: 'PUBLIC_CREDIT',
        version: '2019',
        grades: [{ grade: '优' }, { grade: '良' }, { grade: '中' }, { grade: '差' }],
      },
      { code: 'SAMR_RISK', version: '2022', grades: abcd },
      { code: 'TAX_CREDIT', version: '2018', grades: tax },
    ],
  });
  expect(await displayed('2026-04-02')).toEqual({
    evaluationSchemes: [
      { code: 'PUBLIC_CREDIT', version: '2026', grades: abcd },
      { code: 'SAMR_RISK', version: '2022', grades: abcd },
      { code: 'TAX_CREDIT', version: '2018', grades: tax },
    ],
  });
});

const evaluationForm = {
  PJ_XDR_MC: '示例有限公司',
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: 'A',
  PJ_RQ: '2026/06/30',
  PJ_SJJZ: '2026/05/31',
  PJ_YXQZ: '2027/06/29',
  PJ_DW: '示例评价单位',
  PJ_DWDM: EVALUATOR,
  PJ_LYDW: '示例中心',
  PJ_LYDWDM: UNIT,
};

const file = async (rows: Record<string, string>[], as: Viewer = zhejiang): Promise<PartOutcome> => {
  const intake = evaluation.filings['evaluation'];
  if (!intake) throw new Error('evaluations cannot be filed');
  const text = lines(rows.map((row) => ({ ...evaluationForm, ...row })));
  await registerNamedUnits(
    (statement, values) => owner.query(statement, [...values]),
    'evaluation',
    text,
    'NDJSON',
    UNIT,
  );
  return intake(
    as,
    { filingId: randomUUID(), number: 1, kind: 'evaluation', format: 'NDJSON' },
    Readable.from([Buffer.from(text)]),
  );
};

describe('filing', () => {
  test('a row becomes a result; again it changes nothing; other content is a correction', async () => {
    const uscc = newEntity();
    const row = {
      PJ_XDR_SHXYM: uscc,
      PJ_FS: '951.25',
      PJ_MF: '1000',
      PJ_ZB: 'COMPLIANCE:190.5/200',
      PJ_YY: '一;二',
      PJ_GXYY: '信用修复',
    };
    const outcomes = [await file([row]), await file([row]), await file([{ ...row, PJ_DJ: 'B' }])];
    expect(
      outcomes.map(({ added, unchanged, corrected, rejected, warned }) => ({
        added,
        unchanged,
        corrected,
        rejected,
        warned,
      })),
    ).toEqual([
      { added: 1, unchanged: 0, corrected: 0, rejected: 0, warned: 0 },
      { added: 0, unchanged: 1, corrected: 0, rejected: 0, warned: 0 },
      { added: 0, unchanged: 0, corrected: 1, rejected: 0, warned: 0 },
    ]);
    const answer = await ask(
      `query ($uscc: USCC!, $knownAt: DateTime) {
        creditFile(uscc: $uscc, knownAt: $knownAt) {
          evaluations {
            version disclosureLevel validFrom validTo grade evaluatedOn dataAsOf validUntil
            evaluator { name uscc } cause score scoreMax indicators { code name score scoreMax } topReasons
          }
        }
      }`,
      { uscc, knownAt: (await evaluation.status()).sealed },
      bank,
    );
    expect(answer.data).toEqual({
      creditFile: {
        evaluations: [
          {
            version: 2,
            disclosureLevel: 'PUBLIC',
            validFrom: '2026-06-30',
            validTo: '2027-06-30',
            grade: 'B',
            evaluatedOn: '2026-06-30',
            dataAsOf: '2026-05-31',
            validUntil: '2027-06-29',
            evaluator: { name: '示例评价单位', uscc: EVALUATOR },
            cause: 'REPAIR',
            score: 951.25,
            scoreMax: 1000,
            indicators: [{ code: 'COMPLIANCE', name: '遵纪守法', score: 190.5, scoreMax: 200 }],
            topReasons: ['一', '二'],
          },
        ],
      },
    });
  });

  test('a grade that its scheme and version do not have is refused with the reason, the others are taken', async () => {
    const outcome = await file([
      { PJ_XDR_SHXYM: newEntity(), PJ_DJ: 'E' },
      { PJ_XDR_SHXYM: newEntity(), PJ_DJ: '优' },
      { PJ_XDR_SHXYM: newEntity(), PJ_FABB: '2031' },
      { PJ_XDR_SHXYM: newEntity(), PJ_FA: 'OTHER_SCHEME' },
      { PJ_XDR_SHXYM: newEntity(), PJ_DJ: 'M', PJ_FA: 'TAX_CREDIT', PJ_FABB: '2018' },
    ]);
    expect(
      outcome.rejectedRows.map(({ row, problems }) => [row, problems.map(({ column, code }) => `${column} ${code}`)]),
    ).toEqual([
      [1, ['PJ_DJ UNKNOWN_CODE']],
      [2, ['PJ_DJ UNKNOWN_CODE']],
      [3, ['PJ_FABB UNKNOWN_CODE']],
      [4, ['PJ_FA UNKNOWN_CODE']],
    ]);
    expect(outcome.added).toBe(1);
  });
});
