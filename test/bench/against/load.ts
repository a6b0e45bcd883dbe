import { withBareIds } from '../files/operations.ts';
import { assertEqualAnswers, LIVES, runRound, type Side, sum } from '#test/bench/measure.ts';
import type { Checkout } from './checkout.ts';
import { type Comparison, ofBoth } from './comparison.ts';
import { comparePairs, type Round } from './pairs.ts';

/** A row of operations over HTTP, whose measure is the CPU of one. Both checkouts have to answer them alike. */
export async function compareLoad(
  comparison: Comparison,
  row: string,
  measure: string,
  sideOf: (checkout: Checkout, life: AsyncDisposableStack) => Promise<Side>,
): Promise<void> {
  const { client, compared, settings, say } = comparison;
  say(`row ${row}, ${measure}: ${settings.rounds} pairs`);
  const schedule = { pairs: settings.rounds, lives: LIVES, warmUp: settings.warmUp };
  const open = async (life: AsyncDisposableStack) => {
    const sides = await ofBoth(comparison, async (checkout) => ({
      ...(await sideOf(checkout, life)),
      comparable: ({ data }: { data?: unknown }) => withBareIds(data),
    }));
    await assertEqualAnswers(client, [sides.here, sides.there]);
    const roundOf = (side: Side): Round => {
      let from = 0;
      return async () => {
        const { spent } = await runRound(client, side, { inFlight: settings.inFlight, from });
        from += side.operations;
        return { [`${measure}: µs CPU/op`]: sum([...spent.values()]) };
      };
    };
    return { here: roundOf(sides.here), there: roundOf(sides.there) };
  };
  compared.push(...(await comparePairs(row, schedule, open)));
}
