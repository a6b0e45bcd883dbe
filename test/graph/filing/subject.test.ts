import { randomUUID } from 'node:crypto';
import type { Role } from '#policy/roles.ts';
import { organisationCodeOf } from '#standards/identifierSchemes.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, lines, register } from '#test/support/registered.ts';
import { licence, listEntry, newNumber, penalty, unit } from '#test/graph/publication/rows.ts';

// Whom a row is about: the name in it against the register (R1), an older identifier in place of the code (R19), and
// what tells two acts apart whose document number is only a title (R16).

const registrar = organisationOf('SECTOR_REGULATOR').organisation;
const OTHER_NAME = '深圳完全不同贸易有限公司';

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now: () => new Date('2026-11-29T04:00:00Z') });
  await register(graph, 'entity', registrar, ['entity']);
  await register(graph, 'disclosure', unit, ['penalty', 'licence', 'reward']);
  await register(graph, 'namelist', unit, ['name-list']);
  await register(graph, 'evaluation', unit, ['evaluation']);
});
afterAll(() => graph[Symbol.asyncDispose]());

interface Problem {
  readonly column: string;
  readonly code: string;
  readonly message: string;
}
interface Filed {
  readonly outcome: string;
  readonly recordId: string | null;
  readonly problems: readonly Problem[];
}

const FILE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    __typename
    ... on RecordsFiled {
      filing { receipt { warned } }
      rows { outcome recordId problems { column code message } }
    }
    ... on DomainError { code message }
  }
}`;

/** Files rows, and returns what became of them, without warnings of what the rows of these tests leave out. */
async function fileRows(kind: string, rows: readonly Cells[]): Promise<readonly Filed[] & { readonly warned: number }> {
  const { body, text } = await graph.query('NATIONAL_CENTRE', FILE, {
    input: { idempotencyKey: randomUUID(), kind, rows },
  });
  const results = body.data?.['fileRecords'] as
    { readonly filing: { receipt: { warned: number } }; readonly rows?: readonly Filed[] } | undefined;
  if (!results?.rows) throw new Error(text);
  const withoutMissing = results.rows.map((row) =>
    row.outcome === 'REJECTED' ? row : { ...row, problems: row.problems.filter(({ code }) => code !== 'MISSING') },
  );
  return Object.assign(withoutMissing, { warned: results.filing.receipt.warned });
}
const fileRow = async (kind: string, row: Cells): Promise<Filed> => (await fileRows(kind, [row]))[0] as Filed;
const codesOf = ({ outcome, problems }: Filed): string[] => [outcome, ...problems.map(({ code }) => code)];

let made = 100;
const newCode = (prefix = '91330106'): string => composeUscc(prefix, `MA5EE${(made += 1)}`);

/** A state of the register; its name is that of the rows below where the cells do not say otherwise. */
const state = (uscc: string, more: Cells = {}): Cells => ({
  DJ_SHXYM: uscc,
  DJ_MC: '示例云帆零售有限公司',
  DJ_LX: uscc.startsWith('92') ? '个体工商户' : '企业',
  DJ_ZT: '存续',
  DJ_QHDM: '330106',
  DJ_CLRQ: '2015/05/05',
  DJ_DJJG: '示例登记机关',
  DJ_DJJGDM: registrar,
  DJ_LYDW: '示例登记机关',
  DJ_LYDWDM: registrar,
  ...more,
});
async function known(more: Cells = {}, uscc = newCode()): Promise<string> {
  const { outcome, problems } = await fileRow('entity', state(uscc, more));
  if (outcome !== 'ADDED') throw new Error(JSON.stringify(problems));
  return uscc;
}

const evaluation = (more: Cells = {}): Cells => ({
  PJ_XDR_MC: '示例云帆零售有限公司',
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: 'B',
  PJ_RQ: '2026/09/18',
  PJ_SJJZ: '2026/08/31',
  PJ_YXQZ: '2090/01/01',
  PJ_DW: '示例评价机关',
  PJ_DWDM: unit,
  PJ_LYDW: '示例评价机关',
  PJ_LYDWDM: unit,
  ...more,
});

/** A row of a kind about a code, under a name. */
type RowOf = (uscc: string, name: string, more?: Cells) => Cells;
const kinds: readonly (readonly [kind: string, prefix: string, row: RowOf])[] = [
  ['penalty', 'CF', (uscc, name, more) => penalty({ CF_XDR_SHXYM: uscc, CF_XDR_MC: name, ...more })],
  ['name-list', 'MD', (uscc, name, more) => listEntry({ MD_XDR_SHXYM: uscc, MD_XDR_MC: name, ...more })],
  ['evaluation', 'PJ', (uscc, name, more) => evaluation({ PJ_XDR_SHXYM: uscc, PJ_XDR_MC: name, ...more })],
];
const [[, , penaltyOf]] = kinds as readonly [(typeof kinds)[number]];

const NAMES = `query ($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    administrativeActs(first: 100) { nodes { provenance { filedSubjectName } } }
    nameListEntries(first: 100) { nodes { provenance { filedSubjectName } } }
    evaluations { provenance { filedSubjectName } }
  }
}`;
interface Names {
  readonly provenance: { readonly filedSubjectName: string | null };
}

/** The names under which the records of a code were filed, and the codes of the errors. */
async function namesOf(uscc: string, role: Role) {
  const { body } = await graph.query(role, NAMES, { uscc });
  const file = (body.data as { creditFile: Record<string, Names[] | { nodes: Names[] } | null> }).creditFile;
  const records = Object.values(file).flatMap((list) => (Array.isArray(list) ? list : (list?.nodes ?? [])));
  return {
    names: records.map(({ provenance }) => provenance.filedSubjectName),
    errors: [...new Set(body.errors?.map(({ extensions }) => extensions['code']))],
  };
}

describe('R1: the name in a row', () => {
  test.each(kinds)(
    'of a %s that the code never had is a warning that names both, and is kept',
    async (kind, prefix, rowOf) => {
      const uscc = await known({ DJ_MC: '示例登记在册有限公司' });
      const { outcome, problems } = await fileRow(kind, rowOf(uscc, OTHER_NAME));
      expect([outcome, problems]).toEqual([
        'ADDED',
        [{ column: `${prefix}_XDR_MC`, code: 'SUBJECT_NAME', message: expect.any(String) }],
      ]);
      for (const text of [uscc, OTHER_NAME, '示例登记在册有限公司']) expect(problems[0]?.message).toContain(text);
      expect(await namesOf(uscc, 'NATIONAL_CENTRE')).toEqual({ names: [OTHER_NAME], errors: [] });
    },
  );

  test('is shown to nobody who may not see provenance', async () => {
    const uscc = await known();
    await fileRow('penalty', penaltyOf(uscc, OTHER_NAME));
    for (const role of ['PUBLIC', 'FINANCIAL_INSTITUTION', 'IMPLEMENTER'] as const) {
      const { body, text } = await graph.query(
        role,
        `query ($uscc: USCC!) {
          creditFile(uscc: $uscc) { administrativeActs(first: 1) { nodes { provenance { filedSubjectName } } } }
        }`,
        { uscc },
      );
      expect([role, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
        role,
        { creditFile: { administrativeActs: { nodes: [{ provenance: { filedSubjectName: null } }] } } },
        ['UNAUTHORIZED_FIELD_OR_TYPE'],
      ]);
      expect(text).not.toContain(OTHER_NAME);
    }
  });

  test('may differ in width, case and spaces, and be a former one', async () => {
    const uscc = await known({ DJ_MC: '示例第一（浙江）有限公司Ab', DJ_CYM: '示例旧厂;示例（老）厂' });
    await fileRow(
      'entity',
      state(uscc, { DJ_MC: '示例第二有限公司', DJ_CYM: '示例旧厂;示例（老）厂', DJ_HZRQ: '2026/06/01' }),
    );
    const names = [
      '示例第二有限公司',
      ' 示例 第二　有限公司\u200b',
      '示例第一(浙江)有限公司aB',
      '示例旧厂',
      '示例(老) 厂',
      '示例第三有限公司',
    ];
    const results = await fileRows(
      'penalty',
      names.map((name) => penaltyOf(uscc, name)),
    );
    expect(results.map(codesOf)).toEqual([...names.slice(1).map(() => ['ADDED']), ['ADDED', 'SUBJECT_NAME']]);
    expect(results[5]?.problems[0]?.message).toContain('示例第二有限公司');
  });

  test('is not compared where the code is unknown, or not everybody may see the entity', async () => {
    const hidden = await known({ DJ_MC: '示例内部有限公司', DJ_SYFW: '政务共享' });
    const withdrawn = await known({ DJ_MC: '示例撤回有限公司' });
    await graph.sql(`update entity.profile set withdrawn_on = '2026-07-01' where uscc = $1`, [withdrawn]);
    // Shown before, and hidden from today on.
    const turned = await known({ DJ_MC: '示例先前有限公司' });
    await fileRow('entity', state(turned, { DJ_MC: '示例其后有限公司', DJ_SYFW: '内部', DJ_HZRQ: '2026/06/01' }));
    for (const [kind, , rowOf] of kinds) {
      const results = await fileRows(
        kind,
        [newCode(), hidden, withdrawn, turned].map((uscc) => rowOf(uscc, OTHER_NAME)),
      );
      expect(results.map(codesOf)).toEqual([['ADDED'], ['ADDED'], ['ADDED'], ['ADDED']]);
    }
  });

  test('of a self-employed business is compared for those who receive such in lists', async () => {
    const shop = await known({ DJ_MC: '示例小店' }, newCode('92330106'));
    expect(codesOf(await fileRow('penalty', penaltyOf(shop, '示例大店')))).toEqual(['ADDED', 'SUBJECT_NAME']);
    expect(codesOf(await fileRow('penalty', penaltyOf(shop, '示例小店')))).toEqual(['ADDED']);
  });
});

describe('R1: the names of many rows', () => {
  test('are compared for each row of a batch, whatever becomes of the row', async () => {
    const uscc = await known();
    const [right, wrong] = [
      evaluation({ PJ_XDR_SHXYM: uscc }),
      evaluation({ PJ_XDR_SHXYM: uscc, PJ_XDR_MC: OTHER_NAME }),
    ];
    const results = await fileRows('evaluation', [wrong, right, { ...wrong, PJ_RQ: '2026/09/19' }, right]);
    expect(results.map(codesOf)).toEqual([
      ['REJECTED', 'DUPLICATE'],
      ['ADDED'],
      ['ADDED', 'SUBJECT_NAME'],
      ['UNCHANGED'],
    ]);
    const again = await fileRows('evaluation', [wrong, wrong]);
    expect(again.map(codesOf)).toEqual([
      ['CORRECTED', 'SUBJECT_NAME'],
      ['UNCHANGED', 'SUBJECT_NAME'],
    ]);
    expect(again.warned).toBe(2);
  });

  test('are compared in files of thousands of rows, over several batches', async () => {
    const codes = await Promise.all(['示例甲有限公司', '示例乙有限公司'].map((name) => known({ DJ_MC: name })));
    const rows = Array.from({ length: 6000 }, (_, index) =>
      evaluation({
        PJ_XDR_SHXYM: codes[index % 2] as string,
        PJ_XDR_MC: index % 3 === 0 ? '示例丙有限公司' : index % 2 === 0 ? '示例甲有限公司' : '示例乙有限公司',
        PJ_RQ: new Date(Date.UTC(2026, 8, 1) - index * 86_400_000).toISOString().slice(0, 10),
        PJ_SJJZ: '1999/01/01',
      }),
    );
    expect(await graph.file('evaluation', lines(rows), { format: 'NDJSON' })).toMatchObject({
      rows: 6000,
      added: 6000,
      warned: 2000,
    });
  });

  test.each([
    ['name-list', 'namelist.entry'],
    ['evaluation', 'evaluation.result'],
  ])('of a %s correct the record when they differ, but for one from before names were kept', async (kind, table) => {
    const [, prefix, rowOf] = kinds.find(([each]) => each === kind) as (typeof kinds)[number];
    const uscc = await known();
    const row = rowOf(uscc, '示例云帆零售有限公司');
    expect((await fileRow(kind, row)).outcome).toBe('ADDED');
    await graph.sql(
      `update ${table} set content = content - 'subjectName', digest = decode('00', 'hex') where uscc = $1`,
      [uscc],
    );
    expect((await fileRow(kind, row)).outcome).toBe('UNCHANGED');
    expect(await namesOf(uscc, 'NATIONAL_CENTRE')).toEqual({ names: [null], errors: [] });
    const remarked = { ...row, BZ: '示例备注' };
    expect((await fileRow(kind, remarked)).outcome).toBe('CORRECTED');
    const renamed = { ...remarked, [`${prefix}_XDR_MC`]: OTHER_NAME };
    expect(codesOf(await fileRow(kind, renamed))).toEqual(['CORRECTED', 'SUBJECT_NAME']);
    expect(await namesOf(uscc, 'NATIONAL_CENTRE')).toEqual({ names: [OTHER_NAME], errors: [] });
  });
});

test('R1: an organisation code that is not the one in the code is a warning', async () => {
  const [uscc, other] = [newCode(), newCode()];
  for (const [kind, prefix, rowOf] of kinds) {
    const results = await fileRows(
      kind,
      [organisationCodeOf(uscc), organisationCodeOf(other)].map((code, index) =>
        rowOf(uscc, '示例云帆零售有限公司', {
          [`${prefix}_XDR_ZZJG`]: `${code.slice(0, 8)}-${code.slice(8)}`,
          ...(kind === 'evaluation' && { PJ_RQ: `2026/09/1${index}` }),
        }),
      ),
    );
    expect(results.map(({ outcome, problems }) => [outcome, problems])).toEqual([
      ['ADDED', []],
      ['ADDED', [{ column: `${prefix}_XDR_ZZJG`, code: 'ORGANISATION_CODE', message: expect.any(String) }]],
    ]);
    for (const code of [uscc, other].map(organisationCodeOf)) expect(results[1]?.problems[0]?.message).toContain(code);
  }
});

describe('R19: a row with an older identifier alone', () => {
  const NUMBER = '440301103097413';

  test.each(kinds)('of the kind %s is taken under the code that it resolves to', async (kind, prefix, rowOf) => {
    const number = `44030110309${(made += 1)}0`.slice(0, 15).padEnd(15, '0');
    const uscc = await known({ DJ_GSZC: number });
    const row = rowOf('', '示例云帆零售有限公司', { [`${prefix}_XDR_GSZC`]: number });
    const { outcome, recordId, problems } = await fileRow(kind, row);
    const resolved = problems.filter(({ code }) => code !== 'CHECK_CHARACTER');
    expect([outcome, resolved]).toEqual([
      'ADDED',
      [{ column: `${prefix}_XDR_GSZC`, code: 'RESOLVED', message: expect.any(String) }],
    ]);
    for (const text of ['工商注册号', number, uscc]) expect(resolved[0]?.message).toContain(text);
    expect((await namesOf(uscc, 'NATIONAL_CENTRE')).names).toEqual(['示例云帆零售有限公司']);
    // Filed with the code it is the same record.
    const again = await fileRow(kind, { ...row, [`${prefix}_XDR_SHXYM`]: uscc });
    expect([again.outcome, again.recordId]).toEqual(['UNCHANGED', recordId]);
  });

  test.each([
    ['CF_XDR_ZZJG', (uscc: string) => organisationCodeOf(uscc)],
    ['CF_XDR_SWDJ', (uscc: string) => `330106${organisationCodeOf(uscc)}`],
    ['CF_XDR_SWDJ', (uscc: string) => uscc],
  ])('is taken by %s, from which the code is derived', async (column, numberOf) => {
    const uscc = await known();
    const { outcome, problems } = await fileRow(
      'penalty',
      penaltyOf('', '示例云帆零售有限公司', { [column]: numberOf(uscc) }),
    );
    expect([outcome, problems.map((each) => [each.column, each.code])]).toEqual(['ADDED', [[column, 'RESOLVED']]]);
    expect(problems[0]?.message).toContain(uscc);
  });

  test('is refused where it is unknown, ambiguous, or hidden', async () => {
    const first = await known({ DJ_GSZC: NUMBER });
    const second = await known({ DJ_GSZC: NUMBER });
    const hidden = await known({ DJ_GSZC: '440301103097400', DJ_SYFW: '政务共享' });
    const results = await fileRows(
      'name-list',
      [NUMBER, '440301103097499', '440301103097400'].map((number) =>
        listEntry({ MD_XDR_SHXYM: '', MD_XDR_GSZC: number }),
      ),
    );
    expect(results.map(codesOf)).toEqual([
      ['REJECTED', 'AMBIGUOUS'],
      ['REJECTED', 'MISSING'],
      ['REJECTED', 'MISSING'],
    ]);
    const [ambiguous, unknown, ofHidden] = results.map(({ problems }) => problems[0]?.message ?? '');
    for (const text of ['工商注册号', NUMBER, first, second, '统一社会信用代码']) expect(ambiguous).toContain(text);
    for (const text of ['工商注册号', '440301103097499', '统一社会信用代码']) expect(unknown).toContain(text);
    expect(ofHidden).not.toContain(hidden);
  });
});

describe('R19: older identifiers', () => {
  test('of two entities are refused, and one that decides is enough', async () => {
    const [number, shared] = ['440301103097501', '440301103097502'];
    const [one, other] = [await known({ DJ_GSZC: shared, DJ_ZZJG: '' }), await known({ DJ_GSZC: number })];
    await known({ DJ_GSZC: shared });
    const rowOf = (more: Cells): Cells => penaltyOf('', '示例云帆零售有限公司', more);
    const results = await fileRows('penalty', [
      rowOf({ CF_XDR_GSZC: number, CF_XDR_ZZJG: organisationCodeOf(one) }),
      rowOf({ CF_XDR_GSZC: shared, CF_XDR_ZZJG: organisationCodeOf(one) }),
    ]);
    const withoutChecks = results.map(({ outcome, problems }) => [
      outcome,
      ...problems.flatMap(({ code }) => (code === 'CHECK_CHARACTER' ? [] : [code])),
    ]);
    expect(withoutChecks).toEqual([
      ['REJECTED', 'AMBIGUOUS'],
      ['ADDED', 'RESOLVED'],
    ]);
    for (const text of [one, other]) expect(results[0]?.problems.at(-1)?.message).toContain(text);
    expect(results[1]?.problems.at(-1)?.message).toContain(one);
  });

  test('bring the row to the entity whose name it is held against', async () => {
    const uscc = await known({ DJ_MC: '示例登记在册有限公司' });
    const row = penaltyOf('', OTHER_NAME, { CF_XDR_ZZJG: organisationCodeOf(uscc) });
    expect(codesOf(await fileRow('penalty', row))).toEqual(['ADDED', 'RESOLVED', 'SUBJECT_NAME']);
  });

  test('among rows with codes in a file leave those as they are', async () => {
    const uscc = await known();
    const rows = Array.from({ length: 300 }, (_, index) =>
      penalty({
        CF_XDR_SHXYM: index % 100 === 0 ? '' : uscc,
        CF_XDR_ZZJG: index % 100 === 0 ? organisationCodeOf(uscc) : '',
        CF_LXRQ: '',
      }),
    );
    expect(await graph.file('penalty', lines(rows), { format: 'NDJSON' })).toMatchObject({
      rows: 300,
      added: 300,
      rejected: 0,
    });
  });
});

describe('R16: a document number that is only a title', () => {
  const titled = (uscc: string, more: Cells = {}): Cells => licence({ XK_XDR_SHXYM: uscc, XK_WSH: '登字', ...more });

  test('makes two records of two licences of one day, and a changed status still corrects', async () => {
    const uscc = newCode();
    const [one, other, numbered] = [
      titled(uscc, { XK_NR: '设立登记' }),
      titled(uscc, { XK_NR: '变更登记' }),
      titled(uscc, { XK_NR: '设立登记', XK_XKBH: 'A-1' }),
    ];
    const results = await fileRows('licence', [one, other, numbered]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['ADDED', 'ADDED', 'ADDED']);
    expect(new Set(results.map(({ recordId }) => recordId)).size).toBe(3);
    const again = await fileRows('licence', [{ ...one, XK_ZT: '2' }, { ...other, XK_NR: '变更 登记' }, numbered]);
    expect(again.map(({ outcome, recordId }) => [outcome, recordId])).toEqual([
      ['CORRECTED', results[0]?.recordId],
      ['CORRECTED', results[1]?.recordId],
      ['UNCHANGED', results[2]?.recordId],
    ]);
  });

  test('does so for other acts too, and a number still identifies its document', async () => {
    const uscc = newCode();
    const rows = ['警告', '训诫'].flatMap((content) => [
      penalty({ CF_XDR_SHXYM: uscc, CF_WSH: '行政处罚决定书', CF_NR: content }),
    ]);
    expect((await fileRows('penalty', rows)).map(({ outcome }) => outcome)).toEqual(['ADDED', 'ADDED']);
    const numbered = titled(uscc, { XK_WSH: newNumber('许'), XK_NR: '设立登记' });
    const results = await fileRow('licence', numbered);
    const corrected = await fileRow('licence', { ...numbered, XK_NR: '变更登记' });
    expect([corrected.outcome, corrected.recordId]).toEqual(['CORRECTED', results.recordId]);
  });

  test('keeps the id of a record from before, for the licence that it states', async () => {
    const uscc = newCode();
    const one = titled(uscc, { XK_NR: '设立登记' });
    const { recordId: now } = await fileRow('licence', one);
    // The id that the record had: of the key without its content. No row without content has another.
    const { recordId: before } = await fileRow('licence', titled(uscc, { XK_NR: '' }));
    const uuidOf = (id: string | null): string =>
      Buffer.from(id ?? '', 'base64url')
        .toString()
        .split(':')[2] ?? '';
    await graph.sql('delete from disclosure.act where record_id = $1', [uuidOf(before)]);
    await graph.sql('update disclosure.act set record_id = $2 where record_id = $1', [uuidOf(now), uuidOf(before)]);
    const results = await fileRows('licence', [one, titled(uscc, { XK_NR: '变更登记' })]);
    expect(results.map(({ outcome, recordId }) => [outcome, recordId === before])).toEqual([
      ['UNCHANGED', true],
      ['ADDED', false],
    ]);
    const changed = await fileRow('licence', { ...one, XK_ZT: '2' });
    expect([changed.outcome, changed.recordId]).toEqual(['CORRECTED', before]);
  });
});

describe('resolveIdentifier derives', () => {
  const RESOLVE = `query ($scheme: String!, $value: String!) {
    resolveIdentifier(scheme: $scheme, value: $value) { input status entity { uscc } }
  }`;
  const resolve = async (scheme: string, value: string): Promise<unknown> =>
    (await graph.query('PUBLIC', RESOLVE, { scheme, value })).body.data?.['resolveIdentifier'];

  test.each([
    [
      'ORGANISATION_CODE',
      (uscc: string) => `${organisationCodeOf(uscc).slice(0, 8)}-${organisationCodeOf(uscc).slice(8)}`,
    ],
    ['TAX_NUMBER', (uscc: string) => `330106${organisationCodeOf(uscc)}`],
    ['TAX_NUMBER', (uscc: string) => uscc],
    ['USCC', (uscc: string) => uscc],
  ])('%s: the entity by its code, where everybody may see it', async (scheme, numberOf) => {
    const uscc = await known();
    const hidden = await known({ DJ_SYFW: '内部' });
    expect(await resolve(scheme, numberOf(uscc))).toEqual([
      { input: numberOf(uscc), status: 'FOUND', entity: { uscc } },
    ]);
    expect(await resolve(scheme, numberOf(hidden))).toEqual([
      { input: numberOf(hidden), status: 'UNKNOWN', entity: null },
    ]);
  });

  test('an entity that has the number both ways is one, and another that bears it is named beside it', async () => {
    const uscc = newCode();
    await known({ DJ_ZZJG: organisationCodeOf(uscc) }, uscc);
    const other = await known({ DJ_ZZJG: organisationCodeOf(uscc) });
    const found = (await resolve('ORGANISATION_CODE', organisationCodeOf(uscc))) as { entity: { uscc: string } }[];
    expect(found.map(({ entity }) => entity.uscc)).toEqual([uscc, other].toSorted());
  });
});

test('the role of a subgraph asks the functions of the register, and reads nothing of it', async () => {
  const as = (role: string, text: string): Promise<unknown> =>
    graph
      .sql(`set role ${role}`)
      .then(() => graph.sql(text))
      .finally(() => graph.sql('reset role'));
  await expect(as('credit_disclosure', 'select * from entity.profile')).rejects.toThrow('permission denied');
  await expect(as('credit_disclosure', `select entity.bearers('USCC', 'x')`)).rejects.toThrow('permission denied');
  await expect(as('credit_gateway', `select * from entity.other_names('{}', '{}', '2026-11-29')`)).rejects.toThrow(
    'permission denied',
  );
});
