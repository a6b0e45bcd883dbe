import type { Bench } from '#test/bench/bench.ts';
import type { Checkout } from './checkout.ts';
import type { Compared } from './pairs.ts';
import type { Deployment } from './settings.ts';

/** What every row is compared with. */
export interface Comparison extends Omit<Bench, 'profile'> {
  readonly here: Checkout;
  readonly there: Checkout;
  readonly deployment: Deployment;
  /** Thrown away afterwards. */
  readonly directory: string;
  /** What was compared so far. */
  readonly compared: Compared[];
}

/** Compares those of its rows that are wanted. */
export type CompareRows = (comparison: Comparison, wanted: ReadonlySet<string>) => Promise<void>;

/** Makes the same of both checkouts, one after the other. */
export async function ofBoth<Made>(
  { here, there }: Comparison,
  make: (checkout: Checkout) => Promise<Made>,
): Promise<Record<'here' | 'there', Made>> {
  return { here: await make(here), there: await make(there) };
}
