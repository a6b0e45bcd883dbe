import { findListType } from '#standards/listTypes.ts';
import { checkPeriod } from './checks.ts';
import { listTypeCodes, performanceStates, removalReasons } from './codeLists.ts';
import { disclosure, provenance, subjectByIdentifier, subjectIdentifierNames, unit } from './common.ts';
import type { Form, ParsedRecord, Report } from './form.ts';

function checkEntry(record: ParsedRecord, _reject: Report, warn: Report): void {
  const type = findListType(record['listType'] as string);
  if (type !== null && (record['listedOn'] as string) < type.effectiveFrom) {
    warn(
      'MD_LRRQ',
      'BAD_PERIOD',
      `The list ${type.code} exists since ${type.effectiveFrom}, after the day of listing.`,
    );
  }
  if (record['removedOn'] !== null && record['removalReason'] === null)
    warn('MD_YCYY', 'MISSING', '移出原因 is missing although the entry was removed.');
  checkPeriod(record, warn, 'listedOn', 'termUntil', 'MD_QXZ');
  checkPeriod(record, warn, 'listedOn', 'publicUntil', 'MD_GSJZQ');
  checkPeriod(record, warn, 'listedOn', 'removedOn', 'MD_YCRQ');
}

/** 名单 */
export const nameListForm: Form = {
  kind: 'name-list',
  edition: '1',
  source: 'Our form; labels from the credit report of Credit China (V2.0) and the rules of each list.',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  oneOf: subjectIdentifierNames,
  fields: [
    ...subjectByIdentifier('MD'),
    { column: 'MD_LX', name: 'listType', label: '名单类型', type: 'code', codes: listTypeCodes, rule: 'reject' },
    {
      column: 'MD_WSH',
      name: 'documentNo',
      also: 'documentNoKey',
      label: '认定文号',
      aliases: ['案号'],
      type: 'documentNo',
      maxLength: 128,
      rule: 'reject',
    },
    { column: 'MD_LRRQ', name: 'listedOn', label: '列入日期', type: 'date', isPast: true, rule: 'reject' },
    { column: 'MD_LRSY', name: 'grounds', label: '列入事由', type: 'text', rule: 'warn' },
    { column: 'MD_FLYJ', name: 'legalBasis', label: '法律依据', type: 'text', rule: 'warn' },
    { column: 'MD_QXZ', name: 'termUntil', label: '名单期限至', type: 'date', rule: 'optional' },
    { column: 'MD_GSJZQ', name: 'publicUntil', label: '公示截止期', type: 'date', rule: 'optional' },
    { column: 'MD_ZGYQ', name: 'rectification', label: '整改要求', type: 'text', rule: 'optional' },
    { column: 'MD_ZGQX', name: 'rectifyBy', label: '整改期限', type: 'date', rule: 'optional' },
    {
      column: 'MD_LVQK',
      name: 'performanceState',
      label: '履行情况',
      type: 'code',
      codes: performanceStates,
      rule: 'optional',
    },
    { column: 'MD_XQ', name: 'details', label: '名单专有内容', type: 'text', rule: 'optional' },
    { column: 'MD_YCRQ', name: 'removedOn', label: '移出日期', type: 'date', rule: 'optional' },
    {
      column: 'MD_YCYY',
      name: 'removalReason',
      label: '移出原因',
      type: 'code',
      codes: removalReasons,
      rule: 'optional',
    },
    ...unit('MD_RDJG', 'MD_RDJGDM', 'authority', '认定机关', 'reject'),
    ...unit('MD_LYDW', 'MD_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('MD'),
    ...provenance,
  ],
  check: checkEntry,
};
