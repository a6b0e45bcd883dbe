import { composeUscc } from '#standards/uscc.ts';
import type { Role } from '#policy/roles.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// Judgments and enforcement about entities (发改办财金〔2018〕893号 第四条), through the public API.

const COURT = composeUscc('11330000', 'MB9EEE11');
const subject = organisationOf('SUBJECT').organisation;
const [judgedOn, enforcedOn] = [daysFromNow(-90), daysFromNow(-30)];

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, subject);
  await register(graph, 'disclosure', COURT, ['judicial-record']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const judgment: Cells = {
  SF_XDR_MC: '示例云帆零售有限公司',
  SF_XDR_SHXYM: subject,
  SF_LX: '司法判决',
  SF_AH: '(2026)示01民初1号',
  SF_FY: '示例中级人民法院',
  SF_FYDM: COURT,
  SF_JDRQ: judgedOn,
  SF_AY: '买卖合同纠纷',
  SF_JG: '支付货款',
  SF_LVQK: '全部未履行',
  SF_LYDW: '示例中级人民法院',
  SF_LYDWDM: COURT,
};
const enforcement: Cells = {
  ...judgment,
  SF_LX: '执行',
  SF_AH: '（2026）示01执2号',
  SF_JDRQ: enforcedOn,
  SF_JG: '强制执行货款',
  MLBM: 'ENFORCEMENT',
};
const shared: Cells = { ...judgment, SF_AH: '（2026）示01民初3号', SF_JDRQ: daysFromNow(-120), SF_SYFW: '政务共享' };

const RECORDS = `query ($uscc: USCC!, $first: Int = 10, $after: Cursor, $knownAt: DateTime) {
    creditFile(uscc: $uscc, knownAt: $knownAt) {
      judicialRecords(first: $first, after: $after) {
  nodes {
    __typename kind caseNo court { name uscc } decidedOn cause result performance disclosureLevel validFrom
    version subject { uscc }
    provenance { sourceUnit { name uscc } catalogueCode }
  }
  pageInfo { hasNextPage endCursor } totalCount { value exact } } } }`;

const casesOf = async (role: Role): Promise<unknown> => {
  const { body } = await graph.query(
    role,
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { judicialRecords(first: 10) { nodes { caseNo } totalCount { value exact } } }
    }`,
    { uscc: subject },
  );
  const found = (body.data as { creditFile: { judicialRecords: { nodes: { caseNo: string }[]; totalCount: unknown } } })
    .creditFile.judicialRecords;
  return [found.nodes.map(({ caseNo }) => caseNo), found.totalCount];
};

test('court records have every field of their form, newest first, and by default the rules’ term', async () => {
  expect(await graph.file('judicial-record', lines([judgment, enforcement]), { format: 'NDJSON' })).toMatchObject({
    rows: 2,
    added: 2,
    rejected: 0,
  });
  const { body } = await graph.query('PUBLIC', RECORDS, { uscc: subject });
  const common = {
    __typename: 'JudicialRecord',
    court: { name: '示例中级人民法院', uscc: COURT },
    cause: '买卖合同纠纷',
    performance: 'NONE',
    disclosureLevel: 'PUBLIC',
    version: 1,
    subject: { uscc: subject },
  };
  const from = { sourceUnit: { name: '示例中级人民法院', uscc: COURT } };
  expect(body).toMatchObject({
    data: {
      creditFile: {
        judicialRecords: {
          nodes: [
            {
              ...common,
              kind: 'ENFORCEMENT',
              caseNo: '（2026）示01执2号',
              decidedOn: enforcedOn,
              validFrom: enforcedOn,
              result: '强制执行货款',
              provenance: { ...from, catalogueCode: 'ENFORCEMENT' },
            },
            {
              ...common,
              kind: 'JUDGMENT',
              caseNo: '(2026)示01民初1号',
              decidedOn: judgedOn,
              validFrom: judgedOn,
              result: '支付货款',
              provenance: { ...from, catalogueCode: 'JUDICIAL' },
            },
          ],
          pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
          totalCount: { value: 2, exact: true },
        },
      },
    },
  });
  expect(body.errors).toBeUndefined();
  const rules = await graph.sql(
    `select distinct public_from::text as from,
        (public_from + interval '36 months')::date = public_until as whole,
        content ->> 'publicationRuleSet' as rule
      from disclosure.judicial_record
      order by 1`,
  );
  expect(rules).toEqual([
    { from: judgedOn, whole: true, rule: 'NDRC-36' },
    { from: enforcedOn, whole: true, rule: 'NDRC-36' },
  ]);
});

test('filing it again writes nothing, also with other brackets; another performance is a version', async () => {
  expect(await graph.file('judicial-record', lines([judgment]), { format: 'NDJSON' })).toMatchObject({
    added: 0,
    corrected: 0,
    unchanged: 1,
  });
  expect(
    await graph.file('judicial-record', lines([{ ...judgment, SF_AH: '〔2026〕示01民初1号', SF_LVQK: '全部已履行' }]), {
      format: 'NDJSON',
    }),
  ).toMatchObject({ added: 0, corrected: 1, unchanged: 0 });
  const { body } = await graph.query(
    'PUBLIC',
    `query ($uscc: USCC!) { creditFile(uscc: $uscc) { judicialRecords(first: 10) { nodes { version performance } } } }`,
    { uscc: subject },
  );
  expect(body.data).toEqual({
    creditFile: {
      judicialRecords: {
        nodes: [
          { version: 1, performance: 'NONE' },
          { version: 2, performance: 'ALL' },
        ],
      },
    },
  });
});

test('a remark is returned to the subject, and denied to the public', async () => {
  expect(
    await graph.file('judicial-record', lines([{ ...enforcement, BZ: '示例备注' }]), { format: 'NDJSON' }),
  ).toMatchObject({ corrected: 1 });
  const REMARKS = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) { judicialRecords(first: 1) { nodes { caseNo remark } } }
  }`;
  const delivered = (remark: string | null) => ({
    creditFile: { judicialRecords: { nodes: [{ caseNo: '（2026）示01执2号', remark }] } },
  });
  expect((await graph.query('SUBJECT', REMARKS, { uscc: subject })).body).toMatchObject({
    data: delivered('示例备注'),
  });
  const { body } = await graph.query('PUBLIC', REMARKS, { uscc: subject });
  expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
    delivered(null),
    ['UNAUTHORIZED_FIELD_OR_TYPE'],
  ]);
});

test('a record shared between departments is seen by its subject and province, not by a bank', async () => {
  await graph.file('judicial-record', lines([shared]), { format: 'NDJSON' });
  const two = [['（2026）示01执2号', '〔2026〕示01民初1号'], { value: 2, exact: true }];
  const three = [['（2026）示01执2号', '〔2026〕示01民初1号', '（2026）示01民初3号'], { value: 3, exact: true }];
  expect(await casesOf('PUBLIC')).toEqual(two);
  expect(await casesOf('FINANCIAL_INSTITUTION')).toEqual(two);
  expect(await casesOf('SUBJECT')).toEqual(three);
  expect(await casesOf('PROVINCIAL_PLATFORM')).toEqual(three);
});

test('pages follow each other without gap or repeat, and a cursor of another list is none', async () => {
  const knownAt = await graph.gateway.sources.sealed();
  const page = async (after: string | null) => {
    const { body } = await graph.query('PUBLIC', RECORDS, { uscc: subject, first: 1, after, knownAt });
    return (
      body.data as {
        creditFile: {
          judicialRecords: { nodes: { caseNo: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
        };
      }
    ).creditFile.judicialRecords;
  };
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  expect([
    first.nodes[0]?.caseNo,
    first.pageInfo.hasNextPage,
    second.nodes[0]?.caseNo,
    second.pageInfo.hasNextPage,
  ]).toEqual(['（2026）示01执2号', true, '〔2026〕示01民初1号', false]);
  const { body } = await graph.query(
    'PUBLIC',
    `query ($uscc: USCC!, $after: Cursor, $knownAt: DateTime) {
      creditFile(uscc: $uscc, knownAt: $knownAt) { complaints(first: 1, after: $after) { nodes { id } } }
    }`,
    { uscc: subject, after: first.pageInfo.endCursor, knownAt },
  );
  expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['BAD_CURSOR']);
});

test('a row about a natural person, and one of a list, is refused', async () => {
  const outcome = await graph.file(
    'judicial-record',
    lines([
      { ...judgment, SF_XDR_LB: '自然人' },
      { ...judgment, MLBM: 'SERIOUS_LIST' },
      { ...judgment, SF_LX: '失信被执行人' },
    ]),
    { format: 'NDJSON' },
  );
  const problems = (outcome['rejectedRows'] as { row: number; problems: { column: string; code: string }[] }[]).map(
    ({ row, problems: found }) => [row, found.map(({ column, code }) => `${column} ${code}`)],
  );
  expect([outcome['added'], problems]).toEqual([
    0,
    [
      [1, ['SF_XDR_LB OUT_OF_SCOPE_NATURAL_PERSON']],
      [2, ['MLBM UNKNOWN_CATALOGUE_ITEM']],
      [3, ['SF_LX UNKNOWN_CODE']],
    ],
  ]);
});
