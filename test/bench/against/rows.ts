import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SIZES } from '../changes/rows.ts';
import type { Bench } from '#test/bench/bench.ts';
import { AWAKE_SECONDS, compareChanges, IDLE, IDLE_MS, ROUND_SECONDS, STOPPED_SECONDS } from './changes.ts';
import { openCheckout } from './checkout.ts';
import type { CompareRows, Comparison } from './comparison.ts';
import { compareEngines } from './engines.ts';
import { compareFiles } from './files.ts';
import { compareIngest } from './ingest.ts';
import { type Compared, LEAST_PAIRS } from './pairs.ts';
import { openDeployment } from './settings.ts';

// npm run bench -- --against DIR: this checkout and another one, with rounds of both in turn, so that what a change
// costs is seen before what the machine does.

const HERE = resolve(import.meta.dirname, '../../..');

const parts: readonly (readonly [rows: readonly string[], compare: CompareRows])[] = [
  [['1', '2', '3'], compareEngines],
  [['4', '5'], compareFiles],
  [['6'], compareIngest],
  [['7', '8', '9', '10', '11'], compareChanges],
];

/**
 * @param compared takes what was compared, as it comes: a row that fails leaves those before it
 * @throws Error when no wanted row is compared, a checkout cannot be driven, or the two answer differently
 */
export async function runAgainst(
  bench: Bench,
  wanted: ReadonlySet<string>,
  other: string,
  compared: Compared[],
): Promise<void> {
  const due = parts.filter(([rows]) => rows.some((row) => wanted.has(row)));
  if (due.length === 0) throw new Error(`--against compares rows 1 to 11; --rows is "${[...wanted].join(',')}"`);
  await using stack = new AsyncDisposableStack();
  const directory = join(bench.settings.dataDir, 'against');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const logs = join(bench.settings.dataDir, 'against-logs');
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const comparison: Comparison = {
    ...bench,
    compared,
    directory,
    deployment: stack.use(await openDeployment()),
    here: await openCheckout('here', HERE, logs),
    there: await openCheckout('there', resolve(other), logs),
  };
  for (const [, compare] of due) await compare(comparison, wanted);
}

/** What the table says, and at which sizes it was measured. */
export const caption = ({ settings }: Bench, other: string): string =>
  [
    `Here against ${other}, in one run of ${settings.rounds} pairs of rounds, run next to each other.`,
    'Of every measure less is better. here, there: the medians by themselves. here/there: the median of the pairs.',
    `"no worse": the median is at most 5 % more, of at least ${LEAST_PAIRS} pairs.`,
    `Rows 4 and 5 are at BENCH_SCALE=${settings.scale}. Rows 6 to 11 are at the sizes of ci in every run, with shorter`,
    `rounds: row 6 files half as many licences; rows 7 and 8 take ${ROUND_SECONDS} s a round, row 11 ${STOPPED_SECONDS} s, without the closing;`,
    `before each of them, ${AWAKE_SECONDS} s of changes that are not counted;`,
    `row 9 looks at both checkouts at once, after ${IDLE_MS / 1000} s, and at what comes after the first ${IDLE.others};`,
    `row 10 catches up with the same ${SIZES.ci.events} changes each time.`,
  ].join('\n');
