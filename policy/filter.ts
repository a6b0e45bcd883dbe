import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getDirectiveValues,
  getNamedType,
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { classOfField, classOfInput } from './classes.ts';
import { type DataClass, outcomeFor } from './matrix.ts';
import type { Viewer } from './viewer.ts';

/** What the viewer may not see of an operation. */
export interface FilteredOperation {
  /** Field nodes of the client's operation whose value is null, by the policy. */
  readonly denied: ReadonlySet<FieldNode>;
  /** One per denied selection, not per item; `@` stands for the items of a list. */
  readonly errors: readonly GraphQLError[];
  /** Whether the outcome depends on the variables, so that it may not be kept for the next operation. */
  readonly dependsOnVariables: boolean;
}

type Refusal = 'UNAUTHORIZED_FIELD_OR_TYPE' | 'PURPOSE_REQUIRED';

const messages: Record<Refusal, string> = {
  UNAUTHORIZED_FIELD_OR_TYPE: 'Your role may not see this field.',
  PURPOSE_REQUIRED: 'This field is read for a purpose only: name one that your token allows in the header x-purpose.',
};

/**
 * Finds what the viewer may not see in a valid operation, before it is planned: the subgraph is never asked for it.
 * @param variables the coerced variable values, since an input field may be restricted too.
 * @param conditions `obeyed`: what @skip and @include leave out is not in the answer, and has no error; the outcome is that of their values.
 *   `ignored`: it is judged as if it were asked, for whoever has not coerced the variables.
 */
export function filterOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  viewer: Viewer,
  conditions: 'obeyed' | 'ignored' = 'ignored',
): FilteredOperation {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const denied = new Set<FieldNode>();
  const errors = new Map<string, GraphQLError>();
  let dependsOnVariables = false;

  const refusal = (dataClass: DataClass | undefined): Refusal | undefined => {
    // A field nobody classified cannot reach here (boot refuses it); should one, it is denied.
    const outcome = dataClass ? outcomeFor(viewer, dataClass) : 'DENY';
    if (outcome === 'DENY') return 'UNAUTHORIZED_FIELD_OR_TYPE';
    return outcome === 'PURPOSE' ? 'PURPOSE_REQUIRED' : undefined;
  };

  const refusalOfValue = (type: GraphQLInputType, value: unknown): Refusal | undefined => {
    if (value === null || value === undefined) return undefined;
    if (isNonNullType(type)) return refusalOfValue(type.ofType, value);
    if (isListType(type)) return first(Array.isArray(value) ? value : [value], (item) => refusalOfValue(type.ofType, item));
    if (!isInputObjectType(type) || typeof value !== 'object') return undefined;
    return first(Object.entries(value), ([name, item]) => {
      const field = type.getFields()[name];
      if (!field) return undefined;
      const dataClass = classOfInput(field);
      return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfValue(field.type, item);
    });
  };

  const refusalOfLiteral = (type: GraphQLInputType, value: ValueNode): Refusal | undefined => {
    if (isNonNullType(type)) return refusalOfLiteral(type.ofType, value);
    if (value.kind === Kind.VARIABLE) {
      if (isInputObjectType(getNamedType(type))) dependsOnVariables = true;
      return refusalOfValue(type, variables[value.name.value]);
    }
    if (isListType(type)) return first(value.kind === Kind.LIST ? value.values : [value], (item) => refusalOfLiteral(type.ofType, item));
    if (!isInputObjectType(type) || value.kind !== Kind.OBJECT) return undefined;
    return first(value.fields, (node) => {
      const field = type.getFields()[node.name.value];
      if (!field) return undefined;
      const dataClass = classOfInput(field);
      return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfLiteral(field.type, node.value);
    });
  };

  const refusalOfField = (parent: GraphQLNamedType, node: FieldNode): Refusal | undefined => {
    if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
    const field = parent.getFields()[node.name.value];
    // `_entities` and `_service` are federation's own: only a subgraph has them, and what they select is judged field by field.
    if (!field || field.name.startsWith('_')) return undefined;
    return (
      refusal(classOfField(parent, field)) ??
      first(node.arguments ?? [], (argument) => {
        const definition = field.args.find(({ name }) => name === argument.name.value);
        if (!definition) return undefined;
        const dataClass = classOfInput(definition);
        return (dataClass ? refusal(dataClass) : undefined) ?? refusalOfLiteral(definition.type, argument.value);
      })
    );
  };

  const isLeftOut = (selection: SelectionNode): boolean =>
    conditions === 'obeyed' &&
    (selection.directives?.length ?? 0) > 0 &&
    (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true || getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false);

  const walk = (selections: SelectionSetNode, parent: GraphQLNamedType, path: readonly string[]): void => {
    for (const selection of selections.selections) {
      if (isLeftOut(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value.startsWith('__')) continue;
        const here = [...path, selection.alias?.value ?? selection.name.value];
        const code = refusalOfField(parent, selection);
        if (code) {
          denied.add(selection);
          const key = `${code} ${here.join('\n')}`;
          if (!errors.has(key)) errors.set(key, new GraphQLError(messages[code], { nodes: undefined, path: here, extensions: { code } }));
          continue;
        }
        if (!selection.selectionSet || (!isObjectType(parent) && !isInterfaceType(parent))) continue;
        const field = parent.getFields()[selection.name.value];
        if (!field) continue;
        const lists = listDepth(field.type);
        walk(selection.selectionSet, getNamedType(field.type), lists === 0 ? here : [...here, ...Array<string>(lists).fill('@')]);
      } else {
        const target = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (!target) continue;
        const condition = target.typeCondition ? schema.getType(target.typeCondition.name.value) : parent;
        if (condition) walk(target.selectionSet, condition, path);
      }
    }
  };

  const root = schema.getRootType(operation.operation);
  if (root) walk(operation.selectionSet, root, []);
  return { denied, errors: [...errors.values()], dependsOnVariables };
}

function listDepth(type: unknown): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}

function first<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
