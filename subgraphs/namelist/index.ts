import { join } from 'node:path';
import { createHeadReader } from '#kit/heads.ts';
import type { SubgraphDefinition } from '#kit/subgraph.ts';
import { createFilings } from './filings.ts';
import { table } from './ingest.ts';
import { createEntryRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';

/** Name lists (名单信息): their types as data, the entries, and whether an entity stands on a list of serious violations. */
export const definition: SubgraphDefinition = {
  name: 'namelist',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  open: (workshop) => ({
    resolvers: createResolvers(createEntryRepository(workshop.pool, workshop.now), workshop),
    filings: createFilings(workshop),
    erasable: [{ ...table, emptied: ['document_no'], nulled: ['authority_name'], ofEvents: false }],
    heads: { NAME_LIST: createHeadReader(workshop, table) },
  }),
};
