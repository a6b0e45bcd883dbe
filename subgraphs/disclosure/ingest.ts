import { provinceOfCode, regionOf } from '#standards/divisions.ts';
import { contentFields } from '#records/filing/content.ts';
import { createFilingIntake, type RowProblems, type RowSurroundings } from '#records/filing/intake.ts';
import type { BatchFeed } from '#records/outbox.ts';
import { type FiledRow, type RecordTable, textOf } from '#records/filing/record.ts';
import { recordIdOf } from '#records/record.ts';
import type { FilingIntake, SubgraphRuntime } from '#records/subgraph.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import { findCatalogueItem } from '#standards/catalogue.ts';
import { namedItem } from '#standards/forms/catalogueItem.ts';
import { columnOf, type Form, type OtherActKind, type ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { otherActForms } from '#standards/forms/otherActs.ts';
import { isTitleOnly } from '#standards/documentNumber.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { type ActKind, actKinds } from './acts.ts';
import {
  createDayCheck,
  licenceTerm,
  penaltyTerm,
  publicationNames,
  type PublicationStatement,
  sameStatedEnd,
  sayOfPublication,
  STATED_END,
  type Term,
  termOf,
} from './terms.ts';
import { findFormerActs, matterOf } from './titledActs.ts';

/** Acts arrive by the million, so each batch is announced and not each record. */
export const feed: BatchFeed = { topic: 'ACT' };

// Terms are computed by rules, which may be corrected.
const computed = {
  columns: ['public_from', 'public_until'],
  content: publicationNames,
  added: { content: [STATED_END], isSame: sameStatedEnd },
  // What is withheld by rule now was filed as public, and recorded so before the rule.
  isSameLevel: (newest: string, staged: string) =>
    `(${newest}.disclosure_level = ${staged}.disclosure_level
      or ${staged}.content ? 'withheld' and ${newest}.content->>'disclosureLevel' = 'PUBLIC')`,
} as const;
const act: RecordTable<'kind' | 'document_no' | 'authority_name' | 'decided_on'> = {
  schema: 'disclosure',
  name: 'act',
  columns: ['kind', 'document_no', 'authority_name', 'decided_on'],
  feed,
  computed,
};
const commitment: RecordTable<'kind' | 'commitment_no' | 'made_on'> = {
  schema: 'disclosure',
  name: 'commitment',
  columns: ['kind', 'commitment_no', 'made_on'],
  feed,
  computed,
};
const judicialRecord: RecordTable<'kind' | 'case_no' | 'court_name' | 'decided_on'> = {
  schema: 'disclosure',
  name: 'judicial_record',
  columns: ['kind', 'case_no', 'court_name', 'decided_on'],
  feed,
  computed,
};
const complaint: RecordTable<'kind' | 'complaint_no' | 'handled_on'> = {
  schema: 'disclosure',
  name: 'complaint',
  columns: ['kind', 'complaint_no', 'handled_on'],
  feed,
  computed,
};

/** The tables that filings write. */
export const recordTables = { act, commitment, judicial_record: judicialRecord, complaint } as const;

type ActRow = FiledRow<(typeof act)['columns'][number]>;
type CommitmentRow = FiledRow<(typeof commitment)['columns'][number]>;
type JudicialRow = FiledRow<(typeof judicialRecord)['columns'][number]>;
type ComplaintRow = FiledRow<(typeof complaint)['columns'][number]>;

// These fields are kept in columns of their own, or not at all: a record about an entity does not keep a person's name.
const NOT_CONTENT = new Set([
  'subjectUscc',
  'industryCode',
  'subjectCategory',
  'legalRepresentative',
  'documentNoKey',
  'caseNoKey',
  'sourceUnitName',
  'sourceUnitUscc',
  'sourceRecordId',
  'catalogueCode',
]);

/** The statements of a version beside the fields of its form. */
interface VersionStatement extends PublicationStatement {
  readonly disclosureLevel: string;
  readonly [STATED_END]: string | null;
}

type Content = Record<string, unknown>;

/**
 * Makes the content of records: the fields of the form by their English names and the fields that all records have,
 * without empty ones, in the order of canonical JSON.
 */
function createContent(form: Form, always: Content = {}): (record: ParsedRecord, stated: VersionStatement) => Content {
  const own = contentFields(form, NOT_CONTENT);
  const names = [
    ...new Set([...own, ...Object.keys(always), 'disclosureLevel', STATED_END, ...publicationNames]),
  ].toSorted();
  return (record, stated) => {
    const content: Content = {};
    for (const name of names) {
      const value = name in stated ? stated[name as keyof VersionStatement] : (always[name] ?? record[name]);
      if (value !== null && value !== undefined && value !== false)
        content[name] = typeof value === 'bigint' ? String(value) : value;
    }
    return content;
  };
}

/** The acts beside licence and penalty, by kind of filing. */
const otherActKinds = Object.fromEntries(
  Object.entries(actKinds).flatMap(([kind, { form }]) => (form in otherActForms ? [[form, kind]] : [])),
) as Record<OtherActKind, Exclude<ActKind, 'LICENCE' | 'PENALTY'>>;

const byOtherAct = <Made>(make: (form: OtherActKind) => Made) =>
  Object.fromEntries(Object.keys(otherActForms).map((form) => [form, make(form as OtherActKind)])) as Record<
    OtherActKind,
    Made
  >;

const contents = {
  licence: createContent(forms.licence),
  penalty: createContent(forms.penalty),
  ...byOtherAct((form) => createContent(forms[form], { actKind: otherActKinds[form] })),
  commitment: createContent(forms.commitment),
  'judicial-record': createContent(forms['judicial-record']),
  complaint: createContent(forms.complaint),
};

type Kind = keyof typeof contents;

/** The fields that every record of this subgraph has, whatever its form. Null without a code of the subject. */
function commonOf(
  form: Kind,
  record: ParsedRecord,
  surroundings: RowSurroundings,
  unitCode: string | null,
  catalogueCode: string,
  term: Term,
) {
  const { viewer, additionalFields } = surroundings;
  const uscc = textOf(record, 'subjectUscc');
  // 谁产生、谁负责: without a source unit, the unit that decided is the source, and without that one the filer.
  const sourceUnit = textOf(record, 'sourceUnitUscc') ?? unitCode ?? viewer.organisation;
  if (uscc === null || sourceUnit === null) return null;
  const item = textOf(record, 'catalogueCode') ?? catalogueCode;
  const { level, isWithheld } = levelOf(form, record, catalogueCode, term, surroundings);
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
    content: contents[form](record, {
      disclosureLevel: level,
      [STATED_END]: textOf(record, 'publicUntil'),
      ...sayOfPublication(published, isWithheld),
    }),
    additional_fields: additionalFields,
  };
}

/**
 * Who may see a record: as filed, else by the catalogue. What is in principle not published is shared among authorities
 * alone, unless the unit states the need for publication (信用修复管理办法：轻微失信信息原则上不公示).
 * @param usualItem the code of the item of a record that names none
 */
function levelOf(
  form: Kind,
  record: ParsedRecord,
  usualItem: string,
  term: Term,
  { rules, warn }: RowSurroundings,
): { readonly level: string; readonly isWithheld: boolean } {
  const stated = textOf(record, 'disclosureLevel');
  const item = namedItem(forms[form], record, rules) ?? findCatalogueItem(usualItem);
  const level = stated ?? item?.disclosureLevel ?? 'PUBLIC';
  const isWithheld = level === 'PUBLIC' && term.isWithheld === true && textOf(record, 'publicationNeed') === null;
  if (isWithheld && stated !== null)
    warn({
      column: columnOf(forms[form], 'disclosureLevel'),
      code: 'NEED',
      message:
        'The penalty is minor, which is in principle not published: it is shared among authorities until ' +
        '公示必要性说明 states why it has to be published.',
    });
  return { level: isWithheld ? NOT_PUBLISHED_LEVEL : level, isWithheld };
}
export const NOT_PUBLISHED_LEVEL = 'GOV_SHARED';

const noCode = (column: string): RowProblems => [
  {
    column,
    code: 'MISSING',
    message: 'A record needs the Unified Social Credit Code of its subject and of a unit that filed it.',
  },
];

/** `…To` is exclusive and the form's end inclusive. 9999-12-31 means no end. */
const dayAfter = (day: string | null): string | null =>
  day === null || day.startsWith('9999') ? null : addDays(day, 1);

function actRow(
  form: Kind,
  kind: ActKind,
  record: ParsedRecord,
  surroundings: RowSurroundings,
  subjectColumn: string,
  term: Term,
): ActRow | RowProblems {
  const authority = textOf(record, 'authorityUscc');
  const common = commonOf(form, record, surroundings, authority, kind, term);
  if (!common) return noCode(subjectColumn);
  const decidedOn = record['decidedOn'] as string; // no row without it
  const documentNo = textOf(record, 'documentNoKey') ?? '';
  const key = [kind, authority ?? textOf(record, 'authorityName') ?? '', documentNo, common.uscc, decidedOn];
  const matter = isTitleOnly(documentNo) ? matterOf(common.content) : null;
  if (matter !== null) surroundings.formerly(recordIdOf(...key));
  return {
    ...common,
    record_id: matter === null ? recordIdOf(...key) : recordIdOf(...key, matter),
    valid_from: textOf(record, 'validFrom') ?? decidedOn,
    valid_to: dayAfter(textOf(record, 'validTo')),
    kind,
    document_no: record['documentNo'] as string, // no row without it
    authority_name: textOf(record, 'authorityName'),
    decided_on: decidedOn,
  };
}

/** The region whose rules apply to a record. */
const regionIn = (record: ParsedRecord, unit: string): string | null =>
  regionOf(textOf(record, unit), textOf(record, 'subjectUscc'));

function commitmentRow(record: ParsedRecord, surroundings: RowSurroundings): CommitmentRow | RowProblems {
  const madeOn = record['madeOn'] as string; // no row without it
  const commitmentNo = textOf(record, 'commitmentNo') ?? '';
  const acceptedBy = textOf(record, 'acceptedByUscc');
  const common = commonOf(
    'commitment',
    record,
    surroundings,
    acceptedBy,
    'COMMITMENT',
    termOf('COMMITMENT', record, madeOn, regionIn(record, 'acceptedByUscc'), surroundings),
  );
  if (!common) return noCode('CN_XDR_SHXYM');
  return {
    ...common,
    record_id: recordIdOf(
      'COMMITMENT',
      acceptedBy ?? textOf(record, 'acceptedByName') ?? '',
      commitmentNo,
      common.uscc,
      madeOn,
    ),
    valid_from: madeOn,
    valid_to: dayAfter(textOf(record, 'dueOn')),
    kind: record['commitmentKind'] as string, // no row without it
    commitment_no: commitmentNo,
    made_on: madeOn,
  };
}

function judicialRow(record: ParsedRecord, surroundings: RowSurroundings): JudicialRow | RowProblems {
  const decidedOn = record['decidedOn'] as string; // no row without it
  const court = textOf(record, 'courtUscc');
  const common = commonOf(
    'judicial-record',
    record,
    surroundings,
    court,
    'JUDICIAL',
    termOf('JUDICIAL', record, decidedOn, regionIn(record, 'courtUscc'), surroundings),
  );
  if (!common) return noCode('SF_XDR_SHXYM');
  const kind = record['recordKind'] as string; // no row without it
  return {
    ...common,
    // One case is judged and then enforced. Each of the two is a record.
    record_id: recordIdOf(
      'JUDICIAL',
      kind,
      court ?? textOf(record, 'courtName') ?? '',
      textOf(record, 'caseNoKey') ?? '',
      common.uscc,
      decidedOn,
    ),
    valid_from: decidedOn,
    valid_to: null,
    kind,
    case_no: record['caseNo'] as string, // no row without it
    court_name: textOf(record, 'courtName'),
    decided_on: decidedOn,
  };
}

function complaintRow(record: ParsedRecord, surroundings: RowSurroundings): ComplaintRow | RowProblems {
  const handledOn = record['handledOn'] as string; // no row without it
  const complaintNo = record['complaintNo'] as string; // no row without it
  const handledBy = textOf(record, 'handledByUscc');
  const common = commonOf(
    'complaint',
    record,
    surroundings,
    handledBy,
    'COMPLAINT',
    termOf('COMPLAINT', record, handledOn, regionIn(record, 'handledByUscc'), surroundings),
  );
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
}

/** The filing intake of a kind of act. */
function createActIntake(
  runtime: SubgraphRuntime,
  form: 'licence' | 'penalty' | OtherActKind,
  kind: ActKind,
  term: (record: ParsedRecord, surroundings: RowSurroundings) => Term,
): FilingIntake {
  const subject = columnOf(forms[form], 'subjectUscc');
  const checkDays = createDayCheck(forms[form]);
  return createFilingIntake(
    {
      kind: form,
      form: forms[form],
      table: act,
      isAct: true,
      kindOfRow: kind,
      asksRegister: true,
      findFormer: (rows) => findFormerActs(runtime.pool, rows),
      toRow: (record, given) => {
        const surroundings = checkDays(record, given);
        return actRow(form, kind, record, surroundings, subject, term(record, surroundings));
      },
    },
    runtime,
  );
}

/** The filing intakes of this subgraph, by kind. */
export const createFilings = (runtime: SubgraphRuntime): Record<Kind, FilingIntake> => ({
  licence: createActIntake(runtime, 'licence', 'LICENCE', licenceTerm),
  penalty: createActIntake(runtime, 'penalty', 'PENALTY', (record, surroundings) =>
    penaltyTerm(record, regionIn(record, 'authorityUscc'), surroundings),
  ),
  ...byOtherAct((form) =>
    createActIntake(runtime, form, otherActKinds[form], (record, surroundings) =>
      termOf(
        otherActKinds[form],
        record,
        record['decidedOn'] as string,
        regionIn(record, 'authorityUscc'),
        surroundings,
      ),
    ),
  ),
  commitment: createFilingIntake(
    { kind: 'commitment', form: forms.commitment, table: commitment, asksRegister: true, toRow: commitmentRow },
    runtime,
  ),
  'judicial-record': createFilingIntake(
    {
      kind: 'judicial-record',
      form: forms['judicial-record'],
      table: judicialRecord,
      asksRegister: true,
      toRow: judicialRow,
    },
    runtime,
  ),
  complaint: createFilingIntake(
    { kind: 'complaint', form: forms.complaint, table: complaint, asksRegister: true, toRow: complaintRow },
    runtime,
  ),
});
