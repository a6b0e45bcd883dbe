import { GraphQLError, Kind, executeSync, visit } from 'graphql';
import type {
  DocumentNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { createBag } from './names.ts';
import type { Bag } from './names.ts';
import { createRootPosition } from './fieldPositions.ts';
import type { Fragments, FieldPosition, Selecting } from './fieldPositions.ts';

export type { Fragments } from './fieldPositions.ts';

/** True for the root fields that the gateway answers itself. */
export const isIntrospectionField = (name: string): boolean => name === '__schema' || name === '__type';

/** An operation in the form for the planner. */
export interface PlannedDocument {
  /** undefined when no subgraph needs to be called. */
  readonly document: DocumentNode | undefined;
  /** The client's names of the variables that are used, each with ours: `v0`, `v1` … by first use. */
  readonly variables: ReadonlyMap<string, string>;
  readonly position: FieldPosition;
}

/**
 * What the planner sees of an operation: no name, only fragments on types, no conditions, no introspection, fields in
 * the form of `createRootPosition`, and no name of the client's. Texts that differ only in these share a plan.
 *
 * @throws GraphQLError COST_LIMIT where it is too large once it is written out
 */
export function planDocument(operation: OperationDefinitionNode, selecting: Selecting): PlannedDocument {
  const root = selecting.schema.getRootType(operation.operation) as GraphQLObjectType | undefined;
  if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
  const position = createRootPosition(selecting, root, operation.operation, operation.selectionSet);
  const variables = new Map<string, string>();
  if (position.selectionSet.selections.length === 0) return { document: undefined, variables, position };
  const selectionSet = visit(position.selectionSet, {
    Variable(variable) {
      const given = variable.name.value;
      let name = variables.get(given);
      if (name === undefined) variables.set(given, (name = `v${variables.size}`));
      return { ...variable, name: { kind: Kind.NAME, value: name } };
    },
  });
  const definitions = new Map(
    operation.variableDefinitions?.map((definition) => [definition.variable.name.value, definition]),
  );
  const variableDefinitions = [...variables].flatMap(([given, name]) => {
    const definition = definitions.get(given);
    return definition
      ? [
          {
            ...definition,
            directives: [],
            variable: { ...definition.variable, name: { kind: Kind.NAME as const, value: name } },
          },
        ]
      : [];
  });
  const planned: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: operation.operation,
    variableDefinitions,
    selectionSet,
  };
  return { document: { kind: Kind.DOCUMENT, definitions: [planned] }, variables, position };
}

// A second coercion of a variable that introspection does not use could fail.
function withUsedVariables(operation: OperationDefinitionNode, fragments: Fragments): OperationDefinitionNode {
  if (!operation.variableDefinitions?.length) return operation;
  const used = new Set<string>();
  const seen = new Set<string>();
  const look = (node: SelectionSetNode | OperationDefinitionNode) =>
    visit(node, {
      VariableDefinition: () => false,
      Variable: (variable) => void used.add(variable.name.value),
      FragmentSpread: (spread) => {
        const fragment = fragments[spread.name.value];
        if (!fragment || seen.has(spread.name.value)) return;
        seen.add(spread.name.value);
        look(fragment.selectionSet);
      },
    });
  look(operation);
  return {
    ...operation,
    variableDefinitions: operation.variableDefinitions.filter((one) => used.has(one.variable.name.value)),
  };
}

/**
 * Answers the `__schema` and `__type` root fields of an operation from a schema (the caller's own view).
 *
 * @param variables coerced values
 * @returns the answers by response key, or undefined when the operation requests none
 */
export function answerIntrospection(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Readonly<Record<string, unknown>>,
): Bag | undefined {
  const selectionSet = onlyIntrospection(operation.selectionSet, fragments);
  if (!selectionSet) return undefined;
  const answers = createBag();
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      withUsedVariables({ ...operation, selectionSet, directives: [] }, fragments),
      ...Object.values(fragments),
    ],
  };
  const result = executeSync({ schema, document, variableValues: variables });
  if (result.errors?.[0])
    throw new GraphQLError('Introspection failed.', {
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
      originalError: result.errors[0],
    });
  for (const [key, value] of Object.entries(result.data ?? {})) answers[key] = value;
  return answers;
}

function onlyIntrospection(selectionSet: SelectionSetNode, fragments: Fragments): SelectionSetNode | undefined {
  const selections: SelectionNode[] = [];
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      if (isIntrospectionField(selection.name.value)) selections.push(selection);
      continue;
    }
    const inner =
      selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value]?.selectionSet : selection.selectionSet;
    const rest = inner && onlyIntrospection(inner, fragments);
    if (rest)
      selections.push({ kind: Kind.INLINE_FRAGMENT, directives: selection.directives ?? [], selectionSet: rest });
  }
  return selections.length > 0 ? { ...selectionSet, selections } : undefined;
}
