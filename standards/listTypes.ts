import table from './data/listTypes.json' with { type: 'json' };

export type ListCategory = 'SERIOUS' | 'FOCUS' | 'ABNORMAL' | 'COMMENDED';

export interface ListType {
  code: string;
  name: string;
  englishName: string;
  category: ListCategory;
  /** The authority that owns the rules of the list. */
  owner: string;
  legalBasis: string[];
  termText: string;
  /** What a term usually is, in months; null where the list has no fixed term. The term of an entry is its own. */
  termMonths: number | null;
  /** 893 clause 4: entries of a focus list are published only when the determining unit chooses to. */
  publication: 'MANDATORY' | 'OPTIONAL';
  /** Inclusive; effectiveTo is exclusive, null while in force. Days of Asia/Shanghai. */
  effectiveFrom: string;
  effectiveTo: string | null;
  source: string;
  unverified?: boolean;
}

/** Types of name list (名单类型), as data: a new list is a row of data/listTypes.json. */
export const listTypes: readonly ListType[] = table.items as ListType[];

const byCode = new Map(listTypes.map(type => [type.code, type]));

/** The type of a code, whether or not in force; null when nobody registered it: an entry of such a type is refused. */
export function findListType(code: string): ListType | null {
  return byCode.get(code) ?? null;
}

/** Types in force on a day 'YYYY-MM-DD'. */
export function listTypesOn(day: string): ListType[] {
  return listTypes.filter(type => type.effectiveFrom <= day && (type.effectiveTo === null || day < type.effectiveTo));
}
