import { createFilingDoor, NO_PROVINCE, provinceOfCode, type RowProblems, type RowSurroundings } from '#kit/filing/door.ts';
import { type FiledRow, type RecordTable, textOf } from '#kit/filing/record.ts';
import { recordIdOf } from '#kit/records.ts';
import type { FilingDoor, Workshop } from '#kit/subgraph.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays, LONG_TERM_DAY, penaltyPublicationKind, type PublicationKind, publicationTerm } from '#standards/publicationTerms.ts';
import type { ActKind } from './acts.ts';

const act: RecordTable<'kind' | 'document_no' | 'authority_name' | 'decided_on'> = { schema: 'disclosure', name: 'act', columns: ['kind', 'document_no', 'authority_name', 'decided_on'] };
const commitment: RecordTable<'kind' | 'commitment_no' | 'made_on'> = { schema: 'disclosure', name: 'commitment', columns: ['kind', 'commitment_no', 'made_on'] };

type ActRow = FiledRow<(typeof act)['columns'][number]>;
type CommitmentRow = FiledRow<(typeof commitment)['columns'][number]>;

// Kept in columns of their own, or not at all: a person's name has no place in a record about an entity.
const NOT_CONTENT = new Set(['subjectUscc', 'industryCode', 'subjectCategory', 'legalRepresentative', 'documentNoKey', 'sourceUnitName', 'sourceUnitUscc', 'sourceRecordId', 'catalogueCode']);

interface Term {
  readonly from: string;
  readonly until: string;
  /** The rule set that gave the end; null when the record itself did. */
  readonly ruleSet: string | null;
}

/** What is said about publication with a version, beside the fields of its form. */
interface Said {
  readonly disclosureLevel: string;
  readonly publicFrom: string | null;
  readonly publicUntil: string | null;
  readonly publicationRuleSet: string | null;
}

type Content = Record<string, unknown>;

/** Makes the content of records: the fields of the form by their English names, without empty ones, in the order of canonical JSON. */
function createContent({ fields }: Form): (record: ParsedRecord, said: Said) => Content {
  const own = fields.flatMap(({ name, also, dropped }) => (dropped ? [] : [name, ...(also === undefined ? [] : [also])]));
  const names = [...new Set([...own, 'disclosureLevel', 'publicFrom', 'publicUntil', 'publicationRuleSet'])].filter((name) => !NOT_CONTENT.has(name)).toSorted();
  return (record, said) => {
    const content: Content = {};
    for (const name of names) {
      const value = name in said ? said[name as keyof Said] : record[name];
      if (value !== null && value !== undefined && value !== false) content[name] = typeof value === 'bigint' ? String(value) : value;
    }
    return content;
  };
}

const contents = { licence: createContent(forms.licence), penalty: createContent(forms.penalty), 'other-act': createContent(forms['other-act']), commitment: createContent(forms.commitment) };

type Kind = keyof typeof contents;

/** What every record of this subgraph has, whichever its form; null without a code of the subject. */
function commonOf(form: Kind, record: ParsedRecord, { viewer, additionalFields }: RowSurroundings, unitCode: string | null, catalogueCode: string, term: Term) {
  const uscc = textOf(record, 'subjectUscc');
  // 谁产生、谁负责: without a source unit it is the unit that decided, and without that whoever files.
  const sourceUnit = textOf(record, 'sourceUnitUscc') ?? unitCode ?? viewer.organisation;
  if (uscc === null || sourceUnit === null) return null;
  const level = textOf(record, 'disclosureLevel') ?? 'PUBLIC';
  const published = level === 'PUBLIC' ? term : null;
  return {
    uscc,
    source_unit: sourceUnit,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: textOf(record, 'sourceRecordId'),
    catalogue_code: textOf(record, 'catalogueCode') ?? catalogueCode,
    disclosure_level: level,
    public_from: published?.from ?? null,
    public_until: published?.until ?? null,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(textOf(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: unitCode,
    content: contents[form](record, { disclosureLevel: level, publicFrom: published?.from ?? null, publicUntil: published?.until ?? null, publicationRuleSet: published?.ruleSet ?? null }),
    additional_fields: additionalFields,
  };
}

const noCode = (column: string): RowProblems => [{ column, code: 'MISSING', message: 'A record needs the Unified Social Credit Code of its subject and of a unit that filed it.' }];

/** `…To` is exclusive, the form's end inclusive. 9999-12-31 is no end. */
const dayAfter = (day: string | null): string | null => (day === null || day.startsWith('9999') ? null : addDays(day, 1));

function actRow(form: Kind, kind: ActKind, record: ParsedRecord, surroundings: RowSurroundings, subjectColumn: string, term: Term): ActRow | RowProblems {
  const authority = textOf(record, 'authorityUscc');
  const common = commonOf(form, record, surroundings, authority, kind, term);
  if (!common) return noCode(subjectColumn);
  const decidedOn = record['decidedOn'] as string; // no row without it
  return {
    ...common,
    record_id: recordIdOf(kind, authority ?? textOf(record, 'authorityName') ?? '', textOf(record, 'documentNoKey') ?? '', common.uscc, decidedOn),
    valid_from: textOf(record, 'validFrom') ?? decidedOn,
    valid_to: dayAfter(textOf(record, 'validTo')),
    kind,
    document_no: record['documentNo'] as string, // no row without it
    authority_name: textOf(record, 'authorityName'),
    decided_on: decidedOn,
  };
}

/** From the day of the act to the end its form gives, or by rule; what a form gives beyond the rules' longest term is cut to it. */
function termOf(kind: PublicationKind, day: string, given: string | null, { warn }: RowSurroundings): Term {
  const { until, latest, ruleSet } = publicationTerm(kind, day);
  if (given === null) return { from: day, until, ruleSet };
  if (given <= latest) return { from: day, until: given, ruleSet: null };
  warn();
  return { from: day, until: latest, ruleSet };
}

/** The filing doors of this subgraph by kind. */
export function createFilings(workshop: Workshop): Record<'licence' | 'penalty' | 'other-act' | 'commitment', FilingDoor> {
  return {
    licence: createFilingDoor(
      {
        kind: 'licence',
        form: forms.licence,
        table: act,
        // A licence is published as long as it runs.
        toRow: (record, surroundings) => actRow('licence', 'LICENCE', record, surroundings, 'XK_XDR_SHXYM', { from: record['decidedOn'] as string, until: textOf(record, 'validTo') ?? LONG_TERM_DAY, ruleSet: null }),
      },
      workshop,
    ),
    penalty: createFilingDoor(
      {
        kind: 'penalty',
        form: forms.penalty,
        table: act,
        toRow: (record, surroundings) => {
          const kind = penaltyPublicationKind(record['categories'] as string[] | null);
          return actRow('penalty', 'PENALTY', record, surroundings, 'CF_XDR_SHXYM', termOf(kind, record['decidedOn'] as string, textOf(record, 'publicUntil'), surroundings));
        },
      },
      workshop,
    ),
    'other-act': createFilingDoor(
      {
        kind: 'other-act',
        form: forms['other-act'],
        table: act,
        toRow: (record, surroundings) => {
          const kind = record['actKind'] as Exclude<ActKind, 'LICENCE' | 'PENALTY'>; // the form's code list
          return actRow('other-act', kind, record, surroundings, 'XZ_XDR_SHXYM', termOf(kind, record['decidedOn'] as string, null, surroundings));
        },
      },
      workshop,
    ),
    commitment: createFilingDoor(
      {
        kind: 'commitment',
        form: forms.commitment,
        table: commitment,
        toRow: (record, surroundings): CommitmentRow | RowProblems => {
          const madeOn = record['madeOn'] as string; // no row without it
          const commitmentNo = textOf(record, 'commitmentNo') ?? '';
          const acceptedBy = textOf(record, 'acceptedByUscc');
          const common = commonOf('commitment', record, surroundings, acceptedBy, 'COMMITMENT', termOf('COMMITMENT', madeOn, null, surroundings));
          if (!common) return noCode('CN_XDR_SHXYM');
          return {
            ...common,
            record_id: recordIdOf('COMMITMENT', acceptedBy ?? textOf(record, 'acceptedByName') ?? '', commitmentNo, common.uscc, madeOn),
            valid_from: madeOn,
            valid_to: dayAfter(textOf(record, 'dueOn')),
            kind: record['commitmentKind'] as string, // no row without it
            commitment_no: commitmentNo,
            made_on: madeOn,
          };
        },
      },
      workshop,
    ),
  };
}
