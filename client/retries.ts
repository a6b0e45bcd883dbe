import { type Clock, wait } from './clock.ts';
import { ChangesError, Passing } from './failure.ts';

export interface Retry {
  /** Why it is tried again. */
  readonly reason: string;
  readonly waitMs: number;
  /** How often in a row it has failed. */
  readonly failures: number;
}

export interface RetryOptions {
  /** How often in a row it is tried. Without end when left out. */
  readonly attempts?: number | undefined;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Exponential, and any part of it by chance: clients of a gateway that went away do not come back in step. */
export const backOffMs = (failures: number, random: () => number): number => random() * Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);

export interface Retries {
  succeeded(): void;
  /** Waits until it may be tried again. @throws what was given when that does not pass, and when it was tried often enough */
  after(error: unknown): Promise<void>;
}

export function createRetries({ attempts = Number.POSITIVE_INFINITY, onRetry, signal }: RetryOptions, clock: Clock): Retries {
  let failures = 0;
  return {
    succeeded() {
      failures = 0;
    },
    async after(error) {
      if (!(error instanceof Passing)) throw error;
      failures += 1;
      if (failures >= attempts) throw new ChangesError('UNAVAILABLE', `${error.message} It was tried ${failures} times.`, [], error);
      const waitMs = backOffMs(failures, clock.random);
      onRetry?.({ reason: error.message, waitMs, failures });
      await wait(clock, waitMs, signal);
    },
  };
}
