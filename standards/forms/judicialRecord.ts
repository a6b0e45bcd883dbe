import { judicialRecordKinds, performanceStates } from './codeLists.ts';
import { disclosure, provenance, subject, unit } from './common.ts';
import type { Form } from './form.ts';

/** 司法裁判及执行信息 about an entity: judgments and enforcement, not lists. */
export const judicialRecordForm: Form = {
  kind: 'judicial-record',
  edition: '1',
  source:
    'Our form; the kinds of information from 发改办财金〔2018〕893号 第四条. No national column codes are known to us.',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  fields: [
    ...subject('SF'),
    {
      column: 'SF_LX',
      name: 'recordKind',
      label: '司法信息类型',
      type: 'code',
      codes: judicialRecordKinds,
      rule: 'reject',
      unverified: true,
    },
    {
      column: 'SF_AH',
      name: 'caseNo',
      also: 'caseNoKey',
      label: '案号',
      type: 'documentNo',
      maxLength: 128,
      rule: 'reject',
      unverified: true,
    },
    ...unit('SF_FY', 'SF_FYDM', 'court', '法院', 'warn'),
    {
      column: 'SF_JDRQ',
      name: 'decidedOn',
      label: '裁判或立案日期',
      aliases: ['裁判日期', '立案时间'],
      type: 'date',
      isPast: true,
      rule: 'reject',
    },
    { column: 'SF_AY', name: 'cause', label: '案由', type: 'text', maxLength: 200, rule: 'warn', unverified: true },
    {
      column: 'SF_JG',
      name: 'result',
      label: '裁判结果或执行内容',
      aliases: ['裁判结果', '生效法律文书确定的义务'],
      type: 'text',
      maxLength: 4000,
      rule: 'warn',
      unverified: true,
    },
    {
      column: 'SF_LVQK',
      name: 'performance',
      label: '履行情况',
      type: 'code',
      codes: performanceStates,
      rule: 'optional',
      unverified: true,
    },
    ...unit('SF_LYDW', 'SF_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('SF'),
    ...provenance,
  ],
};
