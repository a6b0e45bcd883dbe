import { randomUUID } from 'node:crypto';
import { createPool } from '#kit/postgres/pool.ts';
import { createSweep } from '#records/retention.ts';
import { createRuleStore } from '#records/ruleStore.ts';
import { composeUscc } from '#standards/uscc.ts';
import { erasable } from '#subgraphs/disclosure/retention.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, register } from '#test/support/registered.ts';
import { createRuleKeeper } from '#test/support/ruleKeeper.ts';
import { until } from '#test/support/until.ts';
import { licence, penalty } from '#test/graph/publication/rows.ts';

// Local supplements to the collection catalogue: rule data of one province, decided by two persons, each item with its
// local regulation. They hold there alone, and on their days.

let today = '2026-11-25';
const now = (): Date => new Date(`${today}T04:00:00.000Z`);

const ZHEJIANG = composeUscc('11330000', 'MB1EFX33');
const GUANGDONG = composeUscc('11440000', 'MB1EFX44');
const MINISTRY = composeUscc('11100000', 'MB1EFX10');
const here = composeUscc('91330106', 'MA9EFX01');
const there = composeUscc('91440305', 'MA9EFX02');

let graph: TestGraph;
let keeper: ReturnType<typeof createRuleKeeper>;
beforeAll(async () => {
  graph = await startGraph({ now });
  keeper = createRuleKeeper(graph, now);
  for (const each of [here, there]) await know(graph, each);
  for (const each of [ZHEJIANG, GUANGDONG, MINISTRY]) await register(graph, 'disclosure', each, ['licence', 'penalty']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const localRegulation = {
  name: '示例省公共信用信息条例',
  number: '示例省人民代表大会常务委员会公告第1号',
  article: '第九条',
};
const item = (more: Record<string, unknown> = {}) => ({
  code: 'ZJ_HOMESTAY',
  name: '民宿登记',
  kind: 'licence',
  disclosureLevel: 'PUBLIC',
  localRegulation,
  ...more,
});
const supplement = (more: Record<string, unknown> = {}, ...items: readonly ReturnType<typeof item>[]) => ({
  action: 'ADD',
  ruleSet: {
    id: 'ZJ-SUPPLEMENT',
    kind: 'CATALOGUE_SUPPLEMENT',
    name: '示例省公共信用信息补充目录',
    source: '示例省补充目录（2026年版）',
    effectiveFrom: '2026-12-01',
    effectiveTo: '2027-01-01',
    region: '33',
    values: [],
    catalogueItems: items.length > 0 ? items : [item()],
    ...more,
  },
});

const CATALOGUE = `query ($day: Date, $region: String) {
  collectionCatalogue(validAt: $day, region: $region) {
    code name category { code name } kinds legalBasis disclosureLevel localRegulation { name number article }
    edition { code name source effectiveFrom effectiveTo verified } effectiveFrom effectiveTo verified
  }
}`;
const catalogue = async (day: string, region: string | null): Promise<Record<string, unknown>[]> => {
  const { body, text } = await graph.query('PUBLIC', CATALOGUE, { day, region });
  if (!body.data?.['collectionCatalogue']) throw new Error(text);
  return body.data['collectionCatalogue'] as Record<string, unknown>[];
};
const localCodes = async (day: string, region: string | null): Promise<unknown[]> =>
  (await catalogue(day, region)).flatMap(({ code, localRegulation: found }) => (found === null ? [] : [code]));

const fileRows = async (kind: string, ...rows: readonly Cells[]): Promise<unknown[]> => {
  const { body, text } = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: FileRecordsInput!) {
      done: fileRecords(input: $input) { ... on RecordsFiled { rows { outcome problems { column code message } } } }
    }`,
    { input: { idempotencyKey: randomUUID(), kind, rows } },
  );
  const done = body.data?.['done'] as { rows?: { outcome: string; problems: Record<string, string>[] }[] } | undefined;
  if (!done?.rows) throw new Error(text);
  return done.rows.map(({ outcome, problems }) => [
    outcome,
    ...problems.flatMap(({ column, code }) => (column === 'MLBM' ? [code] : [])),
  ]);
};
const homestay = (unit: string, decidedOn: string, more: Cells = {}): Cells =>
  licence({
    XK_XDR_SHXYM: here,
    XK_JDRQ: decidedOn,
    XK_YXQZ: decidedOn,
    XK_XKJGDM: unit,
    XK_LYDWDM: unit,
    MLBM: 'ZJ_HOMESTAY',
    ...more,
  });
const refused = ['REJECTED', 'UNKNOWN_CATALOGUE_ITEM'];

describe('what is no supplement', () => {
  test('an item that names no local regulation', async () => {
    const { localRegulation: _, ...without } = item();
    await expect(keeper.propose('1001', supplement({ catalogueItems: [without] }))).rejects.toThrow(
      'Field \\"localRegulation\\" of required type',
    );
  });

  test.each(['name', 'number', 'article'])('an item whose local regulation has no %s', async (field) => {
    const blank = item({ localRegulation: { ...localRegulation, [field]: ' ' } });
    expect(await keeper.propose('1001', supplement({}, item({ code: 'ZJ_OTHER' }), blank))).toEqual({
      __typename: 'InvalidInput',
      code: 'MISSING',
      message:
        'ZJ_HOMESTAY names the local regulation (地方性法规) that requires it: ' +
        `its ${field} has 1 to 200 characters.`,
      path: ['input', 'ruleSet', 'catalogueItems', '1', 'localRegulation', field],
    });
  });

  test.each<[string, ReturnType<typeof supplement>, string, string[]]>([
    ['one of the whole country', supplement({ region: null }), 'UNKNOWN_REGION', ['region']],
    ['one of a region that is none', supplement({ region: '99' }), 'UNKNOWN_REGION', ['region']],
    ['one for days that have passed', supplement({ effectiveFrom: '2026-11-24' }), 'BACKWARDS', ['effectiveFrom']],
    ['one without items', supplement({ catalogueItems: [] }), 'MISSING', ['catalogueItems']],
    ['one with numbers', supplement({ values: [{ code: 'X', number: 1, unit: 'FLAG' }] }), 'UNKNOWN_RULE', ['values']],
    [
      'an item of the national catalogue',
      supplement({}, item({ code: 'LICENCE' })),
      'TAKEN',
      ['catalogueItems', '0', 'code'],
    ],
    ['an item twice', supplement({}, item(), item()), 'TAKEN', ['catalogueItems', '1', 'code']],
    [
      'an item of lists, which have levels of their own',
      supplement({}, item({ kind: 'name-list' })),
      'UNKNOWN_RULE',
      ['catalogueItems', '0', 'kind'],
    ],
    [
      'items of another kind of rules',
      supplement({ kind: 'REPAIR', values: [{ code: 'DECIDE_WITHIN', number: 2, unit: 'WORKING_DAYS' }] }),
      'UNKNOWN_RULE',
      ['catalogueItems'],
    ],
  ])('%s', async (_, change, code, path) => {
    expect(await keeper.propose('1001', change)).toMatchObject({
      __typename: 'InvalidInput',
      code,
      path: ['input', 'ruleSet', ...path],
    });
  });

  test('what one person alone proposes', async () => {
    const { change } = await keeper.propose('1001', supplement({ id: 'ZJ-ALONE' }));
    expect(await keeper.approve('1001', change?.id)).toMatchObject({ code: 'SECOND_PERSON' });
    expect(await localCodes('2026-12-01', '33')).toEqual([]);
    expect(await fileRows('licence', homestay(ZHEJIANG, '2026/11/20'))).toEqual([refused]);
  });
});

describe('a supplement in the catalogue', () => {
  beforeAll(async () => {
    await keeper.decide(
      supplement({}, item(), item({ code: 'ZJ_INTERNAL', name: '内部备案', disclosureLevel: 'GOV_SHARED' })),
    );
    await until('the decision', async () => (await localCodes('2026-12-01', '33')).length > 0);
  });

  test('is listed in its region on its days alone, after the national catalogue', async () => {
    const national = await catalogue('2026-12-01', null);
    const edition = {
      code: 'ZJ-SUPPLEMENT',
      name: '示例省公共信用信息补充目录',
      source: '示例省补充目录（2026年版）',
      effectiveFrom: '2026-12-01',
      effectiveTo: '2027-01-01',
      verified: true,
    };
    const added = {
      code: 'ZJ_HOMESTAY',
      name: '民宿登记',
      category: { code: 'LOCAL', name: '地方补充目录' },
      kinds: ['licence'],
      legalBasis: '示例省公共信用信息条例（示例省人民代表大会常务委员会公告第1号）第九条',
      disclosureLevel: 'PUBLIC',
      localRegulation,
      edition,
      effectiveFrom: '2026-12-01',
      effectiveTo: '2027-01-01',
      verified: true,
    };
    expect(await catalogue('2026-12-01', '33')).toEqual([
      ...national,
      added,
      { ...added, code: 'ZJ_INTERNAL', name: '内部备案', disclosureLevel: 'GOV_SHARED' },
    ]);
    expect(national.map(({ localRegulation: found }) => found)).toEqual(national.map(() => null));
    expect(await catalogue('2026-12-01', '44')).toEqual(national);
    for (const day of ['2026-11-30', '2027-01-01']) expect(await localCodes(day, '33')).toEqual([]);
    expect(await localCodes('2026-12-31', '33')).toEqual(['ZJ_HOMESTAY', 'ZJ_INTERNAL']);
  });

  test('of a region that is none is refused', async () => {
    const { body } = await graph.query('PUBLIC', CATALOGUE, { day: '2026-12-01', region: '99' });
    expect(body.errors?.map(({ extensions }) => [extensions['code'], extensions['reason']])).toEqual([
      ['BAD_USER_INPUT', 'UNKNOWN_CODE'],
    ]);
  });
});

describe('a supplement in filings', () => {
  test('takes records of its days and of units of its region; without one, of subjects of its region', async () => {
    today = '2027-01-02';
    const byNobody = { XK_XKJGDM: '' };
    expect(
      await fileRows(
        'licence',
        homestay(ZHEJIANG, '2026/12/01'),
        homestay(ZHEJIANG, '2026/12/31'),
        homestay(ZHEJIANG, '2026/12/02', { XK_XDR_SHXYM: there }),
        homestay(ZHEJIANG, '2026/12/02', byNobody),
        // and not
        homestay(ZHEJIANG, '2026/11/30'),
        homestay(ZHEJIANG, '2027/01/01'),
        homestay(GUANGDONG, '2026/12/02'),
        homestay(MINISTRY, '2026/12/02'),
        homestay(ZHEJIANG, '2026/12/02', { ...byNobody, XK_XDR_SHXYM: there }),
      ),
    ).toEqual([['ADDED'], ['ADDED'], ['ADDED'], ['ADDED'], refused, refused, refused, refused, refused]);
    const otherKind = penalty({ CF_XDR_SHXYM: here, CF_JDRQ: '2026/12/02', CF_CFJGDM: ZHEJIANG, CF_SJLYDM: ZHEJIANG });
    expect(await fileRows('penalty', { ...otherKind, MLBM: 'ZJ_HOMESTAY' })).toEqual([refused]);
  });

  test('says where and when an item holds, to whom it refuses', async () => {
    const { body } = await graph.query(
      'NATIONAL_CENTRE',
      `mutation ($input: FileRecordsInput!) {
        done: fileRecords(input: $input) { ... on RecordsFiled { rows { problems { column message } } } }
      }`,
      {
        input: { idempotencyKey: randomUUID(), kind: 'licence', rows: [homestay(GUANGDONG, '2026/12/02')] },
      },
    );
    expect(body.data).toMatchObject({
      done: {
        rows: [
          {
            problems: [
              {
                column: 'MLBM',
                message:
                  'ZJ_HOMESTAY is no item of the collection catalogue that takes this record. ' +
                  'It is one for licence of region 33, from 2026-12-01 on and before 2027-01-01.',
              },
            ],
          },
        ],
      },
    });
  });
});

describe('a record of a supplement', () => {
  test('has its level: the public does not see what the supplement shares among authorities', async () => {
    const row = homestay(ZHEJIANG, '2026/12/03', { MLBM: 'ZJ_INTERNAL' });
    expect(await fileRows('licence', row)).toEqual([['ADDED']]);
    const seenBy = async (role: 'PUBLIC' | 'AUDITOR'): Promise<unknown[]> => {
      const { body } = await graph.query(
        role,
        `query ($uscc: USCC!) {
          creditFile(uscc: $uscc) {
            administrativeActs(first: 100) { nodes { documentNo provenance { catalogueCode } } }
          }
        }`,
        { uscc: here },
      );
      const file = body.data?.['creditFile'] as { administrativeActs: { nodes: Record<string, unknown>[] } };
      return file.administrativeActs.nodes.filter(({ documentNo }) => documentNo === row['XK_WSH']);
    };
    expect([await seenBy('PUBLIC'), await seenBy('AUDITOR')]).toEqual([
      [],
      [{ documentNo: row['XK_WSH'], provenance: { catalogueCode: 'ZJ_INTERNAL' } }],
    ]);
  });

  test('is counted for units of the region; for those of another there is no such item', async () => {
    const coverage = async (unit: string): Promise<unknown> => {
      const { body } = await graph.query(
        'AUDITOR',
        `query ($unit: USCC!) {
          collectionCoverage(unit: $unit, item: "ZJ_HOMESTAY") {
            disclosure { state recordCount { value } registrations { kind } } entity { state }
          }
        }`,
        { unit },
      );
      return body.errors?.map(({ extensions }) => extensions['reason']) ?? body.data?.['collectionCoverage'];
    };
    expect([await coverage(ZHEJIANG), await coverage(GUANGDONG)]).toEqual([
      {
        disclosure: { state: 'COLLECTED', recordCount: { value: 4 }, registrations: [{ kind: 'licence' }] },
        entity: null,
      },
      ['UNKNOWN_CODE'],
    ]);
  });

  test('is of a day before the end that two persons decide', async () => {
    await keeper.decide(
      supplement(
        { id: 'ZJ-SUPPLEMENT-2', effectiveFrom: '2027-01-02', effectiveTo: null },
        item({ disclosureLevel: 'RESTRICTED' }),
      ),
    );
    await until('the next supplement', async () => (await localCodes('2027-01-02', '33')).length === 1);
    expect(await fileRows('licence', homestay(ZHEJIANG, '2027/01/02'))).toEqual([['ADDED']]);
    today = '2027-01-05';
    await keeper.decide({ action: 'END', ruleSetId: 'ZJ-SUPPLEMENT-2', effectiveTo: '2027-01-05' });
    await until('its end', async () => (await localCodes('2027-01-05', '33')).length === 0);
    expect(await fileRows('licence', homestay(ZHEJIANG, '2027/01/05'), homestay(ZHEJIANG, '2027/01/04'))).toEqual([
      refused,
      ['ADDED'],
    ]);
  });
});

describe('a supplement of another region', () => {
  test('has items of its own', async () => {
    const change = supplement({ id: 'GD-SUPPLEMENT', region: '44', effectiveFrom: '2027-02-01', effectiveTo: null });
    expect(await keeper.propose('1001', change)).toMatchObject({ code: 'TAKEN' });
  });
});

test('a record of a supplement is kept as long as what is usually filed of its kind', async () => {
  await using pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'sweep',
    max: 2,
    statementTimeoutMs: 5000,
  });
  const sweep = createSweep({ pool, rules: createRuleStore(pool), now }, erasable);
  const kept = async (day: string): Promise<unknown> => {
    today = day;
    await sweep();
    const [found] = await graph.sql(
      `select count(*)::int as n from disclosure.act where catalogue_code = 'ZJ_HOMESTAY' and erased_at is null`,
    );
    return found?.['n'];
  };
  // The licences are valid until 2031-09-17; those of LICENCE are kept for 60 months after that.
  expect([await kept('2036-09-17'), await kept('2036-09-18')]).toEqual([6, 0]);
});
