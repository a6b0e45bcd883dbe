import { badInput } from './errors.ts';

/** A page of a Relay connection, with its items in order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

/** A Relay connection whose parts are made when they are selected: a cursor costs 15 µs, a total a statement of its own. */
export interface Connection<Item> {
  readonly page: Page<Item>;
  readonly cursorOf: (item: Item) => string;
  readonly count: () => Promise<number>;
  /** Up to where it counts; COUNT_LIMIT when left out. */
  readonly countLimit?: number;
}

/** An item of a connection, whose cursor is made when it is selected. */
export interface Edge<Item> {
  readonly node: Item;
  readonly cursorOf: (item: Item) => string;
}

/** Where a page stands; its last cursor is made when it is selected. */
export interface PageEnd {
  readonly hasNextPage: boolean;
  readonly endCursor: () => string | null;
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

/** A page out of `first + 1` rows asked for: the extra one only tells that there are more. */
export const pageOf = <Item>(rows: readonly Item[], first: number): Page<Item> => ({ items: rows.slice(0, first), hasNextPage: rows.length > first });

/** Totals are counted up to here; a larger one says `exact: false`. */
export const COUNT_LIMIT = 10_000;

export const totalCount = (counted: number, limit = COUNT_LIMIT): { value: number; exact: boolean } => ({ value: Math.min(counted, limit), exact: counted <= limit });

/** The resolvers of a connection type, of its edge type and of `PageInfo`, the same for every list. */
export const connectionFields = <Item>() => ({
  edges: ({ page, cursorOf }: Connection<Item>): Edge<Item>[] => page.items.map((node) => ({ node, cursorOf })),
  nodes: ({ page }: Connection<Item>) => page.items,
  pageInfo({ page, cursorOf }: Connection<Item>): PageEnd {
    const last = page.items.at(-1);
    return { hasNextPage: page.hasNextPage, endCursor: () => (last === undefined ? null : cursorOf(last)) };
  },
  totalCount: async ({ count, countLimit }: Connection<Item>) => totalCount(await count(), countLimit),
});

export const edgeFields = <Item>() => ({ cursor: ({ node, cursorOf }: Edge<Item>): string => cursorOf(node) });

export const pageInfoFields = { endCursor: (end: PageEnd) => end.endCursor() };
