import { catalogueCode } from './catalogueItem.ts';
import { disclosureLevels, subjectCategories } from './codeLists.ts';
import type { FormField } from './form.ts';

/** Identifiers older than the Unified Social Credit Code, in the order of the form (代码_2 to 代码_6). */
export function legacyIdentifiers(prefix: string): FormField[] {
  const field = (
    column: string,
    name: string,
    label: string,
    scheme: string,
    maxLength: number,
    unverified?: true,
  ): FormField => ({
    column: `${prefix}_${column}`,
    name,
    label,
    type: 'identifier',
    scheme,
    maxLength,
    rule: 'optional',
    ...(unverified && { unverified }),
  });
  return [
    field('GSZC', 'registrationNumber', '工商注册号', 'REGISTRATION_NUMBER', 50, true),
    field('ZZJG', 'organisationCode', '组织机构代码', 'ORGANISATION_CODE', 10),
    field('SWDJ', 'taxNumber', '税务登记号', 'TAX_NUMBER', 20),
    field('SYDW', 'institutionCertificate', '事业单位证书号', 'INSTITUTION_CERTIFICATE', 12),
    field('SHZZ', 'socialOrganisationCertificate', '社会组织登记证号', 'SOCIAL_ORGANISATION_CERTIFICATE', 50, true),
  ];
}

/** Column codes of the 2016 edition for the same identifiers (unverified). */
const OLDER_COLUMNS: Record<string, readonly string[]> = { registrationNumber: ['GSDJ'], organisationCode: ['ZDM'] };

export const subjectIdentifierNames: readonly string[] = [
  'subjectUscc',
  'registrationNumber',
  'organisationCode',
  'taxNumber',
  'institutionCertificate',
  'socialOrganisationCertificate',
];

/** The subject's economic activity: an extra of ours, by which a sector's regulator finds the records of its sector. */
const industry = (prefix: string): FormField => ({
  column: `${prefix}_XDR_HYDM`,
  name: 'industryCode',
  label: '主体行业代码',
  type: 'text',
  maxLength: 5,
  rule: 'optional',
  unverified: true,
});

const nameAndCategory = (prefix: string): FormField[] => [
  {
    column: `${prefix}_XDR_MC`,
    name: 'subjectName',
    label: '主体名称',
    type: 'text',
    maxLength: 200,
    rule: 'reject',
    unverified: true,
  },
  {
    column: `${prefix}_XDR_LB`,
    name: 'subjectCategory',
    label: '主体类别',
    type: 'code',
    codes: subjectCategories,
    rule: 'optional',
    unverified: true,
  },
];
const code = (prefix: string, rule: Pick<FormField, 'rule' | 'strict'>): FormField => ({
  column: `${prefix}_XDR_SHXYM`,
  name: 'subjectUscc',
  label: '统一社会信用代码',
  type: 'uscc',
  ...rule,
});

/** The subject of a record, for the forms that are ours: name and code. */
export const subject = (prefix: string): FormField[] => [
  ...nameAndCategory(prefix),
  code(prefix, { rule: 'reject' }),
  industry(prefix),
];

/** The same, with an older identifier in the place of the code; the form has `subjectIdentifierNames` in `oneOf`. */
export const subjectByIdentifier = (prefix: string): FormField[] => [
  ...nameAndCategory(prefix),
  code(prefix, { rule: 'optional', strict: true }),
  ...legacyIdentifiers(`${prefix}_XDR`),
  industry(prefix),
];

/**
 * The subject block of the licence and penalty forms (行政相对人, 2018 edition); identity numbers of persons are never kept.
 */
export function officialSubject(prefix: 'XK' | 'CF'): FormField[] {
  const person = (column: string, name: string, label: string): FormField => ({
    column: `${prefix}_${column}`,
    name,
    label,
    type: 'text',
    rule: 'optional',
    dropped: true,
  });
  return [
    {
      column: `${prefix}_XDR_MC`,
      name: 'subjectName',
      label: '行政相对人名称',
      aliases: [`${prefix}_XDR`],
      type: 'text',
      maxLength: 200,
      rule: 'reject',
      unverified: true,
    },
    {
      column: `${prefix}_XDR_LB`,
      name: 'subjectCategory',
      label: '行政相对人类别',
      type: 'code',
      codes: subjectCategories,
      rule: 'warn',
      unverified: true,
    },
    {
      column: `${prefix}_XDR_SHXYM`,
      name: 'subjectUscc',
      label: '行政相对人代码_1（统一社会信用代码）',
      aliases: ['行政相对人代码_1', '统一社会信用代码'],
      type: 'uscc',
      rule: 'optional',
      strict: true,
    },
    ...legacyIdentifiers(`${prefix}_XDR`).map((field, index) => ({
      ...field,
      label: `行政相对人代码_${index + 2}（${field.label}）`,
      aliases: [
        `行政相对人代码_${index + 2}`,
        field.label,
        ...(OLDER_COLUMNS[field.name] ?? []).map((column) => `${prefix}_XDR_${column}`),
      ],
    })),
    industry(prefix),
    {
      column: `${prefix}_FRDB`,
      name: 'legalRepresentative',
      label: '法定代表人',
      aliases: [`${prefix}_FR`, '法定代表人姓名'],
      type: 'text',
      maxLength: 50,
      rule: 'warn',
      unverified: true,
    },
    person('FR_ZJLX', 'legalRepresentativeDocumentKind', '法定代表人证件类型'),
    {
      ...person('FR_ZJHM', 'legalRepresentativeDocumentNumber', '法定代表人证件号码'),
      aliases: [`${prefix}_FR_SFZH`, `${prefix}_FRSFZH`, '法定代表人身份证号'],
    },
    person('XDR_ZJLX', 'subjectDocumentKind', '证件类型'),
    { ...person('XDR_ZJHM', 'subjectDocumentNumber', '证件号码'), aliases: [`${prefix}_XDR_SFZ`, '居民身份证号'] },
  ];
}

/** 信息使用范围. Where the row has none, the rule of the kind of record decides. */
export function disclosure(prefix: string): FormField {
  return {
    column: `${prefix}_SYFW`,
    name: 'disclosureLevel',
    label: '信息使用范围',
    type: 'code',
    codes: disclosureLevels,
    rule: 'optional',
    strict: true,
    unverified: true,
  };
}

/** 门户网站公示日期: when the deciding unit published the act on its own site, the first of the two steps. An extra of ours. */
export function ownSite(prefix: string): FormField {
  return {
    column: `${prefix}_GSRQ`,
    name: 'ownSiteOn',
    label: '门户网站公示日期',
    aliases: ['公示日期'],
    type: 'date',
    rule: 'optional',
    unverified: true,
  };
}

/** A unit and its code: two columns. */
export function unit(
  column: string,
  codeColumn: string,
  name: string,
  label: string,
  rule: 'reject' | 'warn' | 'optional',
  aliases?: readonly string[],
): FormField[] {
  return [
    {
      column,
      name: `${name}Name`,
      label,
      type: 'text',
      isUnitName: true,
      maxLength: 200,
      rule,
      ...(aliases && { aliases }),
      unverified: true,
    },
    { column: codeColumn, name: `${name}Uscc`, label: `${label}统一社会信用代码`, type: 'uscc', rule },
  ];
}

/** Where a record comes from inside its source (目录编码, 源记录标识, 地方编码): extras of ours, optional. */
export const provenance: readonly FormField[] = [
  catalogueCode,
  {
    column: 'YJLBS',
    name: 'sourceRecordId',
    label: '源记录标识',
    type: 'text',
    isNumber: true,
    maxLength: 128,
    rule: 'optional',
    unverified: true,
  },
  { column: 'DFBM', name: 'localDivision', label: '地方编码', type: 'division', rule: 'optional', unverified: true },
];
