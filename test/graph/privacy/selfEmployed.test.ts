import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { lines, register } from '#test/support/registered.ts';

// Self-employed businesses are nearly persons: found by code or exact registered name alone, addresses to district
// level, none in bulk to finance.

const UNIT = composeUscc('11330000', 'MB1EEE31');
const shop = composeUscc('92330106', 'MA5EEE31');
const company = composeUscc('91330106', 'MA5EEE32');
const unknownShop = composeUscc('92330106', 'MA5EEE33');

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  await register(graph, 'entity', UNIT, ['entity']);
  await register(graph, 'evaluation', UNIT, ['evaluation']);
  const common = {
    DJ_ZT: '存续',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2015/05/05',
    DJ_DZ: '浙江省杭州市西湖区文三路199号2幢301室',
    DJ_DH: '0571-00000031',
    DJ_LYDW: '示例市监局',
    DJ_LYDWDM: UNIT,
  };
  await graph.file(
    'entity',
    lines([
      { ...common, DJ_SHXYM: shop, DJ_MC: '西湖区示例青禾小吃店', DJ_LX: '个体工商户' },
      { ...common, DJ_SHXYM: company, DJ_MC: '示例青禾餐饮有限公司', DJ_LX: '企业' },
    ]),
    { format: 'NDJSON' },
  );
  await register(graph, 'namelist', UNIT, ['name-list']);
  const listing = {
    MD_LX: '市场监督管理严重违法失信名单',
    MD_LRRQ: '2026/09/18',
    MD_LRSY: '严重违法',
    MD_FLYJ: '某办法第一条',
    MD_RDJG: '示例市监局',
    MD_RDJGDM: UNIT,
    MD_LYDW: '示例市监局',
    MD_LYDWDM: UNIT,
    MD_SYFW: '社会公开',
  };
  const entries = [shop, company].map((uscc) => ({
    ...listing,
    MD_XDR_MC: '示例主体',
    MD_XDR_SHXYM: uscc,
    MD_WSH: `示列〔2026〕${uscc.slice(-3)}号`,
  }));
  expect(await graph.file('name-list', lines(entries), { format: 'NDJSON' })).toMatchObject({ added: 2 });
  const grade = {
    PJ_FA: 'PUBLIC_CREDIT',
    PJ_FABB: '2026',
    PJ_DJ: 'B',
    PJ_RQ: '2026/06/30',
    PJ_DW: '示例中心',
    PJ_DWDM: UNIT,
    PJ_LYDW: '示例中心',
    PJ_LYDWDM: UNIT,
    PJ_SYFW: '社会公开',
  };
  await graph.file(
    'evaluation',
    lines([shop, company].map((uscc) => ({ ...grade, PJ_XDR_MC: '示例主体', PJ_XDR_SHXYM: uscc }))),
    { format: 'NDJSON' },
  );
});
afterAll(() => graph[Symbol.asyncDispose]());

const BULK = `query ($codes: [String!]!) {
  entities(codes: $codes) { input status reason entity { name } }
  creditFiles(codes: $codes) { input reason file { entity { name } evaluations { grade } } }
  evaluations(codes: $codes) { input reason entity { name } evaluations { grade } } }`;

const given = (uscc: string, name: string) => ({
  entity: { input: uscc, status: 'FOUND', reason: null, entity: { name } },
  file: { input: uscc, reason: null, file: { entity: { name }, evaluations: [{ grade: 'B' }] } },
  result: { input: uscc, reason: null, entity: { name }, evaluations: [{ grade: 'B' }] },
});
const [theShop, theCompany] = [given(shop, '西湖区示例青禾小吃店'), given(company, '示例青禾餐饮有限公司')];
const withheld = (uscc: string) => ({
  entity: { input: uscc, status: 'NOT_IN_BULK', reason: null, entity: null },
  file: { input: uscc, reason: 'NOT_IN_BULK', file: null },
  result: { input: uscc, reason: 'NOT_IN_BULK', entity: null, evaluations: null },
});
const answer = (...items: readonly ReturnType<typeof withheld | typeof given>[]) => ({
  entities: items.map(({ entity }) => entity),
  creditFiles: items.map(({ file }) => file),
  evaluations: items.map(({ result }) => result),
});

test.each(['PUBLIC', 'FINANCIAL_INSTITUTION', 'CREDIT_SERVICE_AGENCY', 'INDUSTRY_ASSOCIATION', 'SUBJECT'] as const)(
  '%s receives no self-employed business among several codes, known or not, and the answer says so',
  async (role) => {
    const { body } = await graph.query(role, BULK, { codes: [shop, company, unknownShop, ` ${shop.toLowerCase()}`] });
    expect(body.errors).toBeUndefined();
    const spelt = ` ${shop.toLowerCase()}`;
    expect(body.data).toEqual(answer(withheld(shop), theCompany, withheld(unknownShop), withheld(spelt)));
  },
);

test.each(['PUBLIC', 'FINANCIAL_INSTITUTION', 'CREDIT_SERVICE_AGENCY'] as const)(
  '%s gets it by its own code',
  async (role) => {
    const { body } = await graph.query(role, BULK, { codes: [shop, shop] });
    expect(body.errors).toBeUndefined();
    expect(body.data).toEqual(answer(theShop, theShop));
  },
);

test.each(['NATIONAL_CENTRE', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR'] as const)(
  '%s gets it among several codes',
  async (role) => {
    const { body } = await graph.query(role, BULK, { codes: [shop, company] });
    expect(body.errors).toBeUndefined();
    expect(body.data).toEqual(answer(theShop, theCompany));
  },
);

describe('lists over all entities', () => {
  const LISTS = `query ($shop: USCC!) {
    nameListEntries(filter: { categories: [SERIOUS] }, first: 10) { nodes { subject { uscc } } totalCount { value } }
    creditFile(uscc: $shop) { hasActiveSeriousListing nameListEntries(first: 10) { nodes { subject { uscc } } } } }`;
  const answerWith = (...codes: string[]) => ({
    nameListEntries: { nodes: codes.map((uscc) => ({ subject: { uscc } })), totalCount: { value: codes.length } },
    creditFile: { hasActiveSeriousListing: true, nameListEntries: { nodes: [{ subject: { uscc: shop } }] } },
  });
  test.each(['PUBLIC', 'FINANCIAL_INSTITUTION', 'CREDIT_SERVICE_AGENCY', 'INDUSTRY_ASSOCIATION', 'SUBJECT'] as const)(
    '%s finds no self-employed business there, and in its own file what stands',
    async (role) => {
      expect((await graph.query(role, LISTS, { shop })).body.data).toEqual(answerWith(company));
    },
  );

  test.each(['NATIONAL_CENTRE', 'PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'ASSESSOR'] as const)(
    '%s finds them all',
    async (role) => {
      const { nameListEntries, creditFile } = (await graph.query(role, LISTS, { shop })).body
        .data as unknown as ReturnType<typeof answerWith>;
      expect({
        nameListEntries: {
          ...nameListEntries,
          nodes: new Set(nameListEntries.nodes.map(({ subject }) => subject.uscc)),
        },
        creditFile,
      }).toEqual({
        ...answerWith(shop, company),
        nameListEntries: { nodes: new Set([shop, company]), totalCount: { value: 2 } },
      });
    },
  );
});

test('its address ends with the district for callers without a task there, and a company’s is whole', async () => {
  const document =
    '{ shop: entity(uscc: "' +
    shop +
    '") { address { text masked } } company: entity(uscc: "' +
    company +
    '") { address { text masked } } }';
  for (const role of ['PUBLIC', 'FINANCIAL_INSTITUTION'] as const) {
    const { body } = await graph.query(role, document);
    expect(body.data).toEqual({
      shop: { address: { text: '浙江省杭州市西湖区', masked: true } },
      company: { address: { text: '浙江省杭州市西湖区文三路199号2幢301室', masked: false } },
    });
  }
});

test('no part of its name finds it, for nobody; its whole registered name does', async () => {
  const document =
    'query ($text: String!) { searchEntities(query: $text, first: 10) { nodes { uscc } totalCount { value exact } } }';
  const found = (...codes: string[]) => ({
    searchEntities: { nodes: codes.map((uscc) => ({ uscc })), totalCount: { value: codes.length, exact: true } },
  });
  for (const role of ['PUBLIC', 'FINANCIAL_INSTITUTION', 'NATIONAL_CENTRE'] as const) {
    expect((await graph.query(role, document, { text: '示例青禾' })).body.data).toEqual(found(company));
    expect((await graph.query(role, document, { text: '西湖区示例青禾小吃' })).body.data).toEqual(found());
    expect((await graph.query(role, document, { text: '西湖区示例青禾小吃店' })).body.data).toEqual(found(shop));
  }
});

test('one that asks about itself gets itself, and no other of its kind', async () => {
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
      values (gen_random_uuid(), $1, 'SUBJECT', now() - interval '1 minute', 'test')`,
    [shop],
  );
  const token = graph.issuer.token({ role: 'SUBJECT', organisation: shop, purposes: ['OWN_FILE'] });
  const { body } = await graph.query(
    'SUBJECT',
    'query ($codes: [String!]!) { entities(codes: $codes) { status } }',
    { codes: [shop, company, unknownShop] },
    { token },
  );
  expect(body.data).toEqual({ entities: [{ status: 'FOUND' }, { status: 'FOUND' }, { status: 'NOT_IN_BULK' }] });
});
