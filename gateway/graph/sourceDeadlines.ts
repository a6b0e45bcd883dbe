import { SubgraphUnavailable } from './engine/transport.ts';

/**
 * A busy machine answers late. A source that has not answered in time is not waited for longer than the others can
 * bear.
 */
export const STATUS_DEADLINE_MS = 2500;
export const LATE_STATUS_DEADLINE_MS = 1000;

/** The outcome of `work`, or SubgraphUnavailable when there is none by then. */
export function withDeadline<Value>(work: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SubgraphUnavailable(`no answer in ${ms} ms`)), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
