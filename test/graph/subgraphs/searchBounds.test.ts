import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { newEntity } from '#test/support/listings.ts';
import { know } from '#test/support/registered.ts';

// A search has a deadline of its own and a bulkhead: a caller with many searches delays its own alone (cases A7), and
// lookups by code are not delayed.

let graph: TestGraph;
const CODE = newEntity();
beforeAll(async () => {
  graph = await startGraph();
  await know(graph, CODE);
});
afterAll(() => graph[Symbol.asyncDispose]());

const search = (n: number) =>
  graph.query('PUBLIC', `{ searchEntities(query: "示例${n}", first: 1) { nodes { uscc } } }`);

test('hanging searches end at their deadline, too many are refused, and a code is answered', async () => {
  // A search reads this table first; a lookup by code never does.
  await graph.sql('begin');
  await graph.sql('lock table entity.name in access exclusive mode');
  try {
    const asked = Array.from({ length: 60 }, (_, n) => search(n));
    const [first] = await Promise.all([
      graph.query('PUBLIC', `{ entity(uscc: "${CODE}") { uscc } }`),
      Promise.race(asked),
    ]);
    expect(first.body).toMatchObject({ data: { entity: { uscc: CODE } } });
    const answers = await Promise.all(asked);
    const errors = answers.map(({ body }) => body.errors?.[0]?.extensions);
    expect(new Set(errors.map((each) => each?.['code']))).toEqual(new Set(['DEADLINE', 'RATE_LIMITED']));
    expect(errors.every((each) => each?.['retryable'] === true)).toBe(true);
    // An answer that is not there is null, and said to be missing: it is no empty list.
    expect(answers.map(({ body }) => body.data?.['searchEntities'] ?? null)).toEqual(answers.map(() => null));
  } finally {
    await graph.sql('rollback');
  }
  expect((await search(1)).body).toMatchObject({ data: { searchEntities: { nodes: expect.any(Array) } } });
});
