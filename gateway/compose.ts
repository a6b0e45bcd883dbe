import { composeServices } from '@theguild/federation-composition';
import type { DocumentNode } from 'graphql';
import { withFieldClasses } from '#kit/schema/typeDefs.ts';
import { liftListArguments, setListArguments } from './graph/cost/listArguments.ts';

/**
 * Composes subgraphs into one supergraph. A build-time step: the result is committed as gateway/supergraph.graphql and reviewed,
 * so that the order in which servers boot can never change the graph.
 * @throws Error with every composition error, one a line.
 */
export function compose(subgraphs: readonly { name: string; url: string; typeDefs: DocumentNode }[]): string {
  const parts = subgraphs.map(({ name, url, typeDefs }) => ({ name, url, ...liftListArguments(withFieldClasses(typeDefs)) }));
  const { supergraphSdl, errors } = composeServices(parts.map(({ name, url, typeDefs }) => ({ name, url, typeDefs })));
  if (!supergraphSdl) throw new Error(`The subgraphs do not compose:\n${(errors ?? []).map((error) => error.message).join('\n')}`);
  return setListArguments(supergraphSdl, new Map(parts.flatMap(({ lifted }) => [...lifted])));
}
