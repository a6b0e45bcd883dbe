import { parse } from 'graphql';
import type { Log } from '#kit/log.ts';
import { publicViewer } from '#policy/viewer.ts';
import { dangerouslyTrustEveryoneAs } from './auth/authenticator.ts';
import { unlimitedBudgets } from './budgets/budgets.ts';
import { createGraph } from './graph/graph.ts';
import { subgraphsOf } from './graph/engine/apiSchema.ts';
import { createPlannerPool } from './graph/engine/plannerPool.ts';
import { raisedLimits } from './graph/limits.ts';
import { createHttpTransport } from './graph/engine/httpTransport.ts';
import { type GatewayServer, serveGateway } from './http/server.ts';

/**
 * Serves any supergraph at the addresses it names: no token, no policy, raised limits. For auditing federation
 * behaviour and for operators who try a new subgraph; never for real data.
 */
export async function auditForeignSupergraph(options: {
  supergraph: string;
  host: string;
  port: number;
  planners: number;
  log: Log;
}): Promise<GatewayServer> {
  const { supergraph, log } = options;
  const stack = new AsyncDisposableStack();
  try {
    const planners = stack.use(createPlannerPool({ size: options.planners, log }));
    const subgraphs = subgraphsOf(parse(supergraph, { noLocation: true }));
    const transports = Object.fromEntries(
      subgraphs.map(({ name, url }) => [
        name,
        stack.use(createHttpTransport({ url, headers: () => ({}), timeoutMs: 10_000 })),
      ]),
    );
    const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
    const graph = createGraph({
      supergraph,
      planners,
      transports,
      sources,
      accessSink: () => Promise.resolve(),
      log,
      now: () => new Date(),
      policy: 'dangerously-none',
    });
    await planners.ready();
    const server = stack.use(
      await serveGateway({
        host: options.host,
        port: options.port,
        graph,
        sources,
        authenticator: dangerouslyTrustEveryoneAs(publicViewer),
        limits: raisedLimits,
        budgets: unlimitedBudgets,
        policyMode: 'filter',
        routes: [],
        log,
      }),
    );
    const owned = stack.move();
    return { url: server.url, connections: server.connections, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
