import {
  GraphQLError, Kind, getDirectiveValues, GraphQLSkipDirective, GraphQLIncludeDirective,
  isAbstractType, isEnumType, isLeafType, isListType, isNonNullType, isObjectType, visit,
} from 'graphql';
import type {
  FieldNode, GraphQLCompositeType, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType, GraphQLSchema,
  OperationDefinitionNode, SelectionSetNode,
} from 'graphql';
import { isIntrospectionField } from './document.ts';
import type { Fragments } from './document.ts';
import { causeError, internalError } from './errors.ts';
import type { ErrorNode, MissingNode, Path } from './errors.ts';
import { isObject } from './merge.ts';
import { TYPENAME, createBag, isInherited, plannedKey, readOwn } from './names.ts';
import type { Bag } from './names.ts';

/** An object of this type whose merged `alias` is false does not exist: null, with this error. */
export interface AbsentRule {
  typeName: string;
  alias: string;
  error: (path: Path) => GraphQLError;
}

// ---- Compiled form: the client's selection, once per (operation, denied fields, values of @skip/@include variables).

type Completer =
  | { kind: 'leaf'; nonNull: boolean; type: string; serialize: (value: unknown) => unknown }
  | { kind: 'list'; nonNull: boolean; item: Completer; type: string }
  | { kind: 'object'; nonNull: boolean; selection: Selection; type: string };

interface FieldPlan {
  key: string;
  /** The key in the merged tree. */
  from: string;
  inherited: boolean;
  /** Answered without data: `__typename`, introspection, a denied field. */
  local: 'typename' | 'introspection' | 'denied' | undefined;
  completer: Completer;
  coordinate: string;
}

interface ObjectPlan {
  typeName: string;
  fields: FieldPlan[];
}

interface Selection {
  /** Of an object type; for interfaces and unions, what to answer when no type name came. */
  plan: ObjectPlan;
  /** undefined for object types. */
  byType: Map<string, ObjectPlan> | undefined;
  forType: (typeName: string) => ObjectPlan | undefined;
  typenameKeys: readonly string[];
}

export type Projection = ObjectPlan;

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
    projection = compileObject({ schema, fragments, variables: { ...variables }, denied }, root, [operation.selectionSet], true);
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
      const completer = compileType(context, field.type, nodes);
      fields.push({ ...plan, local: context.denied.has(node) ? 'denied' : undefined, completer });
    }
  }
  return { typeName: type.name, fields };
}

function compileType(context: Compiling, type: GraphQLOutputType, nodes: readonly FieldNode[], nonNull = false): Completer {
  if (isNonNullType(type)) return compileType(context, type.ofType, nodes, true);
  if (isListType(type)) return { kind: 'list', nonNull, type: String(type), item: compileType(context, type.ofType, nodes) };
  if (isLeafType(type)) return { kind: 'leaf', nonNull, type: type.name, serialize: serializerOf(type) };
  const selectionSets = nodes.flatMap((node) => (node.selectionSet ? [node.selectionSet] : []));
  return { kind: 'object', nonNull, type: type.name, selection: compileSelection(context, type, selectionSets) };
}

function compileSelection(context: Compiling, type: GraphQLCompositeType, selectionSets: readonly SelectionSetNode[]): Selection {
  const plan = compileObject(context, type, selectionSets);
  if (!isAbstractType(type)) return { plan, byType: undefined, forType: () => plan, typenameKeys: [] };
  const byType = new Map<string, ObjectPlan>();
  const possible = new Map<string, GraphQLObjectType>(context.schema.getPossibleTypes(type).map((one) => [one.name, one]));
  const forType = (typeName: string): ObjectPlan | undefined => {
    let known = byType.get(typeName);
    const concrete = possible.get(typeName);
    if (!known && concrete) byType.set(typeName, (known = compileObject(context, concrete, selectionSets)));
    return known;
  };
  const typenameKeys = plan.fields.filter((field) => field.coordinate.endsWith('.__typename')).map((field) => field.from);
  return { plan, byType, forType, typenameKeys };
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

// ---- Running it.

export interface Projecting {
  errors: GraphQLError[];
  /** Where subgraphs reported errors; undefined when none did. */
  reported: ErrorNode | undefined;
  /** What failed fetches would have given; undefined when none failed. */
  missing: MissingNode | undefined;
  absent: AbsentRule | undefined;
  introspection: Bag | undefined;
  onUnavailable: (source: string, path: string) => void;
}

interface Walk extends Projecting {
  path: (string | number)[];
}

/** The answer's `data` from the merged tree; null when a null reached the root. Errors are added to `state.errors`. */
export function project(projection: Projection, merged: Bag, state: Projecting): Bag | null {
  const walk: Walk = { ...state, path: [] };
  return projectObject(walk, projection, merged, 0, state.reported, state.reported?.own === true, state.missing) ?? null;
}

// undefined is the null that must go up to the parent.
function projectObject(
  walk: Walk, plan: ObjectPlan, source: Bag, depth: number, reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): Bag | undefined {
  const out = createBag();
  const { fields } = plan;
  let whole = true;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] as FieldPlan;
    if (field.local !== undefined) {
      out[field.key] = localValue(walk, field, plan);
      continue;
    }
    const value = field.inherited ? readOwn(source, field.from) : source[field.from];
    walk.path[depth] = field.key;
    let result: unknown;
    if (value === null || value === undefined) {
      result = explainNull(walk, field, value, depth + 1, reported?.children.get(field.from), explained, missing?.children.get(field.from));
    } else if (field.completer.kind === 'leaf') {
      result = field.completer.serialize(value);
      if (result === undefined) result = badLeaf(walk, field.completer, depth + 1);
    } else {
      const below = reported?.children.get(field.from);
      result = complete(walk, field.completer, value, depth + 1, below, explained || below?.own === true, missing?.children.get(field.from));
    }
    // The other fields are still walked: what is unavailable among them is to be told.
    if (result === undefined) whole = false;
    else out[field.key] = result;
  }
  return whole ? out : undefined;
}

function localValue(walk: Walk, field: FieldPlan, plan: ObjectPlan): unknown {
  if (field.local === 'typename') return plan.typeName;
  if (field.local === 'introspection') return walk.introspection?.[field.key] ?? null;
  return null;
}

function complete(
  walk: Walk, completer: Completer, value: unknown, depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): unknown {
  if (completer.kind === 'leaf') {
    const result = completer.serialize(value);
    return result === undefined ? badLeaf(walk, completer, depth) : result;
  }
  if (completer.kind === 'list') {
    if (!Array.isArray(value)) return badValue(walk, completer, depth);
    return completeList(walk, completer, value, depth, reported, explained, missing);
  }
  if (!isObject(value)) return badValue(walk, completer, depth);
  const { selection } = completer;
  let { plan } = selection;
  if (selection.byType !== undefined) {
    const typename = typenameOf(selection, value);
    if (typename !== undefined) {
      const known = typeof typename === 'string' ? (selection.byType.get(typename) ?? selection.forType(typename)) : undefined;
      if (!known) return badValue(walk, completer, depth);
      plan = known;
    }
  }
  if (walk.absent !== undefined && walk.absent.typeName === plan.typeName && readOwn(value, walk.absent.alias) === false) {
    walk.errors.push(walk.absent.error(walk.path.slice(0, depth)));
    return completer.nonNull ? undefined : null;
  }
  const result = projectObject(walk, plan, value, depth, reported, explained, missing);
  return result === undefined && !completer.nonNull ? null : result;
}

function typenameOf(selection: Selection, value: Bag): unknown {
  if (value[TYPENAME] !== undefined) return value[TYPENAME];
  for (const key of selection.typenameKeys) {
    const typename = readOwn(value, key);
    if (typename !== undefined) return typename;
  }
  return undefined;
}

function completeList(
  walk: Walk, completer: Extract<Completer, { kind: 'list' }>, values: readonly unknown[], depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): unknown {
  const { item } = completer;
  const out: unknown[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    const below = reported?.children.get(i);
    walk.path[depth] = i;
    let result: unknown;
    if (value === null || value === undefined) {
      result = item.nonNull ? undefined : null;
      if (item.nonNull && below === undefined) walk.errors.push(nullError(walk.path.slice(0, depth + 1), completer.type));
    } else {
      result = complete(walk, item, value, depth + 1, below, explained || below?.own === true, missing);
    }
    if (result === undefined) return completer.nonNull ? undefined : null;
    out.push(result);
  }
  return out;
}

const nullError = (path: Path, what: string): GraphQLError =>
  internalError(path, `Cannot return null for non-nullable field ${what}.`);

// A null is the source's answer, or it has an error already, or it gets one here: never silence for what is unknown.
function explainNull(
  walk: Walk, field: FieldPlan, value: null | undefined, depth: number,
  reported: ErrorNode | undefined, explained: boolean, missing: MissingNode | undefined,
): null | undefined {
  let known = reported !== undefined || (value === undefined && explained);
  if (!known && missing !== undefined && missing.causes.length > 0) known = tellMissing(walk, missing, depth);
  if (!known && value === undefined) {
    walk.errors.push(internalError(walk.path.slice(0, depth)));
    known = true;
  }
  if (!field.completer.nonNull) return null;
  if (!known) walk.errors.push(nullError(walk.path.slice(0, depth), field.coordinate));
  return undefined;
}

// Returns false when the cause is no reason for an error: then a non-null field still gets its own.
function tellMissing(walk: Walk, missing: MissingNode, depth: number): boolean {
  let told = false;
  for (const cause of missing.causes) {
    if (cause.kind === 'nothing') continue;
    told = true;
    if (missing.reported) continue;
    const path = walk.path.slice(0, depth).map((segment) => (typeof segment === 'number' ? '@' : segment));
    walk.errors.push(causeError(cause, path));
    if (cause.kind !== 'error') walk.onUnavailable(cause.source, path.join('.'));
  }
  missing.reported = true;
  return told || missing.causes.length === 0;
}

function badLeaf(walk: Walk, completer: Completer, depth: number): null | undefined {
  return badValue(walk, completer, depth);
}

// The value itself is not told: it may be what the reader may not see.
function badValue(walk: Walk, completer: Completer, depth: number): null | undefined {
  walk.errors.push(internalError(walk.path.slice(0, depth), `The source's value is not a valid ${completer.type}.`));
  return completer.nonNull ? undefined : null;
}
