import type { FeedTable } from '#records/outbox.ts';
import type { RecordRow } from '#records/record.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { canonicalJson } from '#kit/canonical.ts';
import { SUBJECT_NAME } from './content.ts';

/**
 * A field of a parsed row as text; null where the row has none. The parser gives each field the type that its form
 * names (standards/forms).
 */
export const textOf = (record: ParsedRecord, name: string): string | null =>
  (record[name] as string | null | undefined) ?? null;

/** A table of records: the columns that every table has (prisma/migrations) and its own. */
export interface RecordTable<Own extends string> extends FeedTable {
  /** Names of the table's own columns. */
  readonly columns: readonly Own[];
  /**
   * What is computed from the rest of a row by rules, and may be another when it is computed again. It is no part of
   * what was filed: a filing that differs in it alone corrects nothing. Left out: nothing is.
   */
  readonly computed?: {
    readonly columns: readonly string[];
    /** Fields of `content`. */
    readonly content: readonly string[];
    /**
     * Columns and fields of `content` that were filed and that older versions do not have, or have in another way, with
     * the SQL that decides whether the current version `newest` and the row `staged` state the same in them.
     */
    readonly added?: {
      readonly columns?: readonly string[];
      readonly content: readonly string[];
      readonly isSame: (newest: string, staged: string) => string;
    };
    /**
     * SQL: whether the two were filed with the same level, where rules may narrow the level that is recorded; left out:
     * they do not.
     */
    readonly isSameLevel?: (newest: string, staged: string) => string;
  };
  /**
   * SQL: whether a record is one that a full replacement never ends without a second person; left out: no record is.
   */
  readonly isGuarded?: (row: string) => string;
}

/**
 * A row of a filing, ready to be recorded. The recording adds digest, version and times. Values are texts as PostgreSQL
 * reads them: days 'YYYY-MM-DD', numbers in decimals. `content` must hold no bigint.
 */
export type FiledRow<Own extends string> = Pick<
  RecordRow,
  | 'uscc'
  | 'record_id'
  | 'source_unit'
  | 'source_unit_name'
  | 'source_record_id'
  | 'catalogue_code'
  | 'disclosure_level'
  | 'public_from'
  | 'public_until'
  | 'province'
  | 'sector'
  | 'determining_unit'
  | 'valid_from'
  | 'valid_to'
  | 'content'
  | 'additional_fields'
> & {
  /** Set where the filing itself states that the record is withdrawn; left out, the column stays as it was. */
  readonly withdrawn_on?: string | null;
} & Readonly<Record<Own, string | null>>;

/**
 * The columns that come from the filing; all of them are in the digest. The first is never empty, and content comes
 * after all texts.
 */
const filedColumns = [
  'uscc',
  'record_id',
  'source_unit',
  'source_unit_name',
  'source_record_id',
  'catalogue_code',
  'disclosure_level',
  'public_from',
  'public_until',
  'withdrawn_on',
  'province',
  'sector',
  'determining_unit',
  'valid_from',
  'valid_to',
  'content',
  'additional_fields',
] as const;

/** The owner and the identity of a row. */
export type RowIdentity = Pick<RecordRow, 'uscc' | 'record_id' | 'source_unit'>;

export interface StagedRow<Own extends string> {
  /** The row's number in the part. */
  readonly number: number;
  readonly row: RowIdentity;
  /** The whole row, for kinds that need it after it is recorded; else null. */
  readonly whole: FiledRow<Own> | null;
  readonly key: string;
  /** Hexadecimal. */
  readonly digest: string;
  /** The page that holds the row's line for COPY: number, digest and the texts of `stagedColumns`. */
  readonly page: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Columns filed to a table, in the order in which they are staged. */
export const stagedColumns = <Own extends string>(table: RecordTable<Own>): readonly string[] => [
  ...filedColumns,
  ...table.columns,
];

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const copyText = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text;

const PAGE_BYTES = 512 * 1024;

/**
 * SQL: whether a row states what the current version `newest` states, column by column. Digests answer that for nearly
 * every row. They differ although nothing else does after the key of digests was changed, and for versions whose digest
 * was made over computed columns too.
 */
export function sameFiled<Own extends string>(table: RecordTable<Own>, newest: string, staged: string): string {
  const { columns = [], content = [], added, isSameLevel } = table.computed ?? {};
  const level = isSameLevel ? { column: ['disclosure_level'], field: ['disclosureLevel'] } : { column: [], field: [] };
  const uncompared = [...content, ...(added?.content ?? []), ...level.field, SUBJECT_NAME];
  const apart = new Set([
    ...columns,
    ...(added?.columns ?? []),
    ...level.column,
    'uscc',
    'record_id',
    'withdrawn_on',
    'content',
  ]);
  const left = (row: string): string =>
    `${row}.content - array[${uncompared.map((name) => `'${name}'`).join(', ')}]::text[]`;
  return [
    `${newest}.erased_at is null`,
    ...stagedColumns(table)
      .filter((column) => !apart.has(column))
      .map((column) => `${newest}.${column} is not distinct from ${staged}.${column}`),
    // Left out in a filing, it stays as it was.
    `(${staged}.withdrawn_on is null or ${newest}.withdrawn_on = ${staged}.withdrawn_on)`,
    `${left(newest)} = ${left(staged)}`,
    // Older versions of entries and evaluations have no name: it is kept since it is compared with the register's.
    `(not ${newest}.content ? '${SUBJECT_NAME}'
      or ${newest}.content->>'${SUBJECT_NAME}' is not distinct from ${staged}.content->>'${SUBJECT_NAME}')`,
    ...(added === undefined ? [] : [added.isSame(newest, staged)]),
    ...(isSameLevel === undefined ? [] : [isSameLevel(newest, staged)]),
  ].join('\n             and ');
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * A JSON column as text: `stated` is what the digest is over, the canonical text without what is computed, and `text`
 * all of it, for PostgreSQL, which orders keys itself. Each member is written once.
 */
function jsonTexts(value: object, computed: ReadonlySet<string>): { readonly stated: string; readonly text: string } {
  if (computed.size === 0) {
    const text = canonicalJson(value);
    return { stated: text, text };
  }
  const facts: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) (computed.has(name) ? rest : facts)[name] = member;
  const [stated, added] = [canonicalJson(facts), canonicalJson(rest)];
  if (added === '{}') return { stated, text: stated };
  return { stated, text: stated === '{}' ? added : `${stated.slice(0, -1)},${added.slice(1)}` };
}

/**
 * Creates the stager, which makes the digest and the COPY line of rows. The digest is over a canonical JSON array of
 * all that was filed, in the order of `stagedColumns`, without what is computed. The filing's id and times are not in
 * it, so that the same content has the same digest, whichever filing brings it.
 *
 * Lines are written into pages at once and rows are not kept: joining the texts later costs 5 µs a row more, and the
 * garbage collector has to move what lives as long as a batch (4 µs a row).
 */
export function createStager<Own extends string>(
  table: RecordTable<Own>,
  digest: (canonical: string) => string,
  keepsRows: boolean,
): (number: number, row: FiledRow<Own>) => StagedRow<Own> {
  const columns = stagedColumns(table);
  const computedColumns = new Set(table.computed?.columns);
  const computedContent = new Set(table.computed?.content);
  let page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  let used = 0;
  return (number, row) => {
    const values = row as unknown as Readonly<Record<string, unknown>>; // read by column name
    const plain: (string | null)[] = [];
    let canonical = '';
    let copied = '';
    for (const column of columns) {
      const value = values[column] ?? null;
      const isDigested = !computedColumns.has(column);
      if (value === null) {
        if (isDigested) plain.push(null);
        copied += '\t\\N';
      } else if (typeof value === 'string') {
        if (isDigested) plain.push(value);
        copied += `\t${copyText(value)}`;
      } else {
        const { stated, text } = jsonTexts(value as object, column === 'content' ? computedContent : NOTHING);
        canonical += `,${JSON.stringify(column)},${stated}`;
        copied += `\t${copyText(text)}`;
      }
    }
    const digested = digest(`[${JSON.stringify(plain)}${canonical}]`);
    const line = `${number}\t\\\\x${digested}${copied}\n`;
    if (used + 3 * line.length > page.length) {
      page = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, 3 * line.length));
      used = 0;
    }
    const start = used;
    used += page.write(line, start);
    const { uscc, record_id, source_unit } = row;
    return {
      number,
      row: { uscc, record_id, source_unit },
      whole: keepsRows ? row : null,
      key: `${uscc}${record_id}`,
      digest: digested,
      page,
      start,
      end: used,
    };
  };
}
