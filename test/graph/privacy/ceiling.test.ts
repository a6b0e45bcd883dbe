import { standardBudgets } from '#policy/budgets.ts';
import { composeUscc } from '#standards/uscc.ts';
import { INIT, openFrames, subscribe } from '#test/support/transports.ts';
import { type Reply, startGraph, type TestGraph } from '#test/support/graph.ts';
import { lines, register } from '#test/support/registered.ts';

// The number of self-employed businesses that one caller may learn of in a day, over all kinds of requests. Each test
// has an address of its own.

const UNIT = composeUscc('11330000', 'MB1EEE41');
const shops = Array.from({ length: 6 }, (_, index) => composeUscc('92330106', `MA5EEF4${index}`));
const nameOf = (index: number): string => `西湖区示例第${'一二三四五六'[index]}小吃店`;
const company = composeUscc('91330106', 'MA5EEF51');
const unknown = composeUscc('92330106', 'MA5EEF61');
const budgets = Object.fromEntries(
  Object.entries(standardBudgets).map(([role, budget]) => [
    role,
    { ...budget, selfEmployedADay: role === 'SECTOR_REGULATOR' ? 4 : 2 },
  ]),
) as typeof standardBudgets;

let graph: TestGraph;
let ids: string[];
beforeAll(async () => {
  graph = await startGraph({ budgets, trustedProxies: ['127.0.0.1'] });
  await register(graph, 'entity', UNIT, ['entity']);
  await register(graph, 'namelist', UNIT, ['name-list']);
  await register(graph, 'evaluation', UNIT, ['evaluation']);
  const common = {
    DJ_ZT: '存续',
    DJ_HY: 'F5211',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2015/05/05',
    DJ_LYDW: '示例市监局',
    DJ_LYDWDM: UNIT,
  };
  await graph.file(
    'entity',
    lines([
      ...shops.map((uscc, index) => ({ ...common, DJ_SHXYM: uscc, DJ_MC: nameOf(index), DJ_LX: '个体工商户' })),
      { ...common, DJ_SHXYM: company, DJ_MC: '示例餐饮有限公司', DJ_LX: '企业' },
    ]),
    { format: 'NDJSON' },
  );
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
  await graph.file(
    'name-list',
    lines(
      shops.map((uscc) => ({
        ...listing,
        MD_XDR_MC: '示例主体',
        MD_XDR_SHXYM: uscc,
        MD_WSH: `示列〔2026〕${uscc.slice(-3)}号`,
      })),
    ),
    { format: 'NDJSON' },
  );
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
    lines(shops.map((uscc) => ({ ...grade, PJ_XDR_MC: '示例主体', PJ_XDR_SHXYM: uscc }))),
    { format: 'NDJSON' },
  );
  const { body } = await graph.query(
    'NATIONAL_CENTRE',
    `{ ${shops
      .slice(0, 2)
      .map((uscc, index) => `f${index}: creditFile(uscc: "${uscc}") { nameListEntries(first: 1) { nodes { id } } }`)
      .join(' ')} }`,
  );
  ids = Object.values(body.data as Record<string, { nameListEntries: { nodes: { id: string }[] } }>).flatMap(
    ({ nameListEntries: { nodes } }) => nodes.map(({ id }) => id),
  );
});
afterAll(() => graph[Symbol.asyncDispose]());

const ask = (address: string, query: string, variables: Record<string, unknown> = {}): Promise<Reply> =>
  graph.query('PUBLIC', query, variables, { headers: { 'x-forwarded-for': address } });

const refused = {
  errors: [
    {
      message: expect.stringContaining('You may learn of 2 self-employed businesses a day'),
      extensions: {
        code: 'RATE_LIMITED',
        reason: 'SELF_EMPLOYED',
        expected: 'at most 2 codes of self-employed businesses a day',
        retryable: true,
        retryAfter: expect.any(Number),
      },
    },
  ],
};
const one =
  (field: string) =>
  (index: number): readonly [string, Record<string, unknown>] => [
    `query ($uscc: USCC!) { ${field} }`,
    { uscc: shops[index] as string },
  ];

const ways: readonly (readonly [name: string, ask: (index: number) => readonly [string, Record<string, unknown>]])[] = [
  ['entity', one('entity(uscc: $uscc) { name }')],
  ['creditFile', one('creditFile(uscc: $uscc) { entity { name } }')],
  ['the verdict of a file', one('creditFile(uscc: $uscc) { hasActiveSeriousListing }')],
  ['a file over an entity', one('entity(uscc: $uscc) { creditFile { evaluations { grade } } }')],
  [
    'a batch of one',
    (index) => [
      'query ($codes: [String!]!) { entities(codes: $codes) { entity { name } } }',
      { codes: [shops[index]] },
    ],
  ],
  [
    'a batch of files',
    (index) => [
      'query ($codes: [String!]!) { creditFiles(codes: $codes) { file { evaluations { grade } } } }',
      { codes: [shops[index]] },
    ],
  ],
  ['whether a code is known at all', one('creditFile(uscc: $uscc) { uscc }')],
  ['commitments', one('creditFile(uscc: $uscc) { commitments(first: 1) { nodes { id } } }')],
  ['how many entries there are', one('creditFile(uscc: $uscc) { nameListEntries(first: 1) { totalCount { value } } }')],
  [
    'evaluations',
    (index) => [
      'query ($codes: [String!]!) { evaluations(codes: $codes) { evaluations { grade } } }',
      { codes: [` ${shops[index]?.toLowerCase()}`] },
    ],
  ],
  [
    'resolveIdentifier',
    (index) => [
      'query ($value: String!) { resolveIdentifier(scheme: "USCC", value: $value) { entity { status } } }',
      { value: shops[index] },
    ],
  ],
  [
    'search by its whole name',
    (index) => [
      'query ($name: String!) { searchEntities(query: $name, first: 5) { nodes { status } } }',
      { name: nameOf(index) },
    ],
  ],
];

test.each(ways.map(([name, way], index) => [name, way, `192.0.2.${index + 1}`] as const))(
  'by %s: two a day, again as often as one likes, and no third',
  async (_, way, address) => {
    for (const index of [0, 1, 1, 0]) expect((await ask(address, ...way(index))).body.errors).toBeUndefined();
    const third = await ask(address, ...way(2));
    expect([third.status, third.body]).toEqual([429, refused]);
    expect(third.text).not.toContain('示例');
    expect(Number(third.headers.get('retry-after'))).toBe(third.body.errors?.[0]?.extensions['retryAfter']);
    expect((await ask(address, ...way(0))).status).toBe(200);
  },
);

describe.each([
  ['GET', '203.0.113.1', 'application/json'],
  ['SSE by POST', '203.0.113.2', 'text/event-stream'],
  ['SSE by GET', '203.0.113.3', 'text/event-stream'],
] as const)('by %s', (name, address, accept) => {
  test('it is the same number: two by POST, and no third', async () => {
    const { url } = graph;
    const asked = (index: number) => ({
      query: 'query ($uscc: USCC!) { entity(uscc: $uscc) { name } }',
      variables: { uscc: shops[index] },
    });
    for (const index of [0, 1])
      expect((await ask(address, asked(index).query, asked(index).variables)).status).toBe(200);
    const { query, variables } = asked(2);
    const headers = {
      accept,
      'content-type': 'application/json',
      'apollo-require-preflight': '1',
      'x-forwarded-for': address,
    };
    const response = name.endsWith('GET')
      ? await fetch(`${url}/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`, {
          headers,
        })
      : await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const text = await response.text();
    // An EventSource comes back later, and receives nothing meanwhile.
    if (name === 'SSE by GET')
      expect([response.status, text]).toEqual([200, expect.stringMatching(/^retry: \d+\n: RATE_LIMITED\n\n$/)]);
    else expect([response.status, JSON.parse(text)]).toEqual([429, refused]);
  });
});

test('by WebSocket it is the same number: two by POST, and no third', async () => {
  const address = '203.0.113.4';
  const asked = (index: number): readonly [string, Record<string, unknown>] => ways[0]?.[1](index) ?? ['', {}];
  for (const index of [0, 1]) expect((await ask(address, ...asked(index))).status).toBe(200);
  await using frames = await openFrames(graph.url, { headers: { 'x-forwarded-for': address } });
  frames.send(INIT);
  expect(await frames.next()).toEqual({ type: 'connection_ack' });
  frames.send(subscribe('third', ...asked(2)), subscribe('first', ...asked(0)));
  expect(await frames.next()).toEqual({ id: 'third', type: 'error', payload: refused.errors });
  expect(await frames.next()).toMatchObject({
    id: 'first',
    type: 'next',
    payload: { data: { entity: { name: nameOf(0) } } },
  });
});

test('by aliases all at once: nothing of three, and two of two', async () => {
  const aliases = (count: number): string =>
    `{ ${shops
      .slice(0, count)
      .map((uscc, index) => `e${index}: entity(uscc: "${uscc}") { name }`)
      .join(' ')} }`;
  expect((await ask('198.51.100.1', aliases(3))).body).toEqual(refused);
  expect((await ask('198.51.100.1', aliases(2))).body.data).toEqual({
    e0: { name: nameOf(0) },
    e1: { name: nameOf(1) },
  });
});

test('by different ways one after the other, and by ids of records', async () => {
  for (const id of ids)
    expect(
      (await ask('198.51.100.2', 'query ($id: ID!) { record(id: $id) { version } }', { id })).body.errors,
    ).toBeUndefined();
  expect((await ask('198.51.100.2', ...(ways[0]?.[1](2) ?? (['', {}] as const)))).body).toEqual(refused);
});

test('a code that nobody has is counted as one that somebody has', async () => {
  const query = (uscc: string) =>
    ask('198.51.100.3', 'query ($uscc: USCC!) { entity(uscc: $uscc) { name } }', { uscc });
  expect((await query(unknown)).body.errors?.[0]?.extensions['code']).toBe('NOT_FOUND');
  expect((await query(shops[0] as string)).status).toBe(200);
  expect((await query(shops[1] as string)).body).toEqual(refused);
});

test('companies are not counted', async () => {
  for (let turn = 0; turn < 3; turn += 1)
    expect(
      (await ask('198.51.100.4', 'query ($uscc: USCC!) { entity(uscc: $uscc) { name } }', { uscc: company })).status,
    ).toBe(200);
});

test('a regulator whose task it is has its own number, in lists and batches', async () => {
  const list =
    'query ($first: Int!) { nameListEntries(filter: { categories: [SERIOUS] }, first: $first) { nodes { version } } }';
  expect((await graph.query('SECTOR_REGULATOR', list, { first: 4 })).body.errors).toBeUndefined();
  expect((await graph.query('SECTOR_REGULATOR', list, { first: 6 })).body.errors?.[0]?.extensions).toMatchObject({
    code: 'RATE_LIMITED',
    reason: 'SELF_EMPLOYED',
  });
  expect(
    (
      await graph.query(
        'NATIONAL_CENTRE',
        'query ($codes: [String!]!) { entities(codes: $codes) { entity { name } } }',
        { codes: shops },
      )
    ).body.errors?.[0]?.extensions,
  ).toMatchObject({ code: 'RATE_LIMITED', reason: 'SELF_EMPLOYED' });
});
