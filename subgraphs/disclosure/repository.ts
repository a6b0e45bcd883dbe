import { createSharedLoader } from '#kit/batches.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { CreditFile } from '#records/creditFile.ts';
import { recordRead } from '#records/recordFields.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { believedAt, recordColumns, type RecordRow, type Times, timesOf } from '#records/record.ts';
import { anyLength, levelsSeen, rowParameters, rowPredicate, rowScope, rowValues, seesErased } from '#policy/rows.ts';
import type { ActKind } from './acts.ts';
import type {
  CommitmentKind,
  JudicialRecordKind,
  VerificationStatus,
  VoluntaryItemKind,
} from './resolvers.generated.ts';
import { type OwnRights, voluntaryRights } from './voluntaryRights.ts';

/** A version of an administrative act. `content` holds the fields of its form by their English names. */
export interface ActRow extends RecordRow {
  readonly kind: ActKind;
  readonly document_no: string;
  readonly authority_name: string | null;
  /** The day that orders the list: the day of the decision. */
  readonly day: string;
}

export interface CommitmentRow extends RecordRow {
  readonly kind: CommitmentKind;
  readonly commitment_no: string | null;
  /** The day that orders the list: the day of the commitment. */
  readonly day: string;
}

export interface JudicialRow extends RecordRow {
  readonly kind: JudicialRecordKind;
  readonly case_no: string;
  readonly court_name: string | null;
  /** The day that orders the list: the day of the judgment, or of the opening of the case. */
  readonly day: string;
}

export interface ComplaintRow extends RecordRow {
  readonly complaint_no: string;
  /** The day that orders the list: the day on which the complaint was handled. */
  readonly day: string;
}

/**
 * A version of an item that an entity declared about itself. `content` has its title, content, authorisation and the
 * evidence of its verification.
 */
export interface VoluntaryRow extends RecordRow {
  readonly kind: VoluntaryItemKind;
  readonly item_no: string;
  readonly verification: VerificationStatus;
  readonly verified_by: string | null;
  readonly verified_on: string | null;
  /** The day that orders the list: the day of the declaration. */
  readonly day: string;
}

/** A row of any table of records here. */
export type AnyRow = ActRow | CommitmentRow | JudicialRow | ComplaintRow | VoluntaryRow;

/** The position of a row in its list. */
export interface Position {
  readonly day: string;
  readonly recordId: string;
}

interface PageAsk {
  readonly context: SubgraphContext;
  readonly file: CreditFile;
  /** Null for all. */
  readonly kinds: readonly string[] | null;
  readonly first: number;
  readonly after: Position | null;
}

type CountAsk = Omit<PageAsk, 'first' | 'after'>;

interface RecordAsk extends Times {
  readonly context: SubgraphContext;
  readonly uscc: string;
  readonly recordId: string;
}

/**
 * Records of one table, newest first. Every answer is cut to what the viewer may see now. Records that are not public
 * are noted as read.
 */
export interface Records<Row extends RecordRow> {
  page(ask: PageAsk): Promise<Page<Row>>;
  /** Visible rows, counted up to one more than COUNT_LIMIT. */
  count(ask: CountAsk): Promise<number>;
  /**
   * The version believed at `knownAt`. Null when the viewer may see none, or when it is of a later day than `validAt`.
   * Readers of all histories also receive what is left of an erased record.
   */
  find(ask: RecordAsk): Promise<Row | null>;
}

interface ListedTable {
  /** The column of the day that orders the list. */
  readonly day: string;
  /** The columns to read beside those of every record. */
  readonly own: readonly string[];
  /** The column by which a list is filtered. Default: `kind`. */
  readonly narrowedBy?: string;
  /** Default: the row rule alone. */
  readonly rights?: OwnRights;
}

const tables = {
  act: { day: 'decided_on', own: ['kind', 'document_no', 'authority_name'] },
  commitment: { day: 'made_on', own: ['kind', 'commitment_no'] },
  judicial_record: { day: 'decided_on', own: ['kind', 'case_no', 'court_name'] },
  complaint: { day: 'handled_on', own: ['complaint_no'] },
  voluntary_item: {
    day: 'declared_on',
    own: ['kind', 'item_no', 'verification', 'verified_by', 'verified_on'],
    narrowedBy: 'verification',
    rights: voluntaryRights,
  },
} satisfies Record<string, ListedTable>;

export type TableName = keyof typeof tables;

/** The records of each table. The `kinds` of declared items are states of verification. */
export interface Tables extends Record<TableName, Records<AnyRow>> {
  readonly act: Records<ActRow>;
  readonly commitment: Records<CommitmentRow>;
  readonly judicial_record: Records<JudicialRow>;
  readonly complaint: Records<ComplaintRow>;
  readonly voluntary_item: Records<VoluntaryRow>;
}

export const createTables = (pool: Pool): Tables => ({
  act: createRecords<ActRow>(pool, 'act'),
  commitment: createRecords<CommitmentRow>(pool, 'commitment'),
  judicial_record: createRecords<JudicialRow>(pool, 'judicial_record'),
  complaint: createRecords<ComplaintRow>(pool, 'complaint'),
  voluntary_item: createRecords<VoluntaryRow>(pool, 'voluntary_item'),
});

/** The select list for a row of a table, over `record`. */
export function readColumns(table: TableName): string {
  const { day, own } = tables[table];
  return `${recordColumns('record')}, record.${day} as day, ${own.map((column) => `record.${column}`).join(', ')}`;
}

/**
 * The position before the first row, so that every page uses the same statement, with its position as an index
 * condition.
 */
const START: Position = { day: 'infinity', recordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

const rights = ({ viewer, today }: SubgraphContext): unknown[] => rowValues(rowScope(viewer), today);

type Asked<Row> = Row & { readonly position: number };

/** The statements of one table. The parameters of the row rule come first in each. */
function createStatements(table: TableName) {
  const { day, narrowedBy = 'kind', rights: own }: ListedTable = tables[table];
  const columns = readColumns(table);
  /** The statement's own parameters, numbered from 1. */
  const p = (n: number): string => `$${rowParameters + n}`;
  /** @param n the statement's first parameter of the table's own rights */
  const visible = (n: number, rule = rowPredicate('record', 1)): string =>
    own ? own.visible(rule, rowParameters + n) : rule;
  const levels = (n: number): string => levelsSeen('ask.uscc', 1, own?.anyLevel(rowParameters + n));
  // One statement reads the lists of many files. Each file's rows are read by an index walk of its own, so that one
  // entity with 50 000 acts costs the others nothing (reference/data-layer.md). There is one walk for each level that
  // the viewer may see of the file, so hidden rows are not walked.
  const page = statement(
    `disclosure.${table}.page`,
    `select ask.position::int as position, listed.*
     from unnest(${anyLength(`${p(1)}::text[]`)}, ${p(2)}::date[], ${p(3)}::uuid[])
       with ordinality as ask(uscc, day, record_id, position)
     cross join lateral (
       select seen.*
       from ${levels(8)} levels
       cross join lateral (
       select ${columns}
       from disclosure.${table} record
       where record.uscc = ask.uscc
         and record.disclosure_level = levels.level
         and record.${day} <= ${p(4)}::date
         and (record.${day}, record.record_id) < (ask.day, ask.record_id)
         and ${believedAt('record', `${p(5)}::timestamptz`)}
         and (${p(6)}::text[] is null or record.${narrowedBy} = any(${p(6)}::text[]))
         and ${visible(8)}
       order by record.${day} desc, record.record_id desc
       limit ${p(7)}
       ) seen
       order by seen.day desc, seen.record_id desc
       limit ${p(7)}
     ) listed
     order by ask.position, listed.day desc, listed.record_id desc`,
  );
  const count = statement(
    `disclosure.${table}.count`,
    `select ask.position::int as position, counted.value::int as value
     from unnest(${p(1)}::text[]) with ordinality as ask(uscc, position)
     cross join lateral (
       select count(*) as value
       from (
         select
         from disclosure.${table} record
         where record.uscc = ask.uscc
           and record.disclosure_level = any(array${levels(5)})
           and record.${day} <= ${p(2)}::date
           and ${believedAt('record', `${p(3)}::timestamptz`)}
           and (${p(4)}::text[] is null or record.${narrowedBy} = any(${p(4)}::text[]))
           and ${visible(5)}
         limit ${COUNT_LIMIT + 1}
       ) capped
     ) counted
     order by ask.position`,
  );
  const find = statement(
    `disclosure.${table}.find`,
    `select ask.position::int as position, found.*
     from unnest(${p(1)}::text[], ${p(2)}::uuid[]) with ordinality as ask(uscc, record_id, position)
     cross join lateral (
       select ${columns}
       from disclosure.${table} record
       where record.uscc = ask.uscc
         and record.record_id = ask.record_id
         and record.${day} <= ${p(4)}::date
         and ${believedAt('record', `${p(3)}::timestamptz`)}
         and ${visible(6, rowPredicate('record', 1, rowParameters + 5))}
       limit 1
     ) found
     order by ask.position`,
  );
  return { page, count, find };
}

const ownValues = (table: TableName, context: SubgraphContext): unknown[] => {
  const { rights: own }: ListedTable = tables[table];
  return own?.values(context) ?? [];
};

/**
 * Everything that decides which rows are returned, except the file's code and position. The grant stands for the row
 * scope.
 */
const groupOf = ({ context, file, kinds }: CountAsk): string =>
  `${context.viewer.grant} ${context.today} ${file.validAt} ${file.knownAt} ${kinds?.join() ?? ''}`;

function createRecords<Row extends RecordRow & { readonly day: string }>(pool: Pool, table: TableName): Records<Row> {
  const statements = createStatements(table);
  const loadPage = createSharedLoader<PageAsk, readonly Row[]>(
    (ask) => `${groupOf(ask)} ${ask.first}`,
    async (asks) => {
      const { context, file, kinds, first } = asks[0] as PageAsk; // alike in the group, which is never empty
      const positions = asks.map(({ after }) => after ?? START);
      const rows = await query<Asked<Row>>(pool, statements.page, [
        ...rights(context),
        asks.map((ask) => ask.file.uscc),
        positions.map((position) => position.day),
        positions.map((position) => position.recordId),
        file.validAt,
        file.knownAt,
        kinds,
        first + 1,
        ...ownValues(table, context),
      ]);
      const lists: Row[][] = asks.map(() => []);
      for (const row of rows) lists[row.position - 1]?.push(row);
      return lists;
    },
  );
  const loadCount = createSharedLoader<CountAsk, number>(groupOf, async (asks) => {
    const { context, file, kinds } = asks[0] as CountAsk; // alike in the group, which is never empty
    const rows = await query<{ value: number }>(pool, statements.count, [
      ...rights(context),
      asks.map((ask) => ask.file.uscc),
      file.validAt,
      file.knownAt,
      kinds,
      ...ownValues(table, context),
    ]);
    return rows.map(({ value }) => value);
  });
  const loadRecord = createSharedLoader<RecordAsk, Row | null>(
    ({ context, validAt, knownAt }) => `${context.viewer.grant} ${context.today} ${validAt} ${knownAt}`,
    async (asks) => {
      const { context, validAt, knownAt } = asks[0] as RecordAsk; // alike in the group, which is never empty
      const rows = await query<Asked<Row>>(pool, statements.find, [
        ...rights(context),
        asks.map(({ uscc }) => uscc),
        asks.map(({ recordId }) => recordId),
        knownAt,
        validAt,
        seesErased(context.viewer),
        ...ownValues(table, context),
      ]);
      const found: (Row | null)[] = asks.map(() => null);
      for (const row of rows) found[row.position - 1] = row;
      return found;
    },
  );

  return {
    async page(ask) {
      const listed = pageOf(await loadPage(ask), ask.first);
      const at = timesOf(ask.file);
      for (const row of listed.items) recordRead(ask.context, row, at);
      return listed;
    },
    count: loadCount,
    find: loadRecord,
  };
}
