import { findSchemeVersion } from '#standards/evaluationSchemes.ts';
import { checkPeriod } from './checks.ts';
import { evaluationCauses, schemeCodes } from './codeLists.ts';
import { disclosure, provenance, subjectByIdentifier, subjectIdentifierNames, unit } from './common.ts';
import type { Form, ParsedRecord, Report } from './form.ts';

function checkEvaluation(record: ParsedRecord, reject: Report, warn: Report): void {
  const version = findSchemeVersion(record['scheme'] as string, record['schemeVersion'] as string);
  if (version === null) reject('PJ_FABB', 'UNKNOWN_CODE', 'The scheme has no version of this name.');
  else if (!version.grades.some((grade) => grade.code === record['grade'])) {
    reject(
      'PJ_DJ',
      'UNKNOWN_CODE',
      `The grades of this version are ${version.grades.map((grade) => grade.code).join(', ')}.`,
    );
  }
  const [score, max] = [record['score'], record['scoreMax']] as (string | null)[];
  if (score != null && max != null && Number(score) > Number(max))
    warn('PJ_FS', 'BAD_NUMBER', 'The score is above its maximum.');
  checkPeriod(record, warn, 'dataAsOf', 'evaluatedOn', 'PJ_RQ');
  checkPeriod(record, warn, 'evaluatedOn', 'validUntil', 'PJ_YXQZ');
}

/** 信用评价 */
export const evaluationForm: Form = {
  kind: 'evaluation',
  edition: '1',
  source: 'Our form; contents after GB/T 45255-2025 and the credit report of Credit China (V2.0).',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  oneOf: subjectIdentifierNames,
  fields: [
    ...subjectByIdentifier('PJ'),
    { column: 'PJ_FA', name: 'scheme', label: '评价方案', type: 'code', codes: schemeCodes, rule: 'reject' },
    { column: 'PJ_FABB', name: 'schemeVersion', label: '评价方案版本', type: 'text', maxLength: 32, rule: 'reject' },
    { column: 'PJ_DJ', name: 'grade', label: '等级', type: 'text', maxLength: 8, rule: 'reject' },
    { column: 'PJ_FS', name: 'score', label: '得分', type: 'decimal', rule: 'optional' },
    { column: 'PJ_MF', name: 'scoreMax', label: '满分', type: 'decimal', rule: 'optional' },
    {
      column: 'PJ_RQ',
      name: 'evaluatedOn',
      label: '评定时间',
      aliases: ['评价日期'],
      type: 'date',
      isPast: true,
      rule: 'reject',
    },
    { column: 'PJ_SJJZ', name: 'dataAsOf', label: '数据截止日', type: 'date', rule: 'warn' },
    { column: 'PJ_YXQZ', name: 'validUntil', label: '有效期至', type: 'date', rule: 'warn' },
    { column: 'PJ_ZB', name: 'indicators', label: '指标得分', type: 'indicators', rule: 'optional' },
    { column: 'PJ_YY', name: 'reasons', label: '主要原因', type: 'list', rule: 'optional' },
    { column: 'PJ_GXYY', name: 'cause', label: '更新原因', type: 'code', codes: evaluationCauses, rule: 'optional' },
    ...unit('PJ_DW', 'PJ_DWDM', 'evaluator', '评定单位', 'warn'),
    ...unit('PJ_LYDW', 'PJ_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('PJ'),
    ...provenance,
  ],
  check: checkEvaluation,
};
