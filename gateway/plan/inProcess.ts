import type { GraphQLSchema } from 'graphql';
import { createRunner } from '#kit/runner.ts';
import type { SubgraphCall, SubgraphResult, Transport } from './transport.ts';

/**
 * Runs a schema in this process.
 *
 * @param makeContext the resolvers' context for a call; `extensions` is asked when the call has ended
 */
export function createInProcessTransport(
  schema: GraphQLSchema,
  makeContext: (call: SubgraphCall) => { contextValue: unknown; extensions?: () => Record<string, unknown> | undefined },
): Transport {
  const prepare = createRunner(schema);
  return {
    async execute(call): Promise<SubgraphResult> {
      const prepared = prepare(call.operation.document, call.operation.name);
      if ('errors' in prepared) return { data: null, errors: prepared.errors };
      const { contextValue, extensions } = makeContext(call);
      const result = await prepared.run(contextValue, call.variables);
      const answer: SubgraphResult = { data: (result.data ?? null) as Record<string, unknown> | null };
      if (result.errors?.length) answer.errors = result.errors;
      const given = extensions?.();
      if (given) answer.extensions = given;
      return answer;
    },
  };
}
