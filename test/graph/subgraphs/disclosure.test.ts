import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import iconv from 'iconv-lite';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { decodeId, encodeId, recordIdOf } from '#records/record.ts';
import { createSubgraph, type PartOutcome, type Subgraph } from '#records/subgraph.ts';
import { type Role } from '#policy/roles.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { composeUscc } from '#standards/uscc.ts';
import { definition } from '#subgraphs/disclosure/index.ts';
import { type Database, openDatabase } from '#test/support/database.ts';
import { registerNamedUnits } from '#test/support/units.ts';

// Every record is filed through the API, as real ones are; only the heavy tail is inserted by SQL.

const TODAY = '2026-11-23';
const NOW = `${TODAY}T02:00:00.000Z`;
const UNIT = composeUscc('11330000', 'MB1EEE00');
const OTHER_UNIT = composeUscc('11440000', 'MB1EEE01');
const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);

let database: Database;
let owner: Pool;
let pool: Pool;
let disclosure: Subgraph;
let statements = 0;

beforeAll(async () => {
  database = await openDatabase();
  owner = createPool({ url: database.url, applicationName: 'test', max: 2, statementTimeoutMs: 30_000 });
  pool = createPool({
    url: database.url,
    role: 'credit_disclosure',
    applicationName: 'disclosure',
    max: 4,
    statementTimeoutMs: 10_000,
  });
  const run = pool.query.bind(pool);
  pool.query = ((...args: Parameters<typeof run>) => {
    statements += 1;
    return run(...args);
  }) as typeof pool.query;
  disclosure = createSubgraph(definition, {
    pool,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(NOW),
  });
});

afterAll(async () => {
  await disclosure[Symbol.asyncDispose]();
  await owner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const viewer = (role: Role, more: Partial<Viewer> = {}): Viewer =>
  createViewer({
    role,
    organisation: composeUscc('91110000', 'MA1EEE99'),
    province: null,
    sector: null,
    purposes: ['P'],
    purpose: 'P',
    tokenId: null,
    ...more,
  });
const centre = viewer('NATIONAL_CENTRE');
const zhejiang = viewer('PROVINCIAL_PLATFORM', { province: '33' });
const guangdong = viewer('PROVINCIAL_PLATFORM', { province: '44' });
const unit = viewer('DETERMINING_UNIT', { organisation: UNIT });
const auditor = viewer('AUDITOR');

let made = 0;
const newEntity = (division = '330106'): string =>
  composeUscc(`91${division}`, `MA${String((made += 1)).padStart(6, '0')}`);
const newNumber = (): string => `浙测〔2026〕${(made += 1)}号`;

type Cells = Record<string, string>;

const licence = (uscc: string, more: Cells = {}): Cells => ({
  XK_XDR_MC: '示例云帆科技有限公司',
  XK_XDR_LB: '法人及非法人组织',
  XK_XDR_SHXYM: uscc,
  XK_FRDB: '欧阳示例',
  XK_XKWS: '准予许可决定书',
  XK_WSH: newNumber(),
  XK_XKLB: '普通',
  XK_NR: '食品经营许可',
  XK_JDRQ: '2026/09/18',
  XK_YXQZ: '2026/09/18',
  XK_YXQZI: '2031/09/17',
  XK_XKJG: '示例市监局',
  XK_XKJGDM: UNIT,
  XK_ZT: '1',
  XK_LYDW: '示例市监局',
  XK_LYDWDM: UNIT,
  ...more,
});

const penalty = (uscc: string, more: Cells = {}): Cells => ({
  CF_XDR_MC: '示例云帆科技有限公司',
  CF_XDR_LB: '法人及非法人组织',
  CF_XDR_SHXYM: uscc,
  CF_FRDB: '欧阳示例',
  CF_WSH: newNumber(),
  CF_WFXW: '超范围经营',
  CF_SY: '超出登记的经营范围',
  CF_YJ: '某条例第一条',
  CF_CFLB: '警告;罚款',
  CF_NR: '警告并处罚款',
  CF_NR_FK: '0.2',
  CF_JDRQ: '2026/09/18',
  CF_GSJZQ: '2027/09/18',
  CF_CFJG: '示例市监局',
  CF_CFJGDM: UNIT,
  CF_SJLY: '示例市监局',
  CF_SJLYDM: UNIT,
  ...more,
});

const reward = (uscc: string, more: Cells = {}): Cells => ({
  JL_XDR_MC: '示例云帆科技有限公司',
  JL_XDR_SHXYM: uscc,
  JL_WSH: newNumber(),
  JL_SX: '质量奖',
  JL_NR: '给予奖励',
  JL_JE: '5',
  JL_JDRQ: '2026/08/01',
  JL_JDJG: '示例市监局',
  JL_JDJGDM: UNIT,
  JL_LYDW: '示例市监局',
  JL_LYDWDM: UNIT,
  ...more,
});

const commitment = (uscc: string, more: Cells = {}): Cells => ({
  CN_XDR_MC: '示例云帆科技有限公司',
  CN_XDR_SHXYM: uscc,
  CN_LX: '主动型',
  CN_BM: newNumber(),
  CN_SY: '守法经营',
  CN_RQ: '2026/07/01',
  CN_LXQX: '2027/06/30',
  CN_SLDW: '示例市监局',
  CN_SLDWDM: UNIT,
  CN_ZT: '全部履行',
  CN_LYDW: '示例市监局',
  CN_LYDWDM: UNIT,
  ...more,
});

const csv = (rows: readonly Cells[]): string =>
  [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\r\n');

async function file(
  kind: string,
  content: readonly Cells[] | Buffer,
  as: Viewer = centre,
  format: 'CSV' | 'NDJSON' = 'CSV',
  filingId: string = randomUUID(),
): Promise<PartOutcome> {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(csv(content));
  const transport = disclosure.filings[kind];
  if (!transport) throw new Error(`no door for ${kind}`);
  await registerNamedUnits((text, values) => owner.query(text, [...values]), kind, bytes, format, UNIT);
  return transport(as, { filingId, number: 1, kind, format }, Readable.from([bytes]));
}

const counts = ({ rows, added, corrected, unchanged, rejected }: PartOutcome) => ({
  rows,
  added,
  corrected,
  unchanged,
  rejected,
});

const sealed = async (): Promise<string> => (await disclosure.status()).sealed;

async function ask(
  document: string,
  variables: Record<string, unknown> = {},
  as: Viewer = publicViewer,
  moment: { validAt?: string; knownAt?: string } = {},
): Promise<ExecutionResult> {
  const request = {
    document,
    variables,
    viewer: as,
    moment: { validAt: TODAY, knownAt: await sealed(), ...moment },
    signal: AbortSignal.timeout(10_000),
  };
  return JSON.parse(JSON.stringify(await disclosure.execute(request))) as ExecutionResult;
}

const ACTS = `query (
    $uscc: USCC!, $first: Int = 10, $after: Cursor, $kinds: [AdministrativeActKind!], $validAt: Date,
    $knownAt: DateTime
  ) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
    administrativeActs(first: $first, after: $after, kinds: $kinds) {
      nodes { documentNo version content } pageInfo { hasNextPage endCursor } totalCount { value exact }
    }
  }
}`;

interface Acts {
  nodes: { documentNo: string; version: number; content: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: { value: number; exact: boolean };
}

async function acts(
  uscc: string,
  as: Viewer = publicViewer,
  variables: Record<string, unknown> = {},
  moment = {},
): Promise<Acts> {
  const { data, errors } = await ask(ACTS, { uscc, ...variables }, as, moment);
  expect(errors).toBeUndefined();
  return (data as unknown as { creditFile: { administrativeActs: Acts } }).creditFile.administrativeActs;
}

const numbers = async (uscc: string, as: Viewer): Promise<string[]> =>
  (await acts(uscc, as)).nodes.map(({ documentNo }) => documentNo);

const codes = ({ errors }: ExecutionResult) =>
  errors?.map(({ path, extensions }) => ({ path, code: extensions?.['code'], reason: extensions?.['reason'] }));

const idOf = (type: string, row: Cells, key: string[]): string => {
  const uscc = row['XK_XDR_SHXYM'] ?? row['CF_XDR_SHXYM'] ?? row['JL_XDR_SHXYM'] ?? row['CN_XDR_SHXYM'] ?? '';
  return encodeId(type, uscc, recordIdOf(...key));
};

const WHOLE_FILE = `query ($uscc: USCC!) { creditFile(uscc: $uscc) { uscc
  administrativeActs(first: 10) {
    edges {
      node {
        __typename id kind documentNo documentName decidedOn content disclosureLevel validFrom validTo
        underObjection version
    subject { uscc } authority { name uscc }
    publication { duty ownSiteOn publishedOn onTime publicUntil termEndsOn endsWhenPerformed }
    provenance { sourceUnit { name uscc } catalogueCode }
    ... on AdministrativeLicence { licenceCategory otherCategory certificateName certificateNo longTerm inForce }
    ... on AdministrativePenalty {
      violation facts legalBasis categories otherCategory fine fineAsFiled confiscated confiscatedAsFiled
      suspendedOrRevokedLicence effectiveUntil longTerm performedOn
    }
    ... on AdministrativeReward { matter amount } } } }
  commitments(first: 10) {
    nodes {
      id kind commitmentNo matter content madeOn dueOn status validFrom validTo acceptedBy { name uscc }
    }
    totalCount { value exact }
  } } }`;

// What the rows of the next test become.
const UNIT_AS_READ = { name: '示例市监局', uscc: UNIT };
const commonAsRead = (uscc: string) => ({
  underObjection: false,
  version: 1,
  disclosureLevel: 'PUBLIC',
  subject: { uscc },
  authority: UNIT_AS_READ,
});
const licenceAsRead = (uscc: string, row: Cells) => ({
  __typename: 'AdministrativeLicence',
  id: idOf('AdministrativeLicence', row, ['LICENCE', UNIT, row['XK_WSH'] ?? '', uscc, '2026-09-18']),
  kind: 'LICENCE',
  documentNo: row['XK_WSH'],
  documentName: '准予许可决定书',
  decidedOn: '2026-09-18',
  content: '食品经营许可',
  validFrom: '2026-09-18',
  validTo: null,
  publication: {
    duty: 'MANDATORY',
    ownSiteOn: '2026-09-21',
    publishedOn: '2026-09-21',
    onTime: true,
    publicUntil: '2099-12-31',
    termEndsOn: '2099-12-31',
    endsWhenPerformed: false,
  },
  provenance: { sourceUnit: UNIT_AS_READ, catalogueCode: 'LICENCE' },
  licenceCategory: 'OTHER',
  otherCategory: '补证',
  certificateName: '食品经营许可证',
  certificateNo: 'JY1',
  longTerm: true,
  inForce: true,
  ...commonAsRead(uscc),
});

const penaltyAsRead = (uscc: string, row: Cells) => ({
  __typename: 'AdministrativePenalty',
  id: idOf('AdministrativePenalty', row, ['PENALTY', UNIT, row['CF_WSH'] ?? '', uscc, '2026-09-18']),
  kind: 'PENALTY',
  documentNo: row['CF_WSH'],
  documentName: null,
  decidedOn: '2026-09-18',
  content: '警告并处罚款',
  validFrom: '2026-09-18',
  validTo: '2027-09-18',
  publication: {
    duty: 'MANDATORY',
    ownSiteOn: '2026-09-18',
    publishedOn: '2026-09-18',
    onTime: true,
    publicUntil: '2027-09-18',
    termEndsOn: '2027-09-18',
    endsWhenPerformed: false,
  },
  provenance: { sourceUnit: UNIT_AS_READ, catalogueCode: 'PENALTY' },
  violation: '超范围经营',
  facts: '超出登记的经营范围',
  legalBasis: '某条例第一条',
  categories: ['WARNING', 'FINE', 'OTHER'],
  otherCategory: '责令改正',
  fine: '200000',
  fineAsFiled: '0.2',
  confiscated: null,
  confiscatedAsFiled: null,
  suspendedOrRevokedLicence: null,
  effectiveUntil: '2027-09-17',
  longTerm: false,
  performedOn: '2026-10-08',
  ...commonAsRead(uscc),
});

const rewardAsRead = (uscc: string, row: Cells) => ({
  __typename: 'AdministrativeReward',
  id: idOf('AdministrativeReward', row, ['REWARD', UNIT, row['JL_WSH'] ?? '', uscc, '2026-08-01']),
  kind: 'REWARD',
  documentNo: row['JL_WSH'],
  documentName: null,
  decidedOn: '2026-08-01',
  content: '给予奖励',
  validFrom: '2026-08-01',
  validTo: null,
  publication: {
    duty: 'PROMOTED',
    ownSiteOn: '2026-08-03',
    publishedOn: '2026-08-03',
    onTime: true,
    publicUntil: '2029-08-01',
    termEndsOn: '2029-08-01',
    endsWhenPerformed: false,
  },
  provenance: { sourceUnit: UNIT_AS_READ, catalogueCode: 'REWARD' },
  matter: '质量奖',
  amount: '5000000',
  ...commonAsRead(uscc),
});

const commitmentAsRead = (uscc: string, row: Cells) => ({
  id: idOf('CreditCommitment', row, ['COMMITMENT', UNIT, row['CN_BM'] ?? '', uscc, '2026-07-01']),
  kind: 'VOLUNTARY',
  commitmentNo: row['CN_BM'],
  matter: '守法经营',
  content: '依法诚信经营',
  madeOn: '2026-07-01',
  dueOn: '2027-06-30',
  status: 'FULFILLED',
  validFrom: '2026-07-01',
  validTo: '2027-07-01',
  acceptedBy: UNIT_AS_READ,
});

test('a licence, a penalty, another act and a commitment come out with every field of their forms', async () => {
  const uscc = newEntity();
  const [l, p, o, c] = [
    licence(uscc, {
      XK_XKLB: '其他-补证',
      XK_XKZS: '食品经营许可证',
      XK_XKBH: 'JY1',
      XK_YXQZI: '2099/12/31',
      XK_GSRQ: '2026/09/21',
    }),
    penalty(uscc, {
      CF_CFLB: '警告;罚款;其他-责令改正',
      CF_YXQ: '2027/09/17',
      CF_GSRQ: '2026/09/18',
      CF_LXRQ: '2026/10/08',
    }),
    reward(uscc, { JL_GSRQ: '2026/08/03' }),
    commitment(uscc, { CN_NR: '依法诚信经营' }),
  ];
  await file('licence', [l]);
  await file('penalty', [p]);
  await file('reward', [o]);
  await file('commitment', [c]);
  const { data, errors, extensions } = await ask(WHOLE_FILE, { uscc });
  expect({ data, errors, extensions }).toEqual({
    data: {
      creditFile: {
        uscc,
        administrativeActs: {
          edges: [
            { node: licenceAsRead(uscc, l) },
            { node: penaltyAsRead(uscc, p) },
            { node: rewardAsRead(uscc, o) },
          ].toSorted((a, b) =>
            (
              a.node.decidedOn === b.node.decidedOn
                ? (decodeId(a.node.id)?.recordId ?? '') < (decodeId(b.node.id)?.recordId ?? '')
                : a.node.decidedOn < b.node.decidedOn
            )
              ? 1
              : -1,
          ),
        },
        commitments: {
          nodes: [commitmentAsRead(uscc, c)],
          totalCount: { value: 1, exact: true },
        },
      },
    },
    errors: undefined,
    extensions: undefined,
  });
});

// Of each other act: its type, the values filed in the columns of its form, and the fields returned.
const otherActs: Record<string, readonly [type: string, cells: Cells, returned: Readonly<Record<string, unknown>>]> = {
  adjudication: [
    'AdministrativeAdjudication',
    { matter: '政府采购投诉', result: '驳回' },
    { matter: '政府采购投诉', result: '驳回' },
  ],
  compensation: [
    'AdministrativeCompensation',
    { matter: '土地征收', result: '已支付', amountFen: '30' },
    { matter: '土地征收', result: '已支付', amount: '30000000', amountAsFiled: '30' },
  ],
  compulsion: [
    'AdministrativeCompulsion',
    { method: '查封', result: '已解除', validFrom: '2026/08/02', validTo: '2026/08/31' },
    { measure: '查封', result: '已解除', longTerm: false, validFrom: '2026-08-02', validTo: '2026-09-01' },
  ],
  confirmation: [
    'AdministrativeConfirmation',
    { matter: '高新技术企业认定', result: '确认', validTo: '2099/12/31' },
    { matter: '高新技术企业认定', result: '确认', longTerm: true },
  ],
  inspection: [
    'AdministrativeInspection',
    { matter: '双随机抽查', method: '书面检查', result: '合格' },
    { matter: '双随机抽查', method: '书面检查', result: '合格' },
  ],
  levy: [
    'AdministrativeLevy',
    { matter: '垃圾处理费', result: '已缴纳', amountFen: '1.250' },
    { matter: '垃圾处理费', result: '已缴纳', amount: '1250000', amountAsFiled: '1.250' },
  ],
  payment: [
    'AdministrativePayment',
    { matter: '稳岗返还', result: '已发放', amountFen: '0.36' },
    { matter: '稳岗返还', result: '已发放', amount: '360000', amountAsFiled: '0.36' },
  ],
  reward: [
    'AdministrativeReward',
    { matter: '质量奖', method: '通报表彰', amountFen: '5' },
    { matter: '质量奖', method: '通报表彰', amount: '5000000', amountAsFiled: '5' },
  ],
};

async function otherActsOf(uscc: string): Promise<unknown> {
  const { data, errors } = await ask(
    `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) {
          administrativeActs(first: 20) {
            nodes {
              type: __typename decidedOn validFrom validTo documentName content remark
      ... on AdministrativeCompulsion { measure result legalBasis longTerm }
      ... on AdministrativeConfirmation { matter result legalBasis longTerm }
      ... on AdministrativeLevy { matter result amount amountAsFiled legalBasis }
      ... on AdministrativePayment { matter result amount amountAsFiled legalBasis }
      ... on AdministrativeAdjudication { matter result legalBasis }
      ... on AdministrativeCompensation { matter result amount amountAsFiled legalBasis }
      ... on AdministrativeReward { matter method amount amountAsFiled legalBasis }
      ... on AdministrativeInspection { matter method result legalBasis } } } } }`,
    { uscc },
    auditor,
  );
  expect(errors).toBeUndefined();
  const { nodes } = (data as { creditFile: { administrativeActs: { nodes: { type: string }[] } } }).creditFile
    .administrativeActs;
  return nodes.toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

test('each of the eight other acts has its type and comes out with every field of its form', async () => {
  const uscc = newEntity();
  const common: Cells = {
    subjectName: '示例云帆科技有限公司',
    subjectUscc: uscc,
    decidedOn: '2026/08/01',
    authorityUscc: UNIT,
    documentName: '示例决定书',
    content: '示例内容',
    legalBasis: '某法第一条',
    remark: '示例备注',
  };
  for (const [kind, [, own]] of Object.entries(otherActs))
    await file(kind, [{ ...common, documentNo: newNumber(), ...own }]);
  const delivered = {
    decidedOn: '2026-08-01',
    validFrom: '2026-08-01',
    validTo: null,
    documentName: '示例决定书',
    content: '示例内容',
    legalBasis: '某法第一条',
    remark: '示例备注',
  };
  expect(await otherActsOf(uscc)).toEqual(
    Object.values(otherActs).map(([type, , own]) => ({ type, ...delivered, ...own })),
  );
});

test('what was not filed of another act is null', async () => {
  const uscc = newEntity();
  for (const kind of Object.keys(otherActs))
    await file(kind, [
      {
        subjectName: '示例云帆科技有限公司',
        subjectUscc: uscc,
        decidedOn: '2026/08/01',
        documentNo: newNumber(),
        authorityUscc: UNIT,
      },
    ]);
  const nothing = { documentName: null, content: null, legalBasis: null, remark: null };
  const days = { decidedOn: '2026-08-01', validFrom: '2026-08-01', validTo: null };
  expect(await otherActsOf(uscc)).toEqual(
    Object.values(otherActs).map(([type, , own]) => ({
      type,
      ...nothing,
      ...Object.fromEntries(Object.keys(own).map((name) => [name, null])),
      ...days,
    })),
  );
});

test('a correction is a new version; earlier instants keep the old one, older days no later acts', async () => {
  const uscc = newEntity();
  const [first, later] = [licence(uscc), licence(uscc, { XK_JDRQ: '2026/10/20' })];
  expect(counts(await file('licence', [first]))).toEqual({
    rows: 1,
    added: 1,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
  });
  const before = await sealed();
  expect(counts(await file('licence', [{ ...first, XK_NR: '更正后的内容' }, later]))).toEqual({
    rows: 2,
    added: 1,
    corrected: 1,
    unchanged: 0,
    rejected: 0,
  });
  const texts = async (variables: Record<string, unknown>) =>
    (await acts(uscc, publicViewer, variables)).nodes.map(({ version, content }) => `${version} ${content}`);
  expect(await texts({})).toEqual(['1 食品经营许可', '2 更正后的内容']);
  expect(await texts({ knownAt: before })).toEqual(['1 食品经营许可']);
  expect(await texts({ validAt: '2026-10-19' })).toEqual(['2 更正后的内容']);
  expect(await texts({ validAt: '2026-09-17' })).toEqual([]);
  const { rows } = await owner.query(
    `select version, collected_at = min(recorded_at) over () as first_collected,
        superseded_at < 'infinity' as superseded
      from disclosure.act
      where uscc = $1 and document_no = $2
      order by version`,
    [uscc, first['XK_WSH']],
  );
  expect(rows).toEqual([
    { version: 1, first_collected: true, superseded: true },
    { version: 2, first_collected: true, superseded: false },
  ]);
});

test('a writer that commits late does not change the answer of a sealed instant', async () => {
  const uscc = newEntity();
  await file('licence', [licence(uscc)]);
  const late = await owner.connect();
  await late.query('begin');
  await late.query(
    `update disclosure.clock
      set last = greatest(date_trunc('milliseconds', clock_timestamp()), last + interval '1 millisecond')`,
  );
  await late.query(
    `insert into disclosure.act (uscc, record_id, version, digest, source_unit, catalogue_code, collected_at,
        disclosure_level, public_from, public_until, province, valid_from, recorded_at, content, kind,
        document_no, decided_on)
     select $1, $2, 1, '\\x01', $3, 'LICENCE', last, 'PUBLIC', '2026-01-01', '2099-12-31', '33', '2026-01-01',
       last, '{}', 'LICENCE', '迟到', '2026-01-01'
     from disclosure.clock`,
    [uscc, recordIdOf(uscc, 'late'), UNIT],
  );
  const knownAt = await sealed();
  const answer = await acts(uscc, publicViewer, { knownAt });
  await late.query('commit');
  late.release();
  expect(await acts(uscc, publicViewer, { knownAt })).toEqual(answer);
  expect((await acts(uscc)).totalCount).toEqual({ value: 2, exact: true });
});

test('an instant that is not sealed is refused', async () => {
  expect(codes(await ask(ACTS, { uscc: newEntity(), knownAt: '2999-01-01T00:00:00.000Z' }))).toEqual([
    { path: ['creditFile'], code: 'KNOWN_AT_TOO_LATE', reason: undefined },
  ]);
});

test('pages over acts of one day give every act once, and the last page says so', async () => {
  const uscc = newEntity();
  const rows = Array.from({ length: 7 }, () => licence(uscc));
  await file('licence', rows);
  const knownAt = await sealed();
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 1; page <= 3; page++) {
    const { nodes, pageInfo, totalCount } = await acts(uscc, publicViewer, { first: 3, after, knownAt });
    seen.push(...nodes.map(({ documentNo }) => documentNo));
    expect([pageInfo.hasNextPage, totalCount]).toEqual([page < 3, { value: 7, exact: true }]);
    after = pageInfo.endCursor;
  }
  expect(seen.toSorted()).toEqual(rows.map((row) => row['XK_WSH']).toSorted());
});

test('a cursor works for its own list and viewer alone', async () => {
  const [uscc, other] = [newEntity(), newEntity()];
  await file('licence', [licence(uscc), licence(uscc), licence(other)]);
  const knownAt = await sealed();
  const { endCursor } = (await acts(uscc, publicViewer, { first: 1, knownAt })).pageInfo;
  const bad = [{ path: ['creditFile', 'administrativeActs'], code: 'BAD_CURSOR', reason: undefined }];
  const withCursor = async (variables: Record<string, unknown>, as: Viewer = publicViewer) =>
    codes(await ask(ACTS, { uscc, knownAt, after: endCursor, ...variables }, as));
  expect(await withCursor({})).toBeUndefined();
  expect(await withCursor({ uscc: other })).toEqual(bad);
  expect(await withCursor({ kinds: ['LICENCE'] })).toEqual(bad);
  expect(await withCursor({ validAt: '2026-11-22' })).toEqual(bad);
  expect(await withCursor({}, auditor)).toEqual(bad);
  expect(await withCursor({ after: `${endCursor?.slice(0, -2)}AA` })).toEqual(bad);
  expect(await withCursor({ after: 'nonsense' })).toEqual(bad);
});

test('a page has 1 to 100 items', async () => {
  for (const first of [0, -1, 101]) {
    expect(codes(await ask(ACTS, { uscc: newEntity(), first }))).toEqual([
      { path: ['creditFile', 'administrativeActs'], code: 'BAD_USER_INPUT', reason: 'PAGE_SIZE' },
    ]);
  }
});

test('kinds filter the acts and their number', async () => {
  const uscc = newEntity();
  await file('licence', [licence(uscc)]);
  await file('penalty', [penalty(uscc)]);
  expect((await acts(uscc, publicViewer, { kinds: ['PENALTY'] })).totalCount).toEqual({ value: 1, exact: true });
  expect((await acts(uscc, publicViewer, { kinds: [] })).totalCount).toEqual({ value: 0, exact: true });
});

test('each role sees its rows alone: published, shared in its province, its own decisions or file', async () => {
  const uscc = newEntity();
  const named = (text: string, more: Cells) => penalty(uscc, { CF_WSH: text, ...more });
  await file(
    'penalty',
    [
      named('公开', {}),
      named('已期满', { CF_JDRQ: '2024/01/01', CF_GSJZQ: '2025/01/01', CF_SYFW: '0' }),
      named('共享', { CF_SYFW: '1' }),
      named('授权', { CF_SYFW: '2' }),
      named('内部', { CF_SYFW: '不公开' }),
      named('撤回', {}),
    ].map((row) => ({ CF_SYFW: '', ...row })),
  );
  await owner.query(`update disclosure.act set withdrawn_on = '2026-10-01' where uscc = $1 and document_no = '撤回'`, [
    uscc,
  ]);
  const seen = async (as: Viewer) => (await numbers(uscc, as)).toSorted();
  expect(await seen(publicViewer)).toEqual(['公开']);
  expect(await seen(viewer('FINANCIAL_INSTITUTION'))).toEqual(['公开']);
  expect(await seen(guangdong)).toEqual(['公开']);
  expect(await seen(zhejiang)).toEqual(['公开', '共享', '已期满']);
  expect(await seen(viewer('SUBJECT', { organisation: uscc }))).toEqual(['公开', '共享', '已期满', '授权', '撤回']);
  expect(await seen(viewer('SUBJECT', { organisation: newEntity() }))).toEqual(['公开']);
  expect(await seen(unit)).toEqual(['公开', '共享', '内部', '已期满', '授权', '撤回']);
  expect(await seen(auditor)).toEqual(['公开', '共享', '内部', '已期满', '授权', '撤回']);
  expect(await acts(uscc, publicViewer)).toMatchObject({
    totalCount: { value: 1, exact: true },
    pageInfo: { hasNextPage: false },
  });
});

test('what is not public is noted as read, what is public is not', async () => {
  const uscc = newEntity();
  await file(
    'penalty',
    [penalty(uscc), penalty(uscc, { CF_WSH: '共享读1号', CF_SYFW: '1' })].map((row) => ({ CF_SYFW: '', ...row })),
  );
  const { extensions } = await ask(
    `query ($uscc: USCC!) { creditFile(uscc: $uscc) { administrativeActs(first: 10) { nodes { id } } } }`,
    { uscc },
    zhejiang,
  );
  expect(extensions).toEqual({
    reads: [
      { uscc, dataClass: 'RECORD', record: recordIdOf('PENALTY', UNIT, '共享读1号', uscc, '2026-09-18'), version: 1 },
    ],
  });
});

test('source, remark and further columns are shown to those in reach alone', async () => {
  const uscc = newEntity();
  await file('licence', [{ ...licence(uscc), YJLBS: 'SRC-1', BZ: '内部备注', XK_NEW: '新字段' }]);
  const document = `query ($uscc: USCC!) {
    creditFile(uscc: $uscc) {
      administrativeActs(first: 1) {
        nodes { remark additionalFields { column value } provenance { sourceRecordId } }
      }
    }
  }`;
  expect((await ask(document, { uscc }, zhejiang)).data).toEqual({
    creditFile: {
      administrativeActs: {
        nodes: [
          {
            remark: '内部备注',
            additionalFields: [{ column: 'XK_NEW', value: '新字段' }],
            provenance: { sourceRecordId: 'SRC-1' },
          },
        ],
      },
    },
  });
  const hidden = await ask(document, { uscc }, guangdong);
  expect(hidden.data).toEqual({
    creditFile: {
      administrativeActs: { nodes: [{ remark: null, additionalFields: null, provenance: { sourceRecordId: null } }] },
    },
  });
  expect(new Set(hidden.errors?.map(({ extensions }) => extensions?.['code']))).toEqual(
    new Set(['UNAUTHORIZED_FIELD_OR_TYPE']),
  );
});

test('a person’s name and identity number in a form are kept nowhere', async () => {
  const uscc = newEntity();
  await file('licence', [{ ...licence(uscc), XK_FR_ZJLX: '身份证', XK_FR_ZJHM: '11010519491231002X' }]);
  const { rows } = await owner.query('select to_jsonb(act)::text as everything from disclosure.act where uscc = $1', [
    uscc,
  ]);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toMatch(/欧阳示例|11010519491231002X|身份证/);
});

test('a record is found by its id, by those who may see it', async () => {
  const uscc = newEntity();
  const [open, shared] = [penalty(uscc, { CF_SYFW: '0' }), penalty(uscc, { CF_SYFW: '1' })] as const;
  await file('penalty', [open, shared]);
  const reference = (type: string, row: Cells, kind = type) => ({
    __typename: type,
    id: idOf(kind, row, ['PENALTY', UNIT, row['CF_WSH'] ?? '', uscc, '2026-09-18']),
  });
  const representations = [
    reference('AdministrativePenalty', open),
    reference('AdministrativePenalty', shared),
    reference('AdministrativeLicence', open),
    reference('AdministrativeLicence', open, 'AdministrativePenalty'),
    { __typename: 'AdministrativePenalty', id: 'nonsense' },
  ];
  const document = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on AdministrativePenalty { documentNo } }
  }`;
  expect((await ask(document, { representations })).data).toEqual({
    _entities: [{ documentNo: open['CF_WSH'] }, null, null, null, null],
  });
  expect((await ask(document, { representations }, zhejiang)).data).toEqual({
    _entities: [{ documentNo: open['CF_WSH'] }, { documentNo: shared['CF_WSH'] }, null, null, null],
  });
});

test('a credit file is found by its key, and a key that is none is an error', async () => {
  const uscc = newEntity();
  await file('licence', [licence(uscc)]);
  const knownAt = await sealed();
  const document = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on CreditFile { uscc administrativeActs(first: 1) { totalCount { value } } }
    }
  }`;
  const key = { __typename: 'CreditFile', uscc, validAt: TODAY, knownAt };
  const { data, errors } = await ask(document, { representations: [key, { ...key, validAt: 'soon' }] });
  expect(data).toEqual({ _entities: [{ uscc, administrativeActs: { totalCount: { value: 1 } } }, null] });
  expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['BAD_USER_INPUT']);
});

const found = (uscc: string, versions: number[]) => ({
  input: uscc,
  reason: null,
  expected: null,
  file: { uscc, administrativeActs: { nodes: versions.map((version) => ({ version })) }, commitments: { nodes: [] } },
});

test('many files are one statement; order and duplicates are kept, and a bad code spoils its own item', async () => {
  const [a, b] = [newEntity(), newEntity()];
  await file('licence', [licence(a), licence(b), licence(b)]);
  const document = `query ($codes: [String!]!) {
    creditFiles(codes: $codes) {
      input reason expected
      file { uscc administrativeActs(first: 2) { nodes { version } } commitments(first: 2) { nodes { id } } }
    }
  }`;
  const moment = { knownAt: await sealed() };
  const counted = async (wanted: string[]) => {
    const before = statements;
    const result = await ask(document, { codes: wanted }, publicViewer, moment);
    return { result, statements: statements - before };
  };
  const two = await counted([a, b]);
  const many = await counted([
    b,
    a,
    b,
    '91330106MA000000XX',
    '00000000000000000X',
    ...Array.from({ length: 90 }, () => newEntity()),
  ]);
  // The rules say whether a code that does not fit was issued all the same; they may be known from a second ago.
  expect([0, 1]).toContain(many.statements - two.statements);
  const items = (many.result.data as { creditFiles: unknown[] }).creditFiles;
  expect(items.slice(0, 3)).toEqual([found(b, [1, 1]), found(a, [1]), found(b, [1, 1])]);
  expect(items.slice(3, 5)).toEqual([
    {
      input: '91330106MA000000XX',
      reason: 'CHECK_CHARACTER',
      expected: expect.stringMatching(/^[0-9A-Y]$/) as unknown,
      file: null,
    },
    { input: '00000000000000000X', reason: 'PLACEHOLDER', expected: null, file: null },
  ]);
  expect(codes(await ask(document, { codes: Array.from({ length: 101 }, () => a) }))).toEqual([
    { path: ['creditFiles'], code: 'BAD_USER_INPUT', reason: 'TOO_MANY' },
  ]);
});

test('an entity with 50 000 acts costs the other 99 nothing', async () => {
  const heavy = newEntity();
  const light = Array.from({ length: 99 }, () => newEntity());
  await file(
    'licence',
    [heavy, ...light].map((uscc) => licence(uscc)),
  );
  await owner.query(
    `insert into disclosure.act (uscc, record_id, version, digest, source_unit, catalogue_code, collected_at,
        disclosure_level, public_from, public_until, province, valid_from, recorded_at, content, kind,
        document_no, decided_on)
     select uscc, gen_random_uuid(), 1, digest, source_unit, catalogue_code, collected_at, disclosure_level,
       public_from, public_until, province, valid_from, recorded_at, content, kind, 'W' || n,
       decided_on - n % 3000
     from disclosure.act, generate_series(1, 50000) n where uscc = $1`,
    [heavy],
  );
  await owner.query('analyze disclosure.act');
  const document = `query ($codes: [String!]!) {
    creditFiles(codes: $codes) { file { administrativeActs(first: 20) { nodes { id } } } }
  }`;
  // Rows that the statement took from the table and its indexes, as PostgreSQL itself counts them in this session.
  const spy = createPool({
    url: database.url,
    role: 'credit_disclosure',
    applicationName: 'spy',
    max: 1,
    statementTimeoutMs: 10_000,
  });
  const spied = createSubgraph(definition, {
    pool: spy,
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(NOW),
  });
  const knownAt = await sealed();
  const fetched = async (): Promise<number> => {
    await spy.query('select pg_stat_force_next_flush()');
    const { rows } = await spy.query<{ rows: bigint }>(
      `select seq_tup_read + idx_tup_fetch as rows from pg_stat_all_tables where relid = 'disclosure.act'::regclass`,
    );
    return Number(rows[0]?.rows);
  };
  const before = await fetched();
  const { data, errors } = await spied.execute({
    document,
    variables: { codes: [heavy, ...light] },
    viewer: publicViewer,
    moment: { validAt: TODAY, knownAt },
    signal: AbortSignal.timeout(10_000),
  });
  const after = await fetched();
  await spied[Symbol.asyncDispose]();
  expect(errors).toBeUndefined();
  expect(
    (data as { creditFiles: { file: { administrativeActs: { nodes: unknown[] } } }[] }).creditFiles.map(
      ({ file: each }) => each.administrativeActs.nodes.length,
    ),
  ).toEqual([20, ...light.map(() => 1)]);
  expect(after - before).toBeGreaterThan(118); // what was returned was counted
  expect(after - before).toBeLessThan(500);
  expect((await acts(heavy, publicViewer, { first: 1 })).totalCount).toEqual({ value: 10_000, exact: false });
});

test('filing the same again changes nothing, in CSV, in NDJSON and in another order of columns', async () => {
  const uscc = newEntity();
  const rows = [licence(uscc), licence(uscc), licence(newEntity())].map((row) => ({ ...row, XK_A: '甲', XK_B: '乙' }));
  expect(counts(await file('licence', rows))).toEqual({ rows: 3, added: 3, corrected: 0, unchanged: 0, rejected: 0 });
  const knownAt = await sealed();
  const before = await acts(uscc);
  const again = { rows: 3, added: 0, corrected: 0, unchanged: 3, rejected: 0 };
  expect(counts(await file('licence', rows))).toEqual(again);
  expect(
    counts(await file('licence', Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')), centre, 'NDJSON')),
  ).toEqual(again);
  expect(
    counts(
      await file(
        'licence',
        rows.map((row) => Object.fromEntries(Object.entries(row).toReversed())),
      ),
    ),
  ).toEqual(again);
  const after = await acts(uscc);
  expect(after.nodes).toEqual(before.nodes);
  expect(
    (
      await owner.query('select count(*)::int as versions from disclosure.act where uscc = $1 and recorded_at > $2', [
        uscc,
        knownAt,
      ])
    ).rows,
  ).toEqual([{ versions: 0 }]);
});

test('of two rows about one record in a file the last is taken, and the other is reported', async () => {
  const uscc = newEntity();
  const first = licence(uscc);
  const outcome = await file('licence', [first, first, { ...first, XK_NR: '后来的内容' }]);
  expect({ ...counts(outcome), rejectedRows: outcome.rejectedRows }).toEqual({
    rows: 3,
    added: 1,
    corrected: 0,
    unchanged: 1,
    rejected: 1,
    rejectedRows: [
      {
        row: 2,
        problems: [
          {
            column: '',
            code: 'DUPLICATE',
            message: 'Row 4 has the same record with other content and was taken in its place.',
          },
        ],
      },
    ],
  });
  expect((await acts(uscc)).nodes.map(({ content }) => content)).toEqual(['后来的内容']);
});

test('a row that takes the place of an earlier one leaves those between them as they are', async () => {
  const uscc = newEntity();
  const [first, second, third] = [licence(uscc), licence(uscc), licence(uscc)];
  expect(counts(await file('licence', [first, second, { ...first, XK_NR: '后来的内容' }, third]))).toEqual({
    rows: 4,
    added: 3,
    corrected: 0,
    unchanged: 0,
    rejected: 1,
  });
  const stored = (await acts(uscc)).nodes.map(({ documentNo, content }) => [documentNo, content]);
  expect(stored.toSorted()).toEqual(
    [
      [first.XK_WSH, '后来的内容'],
      [second.XK_WSH, second.XK_NR],
      [third.XK_WSH, third.XK_NR],
    ].toSorted(),
  );
});

test('a part sent again has its first outcome and does not undo later corrections of its filing', async () => {
  const uscc = newEntity();
  const first = licence(uscc);
  const filing = randomUUID();
  await file('licence', [first], centre, 'CSV', filing);
  await file('licence', [{ ...first, XK_NR: '更正' }], centre, 'CSV', filing);
  expect(counts(await file('licence', [first], centre, 'CSV', filing))).toEqual({
    rows: 1,
    added: 1,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
  });
  expect((await acts(uscc)).nodes.map(({ content }) => content)).toEqual(['更正']);
  expect(counts(await file('licence', [first], centre))).toEqual({
    rows: 1,
    added: 0,
    corrected: 1,
    unchanged: 0,
    rejected: 0,
  });
});

test('a correction that takes a record from the public takes its older versions with it', async () => {
  const uscc = newEntity();
  const open = { ...licence(uscc), XK_SYFW: '0' };
  await file('licence', [open]);
  const knownAt = await sealed();
  await file('licence', [{ ...open, XK_SYFW: '1' }]);
  expect((await acts(uscc, publicViewer, { knownAt })).nodes).toEqual([]);
  expect((await acts(uscc, zhejiang, { knownAt })).nodes.map(({ version }) => version)).toEqual([1]);
});

test('a correction does not bring a withdrawn record back', async () => {
  const uscc = newEntity();
  const row = licence(uscc);
  await file('licence', [row]);
  await owner.query(`update disclosure.act set withdrawn_on = '2026-10-01', under_objection = true where uscc = $1`, [
    uscc,
  ]);
  expect(counts(await file('licence', [{ ...row, XK_NR: '更正' }]))).toEqual({
    rows: 1,
    added: 0,
    corrected: 1,
    unchanged: 0,
    rejected: 0,
  });
  const { rows } = await owner.query(
    'select version, withdrawn_on, under_objection from disclosure.act where uscc = $1 order by version',
    [uscc],
  );
  expect(rows).toEqual([1, 2].map((version) => ({ version, withdrawn_on: '2026-10-01', under_objection: true })));
});

test('writers of the same records at the same time leave one current version of each', async () => {
  const entities = Array.from({ length: 20 }, () => newEntity());
  const rows = entities.map((uscc) => licence(uscc));
  const outcomes = await Promise.all(
    [0, 1, 2].map((n) =>
      file(
        'licence',
        rows.map((row) => ({ ...row, XK_NR: `内容${n}` })),
      ),
    ),
  );
  expect(outcomes.map(({ added, corrected }) => added + corrected)).toEqual([20, 20, 20]);
  expect(outcomes.reduce((sum, { added }) => sum + added, 0)).toBe(20);
  const { rows: versions } = await owner.query(
    `select count(*)::int as versions, count(*) filter (where superseded_at = 'infinity')::int as current
      from disclosure.act
      where uscc = any($1)`,
    [entities],
  );
  expect(versions).toEqual([{ versions: 60, current: 20 }]);
});

test('GB18030 and UTF-8 with a mark are read for what they are', async () => {
  const [a, b] = [newEntity(), newEntity()];
  const [first, second] = [licence(a, { XK_NR: '龘䶮食品' }), licence(b)];
  expect(counts(await file('licence', iconv.encode(csv([first]), 'gb18030')))).toEqual({
    rows: 1,
    added: 1,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
  });
  expect(counts(await file('licence', Buffer.from(`\ufeff${csv([second])}`)))).toEqual({
    rows: 1,
    added: 1,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
  });
  expect((await acts(a)).nodes.map(({ content }) => content)).toEqual(['龘䶮食品']);
  expect(counts(await file('licence', [first, second]))).toEqual({
    rows: 2,
    added: 0,
    corrected: 0,
    unchanged: 2,
    rejected: 0,
  });
});

test('a file that is not in the form is refused whole, naming row and column', async () => {
  const { XK_WSH: _, ...without } = licence(newEntity());
  await expect(file('licence', [without])).rejects.toMatchObject({
    message: 'Row 1, column XK_WSH: There is no column XK_WSH (行政许可决定文书号).',
    extensions: { code: 'BAD_USER_INPUT', argument: 'part', reason: 'MISSING_COLUMN' },
  });
  await expect(file('licence', Buffer.from(''))).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  await expect(file('licence', Buffer.from('{"XK_WSH":1}'), centre, 'NDJSON')).rejects.toMatchObject({
    extensions: { code: 'BAD_USER_INPUT', reason: 'MISSING_COLUMN' },
  });
});

test('a broken row is refused alone, naming row and column', async () => {
  const rows = [
    licence(newEntity()),
    licence(newEntity(), { XK_JDRQ: '2022/09/31' }),
    licence(newEntity(), { XK_XDR_SHXYM: '91330106MA000000XX' }),
  ];
  const bytes = Buffer.concat([Buffer.from(`${csv(rows)}\r\n"a","b"\r\n`)]);
  const { rejectedRows, ...outcome } = await file('licence', bytes);
  expect(counts({ ...outcome, rejectedRows })).toEqual({ rows: 4, added: 1, corrected: 0, unchanged: 0, rejected: 3 });
  expect(
    rejectedRows.map(({ row, problems }) => [row, ...problems.map(({ column, code }) => `${column} ${code}`)]),
  ).toEqual([
    [3, 'XK_JDRQ BAD_DATE'],
    [4, 'XK_XDR_SHXYM CHECK_CHARACTER'],
    [5, ' CELL_COUNT'],
  ]);
});

test('bytes that are no character refuse their row alone', async () => {
  const [good, bad] = [licence(newEntity()), licence(newEntity(), { XK_NR: 'BROKEN' })];
  // Beyond the beginning by which the encoding is decided.
  const filler = Array.from({ length: 400 }, () => licence(newEntity()));
  const text = Buffer.from(csv([good, ...filler, bad]));
  const at = text.indexOf('BROKEN');
  text[at] = 0xff;
  const { rejectedRows, ...outcome } = await file('licence', text);
  expect(outcome).toMatchObject({ rows: 402, added: 401, rejected: 1 });
  expect(rejectedRows).toEqual([
    {
      row: 403,
      problems: [
        {
          column: 'XK_NR',
          code: 'BAD_FORM',
          message: 'The cell has bytes that are no character of the file’s encoding.',
        },
      ],
    },
  ]);
});

test('rows about natural persons are refused, and nothing of them is kept or said', async () => {
  const outcome = await file('licence', [licence(newEntity(), { XK_XDR_LB: '自然人', XK_XDR_MC: '张某某测试' })]);
  expect(outcome.rejectedRows.map(({ problems }) => problems.map(({ code }) => code))).toEqual([
    ['OUT_OF_SCOPE_NATURAL_PERSON'],
  ]);
  expect(JSON.stringify(outcome)).not.toContain('张某某测试');
});

const at = (uscc: string, source: string): Cells => licence(uscc, { XK_LYDWDM: source, XK_XKJGDM: source });
const notYours = (...numbersOfRows: number[]) => numbersOfRows.map((row) => `${row} XK_LYDWDM NOT_YOURS`);

test('the centre files all, a unit its own, a province its own units and entities, others nothing', async () => {
  const [zhejiangEntity, guangdongEntity, xpccEntity, stateEntity] = [
    newEntity(),
    newEntity('440305'),
    newEntity('659001'),
    newEntity('100000'),
  ];
  const rows = [
    at(zhejiangEntity, UNIT),
    at(zhejiangEntity, OTHER_UNIT),
    at(guangdongEntity, UNIT),
    at(guangdongEntity, OTHER_UNIT),
    at(xpccEntity, OTHER_UNIT),
    at(stateEntity, UNIT),
    at(stateEntity, OTHER_UNIT),
  ];
  const refused = async (as: Viewer) =>
    (await file('licence', rows, as)).rejectedRows.map(
      ({ row, problems }) => `${row} ${problems[0]?.column} ${problems[0]?.code}`,
    );
  expect(await refused(unit)).toEqual(notYours(3, 5, 6, 8));
  expect(await refused(zhejiang)).toEqual(notYours(5, 6, 8));
  expect(await refused(viewer('PROVINCIAL_PLATFORM', { province: '65' }))).toEqual(notYours(2, 3, 4, 5, 6, 7, 8));
  expect(await refused(viewer('PROVINCIAL_PLATFORM', { province: '66' }))).toEqual(notYours(2, 3, 4, 5, 7, 8));
  expect(await refused(centre)).toEqual([]);
  for (const role of ['PUBLIC', 'SUBJECT', 'FINANCIAL_INSTITUTION', 'AUDITOR', 'OPERATOR'] as const) {
    await expect(file('licence', rows, viewer(role))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
    });
  }
});

test('a unit cannot put its name on the record of another', async () => {
  const uscc = newEntity();
  const theirs = licence(uscc, { XK_LYDWDM: OTHER_UNIT, XK_XKJGDM: OTHER_UNIT });
  await file('licence', [theirs]);
  const outcome = await file('licence', [{ ...theirs, XK_LYDWDM: UNIT, XK_NR: '篡改' }], unit);
  expect({
    ...counts(outcome),
    problems: outcome.rejectedRows.map(({ row, problems }) => `${row} ${problems[0]?.code}`),
  }).toEqual({ rows: 1, added: 0, corrected: 0, unchanged: 0, rejected: 1, problems: ['2 NOT_YOURS'] });
  expect((await acts(uscc)).nodes.map(({ content }) => content)).toEqual(['食品经营许可']);
});

test('a penalty has its end of publication or that of the rules, and none outlasts their longest', async () => {
  const uscc = newEntity();
  const [performed, authority] = [{ CF_LXRQ: '2026/10/08' }, { CF_CFJG: '示例交通运输局' }];
  await file(
    'penalty',
    [
      penalty(uscc, { CF_WSH: '轻微', CF_CFLB: '警告', CF_GSJZQ: '', CF_LXRQ: '' }),
      penalty(uscc, { CF_WSH: '一般', CF_CFLB: '罚款', CF_GSJZQ: '', ...performed }),
      penalty(uscc, { CF_WSH: '严重', CF_CFLB: '吊销许可证件', CF_GSJZQ: '', ...performed, ...authority }),
      penalty(uscc, { CF_WSH: '过长', CF_GSJZQ: '2050/01/01', ...performed }),
      penalty(uscc, { CF_WSH: '市监严重未履行', CF_CFLB: '吊销许可证件', CF_GSJZQ: '', CF_LXRQ: '' }),
      penalty(uscc, { CF_WSH: '一般未履行', CF_CFLB: '罚款', CF_GSJZQ: '2027/01/01', CF_LXRQ: '' }),
      penalty(uscc, { CF_WSH: '严重未履行', CF_CFLB: '吊销许可证件', CF_GSJZQ: '', CF_LXRQ: '', ...authority }),
      penalty(uscc, { CF_WSH: '过长未履行', CF_GSJZQ: '2050/01/01', CF_LXRQ: '' }),
    ].map((cells) => ({ CF_LXRQ: '', ...cells })),
  );
  const { rows } = await owner.query(
    `select document_no, public_from, public_until, content->>'publicationRuleSet' as rules,
        content->>'termEndsOn' as term_ends
      from disclosure.act
      where uscc = $1`,
    [uscc],
  );
  const row = (document_no: string, public_until: string, rules: string | null, term_ends: string | null = null) => ({
    document_no,
    public_from: '2026-09-18',
    public_until,
    rules,
    term_ends,
  });
  const inOrder = <Row extends { document_no: string }>(list: readonly Row[]): Row[] =>
    list.toSorted((a, b) => (a.document_no < b.document_no ? -1 : 1));
  expect(inOrder(rows)).toEqual(
    inOrder([
      { ...row('轻微', '', null), public_from: null, public_until: null },
      row('一般', '2027-09-18', 'NDRC-36'),
      row('严重', '2029-09-18', 'NDRC-36'),
      row('过长', '2027-09-18', 'SAMR-107'), // 国家市场监督管理总局令第107号
      row('市监严重未履行', '2029-09-18', 'NDRC-36'),
      row('一般未履行', '2027-01-01', null),
      row('严重未履行', '2029-09-18', 'NDRC-36'),
      row('过长未履行', '2027-09-18', 'SAMR-107'),
    ]),
  );
});

test('a unit that filed is remembered by its code and time', async () => {
  const source = composeUscc('11330000', 'MB1EEE77');
  await file('licence', [licence(newEntity(), { XK_LYDW: '甲单位', XK_LYDWDM: source })]);
  const { rows } = await owner.query('select kind, last_filed_at from disclosure.source_unit where uscc = $1', [
    source,
  ]);
  expect(rows).toEqual([{ kind: 'licence', last_filed_at: NOW }]);
});

test('a long file is recorded in batches, and again without a change', async () => {
  const rows = Array.from({ length: 12_000 }, (_, n) =>
    licence(composeUscc('91330106', `MB${String(n).padStart(6, '0')}`)),
  );
  expect(counts(await file('licence', rows))).toEqual({
    rows: 12_000,
    added: 12_000,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
  });
  const { rows: clock } = await owner.query('select last from disclosure.clock');
  expect(counts(await file('licence', rows))).toEqual({
    rows: 12_000,
    added: 0,
    corrected: 0,
    unchanged: 12_000,
    rejected: 0,
  });
  expect((await owner.query('select last from disclosure.clock')).rows).toEqual(clock);
});

test('the catalogue of penalties is open to all', async () => {
  const { data } = await ask('{ penaltyCategories { code name legalBasis } }');
  expect((data as { penaltyCategories: unknown[] }).penaltyCategories[2]).toEqual({
    code: 'FINE',
    name: '罚款',
    legalBasis: '中华人民共和国行政处罚法（2021年修订）第九条第二项',
  });
});

test('the rules in force on a day are open to all, with their source and numbers', async () => {
  const { data, errors } = await ask(
    `query ($day: Date) {
      ruleSets(validAt: $day, region: "33") {
        id kind name source effectiveFrom effectiveTo region verified values { code number unit }
      }
    }`,
    { day: '2020-12-31' },
  );
  expect(errors).toBeUndefined();
  const sets = (data as { ruleSets: { id: string; kind: string }[] }).ruleSets;
  expect(sets.filter(({ kind }) => kind === 'PUBLICATION_DUTY' || kind === 'REPAIR')).toEqual([
    {
      id: 'NDRC-424',
      kind: 'PUBLICATION_DUTY',
      name: '行政许可和行政处罚信息公示',
      source: '发改办财金〔2018〕424号',
      effectiveFrom: '2018-07-25',
      effectiveTo: null,
      region: null,
      verified: true,
      values: [{ code: 'MANDATORY', number: 7, unit: 'WORKING_DAYS' }],
    },
    {
      id: 'PUBLICATION-REMINDER',
      kind: 'PUBLICATION_DUTY',
      name: '即将到期提醒',
      source: '本平台自定',
      effectiveFrom: '2018-07-25',
      effectiveTo: null,
      region: null,
      verified: false,
      values: [{ code: 'DUE_SOON', number: 3, unit: 'WORKING_DAYS' }],
    },
    {
      id: 'STATE-COUNCIL-35',
      kind: 'PUBLICATION_DUTY',
      name: '其他行政行为信息七个工作日内上网公开',
      source: '国办发〔2019〕35号 第十五条',
      effectiveFrom: '2019-07-09',
      effectiveTo: null,
      region: null,
      verified: false,
      values: [{ code: 'PROMOTED', number: 7, unit: 'WORKING_DAYS' }],
    },
    {
      id: 'NDRC-893',
      kind: 'REPAIR',
      name: '失信主体信用监管（试行）：信用修复培训',
      source: '发改办财金〔2018〕893号 第十条',
      effectiveFrom: '2018-07-24',
      effectiveTo: '2021-01-01',
      region: null,
      verified: false,
      values: [{ code: 'TRAINING', number: 3, unit: 'CLASS_HOURS' }],
    },
  ]);
  const today = (await ask('{ ruleSets { id } }')).data as { ruleSets: { id: string }[] };
  expect(today.ruleSets.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['NDRC-36', 'SAMR-107', 'PUBLIC_CREDIT-2026']),
  );
  expect(today.ruleSets.map(({ id }) => id)).not.toContain('NDRC-893');
});

test('working days and due dates are counted for all, and provisional where the next notice is missing', async () => {
  const { data, errors } = await ask(`{
    settled: workingDayAfter(from: "2026-09-18", days: 7) { date provisional }
    open: workingDayAfter(from: "2026-12-24", days: 7) { date provisional }
    due: publicationDueDate(decidedOn: "2026-02-13", duty: MANDATORY) { date provisional ruleSet { id } }
    before: publicationDueDate(decidedOn: "2018-07-24", duty: MANDATORY) { date }
  }`);
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    settled: { date: '2026-09-29', provisional: false },
    open: { date: '2027-01-04', provisional: true },
    due: { date: '2026-03-02', provisional: false, ruleSet: { id: 'NDRC-424' } },
    before: null,
  });
});

test.each([
  ['workingDayAfter(from: "2026-09-18", days: -1) { date }', 'days', 'WORKING_DAYS', '0 to 366'],
  ['workingDayAfter(from: "2026-09-18", days: 367) { date }', 'days', 'WORKING_DAYS', '0 to 366'],
  ['workingDayAfter(from: "2017-12-31", days: 7) { date }', 'from', 'NO_CALENDAR', '2018-01-01 to 9990-12-31'],
  ['ruleSets(region: "99") { id }', 'region', 'UNKNOWN_CODE', 'two digits of GB/T 2260'],
])('%s is bad input', async (field, argument, reason, expected) => {
  const { data, errors } = await ask(`{ ${field} }`);
  expect(Object.values(data ?? {})).toEqual([null]);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument, reason, expected } }]);
});

test('an act says by when it has to be published, and by which rule set', async () => {
  const uscc = newEntity();
  await file('licence', [licence(uscc, { XK_JDRQ: '2026/04/30' }), licence(uscc, { XK_JDRQ: '2018/07/24' })]);
  await file('reward', [reward(uscc, { JL_JDRQ: '2025/01/20' })]);
  const { data, errors } = await ask(
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        administrativeActs(first: 3) {
          nodes { decidedOn publication { duty dueOn provisional ruleSet { id verified } } }
        }
      }
    }`,
    { uscc },
  );
  expect(errors).toBeUndefined();
  expect(
    (data as { creditFile: { administrativeActs: { nodes: unknown[] } } }).creditFile.administrativeActs.nodes,
  ).toEqual([
    {
      decidedOn: '2026-04-30',
      publication: {
        duty: 'MANDATORY',
        dueOn: '2026-05-13',
        provisional: false,
        ruleSet: { id: 'NDRC-424', verified: true },
      },
    },
    {
      decidedOn: '2025-01-20',
      publication: {
        duty: 'PROMOTED',
        dueOn: '2025-02-05',
        provisional: false,
        ruleSet: { id: 'STATE-COUNCIL-35', verified: false },
      },
    },
    { decidedOn: '2018-07-24', publication: { duty: 'MANDATORY', dueOn: null, provisional: null, ruleSet: null } },
  ]);
});
