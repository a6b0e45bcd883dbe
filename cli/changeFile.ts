import { type FileHandle, readFile } from 'node:fs/promises';
import { Failure } from './failure.ts';
import { openOwn, replaceOwn, unwritable } from './ownFile.ts';

// Changes in a file, one JSON object a line, and beside it `FILE.cursor`: the place up to which they are there. Lines are on the disk before
// their place is, so whoever is killed at any moment finds a place that is not ahead of its lines.

export interface ChangeFile extends AsyncDisposable {
  /** Where to go on: a cursor, or what a new file was given to begin from. */
  readonly place: string | null;
  /** Whether it has neither changes nor a place. */
  readonly isNew: boolean;
  /** Whether the change is one that the file had when it was opened. Asked of every change, in order: repetitions come first. */
  isRepeated(id: string): boolean;
  /** Takes a change. Resolves at once, or when the disk has taken enough of what waits. @throws Failure when the disk does not take it */
  append(line: string): Promise<void>;
  /** Everything up to this place was appended. */
  reached(cursor: string): Promise<void>;
}

export interface ChangeFileOptions {
  /** Where a new file begins; kept as its place before its first line. */
  readonly from: string | null;
  /** Told once, when the disk fails while nobody appends. */
  readonly onFailure: (error: unknown) => void;
  /** Calls back once, after so many milliseconds. @returns what calls it off */
  readonly after: (ms: number, then: () => void) => () => void;
}

interface KeptPlace {
  readonly cursor: string;
  /** How long the file was then. */
  readonly bytes: number;
}

/** A flush to the disk takes milliseconds, and a change microseconds. */
const FLUSH_MS = 200;
const FLUSH_LINES = 500;
/** Repetitions come only directly after coming back, and never go back further than this. */
const REMEMBERED = 1000;
const NEW_LINE = 0x0a;

/** @throws Failure when the file is not one of changes, or cannot be written */
export async function openChangeFile(path: string, { from, onFailure, after }: ChangeFileOptions): Promise<ChangeFile> {
  const kept = await readPlace(`${path}.cursor`);
  const handle = await openOwn(path);
  let found: Found;
  try {
    found = await mend(path, handle, kept);
  } catch (error) {
    await handle.close();
    throw error;
  }

  let lines: string[] = [];
  let { bytes } = found;
  let place: KeptPlace | null = found.cursor === null ? null : { cursor: found.cursor, bytes };
  let keptPlace: KeptPlace | null = kept;
  let callOff: (() => void) | null = null;
  let hasFailed = false;
  let written = Promise.resolve();
  let repeatable = found.ids.length;
  const ids = new Set(found.ids);

  const keep = async (next: KeptPlace): Promise<void> => {
    if (next.cursor === keptPlace?.cursor && next.bytes === keptPlace.bytes) return;
    await replaceOwn(`${path}.cursor`, `${JSON.stringify(next)}\n`);
    keptPlace = next;
  };

  const flush = async (): Promise<void> => {
    const [taken, reached] = [lines, place];
    lines = [];
    try {
      if (taken.length > 0) {
        if (keptPlace === null && from !== null) await keep({ cursor: from, bytes: 0 });
        await handle.appendFile(taken.join(''));
        await handle.datasync();
      }
      if (reached) await keep(reached);
    } catch (error) {
      throw unwritable(path, error);
    }
  };

  /** One after the other; what fails once fails from then on, since nobody knows what of it is on the disk. */
  const write = (): Promise<void> => {
    callOff?.();
    callOff = null;
    written = written.then(flush);
    return written;
  };
  const fail = (error: unknown): void => {
    if (!hasFailed) onFailure(error);
    hasFailed = true;
  };
  const schedule = (): void => {
    callOff ??= after(FLUSH_MS, () => {
      callOff = null;
      write().catch(fail);
    });
  };
  // What was found is safe, and its place kept, before anything comes after it.
  try {
    await handle.sync();
    await write();
  } catch (error) {
    await handle.close();
    throw error;
  }

  return {
    place: found.cursor ?? from,
    isNew: found.cursor === null,
    isRepeated(id) {
      repeatable -= 1;
      return repeatable >= 0 && ids.has(id);
    },
    async append(line) {
      const text = `${line}\n`;
      lines.push(text);
      bytes += Buffer.byteLength(text);
      if (lines.length < FLUSH_LINES) schedule();
      else await write();
    },
    async reached(cursor) {
      place = { cursor, bytes };
      // The first place is kept before anything comes after it.
      if (keptPlace === null) await write();
      else schedule();
    },
    async [Symbol.asyncDispose]() {
      try {
        await write();
      } finally {
        await handle.close();
      }
    },
  };
}

interface Found {
  readonly cursor: string | null;
  readonly bytes: number;
  /** Of the last changes, oldest first. */
  readonly ids: readonly string[];
}

/**
 * Cuts off what an interrupted run has left half written, and says where the file stands. Lines that came after the kept place count: they
 * were given out already, so the place is that of the last of them. (Going back behind them would lose word of records that have gone
 * since: `REMOVED` is told of what was in sight at the place one comes back with.)
 */
async function mend(path: string, handle: FileHandle, kept: KeptPlace | null): Promise<Found> {
  const { size } = await handle.stat();
  const start = kept && (await endsLine(handle, kept.bytes, size)) ? kept.bytes : 0;
  // After the kept place a line may be damaged by a loss of power; before it, it was on the disk, so it was never one of ours.
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
      throw new Failure(`Line ${number} of ${path} is no change.`, { advice: 'Give --save a file of its own, or a name that is not taken.' });
    }
    ids.push(change.id);
    if (ids.length > 2 * REMEMBERED) ids = ids.slice(-REMEMBERED);
    cursor = change.cursor;
    end = line.end;
  }
  // A first line that was cut off is mended away, too, but a text that does not begin as ours is not ours to cut.
  if (end === 0 && size > 0 && !(await beginsAsChange(handle))) throw new Failure(`${path} is not a file of changes.`, { advice: 'Give --save a file of its own, or a name that is not taken.' });
  if (end < size) await handle.truncate(end);
  return { cursor, bytes: end, ids: ids.slice(-REMEMBERED) };
}

async function endsLine(handle: FileHandle, bytes: number, size: number): Promise<boolean> {
  if (bytes === 0 || bytes > size) return false; // the file was moved away or cut since
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, bytes - 1);
  return buffer[0] === NEW_LINE;
}

const BEGINNING = '{"__typename":';

async function beginsAsChange(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING.length), 0, BEGINNING.length, 0);
  return BEGINNING.startsWith(buffer.toString('utf8', 0, bytesRead));
}

/** Whole lines, in constant memory. */
async function* linesFrom(handle: FileHandle, start: number): AsyncGenerator<{ readonly text: string; readonly end: number }> {
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

async function readPlace(path: string): Promise<KeptPlace | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unwritable(path, error);
  }
  try {
    const { cursor, bytes } = JSON.parse(text) as Partial<KeptPlace>;
    if (typeof cursor === 'string' && Number.isSafeInteger(bytes)) return { cursor, bytes: bytes as number };
  } catch {
    // Said below.
  }
  throw new Failure(`${path} is not a place as this command keeps it.`, { advice: 'It was written by something else: give --save another name.' });
}
