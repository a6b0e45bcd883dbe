import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from '#kit/postgres/pool.ts';
import { createScalars } from '#kit/scalars.ts';
import { createOwnSchema } from '#kit/schema/ownSchema.ts';
import { outsideRequests } from '#kit/telemetry/scope.ts';
import type { SharedStore } from './budgets/budgets.ts';
import { createSelfEmployedCeiling } from './budgets/selfEmployed.ts';
import { withWholePages } from './changes/wholePages.ts';
import { type ControlParts, controlTypeDefs, createControlResolvers } from './control.ts';
import { fieldsProblem } from './exports/fields.ts';
import { keeper } from './exports/keeper.ts';
import { createExportReader, type ExportReader } from './exports/reader.ts';
import { createExportWorker } from './exports/worker.ts';
import { createLogSink, watchAccessLog } from './graph/audit.ts';
import { controlContext } from './graph/controlContext.ts';
import { createDocuments, type Documents } from './graph/documents.ts';
import { createInProcessTransport } from './graph/engine/inProcessTransport.ts';
import type { PlannerPool } from './graph/engine/plannerPool.ts';
import { createGraph, type Graph } from './graph/graph.ts';
import { planningLimits, standardLimits, type Limits } from './graph/limits.ts';
import { measureAccessLog, measureDocuments, measureExports, measureSources } from './metrics.ts';
import { createKnownCodes, type KnownCodes } from './rules/codes.ts';
import { createDocumentCheck, type DocumentCheck } from './trustedDocuments/check.ts';
import { readReleasedDocuments } from './trustedDocuments/released.ts';
import { createDocumentStore, type DocumentStore } from './trustedDocuments/store.ts';
import type { WebhookSecrets } from './webhooks/secrets.ts';
import type { WebhookTargets } from './webhooks/targets.ts';
import type { WebhookWorker } from './webhooks/worker.ts';
import type { WiredChanges } from './wireChanges.ts';
import type { WiredRights } from './wireRights.ts';
import type { WiredSources } from './wireSources.ts';
import type { Repositories, Wiring } from './wiring.ts';

/** What the graph is made of. */
export interface GraphParts {
  readonly planners: PlannerPool;
  readonly sources: WiredSources;
  readonly pool: Pool;
  readonly repositories: Repositories;
  readonly rights: WiredRights;
  readonly changes: WiredChanges;
  /** Null: counts are kept in this process. */
  readonly shared: SharedStore | null;
  readonly secrets: WebhookSecrets;
  readonly targets: WebhookTargets;
  /** Null: other gateways notify the receivers of webhooks. */
  readonly webhooks: WebhookWorker | null;
  readonly ownsWatchlist: ControlParts['ownsWatchlist'];
}

export interface WiredGraph {
  readonly graph: Graph;
  readonly limits: Limits;
  readonly documents: Documents;
  readonly check: DocumentCheck;
  readonly trusted: DocumentStore;
  readonly exportReader: ExportReader;
  readonly exports: ReturnType<typeof createExportWorker>;
}

/** The graph with the control subgraph, and what is made with the graph: documents, published documents and exports. */
export async function wireGraph(wiring: Wiring, parts: GraphParts): Promise<WiredGraph> {
  const { options, databaseUrl, config, log, now, metrics, runs, topics, stack } = wiring;
  const { pool, rights, changes } = parts;
  const { sources } = parts.sources;
  const codes = createKnownCodes(changes.rules, now);
  // The control subgraph needs the graph of which it is a part; the graph exists when it is first used.
  const graph = await createFederatedGraph(wiring, parts, codes, () => wired);
  const limits = options.limits ?? standardLimits;
  const documents = createDocuments(graph.schema, limits, codes.lookups);
  const check = createDocumentCheck(graph, limits);
  const trusted = stack.use(
    createDocumentStore({
      pool,
      url: databaseUrl,
      check,
      restricted: config.trustedOnly,
      released: await readReleasedDocuments(),
      log,
    }),
  );
  measureDocuments(metrics, trusted);
  const exportReader = createExportReader({
    graph,
    documents,
    topics,
    sources,
    cursors: changes.cursors,
    pool,
    log: changes.changeLog,
    now,
  });
  const exports = stack.use(
    createExportWorker({
      pool,
      reader: exportReader,
      grants: rights.grants,
      log,
      metrics: measureExports(metrics),
      runs,
    }),
  );
  const wired: WiredGraph = { graph, limits, documents, check, trusted, exportReader, exports };
  return wired;
}

async function createFederatedGraph(
  wiring: Wiring,
  parts: GraphParts,
  codes: KnownCodes,
  wired: () => WiredGraph,
): Promise<Graph> {
  const { options, config, log, now, metrics, topics } = wiring;
  const { planners, sources, changes, shared } = parts;
  const control = createOwnSchema(
    'The control subgraph',
    controlTypeDefs(options.subgraphs),
    createControlResolvers(controlParts(wiring, parts, wired)),
  );
  const measured = measureSources(metrics, sources.sources, ['control']);
  const access = watchAccessLog(options.accessSink ?? createLogSink(log), log);
  measureAccessLog(metrics, access);
  return withWholePages(
    createGraph({
      supergraph: options.supergraph ?? (await readFile(join(import.meta.dirname, 'supergraph.graphql'), 'utf8')),
      namedRecords: new Set([
        ...topics.all.map(({ changeType, recordField }) => `${changeType}.${recordField}`),
        'FactConflict.record',
        'FactConflictSide.record',
      ]),
      planners,
      transports: {
        ...Object.fromEntries(sources.sources.map(({ name, transport }) => [name, measured(name, transport)])),
        control: measured(
          'control',
          createInProcessTransport(control, (call) => ({ contextValue: controlContext(call.context) }), log),
        ),
      },
      sources: sources.registry,
      accessSink: access.sink,
      log,
      now,
      policy: 'enforced',
      scalars: createScalars(codes.check),
      selfEmployed: createSelfEmployedCeiling({ budgets: config.budgets, store: shared, now }),
      limits: { ...planningLimits, ...config.operationLimits },
      onCommit: () => outsideRequests(() => changes.sequencer.poke()),
    }),
    topics,
  );
}

/** @param wired what the control subgraph uses of the graph, once that exists */
const controlParts = (
  { config, now, topics }: Wiring,
  {
    repositories,
    rights,
    sources: { sources, registry },
    changes,
    secrets,
    targets,
    webhooks,
    ownsWatchlist,
  }: GraphParts,
  wired: () => WiredGraph,
): ControlParts => ({
  ...repositories,
  topics,
  grantStore: rights.grants,
  sources: registry,
  keepers: sources,
  rules: changes.rules,
  cursors: changes.cursors,
  changeLog: changes.changeLog,
  ownsWatchlist,
  onWatchlistItemAdded: () => outsideRequests(() => changes.present.wake()),
  secrets,
  targets,
  wakeWebhooks: () => outsideRequests(() => webhooks?.wake()),
  fieldsProblem: (topic, selection, viewer) => fieldsProblem(wired(), topic, selection, viewer),
  mayChooseFields: ({ role }) => !config.trustedOnly.has(role),
  sealed: async (topic) => (await keeper(sources, topic).status()).sealed,
  onExportCreated: () => outsideRequests(() => wired().exports.wake()),
  checkDocument: (role, text) => wired().check(role, text),
  onDocumentsChanged: () => wired().trusted.refresh(),
  now,
});
