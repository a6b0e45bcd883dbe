import { GraphQLError } from 'graphql';
import { Counter, Gauge, Registry } from 'prom-client';
import type { LineWriter } from '#kit/lineWriter.ts';
import type { Reachability } from '#kit/postgres/reachability.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { KeySet } from './auth/keySet.ts';
import type { PlannerPool } from './graph/engine/plannerPool.ts';
import type { LiveMetrics } from './live/live.ts';
import type { Sequencer } from './live/sequencer.ts';
import type { Wake } from './live/wake.ts';
import type { WebhookMetrics } from './live/webhooks.ts';
import type { ServerOptions } from './server.ts';
import type { DocumentStore } from './trustedDocuments/store.ts';

// GET /metrics, in the text format of Prometheus: names and numbers, and never a code of anybody.

export interface Metrics {
  /** What is read at each reading; null: there is no such number now, and its line is left out. */
  gauge(name: string, help: string, read: () => number | null): void;
  /** The same of what never falls, as long as this process runs. */
  total(name: string, help: string, read: () => number): void;
  /** Counts from 0 by itself. */
  counter(name: string, help: string): { add(count?: number): void };
  /** Everything as text. */
  text(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'credit_graph_';

export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    gauge(name, help, read) {
      const collect = function (this: Gauge): void {
        const value = read();
        if (value === null) this.remove();
        else this.set(value);
      };
      registry.registerMetric(new Gauge({ name: PREFIX + name, help, registers: [], collect }));
    },
    total(name, help, read) {
      const collect = function (this: Counter): void {
        this.reset();
        this.inc(read());
      };
      registry.registerMetric(new Counter({ name: PREFIX + name, help, registers: [], collect }));
    },
    counter(name, help) {
      const counter = new Counter({ name: PREFIX + name, help, registers: [registry] });
      return { add: (count = 1) => counter.inc(count) };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** How far the log is behind, and who numbers it. Alarms: nobody leads, the oldest row gets older, gateways that hear no hints. */
export function measureLive(metrics: Metrics, sequencer: Pick<Sequencer, 'metrics'>, wake: Pick<Wake, 'connected'>): void {
  const feed = (read: (feed: NonNullable<ReturnType<Sequencer['metrics']>['feed']>) => number) => (): number | null => {
    const { feed: measured } = sequencer.metrics();
    return measured && read(measured);
  };
  metrics.gauge('feed_outbox_rows', 'Changes that are committed and have no number yet.', feed(({ depth }) => depth));
  metrics.gauge('feed_outbox_oldest_seconds', 'How long the oldest of them has been recorded.', feed(({ oldestSeconds }) => oldestSeconds));
  metrics.gauge('feed_last_seq', 'The last number given.', feed(({ lastSeq }) => Number(lastSeq)));
  metrics.gauge('feed_purged_through', 'The last number that is kept no more.', feed(({ purgedThrough }) => Number(purgedThrough)));
  metrics.gauge('feed_epoch', 'How often a gateway has begun to number.', feed(({ epoch }) => Number(epoch)));
  metrics.gauge('feed_leading', '1 for the gateway that numbers, 0 for others.', () => Number(sequencer.metrics().isLeading));
  metrics.gauge('feed_wake_connected', '1 while hints of new changes are heard, 0 while they are looked for each second.', () => Number(wake.connected()));
  metrics.total('feed_batches_total', 'Batches that this gateway has numbered since its start.', () => sequencer.metrics().batches);
  metrics.total('feed_numbered_total', 'Changes that this gateway has numbered since its start.', () => sequencer.metrics().moved);
  metrics.total('feed_purged_total', 'Changes that this gateway has purged since its start.', () => sequencer.metrics().purged);
  metrics.total('feed_fenced_total', 'How often this gateway has found that another numbers.', () => sequencer.metrics().fenced);
}

/** What the gateway's surroundings do to it. Alarms: the database is away, lines of the log are lost. */
export function measureFaults(metrics: Metrics, database: Reachability, writing: Pick<LineWriter, 'lost' | 'isFailing'> | null): void {
  metrics.total('database_connection_attempts_total', 'Connections to the database that were tried since the start.', () => database.attempts);
  metrics.total('database_connection_failures_total', 'Those of them that failed.', () => database.failed);
  metrics.gauge('database_reachable', '1 while connections can be made, 0 while one at a time tries whether they can.', () => Number(database.isReachable()));
  metrics.total('log_lines_lost_total', 'Lines of the log that could not be written.', () => writing?.lost() ?? 0);
  metrics.gauge('log_failing', '1 while lines of the log cannot be written.', () => (writing ? Number(writing.isFailing()) : null));
}

/** What is published for roles. Alarms: documents that no longer fit, which their clients are refused. */
export function measureDocuments(metrics: Metrics, documents: Pick<DocumentStore, 'state'>): void {
  metrics.gauge('documents_published', 'Documents that are published, each once for each role.', () => documents.state()?.published ?? null);
  metrics.gauge('documents_outdated', 'Those of them that no longer fit the schema, the limits or the view of their role.', () => documents.state()?.outdated ?? null);
}

/** What the planning of new operations costs. Alarms: processes that die, texts that cannot be planned, waiting that gets longer. */
export function measurePlanners(metrics: Metrics, planners: Pick<PlannerPool, 'measured' | 'waiting' | 'remembered' | 'processes'>): void {
  const { measured } = planners;
  metrics.total('plans_total', 'Operations planned.', () => measured.plans);
  metrics.total('plan_failures_total', 'Operations that could not be planned.', () => measured.failures);
  metrics.total('plan_refusals_total', 'Operations not taken to be planned, since too many of their caller waited.', () => measured.refusals);
  metrics.total('plan_wait_seconds_total', 'How long operations waited for their turn to be planned.', () => measured.waitedSeconds);
  metrics.total('plan_seconds_total', 'How long planning them took.', () => measured.planningSeconds);
  metrics.gauge('plans_waiting', 'Operations that wait to be planned.', () => planners.waiting());
  metrics.gauge('unplannable_texts', 'Operations that are remembered as not to be planned.', () => planners.remembered());
  metrics.gauge('planner_processes', 'Processes that can plan.', () => planners.processes().length);
  metrics.total('planner_deaths_total', 'Planner processes that ended without having been asked to.', () => measured.deaths);
}

/** Look-ups that decide about rights and failed. */
export const countRightsFailures = (metrics: Metrics): { add(): void } =>
  metrics.counter(
    'rights_lookup_failures_total',
    'Look-ups of keys, grants, revoked tokens and consents that failed; each was answered with 503.',
  );

/** The issuer's keys. Alarms: fetches that fail, a set that gets older than the interval. */
export function measureKeySet(metrics: Metrics, keySet: Pick<KeySet, 'state'>): void {
  metrics.gauge('issuer_keys', 'Keys of the issuer that tokens may be signed with.', () => keySet.state().keys);
  metrics.gauge('issuer_keys_age_seconds', 'Since the keys of the issuer were last fetched.', () => keySet.state().ageSeconds);
  metrics.gauge('issuer_reachable', '1 while the keys of the issuer can be fetched, 0 while those that are known serve on.', () => Number(keySet.state().state === 'ok'));
  metrics.total('issuer_key_fetch_failures_total', 'Fetches of the keys of the issuer that failed.', () => keySet.state().failures);
}

/** What the streams of this gateway do. */
export function measureStreams(metrics: Metrics): LiveMetrics {
  let open = 0;
  metrics.gauge('streams_open', 'Streams that are open here.', () => open);
  const told = metrics.counter('events_told_total', 'Events told to subscribers, each of them counted.');
  const slow = metrics.counter('streams_slow_total', 'Streams that were ended since their reader was too slow.');
  const failed = metrics.counter('streams_failed_total', 'Streams that were ended by a fault of ours.');
  return {
    opened: () => void (open += 1),
    ended(reason) {
      open -= 1;
      if (reason === 'SLOW_CONSUMER') slow.add();
      if (reason === 'FAILED') failed.add();
    },
    told: (events) => told.add(events),
  };
}

/** What the receivers of webhooks answer this gateway. */
export function measureWebhooks(metrics: Metrics): WebhookMetrics {
  const attempts = metrics.counter('webhook_attempts_total', 'Notices sent to webhooks.');
  const failed = metrics.counter('webhook_failures_total', 'Those of them that were not taken.');
  const paused = metrics.counter('webhooks_paused_total', 'Webhooks that were paused since their receiver failed for days or is gone.');
  return {
    attempted(outcome) {
      attempts.add();
      if (outcome !== 'DELIVERED') failed.add();
    },
    paused: () => paused.add(),
  };
}

/**
 * `GET /metrics`, for whoever `mayRead`. Not for everyone: the last number given tells of changes that the asker may not see, and a client
 * never sees it.
 */
export const metricsRoute =
  (metrics: Metrics, mayRead: (viewer: Viewer) => boolean): ServerOptions['routes'][number] =>
  async (app, viewerOf) => {
    app.get('/metrics', async (request, reply) => {
      if (!mayRead(await viewerOf(request))) throw new GraphQLError('Your role may not read the metrics.', { extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', http: { status: 403 } } });
      return reply.type(metrics.contentType).header('cache-control', 'no-store').send(await metrics.text());
    });
  };
