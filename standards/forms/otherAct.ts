import { checkPeriod } from './checks.ts';
import { otherActKinds } from './codeLists.ts';
import { disclosure, provenance, subject, unit } from './common.ts';
import type { Form } from './form.ts';

/** The eight other kinds of administrative act, in one common form. */
export const otherActForm: Form = {
  kind: 'other-act',
  edition: '1',
  source: 'Our form; kinds from 国办发〔2019〕35号 第十五条. No national column codes are known to us.',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  fields: [
    ...subject('XZ'),
    { column: 'XZ_XWLX', name: 'actKind', label: '行政行为类型', type: 'code', codes: otherActKinds, rule: 'reject' },
    { column: 'XZ_WSMC', name: 'documentName', label: '决定文书名称', type: 'text', maxLength: 200, rule: 'optional' },
    { column: 'XZ_WSH', name: 'documentNo', also: 'documentNoKey', label: '决定文书号', type: 'documentNo', maxLength: 128, rule: 'reject' },
    { column: 'XZ_SX', name: 'matter', label: '事项名称', type: 'text', maxLength: 500, rule: 'warn' },
    { column: 'XZ_NR', name: 'content', label: '决定内容', type: 'text', rule: 'warn' },
    { column: 'XZ_FS', name: 'method', label: '实施方式', type: 'text', maxLength: 200, rule: 'optional' },
    { column: 'XZ_JG', name: 'result', label: '结果', type: 'text', maxLength: 2000, rule: 'optional' },
    { column: 'XZ_JE', name: 'amountFen', also: 'amountText', label: '金额（万元）', aliases: ['金额'], type: 'money10k', rule: 'optional' },
    { column: 'XZ_YJ', name: 'legalBasis', label: '法律依据', type: 'text', rule: 'optional' },
    { column: 'XZ_JDRQ', name: 'decidedOn', label: '决定日期', type: 'date', rule: 'reject' },
    { column: 'XZ_YXQZ', name: 'validFrom', label: '有效期自', type: 'date', rule: 'optional' },
    { column: 'XZ_YXQZI', name: 'validTo', also: 'longTerm', label: '有效期至', type: 'dateOrLongTerm', rule: 'optional' },
    ...unit('XZ_JDJG', 'XZ_JDJGDM', 'authority', '决定机关', 'warn'),
    ...unit('XZ_LYDW', 'XZ_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('XZ'),
    ...provenance,
  ],
  check: (record, _reject, warn) => checkPeriod(record, warn, 'validFrom', 'validTo', 'XZ_YXQZI'),
};
