import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import type { Role } from '#policy/roles.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// The collection catalogue and what units have collected of it, through the public API.

const unit = organisationOf('DETERMINING_UNIT').organisation;
const elsewhere = composeUscc('11440000', 'MB1EEE13');
const subject = organisationOf('SUBJECT').organisation;
const decidedOn = daysFromNow(-20);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, subject);
});
afterAll(() => graph[Symbol.asyncDispose]());

let made = 0;
const licence = (more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆零售有限公司',
  XK_XDR_SHXYM: subject,
  XK_WSH: `测〔2026〕${(made += 1)}号`,
  XK_JDRQ: decidedOn,
  XK_YXQZI: '2099/12/31',
  XK_XKJG: '示例厅',
  XK_XKJGDM: unit,
  XK_LYDW: '示例厅',
  XK_LYDWDM: unit,
  ...more,
});

const SOURCE = `{
  state recordCount { value exact } firstFiledAt lastFiledAt
  registrations { kind promisedDelayHours registeredAt lastFiledAt isLate }
}`;
const COVERAGE = `query ($unit: USCC!, $item: String!) {
  collectionCoverage(unit: $unit, item: $item) {
    unit item entity ${SOURCE} disclosure ${SOURCE} namelist ${SOURCE} evaluation ${SOURCE}
  }
}`;

async function coverage(role: Role, item: string, of: string = unit) {
  const { body } = await graph.query(role, COVERAGE, { unit: of, item });
  return {
    found: body.data?.['collectionCoverage'] as Record<string, unknown> | null,
    errors: body.errors?.map(({ extensions: { code, reason } }) =>
      reason === undefined ? code : `${String(code)} ${String(reason)}`,
    ),
  };
}

/** What is kept of an item in one source alone. */
const only = (source: string, item: string, found: unknown) => ({
  found: { unit, item, entity: null, disclosure: null, namelist: null, evaluation: null, [source]: found },
  errors: undefined,
});

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

test('the catalogue of a day is that of its edition; before the first there is none', async () => {
  const { body } = await graph.query(
    'PUBLIC',
    `{
      now: collectionCatalogue(validAt: "2026-06-01") {
        code name category { code name } kinds legalBasis disclosureLevel
        edition { code name source effectiveFrom effectiveTo verified } effectiveFrom effectiveTo verified
      }
      older: collectionCatalogue(validAt: "2023-06-01") { code edition { code } }
      none: collectionCatalogue(validAt: "2021-12-15") { code }
    }`,
  );
  expect(body.errors).toBeUndefined();
  const { now, older, none } = body.data as {
    now: Record<string, unknown>[];
    older: { code: string; edition: unknown }[];
    none: unknown[];
  };
  const edition = {
    code: '2026',
    name: '公共信用信息基础目录（2026年版）',
    source: '公共信用信息基础目录（2026年版）',
    effectiveFrom: '2026-01-01',
    effectiveTo: null,
    verified: false,
  };
  expect(now.filter(({ code }) => ['REWARD', 'INTELLECTUAL_PROPERTY', 'VOLUNTARY'].includes(String(code)))).toEqual([
    {
      code: 'REWARD',
      name: '行政奖励',
      category: { code: 'ADMINISTRATION', name: '行政管理信息' },
      kinds: ['reward'],
      legalBasis: '国办发〔2019〕35号 第十五条',
      disclosureLevel: 'PUBLIC',
      edition,
      effectiveFrom: '2021-12-16',
      effectiveTo: null,
      verified: true,
    },
    {
      code: 'INTELLECTUAL_PROPERTY',
      name: '知识产权',
      category: { code: 'INTELLECTUAL_PROPERTY', name: '知识产权信息' },
      kinds: ['licence', 'penalty', 'confirmation', 'adjudication'],
      legalBasis: '全国公共信用信息基础目录（2024年版）',
      disclosureLevel: 'PUBLIC',
      edition,
      effectiveFrom: '2024-02-07',
      effectiveTo: null,
      verified: false,
    },
    {
      code: 'VOLUNTARY',
      name: '市场主体自愿提供的信用信息',
      category: { code: 'VOLUNTARY', name: '市场主体自愿提供的信用信息' },
      kinds: ['voluntary'],
      legalBasis: '国办发〔2019〕35号 第五条',
      disclosureLevel: 'GOV_SHARED',
      edition,
      effectiveFrom: '2021-12-16',
      effectiveTo: null,
      verified: false,
    },
  ]);
  expect(older.some(({ code }) => code === 'INTELLECTUAL_PROPERTY')).toBe(false);
  expect(older[0]).toEqual({ code: 'ENTITY', edition: { code: '2022' } });
  expect(none).toEqual([]);
});

test('a unit that is not registered, has filed nothing, has filed, and is late', async () => {
  const nothing = { recordCount: { value: 0, exact: true }, firstFiledAt: null, lastFiledAt: null };
  expect(await coverage('DETERMINING_UNIT', 'LICENCE')).toEqual(
    only('disclosure', 'LICENCE', { state: 'NOT_REGISTERED', ...nothing, registrations: [] }),
  );

  await register(graph, 'disclosure', unit, ['licence'], 24);
  const duty = { kind: 'licence', promisedDelayHours: 24, registeredAt: instant, lastFiledAt: null, isLate: false };
  expect(await coverage('DETERMINING_UNIT', 'LICENCE')).toEqual(
    only('disclosure', 'LICENCE', { state: 'NEVER_FILED', ...nothing, registrations: [duty] }),
  );

  await graph.file('licence', lines([licence(), licence(), licence({ MLBM: 'INTELLECTUAL_PROPERTY' })]), {
    format: 'NDJSON',
  });
  const collected = {
    state: 'COLLECTED',
    recordCount: { value: 2, exact: true },
    firstFiledAt: instant,
    lastFiledAt: instant,
    registrations: [{ ...duty, lastFiledAt: instant }],
  };
  expect(await coverage('DETERMINING_UNIT', 'LICENCE')).toEqual(only('disclosure', 'LICENCE', collected));
  expect(await coverage('DETERMINING_UNIT', 'INTELLECTUAL_PROPERTY')).toEqual(
    only('disclosure', 'INTELLECTUAL_PROPERTY', { ...collected, recordCount: { value: 1, exact: true } }),
  );

  await graph.sql(
    `update disclosure.source_unit
      set last_filed_at = now() - interval '25 hours'
      where uscc = $1 and kind = 'licence'`,
    [unit],
  );
  expect(await coverage('DETERMINING_UNIT', 'LICENCE')).toEqual(
    only('disclosure', 'LICENCE', {
      ...collected,
      state: 'LATE',
      registrations: [{ ...duty, lastFiledAt: instant, isLate: true }],
    }),
  );
});

test('each item is reported by the source, or the two sources, that keep it; a declared one by none', async () => {
  const none = {
    state: 'NOT_REGISTERED',
    recordCount: { value: 0, exact: true },
    firstFiledAt: null,
    lastFiledAt: null,
    registrations: [],
  };
  for (const [item, source] of [
    ['NAME_LIST', 'namelist'],
    ['SERIOUS_LIST', 'namelist'],
    ['EVALUATION', 'evaluation'],
    ['ENTITY', 'entity'],
    ['COMMITMENT', 'disclosure'],
    ['JUDGMENT', 'disclosure'],
    ['COMPLAINT', 'disclosure'],
  ] as const) {
    expect(await coverage('DETERMINING_UNIT', item)).toEqual(only(source, item, none));
  }
  expect(await coverage('DETERMINING_UNIT', 'HONOUR')).toEqual({
    found: { unit, item: 'HONOUR', entity: null, disclosure: none, namelist: none, evaluation: null },
    errors: undefined,
  });
  expect(await coverage('DETERMINING_UNIT', 'VOLUNTARY')).toEqual({
    found: { unit, item: 'VOLUNTARY', entity: null, disclosure: null, namelist: null, evaluation: null },
    errors: undefined,
  });
  const registrar = organisationOf('SECTOR_REGULATOR').organisation;
  expect((await coverage('AUDITOR', 'ENTITY', registrar)).found?.['entity']).toMatchObject({
    state: 'COLLECTED',
    recordCount: { value: 1, exact: true },
  });
});

test('a figure leads to its records, newest first and page by page, as far as the viewer may see them', async () => {
  await graph.file('licence', lines([licence({ XK_SYFW: '政务共享' })]), { format: 'NDJSON' });
  interface Found {
    recordCount: { value: number };
    records: {
      nodes: { id: string; version: number; subject: { uscc: string; name: string } }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
      totalCount: unknown;
    };
  }
  const drill = async (role: Role, first: number, after: string | null = null): Promise<Found> => {
    const { body } = await graph.query(
      role,
      `query ($unit: USCC!, $first: Int!, $after: Cursor) {
        collectionCoverage(unit: $unit, item: "LICENCE") {
          disclosure {
            recordCount { value }
            records(first: $first, after: $after) {
              nodes { id version subject { uscc name } collectedAt recordedAt }
              pageInfo { hasNextPage endCursor } totalCount { value exact }
            }
          }
        }
      }`,
      { unit, first, after },
    );
    expect(body.errors).toBeUndefined();
    return (body.data as { collectionCoverage: { disclosure: Found } }).collectionCoverage.disclosure;
  };
  const whole = await drill('AUDITOR', 10);
  const ids = whole.records.nodes.map(({ id }) => id);
  expect([whole.recordCount, whole.records.totalCount]).toEqual([{ value: 3 }, { value: 3, exact: true }]);
  expect(whole.records.nodes).toEqual(
    ids.map((id) => ({
      id,
      version: 1,
      subject: { uscc: subject, name: '示例云帆零售有限公司' },
      collectedAt: instant,
      recordedAt: instant,
    })),
  );
  const paged: string[] = [];
  for (let after: string | null = null, more = true; more;) {
    const { records } = await drill('AUDITOR', 1, after);
    paged.push(...records.nodes.map(({ id }) => id));
    [after, more] = [records.pageInfo.endCursor, records.pageInfo.hasNextPage];
  }
  expect(paged).toEqual(ids);
  // They are the records of the file, by the same ids.
  const { body } = await graph.query(
    'AUDITOR',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        administrativeActs(first: 100, kinds: [LICENCE]) { nodes { id provenance { catalogueCode } } }
      }
    }`,
    { uscc: subject },
  );
  const { nodes } = (
    body.data as {
      creditFile: { administrativeActs: { nodes: { id: string; provenance: { catalogueCode: string } }[] } };
    }
  ).creditFile.administrativeActs;
  expect(
    nodes
      .filter(({ provenance }) => provenance.catalogueCode === 'LICENCE')
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(ids.toSorted());
  // An assessor counts those that it sees, which are published.
  const published = await drill('ASSESSOR', 10);
  expect([published.recordCount, published.records.nodes.length, published.records.totalCount]).toEqual([
    { value: 2 },
    2,
    { value: 2, exact: true },
  ]);
});

test('a province sees its units, a unit itself, assessors and auditors all; nobody else sees any', async () => {
  await register(graph, 'disclosure', elsewhere, ['licence']);
  const outcome = async (role: Role, of: string) => (await coverage(role, 'LICENCE', of)).errors ?? 'given';
  const denied = ['UNAUTHORIZED_FIELD_OR_TYPE'];
  expect(
    await Promise.all(
      (['PROVINCIAL_PLATFORM', 'DETERMINING_UNIT'] as const).flatMap((role) => [
        outcome(role, unit),
        outcome(role, elsewhere),
      ]),
    ),
  ).toEqual(['given', denied, 'given', denied]);
  expect(
    await Promise.all((['ASSESSOR', 'AUDITOR', 'NATIONAL_CENTRE'] as const).map((role) => outcome(role, elsewhere))),
  ).toEqual(['given', 'given', 'given']);
  expect(
    await Promise.all(
      (
        [
          'PUBLIC',
          'SUBJECT',
          'SECTOR_REGULATOR',
          'IMPLEMENTER',
          'FINANCIAL_INSTITUTION',
          'CREDIT_SERVICE_AGENCY',
          'INDUSTRY_ASSOCIATION',
          'RULE_KEEPER',
          'OPERATOR',
        ] as const
      ).map((role) => outcome(role, unit)),
    ),
  ).toEqual(Array.from({ length: 9 }, () => denied));
});

test('an item that nobody lists is refused, not shown as one never filed', async () => {
  expect(await coverage('AUDITOR', 'NOT_LISTED')).toEqual({ found: null, errors: ['BAD_USER_INPUT UNKNOWN_CODE'] });
});

test('a row of an unlisted or unfit item is refused with its reason; others have theirs in provenance', async () => {
  const number = `测〔2026〕目录${randomUUID().slice(0, 4)}号`;
  const outcome = await graph.file(
    'licence',
    lines([licence({ XK_WSH: number, MLBM: '知识产权' }), licence({ MLBM: 'PENALTY' }), licence({ MLBM: 'X-9' })]),
    { format: 'NDJSON' },
  );
  expect(outcome).toMatchObject({ rows: 3, added: 1, rejected: 2 });
  expect(outcome['rejectedRows']).toEqual([
    {
      row: 2,
      problems: [
        {
          column: 'MLBM',
          code: 'UNKNOWN_CATALOGUE_ITEM',
          message: 'PENALTY is no item of the collection catalogue that takes this record.',
        },
      ],
    },
    {
      row: 3,
      problems: [{ column: 'MLBM', code: 'UNKNOWN_CATALOGUE_ITEM', message: '"X-9" is not a value of 目录编码.' }],
    },
  ]);
  const { body } = await graph.query(
    'PUBLIC',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        administrativeActs(first: 20) { nodes { documentNo provenance { catalogueCode } } }
      }
    }`,
    { uscc: subject },
  );
  const { nodes } = (body.data as { creditFile: { administrativeActs: { nodes: { documentNo: string }[] } } })
    .creditFile.administrativeActs;
  expect(nodes.find(({ documentNo }) => documentNo === number)).toEqual({
    documentNo: number,
    provenance: { catalogueCode: 'INTELLECTUAL_PROPERTY' },
  });
});
