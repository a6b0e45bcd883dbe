import { outcomeFor } from '#policy/matrix.ts';
import { rowScope, rowValues } from '#policy/rows.ts';
import { findCatalogueItem } from '#standards/catalogue.ts';
import {
  checkFirst,
  type Connection,
  connectionFields,
  type Edge,
  edgeFields,
  pageOf,
  totalCount,
} from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { badInput, clientError } from '#kit/errors.ts';
import { visibleValue } from '#kit/fields.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { type Coverage, createItems, type Kept, type KeptKind, localItemsOf } from './coverageItems.ts';
import { recordRead } from './recordFields.ts';
import { encodeId, type RecordRow } from './record.ts';
import type { RuleStore } from './ruleStore.ts';
import type { SubgraphRuntime } from './subgraph.ts';

// "What shall be collected is collected" (应归尽归): what a unit is registered for, compared with what of it is here. The
// figures are those of now.

/** A kind of record that the unit is registered for. */
interface Duty {
  readonly kind: string;
  readonly promised_delay_hours: number;
  readonly registered_at: string;
  readonly last_filed_at: string | null;
  readonly is_late: boolean;
}

/**
 * Figures of all that was filed, whatever the viewer may see: whether a unit does its duty is judged by all of it, and
 * that reveals nothing about an entity.
 */
interface Figures {
  readonly first: string | null;
  readonly last: string | null;
}

/** What one source has of the item. */
export interface SourceCoverage extends Coverage {
  readonly kept: Kept;
  readonly duties: readonly Duty[];
  readonly figures: Figures;
}

type CollectedRow = RecordRow & { readonly kind: string };

/** The records behind a figure. */
export type CollectedPage = Connection<CollectedRecord>;
export type CollectedEdge = Edge<CollectedRecord>;
export interface CollectedRecord {
  readonly row: CollectedRow;
  readonly id: string;
}

const START = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

/** The duties of a unit, for the kinds of one item; the third parameter is the instant at which lateness is judged. */
const dutiesOf = (schema: string) =>
  statement(
    `${schema}.coverage.duties`,
    `select kind, promised_delay_hours, registered_at, last_filed_at,
            coalesce(last_filed_at, registered_at)
              + make_interval(hours => promised_delay_hours) < $3::timestamptz as is_late
     from ${schema}.source_unit
     where uscc = $1
       and kind = any($2::text[])
       and registered_by is not null
     order by kind
     limit 100`,
  );

/**
 * The request, once the viewer may make it: the unit is its own or of its province, or it sees the report of all.
 * @throws GraphQLError (UNAUTHORIZED_FIELD_OR_TYPE; BAD_USER_INPUT with UNKNOWN_CODE)
 */
async function requireCoverage(rules: RuleStore, coverage: Coverage, context: SubgraphContext): Promise<Coverage> {
  const { unit, item } = coverage;
  if (outcomeFor(context.viewer, 'REPORT') !== 'ALLOW')
    visibleValue(context, 'REPORT', { uscc: unit, province: provinceOfCode(unit), units: [unit] }, null);
  if (findCatalogueItem(item) === null && localItemsOf(await rules.fresh(), coverage).length === 0)
    throw badInput(
      'item',
      'UNKNOWN_CODE',
      'There is no such item in the collection catalogue.',
      'a code of collectionCatalogue, in the region of the unit',
    );
  return { unit, item };
}

/** As `requireCoverage`, for the key of a reference. @throws GraphQLError (BAD_USER_INPUT with TYPE), too */
function resolveReference(
  rules: RuleStore,
  { unit, item }: Readonly<Record<string, unknown>>,
  context: SubgraphContext,
): Promise<Coverage> {
  if (typeof unit !== 'string' || typeof item !== 'string')
    throw clientError('BAD_USER_INPUT', 'A coverage is of a unit and an item.', { argument: 'item', reason: 'TYPE' });
  return requireCoverage(rules, { unit, item }, context);
}

/** The number of records that the viewer may see, up to one more than COUNT_LIMIT. */
async function countOf(
  pool: Pool,
  { unit, item, kept }: SourceCoverage,
  { viewer, today }: SubgraphContext,
): Promise<number> {
  const rights = rowValues(rowScope(viewer), today);
  return (await query<{ count: number }>(pool, kept.count, [...rights, unit, item]))[0]?.count ?? 0;
}

/**
 * The resolver of `SourceCoverage.records`: the records that the viewer may see, those collected last first.
 * @throws GraphQLError (BAD_USER_INPUT with PAGE_SIZE; BAD_CURSOR)
 */
async function collectedRecords(
  { pool, cursors, schema }: Pick<SubgraphRuntime, 'pool' | 'cursors'> & { readonly schema: string },
  coverage: SourceCoverage,
  { first, after }: { first: number; after?: string | null },
  context: SubgraphContext,
): Promise<CollectedPage> {
  checkFirst(first);
  const { unit, item, kept } = coverage;
  const { viewer, today } = context;
  const pager = cursors.pager('SourceCoverage.records', [schema, unit, item], viewer);
  const rights = rowValues(rowScope(viewer), today);
  const [at, recordId] = pager.position(after) ?? START;
  const { items, hasNextPage } = pageOf(
    await query<CollectedRow>(pool, kept.page, [...rights, unit, item, at, recordId, first + 1]),
    first,
  );
  for (const row of items) recordRead(context, row);
  return {
    page: {
      items: items.map((row) => ({ row, id: encodeId(kept.typeOf(row), row.uscc, row.record_id) })),
      hasNextPage,
    },
    cursorOf: ({ row }) => pager.cursorOf(row.collected_at, row.record_id),
    count: () => countOf(pool, coverage, context),
  };
}

function stateOf({ duties, figures }: SourceCoverage): 'NOT_REGISTERED' | 'NEVER_FILED' | 'LATE' | 'COLLECTED' {
  if (duties.length === 0) return 'NOT_REGISTERED';
  if (figures.first === null) return 'NEVER_FILED';
  return duties.some(({ is_late }) => is_late) ? 'LATE' : 'COLLECTED';
}

/** The resolvers of the records behind a figure, the same in every subgraph. */
const collectedFields = {
  CollectedRecordConnection: connectionFields<CollectedRecord>(),
  CollectedRecordEdge: edgeFields<CollectedRecord>(),
  CollectedRecord: {
    version: ({ row }: CollectedRecord) => row.version,
    subject: ({ row }: CollectedRecord) => ({ uscc: row.uscc }),
    collectedAt: ({ row }: CollectedRecord) => row.collected_at,
    recordedAt: ({ row }: CollectedRecord) => row.recorded_at,
  },
};

/**
 * The resolvers of coverage in each subgraph: the root and the reference by key, alike in all, and `own`, the
 * subgraph's own field.
 * @param kinds where the subgraph keeps each kind of filing; the kinds of one item are in one table
 * @throws Error for kinds of one item in several tables
 */
export function createCoverage(
  { pool, cursors, rules, now }: SubgraphRuntime,
  schema: string,
  kinds: Readonly<Record<string, KeptKind>>,
) {
  const duties = dutiesOf(schema);
  const itemOf = createItems(schema, kinds);
  return {
    Query: {
      collectionCoverage: (_: unknown, coverage: Coverage, context: SubgraphContext): Promise<Coverage> =>
        requireCoverage(rules, coverage, context),
    },
    CollectionCoverage: {
      __resolveReference: (key: Readonly<Record<string, unknown>>, context: SubgraphContext): Promise<Coverage> =>
        resolveReference(rules, key, context),
    },

    /** What this source has of the item; null when it keeps none of its kinds. */
    async own({ unit, item }: Coverage): Promise<SourceCoverage | null> {
      const found = await itemOf(rules, { unit, item });
      if (!found) return null;
      const [registered, [figures = { first: null, last: null }]] = await Promise.all([
        query<Duty>(pool, duties, [unit, found.kinds, now().toISOString()]),
        query<Figures>(pool, found.kept.figures, [unit, item]),
      ]);
      return { unit, item, kept: found.kept, duties: registered, figures };
    },

    SourceCoverage: {
      state: stateOf,
      recordCount: async (coverage: SourceCoverage, _: unknown, context: SubgraphContext) =>
        totalCount(await countOf(pool, coverage, context)),
      firstFiledAt: ({ figures }: SourceCoverage) => figures.first,
      lastFiledAt: ({ figures }: SourceCoverage) => figures.last,
      registrations: ({ duties: registered }: SourceCoverage) =>
        registered.map(({ kind, promised_delay_hours, registered_at, last_filed_at, is_late }) => ({
          kind,
          promisedDelayHours: promised_delay_hours,
          registeredAt: registered_at,
          lastFiledAt: last_filed_at,
          isLate: is_late,
        })),
      records: (
        coverage: SourceCoverage,
        args: { first: number; after?: string | null },
        context: SubgraphContext,
      ): Promise<CollectedPage> => collectedRecords({ pool, cursors, schema }, coverage, args, context),
    },
    ...collectedFields,
  };
}
