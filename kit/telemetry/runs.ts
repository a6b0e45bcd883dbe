import type { Log } from '../log.ts';
import { createOutage, type Outage, type OutageOptions } from '../outage.ts';
import type { Metrics } from './metrics.ts';

// Work that is repeated and that no client waits for: when it fails, no client receives an error. Each run is counted
// and the time of the last successful one is published, so that an alarm can notice work that fails and work that is
// not done at all.

/** What a subgraph does by itself, in whichever process it runs: the first two once a day. */
export const dailyWorks = ['retention', 'publication_days', 'recomputation'] as const;
/** What the gateway does by itself. */
export const gatewayWorks = ['changes', 'exports', 'watched_states', 'webhooks'] as const;

/** Receives the outcomes of the runs of one piece of work. */
export type Runs = Pick<Outage, 'failed' | 'succeeded'>;

export interface RunMetrics {
  ran(work: string, schema: string, outcome: 'ok' | 'failed'): void;
}

/**
 * Registers the runs of repeated work with the metrics.
 * @param works what is repeated in this process
 * @param schemas whose rows it works on: the gateway's own, and those of the subgraphs in this process
 */
export function measureRuns(
  metrics: Metrics,
  works: readonly string[],
  schemas: readonly string[],
  now: () => Date,
): RunMetrics {
  const runs = metrics.counters('background_runs_total', 'Runs of work that nobody waits for, by how they ended.', {
    work: works,
    schema: schemas,
    outcome: ['ok', 'failed'],
  });
  const last = new Map<string, readonly [{ work: string; schema: string }, number]>();
  metrics.gauges(
    'background_last_success_timestamp_seconds',
    'When such work was last done without a failure, in seconds since 1970.',
    ['work', 'schema'],
    () => last.values(),
  );
  return {
    ran(work, schema, outcome) {
      runs.add({ work, schema, outcome });
      if (outcome === 'ok') last.set(`${work} ${schema}`, [{ work, schema }, now().getTime() / 1000]);
    },
  };
}

/**
 * The runs of one piece of work, logged and counted.
 * @param options.metrics left out: they are only logged
 */
export function createRuns({
  work,
  schema,
  metrics,
  ...words
}: Pick<OutageOptions, 'level' | 'began' | 'over'> & {
  readonly work: string;
  readonly schema: string;
  readonly log: Log;
  readonly metrics?: RunMetrics | undefined;
}): Runs {
  // Runs come one at a time, so a success ends an outage without a quiet time.
  const outage = createOutage({ ...words, about: { work, schema }, quietMs: 0 });
  return {
    failed(error, details) {
      metrics?.ran(work, schema, 'failed');
      outage.failed(error, details);
    },
    succeeded() {
      metrics?.ran(work, schema, 'ok');
      outage.succeeded();
    },
  };
}
