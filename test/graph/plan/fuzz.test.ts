import { readFileSync } from 'node:fs';
import { caseOf } from '#test/fuzz/generate.ts';
import { createPool } from '#test/fuzz/pool.ts';
import type { Pool } from '#test/fuzz/pool.ts';
import type { FuzzCase } from '#test/fuzz/run.ts';

// `npm run fuzz -- --seeds A..B` runs more of them and shrinks what fails: see test/fuzz/README.md.

// Our own file.
const kept = JSON.parse(readFileSync(new URL('../../fuzz/kept.json', import.meta.url), 'utf8')) as FuzzCase[];
const SEEDS = 150;

let pool: Pool;
beforeAll(() => {
  pool = createPool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

test('operations that once went wrong are answered as one plain schema answers them', async () => {
  const outcomes = await Promise.all(kept.map(async (given) => ({ given, outcome: await pool.run({ given }) })));
  expect(outcomes.filter(({ outcome }) => outcome.status !== 'passed')).toEqual([]);
});

test('random operations are answered as one plain schema answers them', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: SEEDS }, async (_, seed) => ({ seed, outcome: await pool.run({ seed }) })),
  );
  expect(outcomes.filter(({ outcome }) => outcome.status !== 'passed')).toEqual([]);
});

test('a seed is always the same valid operation', () => {
  for (let seed = 0; seed < 20; seed += 1) expect(caseOf(seed)).toEqual(caseOf(seed));
});
