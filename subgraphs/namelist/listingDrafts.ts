import { staleState, type Refusal, refuse } from '#kit/refusals.ts';
import { textOf } from '#records/filing/record.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { listTypesOn } from '#standards/listTypes.ts';
import { type EntryFiling, entryOf, recordOf } from './ingest.ts';
import { findChangeable } from './listingAdmission.ts';
import { changesForm, decisionForm, listingForm, readInput, unknownIndustry } from './listingForms.ts';
import type { ListingTransaction } from './listingTransaction.ts';
import type { ListingAction } from './proposals.ts';
import type { CorrectListingInput, ProposeListingInput, RemoveListingInput } from './resolvers.generated.ts';
import { type CurrentEntry, keyOfEntry } from './versions.ts';

// What a proposal would make of an entry, or why it can make nothing of it: one function for each of the three
// mutations that propose.

/** The change that a proposal would make. */
export interface Draft {
  readonly action: ListingAction;
  /** The version that is removed or corrected; null for a new entry. */
  readonly entryVersion: number | null;
  /** The entry's next version. */
  readonly entry: EntryFiling;
}

type Drafted = Draft | { readonly refused: Refusal };

/**
 * The only other warning of a filing is that an entry which should be published is not (ingest.ts). Here the second
 * person sees that.
 */
const ignore = (): void => {};

/** The next version of a current entry, as the form would make it, with the document that decided it. */
const nextOf = (currentVersion: CurrentEntry, changes: ParsedRecord): EntryFiling => {
  const next = entryOf(
    { ...recordOf(currentVersion), ...changes },
    { additionalFields: currentVersion.additional_fields, warn: ignore },
  ) as EntryFiling; // it refuses a reason without a day alone
  return { ...next, record_id: currentVersion.record_id };
};
const decidedBy = (entry: EntryFiling, by: string, { documentNo, legalBasis }: ParsedRecord): EntryFiling => ({
  ...entry,
  content: { ...entry.content, decision: { by, documentNo, legalBasis } },
});

/** The refusal of a new entry whose document has made one already. */
export const alreadyListed = (path: string): { readonly refused: Refusal } =>
  staleState('EXISTS', 'There is an entry of this document already: correct it, or remove it.', path);

/** A new entry, in the name of the unit. */
export async function draftListing(
  { client, context, unit, versions }: ListingTransaction,
  input: ProposeListingInput,
): Promise<Drafted> {
  const { idempotencyKey: _, subject, authorityName, ...rest } = input;
  const cells = {
    ...rest,
    subjectUscc: subject,
    authorityName,
    authorityUscc: unit,
    sourceUnitName: authorityName,
    sourceUnitUscc: unit,
  };
  const parsed = readInput(listingForm, cells, (name) => [
    { subjectUscc: 'subject', sourceUnitName: 'authorityName' }[name] ?? name,
  ]);
  if ('refused' in parsed) return parsed;
  const { record } = parsed;
  const unknownCode = unknownIndustry(record['industryCode'], 'industryCode');
  if (unknownCode) return unknownCode;
  if (input.listedOn > context.today)
    return refuse('BAD_PERIOD', `An entity is listed today at the latest, not on ${input.listedOn}.`, 'listedOn');
  if (!listTypesOn(input.listedOn).some(({ code }) => code === record['listType']))
    return refuse(
      'NOT_IN_FORCE',
      `There was no list ${String(record['listType'])} on ${input.listedOn}: \`nameListTypes\` has those of a day.`,
      'listType',
    );
  for (const end of ['termUntil', 'publicUntil'])
    if ((textOf(record, end) ?? context.today) < context.today)
      return refuse('BAD_PERIOD', 'It would have ended before today.', end);
  const entry = entryOf(record, { additionalFields: null, warn: ignore }) as EntryFiling; // as in nextOf
  if (await versions.exists(client, { uscc: entry.uscc, recordId: entry.record_id }))
    return alreadyListed('documentNo');
  return { action: 'LIST', entryVersion: null, entry };
}

/** The entry that a removal or correction is about, as `findChangeable` finds it. */
const entryToChange = (
  transaction: ListingTransaction,
  { recordId, expectedVersion }: { readonly recordId: string; readonly expectedVersion: number },
): ReturnType<typeof findChangeable> =>
  findChangeable(transaction, keyOfEntry(recordId), expectedVersion, 'recordId', 'expectedVersion');

/** The entry with the day and the reason of its removal. */
export async function draftRemoval(transaction: ListingTransaction, input: RemoveListingInput): Promise<Drafted> {
  const found = await entryToChange(transaction, input);
  if ('refused' in found) return found;
  const { currentVersion } = found;
  if (currentVersion.removed_on !== null)
    return staleState('REMOVED', `The entry left its list on ${currentVersion.removed_on}.`, 'recordId');
  const { documentNo, legalBasis, removedOn, reason } = input;
  const parsed = readInput(decisionForm, { documentNo, legalBasis, removedOn, removalReason: reason }, (name) => [
    name === 'removalReason' ? 'reason' : name,
  ]);
  if ('refused' in parsed) return parsed;
  const { record } = parsed;
  if (textOf(record, 'removalReason') === null)
    return refuse('MISSING', 'Say why the entry leaves its list.', 'reason');
  if (removedOn < currentVersion.listed_on || removedOn > transaction.context.today)
    return refuse(
      'BAD_PERIOD',
      `An entry of ${currentVersion.listed_on} can leave its list from that day to today, not on ${removedOn}.`,
      'removedOn',
    );
  const next = nextOf(currentVersion, { removedOn: record['removedOn'], removalReason: record['removalReason'] });
  return {
    action: 'REMOVE',
    entryVersion: currentVersion.version,
    entry: decidedBy(next, transaction.unit, record),
  };
}

/** The entry with the fields that the input names; a field that it leaves out stays. */
export async function draftCorrection(transaction: ListingTransaction, input: CorrectListingInput): Promise<Drafted> {
  const found = await entryToChange(transaction, input);
  if ('refused' in found) return found;
  const { currentVersion } = found;
  const { documentNo, legalBasis } = input;
  const document = readInput(decisionForm, { documentNo, legalBasis }, (name) => [name]);
  if ('refused' in document) return document;
  const cells = Object.fromEntries(Object.entries(input.changes).filter(([, value]) => value !== undefined));
  const parsed = readInput(changesForm, cells, (name) => ['changes', name]);
  if ('refused' in parsed) return parsed;
  const unknownCode = unknownIndustry(parsed.record['industryCode'], 'changes', 'industryCode');
  if (unknownCode) return unknownCode;
  for (const end of ['termUntil', 'publicUntil'])
    if ((textOf(parsed.record, end) ?? currentVersion.listed_on) < currentVersion.listed_on)
      return refuse(
        'BAD_PERIOD',
        `It would have ended before the day of listing, ${currentVersion.listed_on}.`,
        'changes',
        end,
      );
  const next = nextOf(
    currentVersion,
    Object.fromEntries(Object.keys(cells).map((name) => [name, parsed.record[name]])),
  );
  if (transaction.versions.isSame(next, nextOf(currentVersion, {})))
    return refuse('UNCHANGED', 'The entry says all that already.', 'changes');
  return {
    action: 'CORRECT',
    entryVersion: currentVersion.version,
    entry: decidedBy(next, transaction.unit, document.record),
  };
}
