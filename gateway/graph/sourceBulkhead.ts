import { createBulkhead } from '#kit/bulkhead.ts';
import { SubgraphUnavailable, type SubgraphCall, type SubgraphResult } from './engine/transport.ts';
import type { Source } from './sources.ts';

/**
 * Concurrent calls of one subgraph, and calls that wait for their turn: as many as a busy second brings, so that a slow
 * source holds no more of the gateway than that. Beyond it the source counts as one that does not answer.
 */
const MAX_CALLS = 512;
const MAX_WAITING_CALLS = 2048;
const TURN_MS = 3000;

/** The source, with its calls in a bulkhead of their own. */
export function withBulkhead(
  source: Source,
  {
    maxConcurrent = MAX_CALLS,
    maxWaiting = MAX_WAITING_CALLS,
    waitMs = TURN_MS,
  }: { maxConcurrent?: number; maxWaiting?: number; waitMs?: number } = {},
): Source {
  const bulkhead = createBulkhead({
    maxConcurrent,
    maxWaiting,
    waitMs,
    errorFor: (why) => new SubgraphUnavailable(`its bulkhead is full: ${why}`),
  });
  const run = (call: SubgraphCall): Promise<SubgraphResult> => {
    const answer = source.transport.execute(call);
    answer.then(bulkhead.leave, bulkhead.leave);
    return answer;
  };
  const execute = (call: SubgraphCall): Promise<SubgraphResult> => bulkhead.enter()?.then(() => run(call)) ?? run(call);
  return { ...source, transport: { ...source.transport, execute } };
}
