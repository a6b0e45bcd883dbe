import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '#kit/log.ts';
import { subgraphNames } from '#kit/config.ts';
import { dangerouslyTrustEveryoneAs } from '#gateway/auth.ts';
import { auditForeignSupergraph } from '#gateway/foreign.ts';
import { createGraph } from '#gateway/graph.ts';
import { createPlannerPool } from '#gateway/graph/engine/plannerPool.ts';
import { raisedLimits } from '#gateway/limits.ts';
import { createInProcessTransport } from '#gateway/plan/inProcess.ts';
import { serveGateway } from '#gateway/server.ts';
import { publicViewer } from '#policy/viewer.ts';
import { serveBench } from '../worker.ts';
import { stubSchema } from './stubs.ts';
import { unlimitedBudgets } from '#gateway/budget/budgets.ts';

// Our gateway with its guards off, before the stub subgraphs: over HTTP (given a supergraph with their addresses), or with
// them in this process.

const { supergraphFile } = JSON.parse(process.argv[2] ?? '') as { supergraphFile: string | null }; // given by main.ts
const at = { host: '127.0.0.1', port: 0, log: silentLog };

const inProcess = async () => {
  const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
  const graph = createGraph({
    planners: createPlannerPool({ size: 1, log: silentLog }),
    supergraph: await readFile(join(import.meta.dirname, '../../../gateway/supergraph.graphql'), 'utf8'),
    transports: Object.fromEntries(subgraphNames.map((name) => [name, createInProcessTransport(stubSchema(name), () => ({ contextValue: {} }))])),
    sources,
    accessSink: () => Promise.resolve(),
    log: silentLog,
    now: () => new Date(),
    policy: 'dangerously-none',
  });
  return serveGateway({ ...at, graph, sources, authenticator: dangerouslyTrustEveryoneAs(publicViewer), limits: raisedLimits, budgets: unlimitedBudgets, policyMode: 'filter', routes: [] });
};

const { url } = supergraphFile === null ? await inProcess() : await auditForeignSupergraph({ ...at, planners: 1, supergraph: await readFile(supergraphFile, 'utf8') });
serveBench(`${url}/graphql`);
