import { createRepeated } from '#kit/repeatedWorker.ts';
import { createRuns } from '#kit/telemetry/runs.ts';
import type { DailyOptions } from './daily.ts';

const EVERY_MS = 60_000;

/**
 * Computes records again at the start and within a minute of a change of rules, and again within a minute of a failure.
 * @param run returns how many records became others
 */
export function startRecomputing(
  run: () => Promise<number>,
  { schema, log, metrics }: Omit<DailyOptions, 'now'>,
  everyMs: number = EVERY_MS,
): AsyncDisposable {
  const runs = createRuns({
    work: 'recomputation',
    schema,
    metrics,
    log,
    level: 'error',
    began: 'records could not be computed again by the rules of now; it is tried again each minute',
    over: 'records are computed by the rules of now again',
  });
  const worker = createRepeated({
    async step() {
      const changed = await run();
      runs.succeeded();
      if (changed > 0) log.info({ changed }, 'records were computed again by other rules');
      return false;
    },
    failed: runs.failed,
    everyMs,
  });
  worker.wake();
  return worker;
}
