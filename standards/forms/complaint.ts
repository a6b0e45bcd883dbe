import { disclosure, provenance, subject, unit } from './common.ts';
import type { Form } from './form.ts';

/** 消费者投诉公示 (12315) */
export const complaintForm: Form = {
  kind: 'complaint',
  edition: '1',
  source:
    'Our form; the publication of complaints from 国办发〔2019〕35号 第四条. No national column codes are known to us.',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  fields: [
    ...subject('TS'),
    {
      column: 'TS_BH',
      name: 'complaintNo',
      label: '投诉编号',
      type: 'text',
      isNumber: true,
      maxLength: 128,
      rule: 'reject',
      unverified: true,
    },
    {
      column: 'TS_CLRQ',
      name: 'handledOn',
      label: '处理日期',
      aliases: ['办结日期'],
      type: 'date',
      isPast: true,
      rule: 'reject',
    },
    {
      column: 'TS_SX',
      name: 'matter',
      label: '投诉事项',
      aliases: ['投诉问题'],
      type: 'text',
      maxLength: 500,
      rule: 'warn',
      unverified: true,
    },
    {
      column: 'TS_CLFS',
      name: 'handling',
      label: '处理方式',
      type: 'text',
      maxLength: 200,
      rule: 'optional',
      unverified: true,
    },
    {
      column: 'TS_CLJG',
      name: 'result',
      label: '处理结果',
      type: 'text',
      maxLength: 2000,
      rule: 'warn',
      unverified: true,
    },
    ...unit('TS_CLDW', 'TS_CLDWDM', 'handledBy', '处理单位', 'warn'),
    ...unit('TS_LYDW', 'TS_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('TS'),
    ...provenance,
  ],
};
