import { parse, print } from 'graphql';
import type { DocumentNode, GraphQLScalarType, GraphQLSchema } from 'graphql';
import { createByteCache } from '#kit/byteCache.ts';
import { clientError } from '#kit/errors.ts';
import { inSpan, noAttributes } from '#kit/telemetry/scope.ts';
import { apiSchema, subgraphsOf, type SubgraphAddress } from '../graph/engine/apiSchema.ts';
import type { PlanAsker, PlannerPool } from '../graph/engine/plannerPool.ts';
import type { QueryPlan } from './queryPlan.ts';
import { createKeys, fieldsOfInterfaceObjects, mendSupergraph, requiredFields } from '../graph/engine/supergraph.ts';
import type { Keys } from '../graph/engine/supergraph.ts';
import { createGives, spreadShared } from './spread.ts';

export interface Planner {
  /** The API schema: real scalars, no introspection fields, no join leftovers; `astNode`s keep applied directives such as `@data`. */
  readonly schema: GraphQLSchema;
  /** The subgraphs, by the name plans use. */
  readonly subgraphs: readonly SubgraphAddress[];
  /** By which subgraphs find objects. */
  readonly keys: Keys;
  readonly ofInterfaceObjects: ReadonlySet<string>;
  /** Names of fields that it may ask for by itself. */
  readonly required: ReadonlySet<string>;
  /**
   * The plan of an operation as `prepareOperation` wrote it. The same DocumentNode costs one WeakMap lookup, an equal text one print;
   * equal plans asked for at the same time are planned once. What is planned already waits for nobody.
   * @param asker whose turn a new plan takes, and until when; left out: one for all, without an end
   * @throws GraphQLError QUERY_PLANNING_FAILED, COST_LIMIT, RATE_LIMITED, see `PlanMaker`; the reason of the asker's signal
   */
  plan(document: DocumentNode, asker?: PlanAsker): Promise<QueryPlan>;
}

/** Of an operation as it is planned, which is longer than as it was asked. One of the limits' 5 000 fields has 200 KB. */
const MOST_TEXT_BYTES = 256 * 1024;
const MAX_PLAN_BYTES = 32 * 1024 * 1024;
/** A plan in memory, with what the executor derives from it, against the same as JSON. */
const PLAN_FACTOR = 4;
const ANYBODY: PlanAsker = { caller: '' };

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
  options: { planners: PlannerPool; maxPlanBytes?: number; scalars?: Record<string, GraphQLScalarType> },
): Planner {
  const { maxPlanBytes = MAX_PLAN_BYTES, scalars = {} } = options;
  const supergraph = mendSupergraph(parse(supergraphSdl, { noLocation: true }));
  const maker = options.planners.open(print(supergraph));
  const schema = apiSchema(supergraph, scalars);
  const gives = createGives(supergraph);
  const byDocument = new WeakMap<DocumentNode, QueryPlan>();
  const byText = createByteCache<QueryPlan>(maxPlanBytes);

  async function planText(text: string, asker: PlanAsker): Promise<QueryPlan> {
    if (text.length > MOST_TEXT_BYTES)
      throw clientError('COST_LIMIT', 'The operation is too large to be planned.', { expected: `at most ${MOST_TEXT_BYTES / 1024} KB with every fragment written out` });
    const known = byText.get(text);
    if (known) return known;
    const planned = await inSpan('graphql.plan', 'INTERNAL', noAttributes, () => maker.plan(text, undefined, asker));
    // Of those who waited for one plan, the first makes what all have.
    return byText.get(text) ?? keep(text, spreadShared(planned, schema, gives));
  }

  function keep(key: string, plan: QueryPlan): QueryPlan {
    byText.set(key, plan, PLAN_FACTOR * JSON.stringify(plan).length); // beside what planning has cost, nothing
    return plan;
  }

  return {
    schema,
    keys: createKeys(supergraph),
    ofInterfaceObjects: fieldsOfInterfaceObjects(supergraph),
    required: requiredFields(supergraph),
    subgraphs: subgraphsOf(supergraph),
    async plan(document, asker = ANYBODY) {
      const known = byDocument.get(document);
      if (known) return known;
      const plan = await planText(print(document), asker);
      byDocument.set(document, plan);
      return plan;
    },
  };
}
