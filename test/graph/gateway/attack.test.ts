import { attackOnce, percentile, probeDuring } from '#test/hostile/attack.ts';
import { corpus } from '#test/hostile/corpus.ts';
import { standardBudgets } from '#policy/budgets.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { retainedBytes } from '#test/support/retained.ts';

// The corpus of hostile requests (test/hostile), once by one client and then by three at once beside a probe. `npm run
// attack` runs more of it.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ budgets: standardBudgets }); // of one address
});
afterAll(() => graph[Symbol.asyncDispose]());

test('every hostile request has its right answer, which reveals nothing and is never cached', async () => {
  expect(corpus.length).toBeGreaterThanOrEqual(150);
  expect(new Set(corpus.map(({ group, name }) => `${group} ${name}`)).size).toBe(corpus.length);
  const outcomes = await attackOnce(graph.url, Number.POSITIVE_INFINITY);
  expect(
    outcomes.flatMap(({ request, problem }) =>
      problem === null ? [] : [`${request.group}: ${request.name}: ${problem}`],
    ),
  ).toEqual([]);
}, 60_000);

test('beside three that attack a probe is answered, and memory comes back', async () => {
  const before = retainedBytes();
  const attack = Promise.all([1, 2, 3].map(() => attackOnce(graph.url, Number.POSITIVE_INFINITY)));
  const waits = await probeDuring(graph.url, attack);
  expect((await attack).flat().filter(({ problem }) => problem !== null)).toEqual([]);
  expect(percentile(waits, 0.99)).toBeLessThan(1000); // 250 ms on a machine of its own: npm run attack
  expect(retainedBytes() - before).toBeLessThan(20_000_000);
}, 120_000);
