import { rowScope, rowValues } from '#policy/rows.ts';
import type { SubgraphContext } from './context.ts';

// What the batched reads of records share (kit/batches.ts runs them): who asks for what, which asks may be one statement, and whose
// the rows are that come back.

export interface Asked<Ask> {
  readonly context: SubgraphContext;
  readonly ask: Ask;
}

interface AtTimes {
  readonly validAt: string;
  readonly knownAt: string;
}

/** The parameters of the row rule for whoever asks. */
export const rights = (context: SubgraphContext): unknown[] => rowValues(rowScope(context.viewer), context.today);

/** Everything that decides which rows of an entity are given: asks that differ in it never share a statement. */
export const groupOf = ({ context, ask }: Asked<AtTimes>, ...more: readonly unknown[]): string =>
  `${readerOf({ context, ask })} ${ask.validAt} ${ask.knownAt} ${more.length === 0 ? '' : JSON.stringify(more)}`;

/** The first parameters for asks of one group: their codes, the two times, the rights. */
export const sharedValues = (asks: readonly Asked<AtTimes & { readonly uscc: string }>[]): unknown[] => {
  const { context, ask } = asks[0] as Asked<AtTimes & { readonly uscc: string }>; // a group has a member
  return [asks.map((each) => each.ask.uscc), ask.validAt, ask.knownAt, ...rights(context)];
};

/** Whoever asks: for reads in which each ask brings its own times. */
export const readerOf = ({ context }: Asked<unknown>): string => `${context.viewer.grant} ${context.today}`;

/** Records read by one statement: a page of events that is told at once (gateway/live). */
export const MAX_RECORDS = 500;

/** The first parameters for records by id, each at its own times: codes, record ids, days, instants. */
export const recordValues = (asks: readonly Asked<AtTimes & { readonly uscc: string; readonly recordId: string }>[]): unknown[] => [
  asks.map(({ ask }) => ask.uscc),
  asks.map(({ ask }) => ask.recordId),
  asks.map(({ ask }) => ask.validAt),
  asks.map(({ ask }) => ask.knownAt),
];

export type Positioned<Row> = Row & { readonly position: bigint };

/** Rows by the ask they answer, which `with ordinality` numbers from 1. */
export function byPosition<Row>(rows: readonly Positioned<Row>[], length: number): Row[][] {
  const lists: Row[][] = Array.from({ length }, () => []);
  for (const row of rows) lists[Number(row.position) - 1]?.push(row);
  return lists;
}
