import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode, type ValueNode } from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** Arguments that say how many items a field gives: a page's size, or a list of what is looked up. */
const SIZES: ReadonlySet<string> = new Set(['first', 'codes']);
/** No list is longer than it may be: more is refused when it is read. */
const MAX_SIZE = 1000;
/** What no budget has; sums stay whole numbers that way. */
const MAX_COST = 1_000_000_000;

/**
 * Cost points of an operation before it is planned: one, and one for each object that it may give. A stand-in until costs come from the
 * schema (`@cost`, `@listSize`): a page multiplies what stands below it by its size.
 *
 * Linear in the document: each fragment is weighed once.
 */
export function costOf({ document, operation }: { readonly document: DocumentNode; readonly operation: OperationDefinitionNode }, variables: Variables): number {
  const fragments = new Map(document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [])));
  const known = new Map<string, number>();
  const costOfFragment = (name: string): number => {
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, 0); // a circle was refused before
    const selections = fragments.get(name);
    const cost = selections ? costOfSelections(selections) : 0;
    known.set(name, cost);
    return cost;
  };
  const costOfSelections = ({ selections }: SelectionSetNode): number => {
    let sum = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) sum += costOfFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) sum += costOfSelections(selection.selectionSet);
      else if (selection.selectionSet) sum += sizeOf(selection, variables) * (1 + costOfSelections(selection.selectionSet));
      if (sum > MAX_COST) return MAX_COST;
    }
    return sum;
  };
  return 1 + costOfSelections(operation.selectionSet);
}

function sizeOf({ arguments: given = [] }: FieldNode, variables: Variables): number {
  for (const { name, value } of given) if (SIZES.has(name.value)) return Math.min(MAX_SIZE, Math.max(1, sizeIn(value, variables)));
  return 1;
}

function sizeIn(value: ValueNode, variables: Variables): number {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.LIST) return value.values.length;
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : 1;
  if (Array.isArray(given)) return given.length;
  return typeof given === 'number' && Number.isFinite(given) ? Math.ceil(given) : MAX_SIZE; // left out: as much as its default may be
}
