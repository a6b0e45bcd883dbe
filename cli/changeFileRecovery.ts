import { type FileHandle, readFile } from 'node:fs/promises';
import { Failure } from './failure.ts';
import { unwritable } from './ownFile.ts';

// What an earlier run left of a file of changes (changeFile.ts): its position, and the lines that are whole.

/** The position that is kept beside the file. */
export interface KeptPosition {
  readonly cursor: string;
  /** The length of the file at that position. */
  readonly bytes: number;
}

/** Repeated changes come only directly after a reconnection, and there are never more of them than this. */
const REMEMBERED = 1000;
const NEW_LINE = 0x0a;

/** A file of changes as it is found, with whole lines alone. */
export interface FoundChanges {
  /** The position of the file; null when it has neither changes nor a position. */
  readonly cursor: string | null;
  /** The length of the file. */
  readonly bytes: number;
  /** The ids of the last changes, oldest first. */
  readonly ids: readonly string[];
}

/**
 * Cuts off a line that an interrupted run left half written, and finds the position of the file. Lines after the kept
 * position count, because they were already handed on, so the position is that of the last line. (Resuming before them
 * would lose removals: `REMOVED` is delivered only for records that were visible at the position resumed from.)
 * @param path names the file in errors
 * @throws Failure when the file holds something else
 */
export async function mend(path: string, handle: FileHandle, kept: KeptPosition | null): Promise<FoundChanges> {
  const { size } = await handle.stat();
  const start = kept && (await endsLine(handle, kept.bytes, size)) ? kept.bytes : 0;
  // A line after the kept position may have been damaged by a loss of power. A line before it was safely on the disk,
  // so one that is not a change was not written by this command.
  const isOurs = start > 0 || kept?.bytes === 0;
  let ids: string[] = [];
  let cursor = kept?.cursor ?? null;
  let end = start;
  let number = 0;
  for await (const line of linesFrom(handle, start)) {
    number += 1;
    const change = readChange(line.text);
    if (!change) {
      if (isOurs) break;
      throw new Failure(`Line ${number} of ${path} is no change.`, {
        advice: 'Give --save a file of its own, or a name that is not taken.',
      });
    }
    ids.push(change.id);
    if (ids.length > 2 * REMEMBERED) ids = ids.slice(-REMEMBERED);
    cursor = change.cursor;
    end = line.end;
  }
  // A first line that was cut off is removed, too, but only when it begins as a change does.
  if (end === 0 && size > 0 && !(await beginsAsChange(handle)))
    throw new Failure(`${path} is not a file of changes.`, {
      advice: 'Give --save a file of its own, or a name that is not taken.',
    });
  if (end < size) await handle.truncate(end);
  return { cursor, bytes: end, ids: ids.slice(-REMEMBERED) };
}

async function endsLine(handle: FileHandle, bytes: number, size: number): Promise<boolean> {
  if (bytes === 0 || bytes > size) return false; // the file was moved away or cut since
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, bytes - 1);
  return buffer[0] === NEW_LINE;
}

const EARLIEST = '{"__typename":';

async function beginsAsChange(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(EARLIEST.length), 0, EARLIEST.length, 0);
  return EARLIEST.startsWith(buffer.toString('utf8', 0, bytesRead));
}

/** Whole lines, in constant memory. */
async function* linesFrom(
  handle: FileHandle,
  start: number,
): AsyncGenerator<{ readonly text: string; readonly end: number }> {
  const chunk = Buffer.allocUnsafe(256 * 1024);
  let rest = Buffer.alloc(0);
  let at = start;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at + rest.length);
    if (bytesRead === 0) return;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let from = 0;
    for (let end = rest.indexOf(NEW_LINE); end >= 0; end = rest.indexOf(NEW_LINE, from)) {
      const text = rest.toString('utf8', from, end);
      from = end + 1;
      yield { text, end: at + from };
    }
    rest = rest.subarray(from);
    at += from;
  }
}

function readChange(text: string): { readonly id: string; readonly cursor: string } | null {
  try {
    const { id, cursor } = JSON.parse(text) as { id?: unknown; cursor?: unknown };
    return typeof id === 'string' && typeof cursor === 'string' ? { id, cursor } : null;
  } catch {
    return null;
  }
}

/**
 * Reads the position that is kept in a file of its own; null when there is no such file.
 * @throws Failure when the file cannot be read or holds something else
 */
export async function readPosition(path: string): Promise<KeptPosition | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unwritable(path, error);
  }
  try {
    const { cursor, bytes } = JSON.parse(text) as Partial<KeptPosition>;
    if (typeof cursor === 'string' && Number.isSafeInteger(bytes)) return { cursor, bytes: bytes as number };
  } catch {
    // The error follows.
  }
  throw new Failure(`${path} is not a place as this command keeps it.`, {
    advice: 'It was written by something else: give --save another name.',
  });
}
