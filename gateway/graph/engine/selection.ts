import { Kind, isAbstractType, isEnumType, isLeafType, isListType, isNonNullType, isObjectType, visit } from 'graphql';
import type {
  FieldNode,
  GraphQLCompositeType,
  GraphQLError,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLOutputType,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { isIntrospectionField, planDocument } from './document.ts';
import type { PlannedDocument } from './document.ts';
import type { AnswerMeter } from './answerSize.ts';
import type { Path } from './errors.ts';
import { TYPENAME, isInherited } from './names.ts';
import type { Bag } from './names.ts';
import { insideOf, isLeftOut, meets } from './fieldPositions.ts';
import type { Fragments, FieldPosition, Selecting } from './fieldPositions.ts';

/**
 * Which objects do not exist although a value is in their place: they become null, with an error. Each rule has a field
 * that is requested with every such object; it has no arguments, so its key is its name.
 */
export interface AbsentRule {
  typeName: string;
  /** A field of `typeName`: false means that there is no such object. */
  field: string;
  error: (path: Path) => GraphQLError;
  /**
   * What a field of this interface, or one of these fields (by coordinate), returns does not exist when `field` is
   * null. When `field` is missing, existence is unknown, and the object is null with the reason: its name came from
   * elsewhere, and must not look like an answer.
   */
  named?:
    | { interfaceName: string; fields: ReadonlySet<string>; field: string; error: (path: Path) => GraphQLError }
    | undefined;
  lookup?: LookupRule | undefined;
  /**
   * Whether an object of `typeName` has an error beside its value where `field` was not answered, unless one of its
   * fields has that error: an object that may not exist must not look whole.
   */
  reportsUnanswered?: boolean | undefined;
}

/**
 * Items of a batch that say in a status whether what was asked for is known. The status is requested with every item
 * of `typeName`; it has no arguments, so its key is its name.
 */
export interface LookupRule {
  typeName: string;
  status: string;
  /** The value of the status with which there is nothing behind `field`: it is null, with an error. */
  unknown: string;
  /**
   * A list of `typeName`. Without a status, an empty one is null with the reason: it would look like an answer about
   * something that is known.
   */
  field: string;
  error: (path: Path) => GraphQLError;
  /** The enum of the status, in whichever type, and its value where the source did not answer, beside the error. */
  statusType: string;
  unanswered: string;
}

export type Completer =
  | { kind: 'leaf'; nonNull: boolean; type: string; serialize: (value: unknown) => unknown }
  | { kind: 'list'; nonNull: boolean; item: Completer; type: string }
  | { kind: 'object'; nonNull: boolean; selection: Selection; type: string };

export interface FieldPlan {
  key: string;
  /** The key in the merged tree. */
  from: string;
  inherited: boolean;
  /** Answered without data: `__typename`, introspection, a denied field. */
  local: 'typename' | 'introspection' | 'denied' | undefined;
  completer: Completer;
  coordinate: string;
}

export interface ObjectPlan {
  typeName: string;
  fields: FieldPlan[];
}

export interface Selection {
  /** For an object type its plan; for interfaces and unions the plan when no type name came, see `isAlike`. */
  plan: ObjectPlan;
  /** Whatever type an object has, `plan` holds for it. */
  isAlike: boolean;
  /** undefined for object types. */
  byType: Map<string, ObjectPlan> | undefined;
  forType: (typeName: string) => ObjectPlan | undefined;
  /** The object types that can occur here. */
  types: readonly string[];
  /** The coordinate of the field that returns it. */
  of: string;
}

/** Whether the existence of the object must be checked, see `AbsentRule.named`. */
export const isNamed = (rule: AbsentRule | undefined, selection: Selection): boolean =>
  rule?.named !== undefined &&
  (rule.named.interfaceName === selection.plan.typeName || rule.named.fields.has(selection.of));

/**
 * Projects a perfect tree, or returns undefined at the first sign of an error, a null that propagates, or anything that
 * needs a second look; `project` then does the whole answer. It has no side effects except on the meter, so an attempt
 * costs only time.
 */
export type FastObject = (
  source: Bag,
  rule: AbsentRule | undefined,
  introspection: Bag | undefined,
  meter: AnswerMeter,
) => Bag | undefined;

/**
 * The client's selection, made once for each operation, denied fields and values of the variables in @skip and
 * @include.
 */
export interface Projection extends ObjectPlan {
  /** Generating code has a cost: it happens at the second use, since many texts are sent once. */
  uses: number;
  fast: FastObject | undefined;
}

const NONE_DENIED: ReadonlySet<FieldNode> = new Set();
const MAX_VARIANTS = 64;

/**
 * An operation prepared for denied fields and values of the variables in @skip and @include: what is planned, and what
 * is returned.
 */
export interface PreparedOperation extends Omit<PlannedDocument, 'position'> {
  readonly operation: OperationDefinitionNode;
  readonly projection: Projection;
}

interface Variants {
  conditionVariables: string[];
  byDenied: WeakMap<ReadonlySet<FieldNode>, Map<string, PreparedOperation>>;
}

const variantsOf = new WeakMap<OperationDefinitionNode, Variants>();

function variantsIn(operation: OperationDefinitionNode, fragments: Fragments): Variants {
  let variants = variantsOf.get(operation);
  if (!variants)
    variantsOf.set(
      operation,
      (variants = { conditionVariables: conditionVariables(operation, fragments), byDenied: new WeakMap() }),
    );
  return variants;
}

/** The values of an operation's variables in @skip and @include, as a key. */
export function conditionsOf(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Readonly<Record<string, unknown>>,
): string {
  let key = '';
  for (const name of variantsIn(operation, fragments).conditionVariables)
    key += variables[name] === true ? '1' : variables[name] === false ? '0' : '-';
  return key;
}

/**
 * Prepares an operation. Cached by operation and by the identity of `denied`: pass the same set for the same role, and
 * the same rule always.
 *
 * @param variables coerced values
 * @throws GraphQLError COST_LIMIT where the operation is too large once it is written out for each type
 */
export function prepareOperation(
  graph: Pick<Selecting, 'schema' | 'ofInterfaceObjects' | 'required'>,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Readonly<Record<string, unknown>>,
  denied: ReadonlySet<FieldNode> = NONE_DENIED,
  absent?: AbsentRule,
): PreparedOperation {
  const { schema, ofInterfaceObjects, required } = graph;
  const variants = variantsIn(operation, fragments);
  let prepared = variants.byDenied.get(denied);
  if (!prepared) variants.byDenied.set(denied, (prepared = new Map()));
  const variant = conditionsOf(operation, fragments, variables);
  let found = prepared.get(variant);
  if (!found) {
    // Only an operation with many conditions gets here; none is worth more memory.
    if (prepared.size >= MAX_VARIANTS) prepared.clear();
    const conditions = Object.fromEntries(variants.conditionVariables.map((name) => [name, variables[name]]));
    prepared.set(
      variant,
      (found = prepare(
        { schema, ofInterfaceObjects, required, fragments, variables: conditions, denied, beside: besideBy(absent) },
        operation,
      )),
    );
  }
  return found;
}

function prepare(selecting: Selecting, operation: OperationDefinitionNode): PreparedOperation {
  const { position, ...planned } = planDocument(operation, selecting);
  const root = selecting.schema.getRootType(operation.operation) as GraphQLObjectType; // planned, so there is one
  const plan = compileObject(selecting, root, [operation.selectionSet], position, true);
  return { ...planned, operation, projection: { ...plan, uses: 0, fast: undefined } };
}

const besideBy =
  (absent: AbsentRule | undefined): Selecting['beside'] =>
  (typeName, coordinates) => {
    if (
      absent?.named &&
      (typeName === absent.named.interfaceName || coordinates.some((one) => absent.named?.fields.has(one)))
    )
      return absent.named.field;
    if (absent?.lookup?.typeName === typeName) return absent.lookup.status;
    return typeName === absent?.typeName ? absent.field : undefined;
  };

function conditionVariables(operation: OperationDefinitionNode, fragments: Fragments): string[] {
  const names = new Set<string>();
  for (const node of [operation, ...Object.values(fragments)]) {
    visit(node, {
      Directive(directive) {
        if (directive.name.value !== 'skip' && directive.name.value !== 'include') return;
        for (const argument of directive.arguments ?? []) {
          if (argument.value.kind === Kind.VARIABLE) names.add(argument.value.name.value);
        }
      },
    });
  }
  return [...names].toSorted();
}

function collectFields(
  context: Selecting,
  type: GraphQLCompositeType,
  selectionSet: SelectionSetNode,
  fields: Map<string, FieldNode[]>,
  spread: Set<string>,
): void {
  for (const selection of selectionSet.selections) {
    if (isLeftOut(selection, context.variables)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const nodes = fields.get(key);
      if (nodes) nodes.push(selection);
      else fields.set(key, [selection]);
      continue;
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      if (spread.has(selection.name.value)) continue;
      spread.add(selection.name.value);
    }
    const inside = insideOf(selection, context.fragments);
    if (inside && (inside.condition === undefined || meets(context.schema, type, inside.condition))) {
      collectFields(context, type, inside.selectionSet, fields, spread);
    }
  }
}

function compileObject(
  context: Selecting,
  type: GraphQLCompositeType,
  selectionSets: readonly SelectionSetNode[],
  position: FieldPosition,
  isRoot = false,
): ObjectPlan {
  const collected = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  for (const selectionSet of selectionSets) collectFields(context, type, selectionSet, collected, spread);
  const positioned = position.fieldsOf(type.name);
  const fields: FieldPlan[] = [];
  for (const [key, nodes] of collected) {
    const node = nodes[0] as FieldNode;
    const name = node.name.value;
    const { key: from, position: below } = positioned?.get(key) ?? { key: name };
    const plan = { key, from, inherited: isInherited(from), coordinate: `${type.name}.${name}` };
    const constant: Completer = { kind: 'leaf', nonNull: false, type: '', serialize: (value) => value };
    if (name === TYPENAME) {
      // For an abstract type without a type name, the source's value is all there is.
      fields.push({ ...plan, local: isObjectType(type) ? 'typename' : undefined, completer: constant });
    } else if (isRoot && isIntrospectionField(name)) {
      fields.push({ ...plan, local: 'introspection', completer: constant });
    } else {
      const field = 'getFields' in type ? type.getFields()[name] : undefined;
      if (!field) continue;
      if (context.denied.has(node)) fields.push({ ...plan, local: 'denied', completer: constant });
      else
        fields.push({
          ...plan,
          local: undefined,
          completer: compileType(context, field.type, nodes, below, plan.coordinate),
        });
    }
  }
  return { typeName: type.name, fields };
}

function compileType(
  context: Selecting,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  position: FieldPosition | undefined,
  of: string,
  nonNull = false,
): Completer {
  if (isNonNullType(type)) return compileType(context, type.ofType, nodes, position, of, true);
  if (isListType(type))
    return { kind: 'list', nonNull, type: String(type), item: compileType(context, type.ofType, nodes, position, of) };
  if (isLeafType(type)) return { kind: 'leaf', nonNull, type: type.name, serialize: serializerOf(type) };
  if (!position) throw new Error(`${of} is answered but was not planned.`);
  const selectionSets = nodes.flatMap((node) => (node.selectionSet ? [node.selectionSet] : []));
  return {
    kind: 'object',
    nonNull,
    type: type.name,
    selection: compileSelection(context, type, selectionSets, position, of),
  };
}

function compileSelection(
  context: Selecting,
  type: GraphQLCompositeType,
  selectionSets: readonly SelectionSetNode[],
  position: FieldPosition,
  of: string,
): Selection {
  const common = position.fieldsOf(type.name) && compileObject(context, type, selectionSets, position);
  const isAlike =
    common !== undefined &&
    (isObjectType(type) || !common.fields.some(({ coordinate }) => coordinate.endsWith(`.${TYPENAME}`)));
  const plan = common ?? { typeName: type.name, fields: [] };
  if (!isAbstractType(type)) return { plan, isAlike, byType: undefined, forType: () => plan, types: [type.name], of };
  const byType = new Map<string, ObjectPlan>();
  const possible = new Map<string, GraphQLObjectType>(
    context.schema.getPossibleTypes(type).map((one) => [one.name, one]),
  );
  const forType = (typeName: string): ObjectPlan | undefined => {
    let known = byType.get(typeName);
    const concrete = possible.get(typeName);
    if (!known && concrete) byType.set(typeName, (known = compileObject(context, concrete, selectionSets, position)));
    return known;
  };
  return { plan, isAlike, byType, forType, types: [...possible.keys()], of };
}

// Values are JSON that a subgraph's own scalar serialized: the usual case must cost one typeof. undefined: not of the
// type.
function serializerOf(type: GraphQLLeafType): (value: unknown) => unknown {
  const checked = (value: unknown): unknown => {
    try {
      return type.serialize(value) ?? undefined;
    } catch {
      return undefined;
    }
  };
  if (isEnumType(type)) {
    const names = new Set(type.getValues().map((value) => value.name));
    return (value) => (names.has(value as string) ? value : undefined);
  }
  switch (type.name) {
    case 'String':
    case 'ID':
      return (value) => (typeof value === 'string' ? value : checked(value));
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? value : checked(value));
    case 'Int':
      return (value) => (typeof value === 'number' && (value | 0) === value ? value : checked(value));
    case 'Float':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? value : checked(value));
    default:
      return checked;
  }
}

/**
 * How to project an object; undefined when its type cannot occur here. An object without a type name, or with only the
 * name of the abstract type (the subgraph of an interface object knows no other), is projected by the common plan.
 */
export function planFor(selection: Selection, value: Bag): ObjectPlan | undefined {
  if (selection.byType === undefined) return selection.plan;
  const typename = value[TYPENAME];
  if (typename === undefined || typename === selection.plan.typeName)
    return selection.isAlike ? selection.plan : undefined;
  return typeof typename === 'string' ? (selection.byType.get(typename) ?? selection.forType(typename)) : undefined;
}
