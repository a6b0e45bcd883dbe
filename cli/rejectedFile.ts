import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { rejectionColumns } from '#standards/forms/header.ts';
import { neutralised, neutralisedRecord } from '#standards/spreadsheetFormulas.ts';
import type { PartOutcome, RejectedRow } from './api.ts';
import { createRecordScanner, type FilingFormat, type Part, pushFirst } from './split.ts';

// Refused rows as a file in the same form: the columns and cells of the original file, after the row's number in that
// file and the reason for the refusal. A mended file can be filed as it is, because the reader of forms ignores the two
// columns. A cell that a spreadsheet would take for a formula begins with an apostrophe, which is removed on filing.

const [ROW, BECAUSE] = rejectionColumns;

/** Rows about natural persons, of whom nothing is kept (design §1): such a row has its number and reason alone. */
const PERSONAL = 'OUT_OF_SCOPE_NATURAL_PERSON';

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const cell = (text: string): string => quoted(neutralised(text));

const because = ({ problems }: RejectedRow): string =>
  problems.map(({ column, code, message }) => `${[column, code].filter(Boolean).join(' ')}: ${message}`).join(' | ');

const brokenIn = (encoding: string, bytes: Uint8Array): number =>
  new TextDecoder(encoding).decode(bytes).split('\uFFFD').length;

/** Decodes as the gateway does: bytes that are not UTF-8 are GB18030, unless that leaves more of them undecoded. */
function decoderOf(bytes: Uint8Array): (piece: Uint8Array) => string {
  const encoding = isUtf8(bytes) || brokenIn('gb18030', bytes) >= brokenIn('utf-8', bytes) ? 'utf-8' : 'gb18030';
  return (piece) => new TextDecoder(encoding).decode(piece);
}

/** The wanted records of a part, by their numbers. */
function recordsOf(format: FilingFormat, bytes: Buffer, wanted: ReadonlySet<number>): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let number = 0;
  let start = 0;
  const scanner = createRecordScanner(format, (end) => {
    number++;
    if (wanted.has(number)) found.set(number, bytes.subarray(start, end));
    start = end;
  });
  pushFirst(scanner, bytes);
  scanner.end();
  return found;
}

const withoutEnd = (text: string): string => text.replace(/\r?\n$/, '');

const columnsIn = (header: string): number => header.replaceAll(/"(?:[^"]|"")*"/g, '').split(',').length;

function csvLine(header: string, row: number, rejected: RejectedRow, own: string | null): string {
  const cells = own === null ? ','.repeat(columnsIn(header) - 1) : neutralisedRecord(own);
  return `${row},${cell(because(rejected))},${cells}`;
}

function jsonLine(row: number, rejected: RejectedRow, own: string | null): string {
  const stated = JSON.stringify({ [ROW]: row, [BECAUSE]: because(rejected) });
  const cells = /^\s*\{\s*(.*\S)\s*\}\s*$/s.exec(own ?? '')?.[1];
  return cells === undefined ? stated : `${stated.slice(0, -1)},${cells}}`;
}

/** The first line of such a file, without its line end, and the line end of the file. */
function headerOf(format: FilingFormat, header: string): { line: string | null; end: string } {
  // The line end of the original file: when its rows end with CR LF, a lone LF is part of a cell.
  return format === 'NDJSON'
    ? { line: null, end: '\n' }
    : {
        line: `${ROW},${BECAUSE},${neutralisedRecord(withoutEnd(header).replace(/^\uFEFF/, ''))}`,
        end: header.endsWith('\r\n') ? '\r\n' : '\n',
      };
}

/** The lines that the file of refused rows has about a part. */
export interface RejectedLines {
  readonly header: ReturnType<typeof headerOf>;
  readonly lines: readonly string[];
}

/**
 * @param bytes the part as it was sent
 * @param header its first bytes, the header of the file
 */
export function rejectedLines(
  format: FilingFormat,
  header: Buffer,
  bytes: Buffer,
  part: Part,
  { rejectedRows }: PartOutcome,
): RejectedLines {
  const decode = decoderOf(bytes);
  const head = decode(header).replace(/^(?:[ \t\r]*\n)+/, ''); // blank lines go with the header
  const displayed = rejectedRows.filter(({ problems }) => !problems.some(({ code }) => code === PERSONAL));
  const records = recordsOf(format, bytes, new Set(displayed.map(({ row }) => row)));
  const lines = rejectedRows.map((rejected) => {
    const record = records.get(rejected.row);
    const own = record === undefined ? null : withoutEnd(decode(record));
    const row = part.rowOffset + rejected.row;
    return format === 'CSV' ? csvLine(head, row, rejected, own) : jsonLine(row, rejected, own);
  });
  return { header: headerOf(format, head), lines };
}

export interface RejectedFile extends AsyncDisposable {
  add(rejected: RejectedLines): Promise<void>;
  close(): Promise<{ rejectedFile: string | null; rejectedListed: number }>;
}

/** Without refused rows there is no file, and an older one is removed. */
export function createRejectedFile(file: string, format: FilingFormat): RejectedFile {
  const path = `${file}.rejected.${format === 'CSV' ? 'csv' : 'ndjson'}`;
  let stream: ReturnType<typeof createWriteStream> | null = null;
  let listed = 0;
  const end = async (): Promise<void> => {
    if (!stream || stream.closed) return;
    stream.end();
    await finished(stream);
  };
  return {
    async add({ header, lines }) {
      for (const line of lines) {
        if (!stream) {
          stream = createWriteStream(path, { mode: 0o600 }); // what is in it is not published
          // The file begins with a byte order mark: without it a spreadsheet takes Chinese for Latin letters.
          if (header.line !== null) stream.write(`\uFEFF${header.line}${header.end}`);
        }
        listed++;
        if (!stream.write(`${line}${header.end}`)) await once(stream, 'drain');
      }
    },
    async close() {
      await end();
      if (listed === 0) await rm(path, { force: true });
      return { rejectedFile: listed === 0 ? null : path, rejectedListed: listed };
    },
    [Symbol.asyncDispose]: end,
  };
}
