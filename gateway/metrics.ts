import { GraphQLError } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { LineWriter } from '#kit/lineWriter.ts';
import type { Reachability } from '#kit/postgres/reachability.ts';
import { OPERATION_SECONDS, OTHER, type Metrics } from '#kit/telemetry/metrics.ts';
import {
  codeOf,
  operationKinds,
  outcomes,
  refusalCodes,
  safely,
  type TransportName,
  transportNames,
} from '#kit/telemetry/outcomes.ts';
import { inSpan, noAttributes, type Span } from '#kit/telemetry/scope.ts';
import type { ScrapeCheck } from '#kit/telemetry/scraping.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { AccessLogState } from './graph/audit.ts';
import type { KeySet } from './auth/keySet.ts';
import type { SharedStore } from './budgets/budgets.ts';
import type { OperationMetrics } from './operations/operation.ts';
import type { PlannerPool } from './graph/engine/plannerPool.ts';
import type { SubgraphCall, SubgraphResult, Transport } from './graph/engine/transport.ts';
import type { ExportMetrics } from './exports/worker.ts';
import type { LiveMetrics } from './changes/subscriber.ts';
import type { Sequencer } from './feed/sequencer.ts';
import type { Wake } from './feed/wakeUps.ts';
import type { WebhookMetrics } from './webhooks/serving.ts';
import type { ServerOptions } from './http/server.ts';
import type { DocumentStore } from './trustedDocuments/store.ts';
import type { Source, SourceRegistry } from './graph/sources.ts';

// The metrics of the gateway, and GET /metrics.

/**
 * The delay of the log, and the leader of its numbering. Alarms: no leader, a growing age of the oldest row, gateways
 * that receive no hints.
 */
export function measureLive(
  metrics: Metrics,
  sequencer: Pick<Sequencer, 'metrics'>,
  wake: Pick<Wake, 'connected'>,
): void {
  const feed = (read: (feed: NonNullable<ReturnType<Sequencer['metrics']>['feed']>) => number) => (): number | null => {
    const { feed: measured } = sequencer.metrics();
    return measured && read(measured);
  };
  metrics.gauge(
    'feed_outbox_rows',
    'Changes that are committed and have no number yet.',
    feed(({ depth }) => depth),
  );
  metrics.gauge(
    'feed_outbox_oldest_seconds',
    'How long the oldest of them has been recorded.',
    feed(({ oldestSeconds }) => oldestSeconds),
  );
  metrics.gauge(
    'feed_last_seq',
    'The last number given.',
    feed(({ lastSeq }) => Number(lastSeq)),
  );
  metrics.gauge(
    'feed_purged_through',
    'The last number that is kept no more.',
    feed(({ purgedThrough }) => Number(purgedThrough)),
  );
  metrics.gauge(
    'feed_epoch',
    'How often a gateway has begun to number.',
    feed(({ epoch }) => Number(epoch)),
  );
  metrics.gauge('feed_leading', '1 for the gateway that numbers, 0 for others.', () =>
    Number(sequencer.metrics().isLeading),
  );
  metrics.gauge(
    'feed_wake_connected',
    '1 while hints of new changes are heard, 0 while they are looked for each second.',
    () => Number(wake.connected()),
  );
  metrics.total(
    'feed_batches_total',
    'Batches that this gateway has numbered since its start.',
    () => sequencer.metrics().batches,
  );
  metrics.total(
    'feed_numbered_total',
    'Changes that this gateway has numbered since its start.',
    () => sequencer.metrics().moved,
  );
  metrics.total(
    'feed_purged_total',
    'Changes that this gateway has purged since its start.',
    () => sequencer.metrics().purged,
  );
  metrics.total(
    'feed_fenced_total',
    'How often this gateway has found that another numbers.',
    () => sequencer.metrics().fenced,
  );
}

/** Faults of the gateway's environment. Alarms: the database is away, lines of the log are lost. */
export function measureFaults(
  metrics: Metrics,
  database: Reachability,
  writing: Pick<LineWriter, 'lost' | 'isFailing'> | null,
): void {
  metrics.total(
    'database_connection_attempts_total',
    'Connections to the database that were tried since the start.',
    () => database.attempts,
  );
  metrics.total('database_connection_failures_total', 'Those of them that failed.', () => database.failed);
  metrics.gauge(
    'database_reachable',
    '1 while connections can be made, 0 while one at a time tries whether they can.',
    () => Number(database.isReachable()),
  );
  metrics.total('log_lines_lost_total', 'Lines of the log that could not be written.', () => writing?.lost() ?? 0);
  metrics.gauge('log_failing', '1 while lines of the log cannot be written.', () =>
    writing ? Number(writing.isFailing()) : null,
  );
}

/** The access log, which must be written before non-public data is returned. Alarms: it cannot be written. */
export function measureAccessLog(metrics: Metrics, access: { state(): AccessLogState }): void {
  metrics.total(
    'access_log_failures_total',
    'Reads of non-public data that were not given, since the access log could not be written.',
    () => access.state().refused,
  );
  metrics.gauge('access_log_failing', '1 while the access log cannot be written.', () =>
    Number(access.state().isFailing),
  );
}

/**
 * The states of the sources. Alarms: a source without a state. Each scrape queries the sources too, so that outages
 * show without other requests.
 */
export function measureSourceStates(metrics: Metrics, sources: Pick<SourceRegistry, 'states' | 'sealed'>): void {
  metrics.gauges(
    'source_reachable',
    '1 while a source says what is settled in it, 0 while it does not and is UNAVAILABLE.',
    ['source'],
    () => {
      const sealed = sources.sealed();
      // The states report it, and they are read here.
      if (sealed instanceof Promise) sealed.catch(() => {});
      return sources.states().map(({ source, state }) => [{ source }, Number(state !== 'UNAVAILABLE')]);
    },
  );
  metrics.gauges('source_late_units', 'Units of a source that filed later than they promised.', ['source'], () =>
    sources.states().map(({ source, lateUnits }) => [{ source }, lateUnits.length]),
  );
}

/**
 * The shared store in Redis; null: none is configured, and nothing is measured. Alarms: it does not answer, and each
 * gateway grants a quarter of every budget.
 */
export function measureSharedStore(metrics: Metrics, store: Pick<SharedStore, 'failures'> | null): void {
  metrics.total(
    'budget_store_failures_total',
    'Questions to the Redis of the budgets that were not answered; this gateway counted by itself.',
    () => store?.failures() ?? 0,
  );
}

/** The results of exports. Alarms: exports that could not be made. */
export function measureExports(metrics: Metrics): ExportMetrics {
  const ended = {
    COMPLETED: metrics.counter('exports_completed_total', 'Exports that this gateway completed.'),
    CANCELLED: metrics.counter('exports_cancelled_total', 'Exports that this gateway ended as their owner asked.'),
    FAILED: metrics.counter(
      'exports_failed_total',
      'Exports that this gateway gave up: not made in time, or without the grant that they were made with.',
    ),
  };
  return { ended: (status) => ended[status].add() };
}

/** The documents published for roles. Alarms: documents that no longer fit, for which clients are refused. */
export function measureDocuments(metrics: Metrics, documents: Pick<DocumentStore, 'state' | 'failures'>): void {
  metrics.total(
    'documents_read_failures_total',
    'How often what is published could not be read; what was known served on.',
    () => documents.failures(),
  );
  metrics.gauge(
    'documents_published',
    'Documents that are published, each once for each role.',
    () => documents.state()?.published ?? null,
  );
  metrics.gauge(
    'documents_outdated',
    'Those of them that no longer fit the schema, the limits or the view of their role.',
    () => documents.state()?.outdated ?? null,
  );
}

/** The cost of planning new operations. Alarms: processes that die, texts that cannot be planned, longer waits. */
export function measurePlanners(
  metrics: Metrics,
  planners: Pick<PlannerPool, 'measured' | 'waiting' | 'remembered' | 'processes'>,
): void {
  const { measured } = planners;
  metrics.total('plans_total', 'Operations planned.', () => measured.plans);
  metrics.total('plan_failures_total', 'Operations that could not be planned.', () => measured.failures);
  metrics.total(
    'plan_refusals_total',
    'Operations not taken to be planned, since too many of their caller waited.',
    () => measured.refusals,
  );
  metrics.total(
    'plan_wait_seconds_total',
    'How long operations waited for their turn to be planned.',
    () => measured.waitedSeconds,
  );
  metrics.total('plan_seconds_total', 'How long planning them took.', () => measured.planningSeconds);
  metrics.gauge('plans_waiting', 'Operations that wait to be planned.', () => planners.waiting());
  metrics.gauge('unplannable_texts', 'Operations that are remembered as not to be planned.', () =>
    planners.remembered(),
  );
  metrics.gauge('planner_processes', 'Processes that can plan.', () => planners.processes().length);
  metrics.total(
    'planner_deaths_total',
    'Planner processes that ended without having been asked to.',
    () => measured.deaths,
  );
}

/** Failed look-ups that decide about rights. */
export const countRightsFailures = (metrics: Metrics): { add(): void } =>
  metrics.counter(
    'rights_lookup_failures_total',
    'Look-ups of keys, grants, revoked tokens and consents that failed; each was answered with 503.',
  );

/** The issuer's keys. Alarms: fetches that fail, a set that gets older than the interval. */
export function measureKeySet(metrics: Metrics, keySet: Pick<KeySet, 'state'>): void {
  metrics.gauge('issuer_keys', 'Keys of the issuer that tokens may be signed with.', () => keySet.state().keys);
  metrics.gauge(
    'issuer_keys_age_seconds',
    'Since the keys of the issuer were last fetched.',
    () => keySet.state().ageSeconds,
  );
  metrics.gauge(
    'issuer_reachable',
    '1 while the keys of the issuer can be fetched, 0 while those that are known serve on.',
    () => Number(keySet.state().state === 'ok'),
  );
  metrics.total(
    'issuer_key_fetch_failures_total',
    'Fetches of the keys of the issuer that failed.',
    () => keySet.state().failures,
  );
}

/**
 * The maximum of names that were ever counted: documents that are published and withdrawn again and again do not add
 * series without limit.
 */
const MAX_NAMES = 500;

/** Points, as the limits count them. */
const COSTS: readonly number[] = [1, 10, 100, 1000, 10_000, 100_000];

/**
 * The operations of this gateway and their results. Alarms: faults of ours, incomplete answers, longer waits.
 * @param nameOf the name of a document that two operators published; null for every other, whose name its caller made
 * up
 */
export function measureOperations(
  metrics: Metrics,
  nameOf: (document: DocumentNode) => string | null,
): OperationMetrics {
  const names = new Set<string>();
  const counted = (name: string | null): string => {
    if (name === null) return OTHER;
    if (names.size < MAX_NAMES) names.add(name);
    return names.has(name) ? name : OTHER;
  };
  const labels = { operation: names, kind: operationKinds, transport: transportNames };
  const operations = metrics.counters(
    'operations_total',
    'Operations that were answered or refused, by how they ended.',
    { ...labels, outcome: outcomes },
  );
  const duration = metrics.histogram(
    'operation_duration_seconds',
    'From an operation that was read to its answer, or to the beginning of its stream.',
    labels,
    OPERATION_SECONDS,
  );
  const costs = metrics.histogram(
    'operation_cost_points',
    'What operations were charged, where they were.',
    { kind: operationKinds },
    COSTS,
  );
  const refusals = metrics.counters('refusals_total', 'Requests and operations that were refused whole, by code.', {
    transport: transportNames,
    code: refusalCodes,
  });
  return {
    answered({ document, kind, transport, outcome, seconds, cost }) {
      safely(() => {
        const operation = counted(nameOf(document));
        operations.add({ operation, kind, transport, outcome });
        duration.observe({ operation, kind, transport }, seconds);
        if (cost !== undefined) costs.observe({ kind }, cost);
      });
    },
    refused: (transport, code) => safely(() => refusals.add({ transport, code })),
  };
}

/** The results of a call to a source, as the gateway sees them. */
const callOutcomes: readonly string[] = ['ok', 'error', 'unavailable', OTHER];

/** The gateway's calls to its sources. Each call is also a span in its request's trace. */
export function measureSources(
  metrics: Metrics,
  sources: readonly Pick<Source, 'name' | 'isBreakerOpen'>[],
  own: readonly string[],
): (name: string, transport: Transport) => Transport {
  const source = [...sources.map(({ name }) => name), ...own];
  const calls = metrics.counters(
    'source_calls_total',
    'Operations sent to a source: answered, answered with errors, or not answered.',
    { source, outcome: callOutcomes },
  );
  const duration = metrics.histogram(
    'source_call_duration_seconds',
    'How long a source took to answer.',
    { source },
    OPERATION_SECONDS,
  );
  metrics.gauges('source_breaker_open', '1 while a source that failed again and again is left alone.', ['source'], () =>
    sources.map(({ name, isBreakerOpen }) => [{ source: name }, Number(isBreakerOpen())]),
  );
  return (name, transport) => {
    const ended = (outcome: string, begunAt: number): void =>
      safely(() => {
        calls.add({ source: name, outcome });
        duration.observe({ source: name }, (performance.now() - begunAt) / 1000);
      });
    const measured = (call: SubgraphCall, span: Span | null): Promise<SubgraphResult> => {
      const begunAt = performance.now();
      return transport.execute(call).then(
        (result) => {
          const error = result.errors?.[0];
          if (span && error)
            span.set({ 'error.type': codeOf(Object.assign(new Error(), { extensions: error.extensions })) });
          ended(error ? 'error' : 'ok', begunAt);
          return result;
        },
        (error: unknown) => {
          ended('unavailable', begunAt);
          throw error;
        },
      );
    };
    const spanName = `subgraph ${name}`;
    return { execute: (call) => inSpan(spanName, 'INTERNAL', noAttributes, (span) => measured(call, span)) };
  };
}

/** The streams of this gateway. */
export function measureStreams(metrics: Metrics): LiveMetrics {
  const open = new Map<TransportName, number>(
    transportNames.filter((name) => name !== 'http').map((name) => [name, 0]),
  );
  const move = (transport: TransportName, by: number): void =>
    void open.set(transport, (open.get(transport) ?? 0) + by);
  metrics.gauges('streams_open', 'Streams that are open here, by transport.', ['transport'], () =>
    [...open].map(([transport, count]) => [{ transport }, count]),
  );
  const delivered = metrics.counter('events_told_total', 'Events told to subscribers, each of them counted.');
  const slow = metrics.counter('streams_slow_total', 'Streams that were ended since their reader was too slow.');
  const failed = metrics.counter('streams_failed_total', 'Streams that were ended by a fault of ours.');
  return {
    opened: (transport) => move(transport, 1),
    ended(reason, transport) {
      move(transport, -1);
      if (reason === 'SLOW_CONSUMER') slow.add();
      if (reason === 'FAILED') failed.add();
    },
    delivered: (events) => delivered.add(events),
  };
}

/** The receivers' responses to webhooks of this gateway. */
export function measureWebhooks(metrics: Metrics): WebhookMetrics {
  const attempts = metrics.counter('webhook_attempts_total', 'Notices sent to webhooks.');
  const failed = metrics.counter('webhook_failures_total', 'Those of them that were not taken.');
  const paused = metrics.counter(
    'webhooks_paused_total',
    'Webhooks that were paused since their receiver failed for days or is gone.',
  );
  return {
    attempted(outcome) {
      attempts.add();
      if (outcome !== 'DELIVERED') failed.add();
    },
    paused: () => paused.add(),
  };
}

/**
 * `GET /metrics`, for a scraper with METRICS_TOKEN and for readers that `mayRead` allows. It is not public: the last
 * number assigned reveals changes that the reader may not see.
 */
export const metricsRoute =
  (metrics: Metrics, isScraper: ScrapeCheck, mayRead: (viewer: Viewer) => boolean): ServerOptions['routes'][number] =>
  async (app, viewerOf) => {
    app.get('/metrics', async (request, reply) => {
      if (!isScraper(request.headers.authorization) && !mayRead(await viewerOf(request)))
        throw new GraphQLError('Your role may not read the metrics.', {
          extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', http: { status: 403 } },
        });
      return reply
        .type(metrics.contentType)
        .header('cache-control', 'no-store')
        .send(await metrics.text());
    });
  };
