import { checkPeriod } from './checks.ts';
import { commitmentKinds, commitmentStatuses } from './codeLists.ts';
import { disclosure, provenance, subjectByIdentifier, subjectIdentifierNames, unit } from './common.ts';
import type { Form } from './form.ts';

/** 信用承诺 */
export const commitmentForm: Form = {
  kind: 'commitment',
  edition: '1',
  source: 'Our form; labels from the credit report of Credit China (V2.0).',
  subject: 'subjectUscc',
  subjectCategory: 'subjectCategory',
  oneOf: subjectIdentifierNames,
  fields: [
    ...subjectByIdentifier('CN'),
    {
      column: 'CN_LX',
      name: 'commitmentKind',
      label: '承诺类型',
      type: 'code',
      codes: commitmentKinds,
      rule: 'reject',
      unverified: true,
    },
    {
      column: 'CN_BM',
      name: 'commitmentNo',
      label: '承诺编码',
      type: 'text',
      isNumber: true,
      maxLength: 128,
      rule: 'reject',
    },
    { column: 'CN_SY', name: 'matter', label: '承诺事由', type: 'text', maxLength: 500, rule: 'warn' },
    { column: 'CN_NR', name: 'content', label: '承诺内容', type: 'text', rule: 'optional' },
    { column: 'CN_RQ', name: 'madeOn', label: '做出承诺日期', type: 'date', isPast: true, rule: 'reject' },
    { column: 'CN_LXQX', name: 'dueOn', label: '承诺履行期限', type: 'date', rule: 'optional' },
    ...unit('CN_SLDW', 'CN_SLDWDM', 'acceptedBy', '承诺受理单位', 'warn'),
    {
      column: 'CN_ZT',
      name: 'performance',
      label: '承诺履约状态',
      type: 'code',
      codes: commitmentStatuses,
      rule: 'optional',
    },
    ...unit('CN_LYDW', 'CN_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('CN'),
    ...provenance,
  ],
  check: (record, _reject, warn) => checkPeriod(record, warn, 'madeOn', 'dueOn', 'CN_LXQX'),
};
