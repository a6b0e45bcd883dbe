import { clientError } from './errors.ts';

/**
 * Runs work beside a limited number of others of its kind.
 * @throws RATE_LIMITED when too many wait already; DEADLINE when its turn does not come in time
 */
export interface Bulkhead {
  <Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * The same in two steps. Undefined means that its turn is now. A caller that had a turn calls `leave` once.
   * @throws only through its promise
   */
  enter(): Promise<void> | undefined;
  leave(): void;
  running(): number;
  waiting(): number;
}

export interface BulkheadOptions {
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
  /** How long work waits for its turn. */
  readonly waitMs: number;
  /**
   * Left out: an error for the client, RATE_LIMITED or DEADLINE.
   * @param why the reason for the refusal, for the log
   */
  readonly errorFor?: (why: 'TOO_MANY' | 'TOO_LATE', waiting: number) => Error;
}

const forClient: NonNullable<BulkheadOptions['errorFor']> = (why, waiting) =>
  why === 'TOO_MANY'
    ? clientError('RATE_LIMITED', `${waiting} such questions wait already: ask again in a second.`, {
        reason: 'BUSY',
        retryable: true,
      })
    : clientError('DEADLINE', 'Too many such questions are asked at once: ask again later.', { retryable: true });

/** Creates a bulkhead: `maxConcurrent` run at once, `maxWaiting` wait for up to `waitMs` milliseconds. */
export function createBulkhead({ maxConcurrent, maxWaiting, waitMs, errorFor = forClient }: BulkheadOptions): Bulkhead {
  let running = 0;
  const waiting = new Set<() => void>();
  const enter = (): Promise<void> | undefined => {
    if (running < maxConcurrent) {
      running += 1;
      return undefined;
    }
    if (waiting.size >= maxWaiting) return Promise.reject(errorFor('TOO_MANY', maxWaiting));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(go);
        reject(errorFor('TOO_LATE', maxWaiting));
      }, waitMs);
      const go = (): void => {
        clearTimeout(late);
        resolve();
      };
      waiting.add(go);
    });
  };
  const leave = (): void => {
    // The turn goes to the caller that has waited longest.
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
    } else running -= 1;
  };
  const bulkhead = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = enter();
    if (turn) await turn;
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return Object.assign(bulkhead, { enter, leave, running: () => running, waiting: () => waiting.size });
}
