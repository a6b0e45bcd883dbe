import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import type { PlannerBounds } from './plannerBounds.ts';
import type { PlanFailure } from './plannerProcess.ts';

/** Why a text has no plan. `FATAL`: the planner died of it, or twice while planning it. */
export type Reason = PlanFailure | 'FATAL';

/** The texts that are known to have no plan, so that no process is lost to the same text again. */
export interface Unplannable {
  readonly size: number;
  /** @param key the digest of the text */
  remember(key: string, reason: Reason): void;
  reasonFor(key: string): Reason | null;
}

/** Forgets a text after `rememberedMs`, and the oldest where there are more than `remembered`. */
export function createUnplannable({
  rememberedMs,
  remembered,
}: Pick<PlannerBounds, 'rememberedMs' | 'remembered'>): Unplannable {
  const known = new Map<string, { readonly reason: Reason; readonly until: number }>();
  return {
    get size() {
      return known.size;
    },
    remember(key, reason) {
      known.set(key, { reason, until: performance.now() + rememberedMs });
      if (known.size > remembered) known.delete(known.keys().next().value ?? key);
    },
    reasonFor(key) {
      const found = known.get(key);
      if (!found) return null;
      if (performance.now() < found.until) return found.reason;
      known.delete(key);
      return null;
    },
  };
}

/** The refusal of a text without a plan: COST_LIMIT or QUERY_PLANNING_FAILED. */
export function planRefusal(reason: Reason, { cpuMs }: Pick<PlannerBounds, 'cpuMs'>): GraphQLError {
  const fewer = 'fewer nested lists and aliases';
  if (reason === 'SLOW')
    return clientError('COST_LIMIT', `The operation takes longer than ${cpuMs / 1000} s to plan.`, {
      expected: `a plan within ${cpuMs / 1000} s: ${fewer}`,
    });
  if (reason === 'LARGE')
    return clientError('COST_LIMIT', 'The plan of the operation is too large.', { expected: fewer });
  const expected = 'the same fields asked for in another way, or in several operations';
  return new GraphQLError('The operation is valid, and the planner cannot plan it.', {
    extensions: { code: 'QUERY_PLANNING_FAILED', expected, retryable: false, http: { status: 500 } },
  });
}
