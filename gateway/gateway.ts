import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from '#kit/config.ts';
import { createCursorSealer } from '#kit/cursor.ts';
import { type Log, writingOf } from '#kit/log.ts';
import { createMetrics, measureBulkheads, measurePools, type Metrics } from '#kit/telemetry/metrics.ts';
import { outsideRequests, type Tracer } from '#kit/telemetry/scope.ts';
import { createScrapeCheck } from '#kit/telemetry/scraping.ts';
import { createPassportOffice } from '#kit/passport.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { reachabilityOf } from '#kit/postgres/reachability.ts';
import { createRuleBook } from '#kit/ruleBook.ts';
import { createOwnSchema } from '#kit/schema/ownSchema.ts';
import { startTurning } from '#kit/publicationDays.ts';
import { startSweeping } from '#kit/retention.ts';
import { createSubgraph, type Subgraph, type SubgraphDefinition } from '#kit/subgraph.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { type AccessSink, createLogSink } from './audit.ts';
import { type Authenticator, createAuthenticator } from './auth.ts';
import { createKeySet } from './auth/keySet.ts';
import { createRightsLookup } from './auth/rightsLookup.ts';
import { withWholePages } from './changes/wholePages.ts';
import { ListeningGrantBook } from './desk/grants.ts';
import { createDeskRepository } from './desk/repository.ts';
import { createDeskResolvers, deskContext } from './desk/resolvers.ts';
import { type Budgets, createMemoryBudgets, createSharedBudgets, createSharedStore } from './budget/budgets.ts';
import { createSelfEmployedCeiling } from './budget/selfEmployed.ts';
import { createDocuments } from './documents.ts';
import { exportRoutes } from './exports.ts';
import { filingRoutes } from './filings.ts';
import { createGraph, type Graph } from './graph.ts';
import { createPlannerPool } from './graph/engine/plannerPool.ts';
import { createChangeLog } from './live/log.ts';
import { createExportReader, createExportWorker, fieldsProblem, keeper } from './live/exports.ts';
import { createLive } from './live/live.ts';
import { createPresentStates } from './live/present.ts';
import { createSequencer } from './live/sequencer.ts';
import { createWake, databaseOf, type Wake } from './live/wake.ts';
import { createWebhookWorker } from './live/webhooks.ts';
import { createWebhookSecrets } from './live/webhookSecrets.ts';
import { createWebhookTargets } from './live/webhookTargets.ts';
import { createClientAddresses } from './http/address.ts';
import { createDocumentCheck } from './trustedDocuments/check.ts';
import { readReleasedDocuments } from './trustedDocuments/released.ts';
import { createDocumentStore, type DocumentStore, documentsPart } from './trustedDocuments/store.ts';
import { createReadiness } from './http/readiness.ts';
import { planningLimits, standardLimits } from './limits.ts';
import {
  countRightsFailures, measureDocuments, measureFaults, measureKeySet, measureLive, measureOperations, measurePlanners, measureSources, measureStreams, measureWebhooks,
  metricsRoute,
} from './metrics.ts';
import { createInProcessTransport } from './plan/inProcess.ts';
import { type GatewayServer, serveGateway, type ServerOptions } from './server.ts';
import { createLocalSource, createRemoteSource, createSourceBook, type Source, type SourceBook, withBulkhead } from './sources.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  /** Those that run in this process, unless the configuration says where else they run. */
  readonly subgraphs: readonly SubgraphDefinition[];
  readonly log: Log;
  readonly now?: () => Date;
  readonly accessSink?: AccessSink;
  readonly limits?: ServerOptions['limits'];
  /** Counted in Redis where the configuration names one, and in this process otherwise. */
  readonly budgets?: Budgets;
  readonly routes?: ServerOptions['routes'];
  /** Left out: of its own, which say nothing of the process. */
  readonly metrics?: Metrics;
  /** Left out: nothing is traced. */
  readonly tracer?: Tracer | null;
  /** Whether subgraphs in this process erase, once a day, what is no longer kept. */
  readonly sweeps?: boolean;
  /** Whether it tells the receivers of webhooks; where not, other gateways do. It does unless told not to. */
  readonly notifies?: boolean;
  /** The operator that may make the first grants. */
  readonly bootstrapOperator?: string | null;
}

export interface Gateway extends AsyncDisposable {
  readonly url: string;
  readonly graph: Graph;
  readonly sources: SourceBook;
  readonly authenticator: Authenticator;
  readonly trusted: DocumentStore;
}

/** Where the gateway listens when nobody says otherwise. */
export const PORT = 4000;

/** Wires the gateway: sources, desk, graph, doors. What it started is stopped in reverse when it is disposed. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, databaseUrl, log } = options;
  const now = options.now ?? (() => new Date());
  const stack = new AsyncDisposableStack();
  try {
    const metrics = options.metrics ?? createMetrics();
    const planners = stack.use(createPlannerPool({ size: config.planners, log }));
    const passport = createPassportOffice(config.passportKeys, now);
    const local: Subgraph[] = [];
    const sources = options.subgraphs.map((definition): Source => {
      const remote = config.remoteSubgraphs[definition.name];
      if (remote !== undefined) return withBulkhead(stack.use(createRemoteSource(definition.name, remote, passport)));
      const subgraph = openSubgraph(definition, options, now, stack);
      local.push(subgraph);
      return withBulkhead(stack.use(createLocalSource(subgraph)));
    });
    const book = createSourceBook(sources);

    const pool = stack.use(createOwnPool(databaseUrl, 'gateway', log));
    const repository = stack.use(createDeskRepository(pool, now));
    const operator = options.bootstrapOperator ?? null;
    if (operator !== null && (await repository.bootstrap(operator, 'OPERATOR'))) log.warn({ operator }, 'nobody was operator: this organisation is now');
    const grants = stack.use(new ListeningGrantBook(pool, databaseUrl, log));
    await grants.listen();

    const ruleBook = createRuleBook(pool);
    const cursors = createCursorSealer(config.cursorKeys);
    const rightsFailures = countRightsFailures(metrics);
    const lookUp = createRightsLookup({ log, failures: rightsFailures });
    const location = config.jwksUrl ?? join(config.dataDir, 'issuer', 'jwks.json');
    const keySet = stack.use(createKeySet({ location, times: config.keySetTimes, now, log, failures: rightsFailures }));
    measureKeySet(metrics, keySet);
    const changeLog = createChangeLog(pool, lookUp);
    const wake = stack.use(createWake({ databaseUrl, redisUrl: config.redisUrl, log }));
    const sequencer = stack.use(createSequencer({ url: databaseUrl, holder: `${hostname()} ${process.pid}`, rules: ruleBook, log, now, onBatch: (lastSeq) => void wake.announce(lastSeq) }));
    const present = stack.use(createPresentStates({ pool, sources, log, now, wasTold: () => sequencer.poke() }));

    const shared = config.redisUrl === null ? null : stack.use(createSharedStore(config.redisUrl, databaseOf(databaseUrl), log));
    const budgets = options.budgets ?? (shared ? createSharedBudgets(config.budgets, shared) : createMemoryBudgets(config.budgets));

    const reachability = reachabilityOf(databaseUrl);
    measureFaults(metrics, reachability, writingOf(log));
    const webhookSecrets = createWebhookSecrets(config.cursorKeys);
    const targets = createWebhookTargets(config.webhookTargets);
    const webhooks = options.notifies === false ? null : stack.use(createWebhookWorker({ pool, log: changeLog, cursors, grants, secrets: webhookSecrets, targets, logger: log, now, metrics: measureWebhooks(metrics) }));

    // What the desk asks of the graph that it is a part of is there once somebody asks the desk.
    const resolvers = createDeskResolvers({
      repository,
      grants,
      sources: book,
      keepers: sources,
      ruleBook,
      cursors,
      changeLog,
      wasAdded: () => outsideRequests(() => present.wake()),
      webhooks: { secrets: webhookSecrets, targets, isDue: () => outsideRequests(() => webhooks?.wake()) },
      exports: {
        fieldsProblem: (topic, selection, viewer) => fieldsProblem({ graph, documents }, topic, selection, viewer),
        mayChooseFields: ({ role }) => !config.trustedOnly.has(role),
        sealed: async (topic) => (await keeper(sources, topic).status()).sealed,
        wasMade: () => outsideRequests(() => exports.wake()),
      },
      documents: { check: (role, text) => check(role, text), onChanged: () => trusted.refresh() },
      now,
    });
    const desk = createOwnSchema('The desk', join(import.meta.dirname, 'desk/schema.graphql'), resolvers);

    const measured = measureSources(metrics, sources, ['desk']);
    const graph = withWholePages(createGraph({
      supergraph: await readFile(join(import.meta.dirname, 'supergraph.graphql'), 'utf8'),
      planners,
      transports: {
        ...Object.fromEntries(sources.map(({ name, transport }) => [name, measured(name, transport)])),
        desk: measured('desk', createInProcessTransport(desk, (call) => ({ contextValue: deskContext(call.context) }), log)),
      },
      sources: book,
      accessSink: options.accessSink ?? createLogSink(log),
      log,
      now,
      policy: 'enforced',
      selfEmployed: createSelfEmployedCeiling({ budgets: config.budgets, store: shared, now }),
      limits: { ...planningLimits, ...config.operationLimits },
      hasChanged: () => outsideRequests(() => sequencer.poke()),
    }));
    const limits = options.limits ?? standardLimits;
    const documents = createDocuments(graph.schema, limits);
    const check = createDocumentCheck(graph, limits);
    const trusted = stack.use(createDocumentStore({ pool, url: databaseUrl, check, restricted: config.trustedOnly, released: await readReleasedDocuments(), log }));
    measureDocuments(metrics, trusted);
    const exportReader = createExportReader({ graph, documents, sources, cursors, pool, log: changeLog, now });
    const exports = stack.use(createExportWorker({ pool, reader: exportReader, grants, log }));
    measureLive(metrics, sequencer, wake);
    measurePlanners(metrics, planners);
    measurePools(metrics, { gateway: pool, ...Object.fromEntries(local.map(({ name, pool: own }) => [name, own])) });
    measureBulkheads(metrics, () => local.flatMap(({ bulkheads }) => Object.entries(bulkheads)));
    const ownsWatchlist = async (viewer: Viewer, id: string): Promise<boolean> => (await repository.watchlists.find(viewer, id)) !== null;
    const hints: Pick<Wake, 'listen'> = {
      listen: (onWake) =>
        wake.listen((seq) => {
          onWake(seq);
          webhooks?.wake();
        }),
    };
    // After the transports have been closed, which end their streams themselves.
    const live = stack.use(await createLive({ log: changeLog, wake: hints, graph, cursors, ownsWatchlist, logger: log, now, metrics: measureStreams(metrics) }));
    sequencer.start();
    const authenticator = createAuthenticator({
      keySet,
      lookUp,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      grants,
      now,
    });
    // Listening means that it can answer: what is settled is known before anybody can ask. Sources that are down do not keep it from starting.
    await Promise.all([book.refresh(), keySet.start(), planners.ready()]);
    await trusted.refresh();
    const server: GatewayServer = stack.use(
      await serveGateway({
        host: config.host,
        port: config.port ?? PORT,
        graph,
        sources: book,
        readiness: createReadiness({
          refresh: async () => book.sealed(),
          sources: () => book.states(),
          parts: {
            database: () => ({ state: reachability.isReachable() ? 'ok' : 'unavailable' }),
            changes: () => ({ state: wake.connected() ? 'ok' : 'degraded', numberedHere: sequencer.state().phase === 'leading', wokenBy: config.redisUrl === null ? 'database' : 'redis' }),
            documents: () => documentsPart(trusted.state()),
            grants: () => ({ state: grants.version === null ? 'degraded' : 'ok' }),
            issuer: () => ({ state: keySet.state().state === 'ok' ? 'ok' : 'degraded' }),
            planners: () => ({ state: planners.processes().length === config.planners ? 'ok' : 'degraded' }),
            log: () => ({ state: writingOf(log)?.isFailing() ? 'degraded' : 'ok' }),
          },
        }),
        authenticator,
        limits,
        documents,
        trusted,
        policyMode: config.policyMode,
        budgets,
        addresses: createClientAddresses(config.trustedProxies),
        connectionLimits: config.connectionLimits,
        streamLimits: config.streamLimits,
        live,
        now,
        metrics: measureOperations(metrics, (document) => trusted.nameOf(document)),
        tracing: { tracer: options.tracer ?? null, clients: config.tracing.clients },
        routes: [
          filingRoutes({ repository, sources, log, hasChanged: () => outsideRequests(() => sequencer.poke()) }),
          exportRoutes({ exports: repository.exports, reader: exportReader }),
          // In production nobody guesses at it where no scraper was let in.
          ...(config.production && config.metricsToken === null ? [] : [metricsRoute(metrics, createScrapeCheck(config.metricsToken), (viewer) => may(viewer, 'metrics:read'))]),
          ...(options.routes ?? []),
        ],
        log,
      }),
    );
    const owned = stack.move();
    return { url: server.url, graph, sources: book, authenticator, trusted, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** A subgraph in this process. It ends with the source that is made of it. */
function openSubgraph(definition: SubgraphDefinition, { config, databaseUrl, log, sweeps }: GatewayOptions, now: () => Date, stack: AsyncDisposableStack): Subgraph {
  const pool = createOwnPool(databaseUrl, definition.name, log);
  const subgraph = createSubgraph(definition, { pool, cursorKeys: config.cursorKeys, digestKeys: config.digestKeys, log, now });
  if (sweeps) {
    stack.use(startSweeping(subgraph.sweep, now, log));
    stack.use(startTurning(subgraph.turnDays, now, log));
  }
  return subgraph;
}
