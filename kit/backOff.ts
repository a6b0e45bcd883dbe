/**
 * How long to wait before the next attempt, in milliseconds. The time doubles with each failure, up to `maxMs`, and is
 * spread at random, so that clients that failed together do not return together. Everything that reconnects by itself
 * uses it.
 *
 * @param failures the failures in a row before this attempt
 */
export const backOff = (failures: number, maxMs: number): number =>
  Math.min(maxMs, 100 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
