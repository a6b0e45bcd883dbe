import type { Form } from './form.ts';

/**
 * 自愿注册信用信息: what an entity declares about itself, by mutation alone. It is a form, so that its texts are read like
 * those of every other record.
 */
export const voluntaryForm: Form = {
  kind: 'voluntary',
  edition: '1',
  source: 'Our form; the kinds of information from 国办发〔2019〕35号 第五条.',
  subject: 'subjectUscc',
  fields: [
    { column: 'ZY_SHXYM', name: 'subjectUscc', label: '统一社会信用代码', type: 'uscc', rule: 'reject' },
    { column: 'ZY_BH', name: 'itemNo', label: '编号', type: 'text', isNumber: true, maxLength: 128, rule: 'reject' },
    { column: 'ZY_BT', name: 'title', label: '标题', type: 'text', maxLength: 200, rule: 'reject' },
    { column: 'ZY_NR', name: 'content', label: '申报内容', type: 'text', maxLength: 4000, rule: 'reject' },
    { column: 'ZY_HSYJ', name: 'evidence', label: '核实依据', type: 'text', maxLength: 2000, rule: 'optional' },
  ],
};
