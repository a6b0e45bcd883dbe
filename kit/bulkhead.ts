import { clientError } from './errors.ts';

/** Runs work beside at most some other work of its kind. @throws RATE_LIMITED when too many wait already, DEADLINE when its turn does not come in time */
export interface Bulkhead {
  <Result>(work: () => Promise<Result>): Promise<Result>;
  running(): number;
  waiting(): number;
}

/** @param waitMs how long work waits for its turn */
export function createBulkhead({ maxConcurrent, maxWaiting, waitMs }: { readonly maxConcurrent: number; readonly maxWaiting: number; readonly waitMs: number }): Bulkhead {
  let running = 0;
  const waiting = new Set<() => void>();
  const turn = (): Promise<void> => {
    if (running < maxConcurrent) {
      running += 1;
      return Promise.resolve();
    }
    if (waiting.size >= maxWaiting) throw clientError('RATE_LIMITED', `${maxWaiting} such questions wait already: ask again in a second.`, { retryable: true });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(go);
        reject(clientError('DEADLINE', 'Too many such questions are asked at once: ask again later.', { retryable: true }));
      }, waitMs);
      const go = (): void => {
        clearTimeout(late);
        resolve();
      };
      waiting.add(go);
    });
  };
  const bulkhead = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await turn();
    try {
      return await work();
    } finally {
      // The turn goes to who waits longest.
      const [next] = waiting;
      if (next) {
        waiting.delete(next);
        next();
      } else running -= 1;
    }
  };
  return Object.assign(bulkhead, { running: () => running, waiting: () => waiting.size });
}
