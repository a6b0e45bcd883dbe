import { parse, print } from 'graphql';
import type { DocumentNode, GraphQLScalarType, GraphQLSchema } from 'graphql';
import { createByteCache } from '#kit/byteCache.ts';
import { clientError } from '#kit/errors.ts';
import { inSpan, noAttributes } from '#kit/telemetry/scope.ts';
import { apiSchema, subgraphsOf, type SubgraphAddress } from './apiSchema.ts';
import type { PlanCaller } from './planJobs.ts';
import type { PlannerPool } from './plannerPool.ts';
import type { QueryPlan } from './queryPlan.ts';
import { createKeys, fieldsOfInterfaceObjects, mendSupergraph, requiredFields } from './supergraph.ts';
import type { Keys } from './supergraph.ts';
import { createGives, spreadShared } from './spread.ts';

export interface Planner {
  /**
   * The API schema: real scalars, no introspection fields, no join directives; `astNode`s keep applied directives such
   * as `@data`.
   */
  readonly schema: GraphQLSchema;
  /** The subgraphs, by the names that plans use. */
  readonly subgraphs: readonly SubgraphAddress[];
  /** The keys by which subgraphs find objects. */
  readonly keys: Keys;
  readonly ofInterfaceObjects: ReadonlySet<string>;
  /** Names of fields that the planner may request by itself. */
  readonly required: ReadonlySet<string>;
  /**
   * The plan of an operation as `prepareOperation` wrote it. The same DocumentNode costs one WeakMap look-up, an equal
   * text one print; equal plans requested at the same time are made once. A plan that exists already waits for no
   * queue.
   * @param caller the caller whose turn a new plan takes, and its signal; left out: one caller for all, without a
   * signal
   * @throws GraphQLError QUERY_PLANNING_FAILED, COST_LIMIT, RATE_LIMITED, see `PlanMaker`; the reason of the caller's
   * signal
   */
  plan(document: DocumentNode, caller?: PlanCaller): Promise<QueryPlan>;
}

/**
 * Of an operation as it is planned, which is longer than the client's text. One with the limit of 5 000 fields has 200
 * KB.
 */
const MAX_TEXT_BYTES = 256 * 1024;
const MAX_PLAN_BYTES = 32 * 1024 * 1024;
/** The size of a plan in memory, with what the executor derives from it, relative to its JSON. */
const PLAN_FACTOR = 4;
const ANYBODY: PlanCaller = { caller: '' };

/**
 * Makes and keeps plans: the planner itself runs in the processes of the pool.
 *
 * @param supergraphSdl a composed Federation 2 supergraph
 * @param options.planners where plans are made
 * @param options.maxPlanBytes of plans kept by text, least recently used dropped first (32 MB)
 * @param options.scalars the real scalars by name, attached to the schema in place of pass-through ones
 */
export function createPlanner(
  supergraphSdl: string,
  options: { planners: PlannerPool; maxPlanBytes?: number; scalars?: Readonly<Record<string, GraphQLScalarType>> },
): Planner {
  const { maxPlanBytes = MAX_PLAN_BYTES, scalars = {} } = options;
  const supergraph = mendSupergraph(parse(supergraphSdl, { noLocation: true }));
  const maker = options.planners.open(print(supergraph));
  const schema = apiSchema(supergraph, scalars);
  const gives = createGives(supergraph);
  const byDocument = new WeakMap<DocumentNode, QueryPlan>();
  const byText = createByteCache<QueryPlan>(maxPlanBytes);

  async function planText(text: string, caller: PlanCaller): Promise<QueryPlan> {
    if (text.length > MAX_TEXT_BYTES)
      throw clientError('COST_LIMIT', 'The operation is too large to be planned.', {
        expected: `at most ${MAX_TEXT_BYTES / 1024} KB with every fragment written out`,
      });
    const known = byText.get(text);
    if (known) return known;
    const planned = await inSpan('graphql.plan', 'INTERNAL', noAttributes, () => maker.plan(text, undefined, caller));
    // Of all that waited for one plan, the first makes the object that they share.
    return byText.get(text) ?? keep(text, spreadShared(planned, schema, gives));
  }

  function keep(key: string, plan: QueryPlan): QueryPlan {
    byText.set(key, plan, PLAN_FACTOR * JSON.stringify(plan).length); // nothing, compared with the cost of planning
    return plan;
  }

  return {
    schema,
    keys: createKeys(supergraph),
    ofInterfaceObjects: fieldsOfInterfaceObjects(supergraph),
    required: requiredFields(supergraph),
    subgraphs: subgraphsOf(supergraph),
    async plan(document, caller = ANYBODY) {
      const known = byDocument.get(document);
      if (known) return known;
      const plan = await planText(print(document), caller);
      byDocument.set(document, plan);
      return plan;
    },
  };
}
