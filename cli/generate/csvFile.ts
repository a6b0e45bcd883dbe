import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';

const CHUNK = 256 * 1024;

/** One CSV file (UTF-8, \n, RFC 4180 quoting) written as a stream in constant memory. */
export interface CsvFile {
  path: string;
  rows: number;
  add(row: Record<string, string>): void;
  /** Waits while the disk is behind. Call it now and then. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function createCsvFile(path: string, columns: readonly string[]): CsvFile {
  const stream = createWriteStream(path);
  // A failed open or write is thrown by the next drain or close, not as an uncaught event.
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  const known = new Set(columns);
  let buffer = `${columns.join(',')}\n`;
  const flush = async (): Promise<void> => {
    if (failure !== undefined) throw failure;
    const text = buffer;
    buffer = '';
    if (!stream.write(text)) await once(stream, 'drain');
  };
  const file: CsvFile = {
    path,
    rows: 0,
    add(row) {
      for (const column in row) if (!known.has(column)) throw new Error(`${path} has no column ${column}`);
      buffer += columns.map((column) => cell(row[column] ?? '')).join(',');
      buffer += '\n';
      file.rows += 1;
    },
    drain: async () => {
      if (buffer.length >= CHUNK) await flush();
    },
    close: async () => {
      await flush();
      stream.end();
      await finished(stream);
    },
  };
  return file;
}
