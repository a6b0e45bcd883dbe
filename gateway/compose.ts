import { composeServices } from '@theguild/federation-composition';
import type { DocumentNode } from 'graphql';
import { withFieldClasses } from '#kit/schema/typeDefs.ts';


/**
 * Composes subgraphs into one supergraph. A build-time step: the result is committed as gateway/supergraph.graphql and reviewed,
 * so that the order in which servers boot can never change the graph.
 * @throws Error with every composition error, one a line.
 */
export function compose(subgraphs: readonly { name: string; url: string; typeDefs: DocumentNode }[]): string {
  const { supergraphSdl, errors } = composeServices(subgraphs.map((subgraph) => ({ ...subgraph, typeDefs: withFieldClasses(subgraph.typeDefs) })));
  if (!supergraphSdl) throw new Error(`The subgraphs do not compose:\n${(errors ?? []).map((error) => error.message).join('\n')}`);
  return supergraphSdl;
}
