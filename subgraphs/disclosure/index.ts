import { join } from 'node:path';
import type { FilingKind, SubgraphDefinition } from '#records/subgraph.ts';
import { forms } from '#standards/forms/forms.ts';
import { actKinds } from './acts.ts';
import { createFilings } from './ingest.ts';
import { createRecomputation } from './recomputation.ts';
import { createResolvers } from './resolvers.ts';
import { erasable } from './retention.ts';

const acts = Object.fromEntries(
  Object.values(actKinds).map(({ form, type }): [string, FilingKind] => [form, { type, form: forms[form] }]),
);

/** Administrative acts and commitments (双公示与信用承诺). */
export const definition: SubgraphDefinition = {
  name: 'disclosure',
  schemaFile: join(import.meta.dirname, 'schema.graphql'),
  kinds: {
    ...acts,
    commitment: { type: 'CreditCommitment', form: forms.commitment },
    'judicial-record': { type: 'JudicialRecord', form: forms['judicial-record'] },
    complaint: { type: 'ConsumerComplaint', form: forms.complaint },
  },
  open: (runtime) => {
    const recomputation = createRecomputation(runtime);
    return {
      resolvers: createResolvers(runtime, recomputation),
      filings: createFilings(runtime),
      recompute: recomputation.run,
      erasable,
    };
  },
};
