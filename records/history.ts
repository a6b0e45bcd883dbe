import type { DataClass } from '#policy/matrix.ts';
import { type DisclosureLevel } from '#policy/scope.ts';
import { fieldOutcome, rowParameters, rowPredicate, seesErased } from '#policy/rows.ts';
import { createSharedLoader } from '#kit/batches.ts';
import {
  checkFirst,
  type Connection,
  connectionFields,
  COUNT_LIMIT,
  type Edge,
  edgeFields,
  type Page,
  pageOf,
} from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { noteRead, requireShown } from '#kit/fields.ts';
import { query, statement } from '#kit/postgres/pool.ts';
import { SUBJECT_NAME } from './filing/content.ts';
import { type Asked, byPosition, groupOf, type Positioned, sharedValues } from './recordBatches.ts';
import { contentField, organisation, reachOf, restricted } from './recordFields.ts';
import { recordColumns, type RecordRow } from './record.ts';
import type { SubgraphRuntime } from './subgraph.ts';

/** A version of a record as its history shows it. */
export interface VersionRow extends RecordRow {
  readonly filing_id: string | null;
  readonly withdrawal_reason: string | null;
  readonly erased_at: string | null;
  /** Null while the version was current at the requested instant. */
  readonly superseded_at: string | null;
  /** The table's own columns by their names in the graph. Where content has the field too, content's value counts. */
  readonly own: Readonly<Record<string, string | null>>;
}

/** Versions of one table of records; the same object as the parent of their GraphQL types. */
export interface RecordVersionNode {
  readonly row: VersionRow;
  readonly classes: Readonly<Record<string, DataClass>>;
}
export type RecordVersionPage = Connection<RecordVersionNode>;
export type RecordVersionEdgeNode = Edge<RecordVersionNode>;

export interface KeptHistory {
  readonly schema: string;
  readonly table: string;
  /** Columns, by their names in the graph, whose statement is not part of content. */
  readonly own: Readonly<Record<string, string>>;
  /** Fields, of content or own, whose class is not that of the record. */
  readonly classes: Readonly<Record<string, DataClass>>;
}

interface Ask {
  readonly uscc: string;
  readonly recordId: string;
  readonly validAt: string;
  readonly knownAt: string;
}

interface PageAsk extends Ask {
  readonly first: number;
  /** Only versions below this one. */
  readonly before: number;
}

const ALL = 2_147_483_647;

// $1 codes · $2 validAt, which does not narrow a history · $3 knownAt · $4… the viewer's rows
const RIGHTS = 4;
const NEXT = RIGHTS + rowParameters;

/** The statements of one table: a page of a record's versions, and their number. */
function historyStatements({ schema, table, own }: Omit<KeptHistory, 'classes'>) {
  // A viewer who may see the history of every record also sees that of an erased one: that it existed, and its digest,
  // without content.
  const ofRecord = `record.uscc = ask.uscc
         and record.record_id = ask.record_id
         and record.recorded_at <= $3::timestamptz
         and $2::date is not null
         and ${rowPredicate('record', RIGHTS, NEXT)}`;
  const pairs = Object.entries(own).map(([name, column]) => `'${name}', record.${column}::text`);
  const page = statement(
    `${schema}.${table}.history`,
    `select ask.position, version.*
     from unnest($1::text[], $${NEXT + 1}::uuid[], $${NEXT + 2}::int[])
       with ordinality as ask(uscc, record_id, before, position)
     cross join lateral (
       select ${recordColumns('record')}, record.filing_id, record.withdrawal_reason, record.erased_at,
              case when record.superseded_at <= $3::timestamptz then record.superseded_at end as superseded_at,
              jsonb_strip_nulls(jsonb_build_object(${pairs.join(', ')})) as own
       from ${schema}.${table} record
       where ${ofRecord}
         and record.version < ask.before
       order by record.version desc
       limit $${NEXT + 3}
     ) version
     order by ask.position, version.version desc`,
  );
  const count = statement(
    `${schema}.${table}.history_count`,
    `select ask.position, counted.versions
     from unnest($1::text[], $${NEXT + 1}::uuid[]) with ordinality as ask(uscc, record_id, position)
     cross join lateral (
       select count(*)::int as versions
       from (select from ${schema}.${table} record where ${ofRecord} limit ${COUNT_LIMIT + 1}) visible
     ) counted
     order by ask.position`,
  );
  return { page, count };
}

/**
 * Creates the resolver of `CreditRecord.history` for the records of one table: versions recorded by the record's
 * `knownAt`, newest first.
 */
export function createHistory(
  { pool, cursors }: Pick<SubgraphRuntime, 'pool' | 'cursors'>,
  { schema, table, own, classes }: KeptHistory,
) {
  const { page, count } = historyStatements({ schema, table, own });
  // A group is never empty.
  const first = <Each extends Ask>(asks: readonly Asked<Each>[]): Asked<Each> => asks[0] as Asked<Each>;
  const rights = <Each extends Ask>(asks: readonly Asked<Each>[]): unknown[] => [
    ...sharedValues(asks),
    seesErased(first(asks).context.viewer),
    asks.map(({ ask }) => ask.recordId),
  ];

  const pages = createSharedLoader<Asked<PageAsk>, Page<VersionRow>>(
    (asked) => groupOf(asked, asked.ask.first),
    async (asks) => {
      const { ask } = first(asks);
      const rows = await query<Positioned<VersionRow>>(pool, page, [
        ...rights(asks),
        asks.map((each) => each.ask.before),
        ask.first + 1,
      ]);
      return byPosition<VersionRow>(rows, asks.length).map((list) => pageOf(list, ask.first));
    },
  );
  const counts = createSharedLoader<Asked<Ask>, number>(
    (asked) => groupOf(asked),
    async (asks) => (await query<{ versions: number }>(pool, count, rights(asks))).map(({ versions }) => versions),
  );

  /**
   * @throws UNAUTHORIZED_FIELD_OR_TYPE when the record is out of the reach in which the viewer reads histories;
   * BAD_USER_INPUT (PAGE_SIZE); BAD_CURSOR
   */
  return async (
    row: RecordRow,
    args: { first: number; after?: string | null },
    context: SubgraphContext,
  ): Promise<RecordVersionPage> => {
    const size = checkFirst(args.first);
    requireShown(context, 'HISTORY', reachOf(row));
    const ask = { uscc: row.uscc, recordId: row.record_id, ...(row.at ?? context.moment) };
    const question = [schema, table, ask.uscc, ask.recordId, ask.knownAt];
    const pager = cursors.pager('CreditRecord.history', question, context.viewer);
    const [before] = pager.position(args.after) ?? [];
    const { items, hasNextPage } = await pages({
      context,
      ask: { ...ask, first: size, before: before === undefined ? ALL : Number(before) },
    });
    for (const version of items) noteRead(context, 'HISTORY', reachOf(version));
    return {
      page: { items: items.map((version) => ({ row: version, classes })), hasNextPage },
      cursorOf: ({ row: { version } }) => pager.cursorOf(String(version)),
      count: () => counts({ context, ask }),
    };
  };
}

/** The class of a field for which its table names none. */
const classOf = (name: string): DataClass => (name === SUBJECT_NAME ? 'PROVENANCE' : 'RECORD');

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The resolvers of a version's types, the same for every table. */
export const historyFields = {
  RecordVersionConnection: connectionFields<RecordVersionNode>(),
  RecordVersionEdge: edgeFields<RecordVersionNode>(),
  RecordVersion: {
    version: ({ row }: RecordVersionNode) => row.version,
    digest: ({ row }: RecordVersionNode) => row.digest,
    recordedAt: ({ row }: RecordVersionNode) => row.recorded_at,
    supersededAt: ({ row }: RecordVersionNode) => row.superseded_at,
    validFrom: ({ row }: RecordVersionNode) => row.valid_from,
    validTo: ({ row }: RecordVersionNode) => row.valid_to,
    disclosureLevel: ({ row }: RecordVersionNode) =>
      // A check constraint of every table holds `disclosure_level` to these values.
      contentField<DisclosureLevel>(row, 'disclosureLevel') ?? (row.disclosure_level as DisclosureLevel),
    filingId: ({ row }: RecordVersionNode) => row.filing_id,
    sourceUnit: ({ row }: RecordVersionNode) => organisation(row.source_unit_name, row.source_unit),
    withdrawnOn: ({ row }: RecordVersionNode) => row.withdrawn_on,
    withdrawalReason: ({ row }: RecordVersionNode) => row.withdrawal_reason,
    erasedAt: ({ row }: RecordVersionNode) => row.erased_at,
    content({ row, classes }: RecordVersionNode, _: unknown, context: SubgraphContext) {
      if (row.erased_at !== null) return null;
      const fields = Object.entries({ ...row.own, ...row.content }).toSorted(([one], [other]) =>
        one < other ? -1 : 1,
      );
      return fields.flatMap(([name, value]) => {
        if (value === null || value === undefined) return [];
        const dataClass = (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? classOf(name);
        const masked = fieldOutcome(context.viewer, dataClass, reachOf(row)) !== 'SHOW';
        if (!masked && dataClass !== 'RECORD') noteRead(context, dataClass, reachOf(row));
        return [{ name, value: masked ? null : textOf(value), masked }];
      });
    },
    additionalFields: ({ row }: RecordVersionNode, _: unknown, context: SubgraphContext) =>
      row.erased_at === null ? additionalFields(row, _, context) : null,
  },
};

/** Fields of a newer edition of the form, of a record or of one of its versions. */
const additionalFields = restricted(
  'REMARK',
  (row: RecordRow) =>
    row.additional_fields && Object.entries(row.additional_fields).map(([column, value]) => ({ column, value })),
);
