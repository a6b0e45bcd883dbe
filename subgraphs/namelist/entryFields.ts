import { contentField, formField, organisation, recordFields } from '#records/recordFields.ts';
import type { DisclosureLevel } from '#policy/scope.ts';
import { LONG_TERM_DAY } from '#standards/publicationTerms.ts';
import { findListType, type ListType, reviewDayOf } from '#standards/listTypes.ts';
import type { EntryFiling } from './ingest.ts';
import type { EntryRow } from './repository.ts';
import { ENTRY } from './versions.ts';

// The resolvers of an entry of a list, as recorded and as proposed, that need no repository.

/** A type of list, as `NameListType`. */
export const showType = (type: ListType) => ({
  code: type.code,
  name: type.name,
  category: type.category,
  owner: type.owner,
  legalBasis: type.legalBasis,
  term: type.termText,
  verified: type.unverified !== true,
  effectiveFrom: type.effectiveFrom,
  effectiveTo: type.effectiveTo,
  source: type.source,
});

const listTypeOf = (code: string) => {
  const type = findListType(code);
  return type && showType(type);
};

export const entryFields = {
  ...recordFields<EntryRow>(() => ENTRY),
  listType: (row: EntryRow) => listTypeOf(row.list_type),
  authority: (row: EntryRow) => organisation(row.authority_name, row.determining_unit),
  documentNo: (row: EntryRow) => row.document_no || null, // blank once erased
  grounds: formField('grounds'),
  legalBasis: formField('legalBasis'),
  removalReason: formField('removalReason'),
  // That a list has no fixed term was once recorded as a day that never comes.
  publicUntil: (row: EntryRow) => {
    const until = contentField(row, 'publicUntil');
    return until === LONG_TERM_DAY && findListType(row.list_type)?.termMonths === null ? null : until;
  },
  reviewOn: (row: EntryRow) => {
    const type = findListType(row.list_type);
    return type && row.removed_on === null ? reviewDayOf(type, row.listed_on) : null;
  },
};

export const proposedEntryFields = {
  listType: (row: EntryFiling) => listTypeOf(row.list_type ?? ''),
  legalBasis: (row: EntryFiling) => contentField(row, 'legalBasis'),
  grounds: (row: EntryFiling) => contentField(row, 'grounds'),
  // A check constraint of the entry's table holds the value to these levels.
  disclosureLevel: (row: EntryFiling) => row.disclosure_level as DisclosureLevel,
  removalReason: (row: EntryFiling) => contentField(row, 'removalReason'),
};
