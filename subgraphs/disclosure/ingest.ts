import { provinceOfCode } from '#kit/filing/admission.ts';
import { createFilingDoor, type RowProblems, type RowSurroundings } from '#kit/filing/door.ts';
import type { BatchFeed } from '#kit/feed.ts';
import { type FiledRow, type RecordTable, textOf } from '#kit/filing/record.ts';
import { recordIdOf } from '#kit/records.ts';
import type { FilingDoor, Workshop } from '#kit/subgraph.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import { findCatalogueItem } from '#standards/catalogue.ts';
import type { Form, OtherActKind, ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { otherActForms } from '#standards/forms/otherActs.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { type ActKind, actKinds } from './acts.ts';
import { regionOf } from './rules.ts';
import { createDayCheck, licenceTerm, penaltyTerm, publicationNames, type SaidOfPublication, sayOfPublication, type Term, termOf } from './terms.ts';

/** Acts come by the million: each batch is told, and no record. */
export const feed: BatchFeed = { topic: 'ACT' };

const act: RecordTable<'kind' | 'document_no' | 'authority_name' | 'decided_on'> = { schema: 'disclosure', name: 'act', columns: ['kind', 'document_no', 'authority_name', 'decided_on'], feed };
const commitment: RecordTable<'kind' | 'commitment_no' | 'made_on'> = { schema: 'disclosure', name: 'commitment', columns: ['kind', 'commitment_no', 'made_on'], feed };
const judicialRecord: RecordTable<'kind' | 'case_no' | 'court_name' | 'decided_on'> = { schema: 'disclosure', name: 'judicial_record', columns: ['kind', 'case_no', 'court_name', 'decided_on'], feed };
const complaint: RecordTable<'kind' | 'complaint_no' | 'handled_on'> = { schema: 'disclosure', name: 'complaint', columns: ['kind', 'complaint_no', 'handled_on'], feed };

/** The tables that filings write. */
export const recordTables = { act, commitment, judicial_record: judicialRecord, complaint } as const;

type ActRow = FiledRow<(typeof act)['columns'][number]>;
type CommitmentRow = FiledRow<(typeof commitment)['columns'][number]>;
type JudicialRow = FiledRow<(typeof judicialRecord)['columns'][number]>;
type ComplaintRow = FiledRow<(typeof complaint)['columns'][number]>;

// Kept in columns of their own, or not at all: a person's name has no place in a record about an entity.
const NOT_CONTENT = new Set(['subjectUscc', 'industryCode', 'subjectCategory', 'legalRepresentative', 'documentNoKey', 'caseNoKey', 'sourceUnitName', 'sourceUnitUscc', 'sourceRecordId', 'catalogueCode']);

/** What is said with a version, beside the fields of its form. */
interface Said extends SaidOfPublication {
  readonly disclosureLevel: string;
}

type Content = Record<string, unknown>;

/** Makes the content of records: the fields of the form by their English names and what all its records have, without empty ones, in the order of canonical JSON. */
function createContent({ fields }: Form, always: Content = {}): (record: ParsedRecord, said: Said) => Content {
  const own = fields.flatMap(({ name, also, dropped }) => (dropped ? [] : [name, ...(also === undefined ? [] : [also])]));
  const names = [...new Set([...own, ...Object.keys(always), 'disclosureLevel', ...publicationNames])].filter((name) => !NOT_CONTENT.has(name)).toSorted();
  return (record, said) => {
    const content: Content = {};
    for (const name of names) {
      const value = name in said ? said[name as keyof Said] : (always[name] ?? record[name]);
      if (value !== null && value !== undefined && value !== false) content[name] = typeof value === 'bigint' ? String(value) : value;
    }
    return content;
  };
}

/** By kind of filing: the acts beside licence and penalty. */
const otherActKinds = Object.fromEntries(Object.entries(actKinds).flatMap(([kind, { form }]) => (form in otherActForms ? [[form, kind]] : []))) as Record<OtherActKind, Exclude<ActKind, 'LICENCE' | 'PENALTY'>>;

const byOtherAct = <Made>(make: (form: OtherActKind) => Made) => Object.fromEntries(Object.keys(otherActForms).map((form) => [form, make(form as OtherActKind)])) as Record<OtherActKind, Made>;

const contents = { licence: createContent(forms.licence), penalty: createContent(forms.penalty), ...byOtherAct((form) => createContent(forms[form], { actKind: otherActKinds[form] })), commitment: createContent(forms.commitment), 'judicial-record': createContent(forms['judicial-record']), complaint: createContent(forms.complaint) };

type Kind = keyof typeof contents;

/** What every record of this subgraph has, whichever its form; null without a code of the subject. */
function commonOf(form: Kind, record: ParsedRecord, { viewer, additionalFields }: RowSurroundings, unitCode: string | null, catalogueCode: string, term: Term) {
  const uscc = textOf(record, 'subjectUscc');
  // 谁产生、谁负责: without a source unit it is the unit that decided, and without that whoever files.
  const sourceUnit = textOf(record, 'sourceUnitUscc') ?? unitCode ?? viewer.organisation;
  if (uscc === null || sourceUnit === null) return null;
  const item = textOf(record, 'catalogueCode') ?? catalogueCode;
  const level = textOf(record, 'disclosureLevel') ?? findCatalogueItem(item)?.disclosureLevel ?? 'PUBLIC';
  const published = level === 'PUBLIC' ? term : null;
  return {
    uscc,
    source_unit: sourceUnit,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: textOf(record, 'sourceRecordId'),
    catalogue_code: item,
    disclosure_level: level,
    public_from: published?.from ?? null,
    public_until: published?.until ?? null,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(textOf(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: unitCode,
    content: contents[form](record, { disclosureLevel: level, ...sayOfPublication(published) }),
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

/** Where the rules of a record are looked for. */
const regionIn = (record: ParsedRecord, unit: string): string | null => regionOf(textOf(record, unit), textOf(record, 'subjectUscc'));

const columnOf = ({ fields }: Form, name: string): string => fields.find((field) => field.name === name)?.column ?? '';

/** The filing doors of this subgraph by kind. */
export function createFilings(workshop: Workshop): Record<Kind, FilingDoor> {
  /** The door of a kind of act. */
  const actDoor = (form: 'licence' | 'penalty' | OtherActKind, kind: ActKind, term: (record: ParsedRecord, surroundings: RowSurroundings) => Term): FilingDoor => {
    const subject = columnOf(forms[form], 'subjectUscc');
    const checkDays = createDayCheck(forms[form], workshop.now);
    return createFilingDoor(
      {
        kind: form,
        form: forms[form],
        table: act,
        kindOfRow: kind,
        toRow: (record, given) => {
          const surroundings = checkDays(record, given);
          return actRow(form, kind, record, surroundings, subject, term(record, surroundings));
        },
      },
      workshop,
    );
  };

  return {
    licence: actDoor('licence', 'LICENCE', licenceTerm),
    penalty: actDoor('penalty', 'PENALTY', (record, surroundings) => penaltyTerm(record, regionIn(record, 'authorityUscc'), surroundings)),
    ...byOtherAct((form) => actDoor(form, otherActKinds[form], (record, surroundings) => termOf(otherActKinds[form], record, record['decidedOn'] as string, regionIn(record, 'authorityUscc'), surroundings))),
    commitment: createFilingDoor(
      {
        kind: 'commitment',
        form: forms.commitment,
        table: commitment,
        toRow: (record, surroundings): CommitmentRow | RowProblems => {
          const madeOn = record['madeOn'] as string; // no row without it
          const commitmentNo = textOf(record, 'commitmentNo') ?? '';
          const acceptedBy = textOf(record, 'acceptedByUscc');
          const common = commonOf('commitment', record, surroundings, acceptedBy, 'COMMITMENT', termOf('COMMITMENT', record, madeOn, regionIn(record, 'acceptedByUscc'), surroundings));
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
    'judicial-record': createFilingDoor(
      {
        kind: 'judicial-record',
        form: forms['judicial-record'],
        table: judicialRecord,
        toRow: (record, surroundings): JudicialRow | RowProblems => {
          const decidedOn = record['decidedOn'] as string; // no row without it
          const court = textOf(record, 'courtUscc');
          const common = commonOf('judicial-record', record, surroundings, court, 'JUDICIAL', termOf('JUDICIAL', record, decidedOn, regionIn(record, 'courtUscc'), surroundings));
          if (!common) return noCode('SF_XDR_SHXYM');
          const kind = record['recordKind'] as string; // no row without it
          return {
            ...common,
            // One case is judged and then enforced: each is a record.
            record_id: recordIdOf('JUDICIAL', kind, court ?? textOf(record, 'courtName') ?? '', textOf(record, 'caseNoKey') ?? '', common.uscc, decidedOn),
            valid_from: decidedOn,
            valid_to: null,
            kind,
            case_no: record['caseNo'] as string, // no row without it
            court_name: textOf(record, 'courtName'),
            decided_on: decidedOn,
          };
        },
      },
      workshop,
    ),
    complaint: createFilingDoor(
      {
        kind: 'complaint',
        form: forms.complaint,
        table: complaint,
        toRow: (record, surroundings): ComplaintRow | RowProblems => {
          const handledOn = record['handledOn'] as string; // no row without it
          const complaintNo = record['complaintNo'] as string; // no row without it
          const handledBy = textOf(record, 'handledByUscc');
          const common = commonOf('complaint', record, surroundings, handledBy, 'COMPLAINT', termOf('COMPLAINT', record, handledOn, regionIn(record, 'handledByUscc'), surroundings));
          if (!common) return noCode('TS_XDR_SHXYM');
          return {
            ...common,
            record_id: recordIdOf('COMPLAINT', handledBy ?? textOf(record, 'handledByName') ?? '', complaintNo, common.uscc),
            valid_from: handledOn,
            valid_to: null,
            kind: 'COMPLAINT',
            complaint_no: complaintNo,
            handled_on: handledOn,
          };
        },
      },
      workshop,
    ),
  };
}
