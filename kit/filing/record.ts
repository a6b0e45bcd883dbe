import type { FeedTable } from '../feed.ts';
import type { RecordRow } from '../records.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { canonicalJson } from './canonical.ts';

/** A field of a parsed row as text; null where the row has none. The parser gives each field the type its form says (standards/forms). */
export const textOf = (record: ParsedRecord, name: string): string | null => (record[name] as string | null | undefined) ?? null;

/** A table of records: the columns every one has (prisma/migrations) and its own. */
export interface RecordTable<Own extends string> extends FeedTable {
  /** Names of the table's own columns. */
  readonly columns: readonly Own[];
  /** SQL: whether a record is one that a full replacement never ends without a second person; left out: none is. */
  readonly isGuarded?: (row: string) => string;
}

/**
 * A row of a filing, ready to be recorded. What it does not have is the recording's: digest, version and times. Values are texts
 * as PostgreSQL reads them: days 'YYYY-MM-DD', numbers in decimals. `content` must hold no bigint.
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
  /** Where the filing itself says that the record is withdrawn; left out, it stays as it was. */
  readonly withdrawn_on?: string | null;
} & Readonly<Record<Own, string | null>>;

/** The columns that come from the filing; all of them are in the digest. The first is never empty, and content comes after all texts. */
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

/** Whose a row is, and which. */
export type RowIdentity = Pick<RecordRow, 'uscc' | 'record_id' | 'source_unit'>;

export interface StagedRow<Own extends string> {
  /** The row's number in the part. */
  readonly number: number;
  readonly row: RowIdentity;
  /** All of the row, for kinds that do something with it once it is recorded; else null. */
  readonly whole: FiledRow<Own> | null;
  readonly key: string;
  /** Hexadecimal. */
  readonly digest: string;
  /** Where the row's line for COPY stands in a page: number, digest and the texts of `stagedColumns`. */
  readonly page: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Columns filed to a table, in the order in which they are staged. */
export const stagedColumns = <Own extends string>(table: RecordTable<Own>): readonly string[] => [...filedColumns, ...table.columns];

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const copyText = (text: string): string => (SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text);

const PAGE_BYTES = 512 * 1024;

/**
 * Makes the digest and the COPY line of rows. The digest is over a canonical JSON array of all that was filed, in the order of
 * `stagedColumns`; not of the filing's id and times, so that the same content is the same digest whoever sends it again.
 *
 * Lines are written into pages at once, and rows not kept: joined later the texts cost 5 µs a row more, and what lives as long as a
 * batch is what the garbage collector has to move (4 µs a row).
 */
export function createStager<Own extends string>(table: RecordTable<Own>, digest: (canonical: string) => string, keepsRows: boolean): (number: number, row: FiledRow<Own>) => StagedRow<Own> {
  const columns = stagedColumns(table);
  let page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  let used = 0;
  return (number, row) => {
    const values = row as unknown as Readonly<Record<string, unknown>>; // read by column name
    const plain: (string | null)[] = [];
    let canonical = '';
    let copied = '';
    for (const column of columns) {
      const value = values[column] ?? null;
      if (value === null) {
        plain.push(null);
        copied += '\t\\N';
      } else if (typeof value === 'string') {
        plain.push(value);
        copied += `\t${copyText(value)}`;
      } else {
        const text = canonicalJson(value);
        canonical += `,${JSON.stringify(column)},${text}`;
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
    return { number, row: { uscc, record_id, source_unit }, whole: keepsRows ? row : null, key: `${uscc}${record_id}`, digest: digested, page, start, end: used };
  };
}
