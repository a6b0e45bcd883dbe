import { GraphQLError, getVariableValues, valueFromASTUntyped } from 'graphql';
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';

const MAX_ERRORS = 50;

/**
 * Coerces an operation's variables as the GraphQL specification says (section 6.1.2).
 *
 * @param given the request's `variables`
 * @returns `variables` coerced, for the gateway's own use; `rawVariables` as given with defaults applied, to be sent on.
 *   Or `errors`, all with code BAD_USER_INPUT and the other extensions a scalar gave its error.
 */
export function coerceVariables(
  schema: GraphQLSchema, operation: OperationDefinitionNode, given: Readonly<Record<string, unknown>> | null | undefined,
): { variables: Record<string, unknown>; rawVariables: Bag; errors?: undefined } | { errors: readonly GraphQLError[] } {
  const definitions = operation.variableDefinitions ?? [];
  const inputs = given ?? {};
  const result = getVariableValues(schema, definitions, inputs, { maxErrors: MAX_ERRORS });
  if (result.errors) return { errors: result.errors.map(badInput) };
  const rawVariables = createBag();
  for (const definition of definitions) {
    const name = definition.variable.name.value;
    const value = readOwn(inputs, name);
    if (value !== undefined) rawVariables[name] = value;
    else if (definition.defaultValue) rawVariables[name] = valueFromASTUntyped(definition.defaultValue);
  }
  return { variables: result.coerced, rawVariables };
}

function badInput(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message.replace(/ Did you mean .*\?$/s, ''), {
    nodes: error.nodes ?? null,
    // A scalar's own GraphQLError keeps its reason; getVariableValues copies its extensions.
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  });
}
