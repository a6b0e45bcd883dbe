import {
  coerceInputValue,
  GraphQLError,
  isInputType,
  isNonNullType,
  print,
  typeFromAST,
  valueFromAST,
  valueFromASTUntyped,
} from 'graphql';
import type {
  GraphQLInputType,
  GraphQLSchema,
  OperationDefinitionNode,
  TypeNode,
  VariableDefinitionNode,
} from 'graphql';
import { createBag, readOwn } from './names.ts';
import type { Bag } from './names.ts';

const MAX_ERRORS = 5;

/**
 * Coerces an operation's variables as the GraphQL specification says (section 6.1.2).
 *
 * @param given the request's `variables`
 * @returns `variables` coerced, for the gateway's own use; `rawVariables` as given with defaults applied, to be
 *   forwarded. Or `errors`, all with code BAD_USER_INPUT. A scalar's own message is kept as it is, so that a variable
 *   and a literal give the same error; other errors name the variable.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>> | null | undefined,
): { variables: Record<string, unknown>; rawVariables: Bag; errors?: undefined } | { errors: readonly GraphQLError[] } {
  const inputs = given ?? {};
  const variables = createBag();
  const rawVariables = createBag();
  const errors: GraphQLError[] = [];
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    // lists and non-nulls are taken alike
    const type = typeFromAST(schema, definition.type as Extract<TypeNode, { kind: 'NamedType' }>);
    if (!isInputType(type)) continue; // the validator has refused it
    const value = readOwn(inputs, name);
    if (value === undefined && definition.defaultValue) {
      variables[name] = valueFromAST(definition.defaultValue, type);
      rawVariables[name] = valueFromASTUntyped(definition.defaultValue);
    } else if (value === undefined || value === null) {
      if (isNonNullType(type))
        errors.push(
          badInput(
            `Variable "$${name}" of type "${print(definition.type)}" is needed${value === null ? ', not null' : ''}.`,
          ),
        );
      else if (value === null) variables[name] = rawVariables[name] = null;
    } else {
      variables[name] = coerced(value, type, definition, errors);
      rawVariables[name] = value;
    }
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors.length > 0 ? { errors } : { variables, rawVariables };
}

function coerced(
  value: unknown,
  type: GraphQLInputType,
  definition: VariableDefinitionNode,
  errors: GraphQLError[],
): unknown {
  return coerceInputValue(value, type, (path, _, error) => {
    if (errors.length >= MAX_ERRORS) return;
    if (typeof error.extensions['reason'] === 'string') {
      errors.push(badInput(error.message, error.extensions));
      return;
    }
    const at = [`$${definition.variable.name.value}`, ...path].join('.');
    errors.push(badInput(`Variable "${at}": ${error.message.replace(/ Did you mean .*\?$/s, '')}`));
  });
}

const badInput = (message: string, extensions: Readonly<Record<string, unknown>> = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { ...extensions, code: 'BAD_USER_INPUT' } });
