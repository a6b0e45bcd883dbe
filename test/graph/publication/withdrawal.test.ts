import { randomUUID } from 'node:crypto';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { type Role, roles } from '#policy/roles.ts';
import { createViewer } from '#policy/viewer.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { definition } from '#subgraphs/disclosure/index.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { commitment, licence, newNumber, penalty, subject, unit } from './rows.ts';

// Withdrawal of what was revoked, within three working days and with a public reason (行政处罚法 第四十八条), through the public
// API.

const guangdong = syntheticUnit('44', 'TRANSPORT').uscc;
const zhejiang = composeUscc('11330100', 'MB9EEE61');
/** Registered at the state level: in nobody's province. */
const company = composeUscc('91100000', 'MA9EEE62');

let today = '2026-11-25';
const now = (): Date => new Date(`${today}T04:00:00.000Z`);

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now });
  for (const code of [subject, company]) await know(graph, code);
  for (const code of [unit, guangdong, zhejiang])
    await register(graph, 'disclosure', code, ['licence', 'penalty', 'commitment', 'judicial-record', 'complaint']);
});
afterAll(() => graph[Symbol.asyncDispose]());

type Json = Record<string, unknown>;
interface Found extends Json {
  readonly id: string;
  readonly version: number;
}

const file = async (kind: string, row: Cells): Promise<void> => {
  const { added, corrected } = await graph.file(kind, lines([row]), { format: 'NDJSON' });
  if (Number(added) + Number(corrected) !== 1) throw new Error(`${kind} was not recorded`);
};

const FILE = `query ($uscc: USCC!, $knownAt: DateTime) { creditFile(uscc: $uscc, knownAt: $knownAt) {
  administrativeActs(first: 100) {
    nodes { __typename id version documentNo publication { withdrawnOn } }
    totalCount { value }
  }
  commitments(first: 100) { nodes { __typename id version commitmentNo } totalCount { value } }
  judicialRecords(first: 100) { nodes { __typename id version caseNo } totalCount { value } }
  complaints(first: 100) { nodes { __typename id version complaintNo } totalCount { value } } } }`;

interface Section {
  nodes: Found[];
  totalCount: { value: number };
}

async function sections(role: Role, more: { knownAt?: string; uscc?: string } = {}): Promise<Section[]> {
  const { body } = await graph.query(role, FILE, { uscc: subject, ...more });
  const found = body.data?.['creditFile'] as Record<string, Section | null> | null | undefined;
  return Object.values(found ?? {}).filter((section) => section !== null);
}

/** The record of a number as a role finds it; null where it does not, in lists and in their counts. */
async function find(role: Role, number: string, more: { knownAt?: string; uscc?: string } = {}): Promise<Found | null> {
  const all = await sections(role, more);
  for (const { nodes, totalCount } of all) expect(totalCount.value).toBe(nodes.length);
  return (
    all
      .flatMap(({ nodes }) => nodes)
      .find((node) =>
        [node['documentNo'], node['commitmentNo'], node['caseNo'], node['complaintNo']].includes(number),
      ) ?? null
  );
}

const fileAndFind = async (
  kind: string,
  row: Cells,
  number: string,
  role: Role = 'AUDITOR',
  uscc = subject,
): Promise<Found> => {
  await file(kind, row);
  const found = await find(role, number, { uscc });
  if (!found) throw new Error(`${number} is not there`);
  return found;
};

const WITHDRAW = `mutation ($input: WithdrawRecordInput!) { withdrawRecord(input: $input) { __typename
  ... on RecordWithdrawn {
    record { __typename id version } withdrawnOn dueOn provisional onTime ruleSet { id } inputs { name value }
  }
  ... on DomainError { code path } } }`;
const inputFor = ({ id, version }: Found, more: Json = {}): Json => ({
  idempotencyKey: randomUUID(),
  recordId: id,
  expectedVersion: version,
  reason: '行政复议决定撤销',
  documentNo: '示复〔2026〕7号',
  revokedOn: '2026-11-25',
  ...more,
});
const withdraw = async (input: Json, role: Role = 'DETERMINING_UNIT'): Promise<unknown> => {
  const { body } = await graph.query(role, WITHDRAW, { input });
  return body.errors ? body.errors.map(({ extensions }) => extensions['code']) : body.data?.['withdrawRecord'];
};

const seenBy = async (number: string, more: { knownAt?: string } = {}): Promise<Role[]> => {
  const found = await Promise.all(roles.map(async (role) => [role, await find(role, number, more)] as const));
  return found.flatMap(([role, record]) => (record ? [role] : []));
};
const readers = roles.filter((role) => role !== 'RULE_KEEPER' && role !== 'OPERATOR');

const court = (row: Cells): Cells => ({ SF_XDR_MC: '示例云帆零售有限公司', SF_XDR_SHXYM: subject, ...row });

test('a withdrawn record is gone at every instant but for its subject, its units and the auditor', async () => {
  const row = penalty();
  const number = row['CF_WSH'] ?? '';
  const found = await fileAndFind('penalty', row, number);
  await graph.gateway.sources.refresh();
  const knownAt = await graph.gateway.sources.sealed();
  expect([await seenBy(number), await seenBy(number, { knownAt })]).toEqual([readers, readers]);

  const answer = await withdraw(inputFor(found, { revokedOn: '2026-11-20' }));
  expect(answer).toEqual({
    __typename: 'RecordWithdrawn',
    record: { __typename: 'AdministrativePenalty', id: found.id, version: 2 },
    withdrawnOn: '2026-11-25',
    dueOn: '2026-11-25', // Friday 2026-11-20 and three working days
    provisional: false,
    onTime: true,
    ruleSet: { id: 'PENALTY-LAW-2021' },
    inputs: [
      { name: 'revokedOn', value: '2026-11-20' },
      { name: 'region', value: '33' },
      { name: 'workingDays', value: '3' },
    ],
  });
  expect([await seenBy(number), await seenBy(number, { knownAt })]).toEqual([
    ['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR'],
    ['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR'],
  ]);
  expect(await find('SUBJECT', number)).toMatchObject({ version: 2, publication: { withdrawnOn: '2026-11-25' } });
  expect(
    await graph.sql(
      `select version, withdrawn_on, withdrawal_reason, content->'withdrawal' as withdrawal,
          superseded_at < 'infinity' as superseded
        from disclosure.act
        where document_no = $1
        order by version`,
      [number],
    ),
  ).toMatchObject([
    { version: 1, withdrawal_reason: '行政复议决定撤销', withdrawal: null, superseded: true },
    {
      version: 2,
      withdrawal_reason: '行政复议决定撤销',
      withdrawal: { by: unit, documentNo: '示复〔2026〕7号', reason: '行政复议决定撤销', revokedOn: '2026-11-20' },
      superseded: false,
    },
  ]);
});

test('it is gone from a reference by its id too', async () => {
  const row = licence();
  const { id, version } = await fileAndFind('licence', row, row['XK_WSH'] ?? '');
  const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);
  const pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'disclosure',
    max: 2,
    statementTimeoutMs: 5000,
  });
  await using disclosure = createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now,
  });
  const found = async (role: Role, organisation: string | null): Promise<boolean> => {
    const { sealed } = await disclosure.status();
    const viewer = createViewer({
      role,
      organisation,
      province: '33',
      sector: 'F',
      purposes: ['P'],
      purpose: role === 'PUBLIC' ? null : 'P',
      tokenId: null,
    });
    const { data } = await disclosure.execute({
      document: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on AdministrativeLicence { id } } }',
      variables: { of: [{ __typename: 'AdministrativeLicence', id }] },
      viewer,
      moment: { validAt: today, knownAt: sealed },
      signal: AbortSignal.timeout(5000),
    });
    return ((data as { _entities: unknown[] } | null)?._entities[0] ?? null) !== null;
  };
  const whoFinds = async (): Promise<Role[]> => {
    const each = await Promise.all(
      roles.map(
        async (role) =>
          [role, await found(role, role === 'PUBLIC' ? null : role === 'SUBJECT' ? subject : unit)] as const,
      ),
    );
    return each.flatMap(([role, isThere]) => (isThere ? [role] : []));
  };
  expect(await whoFinds()).toEqual(readers);
  await withdraw(inputFor({ id, version }));
  expect(await whoFinds()).toEqual(['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR']);
});

test('a page asked for with a cursor of before the withdrawal has it no longer', async () => {
  const [first, second] = [
    licence({ XK_JDRQ: '2026/08/03', XK_XDR_SHXYM: company }),
    licence({ XK_JDRQ: '2026/08/04', XK_XDR_SHXYM: company }),
  ];
  await file('licence', second);
  const found = await fileAndFind('licence', first, first['XK_WSH'] ?? '', 'AUDITOR', company);
  await graph.gateway.sources.refresh();
  const knownAt = await graph.gateway.sources.sealed();
  const ask = `query ($uscc: USCC!, $after: Cursor, $knownAt: DateTime) {
    creditFile(uscc: $uscc, knownAt: $knownAt) {
      administrativeActs(first: 1, after: $after) {
        nodes { documentNo } pageInfo { hasNextPage endCursor } totalCount { value }
      }
    }
  }`;
  const page = async (after: string | null): Promise<Json & { pageInfo: { endCursor: string | null } }> =>
    (
      ((await graph.query('PUBLIC', ask, { uscc: company, after, knownAt })).body.data ?? {})['creditFile'] as {
        administrativeActs: Json & { pageInfo: { endCursor: string | null } };
      }
    ).administrativeActs;
  const before = await page(null);
  expect(await page(before.pageInfo.endCursor)).toMatchObject({
    nodes: [{ documentNo: first['XK_WSH'] }],
    totalCount: { value: 2 },
  });
  await withdraw(inputFor(found));
  expect(await page(before.pageInfo.endCursor)).toEqual({
    nodes: [],
    pageInfo: { hasNextPage: false, endCursor: null },
    totalCount: { value: 1 },
  });
});

test.each([
  ['commitment', () => commitment(), 'CN_BM', 'CreditCommitment'],
  [
    'judicial-record',
    () =>
      court({
        SF_LX: '司法判决',
        SF_AH: newNumber('民初'),
        SF_FY: '示例法院',
        SF_FYDM: unit,
        SF_JDRQ: '2026/09/18',
        SF_AY: '合同纠纷',
        SF_JG: '驳回',
        SF_LYDW: '示例法院',
        SF_LYDWDM: unit,
      }),
    'SF_AH',
    'JudicialRecord',
  ],
  [
    'complaint',
    () => ({
      TS_XDR_MC: '示例云帆零售有限公司',
      TS_XDR_SHXYM: subject,
      TS_BH: newNumber('诉'),
      TS_CLRQ: '2026/09/18',
      TS_CLDW: '示例单位',
      TS_CLDWDM: unit,
      TS_SX: '质量',
      TS_CLJG: '退货',
      TS_LYDW: '示例单位',
      TS_LYDWDM: unit,
    }),
    'TS_BH',
    'ConsumerComplaint',
  ],
])('a %s is withdrawn alike', async (kind, row, column, type) => {
  const cells: Cells = row();
  const number = cells[column] ?? '';
  const found = await fileAndFind(kind, cells, number);
  expect(await withdraw(inputFor(found))).toMatchObject({
    __typename: 'RecordWithdrawn',
    record: { __typename: type, id: found.id, version: 2 },
    onTime: true,
  });
  expect(await seenBy(number)).toEqual(['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR']);
});

test.each([
  ['2026-11-20', '2026-11-25', { dueOn: '2026-11-25', onTime: true, provisional: false }],
  ['2026-11-20', '2026-11-26', { dueOn: '2026-11-25', onTime: false, provisional: false }],
  // Over the national holiday, whose Saturday 2026-10-10 is worked.
  ['2026-09-30', '2026-10-10', { dueOn: '2026-10-10', onTime: true, provisional: false }],
  ['2026-09-30', '2026-10-12', { dueOn: '2026-10-10', onTime: false, provisional: false }],
  ['2026-12-29', '2026-12-30', { dueOn: '2027-01-01', onTime: true, provisional: true }],
])('revoked on %s and withdrawn on %s it says by when that had to be: %j', async (revokedOn, day, expected) => {
  const row = penalty();
  const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
  today = day;
  expect(await withdraw(inputFor(found, { revokedOn }))).toMatchObject({
    __typename: 'RecordWithdrawn',
    withdrawnOn: day,
    ruleSet: { id: 'PENALTY-LAW-2021' },
    ...expected,
  });
  today = '2026-11-25';
});

test('before the law of 2021 there was no such time', async () => {
  const row = penalty({ CF_JDRQ: '2021/07/01' });
  const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
  expect(await withdraw(inputFor(found, { revokedOn: '2021-07-14' }))).toMatchObject({
    __typename: 'RecordWithdrawn',
    dueOn: null,
    provisional: null,
    onTime: null,
    ruleSet: null,
    inputs: null,
  });
});

test('filed again, a withdrawn record stays withdrawn, and its notice stays', async () => {
  const row = penalty();
  const number = row['CF_WSH'] ?? '';
  const found = await fileAndFind('penalty', row, number);
  await withdraw(inputFor(found));
  await file('penalty', { ...row, CF_NR: '处罚款二千元' });
  expect(await seenBy(number)).toEqual(['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR']);
  expect(
    await graph.sql('select distinct withdrawn_on, withdrawal_reason from disclosure.act where document_no = $1', [
      number,
    ]),
  ).toMatchObject([{ withdrawal_reason: '行政复议决定撤销' }]);
  expect((await noticesOf(unit)).map(({ documentNo }) => documentNo)).toContain(number);
});

const noticesOf = async (authority: string, role: Role = 'PUBLIC'): Promise<(Json & { documentNo: string })[]> => {
  const found: (Json & { documentNo: string })[] = [];
  for (let after: string | null = null; ;) {
    const { body } = await graph.query(
      role,
      `query ($authority: USCC!, $after: Cursor) {
        withdrawalNotices(authority: $authority, first: 3, after: $after) {
          nodes { kind documentNo authority authorityName withdrawnOn reason revokedBy revokedOn }
          pageInfo { hasNextPage endCursor } totalCount { value exact }
        }
      }`,
      { authority, after },
    );
    const page = body.data?.['withdrawalNotices'] as
      | {
          nodes: (Json & { documentNo: string })[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
          totalCount: Json;
        }
      | null
      | undefined;
    if (!page) throw new Error(JSON.stringify(body));
    found.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) {
      expect(page.totalCount).toEqual({ value: found.length, exact: true });
      return found;
    }
    after = page.pageInfo.endCursor;
  }
};

test('everybody reads that and why a published act was withdrawn, not of whom; others have no notice', async () => {
  const ofZhejiang = { CF_CFJGDM: zhejiang, CF_SJLYDM: zhejiang, CF_CFJG: '示例局' };
  const [open, shared, ended] = [
    penalty(ofZhejiang),
    penalty({ ...ofZhejiang, CF_SYFW: '政务共享' }),
    penalty({ ...ofZhejiang, CF_CFLB: '警告', CF_JDRQ: '2026/05/06' }),
  ];
  for (const row of [open, shared, ended]) {
    const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
    expect(
      await withdraw(
        inputFor(found, { reason: '当事人 330106199001011237 更正，电话 13800138000' }),
        'PROVINCIAL_PLATFORM',
      ),
    ).toMatchObject({ __typename: 'RecordWithdrawn', record: null });
  }
  const notice = {
    kind: 'PENALTY',
    documentNo: open['CF_WSH'],
    authority: zhejiang,
    authorityName: '示例局',
    withdrawnOn: '2026-11-25',
    reason: expect.not.stringMatching(/\d{11}/),
    revokedBy: '示复〔2026〕7号',
    revokedOn: '2026-11-25',
  };
  for (const role of roles) expect(await noticesOf(zhejiang, role)).toEqual([notice]);
  const { text } = await graph.query(
    'PUBLIC',
    `query ($authority: USCC!) {
      withdrawalNotices(authority: $authority, first: 10) { edges { cursor node { documentNo reason } } }
    }`,
    { authority: zhejiang },
  );
  expect(text).not.toContain(subject);
});

test('its deciding and filing units and their province withdraw a record; others learn no more', async () => {
  const record = async (more: Cells): Promise<Found> => {
    const row = penalty({ CF_XDR_SHXYM: company, ...more });
    return fileAndFind('penalty', row, row['CF_WSH'] ?? '', 'AUDITOR', company);
  };
  const [theirs, hidden, near, source] = [
    await record({ CF_CFJGDM: guangdong, CF_SJLYDM: guangdong }),
    await record({ CF_CFJGDM: guangdong, CF_SJLYDM: guangdong, CF_SYFW: '政务共享' }),
    await record({ CF_CFJGDM: zhejiang, CF_SJLYDM: zhejiang }),
    await record({ CF_CFJGDM: guangdong, CF_SJLYDM: unit }),
  ];
  const refused = (code: string): Json => ({ __typename: 'InvalidInput', code, path: ['input', 'recordId'] });
  for (const role of ['DETERMINING_UNIT', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'NATIONAL_CENTRE'] as const)
    expect(await withdraw(inputFor(theirs), role)).toEqual(refused('NOT_YOURS'));
  for (const role of ['DETERMINING_UNIT', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR'] as const) {
    const unknown = inputFor(hidden);
    expect(await withdraw(unknown, role)).toEqual(refused('NOT_FOUND'));
    expect(
      await withdraw(
        {
          ...unknown,
          recordId: Buffer.from(`AdministrativePenalty:${company}:00000000-0000-0000-0000-000000000000`).toString(
            'base64url',
          ),
        },
        role,
      ),
    ).toEqual(refused('NOT_FOUND'));
  }
  expect(await withdraw(inputFor(near))).toEqual(refused('NOT_YOURS'));
  expect(await withdraw(inputFor(near), 'PROVINCIAL_PLATFORM')).toMatchObject({ __typename: 'RecordWithdrawn' });
  expect(await withdraw(inputFor(source))).toMatchObject({ __typename: 'RecordWithdrawn' });
  const others = roles.filter(
    (role) => !['DETERMINING_UNIT', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'NATIONAL_CENTRE'].includes(role),
  );
  for (const role of others) expect(await withdraw(inputFor(theirs), role)).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
  const aimless = await graph.query('DETERMINING_UNIT', WITHDRAW, { input: inputFor(theirs) }, { purpose: null });
  expect([aimless.body.data, new Set(aimless.body.errors?.map(({ extensions }) => extensions['code']))]).toEqual([
    { withdrawRecord: null },
    new Set(['PURPOSE_REQUIRED']),
  ]);
});

test.each([
  ['an id that is none', { recordId: 'x' }, 'NOT_FOUND', 'recordId'],
  ['a reason', { reason: ' ' }, 'MISSING', 'reason'],
  ['a reason that no filing takes back', { reason: 'NOT_IN_REPLACEMENT' }, 'MISSING', 'reason'],
  ['a reason of its length', { reason: '长'.repeat(501) }, 'TOO_LONG', 'reason'],
  ['the number of the document', { documentNo: '—' }, 'MISSING', 'documentNo'],
  ['a day from the decision on', { revokedOn: '2026-09-17' }, 'BAD_PERIOD', 'revokedOn'],
  ['a day up to today', { revokedOn: '2026-11-26' }, 'BAD_PERIOD', 'revokedOn'],
])('nothing is withdrawn without %s', async (_, more, code, path) => {
  const row = penalty();
  const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
  expect(await withdraw(inputFor(found, more))).toEqual({ __typename: 'InvalidInput', code, path: ['input', path] });
  expect(await seenBy(row['CF_WSH'] ?? '')).toEqual(readers);
});

test('the same key has the same answer; other content, an old version and a repeat are conflicts', async () => {
  const row = penalty();
  const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
  await file('penalty', { ...row, CF_NR: '更正' });
  expect(await withdraw(inputFor(found))).toEqual({
    __typename: 'Conflict',
    code: 'VERSION',
    path: ['input', 'expectedVersion'],
  });
  const input = inputFor({ ...found, version: 2 });
  const done = await withdraw(input);
  expect(done).toMatchObject({ __typename: 'RecordWithdrawn', record: { version: 3 } });
  today = '2026-12-02';
  expect(await withdraw(input)).toEqual(done);
  today = '2026-11-25';
  expect(await withdraw({ ...input, reason: '别的理由' })).toEqual({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
    path: ['input', 'idempotencyKey'],
  });
  expect(await withdraw(inputFor({ ...found, version: 3 }))).toEqual({
    __typename: 'Conflict',
    code: 'WITHDRAWN',
    path: ['input', 'recordId'],
  });
});

test('of two withdrawals at the same time one is done, and the other is a conflict', async () => {
  const row = penalty();
  const found = await fileAndFind('penalty', row, row['CF_WSH'] ?? '');
  const answers = (await Promise.all([withdraw(inputFor(found)), withdraw(inputFor(found))])) as {
    __typename: string;
  }[];
  expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual(['Conflict', 'RecordWithdrawn']);
  expect(
    await graph.sql(
      `select count(*)::int as versions, count(*) filter (where superseded_at = 'infinity')::int as current
        from disclosure.act
        where document_no = $1`,
      [row['CF_WSH']],
    ),
  ).toEqual([{ versions: 2, current: 1 }]);
});
