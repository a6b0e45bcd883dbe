import { createCodeList } from '#standards/codeList.ts';
import { disclosure, subject, unit } from '#standards/forms/common.ts';
import type { Form } from '#standards/forms/form.ts';

export const fieldsOfWork = createCodeList([
  { code: 'BUILDING', name: '建筑工程' },
  { code: 'BRIDGES', name: '桥梁工程' },
]);

/** 资质证书 */
export const form: Form = {
  kind: 'qualification',
  edition: '1',
  source: 'A form of the tests.',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  fields: [
    ...subject('ZZ'),
    { column: 'ZZ_ZSBH', name: 'certificateNo', label: '证书编号', type: 'text', maxLength: 64, rule: 'reject' },
    { column: 'ZZ_LB', name: 'fieldOfWork', label: '资质类别', type: 'code', codes: fieldsOfWork, rule: 'reject' },
    { column: 'ZZ_FZRQ', name: 'issuedOn', label: '发证日期', type: 'date', rule: 'reject' },
    { column: 'ZZ_YXQZ', name: 'validUntil', label: '有效期至', type: 'date', rule: 'reject' },
    ...unit('ZZ_LYDW', 'ZZ_LYDWDM', 'sourceUnit', '数据来源单位', 'reject'),
    disclosure('ZZ'),
  ],
};
