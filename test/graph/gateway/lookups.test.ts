import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type Reply, type TestGraph } from '#test/support/graph.ts';
import { lines, register } from '#test/support/registered.ts';

// What batches of codes answer about each code, as the public: no answer about an unknown code looks clean.

const UNIT = composeUscc('11330000', 'MB1EEE41');
const graded = composeUscc('91330106', 'MA5EEE41');
const ungraded = composeUscc('91330106', 'MA5EEE42');
const replaced = composeUscc('91330106', 'MA5EEE43');
const unknown = composeUscc('91330106', 'MA5EEE44');
const shop = composeUscc('92330106', 'MA5EEE45');
const invalid = `${unknown.slice(0, 17)}${unknown.endsWith('0') ? '1' : '0'}`;

let graph: TestGraph;
/** The same without the register. */
let without: TestGraph;
let beforeAny: string;
beforeAll(async () => {
  graph = await startGraph();
  await graph.gateway.sources.refresh();
  beforeAny = await graph.gateway.sources.sealed();
  await register(graph, 'entity', UNIT, ['entity']);
  await register(graph, 'evaluation', UNIT, ['evaluation']);
  const registered = {
    DJ_LX: '企业',
    DJ_ZT: '存续',
    DJ_QHDM: '330106',
    DJ_CLRQ: '2015/05/05',
    DJ_LYDW: '示例市监局',
    DJ_LYDWDM: UNIT,
  };
  const receipt = await graph.file(
    'entity',
    lines([
      { ...registered, DJ_SHXYM: graded, DJ_MC: '示例青竹有限公司' },
      { ...registered, DJ_SHXYM: ungraded, DJ_MC: '示例白石有限公司' },
      { ...registered, DJ_SHXYM: replaced, DJ_MC: '示例旧号有限公司', DJ_ZT: '注销', DJ_CXDM: graded },
      { ...registered, DJ_SHXYM: shop, DJ_MC: '西湖区示例青竹小吃店', DJ_LX: '个体工商户' },
    ]),
    { format: 'NDJSON' },
  );
  expect(receipt).toMatchObject({ added: 4 });
  const grade = {
    PJ_XDR_MC: '示例主体',
    PJ_XDR_SHXYM: graded,
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
  await graph.file('evaluation', lines([grade]), { format: 'NDJSON' });
  without = await startGraph({ database: graph.database, absent: ['entity'] });
});
afterAll(async () => {
  await without[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});

const codes = [graded, ungraded, replaced, unknown, '', invalid, shop];
const statuses = ['FOUND', 'FOUND', 'SUPERSEDED', 'UNKNOWN', 'MISSING', 'INVALID', 'NOT_IN_BULK'];
const successors = [null, null, graded, null, null, null, null];
const reasons = [null, null, null, null, 'PLACEHOLDER', 'CHECK_CHARACTER', 'NOT_IN_BULK'];

/** Asks three times: from the second on, answers come from compiled projections. */
async function ask(of: TestGraph, query: string, variables: Record<string, unknown>): Promise<Reply['body']> {
  const replies = [];
  for (let times = 0; times < 3; times += 1) replies.push(await of.query('PUBLIC', query, variables));
  const [first] = replies as [Reply, ...Reply[]];
  for (const { text } of replies) expect(text).toBe(first.text);
  return first.body;
}
const errorsOf = ({ errors = [] }: Reply['body']): unknown[] =>
  errors.map(({ path, extensions }) => [path, extensions['code']]);

describe('the status of a code', () => {
  test.each([
    ['entities', 'entity { uscc }'],
    ['creditFiles', ''],
    ['creditFiles', 'file { uscc }'],
    ['creditFiles', 'file { nameListEntries(first: 1) { nodes { id } } }'],
    ['creditFiles', 'file { evaluations { grade } administrativeActs(first: 1) { nodes { id } } }'],
    ['evaluations', ''],
    ['evaluations', 'evaluations { grade }'],
    ['evaluations', 'entity { name }'],
  ])('is the same in %s, whatever else is asked: %j', async (batch, more) => {
    const { data } = await ask(
      graph,
      `query ($codes: [String!]!) { ${batch}(codes: $codes) { input status reason successor ${more} } }`,
      { codes },
    );
    expect((data?.[batch] as { status: string }[] | undefined)?.map(({ status }) => status)).toEqual(statuses);
    expect(data).toEqual({
      [batch]: codes.map((input, index) =>
        expect.objectContaining({
          input,
          status: statuses[index],
          successor: successors[index],
          // `entities` says it with the status alone.
          reason: batch === 'entities' && statuses[index] === 'NOT_IN_BULK' ? null : reasons[index],
        }),
      ),
    });
  });

  test('is the one of resolveIdentifier for a code of the scheme USCC', async () => {
    const given = [graded, replaced, unknown, '', invalid];
    const query = given.map(
      (value, index) => `r${index}: resolveIdentifier(scheme: "USCC", value: "${value}") { status }`,
    );
    const { data } = await ask(graph, `{ ${query.join(' ')} }`, {});
    expect(Object.values(data ?? {})).toEqual(
      ['FOUND', 'SUPERSEDED', 'UNKNOWN', 'MISSING', 'INVALID'].map((status) => [{ status }]),
    );
  });

  test('is of the instant asked for: before anything was recorded no code is known', async () => {
    const { data } = await ask(
      graph,
      `query ($codes: [String!]!, $knownAt: DateTime) {
        creditFiles(codes: $codes, knownAt: $knownAt) { status successor }
        evaluations(codes: $codes, knownAt: $knownAt) { status successor }
      }`,
      { codes: [graded, replaced, invalid], knownAt: beforeAny },
    );
    const items = ['UNKNOWN', 'UNKNOWN', 'INVALID'].map((status) => ({ status, successor: null }));
    expect(data).toEqual({ creditFiles: items, evaluations: items });
  });
});

describe('an unknown code', () => {
  test('has no results, with NOT_FOUND and its path; a known one that was not evaluated has none', async () => {
    const body = await ask(
      graph,
      `query ($codes: [String!]!) {
        evaluations(codes: $codes) { input all: evaluations { grade } again: evaluations { grade scheme { code } } }
      }`,
      { codes },
    );
    const found = (input: string) => ({
      input,
      all: [{ grade: 'B' }],
      again: [{ grade: 'B', scheme: { code: 'PUBLIC_CREDIT' } }],
    });
    const nothing = (input: string) => ({ input, all: null, again: null });
    expect(body.data).toEqual({
      evaluations: [
        found(graded),
        { input: ungraded, all: [], again: [] },
        { input: replaced, all: [], again: [] },
        nothing(unknown),
        nothing(''),
        nothing(invalid),
        nothing(shop),
      ],
    });
    expect(errorsOf(body)).toEqual([
      [['evaluations', 3, 'again'], 'NOT_FOUND'],
      [['evaluations', 3, 'all'], 'NOT_FOUND'],
    ]);
    expect(body.extensions).toEqual({ completeness: { status: 'COMPLETE', missing: [] } });
  });

  test('has no file anywhere, and each error has the path of its file', async () => {
    const body = await ask(
      graph,
      `query ($codes: [String!]!, $unknown: USCC!, $graded: USCC!) {
        one: creditFile(uscc: $unknown) { evaluations { grade } }
        many: creditFiles(codes: $codes) { status file { evaluations { grade } } }
        entity(uscc: $unknown) { name }
        known: creditFile(uscc: $graded) { evaluations { grade } }
      }`,
      { codes: [unknown, graded, unknown], unknown, graded },
    );
    expect(body.data).toEqual({
      one: null,
      many: [
        { status: 'UNKNOWN', file: null },
        { status: 'FOUND', file: { evaluations: [{ grade: 'B' }] } },
        { status: 'UNKNOWN', file: null },
      ],
      entity: null,
      known: { evaluations: [{ grade: 'B' }] },
    });
    expect(errorsOf(body)).toEqual([
      [['entity'], 'NOT_FOUND'],
      [['many', 0, 'file'], 'NOT_FOUND'],
      [['many', 2, 'file'], 'NOT_FOUND'],
      [['one'], 'NOT_FOUND'],
    ]);
  });

  test('a scheme that does not exist is refused once, whichever source is asked', async () => {
    const body = await ask(
      graph,
      'query ($codes: [String!]!) { evaluations(codes: $codes, schemes: ["NONE"]) { status evaluations { grade } } }',
      { codes },
    );
    expect([body.data, errorsOf(body)]).toEqual([{ evaluations: null }, [[['evaluations'], 'BAD_USER_INPUT']]]);
  });
});

// While the register does not answer.
const unavailable = (...path: (string | number)[]) => [path, 'SUBGRAPH_UNAVAILABLE'];
const UNAVAILABLE = codes.map(() => 'UNAVAILABLE');
const statusesOf = (items: unknown): unknown => (items as { status: string }[]).map(({ status }) => status);

test('without the register the status is UNAVAILABLE with an error, and results that are there are given', async () => {
  const body = await ask(
    without,
    'query ($codes: [String!]!) { evaluations(codes: $codes) { status successor evaluations { grade } } }',
    { codes },
  );
  expect(statusesOf(body.data?.['evaluations'])).toEqual(UNAVAILABLE);
  expect(body.data).toEqual({
    evaluations: codes.map((code) => ({
      status: 'UNAVAILABLE',
      successor: null,
      evaluations: code === graded ? [{ grade: 'B' }] : null,
    })),
  });
  expect(errorsOf(body)).toEqual([
    unavailable('evaluations', '@', 'evaluations'),
    unavailable('evaluations', '@', 'status'),
    unavailable('evaluations', '@', 'successor'),
  ]);
  expect(body.extensions).toEqual({
    completeness: {
      status: 'PARTIAL',
      missing: [
        {
          source: 'entity',
          paths: ['evaluations.@.evaluations', 'evaluations.@.status', 'evaluations.@.successor'],
        },
      ],
    },
  });
});

test('without the register no results are null with the reason, though no status is asked for', async () => {
  const body = await ask(
    without,
    'query ($codes: [String!]!) { evaluations(codes: $codes) { e: evaluations { grade } } }',
    {
      codes: [graded, ungraded, unknown],
    },
  );
  expect([body.data, errorsOf(body)]).toEqual([
    { evaluations: [{ e: [{ grade: 'B' }] }, { e: null }, { e: null }] },
    [unavailable('evaluations', '@', 'e')],
  ]);
});

test('without the register files of which other sources give their part say UNAVAILABLE, too', async () => {
  const body = await ask(
    without,
    'query ($codes: [String!]!) { creditFiles(codes: $codes) { status file { uscc evaluations { grade } } } }',
    { codes: [graded, unknown] },
  );
  expect(body.data).toEqual({
    creditFiles: [
      { status: 'UNAVAILABLE', file: { uscc: graded, evaluations: [{ grade: 'B' }] } },
      { status: 'UNAVAILABLE', file: { uscc: unknown, evaluations: [] } },
    ],
  });
  expect(errorsOf(body)).toEqual([unavailable('creditFiles', '@', 'file'), unavailable('creditFiles', '@', 'status')]);
  expect(body.extensions).toEqual({
    completeness: {
      status: 'PARTIAL',
      missing: [{ source: 'entity', paths: ['creditFiles.@.file', 'creditFiles.@.status'] }],
    },
  });
});

test('without the register a file that other sources give is not complete: its code may be unknown', async () => {
  const body = await ask(without, 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { grade } } }', {
    uscc: unknown,
  });
  expect([body.data, errorsOf(body)]).toEqual([{ creditFile: { evaluations: [] } }, [unavailable('creditFile')]]);
  expect(body.extensions).toEqual({
    completeness: { status: 'PARTIAL', missing: [{ source: 'entity', paths: ['creditFile'] }] },
  });
});

test.each(['entities', 'creditFiles'])('%s that only the register answers is null with the reason', async (batch) => {
  const body = await ask(without, `query ($codes: [String!]!) { ${batch}(codes: $codes) { input status } }`, {
    codes,
  });
  expect([body.data, errorsOf(body)]).toEqual([{ [batch]: null }, [unavailable(batch)]]);
});
