import { join } from 'node:path';
import { createHeadReader } from '#records/heads.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { createFilings, table } from './ingest.ts';
import { createResultRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';
import { topic } from './topic.ts';

/**
 * Evaluation results (评价结果): a grade always comes with its scheme and version, and scores only for roles that may see
 * them.
 */
export const definition: SubgraphDefinition = {
  name: 'evaluation',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  kinds: { evaluation: { type: 'Evaluation', form: forms.evaluation } },
  topics: [topic],
  open: (runtime) => ({
    resolvers: createResolvers(createResultRepository(runtime.pool), runtime),
    filings: createFilings(runtime),
    erasable: [{ ...table, emptied: ['grade'], nulled: ['score', 'score_max'], ofEvents: false }],
    heads: { EVALUATION: createHeadReader(runtime, table) },
  }),
};
