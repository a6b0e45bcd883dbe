import { type ConstDirectiveNode, type ConstValueNode, type DocumentNode, Kind } from 'graphql';

// Weights and sizes in the IBM GraphQL cost directives (https://ibm.github.io/graphql-specs/cost-spec.html), read from
// an SDL or a supergraph: `@cost(weight:)` is a number or, as in the specification, a number in a string.

/** `@listSize` of a field. */
export interface ListSize {
  readonly assumedSize: number | null;
  /** Names of arguments; for input objects with the path to the field, `filter.max`. A list counts as its length. */
  readonly slicingArguments: readonly string[];
  /** Fields below it that have the size, in place of the field itself. */
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

export interface Weights {
  /** By coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Input.field`, `@directive(argument:)`. */
  readonly costs: ReadonlyMap<string, number>;
  /** By coordinate of the field. */
  readonly sizes: ReadonlyMap<string, ListSize>;
  /** The directives themselves by coordinate, to be published with the schema. */
  readonly applied: ReadonlyMap<string, readonly ConstDirectiveNode[]>;
}

/** @throws Error that names the coordinate of a weight that is no number */
export function readWeights(sdl: DocumentNode): Weights {
  const costs = new Map<string, number>();
  const sizes = new Map<string, ListSize>();
  const applied = new Map<string, readonly ConstDirectiveNode[]>();
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []): void => {
    const own = directives.filter(({ name }) => name.value === 'cost' || name.value === 'listSize');
    if (own.length > 0) applied.set(coordinate, own);
    for (const directive of own) {
      if (directive.name.value === 'cost') costs.set(coordinate, weightOf(coordinate, directive));
      else sizes.set(coordinate, sizeOf(directive));
    }
  };
  for (const definition of sdl.definitions) {
    switch (definition.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        read(definition.name.value, definition.directives);
        for (const field of definition.fields ?? []) {
          const coordinate = `${definition.name.value}.${field.name.value}`;
          read(coordinate, field.directives);
          for (const argument of field.arguments ?? [])
            read(`${coordinate}(${argument.name.value}:)`, argument.directives);
        }
        break;
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        for (const field of definition.fields ?? [])
          read(`${definition.name.value}.${field.name.value}`, field.directives);
        break;
      case Kind.SCALAR_TYPE_DEFINITION:
      case Kind.ENUM_TYPE_DEFINITION:
        read(definition.name.value, definition.directives);
        break;
      case Kind.DIRECTIVE_DEFINITION:
        for (const argument of definition.arguments ?? [])
          read(`@${definition.name.value}(${argument.name.value}:)`, argument.directives);
        break;
      default:
    }
  }
  return { costs, sizes, applied };
}

const argumentOf = (directive: ConstDirectiveNode, name: string): ConstValueNode | undefined =>
  directive.arguments?.find((argument) => argument.name.value === name)?.value;

function weightOf(coordinate: string, directive: ConstDirectiveNode): number {
  const value = argumentOf(directive, 'weight');
  const text = value && 'value' in value ? String(value.value) : '';
  const weight = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(weight)) throw new Error(`${coordinate}: the weight of @cost is a number, not "${text}".`);
  return weight;
}

function sizeOf(directive: ConstDirectiveNode): ListSize {
  const texts = (name: string): string[] => {
    const value = argumentOf(directive, name);
    return value?.kind === Kind.LIST
      ? value.values.flatMap((one) => (one.kind === Kind.STRING ? [one.value] : []))
      : [];
  };
  const assumed = argumentOf(directive, 'assumedSize');
  const one = argumentOf(directive, 'requireOneSlicingArgument');
  return {
    assumedSize: assumed?.kind === Kind.INT ? Number(assumed.value) : null,
    slicingArguments: texts('slicingArguments'),
    sizedFields: texts('sizedFields'),
    requireOneSlicingArgument: one?.kind === Kind.BOOLEAN ? one.value : true,
  };
}
