import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { know } from '#test/support/registered.ts';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';

// A response key that stands for one field in one fragment, and for another in another, is what its own fragment asked
// for.

let graph: TestGraph;
const uscc = newEntity();
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, uscc);
  await list(graph, { uscc });
  await numbered(graph);
});
afterAll(() => graph[Symbol.asyncDispose]());

const SELECTION = `
  __typename
  ... on NameListChange { subject { k: name } r: entry { g: grounds } }
  ... on EvaluationChange { subject { k: phone } r: evaluation { g: grade } }`;
const expected = { __typename: 'NameListChange', subject: { k: '示例云帆零售有限公司' }, r: { g: '示例事由' } };

test.each(['PUBLIC', 'NATIONAL_CENTRE'] as const)('in a page, to %s', async (role) => {
  const { body } = await graph.query(
    role,
    `{ nameListChanges(filter: {}, first: 2) { hasMore events { ${SELECTION} } } }`,
  );
  expect(body.data).toEqual({ nameListChanges: { hasMore: false, events: [expected] } });
});

test.each([
  ['WebSocket', followByWebSocket],
  ['SSE', followBySse],
] as const)('in a stream over %s', async (_, follow) => {
  const place = (
    await graph.query(
      'NATIONAL_CENTRE',
      '{ nameListChanges(filter: {}, first: 1) { endCursor events { ... on NameListChange { cursor } } } }',
    )
  ).body.data as { nameListChanges: { endCursor: string } };
  await using stream = await follow(
    graph.url,
    graph.tokenOf('NATIONAL_CENTRE'),
    `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${SELECTION} } }`,
    { variables: { after: place.nameListChanges.endCursor } },
  );
  await list(graph, { uscc, grounds: '更正事由' });
  const { data, errors } = await stream.event();
  expect({ data, errors }).toEqual({
    data: { nameListChanges: { ...expected, r: { g: '更正事由' } } },
    errors: undefined,
  });
  await list(graph, { uscc });
});
