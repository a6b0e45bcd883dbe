import type { SubgraphName } from '../config.ts';
import type { RecordRow } from '../records.ts';
import type { ParsedRecord } from '#standards/forms/form.ts';
import { canonicalJson } from './canonical.ts';

/** A field of a parsed row as text; null where the row has none. The parser gives each field the type its form says (standards/forms). */
export const textOf = (record: ParsedRecord, name: string): string | null => (record[name] as string | null | undefined) ?? null;

/** A table of records: the columns every one has (prisma/migrations) and its own. */
export interface RecordTable<Own extends string> {
  readonly schema: SubgraphName;
  readonly name: string;
  /** Names of the table's own columns. */
  readonly columns: readonly Own[];
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

export interface StagedRow<Own extends string> {
  /** The row's number in the file. */
  readonly number: number;
  readonly row: FiledRow<Own>;
  readonly key: string;
  readonly digest: Buffer;
  /** Texts of `stagedColumns`, escaped for COPY and joined by tabs; without position and digest. */
  readonly copied: string;
}

/** Columns filed to a table, in the order in which they are staged. */
export const stagedColumns = <Own extends string>(table: RecordTable<Own>): readonly string[] => [...filedColumns, ...table.columns];

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const copyText = (text: string): string => (SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text);

/**
 * Makes the digest and the COPY text of rows. The digest is over a canonical JSON array of all that was filed, in the order of
 * `stagedColumns`; not of the filing's id and times, so that the same content is the same digest whoever sends it again.
 */
export function createStager<Own extends string>(table: RecordTable<Own>, digest: (canonical: string) => Buffer): (number: number, row: FiledRow<Own>) => StagedRow<Own> {
  const columns = stagedColumns(table);
  return (number, row) => {
    const values = row as unknown as Readonly<Record<string, unknown>>; // read by column name
    const plain: (string | null)[] = [];
    let canonical = '';
    let copied = '';
    for (const column of columns) {
      const value = values[column] ?? null;
      let text: string | null;
      if (typeof value === 'string' || value === null) {
        plain.push(value);
        text = value;
      } else {
        text = canonicalJson(value);
        canonical += `,${JSON.stringify(column)},${text}`;
      }
      copied += `${copied === '' ? '' : '\t'}${text === null ? '\\N' : copyText(text)}`;
    }
    return { number, row, key: `${row.uscc}${row.record_id}`, digest: digest(`[${JSON.stringify(plain)}${canonical}]`), copied };
  };
}
