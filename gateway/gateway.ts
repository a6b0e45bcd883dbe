import { createOwnPool } from '#kit/postgres/ownPool.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { measureBulkheads, measurePools } from '#kit/telemetry/metrics.ts';
import { writingOf } from '#kit/log.ts';
import { reachabilityOf } from '#kit/postgres/reachability.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { createMemoryBudgets, createSharedBudgets, createSharedStore } from './budgets/budgets.ts';
import { createLive } from './changes/streams.ts';
import { createRepositories } from './control.ts';
import { databaseOf, type Wake } from './feed/wakeUps.ts';
import type { Graph } from './graph/graph.ts';
import { createPlannerPool } from './graph/engine/plannerPool.ts';
import type { SourceRegistry } from './graph/sources.ts';
import {
  measureFaults,
  measureLive,
  measurePlanners,
  measureSharedStore,
  measureStreams,
  measureWebhooks,
} from './metrics.ts';
import type { DocumentStore } from './trustedDocuments/store.ts';
import { createWebhookSecrets } from './webhooks/secrets.ts';
import { createWebhookTargets } from './webhooks/targets.ts';
import { createWebhookWorker } from './webhooks/worker.ts';
import { type WiredChanges, wireChanges } from './wireChanges.ts';
import { type GraphParts, wireGraph, type WiredGraph } from './wireGraph.ts';
import { type WiredRights, wireRights } from './wireRights.ts';
import { wireServer } from './wireServer.ts';
import { wireSources } from './wireSources.ts';
import { createWiring, type GatewayOptions, type Wiring } from './wiring.ts';

export interface Gateway extends AsyncDisposable {
  readonly url: string;
  readonly graph: Graph;
  readonly sources: SourceRegistry;
  readonly authenticator: Authenticator;
  readonly trusted: DocumentStore;
}

/**
 * Wires the gateway: sources, control subgraph, graph, transports. Disposing it stops everything in reverse order, so
 * the order here is the order of dependence.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const stack = new AsyncDisposableStack();
  try {
    const wiring = createWiring(options, stack);
    const { config, databaseUrl, log, now, metrics } = wiring;
    const planners = stack.use(createPlannerPool({ size: config.planners, log }));
    const sources = wireSources(wiring);
    const pool = stack.use(createOwnPool(databaseUrl, 'gateway', log));
    const repositories = stack.use(createRepositories(pool, now));
    const rights = await wireRights(wiring, pool, repositories);
    const changes = wireChanges(wiring, pool, sources.sources, rights);
    const { shared, budgets } = wireBudgets(wiring);
    const reachability = reachabilityOf(databaseUrl);
    measureFaults(metrics, reachability, writingOf(log));
    const parts: GraphParts = {
      planners,
      sources,
      pool,
      repositories,
      rights,
      changes,
      shared,
      ...wireWebhooks(wiring, pool, changes, rights),
      ownsWatchlist: async (viewer, id) => (await repositories.watchlists.find(viewer, id)) !== null,
    };
    const wired = await wireGraph(wiring, parts);
    const live = await wireLive(wiring, parts, wired);
    // The gateway listens when it can answer: the settled instant and the rules are known before the first request.
    // Sources that are down do not keep it from starting, and the store of the rules logs when it cannot read them.
    await Promise.all([
      sources.registry.refresh(),
      rights.keySet.start(),
      planners.ready(),
      changes.rules.fresh().catch(() => null),
    ]);
    await wired.trusted.refresh();
    const server = await wireServer(wiring, { ...parts, ...wired, reachability, budgets, live });
    const owned = stack.move();
    return {
      url: server.url,
      graph: wired.graph,
      sources: sources.registry,
      authenticator: rights.authenticator,
      trusted: wired.trusted,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** The budgets of callers: counted in Redis where there is one, so that all gateways share them. */
function wireBudgets({ options, config, databaseUrl, log, metrics, stack }: Wiring) {
  const shared =
    config.redisUrl === null ? null : stack.use(createSharedStore(config.redisUrl, databaseOf(databaseUrl), log));
  measureSharedStore(metrics, shared);
  const budgets =
    options.budgets ?? (shared ? createSharedBudgets(config.budgets, shared) : createMemoryBudgets(config.budgets));
  return { shared, budgets };
}

function wireWebhooks(
  { options, config, log, now, metrics, runs, topics, stack }: Wiring,
  pool: Pool,
  { changeLog, cursors }: WiredChanges,
  { grants }: WiredRights,
): Pick<GraphParts, 'secrets' | 'targets' | 'webhooks'> {
  const secrets = createWebhookSecrets(config.cursorKeys);
  const targets = createWebhookTargets(config.webhookTargets);
  if (options.notifies === false) return { secrets, targets, webhooks: null };
  const webhooks = stack.use(
    createWebhookWorker({
      topics,
      pool,
      log: changeLog,
      cursors,
      grants,
      secrets,
      targets,
      logger: log,
      now,
      metrics: measureWebhooks(metrics),
      runs,
    }),
  );
  return { secrets, targets, webhooks };
}

/** The streams of changes, and the numbering that feeds them. */
async function wireLive(wiring: Wiring, parts: GraphParts, { graph }: WiredGraph) {
  const { log, now, metrics, runs, topics, stack } = wiring;
  const { planners, pool, sources, changes, webhooks, ownsWatchlist } = parts;
  const { wake, sequencer } = changes;
  const { local } = sources;
  measureLive(metrics, sequencer, wake);
  measurePlanners(metrics, planners);
  measurePools(metrics, { gateway: pool, ...Object.fromEntries(local.map(({ name, pool: own }) => [name, own])) });
  measureBulkheads(metrics, () => local.flatMap(({ bulkheads }) => Object.entries(bulkheads)));
  const hints: Pick<Wake, 'listen'> = {
    listen: (onWake) =>
      wake.listen((seq) => {
        onWake(seq);
        webhooks?.wake();
      }),
  };
  // After the transports have been closed, which end their streams themselves.
  const live = stack.use(
    await createLive({
      topics,
      log: changes.changeLog,
      wake: hints,
      graph,
      cursors: changes.cursors,
      ownsWatchlist,
      logger: log,
      now,
      metrics: measureStreams(metrics),
      runs,
    }),
  );
  sequencer.start();
  return live;
}
