import table from './data/listTypes.json' with { type: 'json' };
import { addDays, addMonths } from './publicationTerms.ts';

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
  /** The usual term in months; null where the list has no fixed term. Each entry has its own term. */
  termMonths: number | null;
  /** The longest term in months where it is more than the usual one. */
  longestMonths?: number;
  /** Where the list has no fixed term: after so many months an entry is to be reviewed. */
  reviewMonths?: number;
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

const byCode = new Map(listTypes.map((type) => [type.code, type]));

/** The type of a code, whether or not in force; null when it is not registered: an entry of such a type is refused. */
export function findListType(code: string): ListType | null {
  return byCode.get(code) ?? null;
}

/** The last day that the term of an entry can have, by its list; null where the list has no fixed term. */
export const longestTermOf = ({ termMonths, longestMonths }: ListType, listedOn: string): string | null =>
  termMonths === null ? null : addDays(addMonths(listedOn, longestMonths ?? termMonths), -1);

/** The day on which an entry without a term is to be reviewed; null where its list has a term. */
export const reviewDayOf = ({ reviewMonths }: ListType, listedOn: string): string | null =>
  reviewMonths === undefined ? null : addMonths(listedOn, reviewMonths);

/** Types in force on a day 'YYYY-MM-DD'. */
export function listTypesOn(day: string): ListType[] {
  return listTypes.filter((type) => type.effectiveFrom <= day && (type.effectiveTo === null || day < type.effectiveTo));
}
