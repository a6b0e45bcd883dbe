import { QueryPlanner } from '@graphql-hive/router-query-planner';
import type { QueryPlan } from './queryPlan.ts';
import { Kind, buildASTSchema, isScalarType, parse, print, specifiedDirectives, specifiedScalarTypes, visit } from 'graphql';
import type { DefinitionNode, DocumentNode, GraphQLScalarType, GraphQLSchema } from 'graphql';
import { createKeys, mendSupergraph } from '../graph/engine/supergraph.ts';
import type { Keys } from '../graph/engine/supergraph.ts';
import { createGives, spreadShared } from './spread.ts';

export interface Planner {
  /** The API schema: real scalars, no introspection fields, no join leftovers; `astNode`s keep applied directives such as `@data`. */
  readonly schema: GraphQLSchema;
  /** The subgraphs, by the name plans use. */
  readonly subgraphs: readonly { name: string; url: string }[];
  /** By which subgraphs find objects. */
  readonly keys: Keys;
  /**
   * The plan of an operation as `prepareOperation` wrote it. The same DocumentNode costs one WeakMap lookup, an equal text one print;
   * equal plans asked for at the same time are planned once.
   */
  plan(document: DocumentNode): Promise<QueryPlan>;
}

const SPECIFIED: ReadonlySet<string> = new Set([
  ...specifiedScalarTypes.map((type) => type.name),
  ...specifiedDirectives.map((directive) => `@${directive.name}`),
]);

/**
 * The only place that touches the query planner.
 *
 * @param supergraphSdl a composed Federation 2 supergraph
 * @param options.maxPlans plans kept by text, least recently used dropped first (2000)
 * @param options.scalars the real scalars by name, attached to the schema in place of pass-through ones
 */
export function createPlanner(
  supergraphSdl: string,
  options: { maxPlans?: number; scalars?: Record<string, GraphQLScalarType> } = {},
): Planner {
  const { maxPlans = 2000, scalars = {} } = options;
  const supergraph = mendSupergraph(parse(supergraphSdl, { noLocation: true }));
  const engine = new QueryPlanner(print(supergraph));
  const schema = apiSchema(engine.consumerSchema, scalars);
  const gives = createGives(supergraph);
  const byDocument = new WeakMap<DocumentNode, Promise<QueryPlan>>();
  const byText = new Map<string, Promise<QueryPlan>>();

  function planText(text: string): Promise<QueryPlan> {
    let plan = byText.get(text);
    if (plan) {
      byText.delete(text);
    } else {
      plan = engine.planAsync(text, undefined, new Set(), 50).then((planned) => spreadShared(planned, schema, gives));
      plan.catch(() => byText.delete(text));
    }
    byText.set(text, plan);
    if (byText.size > maxPlans) byText.delete(byText.keys().next().value ?? text);
    return plan;
  }

  return {
    schema,
    keys: createKeys(supergraph),
    subgraphs: subgraphsOf(supergraphSdl),
    plan(document) {
      let plan = byDocument.get(document);
      if (!plan) {
        plan = planText(print(document));
        byDocument.set(document, plan);
        plan.catch(() => byDocument.delete(document));
      }
      return plan;
    },
  };
}

function apiSchema(consumerSdl: string, scalars: Record<string, GraphQLScalarType>): GraphQLSchema {
  const parsed = parse(consumerSdl, { noLocation: true });
  const document: DocumentNode = { ...parsed, definitions: parsed.definitions.filter(isApiDefinition) };
  const withoutIntrospection = visit(document, {
    FieldDefinition: (field) => (field.name.value === '__schema' || field.name.value === '__type' ? null : undefined),
  });
  const schema = buildASTSchema(withoutIntrospection, { assumeValidSDL: true });
  for (const type of Object.values(schema.getTypeMap())) {
    const real = scalars[type.name];
    if (isScalarType(type) && real) {
      type.serialize = real.serialize;
      type.parseValue = real.parseValue;
      type.parseLiteral = real.parseLiteral;
    }
  }
  return schema;
}

// The consumer SDL spells out GraphQL's own types and directives, and leaves pieces of the join specification in.
function isApiDefinition(definition: DefinitionNode): boolean {
  if (!('name' in definition) || !definition.name) return true;
  const name = definition.name.value;
  return !/^(?:__|join__|link__)/.test(name) && !SPECIFIED.has(`${definition.kind === Kind.DIRECTIVE_DEFINITION ? '@' : ''}${name}`);
}

function subgraphsOf(supergraphSdl: string): { name: string; url: string }[] {
  const found: { name: string; url: string }[] = [];
  for (const definition of parse(supergraphSdl, { noLocation: true }).definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue;
    for (const value of definition.values ?? []) {
      const given = new Map(
        value.directives
          ?.find((directive) => directive.name.value === 'join__graph')
          ?.arguments?.map((argument) => [argument.name.value, argument.value.kind === Kind.STRING ? argument.value.value : '']),
      );
      found.push({ name: given.get('name') ?? value.name.value, url: given.get('url') ?? '' });
    }
  }
  return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
