import { provinceOfCode } from '#standards/divisions.ts';
import { contentFields, notContent } from '#records/filing/content.ts';
import type { RowProblems, RowSurroundings } from '#records/filing/intake.ts';
import type { RecordFeed } from '#records/outbox.ts';
import { type FiledRow, type RecordTable, textOf } from '#records/filing/record.ts';
import { recordIdOf } from '#records/record.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { findIndustry } from '#standards/industry.ts';
import { normaliseDocumentNumber } from '#standards/documentNumber.ts';
import { findListType, type ListType, longestTermOf } from '#standards/listTypes.ts';
import { addDays, addMonths, LONG_TERM_DAY, UNENDING } from '#standards/publicationTerms.ts';

const columns = [
  'list_type',
  'category',
  'document_no',
  'authority_name',
  'listed_on',
  'term_until',
  'removed_on',
] as const;

export type EntryColumn = (typeof columns)[number];

/** SQL: the end of publication in a column and in content; null where there is none, which was once a day to come. */
const endsIn = (row: string): string =>
  `(nullif(nullif(${row}.public_until, 'infinity'), '${LONG_TERM_DAY}'),
    nullif(${row}.content->>'publicUntil', '${LONG_TERM_DAY}'))`;

/** Entries as filed. Each is announced to the followers of the stream. */
export const table: RecordTable<EntryColumn> & { readonly feed: RecordFeed } = {
  schema: 'namelist',
  name: 'entry',
  columns,
  computed: {
    columns: [],
    content: [],
    added: {
      columns: ['public_until'],
      content: ['publicUntil'],
      isSame: (newest, staged) => `${endsIn(newest)} is not distinct from ${endsIn(staged)}`,
    },
  },
  isGuarded: (row) => `(${row}.category = 'SERIOUS' and ${row}.removed_on is null)`,
  feed: {
    topic: 'NAME_LIST',
    type: 'list_type',
    category: 'category',
    removedOn: 'removed_on',
    withdrawnFor: (row) =>
      `case when ${row}.content->>'removalReason' in ('REPAIRED', 'REVOKED') then ${row}.content->>'removalReason' end`,
    // The document that removed or corrected an entry differs from the entry's own when two persons decided here
    // (listing.ts). A filing names no such document.
    basis: (row) =>
      `jsonb_strip_nulls(jsonb_build_object(
         'documentNo', coalesce(${row}.content->'decision'->>'documentNo', nullif(${row}.document_no, '')),
         'legalBasis', coalesce(${row}.content->'decision'->>'legalBasis', ${row}.content->>'legalBasis'),
         'validFrom', ${row}.listed_on
       ))`,
  },
};

export type EntryFiling = FiledRow<EntryColumn>;

/**
 * Removal reasons that withdraw an entry from all answers but those to the subject, the determining unit and auditors
 * (design §6).
 */
const WITHDRAWING: readonly unknown[] = ['REPAIRED', 'REVOKED'];

/** Kept in columns. */
const NOT_CONTENT = new Set([
  ...notContent,
  'listType',
  'documentNo',
  'documentNoKey',
  'listedOn',
  'termUntil',
  'publicUntil',
  'removedOn',
  'authorityName',
  'authorityUscc',
]);
const kept = contentFields(forms['name-list'], NOT_CONTENT);

const earliest = (...days: (string | null)[]): string | null =>
  days.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);

/**
 * Last day of publication: as filed, else that of the entry's own term, else that of its list; never after the longest
 * term of the list. An entry of a list without a fixed term is published until it is removed. Removal ends publication
 * in any case (国家市场监督管理总局令第44号 第十六、十七条).
 */
function publishedUntil(record: ParsedRecord, type: ListType, listedOn: string): string {
  const usual = type.termMonths === null ? UNENDING : addDays(addMonths(listedOn, type.termMonths), -1);
  const until = textOf(record, 'publicUntil') ?? textOf(record, 'termUntil') ?? usual;
  return earliest(until, longestTermOf(type, listedOn), textOf(record, 'removedOn')) ?? until;
}

/** What an entry of a list of serious violations names (国办发〔2019〕35号 第八条), by the columns of the form. */
const OF_SERIOUS = [
  ['MD_LRSY', 'grounds', '列入事由'],
  ['MD_FLYJ', 'legalBasis', '法律依据'],
] as const;

/** Why an entry of a list of serious violations is not taken: it names document, grounds and basis of the decision. */
function ofSerious(record: ParsedRecord, type: ListType): RowProblems {
  if (type.category !== 'SERIOUS') return [];
  if (!/[\p{L}\p{N}]/u.test(textOf(record, 'documentNoKey') ?? ''))
    return [
      {
        column: 'MD_WSH',
        code: 'DOCUMENT',
        message:
          '认定文号 names no document: an entry of a list of serious violations names the decision that it rests on.',
      },
    ];
  return OF_SERIOUS.filter(([, name]) => textOf(record, name) === null).map(([column, , label]) => ({
    column,
    code: 'MISSING',
    message: `${label} is missing: an entry of a list of serious violations names its grounds and its legal basis.`,
  }));
}

/** Warns of ends after the longest term of the list, which is taken in their place. */
function warnOfTerm(record: ParsedRecord, type: ListType, longest: string | null, warn: RowSurroundings['warn']): void {
  for (const [column, name] of [
    ['MD_QXZ', 'termUntil'],
    ['MD_GSJZQ', 'publicUntil'],
  ] as const) {
    const end = textOf(record, name);
    if (end !== null && longest !== null && end > longest)
      warn({
        column,
        code: 'TERM_LIMIT',
        message: `It ends on ${longest} at the latest, the longest term of the list ${type.code}, and not on ${end}.`,
      });
  }
}

/** A row of the form 名单 as an entry. The form itself refuses unregistered types, and entries without an authority. */
export function entryOf(
  record: ParsedRecord,
  { additionalFields, warn }: Pick<RowSurroundings, 'additionalFields' | 'warn'>,
): EntryFiling | RowProblems {
  const [uscc, authority, listedOn] = [record['subjectUscc'], record['authorityUscc'], record['listedOn']] as [
    string,
    string,
    string,
  ]; // no row without them
  const type = findListType(record['listType'] as string) as ListType; // the form's code list is the registered types
  const longest = longestTermOf(type, listedOn);
  warnOfTerm(record, type, longest, warn);
  const [termUntil, removedOn, removalReason] = [
    textOf(record, 'termUntil') && earliest(textOf(record, 'termUntil'), longest),
    textOf(record, 'removedOn'),
    textOf(record, 'removalReason'),
  ];
  const incomplete = ofSerious(record, type);
  if (incomplete.length > 0) return incomplete;
  if (removalReason !== null && removedOn === null)
    return [
      {
        column: 'MD_YCRQ',
        code: 'MISSING',
        message: '移出日期 is missing although the row says why the entry was removed.',
      },
    ];

  // 893 clause 4: only lists of serious violations must be published. For other lists the determining unit chooses.
  const level = textOf(record, 'disclosureLevel') ?? (type.publication === 'MANDATORY' ? 'PUBLIC' : 'GOV_SHARED');
  // The level is kept as filed, since there may be a lawful reason. The warning says that the public will not see this
  // listing.
  if (type.publication === 'MANDATORY' && level !== 'PUBLIC')
    warn({ column: 'MD_SYFW', code: 'MUST_BE_PUBLIC', message: `Entries of the list ${type.code} are published.` });
  const publicUntil = level === 'PUBLIC' ? publishedUntil(record, type, listedOn) : null;
  const content = kept.flatMap((name) => (textOf(record, name) === null ? [] : [[name, record[name]]]));

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
    content: {
      ...Object.fromEntries(content),
      disclosureLevel: level,
      publicUntil: publicUntil === UNENDING ? null : publicUntil,
    },
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

/** The fields of the form for a current entry, from which `entryOf` makes the same entry. */
export function recordOf(entry: EntryFiling): ParsedRecord {
  const type = findListType(entry.list_type ?? '') as ListType; // only entries of such are recorded
  const listedOn = entry.listed_on as string; // no entry without it
  const record: ParsedRecord = {
    ...Object.fromEntries(kept.map((name) => [name, entry.content[name] ?? null])),
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
  // An end of publication that was derived from other fields is derived again from the corrected ones.
  return {
    ...record,
    publicUntil: entry.public_until === publishedUntil(record, type, listedOn) ? null : entry.public_until,
  };
}
