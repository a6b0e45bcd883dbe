import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { rejectionColumns } from '#standards/forms/header.ts';
import { neutralised, neutralisedRecord } from '#standards/spreadsheetFormulas.ts';
import type { PartOutcome, RejectedRow } from './api.ts';
import { createRecordScanner, type FilingFormat, type Part, pushFirst } from './split.ts';

// Refused rows as a file in the same form: the columns and cells of the file itself, before them the number of the row in that file and
// why it was refused. Mended it is filed as it is: the two columns are left out when a form is read. A cell that a spreadsheet would take for a
// formula begins with an apostrophe, which is taken away again when such a file is filed.

const [ROW, BECAUSE] = rejectionColumns;

/** Its rows are about natural persons, of whom nothing is kept anywhere (design §1): number and reason alone. */
const PERSONAL = 'OUT_OF_SCOPE_NATURAL_PERSON';

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const cell = (text: string): string => quoted(neutralised(text));

const because = ({ problems }: RejectedRow): string => problems.map(({ column, code, message }) => `${[column, code].filter(Boolean).join(' ')}: ${message}`).join(' | ');

const brokenIn = (encoding: string, bytes: Uint8Array): number => new TextDecoder(encoding).decode(bytes).split('\uFFFD').length;

/** As the gateway reads a part: what is no UTF-8 is GB18030, unless that makes less sense of it. */
function decoderOf(bytes: Uint8Array): (piece: Uint8Array) => string {
  const encoding = isUtf8(bytes) || brokenIn('gb18030', bytes) >= brokenIn('utf-8', bytes) ? 'utf-8' : 'gb18030';
  return (piece) => new TextDecoder(encoding).decode(piece);
}

/** The records of a part by their numbers, as far as they are wanted. */
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
  return `${row},${cell(because(rejected))},${own === null ? ','.repeat(columnsIn(header) - 1) : neutralisedRecord(own)}`;
}

function jsonLine(row: number, rejected: RejectedRow, own: string | null): string {
  const said = JSON.stringify({ [ROW]: row, [BECAUSE]: because(rejected) });
  const cells = /^\s*\{\s*(.*\S)\s*\}\s*$/s.exec(own ?? '')?.[1];
  return cells === undefined ? said : `${said.slice(0, -1)},${cells}}`;
}

/** The first line of such a file, without its end, and what its lines end with. */
function beginningOf(format: FilingFormat, header: string): { line: string | null; end: string } {
  // As the file's own: in one whose rows end with CR LF a lone LF is part of a cell.
  return format === 'NDJSON' ? { line: null, end: '\n' } : { line: `${ROW},${BECAUSE},${neutralisedRecord(withoutEnd(header).replace(/^\uFEFF/, ''))}`, end: header.endsWith('\r\n') ? '\r\n' : '\n' };
}

/** What the file of refused rows says of a part. */
export interface RejectedLines {
  readonly beginning: ReturnType<typeof beginningOf>;
  readonly lines: readonly string[];
}

/** @param bytes the part as it was sent; @param header its first bytes, the header of the file */
export function rejectedLines(format: FilingFormat, header: Buffer, bytes: Buffer, part: Part, { rejectedRows }: PartOutcome): RejectedLines {
  const decode = decoderOf(bytes);
  const head = decode(header).replace(/^(?:[ \t\r]*\n)+/, ''); // blank lines go with the header
  const shown = rejectedRows.filter(({ problems }) => !problems.some(({ code }) => code === PERSONAL));
  const records = recordsOf(format, bytes, new Set(shown.map(({ row }) => row)));
  const lines = rejectedRows.map((rejected) => {
    const record = records.get(rejected.row);
    const own = record === undefined ? null : withoutEnd(decode(record));
    const row = part.rowOffset + rejected.row;
    return format === 'CSV' ? csvLine(head, row, rejected, own) : jsonLine(row, rejected, own);
  });
  return { beginning: beginningOf(format, head), lines };
}

export interface RejectedFile extends AsyncDisposable {
  add(rejected: RejectedLines): Promise<void>;
  close(): Promise<{ rejectedFile: string | null; rejectedListed: number }>;
}

/** No refused row: no file, also not an older one. */
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
    async add({ beginning, lines }) {
      for (const line of lines) {
        if (!stream) {
          stream = createWriteStream(path, { mode: 0o600 }); // what is in it is not published
          // With a byte order mark: a spreadsheet takes Chinese for Latin letters without it.
          if (beginning.line !== null) stream.write(`\uFEFF${beginning.line}${beginning.end}`);
        }
        listed++;
        if (!stream.write(`${line}${beginning.end}`)) await once(stream, 'drain');
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
