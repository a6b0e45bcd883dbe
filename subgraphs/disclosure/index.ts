import { join } from 'node:path';
import type { SubgraphDefinition } from '#kit/subgraph.ts';
import { createFilings } from './ingest.ts';
import { createResolvers } from './resolvers.ts';
import { erasable } from './retention.ts';

/** Administrative acts and commitments (双公示与信用承诺). */
export const definition: SubgraphDefinition = {
  name: 'disclosure',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  open: (workshop) => ({ resolvers: createResolvers(workshop), filings: createFilings(workshop), erasable }),
};
