import type { Log } from '#kit/log.ts';
import { publicViewer } from '#policy/viewer.ts';
import { dangerouslyTrustEveryoneAs } from './auth.ts';
import { createGraph } from './graph.ts';
import { raisedLimits } from './limits.ts';
import { createHttpTransport } from './plan/http.ts';
import { createPlanner } from './plan/planner.ts';
import { type GatewayServer, serveGateway } from './server.ts';

/**
 * Serves any supergraph at the addresses it names: no token, no policy, raised limits. For auditing federation behaviour
 * and for operators who try a new subgraph; never for data.
 */
export async function auditForeignSupergraph(options: { supergraph: string; host: string; port: number; log: Log }): Promise<GatewayServer> {
  const { subgraphs } = createPlanner(options.supergraph);
  const transports = Object.fromEntries(subgraphs.map(({ name, url }) => [name, createHttpTransport({ url, headers: () => ({}), timeoutMs: 10_000 })]));
  const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
  const graph = createGraph({ supergraph: options.supergraph, transports, sources, accessSink: () => Promise.resolve(), log: options.log, now: () => new Date(), policy: 'dangerously-none' });
  const server = await serveGateway({
    host: options.host,
    port: options.port,
    graph,
    authenticator: dangerouslyTrustEveryoneAs(publicViewer),
    limits: raisedLimits,
    policyMode: 'filter',
    routes: [],
    log: options.log,
  });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Promise.all(Object.values(transports).map((transport) => transport[Symbol.asyncDispose]()));
    },
  };
}
