import { join } from 'node:path';
import type { SubgraphDefinition } from '#kit/subgraph.ts';
import { createFilings } from './ingest.ts';
import { createProfileRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';
import { createNameSearch } from './search.ts';

/** Market entities (市场主体): identity as of any day, lookup by code and by older identifiers, search by name. */
export const definition: SubgraphDefinition = {
  name: 'entity',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  open: (workshop) => {
    const search = createNameSearch(workshop.pool, workshop.now);
    return {
      resolvers: createResolvers(createProfileRepository(workshop.pool), search, workshop),
      filings: createFilings(workshop),
      bulkheads: { name_search: search.bulkhead },
    };
  },
};
