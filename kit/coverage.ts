import { outcomeFor } from '#policy/matrix.ts';
import { rowParameters, rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import { type CatalogueItem, catalogueItems, findCatalogueItem } from '#standards/catalogue.ts';
import type { SubgraphName } from './config.ts';
import { checkFirst, type Connection, connectionFields, COUNT_LIMIT, type Edge, edgeFields, pageOf, totalCount } from './connection.ts';
import type { SubgraphContext } from './context.ts';
import { badInput, clientError } from './errors.ts';
import { shown } from './fields.ts';
import { provinceOfCode } from './filing/admission.ts';
import { query, statement } from './postgres/pool.ts';
import { give } from './recordFields.ts';
import { encodeId, recordColumns, type RecordRow } from './records.ts';
import type { Workshop } from './subgraph.ts';

// "What shall be collected is collected" (应归尽归): what a unit is registered for, against what of it is here. Figures are those of now.

/** What is asked: an item of the catalogue, from one unit. Every subgraph holds it and adds what it keeps of the item. */
export interface Coverage {
  readonly unit: string;
  readonly item: string;
}

/** Where a subgraph keeps the records of a kind of filing. */
export interface KeptKind {
  readonly table: string;
  /** The type of a record's id in the graph; `kind` is the column of that name, where `types` needs it. */
  readonly typeOf: (row: { readonly kind: string }) => string;
  readonly hasKinds?: true;
}

/** A kind of record that the unit is registered for. */
interface Duty {
  readonly kind: string;
  readonly promised_delay_hours: number;
  readonly registered_at: string;
  readonly last_filed_at: string | null;
  readonly is_late: boolean;
}

/** Of all that was filed, whoever may see it: whether a unit does its duty is said of all of it, and says nothing about an entity. */
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

/** One table, with its statements. */
function createKept(schema: SubgraphName, { table, typeOf, hasKinds }: KeptKind) {
  const from = `${schema}.${table} record`;
  const standing = (n: number): string => `record.source_unit = $${n} and record.catalogue_code = $${n + 1} and record.superseded_at = 'infinity'`;
  const visible = rowPredicate('record', 1);
  const OWN = rowParameters + 1;
  return {
    table,
    typeOf,
    figures: statement(
      `${schema}.coverage.${table}.figures`,
      `select (select min(record.collected_at) from ${from} where ${standing(1)}) as first,
              (select max(record.collected_at) from ${from} where ${standing(1)}) as last`,
    ),
    page: statement(
      `${schema}.coverage.${table}.page`,
      `select ${recordColumns('record')}, ${hasKinds ? 'record.kind' : `'' as kind`}
       from ${from}
       where ${standing(OWN)}
         and (record.collected_at, record.record_id) < ($${OWN + 2}::timestamptz, $${OWN + 3}::uuid)
         and ${visible}
       order by record.collected_at desc, record.record_id desc
       limit $${OWN + 4}`,
    ),
    count: statement(`${schema}.coverage.${table}.count`, `select count(*)::int as count from (select from ${from} where ${standing(OWN)} and ${visible} limit ${COUNT_LIMIT + 1}) capped`),
  };
}

type Kept = ReturnType<typeof createKept>;

/**
 * Coverage as each subgraph answers it: the root and the key's reference, alike in all, and `own`, which is its own field.
 * @param kinds where it keeps each kind of filing; the kinds of one item in one table
 */
export function createCoverage({ pool, cursors, now }: Workshop, schema: SubgraphName, kinds: Readonly<Record<string, KeptKind>>) {
  const duties = statement(
    `${schema}.coverage.duties`,
    `select kind, promised_delay_hours, registered_at, last_filed_at, coalesce(last_filed_at, registered_at) + make_interval(hours => promised_delay_hours) < $3::timestamptz as is_late
     from ${schema}.source_unit
     where uscc = $1
       and kind = any($2::text[])
       and registered_by is not null
     order by kind
     limit 100`,
  );
  const byTable = new Map<string, Kept>();
  for (const kind of Object.values(kinds)) if (!byTable.has(kind.table)) byTable.set(kind.table, createKept(schema, kind));
  const ofItem = new Map<string, { kept: Kept; kinds: readonly string[] }>();
  for (const { code, admits } of catalogueItems) {
    const own = Object.keys(admits).filter((kind) => Object.hasOwn(kinds, kind));
    const [table, ...others] = new Set(own.map((kind) => kinds[kind]?.table));
    const kept = byTable.get(table ?? '');
    if (others.length > 0) throw new Error(`${schema} keeps the catalogue item ${code} in several tables: ${own.join(', ')}`);
    if (kept) ofItem.set(code, { kept, kinds: own });
  }

  /** @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees all; BAD_USER_INPUT (UNKNOWN_CODE). */
  const open = (unit: string, code: string, context: SubgraphContext): Coverage => {
    if (outcomeFor(context.viewer, 'REPORT') !== 'ALLOW') shown(context, 'REPORT', { uscc: unit, province: provinceOfCode(unit), units: [unit] }, null);
    const item: CatalogueItem | null = findCatalogueItem(code);
    if (item === null) throw badInput('item', 'UNKNOWN_CODE', 'There is no such item in the collection catalogue.', 'a code of collectionCatalogue');
    return { unit, item: item.code };
  };

  /** Up to one more than COUNT_LIMIT of those that the viewer may see. */
  const countOf = async ({ unit, item, kept }: Pick<SourceCoverage, 'unit' | 'item' | 'kept'>, rights: readonly unknown[]): Promise<number> =>
    (await query<{ count: number }>(pool, kept.count, [...rights, unit, item]))[0]?.count ?? 0;

  return {
    Query: { collectionCoverage: (_: unknown, { unit, item }: Coverage, context: SubgraphContext): Coverage => open(unit, item, context) },
    CollectionCoverage: {
      __resolveReference: ({ unit, item }: Readonly<Record<string, unknown>>, context: SubgraphContext): Coverage => {
        if (typeof unit !== 'string' || typeof item !== 'string') throw clientError('BAD_USER_INPUT', 'A coverage is of a unit and an item.', { argument: 'item', reason: 'TYPE' });
        return open(unit, item, context);
      },
    },

    /** What this source has of the item; null when it keeps none of its kinds. */
    async own({ unit, item }: Coverage): Promise<SourceCoverage | null> {
      const found = ofItem.get(item);
      if (!found) return null;
      const [registered, [figures = { first: null, last: null }]] = await Promise.all([
        query<Duty>(pool, duties, [unit, found.kinds, now().toISOString()]),
        query<Figures>(pool, found.kept.figures, [unit, item]),
      ]);
      return { unit, item, kept: found.kept, duties: registered, figures };
    },

    SourceCoverage: {
      state: ({ duties: registered, figures }: SourceCoverage) => {
        if (registered.length === 0) return 'NOT_REGISTERED' as const;
        if (figures.first === null) return 'NEVER_FILED' as const;
        return registered.some(({ is_late }) => is_late) ? ('LATE' as const) : ('COLLECTED' as const);
      },
      recordCount: async (coverage: SourceCoverage, _: unknown, { viewer, today }: SubgraphContext) => totalCount(await countOf(coverage, rowValues(rowScope(viewer), today))),
      firstFiledAt: ({ figures }: SourceCoverage) => figures.first,
      lastFiledAt: ({ figures }: SourceCoverage) => figures.last,
      registrations: ({ duties: registered }: SourceCoverage) =>
        registered.map(({ kind, promised_delay_hours, registered_at, last_filed_at, is_late }) => ({ kind, promisedDelayHours: promised_delay_hours, registeredAt: registered_at, lastFiledAt: last_filed_at, isLate: is_late })),
      async records({ unit, item, kept }: SourceCoverage, { first, after }: { first: number; after?: string | null }, context: SubgraphContext): Promise<CollectedPage> {
        checkFirst(first);
        const { viewer, today } = context;
        const scope = JSON.stringify(['SourceCoverage.records', schema, unit, item, viewer.grant]);
        const rights = rowValues(rowScope(viewer), today);
        const [at, recordId] = cursors.openGiven(scope, after) ?? START;
        const { items, hasNextPage } = pageOf(await query<CollectedRow>(pool, kept.page, [...rights, unit, item, at, recordId, first + 1]), first);
        for (const row of items) give(context, row);
        return {
          page: { items: items.map((row) => ({ row, id: encodeId(kept.typeOf(row), row.uscc, row.record_id) })), hasNextPage },
          cursorOf: ({ row }) => cursors.seal(scope, [row.collected_at, row.record_id]),
          count: () => countOf({ unit, item, kept }, rights),
        };
      },
    },
    CollectedRecordConnection: connectionFields<CollectedRecord>(),
    CollectedRecordEdge: edgeFields<CollectedRecord>(),
    CollectedRecord: {
      version: ({ row }: CollectedRecord) => row.version,
      subject: ({ row }: CollectedRecord) => ({ uscc: row.uscc }),
      collectedAt: ({ row }: CollectedRecord) => row.collected_at,
      recordedAt: ({ row }: CollectedRecord) => row.recorded_at,
    },
  };
}
