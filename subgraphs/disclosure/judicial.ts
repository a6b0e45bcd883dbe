import { contentField, organisation, recordFields, formField } from '#records/recordFields.ts';
import { remark } from './remark.ts';
import type { JudicialRow } from './repository.ts';
import type { JudgmentPerformance } from './resolvers.generated.ts';

/** Decisions and enforcement of courts about entities (发改办财金〔2018〕893号 第四条). */
export const judicialRecordFields = {
  ...recordFields<JudicialRow>(() => 'JudicialRecord'),
  caseNo: (row: JudicialRow) => row.case_no || null, // blank once erased
  court: (row: JudicialRow) => organisation(row.court_name, row.determining_unit),
  decidedOn: (row: JudicialRow) => row.day,
  cause: formField('cause'),
  result: formField('result'),
  performance: (row: JudicialRow) => contentField<JudgmentPerformance>(row, 'performance'),
  remark,
};
