import { correctMaximum, endsOf, recompute, runsOf, startWithPenalties } from './correctedRuleSet.ts';

test('a corrected rule set computes 100 000 records again, in a run that is cut off twice', async () => {
  const COUNT = 100_000;
  await using graph = await startWithPenalties(COUNT);
  await correctMaximum(graph, 6);
  const began = performance.now();
  await expect(recompute(graph, 20.5)).rejects.toThrow('cut off');
  await expect(recompute(graph, 50.1)).rejects.toThrow('cut off');
  expect(await recompute(graph)).toBe(COUNT - 70_000);
  console.log(`${COUNT} records were computed again in ${Math.round(performance.now() - began)} ms`);
  expect(await endsOf(graph)).toEqual([{ version: 2, until: '2027-01-01', acts: COUNT }]);
  expect(await runsOf(graph)).toEqual([
    { finishedAt: expect.any(String), examined: COUNT, shortened: COUNT, withheld: 0, leftAsStated: 0 },
  ]);
}, 300_000);
