import { badInput } from './errors.ts';

/** A page of a Relay connection, with its items in order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

export interface Connection<Item> {
  edges: { cursor: string; node: Item }[];
  nodes: readonly Item[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** @throws BAD_USER_INPUT (PAGE_SIZE) unless `first` is 1 to `most`. */
export function checkFirst(first: number, most = 100): number {
  if (!Number.isInteger(first) || first < 1 || first > most) throw badInput('first', 'PAGE_SIZE', `\`first\` is ${first}; a page has 1 to ${most} items.`, `1 to ${most}`);
  return first;
}

/** @throws BAD_USER_INPUT (TOO_MANY) when there are more than `most`. */
export function checkBatch<Item>(argument: string, items: readonly Item[], most: number): readonly Item[] {
  if (items.length > most) throw badInput(argument, 'TOO_MANY', `\`${argument}\` has ${items.length} items; at most ${most} are answered at once.`, `at most ${most}`);
  return items;
}

/** A connection out of a page; `cursorOf` gives the position of an item. */
export function connection<Item>(page: Page<Item>, cursorOf: (item: Item) => string): Connection<Item> {
  const edges = page.items.map((node) => ({ cursor: cursorOf(node), node }));
  return { edges, nodes: page.items, pageInfo: { hasNextPage: page.hasNextPage, endCursor: edges.at(-1)?.cursor ?? null } };
}

/** A page out of `first + 1` rows asked for: the extra one only tells that there are more. */
export const pageOf = <Item>(rows: readonly Item[], first: number): Page<Item> => ({ items: rows.slice(0, first), hasNextPage: rows.length > first });

/** Totals are counted up to here; a larger one says `exact: false`. */
export const COUNT_LIMIT = 10_000;

export const totalCount = (counted: number): { value: number; exact: boolean } => ({ value: Math.min(counted, COUNT_LIMIT), exact: counted <= COUNT_LIMIT });
