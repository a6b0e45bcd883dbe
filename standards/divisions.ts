import table from './data/divisions.json' with { type: 'json' };

// Six-digit GB/T 2260 codes down to county level.
const names = new Map<string, string>(Object.entries(table.names));

// Divisions whose "city" level is only a heading of the statistical edition.
const HEADINGS = new Set(['市辖区', '县', '省直辖县级行政区划', '自治区直辖县级行政区划']);

export interface Province {
  /** First two digits of GB/T 2260. */
  code: string;
  name: string;
  /** The usual short name (北京, 内蒙古 …). */
  shortName: string;
}

/** The 34 first-level divisions of GB/T 2260. */
export const provinces: readonly Province[] = (
  '11北京 12天津 13河北 14山西 15内蒙古 21辽宁 22吉林 23黑龙江 31上海 32江苏 33浙江 34安徽 35福建 36江西 37山东 41河南 42湖北 43湖南 ' +
  '44广东 45广西 46海南 50重庆 51四川 52贵州 53云南 54西藏 61陕西 62甘肃 63青海 64宁夏 65新疆 71台湾 81香港 82澳门'
)
  .split(' ')
  .map((entry) => ({
    code: entry.slice(0, 2),
    shortName: entry.slice(2),
    name: names.get(`${entry.slice(0, 2)}0000`) ?? entry.slice(2),
  }));

const provinceCodes = new Set(provinces.map((province) => province.code));

/**
 * Units that file: a reporting unit is not a division. Every notice addresses the Xinjiang Production and Construction
 * Corps beside the 31 provinces, and GB/T 2260 has no two digits for it; "66" is what other systems use (unverified).
 */
export interface ReportingUnit {
  code: string;
  name: string;
  /** First two digits of GB/T 2260 of the place it lies in. */
  provinceCode: string;
  unverified?: true;
}

export const XPCC: ReportingUnit = { code: '66', name: '新疆生产建设兵团', provinceCode: '65', unverified: true };

export const reportingUnits: readonly ReportingUnit[] = [
  ...provinces
    .filter((province) => Number(province.code) < 71)
    .map(({ code, name }) => ({ code, name, provinceCode: code })),
  XPCC,
];

/**
 * Whether a six-digit code is in GB/T 2260 (state 100000, province, city or county level). Abolished codes are not
 * known.
 */
export function isKnownDivision(code: string): boolean {
  return names.has(code);
}

/** The county-level codes of the 31 provinces in ascending order; the cities of XPCC are among them. */
export function countyDivisions(): string[] {
  return [...names.keys()].filter((code) => Number(code.slice(0, 2)) < 71 && !code.endsWith('00')).toSorted();
}

/** The Chinese name of a six-digit division on its own level ('330106' → 西湖区), or null. */
export function divisionName(code: string): string | null {
  return names.get(code) ?? null;
}

/** Province, city and county in one ('330106' → 浙江省杭州市西湖区), or null for an unknown code. */
export function divisionFullName(code: string): string | null {
  const own = names.get(code);
  if (own === undefined) return null;
  const levels = [`${code.slice(0, 2)}0000`, `${code.slice(0, 4)}00`, code];
  const parts = [...new Set(levels)].map((level) => names.get(level) ?? '');
  const named = parts.filter((part) => !HEADINGS.has(part));
  return named.length === 0 ? own : named.join('');
}

/**
 * The province of a six-digit division as its first two digits; null for state level (100000) and for any other code
 * that is not in a province.
 */
export function provinceOf(divisionCode: string): string | null {
  const code = divisionCode.slice(0, 2);
  return provinceCodes.has(code) ? code : null;
}

/**
 * The reporting unit of a division: its province, but XPCC for the cities of the Corps (659xxx, unverified rule). Null
 * as in provinceOf.
 */
export function reportingUnitOf(divisionCode: string): string | null {
  return divisionCode.startsWith('659') && divisionCode !== '659000' ? XPCC.code : provinceOf(divisionCode);
}

/** The reporting unit in which a code was issued; null at state level (100000) and for an unknown division. */
export const provinceOfCode = (uscc: string): string | null => reportingUnitOf(uscc.slice(2, 8));

/**
 * The province whose own rules (试点, 地方补充目录) apply to a record: that of the unit that decided, or without that
 * unit's code that of the subject. A unit of the state level has no province, whoever the subject is: no province binds
 * it.
 */
export const regionOf = (unit: string | null, subject: string | null): string | null =>
  unit !== null ? provinceOfCode(unit) : subject !== null ? provinceOfCode(subject) : null;

const DETAIL =
  /^(.*?(?:省|自治区|特别行政区|北京市|上海市|天津市|重庆市))?(.*?(?:自治州|地区|盟|市))?(.*?(?:自治县|自治旗|林区|特区|(?<![小社园校厂景])区|县|旗|(?<![集超门])市))?/;

/**
 * An address cut to district level, in which the public sees addresses close to persons (self-employed businesses). It
 * is taken from the division when that is known, else from the words of the address. Null when neither names a place;
 * it is never the whole address.
 */
export function districtLevelAddress(address: string | null, divisionCode: string | null): string | null {
  const division = divisionCode === null ? null : divisionFullName(divisionCode);
  if (division !== null && divisionCode !== '100000') return division;
  const found = address === null ? '' : (DETAIL.exec(address)?.[0] ?? '');
  return found === '' || found.length > 40 ? null : found;
}
