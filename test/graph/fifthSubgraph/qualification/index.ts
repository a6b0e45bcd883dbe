import { join } from 'node:path';
import { createHeadReader } from '#records/heads.ts';
import type { SubgraphDefinition } from '#records/subgraph.ts';
import { form } from './form.ts';
import { createFilings, table } from './ingest.ts';
import { createCertificateRepository } from './repository.ts';
import { createResolvers } from './resolvers.ts';
import { topic } from './topic.ts';

/** Certificates of qualification (资质证书): a subgraph of the tests alone. */
export const definition: SubgraphDefinition = {
  name: 'qualification',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  kinds: { qualification: { type: 'Certificate', form } },
  topics: [topic],
  open: (runtime) => ({
    resolvers: createResolvers(createCertificateRepository(runtime.pool), runtime),
    filings: createFilings(runtime),
    erasable: [{ ...table, emptied: ['certificate_no'], nulled: [], ofEvents: false }],
    heads: { [topic.name]: createHeadReader(runtime, table) },
  }),
};
