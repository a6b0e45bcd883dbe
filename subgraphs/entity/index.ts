import { join } from 'node:path';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { createFilings } from './ingest.ts';
import { createProfileRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';
import { createNameSearch } from './search.ts';

/** Market entities (市场主体): identity as of any day, lookup by code and by older identifiers, search by name. */
export const definition: SubgraphDefinition = {
  name: 'entity',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  kinds: { entity: { type: null, form: forms.entity } },
  open: (runtime) => {
    const search = createNameSearch(runtime.pool, runtime.now, runtime.log);
    return {
      resolvers: createResolvers(createProfileRepository(runtime.pool), search, runtime),
      filings: createFilings(runtime),
      bulkheads: { name_search: search.bulkhead },
    };
  },
};
