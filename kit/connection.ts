import { badInput } from './errors.ts';

/** A page of a Relay connection, with its items in order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

/**
 * A Relay connection whose parts are computed when they are selected: a cursor costs 15 µs, a total a statement of its
 * own.
 */
export interface Connection<Item> {
  readonly page: Page<Item>;
  readonly cursorOf: (item: Item) => string;
  readonly count: () => Promise<number>;
  /** Counting stops here; COUNT_LIMIT when left out. */
  readonly countLimit?: number;
}

/** An item of a connection, whose cursor is made when it is selected. */
export interface Edge<Item> {
  readonly node: Item;
  readonly cursorOf: (item: Item) => string;
}

/** The end of a page; its last cursor is made when it is selected. */
export interface PageEnd {
  readonly hasNextPage: boolean;
  readonly endCursor: () => string | null;
}

/**
 * Returns `first`, the requested size of a page.
 * @throws BAD_USER_INPUT (PAGE_SIZE) unless it is 1 to `max`
 */
export function checkFirst(first: number, max = 100): number {
  if (!Number.isInteger(first) || first < 1 || first > max)
    throw badInput('first', 'PAGE_SIZE', `\`first\` is ${first}; a page has 1 to ${max} items.`, `1 to ${max}`);
  return first;
}

/**
 * Returns `items`, a list given as an argument.
 * @throws BAD_USER_INPUT (TOO_MANY) when there are more than `max`
 */
export function checkBatch<Item>(argument: string, items: readonly Item[], max: number): readonly Item[] {
  if (items.length > max)
    throw badInput(
      argument,
      'TOO_MANY',
      `\`${argument}\` has ${items.length} items; at most ${max} are answered at once.`,
      `at most ${max}`,
    );
  return items;
}

/** Makes a page out of up to `first + 1` rows: the extra row only shows that there are more. */
export const pageOf = <Item>(rows: readonly Item[], first: number): Page<Item> => ({
  items: rows.slice(0, first),
  hasNextPage: rows.length > first,
});

/** Maximum of a total. A larger one has `exact: false`. */
export const COUNT_LIMIT = 10_000;

/** A total of up to `limit`; `counted` comes from a count that stops at one more. */
export const totalCount = (counted: number, limit = COUNT_LIMIT): { value: number; exact: boolean } => ({
  value: Math.min(counted, limit),
  exact: counted <= limit,
});

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

/** The resolvers of an edge type: its cursor, sealed only when it is selected. */
export const edgeFields = <Item>() => ({ cursor: ({ node, cursorOf }: Edge<Item>): string => cursorOf(node) });

export const pageInfoFields = { endCursor: (end: PageEnd) => end.endCursor() };
