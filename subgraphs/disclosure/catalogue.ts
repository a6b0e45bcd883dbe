import { type CatalogueEdition, type CatalogueItem, catalogueOn } from '#standards/catalogue.ts';

/** An item, as listed in the edition of a day. */
export interface ListedItem extends CatalogueItem {
  readonly edition: CatalogueEdition;
}

/** The catalogue in force on a day 'YYYY-MM-DD'; empty before its first edition. */
export function listedOn(day: string): ListedItem[] {
  const found = catalogueOn(day);
  return found === null ? [] : found.items.map((item) => ({ ...item, edition: found.edition }));
}

export const catalogueItemFields = {
  kinds: ({ admits }: ListedItem) => Object.keys(admits),
  verified: ({ unverified }: ListedItem) => unverified !== true,
};

export const catalogueEditionFields = { verified: ({ unverified }: CatalogueEdition) => unverified !== true };
