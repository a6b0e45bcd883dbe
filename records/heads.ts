import { bulkPredicate, bulkValue } from '#policy/bulk.ts';
import { rightsColumns, type RowRights, rowParameters, rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { FeedTable, RecordFeed } from './outbox.ts';
import type { Instants } from './instants.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { believedAt } from './record.ts';

// Records without their content, for the gateway alone: the present state of a code that a client begins to follow, and
// the order of a snapshot. The client that receives them reads the records through the graph.

/** Selects records; null does not narrow. */
export interface HeadAsk {
  readonly codes: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly categories: readonly string[] | null;
  readonly provinces: readonly string[] | null;
  readonly sectors: readonly string[] | null;
  /** A sealed instant. */
  readonly knownAt: string;
  /**
   * Only records valid from this day in Asia/Shanghai or an earlier one; null: also those valid later, as events
   * deliver them.
   */
  readonly validAt: string | null;
  readonly after: HeadPosition | null;
  /** At most this many are returned; fewer only at the end. */
  readonly limit: number;
}

export interface HeadPosition {
  readonly uscc: string;
  /** UUID text. */
  readonly recordId: string;
}

/**
 * A record at the version believed at `knownAt`, with what feed.log holds of a change: its rights as they are now, its
 * type and the basis of its state.
 */
export interface Head extends RowRights {
  readonly recordId: string;
  readonly version: number;
  /** ISO 8601. */
  readonly recordedAt: string;
  readonly type: string;
  readonly category: string | null;
  readonly basis: Readonly<Record<string, unknown>> | null;
}

/**
 * Heads in the order of code and record id: those that the viewer may see and, where more than one code is requested,
 * those that it receives in bulk (policy/bulk.ts).
 * @throws KNOWN_AT_TOO_LATE
 */
export type HeadReader = (viewer: Viewer, ask: HeadAsk) => Promise<readonly Head[]>;

export interface HeadTable extends FeedTable {
  readonly feed: RecordFeed;
}

// Sorts before every record.
const START: HeadPosition = { uscc: '', recordId: '00000000-0000-0000-0000-000000000000' };

/** Creates the reader of heads of one table. Its statement is the same for every selection: a null does not narrow. */
export function createHeadReader(
  { pool, instants, now }: { readonly pool: Pool; readonly instants: Instants; readonly now: () => Date },
  { schema, name, feed }: HeadTable,
): HeadReader {
  const { type, category, basis } = feed;
  const categoryOf = category === null ? 'null::text' : `record.${category}`;
  // $1… the viewer's rows · then its bulk · then the filter · then the page
  const FILTER = rowParameters + 2;
  const isOneOf = (value: string, parameter: number): string =>
    `($${parameter}::text[] is null or ${value} = any($${parameter}::text[]))`;
  // The statement has no name, so it is planned with its own values and a filter that does not narrow costs nothing.
  const text = `
    select record.uscc, record.record_id as "recordId", record.version, record.recorded_at as "recordedAt",
           ${[...rightsColumns, 'erased_at'].map((column) => `record.${column}`).join(', ')},
           record.${type} as type, ${categoryOf} as category, ${basis('record')} as basis
    from ${schema}.${name} record
    where ${rowPredicate('record', 1)}
      and ($${rowParameters + 1}::boolean or ${bulkPredicate('record', FILTER)})
      and ${isOneOf('record.uscc', FILTER + 1)}
      and ${isOneOf(`record.${type}`, FILTER + 2)}
      and ${isOneOf(categoryOf, FILTER + 3)}
      and ${isOneOf('record.province', FILTER + 4)}
      and ${isOneOf('record.sector', FILTER + 5)}
      and ${believedAt('record', `$${FILTER + 6}::timestamptz`)}
      and ($${FILTER + 7}::date is null or record.valid_from <= $${FILTER + 7}::date)
      and (record.uscc, record.record_id) > ($${FILTER + 8}::text, $${FILTER + 9}::uuid)
    order by record.uscc, record.record_id
    limit $${FILTER + 10}`;

  return async (viewer, { codes, types, categories, provinces, sectors, knownAt, validAt, after, limit }) => {
    await instants.require(knownAt, knownAt);
    const { uscc, recordId } = after ?? START;
    const isSingle = codes !== null && codes.length <= 1;
    const values = [
      ...rowValues(rowScope(viewer), shanghaiDay(now())),
      isSingle,
      bulkValue(viewer),
      codes,
      types,
      categories,
      provinces,
      sectors,
      knownAt,
      validAt,
      uscc,
      recordId,
      limit,
    ];
    const { rows } = await pool.query<Head>(text, values);
    return rows;
  };
}
