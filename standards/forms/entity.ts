import { checkPeriod } from './checks.ts';
import { entityKinds, entityStatuses } from './codeLists.ts';
import { disclosure, legacyIdentifiers, provenance, unit } from './common.ts';
import type { Form } from './form.ts';

/** 市场主体登记信息 */
export const entityForm: Form = {
  kind: 'entity',
  edition: '1',
  source: 'Our form; registration items from 市场主体登记管理条例 and the credit report of Credit China (V2.0).',
  subject: 'uscc',
  subjectCategory: 'entityKind',
  fields: [
    { column: 'DJ_SHXYM', name: 'uscc', label: '统一社会信用代码', type: 'uscc', rule: 'reject' },
    { column: 'DJ_MC', name: 'name', label: '主体名称', aliases: ['企业名称', '名称'], type: 'text', maxLength: 200, rule: 'reject' },
    { column: 'DJ_CYM', name: 'formerNames', label: '曾用名', type: 'list', maxLength: 2000, rule: 'optional' },
    { column: 'DJ_LX', name: 'entityKind', label: '主体类型', type: 'code', codes: entityKinds, rule: 'reject' },
    { column: 'DJ_ZT', name: 'status', label: '登记状态', type: 'code', codes: entityStatuses, rule: 'reject' },
    { column: 'DJ_HYDM', name: 'industryCode', label: '行业代码', type: 'text', maxLength: 5, rule: 'warn' },
    { column: 'DJ_QHDM', name: 'divisionCode', label: '登记地行政区划', type: 'division', rule: 'warn' },
    { column: 'DJ_DZ', name: 'address', label: '住所', aliases: ['地址', '注册地址'], type: 'text', maxLength: 500, rule: 'warn' },
    { column: 'DJ_DH', name: 'phone', label: '联系电话', type: 'text', isNumber: true, maxLength: 50, rule: 'optional' },
    { column: 'DJ_CLRQ', name: 'establishedOn', label: '成立日期', type: 'date', rule: 'warn' },
    { column: 'DJ_HZRQ', name: 'changedOn', label: '核准日期', aliases: ['变更日期', '变更登记日期'], type: 'date', rule: 'optional', unverified: true },
    { column: 'DJ_ZXRQ', name: 'closedOn', label: '注销或吊销日期', type: 'date', rule: 'optional' },
    { column: 'DJ_YXQZI', name: 'validTo', also: 'longTerm', label: '营业期限至', type: 'dateOrLongTerm', rule: 'optional' },
    { column: 'DJ_FRDB', name: 'legalRepresentative', label: '法定代表人', aliases: ['负责人', '经营者'], type: 'text', maxLength: 50, rule: 'warn' },
    {
      column: 'DJ_FRZJHM',
      name: 'legalRepresentativeDocumentNumber',
      label: '法定代表人证件号码',
      type: 'text',
      rule: 'optional',
      dropped: true,
    },
    {
      column: 'DJ_ZCZB',
      name: 'capitalFen',
      also: 'capitalText',
      label: '注册资本（万元）',
      aliases: ['注册资本'],
      type: 'money10k',
      rule: 'optional',
    },
    { column: 'DJ_JYFW', name: 'businessScope', label: '经营范围', type: 'text', rule: 'optional' },
    ...legacyIdentifiers('DJ'),
    { column: 'DJ_CXDM', name: 'successorUscc', label: '承继主体统一社会信用代码', type: 'uscc', rule: 'optional' },
    ...unit('DJ_DJJG', 'DJ_DJJGDM', 'registrationAuthority', '登记机关', 'warn'),
    ...unit('DJ_LYDW', 'DJ_LYDWDM', 'sourceUnit', '数据来源单位', 'warn'),
    { column: 'BZ', name: 'remark', label: '备注', type: 'text', rule: 'optional' },
    disclosure('DJ'),
    ...provenance,
  ],
  check: (record, _reject, warn) => checkPeriod(record, warn, 'establishedOn', 'closedOn', 'DJ_ZXRQ'),
};
