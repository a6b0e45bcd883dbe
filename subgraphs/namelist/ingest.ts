import { provinceOfCode } from '#kit/filing/admission.ts';
import type { RowProblems, RowSurroundings } from '#kit/filing/door.ts';
import type { RecordFeed } from '#kit/feed.ts';
import { type FiledRow, type RecordTable, textOf } from '#kit/filing/record.ts';
import { recordIdOf } from '#kit/records.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { findIndustry } from '#standards/industry.ts';
import { normaliseDocumentNumber } from '#standards/documentNumber.ts';
import { findListType, type ListType } from '#standards/listTypes.ts';
import { addDays, addMonths, LONG_TERM_DAY } from '#standards/publicationTerms.ts';

const columns = ['list_type', 'category', 'document_no', 'authority_name', 'listed_on', 'term_until', 'removed_on'] as const;

export type EntryColumn = (typeof columns)[number];

/** Entries as they are filed, and told to whoever follows them. */
export const table: RecordTable<EntryColumn> & { readonly feed: RecordFeed } = {
  schema: 'namelist',
  name: 'entry',
  columns,
  isGuarded: (row) => `(${row}.category = 'SERIOUS' and ${row}.removed_on is null)`,
  feed: {
    topic: 'NAME_LIST',
    type: 'list_type',
    category: 'category',
    removedOn: 'removed_on',
    withdrawnFor: (row) => `case when ${row}.content->>'removalReason' in ('REPAIRED', 'REVOKED') then ${row}.content->>'removalReason' end`,
    // What removed or corrected an entry is a document of its own, where two persons decided it here (listing.ts); a filing names none.
    basis: (row) => `jsonb_strip_nulls(jsonb_build_object('documentNo', coalesce(${row}.content->'decision'->>'documentNo', nullif(${row}.document_no, '')), 'legalBasis', coalesce(${row}.content->'decision'->>'legalBasis', ${row}.content->>'legalBasis'), 'validFrom', ${row}.listed_on))`,
  },
};

export type EntryFiling = FiledRow<EntryColumn>;

/** Reasons for which an entry leaves everybody's answers but the subject's, the determining unit's and the auditors' (design §6). */
const WITHDRAWING: readonly unknown[] = ['REPAIRED', 'REVOKED'];

const KEPT = ['grounds', 'legalBasis', 'rectification', 'rectifyBy', 'performanceState', 'details', 'removalReason', 'remark'] as const;

const earliest = (...days: (string | null)[]): string | null => days.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);

/**
 * Last day of publication: as filed, else the entry's own term. Without either an entry of a serious or untermed list stays
 * published until it is removed: ending it by the usual term would show the public a clean record of an entity still listed.
 * Removal ends publication in any case (国家市场监督管理总局令第44号 第十六、十七条).
 */
function publishedUntil(record: ParsedRecord, type: ListType, listedOn: string): string {
  const usual = type.category === 'SERIOUS' || type.termMonths === null ? LONG_TERM_DAY : addDays(addMonths(listedOn, type.termMonths), -1);
  const until = textOf(record, 'publicUntil') ?? textOf(record, 'termUntil') ?? usual;
  return earliest(until, textOf(record, 'removedOn')) ?? until;
}

/** A row of the form 名单 as an entry. The form itself refuses types nobody registered and entries of no authority. */
export function entryOf(record: ParsedRecord, { additionalFields, warn }: Pick<RowSurroundings, 'additionalFields' | 'warn'>): EntryFiling | RowProblems {
  const [uscc, authority, listedOn] = [record['subjectUscc'], record['authorityUscc'], record['listedOn']] as [string, string, string]; // no row without them
  const type = findListType(record['listType'] as string) as ListType; // the form's code list is the registered types
  const [termUntil, removedOn, removalReason] = [textOf(record, 'termUntil'), textOf(record, 'removedOn'), textOf(record, 'removalReason')];
  // Whoever decided a listing that has effects everywhere is named with the document that says so.
  if (type.category === 'SERIOUS' && !/[\p{L}\p{N}]/u.test(textOf(record, 'documentNoKey') ?? '')) return [{ column: 'MD_WSH', code: 'DOCUMENT', message: '认定文号 names no document: an entry of a list of serious violations names the decision that it rests on.' }];
  if (removalReason !== null && removedOn === null) return [{ column: 'MD_YCRQ', code: 'MISSING', message: '移出日期 is missing although the row says why the entry was removed.' }];

  // 893 clause 4: only lists of serious violations must be published; of others the determining unit chooses.
  const level = textOf(record, 'disclosureLevel') ?? (type.publication === 'MANDATORY' ? 'PUBLIC' : 'GOV_SHARED');
  // Kept as filed: there may be a lawful reason. But the public will not learn of this listing.
  if (type.publication === 'MANDATORY' && level !== 'PUBLIC') warn({ column: 'MD_SYFW', code: 'MUST_BE_PUBLIC', message: `Entries of the list ${type.code} are published.` });
  const publicUntil = level === 'PUBLIC' ? publishedUntil(record, type, listedOn) : null;
  const kept = KEPT.flatMap((name) => (textOf(record, name) === null ? [] : [[name, record[name]]]));

  return {
    uscc,
    record_id: recordIdOf('NAME_LIST', authority, textOf(record, 'documentNoKey') ?? '', uscc, listedOn, type.code),
    source_unit: textOf(record, 'sourceUnitUscc') ?? authority,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: textOf(record, 'sourceRecordId'),
    catalogue_code: textOf(record, 'catalogueCode') ?? 'NAME_LIST',
    disclosure_level: level,
    public_from: publicUntil && listedOn,
    public_until: publicUntil,
    withdrawn_on: WITHDRAWING.includes(removalReason) ? removedOn : null,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(textOf(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: authority,
    valid_from: listedOn,
    valid_to: earliest(termUntil && addDays(termUntil, 1), removedOn),
    content: { ...Object.fromEntries(kept), disclosureLevel: level, publicUntil },
    additional_fields: additionalFields,
    list_type: type.code,
    category: type.category,
    document_no: record['documentNo'] as string, // no row without it
    authority_name: textOf(record, 'authorityName'),
    listed_on: listedOn,
    term_until: termUntil,
    removed_on: removedOn,
  };
}

/** What the form says of an entry that stands as it does: `entryOf` makes the same entry of it. The name of its subject is not kept. */
export function recordOf(entry: EntryFiling): ParsedRecord {
  const type = findListType(entry.list_type ?? '') as ListType; // only entries of such are recorded
  const listedOn = entry.listed_on as string; // no entry without it
  const record: ParsedRecord = {
    ...Object.fromEntries(KEPT.map((name) => [name, entry.content[name] ?? null])),
    subjectUscc: entry.uscc,
    industryCode: entry.sector,
    listType: type.code,
    documentNo: entry.document_no,
    documentNoKey: normaliseDocumentNumber(entry.document_no ?? ''),
    listedOn,
    termUntil: entry.term_until,
    removedOn: entry.removed_on,
    authorityName: entry.authority_name,
    authorityUscc: entry.determining_unit,
    sourceUnitName: entry.source_unit_name,
    sourceUnitUscc: entry.source_unit,
    sourceRecordId: entry.source_record_id,
    catalogueCode: entry.catalogue_code,
    disclosureLevel: entry.disclosure_level,
  };
  // An end of publication that follows from the rest follows from what is corrected of it.
  return { ...record, publicUntil: entry.public_until === publishedUntil(record, type, listedOn) ? null : entry.public_until };
}
