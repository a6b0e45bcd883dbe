import { write, writeSync } from 'node:fs';
import { backOff } from './backOff.ts';

// Lines to a file descriptor that may fail and heal: a volume without room, a pipe that nobody reads, a device that takes nothing. Whoever
// writes a line never waits and never fails; what could not be written is lost and counted. Pino's own destination (sonic-boom 4) ends the
// process with the first error that nobody hears, and at exit tries for ever: the process then takes no signal (kit/lineWriter.test.ts).

export interface LineWriter {
  /** A whole line with its end. */
  write(line: string): void;
  /** Tells when what was just written is out, and all before it; with an error where it was lost. */
  flush(done: (error?: Error) => void): void;
  /** At the end of the process: what can be written at once is. */
  flushSync(): void;
  /** Lines lost since the beginning. */
  lost(): number;
  /** Whether the last attempt failed. */
  isFailing(): boolean;
}

export interface LineWriterOptions {
  /** Bytes that wait at most; what comes beyond is lost. */
  readonly maxBytes?: number;
  readonly writeTo?: typeof write;
}

/** What waits while nobody reads: some seconds of a busy log. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Written at once: few system calls when there is much, and little that is lost with one that fails. */
const BATCH_BYTES = 64 * 1024;
const LONGEST_BACK_OFF_MS = 1000;

export class LinesLost extends Error {
  override name = 'LinesLost';
  constructor(cause?: unknown) {
    super('lines of the log could not be written', { cause });
  }
}

export function createLineWriter(fd: number, { maxBytes = MAX_BYTES, writeTo = write }: LineWriterOptions = {}): LineWriter {
  let waiting: string[] = [];
  let waitingBytes = 0;
  /** Under way, and how many lines it has; null while nothing is. */
  let batch: { readonly bytes: Buffer; readonly lines: number } | null = null;
  let isPaused = false;
  let isDue = false;
  let failures = 0;
  let lost = 0;
  let cause: unknown;
  /** Half a line is out: the next begins on a line of its own. */
  let isTorn = false;
  /** Lines that were taken to be written, and those of them that are out or lost: always the first ones. */
  let taken = 0;
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
  const take = (): { bytes: Buffer; lines: number } => {
    let lines = 0;
    let size = 0;
    while (lines < waiting.length && size < BATCH_BYTES) size += Buffer.byteLength(waiting[lines++] as string); // within the list
    const text = waiting.slice(0, lines).join('');
    waiting = waiting.slice(lines);
    waitingBytes -= size;
    return { bytes: Buffer.from(isTorn ? `\n${text}` : text), lines };
  };
  const resume = (ms: number, next: () => void): void => {
    isPaused = true;
    setTimeout(() => {
      isPaused = false;
      next();
    }, ms).unref();
  };

  const go = (): void => {
    isDue = false;
    if (batch || isPaused || waiting.length === 0) return;
    batch = take();
    send(batch.bytes);
  };
  // What one turn of the event loop brings goes out together, and whoever waits for it goes on together: written one by one, requests that were
  // answered from one batch of the database would come back apart, and the next batches would be small.
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
        settle(lines);
        return go();
      }
      if (!error) {
        isTorn = true;
        batch = { ...batch, bytes: bytes.subarray(written) };
        return send(batch.bytes);
      }
      // A pipe that is full now is read in a moment: nothing of it is lost.
      if (error.code === 'EAGAIN' || error.code === 'EBUSY') {
        const { bytes: rest } = batch;
        return resume(backOff(failures++, LONGEST_BACK_OFF_MS), () => batch && send(rest));
      }
      const { lines } = batch;
      batch = null;
      cause = error;
      failures += 1;
      resume(backOff(failures, LONGEST_BACK_OFF_MS), go);
      lost += lines;
      settle(lines);
    });
  };

  return {
    write(line) {
      const size = Buffer.byteLength(line);
      isLastRefused = waitingBytes + size > maxBytes;
      if (isLastRefused) {
        lost += 1;
        return;
      }
      taken += 1;
      waiting.push(line);
      waitingBytes += size;
      goSoon();
    },
    flush(done) {
      if (isLastRefused) return done(new LinesLost(cause));
      if (settled >= taken) return done();
      pending.push({ through: taken, lostBefore: lost, done });
    },
    flushSync() {
      const rest = Buffer.concat([...(batch ? [batch.bytes] : []), Buffer.from(waiting.join(''))]);
      batch = null;
      waiting = [];
      waitingBytes = 0;
      try {
        for (let from = 0; from < rest.length; ) from += writeSync(fd, rest, from);
      } catch {
        // Nobody is left to be told.
      }
    },
    lost: () => lost,
    isFailing: () => failures > 0,
  };
}
