import type { Role } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { AUTHORITY, list, numbered, pageOf } from '#test/support/listings.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// No request shows a version more widely than the narrower of its own rights and those of the record now.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  await register(graph, 'disclosure', organisationOf('DETERMINING_UNIT').organisation, ['penalty']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const known = async (): Promise<string> => {
  await graph.gateway.sources.refresh();
  return graph.gateway.sources.sealed();
};
const unit = organisationOf('DETERMINING_UNIT').organisation;
const penalty = (uscc: string, content: string, level: string, industry = 'F5211'): Cells => ({
  CF_XDR_MC: '示例主体',
  CF_XDR_SHXYM: uscc,
  CF_WSH: '示罚〔2026〕31号',
  CF_WFXW: '示例',
  CF_SY: '示例',
  CF_YJ: '示例',
  CF_CFLB: '罚款',
  CF_NR: content,
  CF_JDRQ: daysFromNow(-30).replaceAll('-', '/'),
  CF_YXQ: daysFromNow(900).replaceAll('-', '/'),
  CF_GSJZQ: daysFromNow(300).replaceAll('-', '/'),
  CF_CFJG: '示例机关',
  CF_CFJGDM: unit,
  CF_SJLY: '示例机关',
  CF_SJLYDM: unit,
  CF_XDR_HYDM: industry,
  CF_SYFW: level,
});
const ACTS = `query ($uscc: USCC!, $knownAt: DateTime) {
  creditFile(uscc: $uscc, knownAt: $knownAt) {
    administrativeActs(first: 9) { nodes { id version content } totalCount { value } }
  }
}`;
const RECORD = `query ($id: ID!, $knownAt: DateTime) {
  record(id: $id, knownAt: $knownAt) { version history(first: 9) { nodes { version } totalCount { value } } }
}`;
const seen = async (role: Role, uscc: string, knownAt: string) => {
  const { body, text } = await graph.query(role, ACTS, { uscc, knownAt });
  const { nodes, totalCount } = (
    body.data as {
      creditFile: {
        administrativeActs: {
          nodes: { id: string; version: number; content: string }[];
          totalCount: { value: number };
        };
      };
    }
  ).creditFile.administrativeActs;
  return {
    nodes: nodes.map(({ version, content }) => [version, content]),
    count: totalCount.value,
    text,
    id: nodes[0]?.id,
  };
};

test('what was INTERNAL and is PUBLIC is not shown as it was, by list, id, count or history', async () => {
  const uscc = composeUscc('91330106', 'MA6EEE01');
  await know(graph, uscc);
  const instants: string[] = [];
  for (const [content, level] of [
    ['内部措辞', '内部'],
    ['公开措辞', '社会公开'],
    ['又一内部措辞', '内部'],
    ['最后措辞', '社会公开'],
  ] as const) {
    expect(await graph.file('penalty', lines([penalty(uscc, content, level)]), { format: 'NDJSON' })).toMatchObject({
      rejected: 0,
    });
    instants.push(await known());
  }
  const [internal, published, again, now] = instants as [string, string, string, string];
  const { id } = await seen('PUBLIC', uscc, now);
  for (const [at, nodes] of [
    [internal, []],
    [published, [[2, '公开措辞']]],
    [again, []],
    [now, [[4, '最后措辞']]],
  ] as const) {
    for (const role of ['PUBLIC', 'PROVINCIAL_PLATFORM', 'SUBJECT', 'NATIONAL_CENTRE'] as const)
      expect([role, await seen(role, uscc, at)]).toMatchObject([role, { nodes, count: nodes.length }]);
    const byId = await graph.query(
      'PUBLIC',
      'query ($id: ID!, $knownAt: DateTime) { record(id: $id, knownAt: $knownAt) { version } }',
      { id, knownAt: at },
    );
    expect(byId.body.errors?.map(({ extensions }) => extensions['code'])).toEqual(
      nodes.length === 0 ? ['NOT_FOUND'] : undefined,
    );
    expect((await seen('PUBLIC', uscc, at)).text).not.toContain('内部措辞');
  }
  expect(await seen('DETERMINING_UNIT', uscc, internal)).toMatchObject({ nodes: [[1, '内部措辞']] });
  const history = async (role: Role) => (await graph.query(role, RECORD, { id, knownAt: now })).body.data;
  expect(await history('PROVINCIAL_PLATFORM')).toEqual({
    record: { version: 4, history: { nodes: [{ version: 4 }, { version: 2 }], totalCount: { value: 2 } } },
  });
  expect(await history('AUDITOR')).toMatchObject({ record: { history: { totalCount: { value: 4 } } } });
});

test('what was PUBLIC and is INTERNAL is hidden at every instant, also where the sector differed', async () => {
  const uscc = composeUscc('91330106', 'MA6EEE02');
  await know(graph, uscc);
  const instants: string[] = [];
  for (const [level, industry] of [
    ['政务共享', 'F5211'],
    ['政务共享', 'C2710'],
    ['政务共享', 'F5211'],
  ] as const) {
    await graph.file('penalty', lines([penalty(uscc, industry, level, industry)]), { format: 'NDJSON' });
    instants.push(await known());
  }
  const sector = organisationOf('SECTOR_REGULATOR').sector ?? '';
  const isOf = (industry: string): boolean => industry.startsWith(sector);
  expect(
    (await Promise.all(instants.map((at) => seen('SECTOR_REGULATOR', uscc, at)))).map(({ count }) => count),
  ).toEqual([isOf('F5211') ? 1 : 0, 0, isOf('F5211') ? 1 : 0]);
  await graph.file('penalty', lines([penalty(uscc, '公开', '社会公开')]), { format: 'NDJSON' });
  const published = await known();
  expect((await seen('PUBLIC', uscc, published)).count).toBe(1);
  await graph.file('penalty', lines([penalty(uscc, '内部', '内部')]), { format: 'NDJSON' });
  for (const at of [...instants, published, await known()]) expect((await seen('PUBLIC', uscc, at)).count).toBe(0);
});

test('a state of the register that was shared in government stays so when a later one is public', async () => {
  const uscc = composeUscc('91330106', 'MA6EEE03');
  await know(graph, uscc);
  // No form has a level of the register: an entity is hidden by hand.
  await graph.sql(
    `update entity.profile
      set disclosure_level = 'GOV_SHARED', name = '保密旧名', content = content || '{"name": "保密旧名有限公司"}'
      where uscc = $1`,
    [uscc],
  );
  await register(graph, 'entity', AUTHORITY, ['entity']);
  const later: Cells = {
    DJ_SHXYM: uscc,
    DJ_MC: '公开新名有限公司',
    DJ_LX: '企业',
    DJ_ZT: '存续',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2015/05/05',
    DJ_HZRQ: '2024/01/01',
    DJ_DJJG: '示例机关',
    DJ_DJJGDM: AUTHORITY,
    DJ_LYDW: '示例机关',
    DJ_LYDWDM: AUTHORITY,
  };
  expect(await graph.file('entity', lines([later]), { format: 'NDJSON' })).toMatchObject({ added: 1 });
  await known();
  const names = async (role: Role) =>
    (await graph.query(role, `{ entity(uscc: "${uscc}") { name formerNames { name } } }`)).body.data;
  expect(await names('PUBLIC')).toEqual({ entity: { name: '公开新名有限公司', formerNames: [] } });
  expect(await names('PROVINCIAL_PLATFORM')).toEqual({
    entity: { name: '公开新名有限公司', formerNames: [{ name: '保密旧名有限公司' }] },
  });
});

test('changes are not delivered with a hidden version: an entry that was internal when added', async () => {
  const uscc = composeUscc('91330106', 'MA6EEE04');
  await know(graph, uscc);
  await list(graph, { uscc, level: '内部', grounds: '内部事由' });
  await list(graph, { uscc, level: '社会公开', grounds: '公开事由' });
  await numbered(graph);
  await known();
  const page = pageOf(
    await graph.query(
      'FINANCIAL_INSTITUTION',
      `{
        nameListChanges(filter: { provinces: ["33"] }, first: 100) {
          hasMore endCursor
          events { __typename ... on NameListChange { kind version subject { uscc } entry { grounds } } }
        }
      }`,
    ),
  );
  expect(page.events.filter((event) => (event as { subject?: { uscc: string } }).subject?.uscc === uscc)).toEqual([
    { __typename: 'NameListChange', kind: 'CORRECTED', version: 2, subject: { uscc }, entry: { grounds: '公开事由' } },
  ]);
});

const slashed = (day: string): string => day.replaceAll('-', '/');
/** One record of each other kind; its words are what must not be seen. */
const kinds: readonly (readonly [
  kind: string,
  schema: string,
  row: (uscc: string, words: string, level: string) => Cells,
  list: string,
])[] = [
  [
    'name-list',
    'namelist',
    (uscc, words, level) => ({
      MD_XDR_MC: '示例主体',
      MD_XDR_SHXYM: uscc,
      MD_LX: 'ABNORMAL_OPERATION',
      MD_WSH: '示列〔2026〕31号',
      MD_LRRQ: slashed(daysFromNow(-30)),
      MD_LRSY: words,
      MD_FLYJ: '示例',
      MD_RDJG: '示例机关',
      MD_RDJGDM: unit,
      MD_LYDW: '示例机关',
      MD_LYDWDM: unit,
      MD_SYFW: level,
    }),
    'nameListEntries(first: 9) { nodes { id version words: grounds } totalCount { value } }',
  ],
  [
    'evaluation',
    'evaluation',
    (uscc, words, level) => ({
      PJ_XDR_MC: '示例主体',
      PJ_XDR_SHXYM: uscc,
      PJ_FA: 'PUBLIC_CREDIT',
      PJ_FABB: '2026',
      PJ_DJ: words.startsWith('内部') ? 'C' : 'A',
      PJ_RQ: slashed(daysFromNow(-30)),
      PJ_YXQZ: slashed(daysFromNow(300)),
      PJ_DW: '示例机关',
      PJ_DWDM: unit,
      PJ_LYDW: '示例机关',
      PJ_LYDWDM: unit,
      PJ_SYFW: level,
    }),
    'evaluations { id version words: grade }',
  ],
  [
    'commitment',
    'disclosure',
    (uscc, words, level) => ({
      CN_XDR_MC: '示例主体',
      CN_XDR_SHXYM: uscc,
      CN_LX: '主动型',
      CN_BM: '示承31',
      CN_SY: '守法经营',
      CN_NR: words,
      CN_RQ: slashed(daysFromNow(-30)),
      CN_LXQX: slashed(daysFromNow(300)),
      CN_SLDW: '示例机关',
      CN_SLDWDM: unit,
      CN_ZT: '全部履行',
      CN_LYDW: '示例机关',
      CN_LYDWDM: unit,
      CN_SYFW: level,
    }),
    'commitments(first: 9) { nodes { id version words: content } totalCount { value } }',
  ],
  [
    'judicial-record',
    'disclosure',
    (uscc, words, level) => ({
      SF_XDR_MC: '示例主体',
      SF_XDR_SHXYM: uscc,
      SF_LX: '司法判决',
      SF_AH: '（2026）示01民初31号',
      SF_FY: '示例机关',
      SF_FYDM: unit,
      SF_JDRQ: slashed(daysFromNow(-30)),
      SF_AY: '示例',
      SF_JG: words,
      SF_LVQK: '全部未履行',
      SF_LYDW: '示例机关',
      SF_LYDWDM: unit,
      SF_SYFW: level,
    }),
    'judicialRecords(first: 9) { nodes { id version words: result } totalCount { value } }',
  ],
];

test.each(kinds)(
  'so of %s: what was internal and is public now is not shown as it was, in its list and by its id',
  async (kind, schema, row, selection) => {
    const uscc = composeUscc(
      '91330106',
      `MA6EE1${String(kinds.findIndex(([each]) => each === kind)).padStart(2, '0')}`,
    );
    await know(graph, uscc);
    await register(graph, schema, unit, [kind]);
    const instants: string[] = [];
    for (const [words, level] of [
      ['内部措辞', '内部'],
      ['公开措辞', '社会公开'],
      ['内部更正', '内部'],
      ['公开更正', '社会公开'],
    ] as const) {
      expect(await graph.file(kind, lines([row(uscc, words, level)]), { format: 'NDJSON' })).toMatchObject({
        rejected: 0,
      });
      instants.push(await known());
    }
    interface Shown {
      readonly id: string;
      readonly version: number;
      readonly words: string;
    }
    const shownTo = async (role: Role, knownAt: string | undefined): Promise<readonly Shown[]> => {
      const { body, text } = await graph.query(
        role,
        `query ($uscc: USCC!, $knownAt: DateTime) {
          creditFile(uscc: $uscc, knownAt: $knownAt) { list: ${selection} } }`,
        { uscc, knownAt },
      );
      if (body.errors) throw new Error(text);
      const found = (
        body.data as {
          creditFile: { list: readonly Shown[] | { nodes: readonly Shown[]; totalCount: { value: number } } };
        }
      ).creditFile.list;
      if ('nodes' in found) expect(found.totalCount.value).toBe(found.nodes.length);
      return 'nodes' in found ? found.nodes : found;
    };
    const [{ id } = { id: '' }] = await shownTo('PUBLIC', instants[3]);
    const versions = [[], [2], [], [4]] as const;
    for (const [index, at] of instants.entries()) {
      for (const role of ['PUBLIC', 'FINANCIAL_INSTITUTION', 'PROVINCIAL_PLATFORM', 'NATIONAL_CENTRE'] as const)
        expect([role, (await shownTo(role, at)).map(({ version }) => version)]).toEqual([role, versions[index]]);
      const { body } = await graph.query(
        'PUBLIC',
        'query ($id: ID!, $knownAt: DateTime) { record(id: $id, knownAt: $knownAt) { version } }',
        { id, knownAt: at },
      );
      expect([body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual(
        versions[index]?.length === 1
          ? [{ record: { version: versions[index][0] } }, undefined]
          : [{ record: null }, ['NOT_FOUND']],
      );
    }
    // Whose record it is sees it as it was.
    expect((await shownTo('DETERMINING_UNIT', instants[0])).map(({ version }) => version)).toEqual([1]);
  },
);
