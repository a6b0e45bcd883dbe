import { GraphQLError, Kind, executeSync, visit } from 'graphql';
import type {
  DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, SelectionNode, SelectionSetNode,
} from 'graphql';
import { createBag, plannedKey } from './names.ts';
import type { Bag } from './names.ts';

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** True for the root fields that the gateway answers itself. */
export const isIntrospectionField = (name: string): boolean => name === '__schema' || name === '__type';

/**
 * What the planner may see of a document: the one operation and the fragments it uses, without introspection and root
 * `__typename` (answered here), with response keys that cannot be mistaken for other fields (`plannedKey`).
 *
 * @returns undefined when nothing is left to ask any subgraph
 */
export function plannableDocument(
  schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined,
): DocumentNode | undefined {
  const operation = operationOf(document, operationName);
  if (!operation) return document;
  const fragments = fragmentsOf(document);
  const selectionSet = withoutLocalFields(operation.selectionSet, fragments);
  if (!selectionSet) return undefined;

  const used = new Set<string>();
  const renamed = (definition: OperationDefinitionNode | FragmentDefinitionNode) =>
    visit(definition, {
      Field(field: FieldNode) {
        const key = plannedKey(schema, field.name.value, field.alias?.value);
        if (key === (field.alias?.value ?? field.name.value)) return undefined;
        return { ...field, alias: { kind: Kind.NAME, value: key } as const };
      },
      FragmentSpread(spread) {
        used.add(spread.name.value);
      },
    });
  const planned = renamed(withoutUnusedVariables({ ...operation, selectionSet }, fragments));
  const definitions: (OperationDefinitionNode | FragmentDefinitionNode)[] = [planned];
  // `used` grows while the fragments themselves are visited.
  for (const name of used) {
    const fragment = fragments[name];
    if (fragment) definitions.push(renamed(fragment));
  }
  return { kind: Kind.DOCUMENT, definitions };
}

function operationOf(document: DocumentNode, operationName: string | undefined): OperationDefinitionNode | undefined {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName === undefined || operationName === '' || definition.name?.value === operationName) return definition;
  }
  return undefined;
}

function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

// Spreads at the root that hold a local field are opened up; all others stay as the client wrote them.
function withoutLocalFields(selectionSet: SelectionSetNode, fragments: Fragments): SelectionSetNode | undefined {
  const selections: SelectionNode[] = [];
  let changed = false;
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value.startsWith('__')) changed = true;
      else selections.push(selection);
      continue;
    }
    const inner = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value]?.selectionSet : selection.selectionSet;
    if (!inner) continue;
    const rest = withoutLocalFields(inner, fragments);
    if (rest === inner) {
      selections.push(selection);
      continue;
    }
    changed = true;
    if (rest) selections.push({ kind: Kind.INLINE_FRAGMENT, directives: selection.directives ?? [], selectionSet: rest });
  }
  if (!changed) return selectionSet;
  return selections.length > 0 ? { ...selectionSet, selections } : undefined;
}

// The planner refuses nothing here, but a variable that only introspection used would make equal plans differ.
function withoutUnusedVariables(operation: OperationDefinitionNode, fragments: Fragments): OperationDefinitionNode {
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
  return { ...operation, variableDefinitions: operation.variableDefinitions.filter((one) => used.has(one.variable.name.value)) };
}

/**
 * Answers the `__schema` and `__type` root fields of an operation from a schema (the caller's own view).
 *
 * @param variables coerced values
 * @returns the answers by response key, or undefined when the operation asks for none
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
    // Only the variables that introspection uses: coercing another one a second time could fail.
    definitions: [withoutUnusedVariables({ ...operation, selectionSet, directives: [] }, fragments), ...Object.values(fragments)],
  };
  const result = executeSync({ schema, document, variableValues: variables });
  if (result.errors?.[0]) throw new GraphQLError('Introspection failed.', { extensions: { code: 'INTERNAL_SERVER_ERROR' }, originalError: result.errors[0] });
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
    const inner = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value]?.selectionSet : selection.selectionSet;
    const rest = inner && onlyIntrospection(inner, fragments);
    if (rest) selections.push({ kind: Kind.INLINE_FRAGMENT, directives: selection.directives ?? [], selectionSet: rest });
  }
  return selections.length > 0 ? { ...selectionSet, selections } : undefined;
}
