import type { SubgraphDefinition } from '#records/subgraph.ts';
import { definition as disclosure } from './disclosure/index.ts';
import { definition as entity } from './entity/index.ts';
import { definition as evaluation } from './evaluation/index.ts';
import { definition as namelist } from './namelist/index.ts';

/** The subgraphs, in the order of their ports. A new one needs a folder and a line here. */
export const definitions: readonly SubgraphDefinition[] = [entity, disclosure, namelist, evaluation];

export const subgraphNames: readonly string[] = definitions.map(({ name }) => name);

const FIRST_PORT = 4001;

/**
 * The port of a subgraph that runs in a process of its own, where none is set.
 * @throws Error for a name that is not in the list
 */
export function portOf(name: string): number {
  if (!subgraphNames.includes(name)) throw new Error(`There is no subgraph ${name}`);
  return FIRST_PORT + subgraphNames.indexOf(name);
}
