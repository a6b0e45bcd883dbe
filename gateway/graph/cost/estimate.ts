import {
  type FieldNode, getNamedType, type GraphQLCompositeType, type GraphQLField, type GraphQLObjectType, type GraphQLSchema, isAbstractType, isCompositeType,
  isInputObjectType, isListType, isNonNullType, isObjectType, Kind, type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql';
import { clientError } from '#kit/errors.ts';
import { isIntrospectionField } from '../../plan/document.ts';
import { TYPENAME } from '../../plan/names.ts';
import { type Fragments, insideOf, isLeftOut, meets } from '../../plan/places.ts';
import { type Amount, largest, product, sum, type Variables } from './amount.ts';
import type { Homes } from './homes.ts';
import { argumentsCost, listLength } from './sizes.ts';
import type { ListSize, Weights } from './weights.ts';

// The cost of an operation before it is planned (docs/COST.md). An operation is walked once, as it answers: fields of one response key are
// one, however they are spelled. What is left is a number, or a function of the values of its variables.

/** What each part of a cost counts. */
export interface CostModel {
  /** The type cost of the IBM specification: what may be answered. */
  readonly types: number;
  /** Its field cost: what is called for it. */
  readonly fields: number;
  /** An object that another subgraph completes. */
  readonly crossing: number;
  /** A fetch for such objects, however many they are. */
  readonly fetch: number;
}

export const standardModel: CostModel = { types: 1, fields: 1, crossing: 1, fetch: 10 };

export interface Estimate {
  /** @throws GraphQLError BAD_USER_INPUT, see `listLength` */
  readonly cost: Amount;
  /** How many fetches a plan has about: one for each place of the answer and subgraph that is asked there. */
  readonly fetches: number;
  /** Selections that were looked at. */
  readonly steps: number;
}

export interface Estimating {
  readonly schema: GraphQLSchema;
  readonly weights: Weights;
  readonly homes: Homes;
  readonly model: CostModel;
  /** Selections that are looked at, at most: for each type that can stand at its place a selection may be another. */
  readonly maxSteps: number;
}

interface Building extends Estimating {
  readonly fragments: Fragments;
  readonly variables: Variables;
  readonly numbers: Map<FieldNode, number>;
  steps: number;
  fetches: number;
}

/**
 * @param variables of those in @skip and @include the values: an estimate is of the operation with these
 * @throws GraphQLError COST_LIMIT where there is too much to look at; BAD_USER_INPUT, see `listLength`
 */
export function estimate(estimating: Estimating, operation: OperationDefinitionNode, fragments: Fragments, variables: Variables): Estimate {
  const building: Building = { ...estimating, fragments, variables, numbers: new Map(), steps: 0, fetches: 0 };
  const root = building.schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
  const cost = costOfPlace(building, { type: root, selections: [operation.selectionSet], at: ANYWHERE, sized: undefined, isRoot: true });
  return { cost: sum([cost, building.model.fetch * building.fetches]), fetches: building.fetches, steps: building.steps };
}

/** Every subgraph. */
const ANYWHERE = -1;

/** Where objects stand in the answer. */
interface Place {
  readonly type: GraphQLCompositeType;
  readonly selections: readonly SelectionSetNode[];
  /** The subgraphs that give the objects there, as bits. */
  readonly at: number;
  /** Lists of it whose length the field above says. */
  readonly sized: ReadonlyMap<string, Amount> | undefined;
  readonly isRoot: boolean;
}

/** One object of a place: of the dearest type that can stand there. */
function costOfPlace(building: Building, place: Place): Amount {
  const types = isAbstractType(place.type) ? building.schema.getPossibleTypes(place.type) : [place.type as GraphQLObjectType];
  const known = new Map<string, Amount>();
  const alike = new Set<string>();
  const costs: Amount[] = [];
  for (const type of types) {
    const fields = fieldsOf(building, type, place.selections);
    const own = (building.weights.costs.get(type.name) ?? 1) * building.model.types;
    const described = [...fields].map(([key, nodes]) => ({ nodes, ...describe(building, type, nodes, key) }));
    // Types that select alike and cost alike cost the same.
    const text = `${own} ${described.map(({ id }) => id).join(' ')}`;
    if (alike.has(text)) continue;
    alike.add(text);
    const crossings = new Set<number>();
    const amounts = described.map(({ nodes, field, id }) => {
      if (!field) return 0;
      // The subgraphs of which one is asked, where none that gives the object gives the field as well.
      const { homes } = facts(building, type, field);
      if (homes !== 0 && (homes & place.at) === 0) crossings.add(homes);
      let amount = known.get(id);
      if (amount === undefined) known.set(id, (amount = costOfField(building, type, field, nodes, place)));
      return amount;
    });
    const introspection = place.isRoot ? costOfIntrospection(building, fields) : 0;
    building.fetches += crossings.size + (place.isRoot ? described.filter(({ field }) => field).length : 0);
    costs.push(sum([own + introspection + crossings.size * building.model.crossing, ...amounts]));
  }
  return largest(costs);
}

/** Each lists the types of the schema. */
function costOfIntrospection({ schema, model }: Building, fields: ReadonlyMap<string, readonly FieldNode[]>): number {
  const asked = [...fields.values()].filter(([node]) => node && isIntrospectionField(node.name.value)).length;
  return asked === 0 ? 0 : asked * countOfTypes(schema) * model.types;
}

/** What one introspection counts as objects. */
export const countOfTypes = (schema: GraphQLSchema): number => Object.keys(schema.getTypeMap()).length;

/** What tells a field from others: its nodes, and all of its definition that a cost depends on. Undefined: it is answered without any. */
function describe(building: Building, type: GraphQLObjectType, nodes: readonly FieldNode[], key: string): { id: string; field: GraphQLField<unknown, unknown> | undefined } {
  const [first] = nodes;
  const field = first && first.name.value !== TYPENAME ? type.getFields()[first.name.value] : undefined;
  if (!field) return { id: `${key}`, field };
  const numbers = nodes.map((node) => {
    let number = building.numbers.get(node);
    if (number === undefined) building.numbers.set(node, (number = building.numbers.size));
    return number;
  });
  return { id: `${key}:${numbers.join('+')}:${facts(building, type, field).signature}`, field };
}

/** What a schema says of a field, found once. */
interface FieldFacts {
  /** Equal where a cost does not tell two fields apart. */
  readonly signature: string;
  readonly coordinate: string;
  readonly size: ListSize | undefined;
  /** The subgraphs that give it, as bits. */
  readonly homes: number;
}

const factsOf = new WeakMap<Weights, Map<GraphQLField<unknown, unknown>, FieldFacts>>();

function facts({ weights, homes }: Building, type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): FieldFacts {
  let known = factsOf.get(weights);
  if (!known) factsOf.set(weights, (known = new Map()));
  let found = known.get(field);
  if (!found) {
    const coordinate = `${type.name}.${field.name}`;
    const size = sizeOf(weights, type, field);
    const own = homes(type.name, field.name);
    const args = field.args.map(({ name }) => weights.costs.get(`${coordinate}(${name}:)`) ?? '');
    const signature = [field.type, weights.costs.get(coordinate) ?? '', JSON.stringify(size), own, ...args].join(',');
    known.set(field, (found = { signature, coordinate, size, homes: own }));
  }
  return found;
}

/** An interface may say it for its types. */
function sizeOf(weights: Weights, type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): ListSize | undefined {
  const own = weights.sizes.get(`${type.name}.${field.name}`);
  return own ?? type.getInterfaces().map(({ name }) => weights.sizes.get(`${name}.${field.name}`)).find((size) => size !== undefined);
}

/** A field of one object, with all that stands below it. */
function costOfField(building: Building, type: GraphQLObjectType, field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[], place: Place): Amount {
  const { weights, model, schema } = building;
  const node = nodes[0] as FieldNode; // a key has one
  const { coordinate, size, homes: own } = facts(building, type, field);
  const named = getNamedType(field.type);
  const below = isCompositeType(named) ? named : undefined;
  const directives = (node.directives ?? []).map((directive) => argumentsCost(weights, `@${directive.name.value}`, schema.getDirective(directive.name.value)?.args ?? [], directive));
  const call = atLeastNone(sum([weights.costs.get(coordinate) ?? (below ? 1 : 0), argumentsCost(weights, coordinate, field.args, node), ...directives]));
  const length = listLength(field, node, size);
  const isSizing = size !== undefined && size.sizedFields.length > 0;
  const items = hasList(field.type) ? (place.sized?.get(field.name) ?? (isSizing ? 1 : length)) : 1;
  const item = below
    ? costOfPlace(building, {
      type: below,
      selections: nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      at: (own & place.at) || own || place.at,
      sized: isSizing ? new Map(size.sizedFields.map((name) => [name, length])) : undefined,
      isRoot: false,
    })
    : (weights.costs.get(named.name) ?? 0) * model.types;
  return sum([product(call, model.fields), product(items, item)]);
}

const atLeastNone = (amount: Amount): Amount => (typeof amount === 'number' ? Math.max(0, amount) : (variables) => Math.max(0, amount(variables)));

const hasList = (type: GraphQLField<unknown, unknown>['type']): boolean => isListType(isNonNullType(type) ? type.ofType : type);

/** By response key. */
function fieldsOf(building: Building, type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      building.steps += 1;
      if (building.steps > building.maxSteps) throw tooLarge(building.maxSteps);
      if (isLeftOut(selection, building.variables)) continue;
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
      const inside = insideOf(selection, building.fragments);
      if (inside && (inside.condition === undefined || meets(building.schema, type, inside.condition))) collect(inside.selectionSet);
    }
  };
  for (const selectionSet of selectionSets) collect(selectionSet);
  return fields;
}

const tooLarge = (most: number) =>
  clientError('COST_LIMIT', `The operation has more than ${most} selections once its fragments are written out for each type.`, { expected: `at most ${most} selections` });

/**
 * What is wrong with the weights of a schema: a list whose length nothing says could be of any length, and a weight below zero could make
 * an operation cheaper that asks for more.
 */
export function weightProblems(schema: GraphQLSchema, { costs, sizes }: Weights): string[] {
  const problems = [...costs].flatMap(([coordinate, weight]) => (weight < 0 ? [`${coordinate}: a weight is not below zero`] : []));
  const sized = new Set<string>();
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__') ? Object.values(type.getFields()).map((field) => ({ type, field, coordinate: `${type.name}.${field.name}` })) : []);
  for (const { field, coordinate } of fields) for (const name of sizes.get(coordinate)?.sizedFields ?? []) sized.add(`${getNamedType(field.type).name}.${name}`);
  for (const { field, coordinate } of fields) {
    if (hasList(field.type) && isCompositeType(getNamedType(field.type)) && !sizes.has(coordinate) && !sized.has(coordinate)) problems.push(`${coordinate}: nothing says how long the list is (@listSize)`);
    for (const path of sizes.get(coordinate)?.slicingArguments ?? []) {
      const argument = field.args.find(({ name }) => name === path.split('.')[0]);
      if (!argument || (path.includes('.') && !isInputObjectType(getNamedType(argument.type)))) problems.push(`${coordinate}: @listSize names ${path}, which is no argument of it`);
    }
  }
  return problems;
}
