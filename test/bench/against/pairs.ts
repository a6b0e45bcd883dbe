import { median } from '#test/bench/measure.ts';
import { aligned, percent } from '#test/bench/results.ts';

/** What one round of a checkout came to, by measure. Of every measure less is better. */
export type Figures = Readonly<Record<string, number>>;
export type Round = () => Promise<Figures>;

/** A measure of a row: what came of it here and there, in rounds that were run next to each other. */
export interface Compared {
  readonly row: string;
  readonly measure: string;
  readonly pairs: readonly Pair[];
}

interface Pair {
  readonly here: number;
  readonly there: number;
}

export interface Schedule {
  readonly pairs: number;
  /** How often the processes are started anew: two of the same code differ for as long as they live. */
  readonly lives: number;
  /** Rounds at the beginning of a life that are not counted. */
  readonly warmUp: number;
  /** Both checkouts at once, where one does not disturb the other. */
  readonly atOnce?: boolean;
}

/** With fewer nothing is judged. */
export const LEAST_PAIRS = 15;
const WORSE_RATIO_LIMIT = 1.05;

/**
 * Runs rounds of both checkouts in turn, each pair in the other order than the one before.
 * @param open starts the processes of one life, which end with `life`
 */
export async function comparePairs(
  row: string,
  { pairs, lives: maxLives, warmUp, atOnce = false }: Schedule,
  open: (life: AsyncDisposableStack) => Promise<Readonly<Record<'here' | 'there', Round>>>,
): Promise<Compared[]> {
  const lives = Math.min(maxLives, pairs);
  const byMeasure = new Map<string, Pair[]>();
  let run = 0;
  const runPair = async (rounds: Readonly<Record<'here' | 'there', Round>>): Promise<[Figures, Figures]> => {
    run += 1;
    if (atOnce) return Promise.all([rounds.here(), rounds.there()]);
    if (run % 2 === 1) return [await rounds.here(), await rounds.there()];
    const there = await rounds.there();
    return [await rounds.here(), there];
  };
  for (let life = 0; life < lives; life += 1) {
    await using stack = new AsyncDisposableStack();
    const rounds = await open(stack);
    for (let round = 0; round < warmUp; round += 1) await runPair(rounds);
    const counted = Math.floor(((life + 1) * pairs) / lives) - Math.floor((life * pairs) / lives);
    for (let round = 0; round < counted; round += 1) {
      const [here, there] = await runPair(rounds);
      for (const [measure, value] of Object.entries(here))
        byMeasure.set(measure, [
          ...(byMeasure.get(measure) ?? []),
          { here: value, there: there[measure] ?? Number.NaN },
        ]);
    }
  }
  return [...byMeasure].map(([measure, measured]) => ({ row, measure, pairs: measured }));
}

/** What the pairs say: the median of here / there, the middle half of them and all of them. */
export function judge(pairs: readonly Pair[]) {
  const ratios = pairs.map(({ here, there }) => here / there).toSorted((one, other) => one - other);
  const at = (share: number): number => ratios[Math.round(share * (ratios.length - 1))] ?? Number.NaN;
  const ratio = median(ratios);
  return {
    ratio,
    middle: [at(0.25), at(0.75)] as const,
    all: [at(0), at(1)] as const,
    verdict: pairs.length < LEAST_PAIRS ? 'too few pairs' : ratio <= WORSE_RATIO_LIMIT ? 'no worse' : 'WORSE',
  };
}

const rounded = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0));
const range = ([least, greatest]: readonly [number, number]): string => `${percent(least)} … ${percent(greatest)}`;

export const pairTable = (compared: readonly Compared[]): string =>
  aligned([
    ['row', 'measure', 'here', 'there', 'here/there', 'half of the pairs', 'all pairs', 'verdict'],
    ...compared.map(({ row, measure, pairs }) => {
      const { ratio, middle, all, verdict } = judge(pairs);
      const [here, there] = [pairs.map((pair) => pair.here), pairs.map((pair) => pair.there)];
      return [
        row,
        measure,
        rounded(median(here)),
        rounded(median(there)),
        percent(ratio),
        range(middle),
        range(all),
        verdict,
      ];
    }),
  ]);
