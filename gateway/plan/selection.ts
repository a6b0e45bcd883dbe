import {
  GraphQLIncludeDirective, GraphQLSkipDirective, Kind, getDirectiveValues,
  isAbstractType, isEnumType, isLeafType, isListType, isNonNullType, isObjectType, visit,
} from 'graphql';
import type {
  FieldNode, GraphQLCompositeType, GraphQLError, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType, GraphQLSchema,
  OperationDefinitionNode, SelectionSetNode,
} from 'graphql';
import { isIntrospectionField } from './document.ts';
import type { Fragments } from './document.ts';
import type { Path } from './errors.ts';
import { TYPENAME, isInherited, plannedKey, readOwn } from './names.ts';
import type { Bag } from './names.ts';

/** An object of this type whose merged `alias` is false does not exist: null, with this error. */
export interface AbsentRule {
  typeName: string;
  alias: string;
  error: (path: Path) => GraphQLError;
  /**
   * What a field of this interface, or one of these fields (by coordinate), gives does not exist when `alias` is null. When it is missing
   * nobody could say, and the object is null with the reason: its name came from elsewhere, and must not look like an answer.
   */
  named?: { interfaceName: string; fields: ReadonlySet<string>; error: (path: Path) => GraphQLError } | undefined;
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
  /** Of an object type; for interfaces and unions, what to answer when no type name came. */
  plan: ObjectPlan;
  /** undefined for object types. */
  byType: Map<string, ObjectPlan> | undefined;
  forType: (typeName: string) => ObjectPlan | undefined;
  typenameKeys: readonly string[];
  /** The coordinate of the field that gives it. */
  of: string;
}

/** Whether the object has to be there by itself, see `AbsentRule.named`. */
export const isNamed = (rule: AbsentRule | undefined, selection: Selection): boolean =>
  rule?.named !== undefined && (rule.named.interfaceName === selection.plan.typeName || rule.named.fields.has(selection.of));

/**
 * Answers from a perfect tree, or undefined at the first thing that needs an error, a null that must rise, or a second
 * look; `project` then does the whole answer its own way. No side effects, so trying costs nothing but time.
 */
export type FastObject = (source: Bag, rule: AbsentRule | undefined, introspection: Bag | undefined) => Bag | undefined;

/** The client's selection, made once per operation, denied fields and values of the variables in @skip and @include. */
export interface Projection extends ObjectPlan {
  /** Code costs its making: it comes with the second use, since many texts are sent once. */
  uses: number;
  fast: FastObject | undefined;
}

const NONE_DENIED: ReadonlySet<FieldNode> = new Set();
const MAX_VARIANTS = 64;

interface OperationPlans {
  conditionVariables: string[];
  byDenied: WeakMap<ReadonlySet<FieldNode>, Map<string, Projection>>;
}

const plansOf = new WeakMap<OperationDefinitionNode, OperationPlans>();

/**
 * The compiled projection of an operation. Cached by operation and by the identity of `denied`: pass the same set for
 * the same role.
 */
export function projectionOf(
  schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments,
  variables: Readonly<Record<string, unknown>>, denied: ReadonlySet<FieldNode> = NONE_DENIED,
): Projection {
  let plans = plansOf.get(operation);
  if (!plans) plansOf.set(operation, (plans = { conditionVariables: conditionVariables(operation, fragments), byDenied: new WeakMap() }));
  let variants = plans.byDenied.get(denied);
  if (!variants) plans.byDenied.set(denied, (variants = new Map()));
  let variant = '';
  for (const name of plans.conditionVariables) variant += variables[name] === true ? '1' : '0';
  let projection = variants.get(variant);
  if (!projection) {
    const root = schema.getRootType(operation.operation);
    if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
    // Only an operation with many conditions comes here; none is worth more memory.
    if (variants.size >= MAX_VARIANTS) variants.clear();
    const plan = compileObject({ schema, fragments, variables: { ...variables }, denied }, root, [operation.selectionSet], true);
    projection = { ...plan, uses: 0, fast: undefined };
    variants.set(variant, projection);
  }
  return projection;
}

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

interface Compiling {
  schema: GraphQLSchema;
  fragments: Fragments;
  variables: Record<string, unknown>;
  denied: ReadonlySet<FieldNode>;
}

// With `narrow` off only what holds for every possible type is taken: the answer to an abstract type without a name.
function collectFields(
  context: Compiling, type: GraphQLCompositeType, selectionSet: SelectionSetNode, fields: Map<string, FieldNode[]>, spread: Set<string>,
): void {
  for (const selection of selectionSet.selections) {
    if (getDirectiveValues(GraphQLSkipDirective, selection, context.variables)?.if === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, selection, context.variables)?.if === false) continue;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const nodes = fields.get(key);
      if (nodes) nodes.push(selection);
      else fields.set(key, [selection]);
      continue;
    }
    let condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
    let inner: SelectionSetNode | undefined;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      inner = selection.selectionSet;
    } else {
      const fragment = context.fragments[selection.name.value];
      if (!fragment || spread.has(selection.name.value)) continue;
      spread.add(selection.name.value);
      condition = fragment.typeCondition.name.value;
      inner = fragment.selectionSet;
    }
    if (condition === undefined || applies(context.schema, type, condition)) collectFields(context, type, inner, fields, spread);
  }
}

function applies(schema: GraphQLSchema, type: GraphQLCompositeType, condition: string): boolean {
  if (type.name === condition) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && !isUnion(type) && schema.isSubType(conditional, type);
}

const isUnion = (type: GraphQLCompositeType): type is Extract<GraphQLCompositeType, { getTypes: unknown }> => 'getTypes' in type;

function compileObject(
  context: Compiling, type: GraphQLCompositeType, selectionSets: readonly SelectionSetNode[], isRoot = false,
): ObjectPlan {
  const collected = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  for (const selectionSet of selectionSets) collectFields(context, type, selectionSet, collected, spread);
  const fields: FieldPlan[] = [];
  for (const [key, nodes] of collected) {
    const node = nodes[0] as FieldNode;
    const name = node.name.value;
    const from = plannedKey(context.schema, name, node.alias?.value);
    const plan = { key, from, inherited: isInherited(from), coordinate: `${type.name}.${name}` };
    const constant: Completer = { kind: 'leaf', nonNull: false, type: '', serialize: (value) => value };
    if (name === TYPENAME) {
      // Of an abstract type nobody named, the source's word is all there is.
      fields.push({ ...plan, local: isObjectType(type) ? 'typename' : undefined, completer: constant });
    } else if (isRoot && isIntrospectionField(name)) {
      fields.push({ ...plan, local: 'introspection', completer: constant });
    } else {
      const field = 'getFields' in type ? type.getFields()[name] : undefined;
      if (!field) continue;
      const completer = compileType(context, field.type, nodes, plan.coordinate);
      fields.push({ ...plan, local: context.denied.has(node) ? 'denied' : undefined, completer });
    }
  }
  return { typeName: type.name, fields };
}

function compileType(context: Compiling, type: GraphQLOutputType, nodes: readonly FieldNode[], of: string, nonNull = false): Completer {
  if (isNonNullType(type)) return compileType(context, type.ofType, nodes, of, true);
  if (isListType(type)) return { kind: 'list', nonNull, type: String(type), item: compileType(context, type.ofType, nodes, of) };
  if (isLeafType(type)) return { kind: 'leaf', nonNull, type: type.name, serialize: serializerOf(type) };
  const selectionSets = nodes.flatMap((node) => (node.selectionSet ? [node.selectionSet] : []));
  return { kind: 'object', nonNull, type: type.name, selection: compileSelection(context, type, selectionSets, of) };
}

function compileSelection(context: Compiling, type: GraphQLCompositeType, selectionSets: readonly SelectionSetNode[], of: string): Selection {
  const plan = compileObject(context, type, selectionSets);
  if (!isAbstractType(type)) return { plan, byType: undefined, forType: () => plan, typenameKeys: [], of };
  const byType = new Map<string, ObjectPlan>();
  const possible = new Map<string, GraphQLObjectType>(context.schema.getPossibleTypes(type).map((one) => [one.name, one]));
  const forType = (typeName: string): ObjectPlan | undefined => {
    let known = byType.get(typeName);
    const concrete = possible.get(typeName);
    if (!known && concrete) byType.set(typeName, (known = compileObject(context, concrete, selectionSets)));
    return known;
  };
  const typenameKeys = plan.fields.filter((field) => field.coordinate.endsWith('.__typename')).map((field) => field.from);
  return { plan, byType, forType, typenameKeys, of };
}

// Values came as JSON that a subgraph's own scalar serialized: the usual case must cost one typeof. undefined: not of the type.
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

/** The type an object says it has, under whatever key the client had it asked. */
export function typenameOf(selection: Selection, value: Bag): unknown {
  if (value[TYPENAME] !== undefined) return value[TYPENAME];
  for (const key of selection.typenameKeys) {
    const typename = readOwn(value, key);
    if (typename !== undefined) return typename;
  }
  return undefined;
}
