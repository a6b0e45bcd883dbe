import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import type { RunOnce } from '#kit/once.ts';
import type { Client } from '#kit/postgres/pool.ts';
import { type Conflict, type InvalidInput, type Refusal, refusedAs, sameKey } from '#kit/refusals.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Rules } from '#standards/ruleSets.ts';
import type { Proposals } from './proposals.ts';
import type { EntryRepository } from './repository.ts';
import type { EntryVersions } from './versions.ts';

/** What the mutations of lists are made from. */
export interface ListingDependencies extends Pick<SubgraphRuntime, 'instants' | 'rules' | 'now'> {
  readonly entries: EntryRepository;
  readonly proposals: Proposals;
  readonly versions: EntryVersions;
  readonly once: RunOnce;
}

/** The transaction of a mutation of lists, and for whom it runs. */
export interface ListingTransaction {
  readonly client: Client;
  readonly context: SubgraphContext;
  /** The organisation that the viewer acts for. */
  readonly unit: string;
  readonly rules: Rules;
  readonly versions: EntryVersions;
}

/**
 * The organisation that the viewer acts for.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE for a role that may not do it, or a viewer that acts for no organisation;
 * PURPOSE_REQUIRED
 */
function unitOf({ viewer }: SubgraphContext): string {
  if (!may(viewer, 'listing:decide') || viewer.organisation === null)
    throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not change lists.');
  // Each of these mutations reads current entries, so the rules of reading apply.
  if (outcomeFor(viewer, 'RECORD') === 'PURPOSE')
    throw clientError(
      'PURPOSE_REQUIRED',
      'A list is read and changed for a purpose only: name one that your token allows in the header x-purpose.',
    );
  return viewer.organisation;
}

/**
 * Runs a mutation of lists once under its key, in one transaction, and returns its answer. The rules are read before
 * the transaction begins.
 * @param mutation its name in the schema
 * @param work what it does in the transaction; `done` is kept as JSON with the key
 * @param render makes the answer of what was done, by this call or by an earlier one with the same key
 * @throws UNAUTHORIZED_FIELD_OR_TYPE, PURPOSE_REQUIRED, as `unitOf`
 */
export async function runListingMutation<Done, Answer>(
  { once, rules: ruleStore, versions, now }: ListingDependencies,
  context: SubgraphContext,
  mutation: string,
  input: { readonly idempotencyKey: string },
  work: (transaction: ListingTransaction) => Promise<{ readonly done: Done } | { readonly refused: Refusal }>,
  render: (done: Done) => Promise<Answer>,
): Promise<Answer | InvalidInput | Conflict> {
  const unit = unitOf(context);
  const rules = await ruleStore.fresh();
  const answer = await once<Done, Refusal>(
    { organisation: unit, mutation, key: input.idempotencyKey, input, at: now() },
    (client) => work({ client, context, unit, rules, versions }),
  );
  if (answer.outcome === 'conflict') return refusedAs(sameKey);
  return answer.outcome === 'refused' ? refusedAs(answer.refusal) : render(answer.result);
}
