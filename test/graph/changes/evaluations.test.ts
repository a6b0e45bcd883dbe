import { randomUUID } from 'node:crypto';
import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { newEntity, numbered, pageOf } from '#test/support/listings.ts';
import { type Cells, daysFromNow, know, lines } from '#test/support/registered.ts';
import { followBySse, followByWebSocket, type Message } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P9, P10, P11 for evaluations: the code that follows them is that of list entries, the source another.

const EVALUATOR = composeUscc('11330000', 'MB1EEE81');
const slashed = (days: number): string => daysFromNow(days).replaceAll('-', '/');

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const row = (uscc: string, grade: string): Cells => ({
  PJ_XDR_MC: '示例云帆零售有限公司',
  PJ_XDR_SHXYM: uscc,
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: grade,
  PJ_RQ: slashed(-30),
  PJ_YXQZ: slashed(300),
  PJ_DW: '示例中心',
  PJ_DWDM: EVALUATOR,
  PJ_LYDW: '示例中心',
  PJ_LYDWDM: EVALUATOR,
  PJ_SYFW: '社会公开',
});
async function evaluate(uscc: string, grade: string): Promise<void> {
  const filing = await graph.file('evaluation', lines([row(uscc, grade)]), { format: 'NDJSON' });
  expect(filing).toMatchObject({ rejected: 0 });
}

const FIELDS = `__typename
  ... on EvaluationChange { kind subject { uscc k: name } r: evaluation { grade evaluator { name } } }
  ... on NameListChange { subject { uscc } r: entry { grade: grounds } }`;
const STREAM = `subscription ($after: Cursor) { evaluationChanges(filter: {}, after: $after) { ${FIELDS} } }`;
const PAGE = `query ($after: Cursor, $first: Int!) { evaluationChanges(filter: {}, first: $first, after: $after) {
  endCursor hasMore events { ${FIELDS} } } }`;
const transports = [
  ['WebSocket', followByWebSocket],
  ['SSE', followBySse],
] as const;

const change = (kind: string, uscc: string, grade: string) => ({
  __typename: 'EvaluationChange',
  kind,
  subject: { uscc, k: '示例云帆零售有限公司' },
  r: { grade, evaluator: { name: '示例中心' } },
});
const delivered = ({ data, errors }: Message) => ({ event: data?.['evaluationChanges'], errors });
const endOfLog = async (): Promise<string> => pageOf(await graph.query('PUBLIC', PAGE, { first: 1000 })).endCursor;

/** A value that the source cannot give, in the place of one record's; and what takes it back. */
async function spoil(uscc: string): Promise<AsyncDisposable> {
  const set = async (name: string): Promise<void> => {
    await graph.sql(
      `begin; set local session_replication_role = replica;
       update evaluation.result set content = jsonb_set(content, '{evaluatorName}', '${name}'::jsonb)
       where uscc = '${uscc}'; commit`,
    );
  };
  await set('{"not": "text"}');
  return { [Symbol.asyncDispose]: () => set('"示例中心"') };
}

test.each(transports)(
  'by %s, by pages and in an export they are delivered alike, as each version was',
  async (_, follow) => {
    const uscc = newEntity();
    await know(graph, uscc);
    const after = await endOfLog();
    await using stream = await follow(graph.url, null, STREAM, { variables: { after } });
    await evaluate(uscc, 'B');
    await evaluate(uscc, 'A');
    const events = [change('ADDED', uscc, 'B'), change('CORRECTED', uscc, 'A')];
    for (const event of events) expect(delivered(await stream.event())).toEqual({ event, errors: undefined });
    expect(pageOf(await graph.query('PUBLIC', PAGE, { after, first: 10 }))).toEqual({
      endCursor: expect.any(String),
      hasMore: false,
      events,
    });
    const created = await graph.query(
      'NATIONAL_CENTRE',
      `mutation ($input: CreateExportInput!) {
        createExport(input: $input) { ... on ExportCreated { export { id } } }
      }`,
      {
        input: {
          idempotencyKey: randomUUID(),
          evaluationChanges: {},
          fields: '__typename kind subject { uscc k: name } r: evaluation { grade evaluator { name } }',
        },
      },
    );
    const { createExport } = created.body.data as { createExport: { export: { id: string } } };
    const [part] = await until('the export is complete', async () => {
      const { id } = createExport.export;
      const EXPORT = 'query ($id: ID!) { export(id: $id) { status parts { path } } }';
      const { body } = await graph.query('NATIONAL_CENTRE', EXPORT, { id });
      const { export: found } = body.data as { export: { status: string; parts: { path: string }[] } };
      return found.status === 'COMPLETED' && found.parts;
    });
    const headers = { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' };
    const rows = (await (await fetch(`${graph.url}${part?.path}`, { headers })).text()).trimEnd().split('\n');
    const mine = rows.map((line) => JSON.parse(line) as unknown).filter((each) => JSON.stringify(each).includes(uscc));
    expect(mine).toEqual([{ change: change('PRESENT', uscc, 'A') }]);
  },
);

test.each(transports)('one that its source cannot give waits, by %s, and a page ends before it', async (_, follow) => {
  const codes = [newEntity(), newEntity(), newEntity()] as const;
  for (const uscc of codes) await know(graph, uscc);
  const after = await endOfLog();
  for (const uscc of codes) await evaluate(uscc, 'B');
  await numbered(graph);
  const spoiled = await spoil(codes[1]);
  await using stream = await follow(graph.url, null, STREAM, { variables: { after } });
  expect(delivered(await stream.event())).toEqual({ event: change('ADDED', codes[0], 'B'), errors: undefined });
  const page = pageOf(await graph.query('PUBLIC', PAGE, { after, first: 10 }));
  expect(page).toEqual({ endCursor: expect.any(String), hasMore: true, events: [change('ADDED', codes[0], 'B')] });
  const refused = await graph.query('PUBLIC', PAGE, { after: page.endCursor, first: 10 });
  expect(refused.body).toEqual({
    data: { evaluationChanges: null },
    errors: [
      {
        message: expect.stringContaining('ask again'),
        path: ['evaluationChanges'],
        extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true, source: 'evaluation' },
      },
    ],
    extensions: {
      completeness: { status: 'PARTIAL', missing: [{ source: 'evaluation', paths: ['evaluationChanges'] }] },
    },
  });
  // It was tried again meanwhile, and nobody has moved past it.
  expect(stream.waiting()).toEqual([]);
  await spoiled[Symbol.asyncDispose]();
  for (const uscc of codes.slice(1)) {
    expect(delivered(await stream.event())).toEqual({ event: change('ADDED', uscc, 'B'), errors: undefined });
  }
});
