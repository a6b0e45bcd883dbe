import type { Config } from '#kit/config.ts';
import type { Log } from '#kit/log.ts';
import { createMetrics, type Metrics } from '#kit/telemetry/metrics.ts';
import { dailyWorks, gatewayWorks, measureRuns, type RunMetrics } from '#kit/telemetry/runs.ts';
import type { Tracer } from '#kit/telemetry/scope.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import type { Budgets } from './budgets/budgets.ts';
import { createTopics, type Topics } from './changes/topics.ts';
import type { createRepositories } from './control.ts';
import type { AccessSink } from './graph/audit.ts';
import type { ServerOptions } from './http/server.ts';

/** The port of the gateway by default. */
export const PORT = 4000;

export interface GatewayOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  /** The subgraphs that run in this process, unless the configuration names an address for them. */
  readonly subgraphs: readonly SubgraphDefinition[];
  /** What they compose to with the control subgraph; left out: the committed gateway/supergraph.graphql. */
  readonly supergraph?: string;
  readonly log: Log;
  readonly now?: () => Date;
  readonly accessSink?: AccessSink;
  readonly limits?: ServerOptions['limits'];
  /** Counted in Redis where the configuration names one, and in this process otherwise. */
  readonly budgets?: Budgets;
  readonly routes?: ServerOptions['routes'];
  /** Left out: a registry of its own, without the metrics of the process. */
  readonly metrics?: Metrics;
  /** Left out: nothing is traced. */
  readonly tracer?: Tracer | null;
  /** Whether subgraphs in this process erase, once a day, what is no longer kept. */
  readonly sweeps?: boolean;
  /** Whether it notifies the receivers of webhooks; otherwise other gateways do. On by default. */
  readonly notifies?: boolean;
  /** The operator that may make the first grants. */
  readonly bootstrapOperator?: string | null;
}

/** The repositories of the capabilities, in the gateway's own schema. */
export type Repositories = ReturnType<typeof createRepositories>;

/** What every part of the gateway is wired with. */
export interface Wiring {
  readonly options: GatewayOptions;
  readonly config: Config;
  readonly databaseUrl: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly runs: RunMetrics;
  readonly topics: Topics;
  /** Ends what was opened, in reverse order. */
  readonly stack: AsyncDisposableStack;
}

/** @param stack ends what the parts open, in reverse order */
export function createWiring(options: GatewayOptions, stack: AsyncDisposableStack): Wiring {
  const { config, databaseUrl, log, now = () => new Date(), metrics = createMetrics() } = options;
  const schemas = ['gateway', ...options.subgraphs.map(({ name }) => name)];
  const runs = measureRuns(metrics, [...dailyWorks, ...gatewayWorks], schemas, now);
  return { options, config, databaseUrl, log, now, metrics, runs, topics: createTopics(options.subgraphs), stack };
}
