import { randomUUID } from 'node:crypto';
import type { SubgraphContext } from '#kit/context.ts';
import { createOnce } from '#kit/once.ts';
import { type Refusal, refuse } from '#kit/refusals.ts';
import { auditChange } from '#records/outbox.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { notAuthorised } from './listingAdmission.ts';
import { decideListing } from './listingDecision.ts';
import { type Draft, draftCorrection, draftListing, draftRemoval } from './listingDrafts.ts';
import { type ListingDependencies, type ListingTransaction, runListingMutation } from './listingTransaction.ts';
import { createProposals, type ProposalKey, showProposal } from './proposals.ts';
import type { EntryRepository } from './repository.ts';
import type {
  CorrectListingInput,
  DecideListingInput,
  ProposeListingInput,
  RemoveListingInput,
} from './resolvers.generated.ts';
import { createEntryVersions } from './versions.ts';

// Changes of lists by decision: one person of a unit proposes, another decides (谁认定、谁移出). An approved proposal makes
// the same entry that a filing of the same document would make. Each of the two therefore updates the entry of the
// other, and neither makes a second one.

/**
 * The mutations of lists, with the proposals that they write. Each mutation throws what `runListingMutation` does.
 */
export function createListing(entries: EntryRepository, runtime: SubgraphRuntime) {
  const { pool, instants, rules, now } = runtime;
  const proposals = createProposals(pool);
  const dependencies: ListingDependencies = {
    instants,
    rules,
    now,
    entries,
    proposals,
    versions: createEntryVersions(runtime),
    once: createOnce(pool, 'namelist'),
  };
  return {
    proposals,
    propose: (context: SubgraphContext, input: ProposeListingInput) =>
      propose(dependencies, context, 'proposeListing', input, 'subject', draftListing),
    remove: (context: SubgraphContext, input: RemoveListingInput) =>
      propose(dependencies, context, 'removeListing', input, 'recordId', draftRemoval),
    correct: (context: SubgraphContext, input: CorrectListingInput) =>
      propose(dependencies, context, 'correctListing', input, 'recordId', draftCorrection),
    decide: (context: SubgraphContext, input: DecideListingInput) => decideListing(dependencies, context, input),
  };
}

/**
 * Keeps a draft until a second person decides.
 * @param subjectPath the path in the input of what the draft is about
 */
function propose<Input extends { readonly idempotencyKey: string }>(
  dependencies: ListingDependencies,
  context: SubgraphContext,
  mutation: string,
  input: Input,
  subjectPath: string,
  draft: (transaction: ListingTransaction, input: Input) => Promise<Draft | { readonly refused: Refusal }>,
) {
  const { proposals } = dependencies;
  return runListingMutation(
    dependencies,
    context,
    mutation,
    input,
    async (transaction): Promise<{ readonly done: ProposalKey } | { readonly refused: Refusal }> => {
      const { actor } = context.viewer;
      if (actor === null)
        return refuse('ACTOR', 'Lists are changed by two persons: the token has to say who acts (claim `actor`).');
      const drafted = await draft(transaction, input);
      if ('refused' in drafted) return drafted;
      const outside = await notAuthorised(transaction, drafted.entry, subjectPath);
      if (outside) return outside;
      return { done: await insertProposal(dependencies, transaction, mutation, drafted, actor) };
    },
    async (key) => ({
      __typename: 'ListingProposed' as const,
      proposal: await showProposal(proposals, context, key),
    }),
  );
}

/** Inserts the proposal with its audit record. */
async function insertProposal(
  { proposals, now }: ListingDependencies,
  { client, context, unit }: ListingTransaction,
  mutation: string,
  { action, entryVersion, entry }: Draft,
  actor: string,
): Promise<ProposalKey> {
  const { uscc, record_id } = entry;
  const [id, at] = [randomUUID(), now().toISOString()];
  await proposals.insert(client, {
    id,
    uscc,
    record_id,
    action,
    entry_version: entryVersion,
    unit,
    proposed_entry: entry,
    proposed_by_actor: actor,
    proposed_at: at,
  });
  await auditChange(client, context.viewer, {
    recordedAt: at,
    filingId: null,
    schema: 'namelist',
    action: mutation,
    ...(entryVersion === null ? null : { record: { uscc, recordId: record_id, version: entryVersion } }),
    rows: 0,
    details: { proposal: id },
  });
  return { uscc, id };
}
