import { createLocalSource } from '#gateway/graph/localSource.ts';
import { createRemoteSource } from '#gateway/graph/remoteSource.ts';
import type { Source } from '#gateway/graph/sources.ts';
import type { Head, HeadAsk } from '#records/heads.ts';
import { parseKeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPassportIssuer } from '#kit/passport.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { serveSubgraph, type SubgraphServer } from '#records/subgraphServer.ts';
import { type Role } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';
import { composeUscc } from '#standards/uscc.ts';
import { definition as evaluation } from '#subgraphs/evaluation/index.ts';
import { definition as namelist } from '#subgraphs/namelist/index.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, lines } from '#test/support/registered.ts';

// What the gateway reads of a subgraph for watchlists and snapshots: records without their content, by the viewer's
// rights, in this process and over HTTP alike.

const AUTHORITY = composeUscc('11330000', 'MB1EEE71');
const slashed = (day: string): string => day.replaceAll('-', '/');
const LISTED_ON = daysFromNow(-100);
const TERM_UNTIL = addDays(addMonths(LISTED_ON, 36), -1);
const company = (n: number): string => composeUscc('91330106', `MA7EE00${n}`);
const [published, shared, repaired, future, farAway] = [
  company(1),
  company(2),
  company(3),
  company(4),
  composeUscc('91440101', 'MA7EE005'),
] as const;
const [shop, otherShop] = [composeUscc('92330106', 'MA7EE006'), composeUscc('92330106', 'MA7EE007')] as const;

const row = (uscc: string, more: Cells = {}): Cells => ({
  MD_XDR_MC: '示例云帆零售有限公司',
  MD_XDR_SHXYM: uscc,
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '浙市监〔2026〕70号',
  MD_LRRQ: slashed(LISTED_ON),
  MD_LRSY: '严重违法',
  MD_FLYJ: '某办法第一条',
  MD_QXZ: slashed(TERM_UNTIL),
  MD_RDJG: '示例市场监管局',
  MD_RDJGDM: AUTHORITY,
  MD_LYDW: '示例市场监管局',
  MD_LYDWDM: AUTHORITY,
  ...more,
});

const keys = parseKeyRing(`test:${Buffer.alloc(32, 7).toString('base64')}`);
const now = (): Date => new Date();

let graph: TestGraph;
let beforeCorrection = '';
let server: SubgraphServer;
const stack = new AsyncDisposableStack();
const local = new Map<string, Source>();
const remote = new Map<string, Source>();

beforeAll(async () => {
  graph = stack.use(await startGraph());
  for (const definition of [evaluation, namelist]) {
    const pool = createPool({
      url: graph.database.url,
      role: `credit_${definition.name}`,
      applicationName: definition.name,
      max: 4,
      statementTimeoutMs: 5000,
    });
    const subgraph = createSubgraph(definition, { pool, cursorKeys: keys, digestKeys: keys, log: silentLog, now });
    local.set(definition.name, stack.use(createLocalSource(subgraph)));
    server = stack.use(
      await serveSubgraph(subgraph, { host: '127.0.0.1', port: 0, passportKeys: keys, log: silentLog, now }),
    );
    remote.set(definition.name, stack.use(createRemoteSource(definition, server.url, createPassportIssuer(keys, now))));
  }
  const file = (...rows: Cells[]) => graph.file('name-list', lines(rows), { format: 'NDJSON' });
  await file(
    row(published),
    row(shared, { MD_SYFW: '政务共享' }),
    row(repaired),
    row(farAway, { MD_LX: 'ABNORMAL_OPERATION' }),
    row(shop),
    row(otherShop),
    row(future, { MD_SYFW: '政务共享' }),
  );
  // A listing of a day to come is refused today; earlier versions took it.
  await graph.sql('update namelist.entry set listed_on = $2::date, valid_from = $2::date where uscc = $1', [
    future,
    daysFromNow(10),
  ]);
  beforeCorrection = (await (local.get('namelist') as Source).status()).sealed;
  await file(
    row(repaired, { MD_YCRQ: slashed(daysFromNow(0)), MD_YCYY: '信用修复' }),
    row(published, { MD_LRSY: '其他事由' }),
  );
  await graph.file(
    'evaluation',
    lines([
      {
        PJ_XDR_MC: '示例云帆零售有限公司',
        PJ_XDR_SHXYM: published,
        PJ_FA: 'PUBLIC_CREDIT',
        PJ_FABB: '2026',
        PJ_DJ: 'A',
        PJ_RQ: slashed(LISTED_ON),
        PJ_SJJZ: slashed(LISTED_ON),
        PJ_YXQZ: slashed(TERM_UNTIL),
        PJ_DW: '示例评价单位',
        PJ_DWDM: AUTHORITY,
        PJ_LYDW: '示例中心',
        PJ_LYDWDM: AUTHORITY,
        PJ_SYFW: '社会公开',
      },
    ]),
    { format: 'NDJSON' },
  );
});
afterAll(() => stack.disposeAsync());

const viewerOf = (role: Role, more: Partial<Viewer> = {}): Viewer =>
  createViewer({
    role,
    ...organisationOf(role),
    purposes: ['SUPERVISION'],
    purpose: 'SUPERVISION',
    tokenId: 'test',
    ...more,
  });
const bank = viewerOf('FINANCIAL_INSTITUTION');
const auditor = viewerOf('AUDITOR');
const centre = viewerOf('NATIONAL_CENTRE');
const zhejiang = viewerOf('PROVINCIAL_PLATFORM', { province: '33' });
const guangdong = viewerOf('PROVINCIAL_PLATFORM', { province: '44' });

const inOrder = (...of: string[]): string[] => of.toSorted();

/** Reads heads of a graph whose sources are these, which are opened before the first test. */
function headsOf(sources: typeof local) {
  const source = (name = 'namelist'): Source => sources.get(name) as Source; // opened above

  const heads = async (viewer: Viewer, more: Partial<HeadAsk> = {}): Promise<readonly Head[]> =>
    source().heads(viewer, 'NAME_LIST', {
      codes: null,
      types: null,
      categories: null,
      provinces: null,
      sectors: null,
      knownAt: (await source().status()).sealed,
      validAt: daysFromNow(0),
      after: null,
      limit: 100,
      ...more,
    });

  const codes = async (viewer: Viewer, more: Partial<HeadAsk> = {}): Promise<string[]> =>
    (await heads(viewer, more)).map(({ uscc }) => uscc);
  return { source, heads, codes };
}

const deployments = [
  ['in one process', local],
  ['over HTTP', remote],
] as const;

describe.each(deployments)('%s: the content of a head and who receives it', (_where, sources) => {
  const { source, heads, codes } = headsOf(sources);

  test('a head has all that a change is matched by, and none of the content', async () => {
    const [{ record_id, recorded_at } = {}] = await graph.sql(
      'select record_id, recorded_at from namelist.entry where uscc = $1 and version = 2',
      [published],
    );
    expect(await heads(bank, { codes: [published] })).toEqual([
      {
        uscc: published,
        recordId: record_id,
        version: 2,
        recordedAt: (recorded_at as Date).toISOString(),
        disclosure_level: 'PUBLIC',
        public_from: LISTED_ON,
        public_until: TERM_UNTIL,
        withdrawn_on: null,
        erased_at: null,
        province: '33',
        sector: null,
        source_unit: AUTHORITY,
        determining_unit: AUTHORITY,
        type: 'SAMR_SERIOUS',
        category: 'SERIOUS',
        basis: { documentNo: '浙市监〔2026〕70号', legalBasis: '某办法第一条', validFrom: LISTED_ON },
      },
    ]);
    expect(
      (
        await source('evaluation').heads(bank, 'EVALUATION', {
          codes: [published],
          types: ['PUBLIC_CREDIT'],
          categories: null,
          provinces: null,
          sectors: null,
          knownAt: (await source('evaluation').status()).sealed,
          validAt: null,
          after: null,
          limit: 100,
        })
      ).map(({ uscc, type, category, basis }) => ({ uscc, type, category, basis })),
    ).toEqual([{ uscc: published, type: 'PUBLIC_CREDIT', category: null, basis: { validFrom: LISTED_ON } }]);
  });

  test('nobody receives heads of records that it may not see: not a bank, not a province', async () => {
    expect(await codes(bank, { codes: [shared] })).toEqual([]);
    expect(await codes(bank, { codes: [repaired] })).toEqual([]);
    expect(await codes(bank)).toEqual(inOrder(published, farAway));
    expect(await codes(guangdong)).toEqual(inOrder(published, farAway, shop, otherShop));
    expect(await codes(zhejiang)).toEqual(inOrder(published, shared, farAway, shop, otherShop));
    expect(await codes(centre)).toEqual(inOrder(published, shared, farAway, shop, otherShop));
    expect(await codes(auditor)).toEqual(inOrder(published, shared, repaired, farAway, shop, otherShop));
    expect(await codes(viewerOf('AUDITOR', { purpose: null }))).toEqual([]);
    expect(await codes(viewerOf('OPERATOR'))).toEqual([]);
  });

  test('self-employed businesses are returned in bulk for tasks of government alone, else one by one', async () => {
    expect(await codes(bank, { codes: [shop, otherShop] })).toEqual([]);
    expect(await codes(bank, { codes: [shop] })).toEqual([shop]);
    expect(await codes(viewerOf('SUBJECT', { organisation: shop }), { codes: [shop, otherShop] })).toEqual([shop]);
    expect(await codes(centre, { codes: [shop, otherShop] })).toEqual(inOrder(shop, otherShop));
  });
});

describe.each(deployments)('%s: what is asked of heads', (_where, sources) => {
  const { source, heads, codes } = headsOf(sources);

  test('filters narrow by what a change is matched by', async () => {
    expect(await codes(centre, { codes: [published, farAway, company(9)] })).toEqual(inOrder(published, farAway));
    expect(await codes(centre, { codes: [] })).toEqual([]);
    expect(await codes(centre, { types: ['ABNORMAL_OPERATION', 'TAX_GRADE_A'] })).toEqual([farAway]);
    expect(await codes(centre, { categories: ['SERIOUS'], provinces: ['33'] })).toEqual(
      inOrder(published, shared, shop, otherShop),
    );
    expect(await codes(centre, { provinces: ['44', '31'] })).toEqual([farAway]);
    expect(await codes(centre, { sectors: ['C'] })).toEqual([]);
  });

  test('the version is that believed at the instant, by the rights of now, also with a later validity', async () => {
    expect(
      (await heads(auditor, { codes: [published], knownAt: beforeCorrection })).map(({ version }) => version),
    ).toEqual([1]);
    expect(
      (await heads(auditor, { codes: [repaired], knownAt: beforeCorrection })).map(({ version, withdrawn_on }) => [
        version,
        withdrawn_on,
      ]),
    ).toEqual([[1, daysFromNow(0)]]);
    expect(await codes(bank, { codes: [repaired], knownAt: beforeCorrection })).toEqual([]);
    expect(await codes(centre, { codes: [future], validAt: daysFromNow(9) })).toEqual([]);
    expect(await codes(centre, { codes: [future], validAt: null })).toEqual([future]);
    await expect(heads(centre, { knownAt: new Date(Date.now() + 60_000).toISOString() })).rejects.toMatchObject({
      extensions: { code: 'KNOWN_AT_TOO_LATE' },
    });
  });

  test('pages follow each other in the order of codes and record ids, each full but the last', async () => {
    const all = await heads(auditor, { validAt: null });
    expect(all.map(({ uscc }) => uscc)).toEqual(inOrder(published, shared, repaired, future, farAway, shop, otherShop));
    const pages: (readonly Head[])[] = [];
    for (let last: Head | undefined = undefined; pages.length === 0 || last !== undefined; last = pages.at(-1)?.at(-1))
      pages.push(await heads(auditor, { validAt: null, limit: 3, after: last ?? null }));
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1, 0]);
    expect(pages.flat()).toEqual(all);
  });

  test('a subgraph has heads of its own topic alone', async () => {
    const ask = {
      codes: [],
      types: null,
      categories: null,
      provinces: null,
      sectors: null,
      knownAt: beforeCorrection,
      validAt: null,
      after: null,
      limit: 1,
    };
    await expect(source().heads(auditor, 'EVALUATION', ask)).rejects.toThrow(/no records of topic|HTTP status 404/);
  });
});

test('heads are returned for a passport of the gateway, and to nobody else', async () => {
  const url = server.url.replace('/graphql', '/heads?topic=NAME_LIST');
  const body = JSON.stringify({
    codes: null,
    types: null,
    categories: null,
    provinces: null,
    sectors: null,
    knownAt: beforeCorrection,
    validAt: null,
    after: null,
    limit: 10,
  });
  for (const authorization of ['', 'Passport nonsense', `Bearer ${graph.tokenOf('AUDITOR')}`]) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
    expect([response.status, await response.json()]).toEqual([
      401,
      { errors: [{ message: 'A passport of the gateway is needed.', extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
  }
});
