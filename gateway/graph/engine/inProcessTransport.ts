import type { GraphQLSchema } from 'graphql';
import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { createRetryBudget, readTwice } from '#kit/retry.ts';
import { createRunner } from '#kit/runner.ts';
import { logFailures } from '#records/execution.ts';
import type { SubgraphCall, SubgraphResult, Transport } from './transport.ts';

/**
 * Runs a schema in this process. A read that lost its connection runs once more, with a context of its own.
 *
 * @param makeContext the resolvers' context for a call; `extensions` is called when the call has ended
 * @param log receives failures that are not the caller's fault; left out: they are not logged
 */
export function createInProcessTransport(
  schema: GraphQLSchema,
  makeContext: (call: SubgraphCall) => {
    contextValue: unknown;
    extensions?: () => Record<string, unknown> | undefined;
  },
  log?: Log,
): Transport {
  const prepare = createRunner(schema);
  const budget = createRetryBudget();
  const outage =
    log && createOutage({ log, began: 'what keeps the records failed', over: 'what keeps the records works again' });
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
      const { data, errors } = await (call.operationKind === 'query'
        ? readTwice(budget, call.signal, attempt)
        : attempt());
      const answer: SubgraphResult = { data: (data ?? null) as Record<string, unknown> | null };
      if (errors?.length) {
        answer.errors = errors;
        if (log && outage) logFailures(log, outage, errors);
      } else outage?.succeeded();
      const extensions = given?.();
      if (extensions) answer.extensions = extensions;
      return answer;
    },
  };
}
