import type { Form } from './form.ts';

/**
 * 撤回公示: why a record is withdrawn, by mutation alone. It is a form, so that its texts are read like those of every
 * record; the reason is published.
 */
export const withdrawalForm: Form = {
  kind: 'withdrawal',
  edition: '1',
  source: 'Our form; 中华人民共和国行政处罚法（2021年修订）第四十八条.',
  subject: 'subjectUscc',
  fields: [
    { column: 'CH_SHXYM', name: 'subjectUscc', label: '统一社会信用代码', type: 'uscc', rule: 'reject' },
    { column: 'CH_WSH', name: 'documentNo', label: '撤销文书号', type: 'documentNo', maxLength: 128, rule: 'reject' },
    { column: 'CH_LY', name: 'reason', label: '撤回理由', type: 'text', maxLength: 500, rule: 'reject' },
  ],
};
