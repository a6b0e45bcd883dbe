import type { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import type { BudgetState } from './budgets.ts';

/** Whole seconds until a retry: never 0, which would mean at once. */
const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/**
 * A budget in the fields of the IETF draft "RateLimit header fields for HTTP"
 * (draft-ietf-httpapi-ratelimit-headers-11): the limit, and what is left of it. Points are no unit of the draft's
 * registry, so the policy has a name and no unit.
 */
export function rateLimitHeaders({
  limit,
  seconds,
  remaining,
  resetMs,
}: BudgetState): readonly (readonly [name: string, value: string])[] {
  return [
    ['ratelimit-policy', `"points";q=${limit};w=${seconds}`],
    ['ratelimit', `"points";r=${remaining};t=${secondsOf(resetMs)}`],
  ];
}

/**
 * RATE_LIMITED with the time to retry; COST_LIMIT for a cost that exceeds every window. @param now to name the time of
 * the retry
 */
export function budgetRefusal(state: BudgetState, cost: number, now: Date): GraphQLError {
  const { limit, seconds, remaining, resetMs } = state;
  if (cost > limit)
    return clientError(
      'COST_LIMIT',
      `The operation costs ${cost} points, and there are ${limit} in ${seconds} seconds.`,
      { expected: `at most ${limit} points` },
    );
  const error = clientError(
    'RATE_LIMITED',
    `The operation costs ${cost} points, and ${remaining} of ${limit} are left: ` +
      `ask again in ${secondsOf(resetMs)} seconds, or for less.`,
    {
      reason: 'BUDGET',
      expected: `at most ${remaining} points`,
      retryable: true,
      retryAfter: secondsOf(resetMs),
    },
  );
  Object.assign(error.extensions, {
    rateLimit: budgetFields(state, now),
    http: { status: 429, headers: new Map(rateLimitHeaders(state)) },
  }); // a Map, or Apollo Server ignores it
  return error;
}

/** As `viewer { budget }` and the extensions of a refusal return it. */
export const budgetFields = ({ limit, remaining, resetMs }: BudgetState, now: Date) => ({
  limit,
  remaining,
  resetsAt: new Date(now.getTime() + resetMs).toISOString(),
});
