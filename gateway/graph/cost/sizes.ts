import {
  type FieldNode,
  getNamedType,
  type GraphQLArgument,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  type ValueNode,
  valueFromAST,
} from 'graphql';
import { badInput } from '#kit/errors.ts';
import { type Amount, sum, type Variables } from './amount.ts';
import type { ListSize, Weights } from './weights.ts';

// What the arguments of a field decide: the length of its list, and the cost of the arguments themselves.

/** The length of a list without a declared size. */
const UNSAID = 1;

/**
 * The length of the list that a field returns, or of the lists below it that it sizes.
 *
 * @throws GraphQLError BAD_USER_INPUT, also from the amount, where exactly one slicing argument is required and missing
 */
export function listLength(field: GraphQLField<unknown, unknown>, node: FieldNode, size: ListSize | undefined): Amount {
  if (!size) return UNSAID;
  const { assumedSize, slicingArguments, requireOneSlicingArgument } = size;
  if (slicingArguments.length === 0) return assumedSize ?? UNSAID;
  const slices = slicingArguments.map((path) => sliceOf(field, node, path));
  const length = (variables: Variables): number => {
    const lengths = slices.flatMap((slice) => lengthOf(slice.read(variables)) ?? []);
    const given = slices.filter((slice) => slice.isGiven(variables)).length;
    if (requireOneSlicingArgument && (given > 1 || lengths.length === 0)) throw notOne(field, slicingArguments);
    return lengths.length > 0 ? Math.max(...lengths) : (assumedSize ?? UNSAID);
  };
  return slices.every(({ isConstant }) => isConstant) ? length({}) : length;
}

function notOne({ name }: GraphQLField<unknown, unknown>, allowed: readonly string[]): GraphQLError {
  const names = allowed.join(', ');
  return badInput(
    names,
    'ONE_OF',
    `How many items \`${name}\` gives is said by just one of ${names}.`,
    `just one of ${names}`,
  );
}

const lengthOf = (value: unknown): number | undefined => {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'number' ? Math.max(0, value) : undefined;
};

interface Slice {
  readonly isConstant: boolean;
  read(variables: Variables): unknown;
  /** By the operation, not by a default of the schema. */
  isGiven(variables: Variables): boolean;
}

function sliceOf(field: GraphQLField<unknown, unknown>, node: FieldNode, path: string): Slice {
  const [name = '', ...way] = path.split('.');
  const argument = field.args.find((one) => one.name === name);
  const read = readerOf(argument, node);
  const at = (value: unknown): unknown =>
    way.reduce((inner, step) => (isRecord(inner) ? inner[step] : undefined), value);
  return {
    isConstant: read.isConstant,
    read: (variables) => {
      const value = read.value(variables);
      return at(value === undefined ? argument?.defaultValue : value);
    },
    isGiven: (variables) => lengthOf(at(read.value(variables))) !== undefined,
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How the value of an argument is read; undefined: it is not passed. */
function readerOf(
  argument: GraphQLArgument | undefined,
  node: FieldNode,
): { readonly isConstant: boolean; value(variables: Variables): unknown } {
  const given = node.arguments?.find(({ name }) => name.value === argument?.name)?.value;
  if (!given || !argument) return { isConstant: true, value: () => undefined };
  if (given.kind === Kind.VARIABLE) return { isConstant: false, value: (variables) => variables[given.name.value] };
  if (hasVariable(given))
    return { isConstant: false, value: (variables) => valueFromAST(given, argument.type, variables) };
  const value: unknown = valueFromAST(given, argument.type);
  return { isConstant: true, value: () => value };
}

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  return value.kind === Kind.OBJECT
    ? value.fields.some((field) => hasVariable(field.value))
    : value.kind === Kind.VARIABLE;
}

/**
 * The cost of a field's arguments: the weight of each and, for input objects, of the fields that are used. It may be
 * negative.
 */
export function argumentsCost(
  weights: Weights,
  coordinate: string,
  args: readonly GraphQLArgument[],
  node: Pick<FieldNode, 'arguments'>,
): Amount {
  return sum(
    (node.arguments ?? []).map((given): Amount => {
      const argument = args.find(({ name }) => name === given.name.value);
      if (!argument) return 0;
      const own = weights.costs.get(`${coordinate}(${argument.name}:)`) ?? standardWeight(argument.type);
      if (!isInputObjectType(getNamedType(argument.type)) && given.value.kind !== Kind.VARIABLE) return own;
      const read = readerOf(argument, node as FieldNode);
      const cost = (variables: Variables): number => {
        const value = read.value(variables);
        return value === undefined ? 0 : own + inputCost(weights, argument.type, value);
      };
      return read.isConstant ? cost({}) : own === 0 && !isInputObjectType(getNamedType(argument.type)) ? 0 : cost;
    }),
  );
}

const standardWeight = (type: GraphQLInputType): number => (isInputObjectType(getNamedType(type)) ? 1 : 0);

function inputCost(weights: Weights, type: GraphQLInputType, value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (isNonNullType(type)) return inputCost(weights, type.ofType, value);
  if (isListType(type))
    return Array.isArray(value)
      ? value.reduce((total: number, item) => total + inputCost(weights, type.ofType, item), 0)
      : 0;
  if (!isInputObjectType(type) || !isRecord(value)) return 0;
  let total = 0;
  for (const field of Object.values(type.getFields())) {
    const inner = value[field.name];
    if (inner === undefined) continue;
    total +=
      (weights.costs.get(`${type.name}.${field.name}`) ?? standardWeight(field.type)) +
      inputCost(weights, field.type, inner);
  }
  return total;
}
