import { join } from 'node:path';
import { createHeadReader } from '#kit/heads.ts';
import type { SubgraphDefinition } from '#kit/subgraph.ts';
import { createFilings, table } from './ingest.ts';
import { createResultRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';

/** Evaluation results (评价结果): a grade never without its scheme and version, scores for those who may see them. */
export const definition: SubgraphDefinition = {
  name: 'evaluation',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  open: (workshop) => ({
    resolvers: createResolvers(createResultRepository(workshop.pool), workshop),
    filings: createFilings(workshop),
    erasable: [{ ...table, emptied: ['grade'], nulled: ['score', 'score_max'], ofEvents: false }],
    heads: { EVALUATION: createHeadReader(workshop, table) },
  }),
};
