import { type Connection, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { visibleValue } from '#kit/fields.ts';
import { query, type Statement } from '#kit/postgres/pool.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import { recordRead } from '#records/recordFields.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { rowScope, rowValues } from '#policy/rows.ts';
import type { ActRow } from './repository.ts';

// Lists of the acts of one unit, for the unit itself and who supervises it.

/**
 * @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees all.
 */
export const checkReach = (context: SubgraphContext, unit: string): void => {
  if (outcomeFor(context.viewer, 'REPORT') !== 'ALLOW')
    visibleValue(context, 'REPORT', { uscc: unit, province: provinceOfCode(unit), units: [unit] }, null);
};

/** A page of a list of acts. */
export interface ActPage {
  /** The coordinate of the list in the schema, and what its cursors are valid for. */
  readonly field: string;
  readonly question: readonly unknown[];
  readonly find: Statement;
  readonly count: Statement;
  /** The parameters of both statements between those of the row rule and the page. */
  readonly values: readonly unknown[];
  /** The position before the first act: a day and the id of a record. */
  readonly start: readonly [day: string, recordId: string];
  readonly first: number;
  readonly after: string | null | undefined;
}

/** Reads a page of acts, which are noted as read where they are not published. @throws BAD_CURSOR */
export async function readActPage(
  { pool, cursors }: SubgraphRuntime,
  context: SubgraphContext,
  { field, question, find, count, values, start, first, after }: ActPage,
): Promise<Connection<ActRow>> {
  const asked = [...rowValues(rowScope(context.viewer), context.today), ...values];
  const pager = cursors.pager(field, question, context.viewer);
  const [day, recordId] = pager.position(after) ?? start;
  const page = pageOf(await query<ActRow>(pool, find, [...asked, day, recordId, first + 1]), first);
  for (const row of page.items) recordRead(context, row);
  return {
    page,
    cursorOf: (row) => pager.cursorOf(row.day, row.record_id),
    count: async () => (await query<{ value: number }>(pool, count, asked))[0]?.value ?? 0,
  };
}
