import { badInput } from '#kit/errors.ts';
import { pathOfBadText } from '#kit/text.ts';
import type { FilingPart } from '#records/subgraph.ts';
import type { Form } from '#standards/forms/form.ts';
import { isRejectedFile, readHeader } from '#standards/forms/header.ts';
import { createRowParser, parseRow, type RowResult } from '#standards/forms/parse.ts';
import type { RowRules } from '#standards/forms/rowRules.ts';
import { restored } from '#standards/spreadsheetFormulas.ts';
import { csvRows, jsonRows, type JsonRow, type CsvRow } from './rows.ts';

// Splits the text of a part into rows and reads each by its form.

export interface NumberedResult {
  /** The row's number in the part; its first line has number 1. */
  readonly number: number;
  readonly result: RowResult;
}

/**
 * Reads the rows of a part, a piece of its text at a time.
 * @throws GraphQLError (BAD_USER_INPUT) where the file is not in the form, which is seen before its first row, or stops
 * being CSV. In a batch that is answered row by row, each row reports what it lacks instead.
 * @param rules awaited with the first row, after its file's header was read
 */
export async function* parsedRows(
  form: Form,
  { format, wantsRows = false }: FilingPart,
  text: AsyncIterable<string>,
  rules: Promise<RowRules>,
): AsyncGenerator<NumberedResult[]> {
  if (format === 'NDJSON') yield* parsedLines(form, jsonRows(text), wantsRows, rules);
  else yield* parsedCells(form, csvRows(text), wantsRows, rules);
}

async function* parsedLines(
  form: Form,
  pieces: AsyncIterable<readonly JsonRow[]>,
  wantsRows: boolean,
  rules: Promise<RowRules>,
): AsyncGenerator<NumberedResult[]> {
  let isChecked = wantsRows;
  for await (const lines of pieces) {
    const [first] = lines;
    if (!isChecked && first) {
      checkHeader(form, first.number, Object.keys(first.object ?? {}));
      isChecked = true;
    }
    const readBy = await rules;
    yield lines.map(({ number, object }) => ({
      number,
      result: object ? (badCharacters(object) ?? parseRow(form, object, readBy)) : noObject,
    }));
  }
  if (!isChecked) checkHeader(form, 1, []);
}

async function* parsedCells(
  form: Form,
  pieces: AsyncIterable<readonly CsvRow[]>,
  wantsRows: boolean,
  rules: Promise<RowRules>,
): AsyncGenerator<NumberedResult[]> {
  let parse: ((cells: readonly string[]) => RowResult) | null = null;
  let header: readonly string[] = [];
  let isRestored = false; // its cells are as they may be opened (standards/spreadsheetFormulas.ts)
  for await (const rows of pieces) {
    const results: NumberedResult[] = [];
    for (const { number, cells: written } of rows) {
      isRestored ||= parse === null && isRejectedFile(written);
      const cells = isRestored ? written.map(restored) : written;
      if (parse) results.push({ number, result: brokenCharacters(header, cells) ?? parse(cells) });
      else {
        const parser = createRowParser(checkHeader(form, number, cells));
        const readBy = await rules;
        parse = (row) => parser(row, readBy);
        header = cells;
      }
    }
    yield results;
  }
  if (parse === null && !wantsRows) checkHeader(form, 1, []);
}

const noObject: RowResult = {
  ok: false,
  problems: [
    {
      column: '',
      code: 'BAD_FORM',
      message: 'The line is no JSON object, or has more than 32 levels or 10 000 members.',
    },
  ],
};

function checkHeader(form: Form, number: number, columns: readonly string[]) {
  const read = readHeader(form, columns);
  if (read.ok) return read.header;
  const wrong = read.problems.map(({ column }) => column).join(', ');
  throw badInput(
    'part',
    read.problems[0]?.code ?? 'BAD_FORM',
    `Row ${number}, column ${wrong}: ${read.problems.map(({ message }) => message).join(' ')}`,
    `the columns of the form ${form.kind} (${form.source})`,
  );
}

const notInForm = (column: string, message: string): RowResult => ({
  ok: false,
  problems: [{ column, code: 'BAD_FORM', message }],
});
const UNSTORABLE = 'The value has a character that no record can hold: U+0000, or half of a surrogate pair.';

/** Checks everything that the row has, including what is kept beside the form. */
function badCharacters(object: Readonly<Record<string, unknown>>): RowResult | null {
  const path = pathOfBadText(object);
  return path && notInForm(path[0] ?? '', UNSTORABLE);
}

function brokenCharacters(header: readonly string[], cells: readonly string[]): RowResult | null {
  const undecoded = cells.findIndex((cell) => cell.includes('\uFFFD'));
  // U+0000 in a cell is left behind by a spreadsheet's export; the reader drops it (standards/forms/parse.ts).
  return undecoded < 0
    ? null
    : notInForm(header[undecoded] ?? '', 'The cell has bytes that are no character of the file’s encoding.');
}
