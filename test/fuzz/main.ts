import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import { caseOf } from './generate.ts';
import { createPool } from './pool.ts';
import type { Outcome } from './run.ts';
import { shrink } from './shrink.ts';

// npm run fuzz -- --seeds 0..20000: random operations answered by the engine and by one plain schema. Flags and files:
// test/fuzz/README.md.

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0..1000' },
    workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    shrink: { type: 'string', default: '5' },
  },
});

const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(flags.seeds)?.map(Number) ?? [];
if (from === undefined || to === undefined || to <= from) {
  console.error('--seeds takes a range of whole numbers, the end not included, such as 0..20000.');
  process.exit(2);
}

await using pool = createPool(Number(flags.workers));
const started = performance.now();
const failures: { seed: number; outcome: Outcome & { status: 'failed' } }[] = [];
let next = from;
let passed = 0;

async function work(end: number): Promise<void> {
  while (next < end) {
    const seed = next;
    next += 1;
    const outcome = await pool.run({ seed });
    if (outcome.status === 'failed') {
      failures.push({ seed, outcome });
      const [problem] = outcome.problems;
      console.log(`seed ${seed} ${outcome.kind}: ${problem?.what ?? ''}${problem?.path ? ` at ${problem.path}` : ''}`);
    } else {
      passed += 1;
    }
    if ((passed + failures.length) % 1000 === 0)
      console.log(`${passed + failures.length} seeds, ${failures.length} failed, ${rate()} a second`);
  }
}

const rate = (): number => Math.round((passed + failures.length) / ((performance.now() - started) / 1000));

await Promise.all(Array.from({ length: pool.workers }, () => work(to)));
const perSecond = rate();

for (const { seed, outcome } of failures
  .toSorted((one, other) => one.seed - other.seed)
  .slice(0, Number(flags.shrink))) {
  const small = await shrink(caseOf(seed), outcome.kind, (given) => pool.run({ given }));
  const last = await pool.run({ given: small });
  const { kind, problems, engine, expected } = last.status === 'failed' ? last : outcome;
  console.log(
    [
      '',
      `seed ${seed}, ${kind}, world ${small.world}, fault ${JSON.stringify(small.fault)}, ${small.runs} runs`,
      small.text,
      `variables ${JSON.stringify(small.variables)}`,
      ...problems.map(({ what, path }) => `- ${what}${path ? ` at ${path}` : ''}`),
      `engine   ${JSON.stringify(engine)}`,
      `expected ${JSON.stringify(expected)}`,
      `kept     ${JSON.stringify(small)}`,
    ].join('\n'),
  );
}

console.log(`seeds ${from}..${to}: ${perSecond} operations a second`);
// The last line of every command that counts, as .ci/run adds them up.
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
