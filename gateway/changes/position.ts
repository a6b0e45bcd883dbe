import type { CursorSealer } from '#kit/cursor.ts';
import { clientError } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { ChangeFilter } from './filter.ts';
import type { Bounds } from '#gateway/feed/log.ts';

/**
 * A subscriber's position in the log. A subscriber that catches up receives changes by the present rights, which later
 * changes, still ahead of it, have already decided. So the position also holds where catching up began and how far the
 * log went then (docs/PROTOCOL.md P7).
 */
export interface StreamPosition {
  /** Everything up to here was delivered. */
  readonly seq: bigint;
  /** The subscriber's position before it began to catch up; null: it began without a cursor. */
  readonly since: bigint | null;
  /** The head of the log when catching up began, and where it ends. */
  readonly until: bigint;
}

/** How far the log was read for all streams at its head at once. */
export interface LogHead {
  /** Everything up to here was read, and is dispatched or about to be. */
  tail: bigint;
  /**
   * Since when the log cannot be read, in milliseconds since 1970: its content since then is unknown. Null: it can be.
   */
  unreadableSince: number | null;
}

/** At the head of the log: each change is delivered by the rights that this change makes. */
export const atHead = (seq: bigint): StreamPosition => ({ seq, since: seq, until: seq });

/** The position after delivery up to `seq`. */
export const advancedTo = (position: StreamPosition, seq: bigint): StreamPosition =>
  seq < position.until ? { ...position, seq } : atHead(seq);

/**
 * The position of a reader that resumes in a log that has moved on. A reader that was still catching up continues with
 * that.
 */
export const resumeFrom = (position: StreamPosition, head: bigint): StreamPosition =>
  position.seq < position.until || position.seq >= head
    ? position
    : { seq: position.seq, since: position.since, until: head };

/** The oldest position, of a reader that has received nothing. */
export const earliest = ({ purgedThrough, head }: Bounds): StreamPosition => ({
  seq: purgedThrough,
  since: null,
  until: head,
});

/**
 * What a cursor is bound to (P11). The grant is not part of it: it may widen or narrow, and is checked again for
 * every change.
 */
export const cursorScope = (viewer: Viewer, filter: ChangeFilter): string =>
  JSON.stringify(['changes', filter.topic, viewer.organisation, viewer.role, filter.canonical]);

// Numbers below 36^11, always of one length, so that the length of a cursor reveals nothing.
const WIDTH = 11;
const write = (seq: bigint): string => seq.toString(36).padStart(WIDTH, '0');
const NOWHERE = 'z'.repeat(WIDTH);
const read = (text: string): bigint =>
  [...text].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);

export const sealPosition = (cursors: CursorSealer, scope: string, { seq, since, until }: StreamPosition): string =>
  cursors.seal(scope, [`${write(seq)}${since === null ? NOWHERE : write(since)}${write(until)}`]);

/** @throws BAD_CURSOR */
export function openPosition(cursors: CursorSealer, scope: string, cursor: string): StreamPosition {
  const [text = ''] = cursors.open(scope, cursor);
  const parts = [0, 1, 2].map((index) => text.slice(index * WIDTH, (index + 1) * WIDTH)) as [string, string, string];
  return { seq: read(parts[0]), since: parts[1] === NOWHERE ? null : read(parts[1]), until: read(parts[2]) };
}

export const EXPIRED =
  'The cursor is older than what is kept, or not of this log: take a snapshot with createExport and go on from its ' +
  'cursor, or begin at `oldest` and know that changes before it are missing.';

/**
 * Whether the log can no longer be read from this position: changes after it are purged, or it is ahead of the log, as
 * after a restore.
 */
export const isExpired = ({ seq }: StreamPosition, { purgedThrough, head }: Bounds): boolean =>
  seq < purgedThrough || seq > head;

export const expired = (oldest: string) => {
  const error = clientError('CURSOR_EXPIRED', EXPIRED, { argument: 'after' });
  Object.assign(error.extensions, { oldest });
  return error;
};
