import type { SubgraphDefinition } from '#kit/subgraph.ts';
import { definition as disclosure } from './disclosure/index.ts';
import { definition as entity } from './entity/index.ts';
import { definition as evaluation } from './evaluation/index.ts';
import { definition as namelist } from './namelist/index.ts';

/** The subgraphs there are, in the order of their ports. A new one is a folder and a line here. */
export const definitions: readonly SubgraphDefinition[] = [entity, disclosure, namelist, evaluation];
