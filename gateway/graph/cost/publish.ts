import { type GraphQLSchema, parse, print, printSchema } from 'graphql';
import type { Weights } from './weights.ts';

const COST_DESCRIPTION =
  'The weight of a field, a type or an argument, where it is not the standard weight; ' +
  'docs/COST.md explains the calculation (成本权重).';
const DEFINITIONS = `"${COST_DESCRIPTION}"
directive @cost(
  "Added to the cost for each appearance (权重)."
  weight: Int!
) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR

"The length of the list of a field, for its cost (列表长度)."
directive @listSize(
  "The length where no argument decides it (假定长度)."
  assumedSize: Int
  "The arguments that decide it: a number, or the length of a list (分页参数)."
  slicingArguments: [String!]
  "Fields below that have this length in place of the field itself (定长字段)."
  sizedFields: [String!]
  "Whether exactly one of the arguments must be passed (是否须指定其一)."
  requireOneSlicingArgument: Boolean = true
) on FIELD_DEFINITION
`;

/**
 * A schema as SDL, with the weights and sizes that decide the cost of operations; the rest is as graphql-js prints it.
 */
export function printWithCosts(schema: GraphQLSchema, { applied }: Pick<Weights, 'applied'>): string {
  const sdl = printSchema(schema);
  const edits: { readonly at: number; readonly text: string }[] = [];
  const add = (coordinate: string, at: number | undefined): void => {
    const directives = applied.get(coordinate);
    if (directives && at !== undefined)
      edits.push({ at, text: directives.map((directive) => ` ${print(directive)}`).join('') });
  };
  for (const definition of parse(sdl).definitions) {
    if (!('name' in definition) || !definition.name) continue;
    const name = definition.name.value;
    const hasFields = 'fields' in definition || 'values' in definition;
    // The header of a type ends before its first brace.
    add(name, hasFields ? sdl.indexOf('{', definition.name.loc?.end) - 1 : definition.loc?.end);
    for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
      const coordinate = `${name}.${field.name.value}`;
      for (const argument of 'arguments' in field ? (field.arguments ?? []) : [])
        add(`${coordinate}(${argument.name.value}:)`, argument.loc?.end);
      add(coordinate, field.loc?.end);
    }
  }
  const lastFirst = edits.toSorted((one, other) => other.at - one.at);
  const edited = lastFirst.reduce((text, { at, text: added }) => `${text.slice(0, at)}${added}${text.slice(at)}`, sdl);
  return `${DEFINITIONS}\n${edited}`;
}
