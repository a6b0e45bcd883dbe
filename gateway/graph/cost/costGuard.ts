import { GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { conditionsOf } from '#gateway/graph/engine/selection.ts';
import type { Fragments } from '#gateway/graph/engine/fieldPositions.ts';
import { valueOf, type Variables } from './amount.ts';
import { type CostModel, estimate, type Estimate, standardModel } from './estimate.ts';
import type { Homes } from './homes.ts';
import type { Weights } from './weights.ts';

/** What an operation may cost; docs/COST.md explains the calculation. */
export interface CostLimits {
  readonly cost: number;
  /** The approximate number of fetches in a plan: the planner's time grows faster than this number. */
  readonly fetches: number;
  /** Selections after every fragment is written out for each type. */
  readonly selections: number;
}

export interface CostReport {
  readonly estimated: number;
  readonly limit: number;
}

export interface CostGuard {
  /**
   * The cost of an operation with these values.
   * @param events the number of events that a page renders, see `Operation.events`
   * @throws GraphQLError COST_LIMIT; BAD_USER_INPUT, see `listLength`
   */
  (operation: OperationDefinitionNode, fragments: Fragments, variables: Variables, events: number): CostReport;
}

/** Of one operation, by the values of the variables in @skip and @include. */
const MAX_VARIANTS = 64;

export function createCostGuard(options: {
  readonly schema: GraphQLSchema;
  readonly weights: Weights;
  readonly homes: Homes;
  readonly limits: CostLimits;
  readonly model?: CostModel;
}): CostGuard {
  const { schema, weights, homes, limits, model = standardModel } = options;
  const estimating = { schema, weights, homes, model, maxSteps: limits.selections };
  const known = new WeakMap<OperationDefinitionNode, Map<string, Estimate>>();

  const estimateOf = (operation: OperationDefinitionNode, fragments: Fragments, variables: Variables): Estimate => {
    let ofOperation = known.get(operation);
    if (!ofOperation) known.set(operation, (ofOperation = new Map()));
    const key = conditionsOf(operation, fragments, variables);
    const found = ofOperation.get(key);
    if (found) return found;
    const fresh = estimate(estimating, operation, fragments, variables);
    if (ofOperation.size >= MAX_VARIANTS) ofOperation.clear();
    ofOperation.set(key, fresh);
    return fresh;
  };

  return (operation, fragments, variables, events) => {
    const { cost, fetches } = estimateOf(operation, fragments, variables);
    const estimated = Math.round(valueOf(cost, variables)) * Math.max(1, events);
    if (estimated > limits.cost) throw tooDear({ estimated, limit: limits.cost });
    if (fetches > limits.fetches) throw tooManyFetches(fetches, limits.fetches);
    return { estimated, limit: limits.cost };
  };
}

const refusal = (message: string, details: Readonly<Record<string, unknown>>): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'COST_LIMIT', ...details } });

const tooDear = (cost: CostReport): GraphQLError =>
  refusal(`The operation costs ${cost.estimated}; one may cost ${cost.limit}.`, {
    expected: `a cost of at most ${cost.limit}: smaller pages, fewer codes at once, or several operations`,
    cost,
  });

const tooManyFetches = (fetches: number, limit: number): GraphQLError =>
  refusal(`The operation needs about ${fetches} fetches from the sources; one may need ${limit}.`, {
    expected: `at most ${limit} places where one source completes what another gave, or several operations`,
    fetches: { estimated: fetches, limit },
  });
