import { join } from 'node:path';
import { createHeadReader } from '#records/heads.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { createFilings } from './filings.ts';
import { table } from './ingest.ts';
import { createEntryRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';
import { topic } from './topic.ts';

/** Name lists (名单信息): their types as data, the entries, and whether an entity is on a list of serious violations. */
export const definition: SubgraphDefinition = {
  name: 'namelist',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  kinds: { 'name-list': { type: 'NameListEntry', form: forms['name-list'] } },
  topics: [topic],
  open: (runtime) => ({
    resolvers: createResolvers(createEntryRepository(runtime.pool, runtime.now), runtime),
    filings: createFilings(runtime),
    erasable: [{ ...table, emptied: ['document_no'], nulled: ['authority_name'], ofEvents: false }],
    heads: { NAME_LIST: createHeadReader(runtime, table) },
  }),
};
