import { getNamedType, isInterfaceType, isObjectType, Kind, parse, print } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import type { FetchNode, PlanNode, QueryPlan } from './queryPlan.ts';

/** Whether a subgraph, by the name that plans use, resolves a field of a type itself. */
export type Gives = (service: string, typeName: string, fieldName: string) => boolean;

/**
 * Reads from a supergraph which subgraph resolves which field: `@join__field` names them; without it, all subgraphs of
 * the type do.
 */
export function createGives(supergraph: DocumentNode): Gives {
  const graphs = new Map<string, string>(); // DISCLOSURE → disclosure
  const types = new Map<string, ReadonlySet<string>>();
  const fields = new Map<string, ReadonlySet<string>>();
  const named = (directives: FieldNode['directives'], name: string, argument: string): string[] =>
    (directives ?? []).flatMap((directive) => {
      if (directive.name.value !== name) return [];
      // An external field is only mentioned there, not resolved.
      if (
        directive.arguments?.some(
          (given) => given.name.value === 'external' && given.value.kind === Kind.BOOLEAN && given.value.value,
        )
      )
        return [];
      const value = directive.arguments?.find((given) => given.name.value === argument)?.value;
      return value?.kind === Kind.ENUM || value?.kind === Kind.STRING ? [value.value] : [];
    });
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph')
      for (const value of definition.values ?? [])
        graphs.set(value.name.value, named(value.directives, 'join__graph', 'name')[0] ?? value.name.value);
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    types.set(definition.name.value, new Set(named(definition.directives, 'join__type', 'graph')));
    for (const field of definition.fields ?? [])
      if (field.directives?.some(({ name }) => name.value === 'join__field'))
        fields.set(
          `${definition.name.value}.${field.name.value}`,
          new Set(named(field.directives, 'join__field', 'graph')),
        );
  }
  const byService = new Map([...graphs].map(([graph, service]) => [service, graph]));
  return (service, typeName, fieldName) => {
    const graph = byService.get(service) ?? '';
    return (types.get(typeName)?.has(graph) ?? false) && (fields.get(`${typeName}.${fieldName}`)?.has(graph) ?? true);
  };
}

/**
 * The planner requests a field that several subgraphs could resolve from one of them. When that one is down, an object
 * from the others would lose the field, and be lost itself where the field is non-null: one dead subgraph would remove
 * the whole credit file. So what parallel root fetches could all resolve is requested from all.
 */
export function spreadShared(plan: QueryPlan, schema: GraphQLSchema, gives: Gives): QueryPlan {
  return plan.node ? { ...plan, node: spreadNode(plan.node, schema, gives) } : plan;
}

function spreadNode(node: PlanNode, schema: GraphQLSchema, gives: Gives): PlanNode {
  if (node.kind === 'Sequence') return { ...node, nodes: node.nodes.map((each) => spreadNode(each, schema, gives)) };
  if (node.kind !== 'Parallel') return node;
  const fetches = node.nodes.filter(
    (each): each is FetchNode => each.kind === 'Fetch' && (each.operationKind ?? 'query') === 'query',
  );
  const query = schema.getQueryType();
  if (fetches.length < 2 || !query) return node;
  const parsed = fetches.map((fetch) => ({ fetch, document: parse(fetch.operation, { noLocation: true }) }));
  const wanted = new Map<string, Map<string, FieldNode>>(); // by the path to the object, then by response key
  for (const { document } of parsed) collect(operationOf(document).selectionSet, '', wanted);
  const spread = new Map(
    parsed.map(({ fetch, document }) => [fetch, completed(fetch, document, wanted, query, gives)]),
  );
  return { ...node, nodes: node.nodes.map((each) => (each.kind === 'Fetch' ? (spread.get(each) ?? each) : each)) };
}

const operationOf = (document: DocumentNode): OperationDefinitionNode =>
  // a fetch has one
  document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode;

const isPlainLeaf = (field: FieldNode): boolean =>
  !field.selectionSet && !field.arguments?.length && !field.directives?.length;

const keyOf = (field: FieldNode): string => field.alias?.value ?? field.name.value;

/** Two fetches mean the same object where response key, field and arguments agree on the whole path. */
const wayTo = (way: string, field: FieldNode): string => `${way}/${print({ ...field, selectionSet: undefined })}`;

function collect(selections: SelectionSetNode, way: string, wanted: Map<string, Map<string, FieldNode>>): void {
  for (const selection of selections.selections) {
    if (selection.kind !== Kind.FIELD) continue;
    if (selection.selectionSet) collect(selection.selectionSet, wayTo(way, selection), wanted);
    else if (isPlainLeaf(selection) && way !== '') {
      let leaves = wanted.get(way);
      if (!leaves) wanted.set(way, (leaves = new Map()));
      leaves.set(keyOf(selection), selection);
    }
  }
}

function completed(
  fetch: FetchNode,
  document: DocumentNode,
  wanted: ReadonlyMap<string, ReadonlyMap<string, FieldNode>>,
  query: GraphQLNamedType,
  gives: Gives,
): FetchNode {
  let changed = false;
  const complete = (selections: SelectionSetNode, way: string, type: GraphQLNamedType): SelectionSetNode => {
    const own = new Set(
      selections.selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [keyOf(selection)] : [])),
    );
    const more = isObjectType(type)
      ? [...(wanted.get(way)?.values() ?? [])].filter(
          (leaf) => !own.has(keyOf(leaf)) && gives(fetch.serviceName, type.name, leaf.name.value),
        )
      : [];
    if (more.length > 0) changed = true;
    const kept = selections.selections.map((selection) => {
      if (selection.kind !== Kind.FIELD || !selection.selectionSet || (!isObjectType(type) && !isInterfaceType(type)))
        return selection;
      const field = type.getFields()[selection.name.value];
      return field
        ? {
            ...selection,
            selectionSet: complete(selection.selectionSet, wayTo(way, selection), getNamedType(field.type)),
          }
        : selection;
    });
    return { ...selections, selections: [...kept, ...more] };
  };
  const operation = operationOf(document);
  const selectionSet = complete(operation.selectionSet, '', query);
  if (!changed) return fetch;
  const definitions = document.definitions.map((definition) =>
    definition === operation ? { ...operation, selectionSet } : definition,
  );
  return { ...fetch, operation: print({ ...document, definitions }) };
}
