import { shanghaiDay } from '#standards/dates.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';
import { licence, newNumber, penalty, reward, subject, unit } from './rows.ts';

// The two steps of publication and its end, as an act has them, through the public API. The clock moves forwards with
// the tests.

let ahead = 0;
const now = (): Date => new Date(Date.now() + ahead * 86_400_000);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['licence', 'penalty', 'reward']);
});
afterAll(() => graph[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const outcome = async (kind: string, ...rows: Cells[]): Promise<Json> => {
  const {
    rows: read,
    added,
    corrected,
    unchanged,
    rejected,
    warned,
  } = await graph.file(kind, lines(rows), { format: 'NDJSON' });
  return { rows: read, added, corrected, unchanged, rejected, warned };
};
const one = { rows: 1, added: 0, corrected: 0, unchanged: 0, rejected: 0, warned: 0 };

const PUBLICATION = `duty ownSiteOn creditChinaOn publishedOn dueOn onTime publicUntil termEndsOn endsWhenPerformed
  termRuleSet { id } termInputs { name value } withdrawnOn`;

/** What the auditor reads of an act, and whether the public sees it. */
async function actOf(documentNo: string): Promise<Json> {
  const query = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) {
      administrativeActs(first: 100) {
        nodes {
          documentNo publication { ${PUBLICATION} } additionalFields { column value }
          ... on AdministrativePenalty { performedOn }
        }
      }
    }
  }`;
  const of = async (role: 'AUDITOR' | 'PUBLIC'): Promise<Json | undefined> => {
    const { body } = await graph.query(role, query, { uscc: subject });
    const file = body.data?.['creditFile'] as { administrativeActs: { nodes: Json[] } } | null | undefined;
    if (!file) throw new Error(JSON.stringify(body));
    return file.administrativeActs.nodes.find((act) => act['documentNo'] === documentNo);
  };
  const { documentNo: _, ...act } = (await of('AUDITOR')) ?? {};
  return { ...act, isPublic: (await of('PUBLIC')) !== undefined };
}

const input = (name: string, value: string): Json => ({ name, value });

test('an act has its day on the unit’s own site and here; the term runs from its decision', async () => {
  const row = licence({ XK_GSRQ: '2026/09/22' });
  expect(await outcome('licence', row)).toEqual({ ...one, added: 1 });
  expect(await actOf(row['XK_WSH'] ?? '')).toEqual({
    publication: {
      duty: 'MANDATORY',
      ownSiteOn: '2026-09-22',
      creditChinaOn: shanghaiDay(new Date()),
      publishedOn: '2026-09-22',
      dueOn: '2026-09-29',
      onTime: true,
      publicUntil: '2031-09-17',
      termEndsOn: '2031-09-17',
      endsWhenPerformed: false,
      termRuleSet: null,
      termInputs: [input('publishedFrom', '2026-09-22')],
      withdrawnOn: null,
    },
    additionalFields: null,
    isPublic: true,
  });
  const rewarded = reward({ JL_GSRQ: '2026/10/20' });
  expect(await outcome('reward', rewarded)).toEqual({ ...one, added: 1 });
  expect((await actOf(rewarded['JL_WSH'] ?? ''))['publication']).toMatchObject({
    duty: 'PROMOTED',
    publishedOn: '2026-10-20',
    onTime: false,
    termEndsOn: '2029-09-18',
    publicUntil: '2029-09-18',
    termRuleSet: { id: 'NDRC-36' },
    termInputs: [
      input('publishedFrom', '2026-10-20'),
      input('countedFrom', '2026-09-18'),
      input('rule', 'REWARD'),
      input('months', '36'),
    ],
  });
});

test('without a day on the unit’s own site that here counts, and the term is the decision’s', async () => {
  const [old, fresh] = [
    licence({ XK_JDRQ: '2026/04/30' }),
    licence({ XK_JDRQ: daysFromNow(0), XK_YXQZ: daysFromNow(0) }),
  ];
  expect(await outcome('licence', old, fresh)).toEqual({ ...one, rows: 2, added: 2 });
  const today = shanghaiDay(new Date());
  expect((await actOf(old['XK_WSH'] ?? ''))['publication']).toMatchObject({
    ownSiteOn: null,
    creditChinaOn: today,
    publishedOn: today,
    dueOn: '2026-05-13',
    onTime: false,
  });
  expect((await actOf(fresh['XK_WSH'] ?? ''))['publication']).toMatchObject({
    ownSiteOn: null,
    creditChinaOn: today,
    publishedOn: today,
    onTime: true,
  });
});

test('what is not filed as public is published nowhere, and late for nothing', async () => {
  const row = licence({ XK_SYFW: '政务共享' });
  await outcome('licence', row);
  expect(await actOf(row['XK_WSH'] ?? '')).toMatchObject({
    isPublic: false,
    publication: {
      ownSiteOn: null,
      creditChinaOn: null,
      publishedOn: null,
      dueOn: '2026-09-29',
      onTime: null,
      publicUntil: null,
      termEndsOn: null,
      endsWhenPerformed: null,
      termRuleSet: null,
      termInputs: null,
    },
  });
});

test('a day on the own site before the decision or after today is taken out of the row, with a warning', async () => {
  const [before, toCome, good] = [
    penalty({ CF_GSRQ: '2026/09/17' }),
    penalty({ CF_GSRQ: daysFromNow(1), CF_LXRQ: '2099/01/01' }),
    penalty({ CF_GSRQ: '2026/09/18' }),
  ];
  // An end of publication is missing in all three.
  expect(await outcome('penalty', before, toCome, good)).toMatchObject({ rows: 3, added: 3, warned: 3 });
  expect(
    await outcome(
      'licence',
      licence({ XK_GSRQ: '2026/09/17' }),
      licence({ XK_GSRQ: daysFromNow(1) }),
      licence({ XK_GSRQ: '2026/09/18' }),
    ),
  ).toEqual({ ...one, rows: 3, added: 3, warned: 2 });
  expect(await actOf(before['CF_WSH'] ?? '')).toMatchObject({
    publication: { ownSiteOn: null, termEndsOn: '2027-09-18' },
    additionalFields: [{ column: 'CF_GSRQ', value: '2026-09-17' }],
  });
  expect(await actOf(toCome['CF_WSH'] ?? '')).toMatchObject({
    publication: { ownSiteOn: null },
    performedOn: null,
    additionalFields: [
      { column: 'CF_GSRQ', value: daysFromNow(1) },
      { column: 'CF_LXRQ', value: '2099-01-01' },
    ],
  });
  expect(await actOf(good['CF_WSH'] ?? '')).toMatchObject({
    publication: { ownSiteOn: '2026-09-18' },
    additionalFields: null,
  });
});

test.each([
  ['a general penalty', { CF_CFLB: '罚款' }, '2027-09-18', 'PENALTY_GENERAL', '12'],
  ['a serious penalty', { CF_CFLB: '吊销许可证件' }, '2029-09-18', 'PENALTY_SERIOUS', '36'],
])(
  'publication of %s ends at its longest term, whether or not performance is filed',
  async (_, cells, ends, rule, n) => {
    const row = penalty(cells);
    const documentNo = row['CF_WSH'] ?? '';
    await outcome('penalty', row);
    const inputs = [input('publishedFrom', '2026-09-18'), input('rule', rule), input('months', n)];
    const publication = {
      publicUntil: ends,
      termEndsOn: ends,
      endsWhenPerformed: false,
      termRuleSet: { id: 'NDRC-36' },
      termInputs: inputs,
    };
    expect(await actOf(documentNo)).toMatchObject({ isPublic: true, performedOn: null, publication });
    ahead = 3650;
    expect(await actOf(documentNo)).toMatchObject({ isPublic: false });
    const performedOn = daysFromNow(3640);
    expect(await outcome('penalty', { ...row, CF_LXRQ: performedOn })).toMatchObject({ corrected: 1 });
    expect(await actOf(documentNo)).toMatchObject({
      isPublic: false,
      performedOn,
      publication: { ...publication, termInputs: [...inputs, input('performedOn', performedOn)] },
    });
    ahead = 0;
    expect(await actOf(documentNo)).toMatchObject({ isPublic: true });
  },
);

test('all penalties end at their term by themselves; a minor one is not published', async () => {
  const authority = { CF_CFJG: '示例市场监督管理局' };
  const rows = [
    penalty({ CF_CFLB: '警告' }),
    penalty({ CF_JDRQ: '2026/03/31' }),
    penalty({ CF_CFLB: '吊销许可证件', ...authority }),
    penalty({ CF_CFLB: '罚款', ...authority }),
  ];
  await outcome('penalty', ...rows);
  const ends = await Promise.all(
    rows.map(async (row) => ((await actOf(row['CF_WSH'] ?? ''))['publication'] as Json)['publicUntil']),
  );
  expect(ends).toEqual([null, '2027-03-31', '2029-09-18', '2027-09-18']);
});

test('an end in the form ends the term; one beyond the longest allowed is cut, with a warning', async () => {
  const [given, cut] = [
    penalty({ CF_GSJZQ: '2027/01/01', CF_LXRQ: '2026/10/01' }),
    penalty({ CF_GSJZQ: '2050/01/01', CF_GSRQ: '2026/09/20', CF_LXRQ: '2026/10/01' }),
  ];
  expect(await outcome('penalty', given)).toEqual({ ...one, added: 1 });
  expect(await outcome('penalty', cut)).toEqual({ ...one, added: 1, warned: 1 });
  expect(await actOf(given['CF_WSH'] ?? '')).toMatchObject({
    publication: {
      publicUntil: '2027-01-01',
      termEndsOn: '2027-01-01',
      termRuleSet: null,
      termInputs: [input('publishedFrom', '2026-09-18'), input('performedOn', '2026-10-01')],
    },
  });
  expect(await actOf(cut['CF_WSH'] ?? '')).toMatchObject({
    publication: {
      publicUntil: '2027-09-18',
      termRuleSet: { id: 'NDRC-36' },
      termInputs: [
        input('publishedFrom', '2026-09-20'),
        input('countedFrom', '2026-09-18'),
        input('rule', 'MAXIMUM_GENERAL'),
        input('months', '12'),
        input('performedOn', '2026-10-01'),
      ],
    },
  });
});

test('the same row filed again on another day is unchanged', async () => {
  const rows = [penalty(), penalty({ CF_GSRQ: '2026/09/20', CF_LXRQ: '2026/10/01' })];
  expect(await outcome('penalty', ...rows)).toMatchObject({ added: 2 });
  ahead = 400;
  expect(await outcome('penalty', ...rows)).toMatchObject({ added: 0, corrected: 0, unchanged: 2 });
  ahead = 0;
});

test('a field of publication is read by the readers of the act, and by nobody else', async () => {
  const row = licence({ XK_WSH: newNumber('许'), XK_SYFW: '内部', XK_GSRQ: '2026/09/22' });
  await outcome('licence', row);
  const seen = async (role: Parameters<TestGraph['query']>[0]): Promise<boolean> =>
    (
      await graph.query(
        role,
        `query ($uscc: USCC!) {
          creditFile(uscc: $uscc) {
            administrativeActs(first: 100) { nodes { documentNo publication { ownSiteOn } } }
          }
        }`,
        { uscc: subject },
      )
    ).text.includes(row['XK_WSH'] ?? '');
  expect([
    await seen('PUBLIC'),
    await seen('SUBJECT'),
    await seen('NATIONAL_CENTRE'),
    await seen('DETERMINING_UNIT'),
    await seen('AUDITOR'),
  ]).toEqual([false, false, false, true, true]);
  expect(organisationOf('DETERMINING_UNIT').organisation).toBe(unit);
});
