import type { ExecutionResult } from 'graphql';
import { faultOf } from './faults.ts';

/** How many reads may be asked again, out of those that were asked: an outage must not be answered by twice as many questions. */
export interface RetryBudget {
  /** One was asked. */
  deposit(): void;
  /** Takes what one more costs; false when there is not enough. */
  withdraw(): boolean;
}

/** Of ten questions one may be asked again, and some after a quiet time. */
const SHARE = 0.1;
const MOST_SAVED = 10;

export function createRetryBudget(share = SHARE, mostSaved = MOST_SAVED): RetryBudget {
  let saved = mostSaved;
  return {
    deposit: () => void (saved = Math.min(mostSaved, saved + share)),
    withdraw() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}

/**
 * Runs a read, and once more when a connection under it was lost and the budget allows; what writes is never run again.
 * @param attempt makes a context of its own each time
 */
export function readTwice<Result extends Pick<ExecutionResult, 'errors'>>(budget: RetryBudget, signal: AbortSignal | undefined, attempt: () => Promise<Result>): Promise<Result> {
  budget.deposit();
  return attempt().then((result) => {
    const isLost = result.errors?.some(({ originalError }) => faultOf(originalError)?.kind === 'CONNECTION_LOST') === true;
    return isLost && !signal?.aborted && budget.withdraw() ? attempt() : result;
  });
}
