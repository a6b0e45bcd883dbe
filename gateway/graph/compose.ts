import { composeServices } from '@theguild/federation-composition';
import type { DocumentNode } from 'graphql';
import { withFieldClasses } from '#kit/schema/typeDefs.ts';
import { liftListArguments, setListArguments } from './cost/listArguments.ts';

/**
 * Composes subgraphs into one supergraph. This is a build-time step: the result is committed as
 * gateway/supergraph.graphql and reviewed, so that the order in which servers start can never change the graph.
 * @throws Error with every composition error, one a line.
 */
export function compose(subgraphs: readonly { readonly name: string; readonly typeDefs: DocumentNode }[]): string {
  const parts = subgraphs.map(({ name, typeDefs }) => ({
    name,
    // The gateway reaches subgraphs by name.
    url: `http://${name}.invalid/graphql`,
    ...liftListArguments(withFieldClasses(typeDefs)),
  }));
  const { supergraphSdl, errors } = composeServices(parts.map(({ name, url, typeDefs }) => ({ name, url, typeDefs })));
  if (!supergraphSdl)
    throw new Error(`The subgraphs do not compose:\n${(errors ?? []).map((error) => error.message).join('\n')}`);
  return setListArguments(supergraphSdl, new Map(parts.flatMap(({ lifted }) => [...lifted])));
}
