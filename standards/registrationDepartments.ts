export interface OrganisationCategory {
  code: string;
  name: string;
  /** The kind of entity that such codes are issued to (standards/forms/codeLists.ts), where it is one alone. */
  kind?: string;
}

export interface RegistrationDepartment {
  code: string;
  name: string;
  categories: OrganisationCategory[];
  /** The categories come from general knowledge, not from a text of the standard that we have read. */
  unverified?: true;
}

const OTHER = { code: '9', name: '其他' };

/**
 * GB 32100-2015: position 1 (登记管理部门代码) and position 2 (机构类别代码) of the Unified Social Credit Code. It is only a source
 * of warnings: a department may receive new categories before this table has them.
 */
export const registrationDepartments: readonly RegistrationDepartment[] = [
  {
    code: '1',
    name: '机构编制',
    categories: [
      { code: '1', name: '机关', kind: 'STATE_ORGAN' },
      { code: '2', name: '事业单位', kind: 'INSTITUTION' },
      { code: '3', name: '编办直接管理机构编制的群众团体' },
      OTHER,
    ],
  },
  { code: '2', name: '外交', categories: [{ code: '1', name: '外国常驻新闻机构' }, OTHER] },
  {
    code: '3',
    name: '司法行政',
    categories: [
      { code: '1', name: '律师执业机构' },
      { code: '2', name: '公证处' },
      { code: '3', name: '基层法律服务所' },
      { code: '4', name: '司法鉴定机构' },
      { code: '5', name: '仲裁委员会' },
      OTHER,
    ],
  },
  { code: '4', name: '文化', categories: [{ code: '1', name: '外国在华文化中心' }, OTHER] },
  {
    code: '5',
    name: '民政',
    unverified: true,
    categories: [
      { code: '1', name: '社会团体', kind: 'SOCIAL_ORGANISATION' },
      { code: '2', name: '民办非企业单位', kind: 'SOCIAL_ORGANISATION' },
      { code: '3', name: '基金会', kind: 'SOCIAL_ORGANISATION' },
      OTHER,
    ],
  },
  {
    code: '6',
    name: '旅游',
    unverified: true,
    categories: [
      { code: '1', name: '外国旅游部门常驻代表机构' },
      { code: '2', name: '港澳台地区旅游部门常驻内地（大陆）代表机构' },
      OTHER,
    ],
  },
  {
    code: '7',
    name: '宗教',
    unverified: true,
    categories: [{ code: '1', name: '宗教活动场所' }, { code: '2', name: '宗教院校' }, OTHER],
  },
  { code: '8', name: '工会', unverified: true, categories: [{ code: '1', name: '基层工会' }, OTHER] },
  {
    code: '9',
    name: '市场监管',
    unverified: true,
    categories: [
      { code: '1', name: '企业', kind: 'ENTERPRISE' },
      { code: '2', name: '个体工商户', kind: 'SELF_EMPLOYED' },
      { code: '3', name: '农民专业合作社', kind: 'COOPERATIVE' },
    ],
  },
  {
    code: 'A',
    name: '中央军委改革和编制办公室',
    unverified: true,
    categories: [{ code: '1', name: '军队事业单位' }, OTHER],
  },
  {
    code: 'N',
    name: '农业',
    unverified: true,
    categories: [
      { code: '1', name: '组级集体经济组织' },
      { code: '2', name: '村级集体经济组织' },
      { code: '3', name: '乡镇级集体经济组织' },
      OTHER,
    ],
  },
  { code: 'Y', name: '其他', unverified: true, categories: [{ code: '1', name: '其他' }] },
];

const categories = new Map(
  registrationDepartments.flatMap((department) =>
    department.categories.map((category) => [department.code + category.code, category] as const),
  ),
);

/** The kind of entity that a code says by its first two characters (`91…` → ENTERPRISE); null where it does not. */
export const kindOfCode = (uscc: string): string | null => categories.get(uscc.slice(0, 2))?.kind ?? null;

/**
 * The Chinese name of the organisation category of a code, by its first two characters ('91' → 企业), or null when
 * unknown.
 */
export function organisationCategoryName(firstTwo: string): string | null {
  return categories.get(firstTwo)?.name ?? null;
}
