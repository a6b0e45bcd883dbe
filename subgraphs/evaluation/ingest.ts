import { provinceOfCode } from '#standards/divisions.ts';
import { contentFields, notContent } from '#records/filing/content.ts';
import { createFilingIntake, type RowProblems, type RowSurroundings } from '#records/filing/intake.ts';
import type { RecordFeed } from '#records/outbox.ts';
import { type FiledRow, type RecordTable, textOf } from '#records/filing/record.ts';
import { recordIdOf } from '#records/record.ts';
import type { FilingIntake, SubgraphRuntime } from '#records/subgraph.ts';
import { NO_PROVINCE } from '#policy/rows.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { forms } from '#standards/forms/forms.ts';
import { findIndustry } from '#standards/industry.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { defaultLevel, lastDayOfRound } from './schemes.ts';

const columns = ['scheme', 'scheme_version', 'grade', 'score', 'score_max', 'evaluated_on'] as const;

/** Results as filed. Each is announced to the followers of the stream. */
export const table: RecordTable<(typeof columns)[number]> & { readonly feed: RecordFeed } = {
  schema: 'evaluation',
  name: 'result',
  columns,
  feed: {
    topic: 'EVALUATION',
    type: 'scheme',
    category: null,
    removedOn: null,
    withdrawnFor: () => 'null::text',
    basis: (row) =>
      `jsonb_strip_nulls(jsonb_build_object('cause', ${row}.content->>'cause', 'validFrom', ${row}.evaluated_on))`,
  },
};

type ResultFiling = FiledRow<(typeof columns)[number]>;

/** Kept in columns. */
const NOT_CONTENT = new Set([...notContent, 'scheme', 'schemeVersion', 'grade', 'score', 'scoreMax', 'evaluatedOn']);
const kept = contentFields(forms.evaluation, NOT_CONTENT);

/**
 * A row of the form 信用评价 as a result. The form itself refuses unknown schemes and versions, and grades outside the
 * version's scale.
 */
export function resultOf(
  record: ParsedRecord,
  { viewer, additionalFields }: Pick<RowSurroundings, 'viewer' | 'additionalFields'>,
): ResultFiling | RowProblems {
  const [uscc, scheme, version, grade, evaluatedOn] = [
    record['subjectUscc'],
    record['scheme'],
    record['schemeVersion'],
    record['grade'],
    record['evaluatedOn'],
  ] as [string, string, string, string, string]; // no row without them
  const evaluator = textOf(record, 'evaluatorUscc');
  // 谁产生、谁负责: without a source unit the evaluator is the source, and without an evaluator the filer.
  const sourceUnit = textOf(record, 'sourceUnitUscc') ?? evaluator ?? viewer.organisation;
  if (sourceUnit === null)
    return [
      {
        column: 'PJ_LYDWDM',
        code: 'MISSING',
        message: 'A record needs the Unified Social Credit Code of a unit that filed it.',
      },
    ];

  const level = textOf(record, 'disclosureLevel') ?? defaultLevel(scheme);
  const lastDay = textOf(record, 'validUntil') ?? lastDayOfRound(scheme, version, evaluatedOn);
  const publicUntil = level === 'PUBLIC' ? lastDay : null;
  const content = kept.flatMap((name) => (record[name] === null ? [] : [[name, record[name]]]));

  return {
    uscc,
    record_id: recordIdOf('EVALUATION', evaluator ?? textOf(record, 'evaluatorName') ?? '', scheme, uscc, evaluatedOn),
    source_unit: sourceUnit,
    source_unit_name: textOf(record, 'sourceUnitName'),
    source_record_id: textOf(record, 'sourceRecordId'),
    catalogue_code: textOf(record, 'catalogueCode') ?? 'EVALUATION',
    disclosure_level: level,
    public_from: publicUntil && evaluatedOn,
    public_until: publicUntil,
    province: provinceOfCode(uscc) ?? NO_PROVINCE,
    sector: findIndustry(textOf(record, 'industryCode') ?? '')?.section ?? null,
    determining_unit: evaluator,
    valid_from: evaluatedOn,
    valid_to: addDays(lastDay, 1),
    content: { ...Object.fromEntries(content), disclosureLevel: level },
    additional_fields: additionalFields,
    scheme,
    scheme_version: version,
    grade,
    score: textOf(record, 'score'),
    score_max: textOf(record, 'scoreMax'),
    evaluated_on: evaluatedOn,
  };
}

/** The filing intakes of this subgraph, by kind. */
export const createFilings = (runtime: SubgraphRuntime): Record<'evaluation', FilingIntake> => ({
  evaluation: createFilingIntake(
    { kind: 'evaluation', form: forms.evaluation, table, asksRegister: true, toRow: resultOf },
    runtime,
  ),
});
