import type { FileHandle } from 'node:fs/promises';
import { type FoundChanges, type KeptPosition, mend, readPosition } from './changeFileRecovery.ts';
import { openOwn, replaceOwn, unwritable } from './ownFile.ts';

// Changes in a file, one JSON object a line. Beside it, `FILE.cursor` holds the position up to which the file is
// complete. Lines are on the disk before their position is, so after a kill at any moment the position is not ahead of
// the lines.

export interface ChangeFile extends AsyncDisposable {
  /** Where to resume: a cursor, or for a new file the `from` that it was opened with. */
  readonly position: string | null;
  /** Whether the file has neither changes nor a position. */
  readonly isNew: boolean;
  /**
   * Whether the file already had the change when it was opened. Call it for every change, in order: repetitions come
   * first.
   */
  isRepeated(id: string): boolean;
  /**
   * Adds a change. It resolves at once, or after a write to the disk when many changes are waiting.
   * @throws Failure when the write fails
   */
  append(line: string): Promise<void>;
  /** Notes that every change up to this position was appended. */
  reached(cursor: string): Promise<void>;
}

export interface ChangeFileOptions {
  /** Where a new file begins. It is kept as the file's position before the first line. */
  readonly from: string | null;
  /** Called once when a write fails while no `append` is waiting for it. */
  readonly onFailure: (error: unknown) => void;
  /** Calls `then` once, after `ms` milliseconds. @returns a function that cancels the call */
  readonly after: (ms: number, then: () => void) => () => void;
}

/** A flush to the disk takes milliseconds, and a change microseconds. */
const FLUSH_MS = 200;
const FLUSH_LINES = 500;
/** Opens or creates a file of changes. @throws Failure when the file holds something else or cannot be written */
export async function openChangeFile(path: string, options: ChangeFileOptions): Promise<ChangeFile> {
  const kept = await readPosition(`${path}.cursor`);
  const handle = await openOwn(path);
  try {
    const found = await mend(path, handle, kept);
    const writer = createWriter(path, handle, found, kept, options);
    // The lines that were found are on the disk, and their position is kept, before anything is appended.
    await handle.sync();
    await writer.write();
    return {
      position: found.cursor ?? options.from,
      isNew: found.cursor === null,
      isRepeated: createRepetitions(found.ids),
      append: writer.append,
      reached: writer.reached,
      async [Symbol.asyncDispose]() {
        try {
          await writer.write();
        } finally {
          await handle.close();
        }
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether a change is one of those that were found: called for every change in order, since repetitions come first. */
function createRepetitions(found: readonly string[]): (id: string) => boolean {
  const ids = new Set(found);
  let repeatable = found.length;
  return (id) => {
    repeatable -= 1;
    return repeatable >= 0 && ids.has(id);
  };
}

interface Writer extends Pick<ChangeFile, 'append' | 'reached'> {
  /**
   * Writes what is waiting, after what is being written. After one failure all later writes fail: what is on the disk
   * is not known.
   * @throws Failure
   */
  write(): Promise<void>;
}

/** Creates the writer of lines and positions. Lines are on the disk before their position is kept. */
function createWriter(
  path: string,
  handle: FileHandle,
  found: FoundChanges,
  kept: KeptPosition | null,
  { from, onFailure, after }: ChangeFileOptions,
): Writer {
  let lines: string[] = [];
  let { bytes } = found;
  let position: KeptPosition | null = found.cursor === null ? null : { cursor: found.cursor, bytes };
  let keptPosition = kept;
  let cancelScheduled: (() => void) | null = null;
  let hasFailed = false;
  let written = Promise.resolve();

  const keep = async (next: KeptPosition): Promise<void> => {
    if (next.cursor === keptPosition?.cursor && next.bytes === keptPosition.bytes) return;
    await replaceOwn(`${path}.cursor`, `${JSON.stringify(next)}\n`);
    keptPosition = next;
  };
  const flush = async (): Promise<void> => {
    const [taken, reached] = [lines, position];
    lines = [];
    try {
      if (taken.length > 0) {
        if (keptPosition === null && from !== null) await keep({ cursor: from, bytes: 0 });
        await handle.appendFile(taken.join(''));
        await handle.datasync();
      }
      if (reached) await keep(reached);
    } catch (error) {
      throw unwritable(path, error);
    }
  };
  const write = (): Promise<void> => {
    cancelScheduled?.();
    cancelScheduled = null;
    written = written.then(flush);
    return written;
  };
  const fail = (error: unknown): void => {
    if (!hasFailed) onFailure(error);
    hasFailed = true;
  };
  const schedule = (): void => {
    cancelScheduled ??= after(FLUSH_MS, () => {
      cancelScheduled = null;
      write().catch(fail);
    });
  };

  return {
    write,
    async append(line) {
      const text = `${line}\n`;
      lines.push(text);
      bytes += Buffer.byteLength(text);
      if (lines.length < FLUSH_LINES) schedule();
      else await write();
    },
    async reached(cursor) {
      position = { cursor, bytes };
      // The first position is kept before anything is appended after it.
      if (keptPosition === null) await write();
      else schedule();
    },
  };
}
