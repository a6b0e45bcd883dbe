import { Kind, execute, getNamedType, isInputObjectType, parse, typeFromAST } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLNamedType, GraphQLSchema, NamedTypeNode } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { CompiledQuery } from 'graphql-jit';
import type { PlannedOperation, SubgraphCall, SubgraphResult, Transport } from './transport.ts';

interface Prepared {
  document: DocumentNode;
  /** undefined: not compiled yet; null: it cannot be. */
  compiled: CompiledQuery | null | undefined;
}

/**
 * Runs a subgraph's schema in this process. The first run of an operation is interpreted, later ones compiled: a text
 * that is seen once does not pay for the compiler.
 *
 * @param makeContext the resolvers' context for a call; `extensions` is asked when the call has ended
 */
export function createInProcessTransport(
  schema: GraphQLSchema,
  makeContext: (call: SubgraphCall) => { contextValue: unknown; extensions?: () => Record<string, unknown> | undefined },
): Transport {
  const prepared = new WeakMap<PlannedOperation, Prepared>();

  function compile(operation: PlannedOperation, document: DocumentNode): CompiledQuery | null {
    // The compiler (0.8.9) writes object literals, in which a key `__proto__` sets the prototype; and for a variable of an
    // input type that contains itself it unrolls that type until the memory is full.
    if (operation.document.includes('__proto__') || hasRecursiveVariable(schema, document)) return null;
    try {
      const compiled = compileQuery(schema, document, operation.name, { disablingCapturingStackErrors: true });
      return isCompiledQuery(compiled) ? compiled : null;
    } catch {
      return null;
    }
  }

  return {
    async execute(call): Promise<SubgraphResult> {
      const { operation, variables } = call;
      const { contextValue, extensions } = makeContext(call);
      let known = prepared.get(operation);
      let result: ExecutionResult;
      if (known && known.compiled === undefined) known.compiled = compile(operation, known.document);
      if (known?.compiled) {
        result = await known.compiled.query(undefined, contextValue, variables);
      } else {
        if (!known) prepared.set(operation, (known = { document: parse(operation.document, { noLocation: true }), compiled: undefined }));
        result = await execute({ schema, document: known.document, contextValue, variableValues: variables, operationName: operation.name ?? null });
      }
      const answer: SubgraphResult = { data: (result.data ?? null) as Record<string, unknown> | null };
      if (result.errors?.length) answer.errors = result.errors;
      const given = extensions?.();
      if (given) answer.extensions = given;
      return answer;
    },
  };
}

function hasRecursiveVariable(schema: GraphQLSchema, document: DocumentNode): boolean {
  const contains = (type: GraphQLNamedType, above: ReadonlySet<GraphQLNamedType>): boolean => {
    if (!isInputObjectType(type)) return false;
    if (above.has(type)) return true;
    const within = new Set(above).add(type);
    return Object.values(type.getFields()).some((field) => contains(getNamedType(field.type), within));
  };
  return document.definitions.some((definition) => definition.kind === Kind.OPERATION_DEFINITION
    && definition.variableDefinitions?.some((variable) => {
      const type = typeFromAST(schema, variable.type as NamedTypeNode);
      return type !== undefined && contains(getNamedType(type), new Set());
    }) === true);
}
