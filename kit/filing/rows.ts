import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { badInput } from '../errors.ts';

/** A row of CSV; the first has number 1. A row of NDJSON likewise. */
export interface CsvRow {
  readonly number: number;
  readonly cells: readonly string[];
}

export interface JsonRow {
  readonly number: number;
  /** Null for a line that is no JSON object. */
  readonly object: Readonly<Record<string, unknown>> | null;
}

const MAX_ROW = 2 ** 20;

const tooLong = (number: number) => badInput('part', 'ROW_LENGTH', `Row ${number} has more than ${MAX_ROW} characters: a quotation mark may be open.`, 'rows of the form');

/** Rows of RFC 4180, blank ones left out. A quotation mark inside an unquoted cell is a character like any other. */
export async function* csvRows(text: AsyncIterable<string>): AsyncGenerator<CsvRow> {
  let number = 0;
  // The callback form forwards errors of the source; `for await` throws them.
  const parser = pipeline(Readable.from(text), parse({ relax_column_count: true, relax_quotes: true, max_record_size: MAX_ROW }), () => {});
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      number += 1;
      if (cells.length > 1 || cells[0]?.trim() !== '') yield { number, cells };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw tooLong(number + 1);
    throw badInput('part', error.code, `Row ${number + 1}, column ${String(error['column'] ?? '?')}: the row is not CSV.`, 'cells in RFC 4180 form');
  }
}

/** Lines of NDJSON, blank ones left out. */
export async function* jsonRows(text: AsyncIterable<string>): AsyncGenerator<JsonRow> {
  let number = 0;
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_ROW) throw tooLong(number + lines.length + 1);
    for (const line of lines) {
      number += 1;
      if (line.trim() !== '') yield { number, object: objectOf(line) };
    }
  }
  if (rest.trim() !== '') yield { number: number + 1, object: objectOf(rest) };
}

function objectOf(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
