import { rowScope, rowValues, seesErased } from '#policy/rows.ts';
import { createSharedLoader } from '#kit/batches.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type Pool, query, type Statement } from '#kit/postgres/pool.ts';

// What the batched reads of records share (kit/batches.ts runs them): the parameters of the viewer, which requests may
// share a statement, and which request each returned row answers.

export interface Asked<Ask> {
  readonly context: SubgraphContext;
  readonly ask: Ask;
}

interface AtTimes {
  readonly validAt: string;
  readonly knownAt: string;
}

/** A request for one record at its own times. */
interface RecordAsk extends AtTimes {
  readonly uscc: string;
  readonly recordId: string;
}

/** The values of `rowPredicate` for the viewer, on the day of its operation; there are `rowParameters` of them. */
export const rights = (context: SubgraphContext): unknown[] => rowValues(rowScope(context.viewer), context.today);

/**
 * The key of everything that decides which rows of an entity are returned. Requests that differ in it never share a
 * statement.
 */
export const groupOf = ({ context, ask }: Asked<AtTimes>, ...more: readonly unknown[]): string =>
  `${readerOf({ context, ask })} ${ask.validAt} ${ask.knownAt} ${more.length === 0 ? '' : JSON.stringify(more)}`;

/** The first parameters for requests of one group: their codes, the two times and the rights. */
export const sharedValues = (asks: readonly Asked<AtTimes & { readonly uscc: string }>[]): unknown[] => {
  const { context, ask } = asks[0] as Asked<AtTimes & { readonly uscc: string }>; // a group is never empty
  return [asks.map((each) => each.ask.uscc), ask.validAt, ask.knownAt, ...rights(context)];
};

/** The group key of the viewer, for reads in which each request has its own times. */
const readerOf = ({ context }: Asked<unknown>): string => `${context.viewer.grant} ${context.today}`;

/** Maximum number of records read by one statement: a page of events that is delivered at once (gateway/changes). */
const MAX_RECORDS = 500;

/** The first parameters for records by id, each at its own times: codes, record ids, days and instants. */
const recordValues = (asks: readonly Asked<RecordAsk>[]): unknown[] => [
  asks.map(({ ask }) => ask.uscc),
  asks.map(({ ask }) => ask.recordId),
  asks.map(({ ask }) => ask.validAt),
  asks.map(({ ask }) => ask.knownAt),
];

export type Positioned<Row> = Row & { readonly position: bigint };

/** Rows by the request that they answer, which `with ordinality` numbers from 1. */
export function byPosition<Row>(rows: readonly Positioned<Row>[], length: number): Row[][] {
  const lists: Row[][] = Array.from({ length }, () => []);
  for (const row of rows) lists[Number(row.position) - 1]?.push(row);
  return lists;
}

/**
 * Creates the loader of records by id, each at its own times; null for a record that the viewer may not see at them.
 * @param byId a statement whose parameters are `recordValues`, the rights of the viewer and whether it sees erased
 * records, and whose rows have the position of the request that they answer
 */
export const createRecordLoader = <Row extends object>(
  pool: Pool,
  byId: Statement,
): ((asked: Asked<RecordAsk>) => Promise<Row | null>) =>
  createSharedLoader<Asked<RecordAsk>, Row | null>(
    readerOf,
    async (asks) => {
      const { context } = asks[0] as Asked<RecordAsk>; // a group has a member
      const rows = await query<Positioned<Row>>(pool, byId, [
        ...recordValues(asks),
        ...rights(context),
        seesErased(context.viewer),
      ]);
      return byPosition<Row>(rows, asks.length).map(([row]) => row ?? null);
    },
    MAX_RECORDS,
  );
