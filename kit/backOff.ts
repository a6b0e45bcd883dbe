/**
 * How long to wait before the next try, in milliseconds: twice as long each time, up to `mostMs`, and not the same for all who failed together.
 * The one back-off of everything that connects again by itself.
 *
 * @param failures those in a row before this one
 */
export const backOff = (failures: number, mostMs: number): number => Math.min(mostMs, 100 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
