import { badInput } from '#kit/errors.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { createCsvSplitter } from './csv.ts';

export interface CsvRow {
  /** The file's first row has number 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

export interface JsonRow {
  /** The file's first line has number 1. */
  readonly number: number;
  /** Null for a line that is not a JSON object. */
  readonly object: Readonly<Record<string, unknown>> | null;
}

const MAX_ROW = 2 ** 20;
/** A row has some fifty cells, and whatever else its sender keeps. */
const ROW_BOUNDS = { depth: 32, members: 10_000 };

const tooLong = (number: number) =>
  badInput(
    'part',
    'ROW_LENGTH',
    `Row ${number} has more than ${MAX_ROW} characters: a quotation mark may be open.`,
    'rows of the form',
  );

// Rows come by the piece of text: an await for each row would cost as much as splitting it.

/** Rows of a CSV file, blank ones left out. @throws BAD_USER_INPUT (ROW_LENGTH) */
export async function* csvRows(text: AsyncIterable<string>): AsyncGenerator<CsvRow[]> {
  const split = createCsvSplitter();
  let number = 0;
  const numbered = (records: string[][]): CsvRow[] =>
    records.flatMap((cells) => {
      number += 1;
      return cells.length > 1 || cells[0]?.trim() !== '' ? { number, cells } : [];
    });
  for await (const piece of text) {
    const rows = numbered(split(piece, false));
    if (split.waiting() > MAX_ROW) throw tooLong(number + 1);
    yield rows;
  }
  yield numbered(split('', true));
}

/** Lines of an NDJSON file, blank ones left out. @throws BAD_USER_INPUT (ROW_LENGTH) */
export async function* jsonRows(text: AsyncIterable<string>): AsyncGenerator<JsonRow[]> {
  let number = 0;
  let rest = '';
  const numbered = (lines: string[]): JsonRow[] =>
    lines.flatMap((line) => {
      number += 1;
      return line.trim() === '' ? [] : { number, object: objectOf(line) };
    });
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    const rows = numbered(lines);
    if (rest.length > MAX_ROW) throw tooLong(number + 1);
    yield rows;
  }
  yield numbered([rest]);
}

/**
 * The object of a line; null for a line that is not a JSON object or exceeds the bounds, since what is recorded is
 * walked, compared and written back.
 */
function objectOf(line: string): Readonly<Record<string, unknown>> | null {
  if (jsonBoundsProblem(line, ROW_BOUNDS) !== null) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
