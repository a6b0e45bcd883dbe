import { setTimeout as pause } from 'node:timers/promises';
import type { StreamContext } from './context.ts';
import { Gone } from './gate.ts';
import { sealPosition, type StreamPosition } from './position.ts';
import type { Subscriber } from './registry.ts';
import { withCursor } from './render.ts';

// Sends rendered events to one stream, at the speed at which its client reads.

/**
 * The maximum that waits in a connection. A stream with more falls back to reading by itself, at the speed of its
 * client; so no burst ends a stream.
 */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A reader that accepts nothing for so long while its connection is full is too slow. */
const MAX_STALL_MS = 10_000;

/**
 * Hands an event to the stream's connection; its position is then the one after that event. Nothing is sent to a stream
 * that has ended.
 * @param cursor the sealed position, where it was sealed for several streams at once
 */
export function send(
  { cursors }: Pick<StreamContext, 'cursors'>,
  subscriber: Subscriber,
  rendered: readonly string[],
  position: StreamPosition,
  cursor = sealPosition(cursors, subscriber.group.scope, position),
): void {
  if (subscriber.ended) return;
  subscriber.position = position;
  subscriber.sink.next(withCursor(rendered, cursor), cursor);
}

/** Whether so much waits in the connection that the stream must go on at the speed of its client. */
export const isOverfull = ({ sink }: Subscriber): boolean => sink.waiting() > MAX_WAITING_BYTES;

/** Whether a stream that reads by itself may send its next event now. */
export const hasRoom = ({ ended, sink }: Subscriber): boolean => !ended && sink.waiting() <= MAX_WAITING_BYTES / 2;

/** Waits until the connection accepts more. @throws Gone when its reader has gone or is too slow */
export async function waitForRoom(
  { registry }: Pick<StreamContext, 'registry'>,
  subscriber: Subscriber,
): Promise<void> {
  if (!hasRoom(subscriber) && !subscriber.ended) {
    const stalled = new AbortController();
    const isDrained = await Promise.race([
      subscriber.sink.drained().then(() => true),
      pause(MAX_STALL_MS, false, { signal: stalled.signal, ref: false }),
    ]);
    stalled.abort();
    if (!isDrained) registry.end(subscriber, 'SLOW_CONSUMER');
  }
  if (subscriber.ended) throw new Gone();
}
