import { write, writeSync } from 'node:fs';
import { backOff } from './backOff.ts';

// Writes lines to a file descriptor that may fail and recover: a volume without room, a pipe without a reader, a device
// that takes nothing. A caller never waits and never fails; lines that could not be written are lost and counted.
// Pino's own destination (sonic-boom 4) ends the process with the first unhandled error, and at exit retries for ever:
// the process then reacts to no signal (kit/lineWriter.test.ts).

export interface LineWriter {
  /** A whole line with its end. */
  write(line: string): void;
  /** Calls `done` when what was just written, and all before it, is out; with an error where it was lost. */
  flush(done: (error?: Error) => void): void;
  /** For the end of the process: writes what can be written at once. */
  flushSync(): void;
  /** Lines lost since the beginning. */
  lost(): number;
  /** Whether the last attempt failed. */
  isFailing(): boolean;
}

export interface LineWriterOptions {
  /** Maximum number of bytes that wait; lines beyond it are lost. */
  readonly maxBytes?: number;
  readonly writeTo?: typeof write;
}

/** What waits while nothing reads: some seconds of a busy log. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Maximum of one write: few system calls when there is much, and little that is lost with one that fails. */
const BATCH_BYTES = 64 * 1024;
const LONGEST_BACK_OFF_MS = 1000;

/** Lines of the log that could not be written. */
export class LinesLost extends Error {
  override name = 'LinesLost';
  constructor(cause?: unknown) {
    super('lines of the log could not be written', { cause });
  }
}

/** Lines that wait to be written, in bounded memory. */
function createQueue(maxBytes: number) {
  let waiting: string[] = [];
  let waitingBytes = 0;
  return {
    /** Adds a line; false where there is no room for it. */
    add(line: string): boolean {
      const size = Buffer.byteLength(line);
      if (waitingBytes + size > maxBytes) return false;
      waiting.push(line);
      waitingBytes += size;
      return true;
    },
    isEmpty: (): boolean => waiting.length === 0,
    /** Takes out the first lines: those that begin in the first BATCH_BYTES. */
    take(): { readonly text: string; readonly lines: number } {
      let lines = 0;
      let size = 0;
      // The index is within the list, so the line is there.
      while (lines < waiting.length && size < BATCH_BYTES) size += Buffer.byteLength(waiting[lines++] as string);
      const text = waiting.slice(0, lines).join('');
      waiting = waiting.slice(lines);
      waitingBytes -= size;
      return { text, lines };
    },
    /** Takes out all lines. */
    drain(): string {
      const text = waiting.join('');
      waiting = [];
      waitingBytes = 0;
      return text;
    },
  };
}

/** What became of the lines, for those who wait for them to be out. */
function createReceipts() {
  let lost = 0;
  let cause: unknown;
  /** Lines that were accepted, and those of them that are out or lost: always the first ones. */
  let accepted = 0;
  let settled = 0;
  let isLastRefused = false;
  let pending: { readonly through: number; readonly lostBefore: number; readonly done: (error?: Error) => void }[] = [];

  const settle = (lines: number): void => {
    settled += lines;
    const due = pending.filter(({ through }) => through <= settled);
    if (due.length === 0) return;
    pending = pending.filter(({ through }) => through > settled);
    for (const { lostBefore, done } of due) done(lost > lostBefore ? new LinesLost(cause) : undefined);
  };

  return {
    accept(): void {
      isLastRefused = false;
      accepted += 1;
    },
    /** Counts a line as lost for which there was no room. */
    refuse(): void {
      isLastRefused = true;
      lost += 1;
    },
    /** The first `lines` that were not settled yet are out. */
    settle,
    /** The first `lines` that were not settled yet are lost. */
    lose(lines: number, error: unknown): void {
      cause = error;
      lost += lines;
      settle(lines);
    },
    /** Calls `done` when the last line is out, with LinesLost where it was lost. */
    wait(done: (error?: Error) => void): void {
      if (isLastRefused) return done(new LinesLost(cause));
      if (settled >= accepted) return done();
      pending.push({ through: accepted, lostBefore: lost, done });
    },
    lost: (): number => lost,
  };
}

/**
 * Creates a writer of lines to a file descriptor. One write is under way at a time; after a failed one the next waits,
 * up to a second.
 */
export function createLineWriter(
  fd: number,
  { maxBytes = MAX_BYTES, writeTo = write }: LineWriterOptions = {},
): LineWriter {
  const queue = createQueue(maxBytes);
  const receipts = createReceipts();
  /** The write under way and its number of lines; null while there is none. */
  let batch: { readonly bytes: Buffer; readonly lines: number } | null = null;
  let isPaused = false;
  let isDue = false;
  let failures = 0;
  /** Half a line is out, so the next write begins on a new line. */
  let isTorn = false;

  const resume = (ms: number, next: () => void): void => {
    isPaused = true;
    setTimeout(() => {
      isPaused = false;
      next();
    }, ms).unref();
  };
  const go = (): void => {
    isDue = false;
    if (batch || isPaused || queue.isEmpty()) return;
    const { text, lines } = queue.take();
    batch = { bytes: Buffer.from(isTorn ? `\n${text}` : text), lines };
    send(batch.bytes);
  };
  // The lines of one turn of the event loop are written together, and their callers continue together. Written one by
  // one, requests answered from one batch of the database would continue apart, and the next batches would be small.
  const goSoon = (): void => {
    if (isDue || batch) return;
    isDue = true;
    setImmediate(go);
  };
  const send = (bytes: Buffer): void => {
    writeTo(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (!batch) return; // the process ends, and flushSync has taken it
      if (!error && written === bytes.length) {
        const { lines } = batch;
        batch = null;
        failures = 0;
        isTorn = false;
        receipts.settle(lines);
        return go();
      }
      if (!error) {
        isTorn = true;
        batch = { ...batch, bytes: bytes.subarray(written) };
        return send(batch.bytes);
      }
      // A full pipe is read in a moment: nothing of it is lost.
      if (error.code === 'EAGAIN' || error.code === 'EBUSY') {
        const { bytes: rest } = batch;
        return resume(backOff(failures++, LONGEST_BACK_OFF_MS), () => batch && send(rest));
      }
      const { lines } = batch;
      batch = null;
      failures += 1;
      resume(backOff(failures, LONGEST_BACK_OFF_MS), go);
      receipts.lose(lines, error);
    });
  };

  return {
    write(line) {
      if (!queue.add(line)) return receipts.refuse();
      receipts.accept();
      goSoon();
    },
    flush: receipts.wait,
    flushSync() {
      const rest = Buffer.concat([...(batch ? [batch.bytes] : []), Buffer.from(queue.drain())]);
      batch = null;
      try {
        for (let from = 0; from < rest.length;) from += writeSync(fd, rest, from);
      } catch {
        // No reader is left.
      }
    },
    lost: receipts.lost,
    isFailing: () => failures > 0,
  };
}
