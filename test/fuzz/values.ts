import {
  getArgumentValues,
  getNamedType,
  GraphQLError,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
} from 'graphql';
import type { GraphQLField, GraphQLOutputType, SelectionSetNode } from 'graphql';
import { createRandom } from '#cli/generate/random.ts';
import type { Random } from '#cli/generate/random.ts';
import type { Family, World } from './world.ts';

/** What goes wrong in a run, everywhere alike. */
export type Fault =
  | { readonly kind: 'none' }
  /** Fields fail: some with a code that the client may read, some with none. */
  | { readonly kind: 'errors' }
  /** `nulls`: it answers, but all that it was asked for is null, each with its error, as when its database is away. */
  | { readonly kind: 'down'; readonly graph: string; readonly how: 'unavailable' | 'throws' | 'refuses' | 'nulls' }
  /** Some entities are unknown to one subgraph. */
  | { readonly kind: 'unknown'; readonly graph: string }
  /** Keys that may be null are null in some entities. */
  | { readonly kind: 'nullKeys' };

/** An object of the answer: who it is decides every value it has, whichever subgraph is asked. */
export interface Thing {
  readonly __typename: string;
  readonly identity: string;
  /** Number in its family's pool; undefined for what is no entity. */
  readonly member?: number | undefined;
  /** The representation by which a subgraph was asked. */
  readonly given?: Readonly<Record<string, unknown>> | undefined;
}

export interface Values {
  /** The value of a field: a leaf as it goes over the wire, a Thing, or lists of them. Throws where the field fails. */
  valueOf(thing: Thing, fieldName: string, args: Readonly<Record<string, unknown>>, required?: unknown): unknown;
  /** What an entity's field requires, as the plain schema knows it. Throws where a required field fails. */
  requiredOf(thing: Thing, fieldName: string): unknown;
  /** The entity a representation stands for; null when the subgraph does not know it. */
  find(graph: string, representation: Readonly<Record<string, unknown>>): Thing | null;
  /** The values a representation gave for what the field requires. @throws when one is missing: it was not fetched. */
  givenFor(thing: Thing, fieldName: string): unknown;
}

export const ROOTS: ReadonlySet<string> = new Set(['Query', 'Mutation']);

export const rootThing = (typeName: string): Thing => ({ __typename: typeName, identity: typeName });

/** FNV-1a over UTF-16 units: fast, and the same everywhere. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  return `{${Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, item]) => `${key}:${canonical(item)}`)
    .join(',')}}`;
}

/** The codes a failure may be given with: more than one where several required fields failed. */
export const reasonsOf = ({ extensions }: GraphQLError): readonly unknown[] =>
  (extensions['reasons'] as unknown[] | undefined) ?? [extensions['code']];

const usccs = [
  '91110105MA0EEE1197',
  '914403001922038217',
  '93330106MA2EEE3316',
  '92440305MA5EEE222Y',
  '9144030071526726XG',
  '91440606722473344C',
  '91440400192548256N',
  '91440300708461136T',
];

/** What decides every value: the world, the seed, and what goes wrong. */
interface Data {
  readonly world: World;
  readonly seed: number;
  readonly fault: Fault;
  /** Of each key of a family: the number of the member that has its values. */
  readonly indexes: Map<SelectionSetNode, Map<string, number>>;
}

/** Deterministic data of a world: a pure function of the seed, the object, the field and its arguments. */
export function createValues(world: World, seed: number, fault: Fault): Values {
  const data: Data = { world, seed, fault, indexes: new Map() };
  return {
    valueOf: (thing, fieldName, args, required) => valueOf(data, thing, fieldName, args, required),
    requiredOf: (thing, fieldName) => requiredOf(data, thing, fieldName),
    givenFor(thing, fieldName) {
      const requires = world.requires(thing.__typename, fieldName);
      return requires && givenValues(thing.given ?? {}, requires, thing.__typename);
    },
    find: (graph, representation) => find(data, graph, representation),
  };
}

function fieldOf({ world: { api } }: Data, typeName: string, fieldName: string): GraphQLField<unknown, unknown> {
  const type = api.getType(typeName);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[fieldName] : undefined;
  if (!field) throw new Error(`The API has no ${typeName}.${fieldName}.`);
  return field;
}

const memberOf = (family: Family, n: number): Thing => ({
  __typename: family.members[n] as string,
  identity: `${family.name}:${n}`,
  member: n,
});

function valueOf(
  data: Data,
  thing: Thing,
  fieldName: string,
  args: Readonly<Record<string, unknown>>,
  required?: unknown,
): unknown {
  const typeName = thing.__typename;
  const { type } = fieldOf(data, typeName, fieldName);
  const isKey = data.world.isKey(typeName, fieldName);
  const given = required === undefined ? '' : canonical(required);
  const identity = `${thing.identity}/${fieldName}(${canonical(args)})${given}`;
  const random = createRandom(data.seed, digest(identity));
  const digit = data.world.keyDigit(typeName, fieldName);
  if (digit && thing.member !== undefined) {
    if (data.fault.kind === 'nullKeys' && data.world.isNullable(typeName, fieldName) && random.chance(0.5)) return null;
    const { member } = thing;
    return keyValue(
      type,
      fieldName,
      thing.identity,
      digit.of === 1 ? member : digit.index === digit.of - 1 ? member >> digit.index : (member >> digit.index) & 1,
    );
  }
  const isNullable = data.world.isNullable(typeName, fieldName);
  if (!isKey) {
    if (isUnknown(data, thing, fieldName)) return null;
    if (
      data.fault.kind === 'errors' &&
      (isNullable || !data.world.isRequired(typeName, fieldName)) &&
      random.chance(ROOTS.has(typeName) ? 0.03 : 0.08)
    ) {
      const code = random.pick(['NOT_FOUND', 'BAD_USER_INPUT', 'P2002', undefined]);
      throw new GraphQLError(`${fieldName} fails`, code ? { extensions: { code } } : {});
    }
    if (isNullable && random.chance(ROOTS.has(typeName) ? 0.04 : 0.12)) return null;
  }
  return complete(data, thing, fieldName, isNonNullType(type) ? type.ofType : type, identity, random, isKey);
}

function complete(
  data: Data,
  thing: Thing,
  fieldName: string,
  type: GraphQLOutputType,
  identity: string,
  random: Random,
  isKey: boolean,
): unknown {
  if (isNonNullType(type)) return complete(data, thing, fieldName, type.ofType, identity, random, isKey);
  if (isListType(type)) {
    return Array.from({ length: random.below(4) }, (_, i) =>
      !isNonNullType(type.ofType) && random.chance(0.12)
        ? null
        : complete(data, thing, fieldName, type.ofType, `${identity}[${i}]`, random, isKey),
    );
  }
  if (isLeafType(type)) return leaf(data.world, type, fieldName, random, isKey);
  const possible = data.world.possible(thing.__typename, fieldName);
  if (possible.length === 0) return null;
  const family = data.world.family(type.name);
  if (family) {
    const members = family.members.flatMap((name, n) => (possible.includes(name) ? [n] : []));
    return memberOf(
      family,
      isKey && thing.member !== undefined ? (members[thing.member % members.length] as number) : random.pick(members),
    );
  }
  const typeName = random.pick(possible);
  const own = data.world.family(typeName);
  if (own) return memberOf(own, random.pick(own.members.flatMap((name, n) => (name === typeName ? [n] : []))));
  return { __typename: typeName, identity } satisfies Thing;
}

function leaf(world: World, type: GraphQLOutputType, fieldName: string, random: Random, isKey: boolean): unknown {
  const number = random.below(isKey ? 1e9 : 1000);
  if (isEnumType(type)) return random.pick(world.enumValues(type.name));
  switch (getNamedType(type).name) {
    case 'Int':
      return number;
    case 'Float':
      return number / 4;
    case 'Boolean':
      return number % 2 === 0;
    case 'USCC':
      return usccs[number % usccs.length];
    case 'Date':
      return `2026-01-${10 + (number % 20)}`;
    case 'DateTime':
      return `2026-01-01T00:00:00.${100 + (number % 900)}Z`;
    case 'Fen':
      return String(number);
    case 'FormRow':
      return { [fieldName]: number, list: [1, { a: null }] };
    default:
      return `${fieldName} ${number}`;
  }
}

function keyValue(type: GraphQLOutputType, fieldName: string, identity: string, digit: number): unknown {
  switch (getNamedType(type).name) {
    case 'Int':
      return 100 + digit;
    case 'USCC':
      return usccs[digit % usccs.length];
    case 'Date':
      return `2026-02-${10 + digit}`;
    case 'DateTime':
      return `2026-02-01T00:00:00.${100 + digit}Z`;
    default:
      return `${identity.slice(0, identity.indexOf(':'))}-${fieldName}-${digit}`;
  }
}

function isUnknown(data: Data, thing: Thing, fieldName: string): boolean {
  if (data.fault.kind !== 'unknown' || thing.member === undefined) return false;
  const givers = data.world.givers(thing.__typename, fieldName);
  return givers.length === 1 && givers[0] === data.fault.graph && isUnknownTo(data, data.fault.graph, thing);
}

const isUnknownTo = ({ seed }: Data, graph: string, thing: Thing): boolean =>
  createRandom(seed, digest(`${graph} knows ${thing.identity}`)).chance(0.4);

/**
 * A field set's values of an object, as a perfect gateway would write them into a representation; what fails is added
 * to `failures`.
 */
function project(
  data: Data,
  thing: Thing,
  selections: SelectionSetNode,
  failures: GraphQLError[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (selection.typeCondition?.name.value === thing.__typename)
        Object.assign(values, project(data, thing, selection.selectionSet, failures));
      continue;
    }
    const name = selection.name.value;
    if (name === '__typename') continue;
    let value: unknown;
    try {
      const args = getArgumentValues(fieldOf(data, thing.__typename, name), selection);
      value = valueOf(data, thing, name, args, requiredOf(data, thing, name));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      failures.push(error);
      value = null;
    }
    values[name] = selection.selectionSet ? projectValue(data, value, selection.selectionSet, failures) : value;
  }
  return values;
}

function projectValue(data: Data, value: unknown, selections: SelectionSetNode, failures: GraphQLError[]): unknown {
  if (Array.isArray(value)) return value.map((item) => projectValue(data, item, selections, failures));
  return value === null ? null : project(data, value as Thing, selections, failures); // composite fields give Things
}

function requiredOf(data: Data, thing: Thing, fieldName: string): unknown {
  const requires = data.world.requires(thing.__typename, fieldName);
  if (!requires) return undefined;
  const failures: GraphQLError[] = [];
  const required = project(data, thing, requires, failures);
  const [first] = failures;
  // What requires a failed field fails for the same reason; of several reasons any may be given.
  if (first)
    throw new GraphQLError(first.message, {
      extensions: { ...first.extensions, reasons: failures.flatMap(reasonsOf) },
    });
  return required;
}

function givenValues(given: unknown, selections: SelectionSetNode, typeName: string): unknown {
  if (Array.isArray(given)) return given.map((item) => givenValues(item, selections, typeName));
  if (typeof given !== 'object' || given === null) return null;
  const values: Record<string, unknown> = {};
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const actual: unknown = (given as Record<string, unknown>)['__typename'] ?? typeName;
      if (selection.typeCondition?.name.value === actual)
        Object.assign(values, givenValues(given, selection.selectionSet, typeName));
      continue;
    }
    const name = selection.name.value;
    if (name === '__typename') continue;
    if (!Object.hasOwn(given, name))
      throw new Error(`The representation of ${typeName} lacks ${name}, which a field requires.`);
    const value = (given as Record<string, unknown>)[name];
    values[name] = selection.selectionSet ? givenValues(value, selection.selectionSet, typeName) : value;
  }
  return values;
}

function indexOf(data: Data, family: Family, key: SelectionSetNode): Map<string, number> {
  let index = data.indexes.get(key);
  if (!index) {
    index = new Map(family.members.map((_, n) => [canonical(project(data, memberOf(family, n), key, [])), n] as const));
    data.indexes.set(key, index);
  }
  return index;
}

/** The entity of a representation; null where the subgraph does not know it. @throws GraphQLError where none is */
function find(data: Data, graph: string, representation: Readonly<Record<string, unknown>>): Thing | null {
  const typeName = String(representation['__typename']);
  const family = data.world.family(typeName);
  if (!family) throw new GraphQLError(`${typeName} is no entity.`);
  for (const key of family.keys) {
    let keys: unknown;
    try {
      keys = givenValues(representation, key, typeName);
    } catch {
      continue; // a representation by another key
    }
    if (canonical(keys).includes('null')) continue;
    const n = indexOf(data, family, key).get(canonical(keys));
    if (n === undefined) throw new GraphQLError(`No ${typeName} is ${canonical(representation)}.`);
    const thing = memberOf(family, n);
    return data.fault.kind === 'unknown' && data.fault.graph === graph && isUnknownTo(data, graph, thing)
      ? null
      : { ...thing, given: representation };
  }
  throw new GraphQLError(`A representation of ${typeName} has no whole key: ${canonical(representation)}.`);
}
