import { type Clock, wait } from './clock.ts';
import { ChangesError, Passing } from './failure.ts';

export interface Retry {
  /** Why the client tries again. */
  readonly reason: string;
  readonly waitMs: number;
  /** The number of failures in a row. */
  readonly failures: number;
}

export interface RetryOptions {
  /** The maximum number of attempts in a row. Default: no maximum. */
  readonly attempts?: number | undefined;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * The wait before the next attempt, in milliseconds: a random part of a time that doubles from 1 s to 30 s with each
 * failure. Because it is random, the clients of a gateway that went away do not all come back at once.
 */
export const backOffMs = (failures: number, random: () => number): number =>
  random() * Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);

export interface Retries {
  succeeded(): void;
  /**
   * Waits until the next attempt.
   * @throws `error` itself when it is not one that may pass; ChangesError (UNAVAILABLE) after the last attempt
   */
  after(error: unknown): Promise<void>;
}

/** Counts failures in a row and waits between attempts, with `onRetry` called before each wait. */
export function createRetries(
  { attempts = Number.POSITIVE_INFINITY, onRetry, signal }: RetryOptions,
  clock: Clock,
): Retries {
  let failures = 0;
  return {
    succeeded() {
      failures = 0;
    },
    async after(error) {
      if (!(error instanceof Passing)) throw error;
      failures += 1;
      if (failures >= attempts)
        throw new ChangesError('UNAVAILABLE', `${error.message} It was tried ${failures} times.`, [], error);
      const waitMs = backOffMs(failures, clock.random);
      onRetry?.({ reason: error.message, waitMs, failures });
      await wait(clock, waitMs, signal);
    },
  };
}
