import { type DocumentNode, execute, type ExecutionResult, getOperationAST, GraphQLError, type GraphQLSchema, type OperationDefinitionNode, parse, validate } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';

/** An operation that is ready to run, any number of times. */
export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  run(context: unknown, variables: Readonly<Record<string, unknown>>): Promise<ExecutionResult>;
}

const MAX_PREPARED = 2000;

/**
 * Runs operations on a schema. The first run of a text is interpreted and later ones compiled: a text seen once is not worth
 * the compiler's milliseconds. Texts are kept by use, least recently used dropped first.
 */
export function createRunner(schema: GraphQLSchema): (text: string, operationName: string | undefined) => Prepared | { readonly errors: readonly GraphQLError[] } {
  const prepared = new Map<string, Prepared>();
  return (text, operationName) => {
    const key = operationName === undefined ? text : `${operationName}\n${text}`;
    const known = prepared.get(key);
    if (known) return known;
    const fresh = prepare(schema, text, operationName);
    if ('errors' in fresh) return fresh;
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value as string); // full, so it has a first key
    prepared.set(key, fresh);
    return fresh;
  };
}

function prepare(schema: GraphQLSchema, text: string, operationName: string | undefined): Prepared | { errors: readonly GraphQLError[] } {
  let document: DocumentNode;
  try {
    document = parse(text, { noLocation: true });
  } catch (error) {
    return { errors: [error instanceof GraphQLError ? error : new GraphQLError('Syntax error')] };
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  const operation = getOperationAST(document, operationName);
  if (!operation) return { errors: [new GraphQLError('Unknown operation')] };
  let runs = 0;
  let compiled: CompiledQuery | null | undefined;
  return {
    document,
    operation,
    async run(context, variables) {
      runs += 1;
      if (compiled === undefined && runs > 1) compiled = compile(schema, document, text, operationName);
      if (compiled) return compiled.query(undefined, context, { ...variables });
      return execute({ schema, document, contextValue: context, variableValues: { ...variables }, operationName: operationName ?? null });
    },
  };
}

function compile(schema: GraphQLSchema, document: DocumentNode, text: string, operationName: string | undefined): CompiledQuery | null {
  // The compiler writes object literals, in which a key `__proto__` sets the prototype.
  if (text.includes('__proto__')) return null;
  try {
    const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
    return isCompiledQuery(compiled) ? compiled : null;
  } catch {
    return null;
  }
}
