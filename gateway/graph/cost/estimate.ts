import {
  type FieldNode,
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { clientError } from '#kit/errors.ts';
import { isIntrospectionField } from '#gateway/graph/engine/document.ts';
import { TYPENAME } from '#gateway/graph/engine/names.ts';
import { type Fragments, insideOf, isLeftOut, meets } from '#gateway/graph/engine/fieldPositions.ts';
import { type Amount, largest, product, sum, type Variables } from './amount.ts';
import type { Homes } from './homes.ts';
import { argumentsCost, listLength } from './sizes.ts';
import type { ListSize, Weights } from './weights.ts';

// The cost of an operation before it is planned (docs/COST.md). An operation is walked once, as it is answered: fields
// with one response key count once, however they are written. The result is a number, or a function of the values of
// its variables.

/** What each part of a cost counts. */
export interface CostModel {
  /** The type cost of the IBM specification: the objects that may be returned. */
  readonly types: number;
  /** Its field cost: the resolvers that are called. */
  readonly fields: number;
  /** An object that another subgraph completes. */
  readonly crossing: number;
  /** A fetch for such objects, however many there are. */
  readonly fetch: number;
}

export const standardModel: CostModel = { types: 1, fields: 1, crossing: 1, fetch: 10 };

export interface Estimate {
  /** @throws GraphQLError BAD_USER_INPUT, see `listLength` */
  readonly cost: Amount;
  /**
   * The approximate number of fetches of a plan: one for each place in the response and subgraph that is called there.
   */
  readonly fetches: number;
  /** Selections that were visited. */
  readonly steps: number;
}

export interface Estimating {
  readonly schema: GraphQLSchema;
  readonly weights: Weights;
  readonly homes: Homes;
  readonly model: CostModel;
  /**
   * The maximum of selections visited: a selection may be a different one for each type that can occur at its place.
   */
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
 * @param variables the values of those in @skip and @include: the estimate holds for these
 * @throws GraphQLError COST_LIMIT where there are too many selections to visit; BAD_USER_INPUT, see `listLength`
 */
export function estimate(
  estimating: Estimating,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): Estimate {
  const building: Building = { ...estimating, fragments, variables, numbers: new Map(), steps: 0, fetches: 0 };
  const root = building.schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
  const cost = costOfPosition(building, {
    type: root,
    selections: [operation.selectionSet],
    at: ANYWHERE,
    sized: undefined,
    isRoot: true,
  });
  return {
    cost: sum([cost, building.model.fetch * building.fetches]),
    fetches: building.fetches,
    steps: building.steps,
  };
}

/** Every subgraph. */
const ANYWHERE = -1;

/** A place in the response where objects occur. */
interface FieldPosition {
  readonly type: GraphQLCompositeType;
  readonly selections: readonly SelectionSetNode[];
  /** The subgraphs that resolve the objects there, as bits. */
  readonly at: number;
  /** Lists of it whose length the field above decides. */
  readonly sized: ReadonlyMap<string, Amount> | undefined;
  readonly isRoot: boolean;
}

/** The cost of one object at a place: of the most expensive type that can occur there. */
function costOfPosition(building: Building, position: FieldPosition): Amount {
  const types = isAbstractType(position.type)
    ? building.schema.getPossibleTypes(position.type)
    : [position.type as GraphQLObjectType];
  const known = new Map<string, Amount>();
  const alike = new Set<string>();
  const costs: Amount[] = [];
  for (const type of types) {
    const fields = fieldsOf(building, type, position.selections);
    const own = (building.weights.costs.get(type.name) ?? 1) * building.model.types;
    const described = [...fields].map(([key, nodes]) => ({ nodes, ...describe(building, type, nodes, key) }));
    // Types with the same selection and the same cost are estimated once.
    const text = `${own} ${described.map(({ id }) => id).join(' ')}`;
    if (alike.has(text)) continue;
    alike.add(text);
    const crossings = new Set<number>();
    const amounts = described.map(({ nodes, field, id }) => {
      if (!field) return 0;
      // The subgraphs to call when none that resolves the object resolves the field as well.
      const { homes } = facts(building, type, field);
      if (homes !== 0 && (homes & position.at) === 0) crossings.add(homes);
      let amount = known.get(id);
      if (amount === undefined) known.set(id, (amount = costOfField(building, type, field, nodes, position)));
      return amount;
    });
    const introspection = position.isRoot ? costOfIntrospection(building, fields) : 0;
    building.fetches += crossings.size + (position.isRoot ? described.filter(({ field }) => field).length : 0);
    costs.push(sum([own + introspection + crossings.size * building.model.crossing, ...amounts]));
  }
  return largest(costs);
}

/** Each introspection field lists the types of the schema. */
function costOfIntrospection({ schema, model }: Building, fields: ReadonlyMap<string, readonly FieldNode[]>): number {
  const asked = [...fields.values()].filter(([node]) => node && isIntrospectionField(node.name.value)).length;
  return asked === 0 ? 0 : asked * countOfTypes(schema) * model.types;
}

/** The number of objects that one introspection counts as. */
export const countOfTypes = (schema: GraphQLSchema): number => Object.keys(schema.getTypeMap()).length;

/**
 * What distinguishes a field from others: its nodes, and every part of its definition on which a cost depends.
 * Undefined: it is answered without a definition.
 */
function describe(
  building: Building,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  key: string,
): { id: string; field: GraphQLField<unknown, unknown> | undefined } {
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

/** What a schema says of a field, looked up once. */
interface FieldFacts {
  /** Equal for two fields with equal costs. */
  readonly signature: string;
  readonly coordinate: string;
  readonly size: ListSize | undefined;
  /** The subgraphs that resolve it, as bits. */
  readonly homes: number;
}

const factsOf = new WeakMap<Weights, Map<GraphQLField<unknown, unknown>, FieldFacts>>();

function facts(
  { weights, homes }: Building,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
): FieldFacts {
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

/** An interface may declare it for its types. */
function sizeOf(
  weights: Weights,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
): ListSize | undefined {
  const own = weights.sizes.get(`${type.name}.${field.name}`);
  return (
    own ??
    type
      .getInterfaces()
      .map(({ name }) => weights.sizes.get(`${name}.${field.name}`))
      .find((size) => size !== undefined)
  );
}

/** A field of one object, with everything below it. */
function costOfField(
  building: Building,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  nodes: readonly FieldNode[],
  position: FieldPosition,
): Amount {
  const { weights, model, schema } = building;
  const node = nodes[0] as FieldNode; // a key has one
  const { coordinate, size, homes: own } = facts(building, type, field);
  const named = getNamedType(field.type);
  const below = isCompositeType(named) ? named : undefined;
  const directives = (node.directives ?? []).map((directive) =>
    argumentsCost(
      weights,
      `@${directive.name.value}`,
      schema.getDirective(directive.name.value)?.args ?? [],
      directive,
    ),
  );
  const call = atLeastNone(
    sum([
      weights.costs.get(coordinate) ?? (below ? 1 : 0),
      argumentsCost(weights, coordinate, field.args, node),
      ...directives,
    ]),
  );
  const length = listLength(field, node, size);
  const isSizing = size !== undefined && size.sizedFields.length > 0;
  const items = hasList(field.type) ? (position.sized?.get(field.name) ?? (isSizing ? 1 : length)) : 1;
  const item = below
    ? costOfPosition(building, {
        type: below,
        selections: nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
        at: own & position.at || own || position.at,
        sized: isSizing ? new Map(size.sizedFields.map((name) => [name, length])) : undefined,
        isRoot: false,
      })
    : (weights.costs.get(named.name) ?? 0) * model.types;
  return sum([product(call, model.fields), product(items, item)]);
}

const atLeastNone = (amount: Amount): Amount =>
  typeof amount === 'number' ? Math.max(0, amount) : (variables) => Math.max(0, amount(variables));

const hasList = (type: GraphQLField<unknown, unknown>['type']): boolean =>
  isListType(isNonNullType(type) ? type.ofType : type);

/** By response key. */
function fieldsOf(
  building: Building,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): Map<string, FieldNode[]> {
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
      if (inside && (inside.condition === undefined || meets(building.schema, type, inside.condition)))
        collect(inside.selectionSet);
    }
  };
  for (const selectionSet of selectionSets) collect(selectionSet);
  return fields;
}

const tooLarge = (maxSelections: number) =>
  clientError(
    'COST_LIMIT',
    `The operation has more than ${maxSelections} selections once its fragments are written out for each type.`,
    { expected: `at most ${maxSelections} selections` },
  );

/**
 * What is wrong with the weights of a schema. A list without a declared length could be of any length, and a weight
 * below zero could make an operation cheaper that requests more.
 */
export function weightProblems(schema: GraphQLSchema, { costs, sizes }: Weights): string[] {
  const problems = [...costs].flatMap(([coordinate, weight]) =>
    weight < 0 ? [`${coordinate}: a weight is not below zero`] : [],
  );
  const sized = new Set<string>();
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__')
      ? Object.values(type.getFields()).map((field) => ({ type, field, coordinate: `${type.name}.${field.name}` }))
      : [],
  );
  for (const { field, coordinate } of fields)
    for (const name of sizes.get(coordinate)?.sizedFields ?? []) sized.add(`${getNamedType(field.type).name}.${name}`);
  for (const { field, coordinate } of fields) {
    if (
      hasList(field.type) &&
      isCompositeType(getNamedType(field.type)) &&
      !sizes.has(coordinate) &&
      !sized.has(coordinate)
    )
      problems.push(`${coordinate}: nothing says how long the list is (@listSize)`);
    for (const path of sizes.get(coordinate)?.slicingArguments ?? []) {
      const argument = field.args.find(({ name }) => name === path.split('.')[0]);
      if (!argument || (path.includes('.') && !isInputObjectType(getNamedType(argument.type))))
        problems.push(`${coordinate}: @listSize names ${path}, which is no argument of it`);
    }
  }
  return problems;
}
