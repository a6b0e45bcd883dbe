import { GraphQLError } from 'graphql';
import { createRetryBudget, readTwice } from './retry.ts';

const lost = { errors: [new GraphQLError('x', { originalError: Object.assign(new Error('x'), { code: '57P01' }) })] };
const slow = { errors: [new GraphQLError('x', { originalError: Object.assign(new Error('x'), { code: '57014' }) })] };

/** @returns what came back and how often it ran */
async function run(results: readonly object[], budget = createRetryBudget(), signal?: AbortSignal) {
  let runs = 0;
  const result = await readTwice(budget, signal, () =>
    Promise.resolve(results[Math.min(runs++, results.length - 1)] as { errors?: readonly GraphQLError[] }),
  );
  return { result, runs };
}

test('a read under which a connection was lost runs once more, and not a third time', async () => {
  expect(await run([lost, { data: 1 }])).toEqual({ result: { data: 1 }, runs: 2 });
  expect(await run([lost, lost, { data: 1 }])).toEqual({ result: lost, runs: 2 });
});

test('one that took too long does not, nor one whose caller has gone, nor one that went well', async () => {
  expect((await run([slow])).runs).toBe(1);
  expect((await run([lost], createRetryBudget(), AbortSignal.abort())).runs).toBe(1);
  expect((await run([{ data: 1 }])).runs).toBe(1);
});

test('while all fail, of a hundred reads ten are asked again, and ten that were saved', async () => {
  const budget = createRetryBudget();
  let runs = 0;
  for (let index = 0; index < 100; index += 1) runs += (await run([lost], budget)).runs;
  expect(runs).toBeLessThanOrEqual(120);
  expect(runs).toBeGreaterThan(110);
});
