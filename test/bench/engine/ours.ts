import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '#kit/log.ts';
import { subgraphNames } from '#subgraphs/definitions.ts';
import { dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import { auditForeignSupergraph } from '#gateway/otherSupergraph.ts';
import { createGraph } from '#gateway/graph/graph.ts';
import { createPlannerPool } from '#gateway/graph/engine/plannerPool.ts';
import { raisedLimits } from '#gateway/graph/limits.ts';
import { createInProcessTransport } from '#gateway/graph/engine/inProcessTransport.ts';
import { serveGateway } from '#gateway/http/server.ts';
import { publicViewer } from '#policy/viewer.ts';
import { serveBench } from '#test/bench/worker.ts';
import { stubSchema } from './stubs.ts';
import { unlimitedBudgets } from '#gateway/budgets/budgets.ts';

// Our gateway with its guards off, before the stub subgraphs: over HTTP (given a supergraph with their addresses), or with
// them in this process.

const { supergraphFile } = JSON.parse(process.argv[2] ?? '') as { supergraphFile: string | null }; // given by main.ts
const at = { host: '127.0.0.1', port: 0, log: silentLog };

const inProcess = async () => {
  const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
  const graph = createGraph({
    planners: createPlannerPool({ size: 1, log: silentLog }),
    supergraph: await readFile(join(import.meta.dirname, '../../../gateway/supergraph.graphql'), 'utf8'),
    transports: Object.fromEntries(
      subgraphNames.map((name) => [name, createInProcessTransport(stubSchema(name), () => ({ contextValue: {} }))]),
    ),
    sources,
    accessSink: () => Promise.resolve(),
    log: silentLog,
    now: () => new Date(),
    policy: 'dangerously-none',
  });
  return serveGateway({
    ...at,
    graph,
    sources,
    authenticator: dangerouslyTrustEveryoneAs(publicViewer),
    limits: raisedLimits,
    budgets: unlimitedBudgets,
    policyMode: 'filter',
    routes: [],
  });
};

const { url } =
  supergraphFile === null
    ? await inProcess()
    : await auditForeignSupergraph({ ...at, planners: 1, supergraph: await readFile(supergraphFile, 'utf8') });
serveBench(`${url}/graphql`);
