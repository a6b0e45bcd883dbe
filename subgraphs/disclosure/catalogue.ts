import { type CatalogueEdition, type CatalogueItem, catalogueOn, type LocalRegulation } from '#standards/catalogue.ts';
import { localItemsOn } from '#standards/catalogueSupplements.ts';
import type { Rules } from '#standards/ruleSets.ts';

/** An item, as listed in the edition of a day, or in the supplement of a region. */
export interface ListedItem extends CatalogueItem {
  readonly edition: CatalogueEdition;
  readonly localRegulation: LocalRegulation | null;
}

/** The national catalogue in force on a day 'YYYY-MM-DD'; empty before its first edition. */
export function listedOn(day: string): ListedItem[] {
  const found = catalogueOn(day);
  return found === null ? [] : found.items.map((item) => ({ ...item, edition: found.edition, localRegulation: null }));
}

/** What the supplements of a region add to it on that day. */
export const listedIn = (rules: Rules, region: string, day: string): ListedItem[] =>
  localItemsOn(rules, region, day).flatMap((item) => item.editions.map((edition) => ({ ...item, edition })));

export const catalogueItemFields = {
  kinds: ({ admits }: ListedItem) => Object.keys(admits),
  verified: ({ unverified }: ListedItem) => unverified !== true,
};

export const catalogueEditionFields = { verified: ({ unverified }: CatalogueEdition) => unverified !== true };
