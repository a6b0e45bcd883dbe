import { provinces, XPCC } from './divisions.ts';
import { composeUscc } from './uscc.ts';

/** The purpose of an organisation in the demo data. The policy decides what each may do; a kind is not a role. */
export type DemoKind =
  | 'national-centre'
  | 'provincial-platform'
  | 'sector-regulator'
  | 'determining-unit'
  | 'implementer'
  | 'bank'
  | 'credit-service-agency'
  | 'industry-association'
  | 'assessor'
  | 'auditor'
  | 'rule-keeper'
  | 'operator'
  | 'subject'
  | 'heavy-subject'
  | 'sample';

export interface DemoOrganisation {
  kind: DemoKind;
  uscc: string;
  name: string;
  /** Code of an entity kind (forms/codeLists.ts). */
  entityKind: string;
  /** Reporting unit: two digits of GB/T 2260, 66 for XPCC; null on state level. */
  reportingUnit: string | null;
  divisionCode: string;
  industryCode: string;
  /** A sector (GB/T 4754) where the organisation works in one alone. */
  sector?: string;
}

/**
 * Kinds of synthetic authority, and the word in their document numbers. Their order is part of their codes: add at the
 * end only.
 */
export const authorities = {
  CREDIT: { name: '公共信用信息中心', short: '信用' },
  MARKET: { name: '市场监督管理局', short: '市监' },
  LABOUR: { name: '人力资源和社会保障厅', short: '人社' },
  TAX: { name: '税务局', short: '税' },
  SAFETY: { name: '应急管理厅', short: '应急' },
  TRANSPORT: { name: '交通运输厅', short: '交' },
  HOUSING: { name: '住房和城乡建设厅', short: '建' },
  COURT: { name: '高级人民法院', short: '执' },
  AUDIT: { name: '审计厅', short: '审' },
  CIVIL_AFFAIRS: { name: '民政厅', short: '民' },
} as const;

export type Authority = keyof typeof authorities;

export interface SyntheticUnit {
  uscc: string;
  name: string;
}

const authorityNames = Object.keys(authorities);

/**
 * The synthetic authority of an office in a reporting unit (province digits, '66' for XPCC, '10' for the state). No
 * real authority has this code.
 */
export function syntheticUnit(reportingUnit: string, authorityKind: Authority): SyntheticUnit {
  const division = reportingUnit === XPCC.code ? '650000' : `${reportingUnit}0000`;
  const place =
    reportingUnit === XPCC.code
      ? XPCC.name
      : (provinces.find((province) => province.code === reportingUnit)?.name ?? '国家');
  return {
    uscc: composeUscc(`11${division}`, `MB${authorityNames.indexOf(authorityKind)}EEE${reportingUnit}`),
    name: `${place}示例${authorities[authorityKind].name}`,
  };
}

function authority(kind: DemoKind, reportingUnit: string, authorityKind: Authority, sector?: string): DemoOrganisation {
  const divisionCode = reportingUnit === XPCC.code ? '650000' : `${reportingUnit}0000`;
  return {
    kind,
    ...syntheticUnit(reportingUnit, authorityKind),
    entityKind: 'STATE_ORGAN',
    reportingUnit: reportingUnit === '10' ? null : reportingUnit,
    divisionCode,
    industryCode: '92',
    ...(sector !== undefined && { sector }),
  };
}

function organisation(
  kind: DemoKind,
  uscc: string,
  name: string,
  entityKind: string,
  industryCode: string,
): DemoOrganisation {
  const divisionCode = uscc.slice(2, 8);
  return {
    kind,
    uscc,
    name,
    entityKind,
    reportingUnit: divisionCode === '100000' ? null : divisionCode.slice(0, 2),
    divisionCode,
    industryCode,
  };
}

/**
 * Organisations that every generated data set has, one or more for each kind of user. All are synthetic; their codes
 * pass both checks.
 */
export const demoOrganisations: readonly DemoOrganisation[] = [
  organisation('national-centre', composeUscc('12100000', 'MB1EEE01'), '国家示例公共信用信息中心', 'INSTITUTION', '92'),
  authority('provincial-platform', '33', 'CREDIT'),
  authority('provincial-platform', '44', 'CREDIT'),
  authority('provincial-platform', XPCC.code, 'CREDIT'),
  authority('sector-regulator', '33', 'MARKET', 'F'),
  authority('determining-unit', '33', 'LABOUR'),
  authority('implementer', '33', 'TRANSPORT', 'G'),
  organisation('bank', composeUscc('91330000', 'MA0EEE02'), '浙江示例云帆商业银行股份有限公司', 'ENTERPRISE', '66'),
  organisation(
    'credit-service-agency',
    composeUscc('91310000', 'MA0EEE03'),
    '上海示例明镜征信服务有限公司',
    'ENTERPRISE',
    '72',
  ),
  organisation(
    'industry-association',
    composeUscc('51330000', 'MJ0EEE04'),
    '浙江省示例零售行业协会',
    'SOCIAL_ORGANISATION',
    '95',
  ),
  organisation(
    'assessor',
    composeUscc('52110000', 'MJ0EEE05'),
    '北京示例衡准信用评估研究院',
    'SOCIAL_ORGANISATION',
    '73',
  ),
  authority('auditor', '33', 'AUDIT'),
  organisation('rule-keeper', composeUscc('11100000', 'MB0EEE06'), '国家示例信用规则管理司', 'STATE_ORGAN', '92'),
  organisation('operator', composeUscc('91110000', 'MA0EEE07'), '北京示例网关运维有限公司', 'ENTERPRISE', '65'),
  organisation('subject', composeUscc('91330106', 'MA0EEE08'), '杭州市西湖区示例云帆零售有限公司', 'ENTERPRISE', '52'),
  organisation(
    'heavy-subject',
    composeUscc('91330106', 'MA0EEE09'),
    '杭州市西湖区示例长尾批发有限公司',
    'ENTERPRISE',
    '51',
  ),
  // The synthetic codes of our reference, for documents and tests.
  organisation('sample', '91110105MA0EEE1197', '北京市朝阳区示例样本一科技有限公司', 'ENTERPRISE', '65'),
  organisation('sample', '92440305MA5EEE222Y', '深圳市南山区示例样本二小吃店（个体工商户）', 'SELF_EMPLOYED', '62'),
  organisation('sample', '93330106MA2EEE3316', '杭州市西湖区示例样本三茶叶专业合作社', 'COOPERATIVE', '01'),
  organisation('sample', '51310000MJ0EEE445K', '上海市示例样本四行业协会', 'SOCIAL_ORGANISATION', '95'),
  organisation('sample', '12500000MB1EEE5523', '重庆市示例样本五服务中心', 'INSTITUTION', '78'),
  organisation('sample', '11650100MB0EEE665G', '乌鲁木齐市示例样本六管理局', 'STATE_ORGAN', '92'),
  organisation('sample', '52420100MJ1EEE770B', '武汉市示例样本七培训中心', 'SOCIAL_ORGANISATION', '83'),
];

/** The first organisation of a kind, by reporting unit where one is given. Null when there is none. */
export function findDemoOrganisation(kind: DemoKind, reportingUnit?: string): DemoOrganisation | null {
  return (
    demoOrganisations.find(
      (each) => each.kind === kind && (reportingUnit === undefined || each.reportingUnit === reportingUnit),
    ) ?? null
  );
}
