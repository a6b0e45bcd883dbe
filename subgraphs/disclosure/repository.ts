import { createSharedLoader } from '#kit/batches.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { CreditFile } from '#kit/creditFile.ts';
import { give } from '#kit/recordFields.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import { believedAt, recordColumns, type RecordRow } from '#kit/records.ts';
import { rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import type { ActKind } from './acts.ts';
import type { CommitmentKind } from './resolvers.generated.ts';

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

interface RecordAsk {
  readonly context: SubgraphContext;
  readonly uscc: string;
  readonly recordId: string;
}

/** Records of one table, newest first. Every answer is cut to what the viewer may see now; what is not public is noted as read. */
export interface Records<Row extends RecordRow> {
  page(ask: PageAsk): Promise<Page<Row>>;
  /** Visible rows, counted up to one more than COUNT_LIMIT. */
  count(ask: CountAsk): Promise<number>;
  /** The version believed at the moment's `knownAt`; null when there is none that the viewer may see. */
  find(ask: RecordAsk): Promise<Row | null>;
}

export const createActs = (pool: Pool): Records<ActRow> => createRecords<ActRow>(pool, 'act', 'decided_on', ['kind', 'document_no', 'authority_name']);

export const createCommitments = (pool: Pool): Records<CommitmentRow> => createRecords<CommitmentRow>(pool, 'commitment', 'made_on', ['kind', 'commitment_no']);

/** Before the first row, so that every page is the same statement and its position a condition of the index. */
const START: Position = { day: 'infinity', recordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

const rights = ({ viewer, today }: SubgraphContext): unknown[] => rowValues(rowScope(viewer), today);

type Asked<Row> = Row & { readonly position: number };

function createRecords<Row extends RecordRow & { readonly day: string }>(pool: Pool, table: string, day: string, own: readonly string[]): Records<Row> {
  const columns = `${recordColumns('record')}, record.${day} as day, ${own.map((column) => `record.${column}`).join(', ')}`;
  const visible = rowPredicate('record', 1);
  // The row rule has $1 to $9. One statement for the lists of many files: each file's rows come by its own walk down the
  // index, so that one entity with 50 000 acts costs the others nothing (reference/data-layer.md).
  const page = statement(
    `disclosure.${table}.page`,
    `select ask.position::int as position, listed.*
     from unnest($10::text[], $11::date[], $12::uuid[]) with ordinality as ask(uscc, day, record_id, position)
     cross join lateral (
       select ${columns}
       from disclosure.${table} record
       where record.uscc = ask.uscc
         and record.${day} <= $13::date
         and (record.${day}, record.record_id) < (ask.day, ask.record_id)
         and ${believedAt('record', 14)}
         and ($15::text[] is null or record.kind = any($15::text[]))
         and ${visible}
       order by record.${day} desc, record.record_id desc
       limit $16
     ) listed
     order by ask.position, listed.day desc, listed.record_id desc`,
  );
  const count = statement(
    `disclosure.${table}.count`,
    `select ask.position::int as position, counted.value::int as value
     from unnest($10::text[]) with ordinality as ask(uscc, position)
     cross join lateral (
       select count(*) as value
       from (
         select
         from disclosure.${table} record
         where record.uscc = ask.uscc
           and record.${day} <= $11::date
           and ${believedAt('record', 12)}
           and ($13::text[] is null or record.kind = any($13::text[]))
           and ${visible}
         limit ${COUNT_LIMIT + 1}
       ) capped
     ) counted
     order by ask.position`,
  );
  const find = statement(
    `disclosure.${table}.find`,
    `select ask.position::int as position, found.*
     from unnest($10::text[], $11::uuid[]) with ordinality as ask(uscc, record_id, position)
     cross join lateral (
       select ${columns}
       from disclosure.${table} record
       where record.uscc = ask.uscc
         and record.record_id = ask.record_id
         and ${believedAt('record', 12)}
         and ${visible}
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
      ]);
      const lists: Row[][] = asks.map(() => []);
      for (const row of rows) lists[row.position - 1]?.push(row);
      return lists;
    },
  );
  const loadCount = createSharedLoader<CountAsk, number>(groupOf, async (asks) => {
    const { context, file, kinds } = asks[0] as CountAsk; // alike in the group, which is never empty
    const rows = await query<{ value: number }>(pool, count, [...rights(context), asks.map((ask) => ask.file.uscc), file.validAt, file.knownAt, kinds]);
    return rows.map(({ value }) => value);
  });
  const loadRecord = createSharedLoader<RecordAsk, Row | null>(
    ({ context }) => `${context.viewer.grant} ${context.today} ${context.moment.knownAt}`,
    async (asks) => {
      const { context } = asks[0] as RecordAsk; // alike in the group, which is never empty
      const rows = await query<Asked<Row>>(pool, find, [...rights(context), asks.map(({ uscc }) => uscc), asks.map(({ recordId }) => recordId), context.moment.knownAt]);
      const found: (Row | null)[] = asks.map(() => null);
      for (const row of rows) found[row.position - 1] = row;
      return found;
    },
  );

  return {
    async page(ask) {
      const listed = pageOf(await loadPage(ask), ask.first);
      for (const row of listed.items) give(ask.context, row);
      return listed;
    },
    count: loadCount,
    find: loadRecord,
  };
}
