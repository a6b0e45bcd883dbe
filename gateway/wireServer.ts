import { createClientAddresses } from '#kit/http/address.ts';
import { writingOf } from '#kit/log.ts';
import type { Reachability } from '#kit/postgres/reachability.ts';
import { outsideRequests } from '#kit/telemetry/scope.ts';
import { createScrapeCheck } from '#kit/telemetry/scraping.ts';
import { may } from '#policy/actions.ts';
import type { Budgets } from './budgets/budgets.ts';
import type { Live } from './changes/subscriber.ts';
import { exportRoutes } from './exports/route.ts';
import { filingRoutes } from './filings/route.ts';
import { createReadiness, type ReadinessOptions } from './http/readiness.ts';
import { type GatewayServer, serveGateway, type ServerOptions } from './http/server.ts';
import { measureOperations, metricsRoute } from './metrics.ts';
import { documentsPart } from './trustedDocuments/store.ts';
import type { GraphParts, WiredGraph } from './wireGraph.ts';
import { PORT, type Wiring } from './wiring.ts';

/** What is served: all that was wired before. */
export interface ServedParts extends GraphParts, WiredGraph {
  readonly reachability: Reachability;
  readonly budgets: Budgets;
  readonly live: Live;
}

/** The server of the gateway, with the routes of the capabilities. It listens when the promise resolves. */
export async function wireServer(wiring: Wiring, parts: ServedParts): Promise<GatewayServer> {
  const { options, config, log, now, metrics, stack } = wiring;
  const { registry } = parts.sources;
  return stack.use(
    await serveGateway({
      host: config.host,
      port: config.port ?? PORT,
      graph: parts.graph,
      sources: registry,
      readiness: createReadiness({
        refresh: async () => registry.sealed(),
        sources: () => registry.states(),
        parts: readinessParts(wiring, parts),
      }),
      authenticator: parts.rights.authenticator,
      limits: parts.limits,
      documents: parts.documents,
      trusted: parts.trusted,
      policyMode: config.policyMode,
      budgets: parts.budgets,
      addresses: createClientAddresses(config.trustedProxies),
      connectionLimits: config.connectionLimits,
      streamLimits: config.streamLimits,
      live: parts.live,
      now,
      metrics: measureOperations(metrics, (document) => parts.trusted.nameOf(document)),
      tracing: { tracer: options.tracer ?? null, clients: config.tracing.clients },
      routes: routesOf(wiring, parts),
      log,
    }),
  );
}

/** The parts of `/health/ready`, by name. */
const readinessParts = (
  { config, log }: Wiring,
  { reachability, changes: { wake, sequencer }, rights: { grants, keySet }, trusted, planners }: ServedParts,
): ReadinessOptions['parts'] => ({
  database: () => ({ state: reachability.isReachable() ? 'ok' : 'unavailable' }),
  changes: () => ({
    state: wake.connected() ? 'ok' : 'degraded',
    numberedHere: sequencer.state().phase === 'leading',
    wokenBy: config.redisUrl === null ? 'database' : 'redis',
  }),
  documents: () => documentsPart(trusted.state()),
  grants: () => ({ state: grants.version === null ? 'degraded' : 'ok' }),
  issuer: () => ({ state: keySet.state().state === 'ok' ? 'ok' : 'degraded' }),
  planners: () => ({ state: planners.processes().length === config.planners ? 'ok' : 'degraded' }),
  log: () => ({ state: writingOf(log)?.isFailing() ? 'degraded' : 'ok' }),
});

const routesOf = (
  { options, config, log, metrics }: Wiring,
  { repositories, sources: { sources }, changes: { sequencer }, exportReader }: ServedParts,
): ServerOptions['routes'] => [
  filingRoutes({
    filings: repositories.filings,
    sources,
    log,
    onCommit: () => outsideRequests(() => sequencer.poke()),
  }),
  exportRoutes({ exports: repositories.exports, reader: exportReader, log }),
  // In production without METRICS_TOKEN the route does not exist, so that nobody can probe it.
  ...(config.production && config.metricsToken === null
    ? []
    : [metricsRoute(metrics, createScrapeCheck(config.metricsToken), (viewer) => may(viewer, 'metrics:read'))]),
  ...(options.routes ?? []),
];
