import { isDeepStrictEqual } from 'node:util';
import type { Load, Loaded } from './client.ts';
import type { Worker } from './processes.ts';

/** One side of a comparison: what is asked, and the parts whose CPU time is counted as its own. */
export interface Side {
  readonly name: string;
  readonly load: Omit<Load, 'operations' | 'inFlight' | 'from'>;
  /** Each reads µs of CPU spent so far. */
  readonly parts: Readonly<Record<string, () => Promise<number>>>;
  /** Requests of one round. */
  readonly operations: number;
  /** Makes answers of two sides comparable. Default: the answer's `data`. */
  readonly comparable?: (answer: { data?: unknown }) => unknown;
}

/** What one operation of a side costs. */
export interface Cost {
  readonly name: string;
  /** µs of CPU an operation, by part: medians over the rounds. */
  readonly parts: Readonly<Record<string, number>>;
  /** Their sum. */
  readonly total: number;
  /** Totals of the rounds, in their order: rounds of two sides with one number were run next to each other. */
  readonly rounds: readonly number[];
  /** What is said beside its name, such as 'answer 4.5 KB'. */
  readonly note: string;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** @throws Error where two sides answer an operation differently, or one answers with errors. */
export async function assertEqualAnswers(client: Worker<null>, sides: readonly Side[]): Promise<void> {
  const answers = await Promise.all(
    sides.map(async ({ name, load, comparable }) => {
      const texts = await client.call<string[]>({
        ...load,
        bodies: load.bodies.slice(0, 20),
        operations: 1,
        inFlight: 4,
        probe: true,
      });
      return texts.map((text) => {
        let answer: { data?: unknown; errors?: unknown };
        try {
          answer = JSON.parse(text);
        } catch {
          throw new Error(`${name} answered what is not JSON: ${text.slice(0, 300)}`);
        }
        if (answer.errors || answer.data === null || answer.data === undefined)
          throw new Error(`${name} answered with errors: ${text.slice(0, 1000)}`);
        return comparable ? comparable(answer) : answer.data;
      });
    }),
  );
  const [first, ...others] = answers;
  others.forEach((other, index) => {
    if (isDeepStrictEqual(first, other)) return;
    const at = first?.findIndex((answer, number) => !isDeepStrictEqual(answer, other[number])) ?? 0;
    throw new Error(
      `${sides[0]?.name} and ${sides[index + 1]?.name} answer differently:\n${JSON.stringify(first?.[at]).slice(0, 3000)}\n${JSON.stringify(other[at]).slice(0, 3000)}`,
    );
  });
}

/** One round of a side. @returns µs of CPU an operation, by part, and the bytes of an answer */
export async function runRound(
  client: Worker<null>,
  { name, load, parts, operations }: Side,
  { inFlight, from }: { inFlight: number; from: number },
): Promise<{ readonly spent: ReadonlyMap<string, number>; readonly bytes: number }> {
  const readings = Object.entries(parts);
  const before = await Promise.all(readings.map(([, read]) => read()));
  const { wrong, bytes } = await client.call<Loaded>({ ...load, operations, inFlight, from });
  const after = await Promise.all(readings.map(([, read]) => read()));
  if (wrong.length > 0) throw new Error(`${name} failed: ${wrong.join('\n')}`);
  const spent = readings.map(
    ([part], index) => [part, ((after[index] ?? 0) - (before[index] ?? 0)) / operations] as const,
  );
  return { spent: new Map(spent), bytes: bytes / operations };
}

/**
 * Runs all sides in turn, A B C A B C …, so that a machine whose speed drifts is the same for all, and gives the median cost
 * of an operation. The first `warmUp` rounds are not counted: plans are made, code is compiled, statements prepared.
 */
export async function measure(
  client: Worker<null>,
  sides: readonly Side[],
  { rounds, warmUp, inFlight, onRound }: { rounds: number; warmUp: number; inFlight: number; onRound?: () => void },
): Promise<Cost[]> {
  const counted = sides.map(() => ({ parts: new Map<string, number[]>(), totals: [] as number[], bytes: 0 }));
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const [index, side] of sides.entries()) {
      const { spent, bytes } = await runRound(client, side, { inFlight, from: round * side.operations });
      if (round < warmUp) continue;
      const count = counted[index] as (typeof counted)[number]; // made for every side
      for (const [part, cost] of spent) count.parts.set(part, [...(count.parts.get(part) ?? []), cost]);
      count.totals.push(sum([...spent.values()]));
      count.bytes = bytes;
    }
    onRound?.();
  }
  return sides.map(({ name }, index) => {
    const { parts, totals, bytes } = counted[index] as (typeof counted)[number]; // made for every side
    const medians = Object.fromEntries([...parts].map(([part, values]) => [part, median(values)]));
    return {
      name,
      parts: medians,
      total: sum(Object.values(medians)),
      rounds: totals,
      note: `answer ${(bytes / 1000).toFixed(1)} KB`,
    };
  });
}

/** How often the processes of a comparison are started anew. */
export const LIVES = 5;

/**
 * The same over several lives of the processes: of one and the same code two processes differ by 10 % and more for as long as they live, by what was
 * compiled when. The rounds of all lives, and the means of their medians.
 * @param open starts the processes of the sides; what it puts on the stack ends with them
 */
export async function measureLives(
  client: Worker<null>,
  open: (stack: AsyncDisposableStack) => Promise<readonly Side[]>,
  settings: Parameters<typeof measure>[2],
): Promise<Cost[]> {
  const lives: Cost[][] = [];
  for (let life = 0; life < LIVES; life += 1) {
    await using stack = new AsyncDisposableStack();
    lives.push(await measure(client, await open(stack), settings));
  }
  return (lives[0] ?? []).map((first, side) => {
    const all = lives.map((costs) => costs[side] as Cost); // each has the same sides
    const mean = (valueOf: (cost: Cost) => number): number => sum(all.map(valueOf)) / all.length;
    const parts = Object.fromEntries(
      Object.keys(first.parts).map((part) => [part, mean((cost) => cost.parts[part] ?? 0)]),
    );
    return { ...first, parts, total: mean(({ total }) => total), rounds: all.flatMap(({ rounds }) => rounds) };
  });
}
