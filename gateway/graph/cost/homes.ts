import type { DocumentNode } from 'graphql';
import { createGives } from '#gateway/graph/engine/spread.ts';
import { subgraphsOf } from '#gateway/graph/engine/apiSchema.ts';

/** Which subgraphs resolve a field of an object type, as bits; 0 where it is unknown. */
export type Homes = (typeName: string, fieldName: string) => number;

/** For the SDL of one subgraph: nothing crosses. */
export const NO_HOMES: Homes = () => 0;

/** The bits of a number, without its sign. */
const MAX_SUBGRAPHS = 31;

/** @throws Error where the supergraph has more subgraphs than bits */
export function createHomes(supergraph: DocumentNode): Homes {
  const subgraphs = subgraphsOf(supergraph);
  if (subgraphs.length > MAX_SUBGRAPHS)
    throw new Error(`A supergraph has at most ${MAX_SUBGRAPHS} subgraphs here, not ${subgraphs.length}.`);
  const gives = createGives(supergraph);
  const known = new Map<string, number>();
  return (typeName, fieldName) => {
    const coordinate = `${typeName}.${fieldName}`;
    let homes = known.get(coordinate);
    if (homes === undefined) {
      homes = subgraphs.reduce(
        (bits, { name }, index) => (gives(name, typeName, fieldName) ? bits | (1 << index) : bits),
        0,
      );
      known.set(coordinate, homes);
    }
    return homes;
  };
}
