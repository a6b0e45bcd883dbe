import { licenceCategories, licenceStatuses } from './codeLists.ts';
import { disclosure, officialSubject, ownSite, provenance, subjectIdentifierNames, unit } from './common.ts';
import { checkPeriod } from './checks.ts';
import type { Form } from './form.ts';

/** 行政许可 */
export const licenceForm: Form = {
  kind: 'licence',
  edition: '2018',
  source: '发改办财金〔2018〕424号',
  isOfficial: true,
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  oneOf: subjectIdentifierNames,
  fields: [
    ...officialSubject('XK'),
    { column: 'XK_XKWS', name: 'documentName', label: '行政许可决定文书名称', type: 'text', maxLength: 64, rule: 'warn', unverified: true },
    {
      column: 'XK_WSH',
      name: 'documentNo',
      also: 'documentNoKey',
      label: '行政许可决定文书号',
      type: 'documentNo',
      maxLength: 64,
      rule: 'reject',
      unverified: true,
    },
    {
      column: 'XK_XKLB',
      name: 'licenceCategory',
      also: 'licenceCategoryText',
      label: '许可类别',
      type: 'code',
      codes: licenceCategories,
      maxLength: 256,
      rule: 'warn',
      unverified: true,
    },
    { column: 'XK_XKZS', name: 'certificateName', label: '许可证书名称', type: 'text', maxLength: 64, rule: 'optional', unverified: true },
    { column: 'XK_XKBH', name: 'certificateNo', label: '许可编号', type: 'text', isNumber: true, maxLength: 64, rule: 'optional', unverified: true },
    { column: 'XK_NR', name: 'content', label: '许可内容', type: 'text', maxLength: 4000, rule: 'warn', unverified: true },
    { column: 'XK_JDRQ', name: 'decidedOn', label: '许可决定日期', type: 'date', rule: 'reject' },
    { column: 'XK_YXQZ', name: 'validFrom', label: '有效期自', type: 'date', rule: 'warn' },
    { column: 'XK_YXQZI', name: 'validTo', also: 'longTerm', label: '有效期至', aliases: ['XK_JZQ', '许可截止期'], type: 'dateOrLongTerm', rule: 'warn' },
    ...unit('XK_XKJG', 'XK_XKJGDM', 'authority', '许可机关', 'warn', ['XK_XZJG']),
    { column: 'XK_ZT', name: 'licenceStatus', label: '当前状态', type: 'code', codes: licenceStatuses, rule: 'warn', unverified: true },
    ...unit('XK_LYDW', 'XK_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', maxLength: 512, rule: 'optional', unverified: true },
    disclosure('XK'),
    ownSite('XK'),
    ...provenance,
  ],
  check: (record, _reject, warn) => checkPeriod(record, warn, 'validFrom', 'validTo', 'XK_YXQZI'),
};
