import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';

// Events of a subscription are rendered by the pipeline that answers queries: its selection becomes a query on a page
// whose events are supplied. So policy, planning, masking, access log and nulls are those of queries, and none of them
// is written twice.

/** A subscription as the query that renders its events. */
export interface EventQuery {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The response key of the subscriber's events. */
  readonly key: string;
  /** The subscription's root field, as requested. */
  readonly field: FieldNode;
  /** The path of the events in the response. */
  readonly path: readonly [string, 'events'];
}

const known = new WeakMap<DocumentNode, Map<string, EventQuery | null>>();

/**
 * The same object for the same document, so that derived values are kept with it. Null when its only root field is
 * `__typename`.
 */
export function eventQueryOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  operationName: string | undefined,
): EventQuery | null {
  let ofDocument = known.get(document);
  if (!ofDocument) known.set(document, (ofDocument = new Map()));
  const name = operationName ?? '';
  let found = ofDocument.get(name);
  if (found === undefined) ofDocument.set(name, (found = make(document, operation)));
  return found;
}

function make(document: DocumentNode, operation: OperationDefinitionNode): EventQuery | null {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const fields = rootFields(operation.selectionSet, fragments);
  const [first] = fields;
  if (!first) return null;
  // The one field may be written several times; its selections are merged.
  const selections = fields.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  const field: FieldNode = { ...first, selectionSet: { kind: Kind.SELECTION_SET, selections } };
  const key = field.alias?.value ?? field.name.value;
  const events: FieldNode = {
    kind: Kind.FIELD,
    name: { kind: Kind.NAME, value: 'events' },
    ...(field.selectionSet ? { selectionSet: field.selectionSet } : null),
  };
  const name = { kind: Kind.NAME, value: 'first' } as const;
  const one = { kind: Kind.ARGUMENT, name, value: { kind: Kind.INT, value: '1' } } as const;
  const page: FieldNode = {
    ...field,
    arguments: [...(field.arguments ?? []), one],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [events] },
  };
  // A query may have defaults that no argument uses any more: definitions stay as they are.
  const variableDefinitions: readonly VariableDefinitionNode[] = operation.variableDefinitions ?? [];
  const query = {
    kind: Kind.OPERATION_DEFINITION,
    operation: 'query',
    ...(operation.name ? { name: operation.name } : null),
    variableDefinitions,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [page] },
  } as OperationDefinitionNode;
  const used = [...reachable(page, fragments)];
  return {
    document: { kind: Kind.DOCUMENT, definitions: [query, ...used] },
    operation: query,
    key,
    field,
    path: [key, 'events'],
  };
}

/** Validation allows one root field in a subscription; it may be inside fragments and may be written several times. */
function rootFields(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value.startsWith('__') ? [] : [selection];
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection.selectionSet
        : fragments.get(selection.name.value)?.selectionSet;
    return inner ? rootFields(inner, fragments) : [];
  });
}

function reachable(
  node: FieldNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Set<FragmentDefinitionNode> {
  const reached = new Set<FragmentDefinitionNode>();
  const walk = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind !== Kind.FRAGMENT_SPREAD) {
        walk(selection.selectionSet);
        continue;
      }
      const fragment = fragments.get(selection.name.value);
      if (!fragment || reached.has(fragment)) continue;
      reached.add(fragment);
      walk(fragment.selectionSet);
    }
  };
  walk(node.selectionSet);
  return reached;
}
