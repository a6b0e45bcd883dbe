import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { openDatabase } from '#test/support/database.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { listEntry, newNumber, penalty, subject, unit } from '#test/graph/publication/rows.ts';

// Rows that went wrong when strangers filed them, by the names under which they were handed over, with what is right.
// The worked ends of publication (R2 to R5, R13, R14) stand in docs/rules/publication.md too.

const TODAY = '2026-11-29';
const now = (): Date => new Date(`${TODAY}T04:00:00Z`);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['penalty', 'licence']);
  await register(graph, 'namelist', unit, ['name-list']);
});
afterAll(() => graph[Symbol.asyncDispose]());

const FILE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    __typename
    ... on RecordsFiled { rows { outcome problems { column code message } } }
    ... on DomainError { code message }
  }
}`;

interface Filed {
  readonly outcome: string;
  readonly problems: readonly { readonly column: string; readonly code: string; readonly message: string }[];
}

const fileRows = async (kind: string, ...rows: readonly Cells[]): Promise<readonly Filed[]> => {
  const { body, text } = await graph.query('NATIONAL_CENTRE', FILE, {
    input: { idempotencyKey: randomUUID(), kind, rows },
  });
  const results = body.data?.['fileRecords'] as { readonly rows?: readonly Filed[] } | undefined;
  if (!results?.rows) throw new Error(text);
  return results.rows;
};
const fileRow = async (kind: string, row: Cells): Promise<Filed> => (await fileRows(kind, row))[0] as Filed;
/** Without what the rows of these tests leave out. */
const codesOf = ({ problems }: Filed): string[] => problems.flatMap(({ code }) => (code === 'MISSING' ? [] : [code]));

const ACTS = `query ($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    administrativeActs(first: 100) {
      nodes {
        documentNo disclosureLevel
        publication { publicUntil termStartsOn endsWhenPerformed }
        ... on AdministrativePenalty { severity categories procedure publicationNeed }
      }
    }
  }
}`;
type Act = Record<string, unknown> & { readonly publication: Record<string, unknown> };

const actOf = async (row: Cells, role: 'AUDITOR' | 'PUBLIC' = 'AUDITOR'): Promise<Act | undefined> => {
  const { body, text } = await graph.query(role, ACTS, { uscc: row['CF_XDR_SHXYM'] });
  const file = body.data?.['creditFile'] as { administrativeActs: { nodes: Act[] } } | null | undefined;
  if (!file) throw new Error(text);
  return file.administrativeActs.nodes.find(({ documentNo }) => documentNo === row['CF_WSH']);
};
const isPublic = async (row: Cells): Promise<boolean> => (await actOf(row, 'PUBLIC')) !== undefined;

const decided = (more: Cells): Cells => penalty({ CF_JDRQ: '2026/07/01', CF_NR: '见决定书', ...more });

describe('the end of publication', () => {
  test('R2: a stated end before the shortest term of the class is moved to it, with a warning', async () => {
    const row = decided({ CF_CFLB: '吊销许可证件', CF_NR_FK: '', CF_NR_ZKDX: '示例证 1号', CF_GSJZQ: '2026/08/01' });
    expect(codesOf(await fileRow('penalty', row))).toEqual(['TERM_LIMIT']);
    expect((await actOf(row))?.publication).toMatchObject({ publicUntil: '2027-07-01' });
    expect(await isPublic(row)).toBe(true);
  });

  test('R3: a stated end after the longest term of the class is cut to it, with a warning', async () => {
    const row = decided({ CF_GSJZQ: '2029/07/01' });
    expect(codesOf(await fileRow('penalty', row))).toEqual(['TERM_LIMIT']);
    expect((await actOf(row))?.publication).toMatchObject({ publicUntil: '2027-07-01' });
  });

  test('R4: the term runs from the decision, whenever it was published', async () => {
    const row = decided({ CF_GSRQ: '2026/09/01' });
    await fileRow('penalty', row);
    expect((await actOf(row))?.publication).toEqual({
      publicUntil: '2027-07-01',
      termStartsOn: '2026-07-01',
      endsWhenPerformed: false,
    });
  });

  test('R5: a fine that is not performed ends at the longest term by itself', async () => {
    const row = decided({ CF_LXRQ: '' });
    await fileRow('penalty', row);
    expect((await actOf(row))?.publication).toMatchObject({ publicUntil: '2027-07-01', endsWhenPerformed: false });
  });

  test('R13: fines are graded by procedure and amount', async () => {
    const small = decided({ CF_NR_FK: '0.02', CF_CFCX: '简易程序' });
    const huge = decided({ CF_NR_FK: '50000', CF_CFCX: '普通程序' });
    await fileRows('penalty', small, huge);
    expect([await actOf(small), await actOf(huge)]).toEqual([
      expect.objectContaining({ severity: 'MINOR', procedure: 'SIMPLE', disclosureLevel: 'GOV_SHARED' }),
      expect.objectContaining({ severity: 'SERIOUS', procedure: 'ORDINARY', disclosureLevel: 'PUBLIC' }),
    ]);
    expect([await isPublic(small), await isPublic(huge)]).toEqual([false, true]);
  });

  test('R14: what is minor is not published, unless the unit states why it has to be', async () => {
    const today = { CF_CFLB: '警告', CF_NR_FK: '', CF_JDRQ: TODAY.replaceAll('-', '/') };
    const [plain, asPublic, needed] = [
      penalty(today),
      penalty({ ...today, CF_SYFW: '社会公开' }),
      penalty({ ...today, CF_SYFW: '社会公开', CF_GSBYX: '涉及校车安全' }),
    ];
    const results = await fileRows('penalty', plain, asPublic, needed);
    expect(results.map(codesOf)).toEqual([[], ['NEED'], []]);
    expect([await isPublic(plain), await isPublic(asPublic), await isPublic(needed)]).toEqual([false, false, true]);
    expect(await actOf(needed)).toMatchObject({
      publicationNeed: '涉及校车安全',
      publication: { publicUntil: '2027-02-28' },
    });
  });
});

describe('days that cannot be', () => {
  test.each([
    ['penalty', () => penalty({ CF_JDRQ: '2027/07/01' }), 'CF_JDRQ'],
    ['penalty', () => penalty({ CF_JDRQ: '2026/11/30' }), 'CF_JDRQ'],
    ['name-list', () => listEntry({ MD_LRRQ: '2026/11/30' }), 'MD_LRRQ'],
  ])('R6: %s after today is refused, and nobody finds it', async (kind, rowOf, column) => {
    const row = rowOf();
    const results = await fileRow(kind, row);
    expect([results.outcome, results.problems.map((problem) => [problem.column, problem.code])]).toEqual([
      'REJECTED',
      [[column, 'BAD_PERIOD']],
    ]);
    expect(results.problems[0]?.message).toContain(TODAY);
    if (kind === 'penalty') expect(await actOf(row)).toBeUndefined();
  });

  test('R6: today is taken; a day before the People’s Republic is a warning', async () => {
    const results = await fileRows(
      'penalty',
      penalty({ CF_JDRQ: TODAY.replaceAll('-', '/') }),
      penalty({ CF_JDRQ: '1949/09/30' }),
    );
    expect(results.map((row) => [row.outcome, codesOf(row)])).toEqual([
      ['ADDED', []],
      ['ADDED', ['BAD_PERIOD']],
    ]);
  });
});

describe('lists', () => {
  test.each([
    ['its grounds', { MD_LRSY: '' }, 'MD_LRSY'],
    ['its legal basis', { MD_FLYJ: '' }, 'MD_FLYJ'],
  ])('R8: no entry of a serious list without %s', async (_, cells, column) => {
    const { outcome, problems } = await fileRow('name-list', listEntry(cells));
    expect([outcome, problems.map((problem) => [problem.column, problem.code])]).toEqual([
      'REJECTED',
      expect.arrayContaining([[column, 'MISSING']]),
    ]);
  });

  test('R8: the term is that of the list and at most its longest; without one there is a day of review', async () => {
    const [plain, long, untermed] = [
      listEntry(),
      listEntry({ MD_QXZ: '2035/01/01' }),
      listEntry({ MD_LX: '经营异常名录' }),
    ];
    const results = await fileRows('name-list', plain, long, untermed);
    expect(results.map(codesOf)).toEqual([[], ['TERM_LIMIT'], []]);
    const { body } = await graph.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) {
          nameListEntries(first: 100) { nodes { documentNo termUntil publicUntil reviewOn state } }
        }
      }`,
      { uscc: subject },
    );
    const file = body.data?.['creditFile'] as { nameListEntries: { nodes: Record<string, unknown>[] } } | undefined;
    const entryOf = ({ MD_WSH }: Cells) => file?.nameListEntries.nodes.find(({ documentNo }) => documentNo === MD_WSH);
    expect([entryOf(plain), entryOf(long), entryOf(untermed)]).toEqual([
      expect.objectContaining({ termUntil: null, publicUntil: '2029-09-17', reviewOn: null, state: 'LISTED' }),
      expect.objectContaining({ termUntil: '2029-09-17', publicUntil: '2029-09-17', reviewOn: null }),
      expect.objectContaining({ termUntil: null, publicUntil: null, reviewOn: '2027-09-18', state: 'LISTED' }),
    ]);
  });
});

test('R8: an entry that was recorded with the day that stood for no end is unchanged, and shows no end', async () => {
  const row = listEntry({ MD_LX: '经营异常名录' });
  await fileRow('name-list', row);
  await graph.sql(
    `update namelist.entry
     set digest = sha256(digest), public_until = '2099-12-31',
         content = (content - 'subjectName') || '{"publicUntil": "2099-12-31"}'
     where document_no = $1`,
    [row['MD_WSH']],
  );
  expect((await fileRow('name-list', row)).outcome).toBe('UNCHANGED');
  const { body } = await graph.query(
    'PUBLIC',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) { nameListEntries(first: 100) { nodes { documentNo publicUntil version } } }
    }`,
    { uscc: subject },
  );
  const file = body.data?.['creditFile'] as { nameListEntries: { nodes: { documentNo: string }[] } } | undefined;
  expect(file?.nameListEntries.nodes.find(({ documentNo }) => documentNo === row['MD_WSH'])).toEqual({
    documentNo: row['MD_WSH'],
    publicUntil: null,
    version: 1,
  });
});

describe('categories and amounts', () => {
  test.each(['吊销', '扣证', '罚金'])(
    'R12: the unknown category %s is refused, and the nearest are named',
    async (text) => {
      const { outcome, problems } = await fileRow('penalty', decided({ CF_CFLB: text, CF_NR_FK: '' }));
      expect([outcome, problems.map(({ column, code }) => [column, code])]).toEqual([
        'REJECTED',
        [['CF_CFLB', 'UNKNOWN_CODE']],
      ]);
      expect(problems[0]?.message).toMatch(/The nearest are \p{Script=Han}/u);
    },
  );

  test('R12: the nearest category of 吊销 is 吊销许可证件', async () => {
    const { problems } = await fileRow('penalty', decided({ CF_CFLB: '吊销', CF_NR_FK: '' }));
    expect(problems[0]?.message).toContain('The nearest are 吊销许可证件');
  });

  test.each([
    ['200000', '处200元罚款', ['AMOUNT']],
    ['20', '罚款人民币贰拾万元整', []],
    ['20', '罚款人民币200,000.00元，没收违法所得3万元', []],
    ['23', '罚款20万元，另罚款3万元', []],
    ['20', '罚款贰佰元', ['AMOUNT']],
    ['20', '责令改正', []],
  ])('R15: a fine of %s 万元 with the content %s', async (fine, content, codes) => {
    expect(codesOf(await fileRow('penalty', decided({ CF_NR_FK: fine, CF_NR: content })))).toEqual(codes);
  });
});

describe('whose row it is', () => {
  test('R17: a code of a self-employed business is one, whatever kind the row names', async () => {
    const uscc = composeUscc('92330106', 'MA5EEE17');
    const registrar = organisationOf('SECTOR_REGULATOR').organisation;
    const results = await fileRow('entity', {
      DJ_SHXYM: uscc,
      DJ_MC: '示例便利店十七',
      DJ_LX: '企业',
      DJ_ZT: '存续',
      DJ_QHDM: '330106',
      DJ_CLRQ: '2020/05/05',
      DJ_DJJG: '示例登记机关',
      DJ_DJJGDM: registrar,
      DJ_LYDW: '示例登记机关',
      DJ_LYDWDM: registrar,
    });
    expect([results.outcome, codesOf(results)]).toEqual(['ADDED', expect.arrayContaining(['CATEGORY'])]);
    const { body } = await graph.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        entity(uscc: $uscc) { kind }
        searchEntities(query: "示例便利店十", first: 10) { nodes { kind } }
      }`,
      { uscc },
    );
    expect(body.data).toEqual({ entity: { kind: 'SELF_EMPLOYED' }, searchEntities: { nodes: [] } });
  });

  test('R18: a unit of one province files its own penalty on a company of another, which sees it', async () => {
    const zhejiang = composeUscc('11330000', 'MB1EEE18');
    const company = composeUscc('91440305', 'MA5EEE18');
    await know(graph, company);
    await graph.query(
      'NATIONAL_CENTRE',
      `mutation ($input: RegisterSourceUnitsInput!) { registerSourceUnits(input: $input) { __typename } }`,
      { input: { idempotencyKey: randomUUID(), units: [{ unit: zhejiang, kind: 'penalty', province: '33' }] } },
    );
    const own = decided({ CF_XDR_SHXYM: company, CF_CFJGDM: zhejiang, CF_SJLYDM: zhejiang, CF_SYFW: '政务共享' });
    const others = decided({ ...own, CF_WSH: newNumber('罚'), CF_CFJGDM: composeUscc('11440000', 'MB1EEE18') });
    const results = await fileRows('penalty', own, others);
    expect(results.map((row) => [row.outcome, codesOf(row)])).toEqual([
      ['ADDED', []],
      ['REJECTED', ['OUTSIDE_REGISTRATION']],
    ]);
    const seenBy = async (province: string): Promise<boolean> => {
      const organisation = organisationOf('PROVINCIAL_PLATFORM').organisation;
      await graph.sql(
        `insert into gateway.grant (id, organisation, role, province, valid_from, granted_by)
         values (gen_random_uuid(), $1, 'PROVINCIAL_PLATFORM', $2, now() - interval '3 days', 'test')
         on conflict do nothing`,
        [organisation, province],
      );
      const iat = Math.floor(now().getTime() / 1000);
      const token = graph.issuer.token(
        { role: 'PROVINCIAL_PLATFORM', organisation, province, purposes: ['RECORD_EXCHANGE'] },
        { payload: { iat, exp: iat + 600 } },
      );
      const { text } = await graph.query('PROVINCIAL_PLATFORM', ACTS, { uscc: company }, { token });
      return text.includes(own['CF_WSH'] as string);
    };
    expect([await seenBy('44'), await seenBy('33')]).toEqual([true, false]);
  });
});

test('R21: after the key of digests was changed the same rows are unchanged, a changed one is corrected', async () => {
  await using database = await openDatabase();
  const keys = (...ids: readonly number[]) => ids.map((id) => ({ id: `k${id}`, secret: Buffer.alloc(32, id) }));
  const rows = [decided({}), decided({ CF_GSJZQ: '2027/01/01' }), decided({ CF_CFLB: '警告', CF_NR_FK: '' })];
  const entries = [listEntry(), listEntry({ MD_LX: '经营异常名录' })];
  const outcomesOf = async (digestKeys: ReturnType<typeof keys>, ...changed: readonly Cells[]) => {
    await using other = await startGraph({ now, database, config: { digestKeys: digestKeys as never } });
    if (digestKeys.length === 1) {
      await know(other, subject);
      await register(other, 'disclosure', unit, ['penalty']);
      await register(other, 'namelist', unit, ['name-list']);
    }
    const outcomes = [];
    for (const [kind, all] of [
      ['penalty', [...rows, ...changed]],
      ['name-list', entries],
    ] as const) {
      const { added, corrected, unchanged } = await other.file(kind, lines(all), { format: 'NDJSON' });
      outcomes.push([added, corrected, unchanged]);
    }
    return outcomes;
  };
  expect(await outcomesOf(keys(1))).toEqual([
    [3, 0, 0],
    [2, 0, 0],
  ]);
  expect(await outcomesOf(keys(2, 1))).toEqual([
    [0, 0, 3],
    [0, 0, 2],
  ]);
  const another = { ...(rows[0] as Cells), CF_WSH: newNumber('罚') };
  expect(await outcomesOf(keys(3, 2, 1), another)).toEqual([
    [1, 0, 3],
    [0, 0, 2],
  ]);
  rows[1] = { ...(rows[1] as Cells), CF_GSJZQ: '2027/02/01' };
  expect(await outcomesOf(keys(3, 2, 1))).toEqual([
    [0, 1, 2],
    [0, 0, 2],
  ]);
});

describe('R7: what a company that was replaced leaves behind', () => {
  const registrar = organisationOf('SECTOR_REGULATOR').organisation;
  const state = (uscc: string, name: string, more: Cells = {}): Cells => ({
    DJ_SHXYM: uscc,
    DJ_MC: name,
    DJ_LX: uscc.startsWith('92') ? '个体工商户' : '企业',
    DJ_ZT: '注销',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2020/05/05',
    DJ_HZRQ: '2026/06/01',
    DJ_DJJG: '示例登记机关',
    DJ_DJJGDM: registrar,
    DJ_LYDW: '示例登记机关',
    DJ_LYDWDM: registrar,
    ...more,
  });
  const QUERY = `query ($uscc: USCC!, $validAt: Date) {
    creditFile(uscc: $uscc, validAt: $validAt) {
      administrativeActs(first: 10) { totalCount { value } }
      predecessors { uscc entity { name } administrativeActs(first: 10) { nodes { documentNo } } }
    }
    entity(uscc: $uscc) { predecessors { uscc name successor } }
  }`;

  test('stands in its own file, which the successor’s names, and is not counted to the successor', async () => {
    const [successor, before, small] = [
      composeUscc('91330106', 'MA7EEE01'),
      composeUscc('91330106', 'MA7EEE02'),
      composeUscc('92330106', 'MA7EEE03'),
    ];
    const successorColumn = { DJ_CXDM: successor };
    const results = await fileRows(
      'entity',
      state(successor, '示例承继有限公司', { DJ_ZT: '存续' }),
      state(before, '示例原有限公司', successorColumn),
      state(small, '示例原小店', successorColumn),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(['ADDED', 'ADDED', 'ADDED']);
    const act = decided({ CF_XDR_SHXYM: before });
    await fileRow('penalty', act);
    const ask = async (role: 'PUBLIC' | 'NATIONAL_CENTRE', validAt: string | null = null) =>
      (await graph.query(role, QUERY, { uscc: successor, validAt })).body.data;
    const company = {
      uscc: before,
      entity: { name: '示例原有限公司' },
      administrativeActs: { nodes: [{ documentNo: act['CF_WSH'] }] },
    };
    expect(await ask('PUBLIC')).toEqual({
      creditFile: { administrativeActs: { totalCount: { value: 0 } }, predecessors: [company] },
      entity: { predecessors: [{ uscc: before, name: '示例原有限公司', successor }] },
    });
    // A self-employed business is found by its code alone, unless the role receives them in lists.
    expect(await ask('NATIONAL_CENTRE')).toMatchObject({
      creditFile: { predecessors: [company, { uscc: small, entity: { name: '示例原小店' } }] },
    });
    expect(await ask('PUBLIC', '2026-05-31')).toMatchObject({ creditFile: { predecessors: [] } });
  });
});

test('R10: a day that is reported later does not undo that an act was late, and is counted apart', async () => {
  const authority = composeUscc('11330000', 'MB1EEE10');
  await register(graph, 'disclosure', authority, ['penalty']);
  const row = decided({ CF_CFJGDM: authority, CF_SJLYDM: authority, CF_JDRQ: '2026/06/01' });
  const withheld = decided({ ...row, CF_WSH: newNumber('罚'), CF_CFLB: '警告', CF_NR_FK: '' });
  await fileRows('penalty', row, withheld);
  const REPORT = `query ($unit: USCC!, $uscc: USCC!) {
    timelinessReport(unit: $unit, month: "2026-06") { total { decided onTime late notYet noDuty lateClaims } }
    creditFile(uscc: $uscc) {
      administrativeActs(first: 100) { nodes { documentNo publication { ownSiteOn onTime } } }
    }
  }`;
  const read = async () => {
    const { body, text } = await graph.query('AUDITOR', REPORT, { unit: authority, uscc: subject });
    if (!body.data) throw new Error(text);
    const { timelinessReport, creditFile } = body.data as {
      timelinessReport: { total: Record<string, number> };
      creditFile: { administrativeActs: { nodes: Act[] } };
    };
    const act = creditFile.administrativeActs.nodes.find(({ documentNo }) => documentNo === row['CF_WSH']);
    return [timelinessReport.total, act?.publication];
  };
  const late = { decided: 2, onTime: 0, late: 1, notYet: 0, noDuty: 1, lateClaims: 0 };
  expect(await read()).toEqual([late, { ownSiteOn: null, onTime: false }]);
  expect((await fileRow('penalty', { ...row, CF_GSRQ: '2026/06/02' })).outcome).toBe('CORRECTED');
  expect(await read()).toEqual([
    { ...late, lateClaims: 1 },
    { ownSiteOn: '2026-06-02', onTime: false },
  ]);
});
