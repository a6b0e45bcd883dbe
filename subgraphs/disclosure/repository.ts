import { createSharedLoader } from '#kit/batches.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { CreditFile } from '#kit/creditFile.ts';
import { give } from '#kit/recordFields.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { believedAt, recordColumns, type RecordRow, type Times, timesOf } from '#kit/records.ts';
import { anyLength, levelsSeen, rowParameters, rowPredicate, rowScope, rowValues, seesErased } from '#policy/rows.ts';
import { findPurpose } from '#standards/purposes.ts';
import type { ActKind } from './acts.ts';
import type { CommitmentKind, JudicialRecordKind, VerificationStatus, VoluntaryItemKind } from './resolvers.generated.ts';

/** A version of an administrative act. `content` holds the fields of its form by their English names. */
export interface ActRow extends RecordRow {
  readonly kind: ActKind;
  readonly document_no: string;
  readonly authority_name: string | null;
  /** The day it is listed by: that of the decision. */
  readonly day: string;
}

export interface CommitmentRow extends RecordRow {
  readonly kind: CommitmentKind;
  readonly commitment_no: string | null;
  /** The day it is listed by: that of the commitment. */
  readonly day: string;
}

export interface JudicialRow extends RecordRow {
  readonly kind: JudicialRecordKind;
  readonly case_no: string;
  readonly court_name: string | null;
  /** The day it is listed by: that of the judgment, or of the opening of the case. */
  readonly day: string;
}

export interface ComplaintRow extends RecordRow {
  readonly complaint_no: string;
  /** The day it is listed by: that on which it was handled. */
  readonly day: string;
}

/** A version of what an entity declared about itself. `content`: title, content, authorisation and the evidence of its verification. */
export interface VoluntaryRow extends RecordRow {
  readonly kind: VoluntaryItemKind;
  readonly item_no: string;
  readonly verification: VerificationStatus;
  readonly verified_by: string | null;
  readonly verified_on: string | null;
  /** The day it is listed by: that of the declaration. */
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
  /** Null: all. */
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

/** Records of one table, newest first. Every answer is cut to what the viewer may see now; what is not public is noted as read. */
export interface Records<Row extends RecordRow> {
  page(ask: PageAsk): Promise<Page<Row>>;
  /** Visible rows, counted up to one more than COUNT_LIMIT. */
  count(ask: CountAsk): Promise<number>;
  /**
   * The version believed at `knownAt`; null when there is none that the viewer may see, or it is of a later day than `validAt`. Of what
   * was erased those who read all histories get what is left.
   */
  find(ask: RecordAsk): Promise<Row | null>;
}

interface ListedTable {
  /** The column of the day its rows are listed by. */
  readonly day: string;
  /** Its own columns that are read. */
  readonly own: readonly string[];
  /** The column that a list is narrowed by; `kind` when left out. */
  readonly narrowedBy?: string;
  /** A condition over `record` beside the row rule, whose parameters come first; `$n` is the viewer's purpose where that needs consent. */
  readonly also?: (n: number) => string;
}

const tables = {
  act: { day: 'decided_on', own: ['kind', 'document_no', 'authority_name'] },
  commitment: { day: 'made_on', own: ['kind', 'commitment_no'] },
  judicial_record: { day: 'decided_on', own: ['kind', 'case_no', 'court_name'] },
  complaint: { day: 'handled_on', own: ['complaint_no'] },
  voluntary_item: { day: 'declared_on', own: ['kind', 'item_no', 'verification', 'verified_by', 'verified_on'], narrowedBy: 'verification', also: authorised },
} satisfies Record<string, ListedTable>;

export type TableName = keyof typeof tables;

export const createActs = (pool: Pool): Records<ActRow> => createRecords<ActRow>(pool, 'act');

export const createCommitments = (pool: Pool): Records<CommitmentRow> => createRecords<CommitmentRow>(pool, 'commitment');

export const createJudicialRecords = (pool: Pool): Records<JudicialRow> => createRecords<JudicialRow>(pool, 'judicial_record');

export const createComplaints = (pool: Pool): Records<ComplaintRow> => createRecords<ComplaintRow>(pool, 'complaint');

/** Its `kinds` are states of verification. */
export const createVoluntaryItems = (pool: Pool): Records<VoluntaryRow> => createRecords<VoluntaryRow>(pool, 'voluntary_item');

/** What a row of a table is read with, as a select list over `record`. */
export function readColumns(table: TableName): string {
  const { day, own } = tables[table];
  return `${recordColumns('record')}, record.${day} as day, ${own.map((column) => `record.${column}`).join(', ')}`;
}

/**
 * A declared item leaves with its authorisation: when that is withdrawn or has ended, subject ($4) and auditors ($8) alone have it, and
 * not the unit that was asked to verify it either, which the row rule takes for the one that decided.
 * While it is not published, a purpose that needs consent ($n) has to be one of those authorised.
 */
function authorised(n: number): string {
  return `(record.uscc = $4::text or $8::boolean
    or (record.withdrawn_on is null and record.public_until >= $${rowParameters}::date
        and (record.disclosure_level = 'PUBLIC' or $${n}::text is null or record.authorised_for @> array[$${n}::text])))`;
}

/** Before the first row, so that every page is the same statement and its position a condition of the index. */
const START: Position = { day: 'infinity', recordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

const rights = ({ viewer, today }: SubgraphContext): unknown[] => rowValues(rowScope(viewer), today);

type Asked<Row> = Row & { readonly position: number };

function createRecords<Row extends RecordRow & { readonly day: string }>(pool: Pool, table: TableName): Records<Row> {
  const { day, narrowedBy = 'kind', also }: ListedTable = tables[table];
  const columns = readColumns(table);
  /** The statement's own parameters, numbered from 1. */
  const p = (n: number): string => `$${rowParameters + n}`;
  const and = (n: number): string => (also ? `and ${also(rowParameters + n)}` : '');
  const consented = ({ viewer }: SubgraphContext): unknown[] => (also ? [viewer.purpose !== null && findPurpose(viewer.purpose)?.consent === true ? viewer.purpose : null] : []);
  const visible = rowPredicate('record', 1);
  // The row rule comes first. One statement for the lists of many files: each file's rows come by its own walk down the
  // index, so that one entity with 50 000 acts costs the others nothing (reference/data-layer.md), and one for each level that the viewer
  // may see of it: hidden rows are not walked.
  const page = statement(
    `disclosure.${table}.page`,
    `select ask.position::int as position, listed.*
     from unnest(${anyLength(`${p(1)}::text[]`)}, ${p(2)}::date[], ${p(3)}::uuid[]) with ordinality as ask(uscc, day, record_id, position)
     cross join lateral (
       select seen.*
       from ${levelsSeen('ask.uscc', 1)} levels
       cross join lateral (
       select ${columns}
       from disclosure.${table} record
       where record.uscc = ask.uscc
         and record.disclosure_level = levels.level
         and record.${day} <= ${p(4)}::date
         and (record.${day}, record.record_id) < (ask.day, ask.record_id)
         and ${believedAt('record', `${p(5)}::timestamptz`)}
         and (${p(6)}::text[] is null or record.${narrowedBy} = any(${p(6)}::text[]))
         and ${visible} ${and(8)}
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
           and record.disclosure_level = any(array${levelsSeen('ask.uscc', 1)})
           and record.${day} <= ${p(2)}::date
           and ${believedAt('record', `${p(3)}::timestamptz`)}
           and (${p(4)}::text[] is null or record.${narrowedBy} = any(${p(4)}::text[]))
           and ${visible} ${and(5)}
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
         and ${rowPredicate('record', 1, rowParameters + 5)} ${and(6)}
       limit 1
     ) found
     order by ask.position`,
  );

  // Everything that decides which rows come, but for the file's code and position. The grant stands for the row scope.
  const groupOf = ({ context, file, kinds }: CountAsk): string => `${context.viewer.grant} ${context.today} ${file.validAt} ${file.knownAt} ${kinds?.join() ?? ''}`;

  const loadPage = createSharedLoader<PageAsk, readonly Row[]>(
    (ask) => `${groupOf(ask)} ${ask.first}`,
    async (asks) => {
      const { context, file, kinds, first } = asks[0] as PageAsk; // alike in the group, which is never empty
      const positions = asks.map(({ after }) => after ?? START);
      const rows = await query<Asked<Row>>(pool, page, [
        ...rights(context),
        asks.map((ask) => ask.file.uscc),
        positions.map((position) => position.day),
        positions.map((position) => position.recordId),
        file.validAt,
        file.knownAt,
        kinds,
        first + 1,
        ...consented(context),
      ]);
      const lists: Row[][] = asks.map(() => []);
      for (const row of rows) lists[row.position - 1]?.push(row);
      return lists;
    },
  );
  const loadCount = createSharedLoader<CountAsk, number>(groupOf, async (asks) => {
    const { context, file, kinds } = asks[0] as CountAsk; // alike in the group, which is never empty
    const rows = await query<{ value: number }>(pool, count, [...rights(context), asks.map((ask) => ask.file.uscc), file.validAt, file.knownAt, kinds, ...consented(context)]);
    return rows.map(({ value }) => value);
  });
  const loadRecord = createSharedLoader<RecordAsk, Row | null>(
    ({ context, validAt, knownAt }) => `${context.viewer.grant} ${context.today} ${validAt} ${knownAt}`,
    async (asks) => {
      const { context, validAt, knownAt } = asks[0] as RecordAsk; // alike in the group, which is never empty
      const rows = await query<Asked<Row>>(pool, find, [...rights(context), asks.map(({ uscc }) => uscc), asks.map(({ recordId }) => recordId), knownAt, validAt, seesErased(context.viewer), ...consented(context)]);
      const found: (Row | null)[] = asks.map(() => null);
      for (const row of rows) found[row.position - 1] = row;
      return found;
    },
  );

  return {
    async page(ask) {
      const listed = pageOf(await loadPage(ask), ask.first);
      const at = timesOf(ask.file);
      for (const row of listed.items) give(ask.context, row, at);
      return listed;
    },
    count: loadCount,
    find: loadRecord,
  };
}
