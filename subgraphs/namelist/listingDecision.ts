import type { SubgraphContext } from '#kit/context.ts';
import { staleState, type Refusal, refuse } from '#kit/refusals.ts';
import { auditChange } from '#records/outbox.ts';
import { recordRead } from '#records/recordFields.ts';
import type { Times } from '#records/record.ts';
import type { EntryFiling } from './ingest.ts';
import { findChangeable, notAuthorised } from './listingAdmission.ts';
import { alreadyListed } from './listingDrafts.ts';
import { type ListingDependencies, type ListingTransaction, runListingMutation } from './listingTransaction.ts';
import { keyOfProposal, type ProposalKey, type ProposalRow, showProposal } from './proposals.ts';
import type { EntryRow } from './repository.ts';
import type { DecideListingInput } from './resolvers.generated.ts';
import type { CurrentEntry } from './versions.ts';

// The second person's part: an approved proposal becomes the entry's next version, a rejected one is gone.

/** The result of a decision, as kept with its idempotency key. */
interface Decided extends ProposalKey {
  /** The entry, and the times at which it is as the decision left it; null when nothing was changed. */
  readonly entry: (Times & { readonly recordId: string }) | null;
}

type Refused = { readonly refused: Refusal };
type Outcome = { readonly done: Decided } | Refused;

/** A proposal that is locked for its decision. */
interface OpenProposal {
  readonly proposal: ProposalRow;
  /** The entry's next version. */
  readonly entry: EntryFiling;
  /** The person who decides. */
  readonly actor: string;
}

/**
 * Decides a proposal of the viewer's own unit.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE, PURPOSE_REQUIRED, as every mutation of lists (listingTransaction.ts)
 */
export function decideListing(dependencies: ListingDependencies, context: SubgraphContext, input: DecideListingInput) {
  const { entries, proposals } = dependencies;
  return runListingMutation(
    dependencies,
    context,
    'decideListing',
    input,
    async (transaction): Promise<Outcome> => {
      const open = await takeProposal(dependencies, transaction, input);
      if ('refused' in open) return open;
      return input.approve ? approve(dependencies, transaction, open) : reject(dependencies, transaction, open);
    },
    async ({ entry, ...key }) => {
      let row: EntryRow | null = null;
      if (entry) row = await entries.loadEntry(context, { ...entry, uscc: key.uscc });
      return {
        __typename: 'ListingDecided' as const,
        proposal: await showProposal(proposals, context, key),
        entry: row && entry && recordRead(context, row, { validAt: entry.validAt, knownAt: entry.knownAt }),
      };
    },
  );
}

/** The proposal, locked until the end of the transaction, or why this person may not decide it. */
async function takeProposal(
  { proposals }: ListingDependencies,
  { client, context: { viewer } }: ListingTransaction,
  input: DecideListingInput,
): Promise<OpenProposal | Refused> {
  const key = keyOfProposal(input.id);
  const proposal = key && (await proposals.take(client, viewer, key));
  if (!proposal) return refuse('NOT_FOUND', 'Your organisation has no proposal with this id.', 'id');
  const { proposed_entry: entry, proposed_by_actor } = proposal;
  if (entry === null)
    return staleState('DECIDED', `This was ${proposal.state.toLowerCase()} before: propose it anew.`, 'id');
  const { actor } = viewer;
  if (actor === null || actor === proposed_by_actor)
    return refuse(
      'SECOND_PERSON',
      'Who proposed does not decide: another person has to (claim `actor` of the token).',
      'id',
    );
  if (proposal.version !== input.expectedVersion)
    return staleState('VERSION', `The proposal is at version ${proposal.version}: read it again.`, 'expectedVersion');
  return { proposal, entry, actor };
}

/** What the audit record of a decision has, whatever the decision was. */
const auditedOf = ({ id, proposed_by_actor }: ProposalRow, approved: boolean) =>
  ({
    filingId: null,
    schema: 'namelist',
    action: 'decideListing',
    details: { proposal: id, approved, proposedBy: proposed_by_actor },
  }) as const;

async function reject(
  { proposals, now }: ListingDependencies,
  { client, context }: ListingTransaction,
  { proposal, actor }: OpenProposal,
): Promise<Outcome> {
  await proposals.close(client, proposal, { state: 'REJECTED', by: actor, at: now().toISOString() });
  await auditChange(client, context.viewer, {
    ...auditedOf(proposal, false),
    recordedAt: now().toISOString(),
    rows: 0,
  });
  return { done: { uscc: proposal.uscc, id: proposal.id, entry: null } };
}

/** Writes the proposed version of the entry, unless the entry has changed since it was proposed. */
async function approve(
  { proposals, instants, now }: ListingDependencies,
  transaction: ListingTransaction,
  { proposal, entry, actor }: OpenProposal,
): Promise<Outcome> {
  const { client, context, unit, rules, versions } = transaction;
  const { id, uscc, record_id: recordId, entry_version } = proposal;
  const outside = await notAuthorised(transaction, entry, 'id');
  if (outside) return outside;
  // Every writer of entries holds the lock of the stamp, so an entry read from here on stays current until the commit.
  const recordedAt = await instants.stamp(client);
  let currentVersion: CurrentEntry | null = null;
  if (entry_version === null) {
    if (await versions.exists(client, { uscc, recordId })) return alreadyListed('id');
  } else {
    const found = await findChangeable(transaction, { uscc, recordId }, entry_version, 'id', 'id');
    if ('refused' in found) return found;
    ({ currentVersion } = found);
  }
  const version = await versions.write(client, entry, currentVersion, { recordedAt, rules, unit });
  await proposals.close(client, proposal, { state: 'APPROVED', by: actor, at: now().toISOString() });
  await auditChange(client, context.viewer, {
    ...auditedOf(proposal, true),
    recordedAt,
    record: { uscc, recordId, version },
    rows: 1,
  });
  return { done: { uscc, id, entry: { recordId, validAt: context.today, knownAt: recordedAt } } };
}
