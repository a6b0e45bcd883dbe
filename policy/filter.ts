import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getDirectiveValues,
  getNamedType,
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { createFieldJudge, type Refusal } from './fieldRefusals.ts';
import type { Viewer } from './viewer.ts';

/** What the viewer may not see of an operation. */
export interface FilteredOperation {
  /** Field nodes of the client's operation whose value is null, by the policy. */
  readonly denied: ReadonlySet<FieldNode>;
  /** One per denied selection, not per item; `@` stands for the items of a list. */
  readonly errors: readonly GraphQLError[];
  /** Whether the outcome depends on the variables, so that it may not be cached for the next operation. */
  readonly dependsOnVariables: boolean;
}

const messages: Record<Refusal, string> = {
  UNAUTHORIZED_FIELD_OR_TYPE: 'Your role may not see this field.',
  PURPOSE_REQUIRED: 'This field is read for a purpose only: name one that your token allows in the header x-purpose.',
};

/**
 * Finds what the viewer may not see in a valid operation, before it is planned, so that no subgraph is asked for it.
 * @param variables the coerced variable values, since an input field may be restricted too
 * @param conditions `obeyed`: what @skip and @include leave out is not in the answer and has no error, so the outcome
 * is that of their values. `ignored`: it is judged as if it were selected, for callers that have not coerced the
 * variables.
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
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const denied = new Set<FieldNode>();
  const errors = new Map<string, GraphQLError>();
  const judge = createFieldJudge(viewer, variables);

  const isLeftOut = (selection: SelectionNode): boolean =>
    conditions === 'obeyed' &&
    (selection.directives?.length ?? 0) > 0 &&
    (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true ||
      getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false);

  const walk = (selections: SelectionSetNode, parent: GraphQLNamedType, path: readonly string[]): void => {
    for (const selection of selections.selections) {
      if (isLeftOut(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value.startsWith('__')) continue;
        const here = [...path, selection.alias?.value ?? selection.name.value];
        const code = judge.refusalOf(parent, selection);
        if (code) {
          denied.add(selection);
          const key = `${code} ${here.join('\n')}`;
          if (!errors.has(key))
            errors.set(key, new GraphQLError(messages[code], { nodes: undefined, path: here, extensions: { code } }));
          continue;
        }
        if (!selection.selectionSet || (!isObjectType(parent) && !isInterfaceType(parent))) continue;
        const field = parent.getFields()[selection.name.value];
        if (!field) continue;
        const lists = listDepth(field.type);
        walk(
          selection.selectionSet,
          getNamedType(field.type),
          lists === 0 ? here : [...here, ...Array<string>(lists).fill('@')],
        );
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
  return { denied, errors: [...errors.values()], dependsOnVariables: judge.dependsOnVariables() };
}

function listDepth(type: unknown): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}
