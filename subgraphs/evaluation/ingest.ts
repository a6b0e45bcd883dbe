import { createFilingDoor, provinceOfCode, type RowProblems, type RowSurroundings } from '#kit/filing/door.ts';
import type { FiledRow, RecordTable } from '#kit/filing/record.ts';
import { recordIdOf } from '#kit/records.ts';
import type { FilingDoor, Workshop } from '#kit/subgraph.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { defaultLevel, lastDayOfRound } from './schemes.ts';

const columns = ['scheme', 'scheme_version', 'grade', 'score', 'score_max', 'evaluated_on'] as const;
const table: RecordTable<(typeof columns)[number]> = { schema: 'evaluation', name: 'result', columns };

type ResultFiling = FiledRow<(typeof columns)[number]>;

/** State level and codes of no division: no province's platform sees more of them than the public. */
const NO_PROVINCE = '00';

const KEPT = ['dataAsOf', 'validUntil', 'indicators', 'reasons', 'cause', 'evaluatorName', 'evaluatorUscc', 'remark'] as const;

// The parser gives each field the type its form says (standards/forms).
const text = (record: ParsedRecord, name: string): string | null => (record[name] as string | null | undefined) ?? null;

/** A row of the form 信用评价 as a result. The form itself refuses unknown schemes and versions, and grades that are not of the version's scale. */
export function resultOf(record: ParsedRecord, { viewer, additionalFields }: Pick<RowSurroundings, 'viewer' | 'additionalFields'>): ResultFiling | RowProblems {
  const [uscc, scheme, version, grade, evaluatedOn] = [record['subjectUscc'], record['scheme'], record['schemeVersion'], record['grade'], record['evaluatedOn']] as [string, string, string, string, string]; // no row without them
  const evaluator = text(record, 'evaluatorUscc');
  // 谁产生、谁负责: without a source unit it is the evaluator, and without that whoever files.
  const sourceUnit = text(record, 'sourceUnitUscc') ?? evaluator ?? viewer.organisation;
  if (sourceUnit === null) return [{ column: 'PJ_LYDWDM', code: 'MISSING', message: 'A record needs the Unified Social Credit Code of a unit that filed it.' }];

  const level = text(record, 'disclosureLevel') ?? defaultLevel(scheme);
  const lastDay = text(record, 'validUntil') ?? lastDayOfRound(scheme, version, evaluatedOn);
  const publicUntil = level === 'PUBLIC' ? lastDay : null;
  const kept = KEPT.flatMap((name) => (record[name] === null ? [] : [[name, record[name]]]));

  return {
    uscc,
    record_id: recordIdOf('EVALUATION', evaluator ?? text(record, 'evaluatorName') ?? '', scheme, uscc, evaluatedOn),
    source_unit: sourceUnit,
    source_unit_name: text(record, 'sourceUnitName'),
    source_record_id: text(record, 'sourceRecordId'),
    catalogue_code: text(record, 'catalogueCode') ?? 'EVALUATION',
    disclosure_level: level,
    public_from: publicUntil && evaluatedOn,
    public_until: publicUntil,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(text(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: evaluator,
    valid_from: evaluatedOn,
    valid_to: addDays(lastDay, 1),
    content: { ...Object.fromEntries(kept), disclosureLevel: level },
    additional_fields: additionalFields,
    scheme,
    scheme_version: version,
    grade,
    score: text(record, 'score'),
    score_max: text(record, 'scoreMax'),
    evaluated_on: evaluatedOn,
  };
}

/** The filing doors of this subgraph by kind. */
export const createFilings = (workshop: Workshop): Record<'evaluation', FilingDoor> => ({
  evaluation: createFilingDoor({ kind: 'evaluation', form: forms.evaluation, table, toRow: resultOf }, workshop),
});
