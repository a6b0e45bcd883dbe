import type { GraphQLSchema } from 'graphql';
import type { Log } from '#kit/log.ts';
import { createRetryBudget, readTwice } from '#kit/retry.ts';
import { createRunner } from '#kit/runner.ts';
import { logFailures } from '#kit/subgraph.ts';
import type { SubgraphCall, SubgraphResult, Transport } from './transport.ts';

/**
 * Runs a schema in this process. A read under which a connection was lost runs once more, with a context of its own.
 *
 * @param makeContext the resolvers' context for a call; `extensions` is asked when the call has ended
 * @param log hears what failed without being the caller's fault; left out: nobody does
 */
export function createInProcessTransport(
  schema: GraphQLSchema,
  makeContext: (call: SubgraphCall) => { contextValue: unknown; extensions?: () => Record<string, unknown> | undefined },
  log?: Log,
): Transport {
  const prepare = createRunner(schema);
  const budget = createRetryBudget();
  return {
    async execute(call): Promise<SubgraphResult> {
      const prepared = prepare(call.operation.document, call.operation.name);
      if ('errors' in prepared) return { data: null, errors: prepared.errors };
      let given: ReturnType<typeof makeContext>['extensions'];
      const attempt = () => {
        const { contextValue, extensions } = makeContext(call);
        given = extensions;
        return prepared.run(contextValue, call.variables);
      };
      const { data, errors } = await (call.operationKind === 'query' ? readTwice(budget, call.signal, attempt) : attempt());
      const answer: SubgraphResult = { data: (data ?? null) as Record<string, unknown> | null };
      if (errors?.length) {
        answer.errors = errors;
        if (log) logFailures(log, errors);
      }
      const extensions = given?.();
      if (extensions) answer.extensions = extensions;
      return answer;
    },
  };
}
