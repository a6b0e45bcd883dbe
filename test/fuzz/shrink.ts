import { Kind, parse, print, visit } from 'graphql';
import type {
  ASTNode,
  DefinitionNode,
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql';
import type { FuzzCase, Outcome } from './run.ts';

const MAX_RUNS = 600;

/**
 * Makes a failing case small: takes one thing after another away for as long as it still fails in the same kind.
 *
 * @param test answers a smaller case; invalid ones count as passed
 */
export async function shrink(
  given: FuzzCase,
  kind: string,
  test: (smaller: FuzzCase) => Promise<Outcome>,
): Promise<FuzzCase> {
  let best = given;
  let runs = 0;
  const tried = new Set<string>();
  const fails = async (smaller: FuzzCase): Promise<boolean> => {
    const key = JSON.stringify(smaller);
    if (tried.has(key) || runs >= MAX_RUNS) return false;
    tried.add(key);
    runs += 1;
    const outcome = await test(smaller);
    return outcome.status === 'failed' && outcome.kind === kind;
  };
  let before: FuzzCase;
  do {
    before = best;
    for (const smaller of settings(best)) if (await fails(smaller)) best = smaller;
    // After a success the same position holds the next node: start again from there, not from the front.
    for (let position = 0; ;) {
      const candidates = reductions(best, position);
      if (candidates === undefined) break;
      let isSmaller = false;
      for (const smaller of candidates) {
        if (!(await fails(smaller))) continue;
        best = smaller;
        isSmaller = true;
        break;
      }
      if (!isSmaller) position += 1;
    }
  } while (best !== before);
  return best;
}

function* settings(given: FuzzCase): Iterable<FuzzCase> {
  if (given.fault.kind !== 'none') yield { ...given, fault: { kind: 'none' } };
  if (given.runs > 1) yield { ...given, runs: 1 };
}

type Edit = (document: DocumentNode) => DocumentNode | undefined;

/** The smaller cases that change the node at a position of the text; undefined when there is none so far down. */
function reductions(given: FuzzCase, position: number): FuzzCase[] | undefined {
  const document = parse(given.text, { noLocation: true });
  const nodes: { node: ASTNode; parent: ASTNode | readonly ASTNode[] | undefined }[] = [];
  visit(document, {
    enter(node, _, parent) {
      nodes.push({ node, parent });
    },
  });
  const at = nodes[position];
  if (!at) return undefined;
  if (at.node.kind === Kind.VARIABLE && at.parent && 'kind' in at.parent && at.parent.kind === Kind.VARIABLE_DEFINITION)
    return [];
  return editsOf(document, at.node, given.variables).flatMap((edit) => {
    const edited = edit(document);
    const smaller = edited && tidied(edited, given);
    return smaller ? [smaller] : [];
  });
}

const replaced =
  (node: ASTNode, by: unknown): Edit =>
  (document) =>
    visit(document, { enter: (one: ASTNode) => (one === node ? by : undefined) }) as DocumentNode;

function editsOf(document: DocumentNode, node: ASTNode, variables: Readonly<Record<string, unknown>>): Edit[] {
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  switch (node.kind) {
    case Kind.OPERATION_DEFINITION:
      return document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION).length > 1
        ? [replaced(node, null)]
        : node.name
          ? [replaced(node, { ...node, name: undefined })]
          : [];
    case Kind.FIELD:
      return [
        replaced(node, null),
        // In its place what it selects, or a leaf that every object has.
        ...(node.selectionSet
          ? [
              replaced(node.selectionSet, {
                kind: Kind.SELECTION_SET,
                selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
              }),
            ]
          : []),
        ...(node.alias ? [replaced(node, { ...node, alias: undefined })] : []),
      ];
    case Kind.INLINE_FRAGMENT:
      return [
        replaced(node, null),
        opened(node, node.selectionSet),
        ...(node.typeCondition ? [replaced(node, { ...node, typeCondition: undefined })] : []),
      ];
    case Kind.FRAGMENT_SPREAD: {
      const fragment = fragments.get(node.name.value);
      return [
        replaced(node, null),
        ...(fragment ? [opened(node, fragment.selectionSet), replaced(node, inlined(node, fragment))] : []),
      ];
    }
    case Kind.DIRECTIVE:
    case Kind.ARGUMENT:
    case Kind.OBJECT_FIELD:
      return [replaced(node, null)];
    case Kind.LIST:
      return node.values.length > 0 ? [replaced(node, { ...node, values: node.values.slice(1) })] : [];
    case Kind.VARIABLE: {
      const value = literalOf(variables[node.name.value]);
      return value ? [replaced(node, value)] : [];
    }
    case Kind.VARIABLE_DEFINITION:
      return node.defaultValue ? [replaced(node, { ...node, defaultValue: undefined })] : [];
    default:
      return [];
  }
}

// The selections stand where the fragment stood.
const opened =
  (fragment: SelectionNode, inner: SelectionSetNode): Edit =>
  (document) =>
    visit(document, {
      SelectionSet(set) {
        if (!set.selections.includes(fragment)) return undefined;
        return { ...set, selections: set.selections.flatMap((one) => (one === fragment ? inner.selections : [one])) };
      },
    });

const inlined = (spread: SelectionNode, fragment: FragmentDefinitionNode): SelectionNode => ({
  kind: Kind.INLINE_FRAGMENT,
  typeCondition: fragment.typeCondition,
  directives: spread.directives ?? [],
  selectionSet: fragment.selectionSet,
});

function literalOf(value: unknown): ValueNode | undefined {
  if (value === undefined || typeof value === 'object') return undefined;
  const text = JSON.stringify(value);
  if (typeof value === 'string') return { kind: Kind.STRING, value };
  if (typeof value === 'boolean') return { kind: Kind.BOOLEAN, value };
  return { kind: Number.isInteger(value) ? Kind.INT : Kind.FLOAT, value: text };
}

// Without empty selections, and without the fragments and variables that nobody uses any more.
function tidied(document: DocumentNode, given: FuzzCase): FuzzCase | undefined {
  const whole: DocumentNode = visit(document, {
    SelectionSet: { leave: (set) => (set.selections.length === 0 ? null : undefined) },
    Field: {
      leave: (field, _, __, path) =>
        field.selectionSet === undefined && path.length > 0 && hadSelections(document, path) ? null : undefined,
    },
    InlineFragment: { leave: (fragment) => ((fragment.selectionSet as unknown) ? undefined : null) },
  });
  const operations = whole.definitions.filter(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION && Boolean(one.selectionSet),
  );
  const isEmptied = whole.definitions.some(
    (one) => one.kind === Kind.FRAGMENT_DEFINITION && !(one.selectionSet as unknown),
  );
  if (operations.length === 0 || isEmptied) return undefined;
  const fragments = new Map(
    whole.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])),
  );
  const used = new Set<string>();
  const variables = new Set<string>();
  const look = (node: ASTNode): void => {
    visit(node, {
      VariableDefinition: () => false,
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (!fragment || used.has(name.value)) return;
        used.add(name.value);
        look(fragment);
      },
    });
  };
  operations.forEach(look);
  const definitions: DefinitionNode[] = [
    ...operations.map((operation) => ({
      ...operation,
      variableDefinitions:
        operation.variableDefinitions?.filter(({ variable }) => variables.has(variable.name.value)) ?? [],
    })),
    ...[...fragments].flatMap(([name, fragment]) => (used.has(name) ? [fragment] : [])),
  ];
  const operationName = operations.length > 1 ? given.operationName : operations[0]?.name?.value;
  return {
    ...given,
    text: print({ ...whole, definitions }),
    operationName,
    variables: Object.fromEntries(Object.entries(given.variables).filter(([name]) => variables.has(name))),
  };
}

function hadSelections(document: DocumentNode, path: readonly (string | number)[]): boolean {
  let node: unknown = document;
  for (const step of path) node = (node as Record<string | number, unknown> | undefined)?.[step];
  return Boolean((node as { selectionSet?: unknown } | undefined)?.selectionSet);
}
