import {
  type DocumentNode,
  execute,
  type ExecutionResult,
  getNamedType,
  getOperationAST,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInputObjectType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  parse,
  typeFromAST,
  validate,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { createByteCache } from './byteCache.ts';
import { explained } from './faults.ts';

/** An operation that is ready to run, any number of times. */
export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Whether the text holds this operation alone. */
  readonly isOnly: boolean;
  /** Errors that a fault explains have its code (kit/faults.ts); those without any code are faults of the program. */
  run(context: unknown, variables: Readonly<Record<string, unknown>>): Promise<ExecutionResult>;
}

/** For one schema: texts, their documents and their compiled forms, which are several times as long. */
const MAX_PREPARED_BYTES = 32 * 1024 * 1024;
const PREPARED_FACTOR = 12;

/**
 * Creates a runner of operations on a schema. The first run of a text is interpreted and later ones are compiled: a
 * text seen once is not worth the compiler's milliseconds. Texts are kept by use; the least recently used are dropped
 * first.
 */
export function createRunner(
  schema: GraphQLSchema,
): (text: string, operationName: string | undefined) => Prepared | { readonly errors: readonly GraphQLError[] } {
  const prepared = createByteCache<Prepared>(MAX_PREPARED_BYTES);
  return (text, operationName) => {
    // By the text alone: a key made for each call would be hashed for each call. Gateways send one operation in each
    // text.
    const known = prepared.get(text);
    if (known && (operationName === undefined ? known.isOnly : known.operation.name?.value === operationName))
      return known;
    const fresh = prepare(schema, text, operationName);
    if ('errors' in fresh) return fresh;
    prepared.set(text, fresh, PREPARED_FACTOR * text.length);
    return fresh;
  };
}

function prepare(
  schema: GraphQLSchema,
  text: string,
  operationName: string | undefined,
): Prepared | { errors: readonly GraphQLError[] } {
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
  const nested = nestedVariables(document);
  let runs = 0;
  let compiled: CompiledQuery | null | undefined;
  return {
    document,
    operation,
    isOnly: document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length === 1,
    async run(context, variables) {
      runs += 1;
      if (compiled === undefined && runs > 1) compiled = compile(schema, document, text, operationName);
      const runner = nested.every((name) => variables[name] !== undefined) ? compiled : null;
      const result = await (runner
        ? runner.query(undefined, context, { ...variables })
        : execute({
            schema,
            document,
            contextValue: context,
            variableValues: { ...variables },
            operationName: operationName ?? null,
          }));
      return result.errors ? { ...result, errors: explained(result.errors) } : result;
    },
  };
}

/**
 * Variables without a default within input objects. When such a variable is absent its field is absent too; the
 * compiler (0.8.9) puts null in its place, which has another meaning.
 */
function nestedVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    ObjectField: ({ value }) => void (value.kind === Kind.VARIABLE && names.add(value.name.value)),
  });
  visit(document, {
    VariableDefinition: ({ variable, defaultValue }) => void (defaultValue && names.delete(variable.name.value)),
  });
  return [...names];
}

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  text: string,
  operationName: string | undefined,
): CompiledQuery | null {
  // The compiler (0.8.9) writes object literals, in which a key `__proto__` sets the prototype. For a variable of an
  // input type that contains itself, it unrolls that type until the memory is full.
  if (text.includes('__proto__') || hasRecursiveVariable(schema, document)) return null;
  try {
    const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
    return isCompiledQuery(compiled) ? compiled : null;
  } catch {
    return null; // what it cannot compile graphql-js executes, with the same answer
  }
}

function hasRecursiveVariable(schema: GraphQLSchema, document: DocumentNode): boolean {
  const contains = (type: GraphQLNamedType, above: ReadonlySet<GraphQLNamedType>): boolean => {
    if (!isInputObjectType(type)) return false;
    if (above.has(type)) return true;
    const within = new Set(above).add(type);
    return Object.values(type.getFields()).some((field) => contains(getNamedType(field.type), within));
  };
  return document.definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.variableDefinitions?.some((variable) => {
        const type = typeFromAST(schema, variable.type as NamedTypeNode); // lists and non-nulls are taken alike
        return type !== undefined && contains(getNamedType(type), new Set());
      }) === true,
  );
}
