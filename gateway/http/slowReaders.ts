import type { Socket } from 'node:net';

// Bytes of responses that nobody reads: each connection must be read at a minimum rate, and all together wait for no
// more than so many bytes.

export interface WritingLimits {
  /** How long bytes wait for a reader that accepts nothing, and the minimum rate at which it must accept them. */
  readonly stalledMs: number;
  readonly bytesPerSecond: number;
  /**
   * For all connections together; beyond it the connections that have waited longest for their readers are cut, however
   * short that is.
   */
  readonly waitingBytes: number;
}

export const standardWritingLimits: WritingLimits = {
  stalledMs: 30_000,
  bytesPerSecond: 64 * 1024,
  waitingBytes: 256 * 1024 * 1024,
};

/** The longest time for one piece of a response, whatever its size. */
const LONGEST_MS = 300_000;

/** Bytes of a connection that wait for its reader. */
interface Waiting {
  /** Bytes that have left this process. */
  gone: number;
  since: number;
}

/** What is known of the reader of a connection; null: nothing waits for it. */
export interface Reader {
  waiting: Waiting | null;
}

/**
 * Cuts the connections that are not read fast enough, and then, where too many bytes wait in all, those that have
 * waited longest.
 * @param now a monotonic time in milliseconds
 */
export function cutSlowReaders(open: ReadonlyMap<Socket, Reader>, limits: WritingLimits, now: number): void {
  let inAll = 0;
  for (const [socket, reader] of open) inAll += waitingBytes(socket, reader, limits, now) ?? 0;
  if (inAll <= limits.waitingBytes) return;
  const waiting = [...open].flatMap(([socket, reader]) =>
    reader.waiting && !socket.destroyed ? [{ socket, since: reader.waiting.since, bytes: socket.writableLength }] : [],
  );
  for (const { socket, bytes } of waiting.toSorted(
    (one, other) => one.since - other.since || other.bytes - one.bytes,
  )) {
    if (inAll <= limits.waitingBytes) return;
    inAll -= bytes;
    socket.destroy();
  }
}

/** The waiting bytes of one connection, if it may continue to wait; null where it was cut. */
function waitingBytes(socket: Socket, reader: Reader, limits: WritingLimits, now: number): number | null {
  const bytes = socket.writableLength;
  if (bytes === 0) {
    reader.waiting = null;
    return 0;
  }
  const gone = socket.bytesWritten - bytes;
  if (reader.waiting?.gone !== gone) reader.waiting = { gone, since: now };
  const allowed = Math.min(LONGEST_MS, limits.stalledMs + (bytes / limits.bytesPerSecond) * 1000);
  if (now - reader.waiting.since <= allowed) return bytes;
  socket.destroy();
  return null;
}
