import type { CursorSealer } from '#kit/cursor.ts';
import { clientError } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { ChangeFilter } from './filter.ts';
import type { Bounds } from './log.ts';

/**
 * A subscriber's place in the log. Whoever catches up is told changes by rights that later changes, still to come, have already made; so a
 * place says too where the catching up began and how far the log went then (PROTOCOL.md, P7).
 */
export interface Place {
  /** Everything up to here was told. */
  readonly seq: bigint;
  /** Where the subscriber stood before it began to catch up; null: nowhere, it began without a cursor. */
  readonly since: bigint | null;
  /** How far the log went when it began; it catches up until then. */
  readonly until: bigint;
}

/** At the end of the log: whoever is here is told every change by the rights that this change makes. */
export const atEnd = (seq: bigint): Place => ({ seq, since: seq, until: seq });

/** One step further. */
export const movedTo = (place: Place, seq: bigint): Place => (seq < place.until ? { ...place, seq } : atEnd(seq));

/** Where a reader stands who comes to a log that has gone on. One who was still catching up goes on with that. */
export const comeBack = (place: Place, head: bigint): Place => (place.seq < place.until || place.seq >= head ? place : { seq: place.seq, since: place.since, until: head });

/** The oldest place there is, of one who has seen nothing. */
export const beginning = ({ purgedThrough, head }: Bounds): Place => ({ seq: purgedThrough, since: null, until: head });

/** What a cursor is good for (P11): a grant may come to reach further or less far, and is asked anew for every change. */
export const cursorScope = (viewer: Viewer, filter: ChangeFilter): string => JSON.stringify(['changes', filter.topic, viewer.organisation, viewer.role, filter.canonical]);

// Numbers below 36^11; always of one length, so that the length of a cursor says nothing.
const WIDTH = 11;
const write = (seq: bigint): string => seq.toString(36).padStart(WIDTH, '0');
const NOWHERE = 'z'.repeat(WIDTH);
const read = (text: string): bigint => [...text].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);

export const sealPlace = (cursors: CursorSealer, scope: string, { seq, since, until }: Place): string => cursors.seal(scope, [`${write(seq)}${since === null ? NOWHERE : write(since)}${write(until)}`]);

/** @throws BAD_CURSOR */
export function openPlace(cursors: CursorSealer, scope: string, cursor: string): Place {
  const [text = ''] = cursors.open(scope, cursor);
  const parts = [0, 1, 2].map((index) => text.slice(index * WIDTH, (index + 1) * WIDTH)) as [string, string, string];
  return { seq: read(parts[0]), since: parts[1] === NOWHERE ? null : read(parts[1]), until: read(parts[2]) };
}

export const EXPIRED = 'The cursor is older than what is kept, or not of this log: take a snapshot with createExport and go on from its cursor, or begin at `oldest` and know that changes before it are missing.';

/** Whether the log can be read on from this place: nothing after it is purged, and it is not ahead of the log, as after a restore. */
export const isExpired = ({ seq }: Place, { purgedThrough, head }: Bounds): boolean => seq < purgedThrough || seq > head;

export const expired = (oldest: string) => {
  const error = clientError('CURSOR_EXPIRED', EXPIRED, { argument: 'after' });
  Object.assign(error.extensions, { oldest });
  return error;
};
