import type { DocumentNode } from 'graphql';
import { createGives } from '../../plan/spread.ts';
import { subgraphsOf } from '../engine/apiSchema.ts';

/** Which subgraphs give a field of an object type, as bits; 0 where nobody says. */
export type Homes = (typeName: string, fieldName: string) => number;

/** Of an SDL that is of one subgraph: nothing crosses. */
export const NO_HOMES: Homes = () => 0;

/** Bits of a number, less its sign. */
const MOST_SUBGRAPHS = 31;

/** @throws Error where the supergraph has more subgraphs than are told apart */
export function createHomes(supergraph: DocumentNode): Homes {
  const subgraphs = subgraphsOf(supergraph);
  if (subgraphs.length > MOST_SUBGRAPHS) throw new Error(`A supergraph has at most ${MOST_SUBGRAPHS} subgraphs here, not ${subgraphs.length}.`);
  const gives = createGives(supergraph);
  const known = new Map<string, number>();
  return (typeName, fieldName) => {
    const coordinate = `${typeName}.${fieldName}`;
    let homes = known.get(coordinate);
    if (homes === undefined) {
      homes = subgraphs.reduce((bits, { name }, index) => (gives(name, typeName, fieldName) ? bits | (1 << index) : bits), 0);
      known.set(coordinate, homes);
    }
    return homes;
  };
}
