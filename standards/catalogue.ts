import { createCodeList } from './codeList.ts';
import table from './data/catalogue.json' with { type: 'json' };

export interface CatalogueEdition {
  readonly code: string;
  readonly name: string;
  readonly source: string;
  /** 'YYYY-MM-DD', inclusive; effectiveTo is exclusive, null while in force. */
  readonly effectiveFrom: string;
  readonly effectiveTo: string | null;
  readonly unverified?: boolean;
}

export interface CatalogueItem {
  readonly code: string;
  /** The Chinese term. */
  readonly name: string;
  /** Code and name of the part of the catalogue that lists it. */
  readonly category: { readonly code: string; readonly name: string };
  /** Kinds of record, each with the values of its classifying field that belong to the item; empty for all. */
  readonly admits: Readonly<Record<string, readonly string[]>>;
  readonly legalBasis: string;
  /** The disclosure level of a record that names none; null where its kind decides row by row. */
  readonly disclosureLevel: 'PUBLIC' | 'GOV_SHARED' | 'RESTRICTED' | 'INTERNAL' | null;
  /** The editions that list it, oldest first. */
  readonly editions: readonly CatalogueEdition[];
  /** From the beginning of the first edition to the end of the last. */
  readonly effectiveFrom: string;
  readonly effectiveTo: string | null;
  readonly unverified?: boolean;
}

/** Where a local regulation (地方性法规) requires an item. */
export interface LocalRegulation {
  readonly name: string;
  /** Of the announcement with which the people's congress published it (公告文号). */
  readonly number: string;
  readonly article: string;
}

/** An item that a local supplement adds (catalogueSupplements.ts). */
export interface CatalogueSupplement {
  readonly code: string;
  readonly name: string;
  /** The kind of record that is of the item, in the words of `createFiling`. */
  readonly kind: string;
  readonly disclosureLevel: NonNullable<CatalogueItem['disclosureLevel']>;
  readonly localRegulation: LocalRegulation;
}

/** Editions of the catalogue (全国公共信用信息基础目录), oldest first, each in force until the next. */
export const catalogueEditions: readonly CatalogueEdition[] = table.editions;

const named = <Named extends { readonly code: string }>(list: readonly Named[], code: string): Named => {
  const found = list.find((each) => each.code === code);
  if (found === undefined) throw new Error(`standards/data/catalogue.json: ${code} is named and not there`);
  return found;
};

/**
 * Items of the collection catalogue: what is not listed is not collected. A new item is a row of data/catalogue.json.
 */
export const catalogueItems: readonly CatalogueItem[] = table.items.map((item) => {
  const editions = item.editions.map((code) => named(catalogueEditions, code));
  const [first, last] = [editions[0], editions.at(-1)];
  if (first === undefined || last === undefined)
    throw new Error(`standards/data/catalogue.json: ${item.code} is in no edition`);
  return {
    ...item,
    category: named(table.categories, item.category),
    admits: item.admits as unknown as CatalogueItem['admits'], // JSON gives each item a type of its own
    disclosureLevel: item.disclosureLevel as CatalogueItem['disclosureLevel'], // checked by catalogue.test.ts
    editions,
    effectiveFrom: first.effectiveFrom,
    effectiveTo: last.effectiveTo,
  };
});

/** 目录编码, as a row of a filing names its item. */
export const catalogueCodes = createCodeList(catalogueItems);

const byCode = new Map(catalogueItems.map((item) => [item.code, item]));

/** The item of a code, whether or not in force; null when no edition lists it. */
export function findCatalogueItem(code: string): CatalogueItem | null {
  return byCode.get(code) ?? null;
}

/** The code of the item to which a record of a kind belongs that names none; null where there is no such item. */
export const usualItemOf = (kind: string): string | null =>
  catalogueItems.find(({ admits: kinds }) => Object.hasOwn(kinds, kind) && kinds[kind]?.length === 0)?.code ?? null;

/** The edition in force on a day 'YYYY-MM-DD', and the items it lists; none before the first edition. */
export function catalogueOn(
  day: string,
  items: readonly CatalogueItem[] = catalogueItems,
): { edition: CatalogueEdition; items: CatalogueItem[] } | null {
  const edition = catalogueEditions.find(
    ({ effectiveFrom, effectiveTo }) => effectiveFrom <= day && (effectiveTo === null || day < effectiveTo),
  );
  return edition === undefined ? null : { edition, items: items.filter(({ editions }) => editions.includes(edition)) };
}

/**
 * Whether an item takes records of a kind ('name-list'), of a value of its classifying field (null: it has none) and of
 * a day. A record is collected after its day, so an item that came later takes it; an item whose last edition had ended
 * by then does not.
 */
export function admits(
  { admits: kinds, effectiveTo }: CatalogueItem,
  kind: string,
  value: string | null,
  day: string | null,
): boolean {
  const values = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (values === undefined || (effectiveTo !== null && day !== null && day >= effectiveTo)) return false;
  return values.length === 0 || (value !== null && values.includes(value));
}
