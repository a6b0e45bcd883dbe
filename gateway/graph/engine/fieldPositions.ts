import {
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  getDirectiveValues,
  isAbstractType,
  isCompositeType,
  print,
} from 'graphql';
import type {
  ArgumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql';
import { clientError } from '#kit/errors.ts';
import { TYPENAME } from './names.ts';

// The normal form in which the planner sees an operation. A place (a `FieldPosition`) is where objects occur in the
// response. At a place each field with its arguments and its selection is requested once, under a key of its own,
// whatever aliases the client uses. So no two selections can collide in the planner (0.0.38 aborts the process, or
// mixes them up) nor in the executor. A field with two selections has two keys: a null that propagates in one of them
// must not remove the other.

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** What a selection depends on besides its text. */
export interface Selecting {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  /** Coerced, for @skip and @include: an operation is planned for these values. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Fields of the client's that are null without being requested. */
  readonly denied: ReadonlySet<FieldNode>;
  /**
   * Coordinates of interfaces with a field from a subgraph that does not know the objects' types (@interfaceObject).
   */
  readonly ofInterfaceObjects: ReadonlySet<string>;
  /** Names of fields with arguments or subfields that the planner may request by itself. */
  readonly required: ReadonlySet<string>;
  /**
   * A field that is requested with every object of the type, or of the field by its coordinate, in addition to the
   * client's selection.
   */
  readonly beside: (typeName: string, coordinates: readonly string[]) => string | undefined;
}

/** One field of a place as it is planned. */
export interface PositionedField {
  /** Its response key in planned operations and in the merged tree. */
  readonly key: string;
  /** The place of its objects; undefined for leaves. */
  readonly position: FieldPosition | undefined;
}

export interface FieldPosition {
  readonly selectionSet: SelectionSetNode;
  /** The selection with all types: two places with equal texts are interchangeable. */
  readonly text: string;
  /** Fields after every fragment is written out. */
  readonly size: number;
  /** What is planned for the objects of a type, by the client's response key. */
  readonly fieldsOf: (typeName: string) => ReadonlyMap<string, PositionedField> | undefined;
}

/** Written out for each type of an interface, a short text can grow without limit; the planner's time grows with it. */
const MAX_FIELDS = 5000;
/** Selections visited for it. */
const MAX_STEPS = 500_000;

interface Building extends Selecting {
  steps: number;
  readonly numbers: Map<FieldNode, number>;
  readonly names: ReadonlySet<string>;
}

const fieldNamesOf = new WeakMap<GraphQLSchema, ReadonlySet<string>>();

function fieldNames(schema: GraphQLSchema): ReadonlySet<string> {
  let names = fieldNamesOf.get(schema);
  if (!names) {
    const all = Object.values(schema.getTypeMap()).flatMap((type) =>
      'getFields' in type ? Object.keys(type.getFields()) : [],
    );
    fieldNamesOf.set(schema, (names = new Set(all)));
  }
  return names;
}

const ids = new WeakMap<FieldNode, string>();

/** What a field requests, whatever its alias: its name and arguments, in whichever order they are written. */
function fieldId(node: FieldNode): string {
  let id = ids.get(node);
  if (id === undefined) ids.set(node, (id = print({ ...asPlanned(node), selectionSet: undefined })));
  return id;
}

const isCondition = (name: string): boolean => name === 'skip' || name === 'include';

function asPlanned(node: FieldNode): FieldNode {
  const directives = node.directives?.filter((directive) => !isCondition(directive.name.value)) ?? [];
  const given = node.arguments?.map((argument): ArgumentNode => ({ ...argument, value: sorted(argument.value) })) ?? [];
  return { kind: Kind.FIELD, name: node.name, arguments: given.toSorted(byName), directives };
}

function sorted(value: ValueNode): ValueNode {
  if (value.kind === Kind.LIST) return { ...value, values: value.values.map(sorted) };
  if (value.kind !== Kind.OBJECT) return value;
  return { ...value, fields: value.fields.map((field) => ({ ...field, value: sorted(field.value) })).toSorted(byName) };
}

const byName = (one: { name: { value: string } }, other: { name: { value: string } }): number =>
  one.name.value < other.name.value ? -1 : 1;

/** Whether a selection is left out by @skip or @include. */
export function isLeftOut(selection: SelectionNode, variables: Readonly<Record<string, unknown>>): boolean {
  if (!selection.directives?.length) return false;
  return (
    getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false
  );
}

/** What a spread or an inline fragment selects, and on which type (undefined: the type of the place). */
export function insideOf(
  selection: Exclude<SelectionNode, FieldNode>,
  fragments: Fragments,
): { condition: string | undefined; selectionSet: SelectionSetNode } | undefined {
  if (selection.kind === Kind.INLINE_FRAGMENT)
    return { condition: selection.typeCondition?.name.value, selectionSet: selection.selectionSet };
  const fragment = fragments[selection.name.value];
  return fragment && { condition: fragment.typeCondition.name.value, selectionSet: fragment.selectionSet };
}

/** Whether objects of the type, or all of an abstract type, meet a type condition. */
export function meets(schema: GraphQLSchema, type: GraphQLCompositeType, condition: string): boolean {
  if (type.name === condition) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && !('getTypes' in type) && schema.isSubType(conditional, type);
}

/** @throws GraphQLError COST_LIMIT where the operation is too large once it is written out */
export function createRootPosition(
  selecting: Selecting,
  root: GraphQLObjectType,
  operation: string,
  selectionSet: SelectionSetNode,
): FieldPosition {
  const building: Building = { ...selecting, steps: 0, numbers: new Map(), names: fieldNames(selecting.schema) };
  return createPosition(building, root, [selectionSet], [], operation);
}

/**
 * Types of a place with the same selection: an object type, or those of an abstract one that meet the same conditions.
 */
interface Class {
  readonly types: readonly string[];
  readonly type: GraphQLCompositeType;
  /** By response key. */
  readonly fields: Map<string, FieldNode[]>;
}

/** A planned field before it has its key. */
interface Asked {
  readonly node: FieldNode;
  readonly text: string;
  readonly position: FieldPosition | undefined;
  readonly classes: Set<Class>;
  /** The client's response keys for it, each with its own place: the keys below it follow its selection. */
  readonly names: { of: Class; name: string; position: FieldPosition | undefined }[];
}

/** @param rootOf the operation's kind, for its root */
function createPosition(
  building: Building,
  type: GraphQLCompositeType,
  selectionSets: readonly SelectionSetNode[],
  coordinates: readonly string[],
  rootOf?: string,
): FieldPosition {
  const seen = lookAt(building, selectionSets);
  const classes = classesOf(building, type, seen);
  const beside = building.beside(type.name, coordinates);
  for (const each of classes) {
    if (beside !== undefined) each.fields.set(' ', [fieldNamed(beside)]); // no client can have such a key
    collect(building, each, selectionSets, new Set());
  }

  const all = askedFields(building, type, classes, rootOf === 'mutation');
  const fields = new Map<Class, Map<string, PositionedField>>(classes.map((each) => [each, new Map()]));
  const taken = new Set<string>();
  const common: SelectionNode[] = [];
  const typed = new Map<string, FieldNode[]>();
  let size = 0;
  let text = '';
  for (const { node, text: own, position: place, classes: having, names } of all) {
    const key = freeKey(building, node, taken);
    const planned: FieldNode = {
      ...asPlanned(node),
      ...(key === node.name.value ? null : { alias: { kind: Kind.NAME, value: key } }),
      ...(place ? { selectionSet: place.selectionSet } : null),
    };
    for (const each of names) fields.get(each.of)?.set(each.name, { key, position: each.position });
    // A field from a subgraph that does not know the objects' types is requested for all: planned for some types, it is
    // lost for others.
    const isCommon =
      having.size === classes.length || building.ofInterfaceObjects.has(`${type.name}.${node.name.value}`);
    const conditions =
      isCommon && hasField(type, node.name.value) ? undefined : conditionsFor(building, type, seen, having, node);
    for (const condition of conditions ?? []) typed.set(condition, [...(typed.get(condition) ?? []), planned]);
    if (!conditions) common.push(planned);
    size += (1 + (place?.size ?? 0)) * (conditions?.length ?? 1);
    text += `${conditions?.join('|') ?? ''} ${key}:${own}\n`;
  }
  if (size > MAX_FIELDS)
    throw clientError(
      'COST_LIMIT',
      `The operation has more than ${MAX_FIELDS} fields once it is written out for each type.`,
      { expected: `at most ${MAX_FIELDS} fields` },
    );

  const isEmpty = common.length === 0 && typed.size === 0;
  if (
    rootOf === undefined &&
    (isEmpty || (isAbstractType(type) && (seen.typename || classes.length > 1 || seen.differing(type))))
  ) {
    common.unshift(fieldNamed(TYPENAME));
    text += TYPENAME;
  }
  const fragments = [...typed].map(([condition, selections]): InlineFragmentNode => ({
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: condition } },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  }));
  const byType = new Map<string, ReadonlyMap<string, PositionedField> | undefined>();
  for (const each of classes) for (const name of each.types) byType.set(name, fields.get(each));
  if (classes.length === 1 && classes[0]) byType.set(type.name, fields.get(classes[0]));
  return {
    selectionSet: { kind: Kind.SELECTION_SET, selections: [...common, ...fragments] },
    text,
    size,
    fieldsOf: (typeName) => byType.get(typeName),
  };
}

const fieldNamed = (name: string): FieldNode => ({ kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } });

const hasField = (type: GraphQLCompositeType, name: string): boolean => 'getFields' in type && name in type.getFields();

const typeOfField = (type: GraphQLCompositeType, name: string): GraphQLOutputType | undefined =>
  'getFields' in type ? type.getFields()[name]?.type : undefined;

/** What occurs anywhere in the selections of a place. */
interface Seen {
  readonly conditions: ReadonlySet<string>;
  readonly fields: ReadonlySet<string>;
  readonly typename: boolean;
  /**
   * Whether a field's type on some object differs from that of the abstract type, so that the object's type matters.
   */
  differing(type: GraphQLCompositeType): boolean;
}

function lookAt(building: Building, selectionSets: readonly SelectionSetNode[]): Seen {
  const conditions = new Set<string>();
  const fields = new Set<string>();
  const spread = new Set<string>();
  let typename = false;
  const look = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      step(building);
      if (isLeftOut(selection, building.variables)) continue;
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value === TYPENAME) typename = true;
        else fields.add(selection.name.value);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const inside = insideOf(selection, building.fragments);
      if (!inside) continue;
      if (inside.condition !== undefined) conditions.add(inside.condition);
      look(inside.selectionSet);
    }
  };
  for (const selectionSet of selectionSets) look(selectionSet);
  return {
    conditions,
    fields,
    typename,
    differing: (type) =>
      isAbstractType(type) &&
      [...fields].some((name) => {
        const declared = String(typeOfField(type, name));
        return building.schema
          .getPossibleTypes(type)
          .some((possible) => String(typeOfField(possible, name)) !== declared);
      }),
  };
}

function step(building: Building): void {
  building.steps += 1;
  if (building.steps > MAX_STEPS)
    throw clientError('COST_LIMIT', 'The operation is too large once its fragments are written out for each type.', {
      expected: 'fewer or smaller fragments',
    });
}

function classesOf({ schema }: Building, type: GraphQLCompositeType, seen: Seen): Class[] {
  if (!isAbstractType(type)) return [{ types: [type.name], type, fields: new Map() }];
  const possible = schema.getPossibleTypes(type);
  const narrowing = [...seen.conditions].filter((condition) => !possible.every((one) => meets(schema, one, condition)));
  if (narrowing.length === 0 && [...seen.fields].every((name) => hasField(type, name)))
    return [{ types: possible.map(({ name }) => name), type: possible[0] ?? type, fields: new Map() }];
  const groups = new Map<string, GraphQLObjectType[]>();
  for (const one of possible) {
    // The types of their fields must agree too: an interface's types may narrow them.
    const alike = [
      ...narrowing.map((condition) => meets(schema, one, condition)),
      ...[...seen.fields].map((name) => String(typeOfField(one, name))),
    ].join();
    const group = groups.get(alike);
    if (group) group.push(one);
    else groups.set(alike, [one]);
  }
  return [...groups.values()].map((group) => ({
    types: group.map(({ name }) => name),
    type: group[0] as GraphQLObjectType,
    fields: new Map(),
  })); // a group has one
}

function collect(
  building: Building,
  into: Class,
  selectionSets: readonly SelectionSetNode[],
  spread: Set<string>,
): void {
  for (const { selections } of selectionSets) {
    for (const selection of selections) {
      step(building);
      if (isLeftOut(selection, building.variables)) continue;
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value.startsWith('__') || building.denied.has(selection)) continue;
        const key = selection.alias?.value ?? selection.name.value;
        const nodes = into.fields.get(key);
        if (nodes) nodes.push(selection);
        else into.fields.set(key, [selection]);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const inside = insideOf(selection, building.fragments);
      if (inside && (inside.condition === undefined || meets(building.schema, into.type, inside.condition)))
        collect(building, into, [inside.selectionSet], spread);
    }
  }
}

// Equal fields are requested once, under whichever keys; but each root field of a mutation is run by itself.
function askedFields(
  building: Building,
  type: GraphQLCompositeType,
  classes: readonly Class[],
  isMutation: boolean,
): Asked[] {
  const result = new Map<string, Asked>();
  for (const name of new Set(classes.flatMap((each) => [...each.fields.keys()]))) {
    const groups = new Map<string, { nodes: readonly FieldNode[]; classes: Class[] }>();
    for (const each of classes) {
      const nodes = each.fields.get(name);
      if (!nodes) continue;
      const numbers = nodes.map((node) => numberOf(building, node)).join();
      const alike = `${numbers} ${String(typeOfField(each.type, nodes[0]?.name.value ?? ''))}`;
      const group = groups.get(alike);
      if (group) group.classes.push(each);
      else groups.set(alike, { nodes, classes: [each] });
    }
    for (const { nodes, classes: having } of groups.values()) {
      const node = nodes[0] as FieldNode; // a group has one
      const field = node.name.value;
      const parent = having.length === classes.length && hasField(type, field) ? type : (having[0] as Class).type;
      const given = typeOfField(parent, field);
      if (!given) continue; // the validator has refused it
      const named = getNamedType(given);
      const selectionSets = nodes.flatMap((one) => (one.selectionSet ? [one.selectionSet] : []));
      const coordinates = having.flatMap((each) => each.types.map((typeName) => `${typeName}.${field}`));
      const position = isCompositeType(named) ? createPosition(building, named, selectionSets, coordinates) : undefined;
      const key = isMutation ? `${name} ` : '';
      const text = `${key}${fieldId(node)}:${String(given)}${position ? `{${position.text}}` : ''}`;
      let asked = result.get(text);
      if (!asked) result.set(text, (asked = { node, text, position, classes: new Set(), names: [] }));
      for (const each of having) {
        asked.classes.add(each);
        asked.names.push({ of: each, name, position });
      }
    }
  }
  return [...result.values()];
}

function numberOf({ numbers }: Building, node: FieldNode): number {
  let number = numbers.get(node);
  if (number === undefined) numbers.set(node, (number = numbers.size));
  return number;
}

/**
 * A field keeps its own name where that is free, so that it is the same field that the planner requests as a key. But a
 * name that some field requires is left to the planner, which requests it with arguments and subfields of its own, for
 * objects of any type in one request. No other key is the name of any field, because the planner takes a field under
 * such a key for the required one.
 */
function freeKey({ names, required }: Building, node: FieldNode, taken: Set<string>): string {
  const name = node.name.value;
  let key = name;
  let number = 0;
  const isFree = (): boolean => !taken.has(key) && (number === 0 ? !required.has(name) : !names.has(key));
  while (!isFree()) key = `_${number++}_${name}`;
  taken.add(key);
  return key;
}

// The fewest type conditions that cover the objects with a field.
function conditionsFor(
  { schema }: Building,
  type: GraphQLCompositeType,
  seen: Seen,
  having: ReadonlySet<Class>,
  { name }: FieldNode,
): string[] {
  const types = new Set([...having].flatMap((each) => each.types));
  if (types.size > 1 && isAbstractType(type)) {
    const possible = schema.getPossibleTypes(type);
    for (const condition of seen.conditions) {
      const conditional = schema.getType(condition);
      if (!isAbstractType(conditional) || !hasField(conditional, name.value)) continue;
      if (possible.every((one) => schema.isSubType(conditional, one) === types.has(one.name))) return [condition];
    }
  }
  return [...types];
}
