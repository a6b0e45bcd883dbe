import type { ExecutionResult } from 'graphql';
import { faultOf } from './faults.ts';

/**
 * How many reads may be repeated, out of those that were made: an outage must not be answered with twice as many
 * requests.
 */
export interface RetryBudget {
  /** One read was made. */
  deposit(): void;
  /** Takes the cost of one more; false when there is not enough. */
  withdraw(): boolean;
}

/** Of ten reads one may be repeated, and some after a quiet time. */
const SHARE = 0.1;
const MAX_SAVED = 10;

/** Creates a budget: each read saves `share` of a repetition, up to `maxSaved`. */
export function createRetryBudget(share = SHARE, maxSaved = MAX_SAVED): RetryBudget {
  let saved = maxSaved;
  return {
    deposit: () => void (saved = Math.min(maxSaved, saved + share)),
    withdraw() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}

/**
 * Runs a read, and once more when a connection under it was lost and the budget allows it. A write is never repeated.
 * @param attempt makes its own context each time
 */
export function readTwice<Result extends Pick<ExecutionResult, 'errors'>>(
  budget: RetryBudget,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Result>,
): Promise<Result> {
  budget.deposit();
  return attempt().then((result) => {
    const isLost =
      result.errors?.some(({ originalError }) => faultOf(originalError)?.kind === 'CONNECTION_LOST') === true;
    return isLost && !signal?.aborted && budget.withdraw() ? attempt() : result;
  });
}
