import { shanghaiDay } from '#standards/dates.ts';
import type { Bounds } from '#gateway/feed/log.ts';
import type { StreamContext } from './context.ts';
import { listenerOf } from './delivery.ts';
import { eventOf } from './events.ts';
import { Gone } from './gate.ts';
import { atHead, earliest, EXPIRED, isExpired, resumeFrom, sealPosition, type StreamPosition } from './position.ts';
import { Purged, type Reading, readOn } from './reader.ts';
import type { FilterGroup, Subscriber } from './registry.ts';
import { cursorMark, MAX_RENDERED_AT_ONCE, renderNotice, withCursor } from './render.ts';
import { hasRoom, send, waitForRoom } from './sending.ts';

// A stream that is not at the head of the log reads on by itself, at its own speed, until it is at the head and joins
// its group.

/** The maximum of events that a stream holds while it catches up and their source does not answer. */
const MAX_RENDERED_WHILE_WAITING = 10;
/** The maximum of events that the group delivers to a stream which is still sending what it read itself. */
const MAX_HELD = 2000;

/** Does what a stream does by itself; a failure is logged and ends the stream. */
export async function runAlone(
  { logger, registry }: StreamContext,
  subscriber: Subscriber,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Gone) return;
    logger.warn({ err: error }, 'a stream failed');
    registry.end(subscriber, 'FAILED');
  }
}

/** Takes a stream out of its group: it reads on by itself, from the log. */
export function fallBack(context: StreamContext, subscriber: Subscriber): void {
  subscriber.group.members.delete(subscriber);
  void runAlone(context, subscriber, () => catchUp(context, subscriber));
}

/**
 * Takes a stream out of its group that is still sending what it read itself. What the group delivered meanwhile is
 * dropped, and the stream reads it from the log.
 */
export function dropHeld(subscriber: Subscriber): void {
  subscriber.group.members.delete(subscriber);
  subscriber.held = null;
}

/** Keeps an event of the group until the stream has sent what it read itself; with too many, the stream reads on. */
export function hold(subscriber: Subscriber, rendered: readonly string[], seq: bigint): void {
  const { held } = subscriber;
  if (held && held.push({ rendered, seq }) > MAX_HELD) dropHeld(subscriber);
}

/**
 * Delivers what the log has after the stream's position, until the stream is at the head and a member of its group. It
 * ends the stream where the log can no longer be read from its position, and where its rights have ended.
 * @throws Gone when the stream has ended or the gateway closes
 */
export async function catchUp(context: StreamContext, subscriber: Subscriber): Promise<void> {
  const { registry, head, closing } = context;
  const { session, group } = subscriber;
  const { renderer, reading: gate } = group.renderGroup;
  // Read while the changes before it are delivered.
  let ahead: ReturnType<typeof readAfter> | null = null;
  const next = (): ReturnType<typeof readAfter> => {
    const begun = ahead ?? readAfter(context, group, subscriber.position);
    ahead = null;
    return begun;
  };
  const isOver = (): boolean => closing.aborted || subscriber.ended;
  for (;;) {
    await waitForRoom(context, subscriber);
    // While the database does not answer, a stream waits.
    if (!(await gate.pass(async () => session.isGood(), isOver))) return registry.end(subscriber, 'UNAUTHENTICATED');
    const { bounds, reading } = await gate.pass(next, isOver);
    if (!reading) return endExpired(context, subscriber, bounds);
    if (subscriber.ended) return;
    if (reading.more && !renderer.isWaiting()) {
      ahead = readAfter(context, group, reading.position);
      ahead.catch(() => {}); // handled where it is awaited, if it is
    }
    // From here to the next `await` nothing is dispatched: the group delivers what comes after this position.
    if (!reading.more && reading.position.seq >= head.tail) joinGroup(subscriber, reading.position.seq);
    await deliverReading(context, subscriber, reading, isOver);
    subscriber.position = reading.position;
    if (await deliverHeld(context, subscriber)) return;
  }
}

/**
 * Makes a stream that has read everything up to `seq` a member of its group. It holds what the group delivers until it
 * has sent what it read itself.
 */
function joinGroup(subscriber: Subscriber, seq: bigint): void {
  subscriber.joinedAt = seq;
  subscriber.held = [];
  subscriber.group.members.add(subscriber);
}

/** The changes after a position; null where the log can no longer be read from it. */
async function readAfter(
  { log, now }: StreamContext,
  { renderGroup: { audience, renderer }, filter }: FilterGroup,
  position: StreamPosition,
): Promise<{ readonly bounds: Bounds; readonly reading: Reading | null }> {
  const bounds = await log.bounds();
  if (isExpired(position, bounds)) return { bounds, reading: null };
  const limit = renderer.isWaiting() ? MAX_RENDERED_WHILE_WAITING : MAX_RENDERED_AT_ONCE;
  const reading = await readOn(
    log,
    listenerOf(audience.viewer, filter, shanghaiDay(now())),
    resumeFrom(position, bounds.head),
    bounds.head,
    limit,
  ).catch(nullWhenPurged);
  return reading ? { bounds, reading } : { bounds: await log.bounds(), reading };
}

function nullWhenPurged(error: unknown): null {
  if (error instanceof Purged) return null;
  throw error;
}

/** Renders and sends what the stream has read, in order. */
async function deliverReading(
  context: StreamContext,
  subscriber: Subscriber,
  { deliveries }: Reading,
  isOver: () => boolean,
): Promise<void> {
  for (let from = 0; from < deliveries.length;) {
    const left = deliveries.slice(from);
    subscriber.undeliveredSince = left[0]?.change.recorded_at ?? null;
    const rendered = await subscriber.group.renderGroup.renderer.render(
      left.map((each) => eventOf(context.topics, each, cursorMark)),
      isOver,
    );
    for (const [index, each] of rendered.entries()) {
      if (!each) continue; // gone between the log and its source: the change that removed it comes later
      if (!hasRoom(subscriber)) await waitForRoom(context, subscriber);
      send(context, subscriber, each, (left[index] as (typeof left)[number]).position); // not more than there are
    }
    context.metrics?.delivered(rendered.length);
    from += rendered.length;
  }
  subscriber.undeliveredSince = null;
}

/**
 * Sends what the group delivered meanwhile. From the last of it to the end of this function there is no `await`, so
 * that no event of the group comes between.
 * @returns whether the stream is at the head; false where it is no member, or the group delivered more than is held
 */
async function deliverHeld(context: StreamContext, subscriber: Subscriber): Promise<boolean> {
  while (subscriber.held && subscriber.held.length > 0) {
    if (!hasRoom(subscriber)) await waitForRoom(context, subscriber);
    const next = subscriber.held?.shift();
    if (next) send(context, subscriber, next.rendered, atHead(next.seq));
  }
  if (!subscriber.held) return false;
  subscriber.held = null;
  return true;
}

/** Ends a stream whose position is no longer kept: its last event names the oldest position that is (P13). */
function endExpired({ graph, cursors, registry }: StreamContext, subscriber: Subscriber, bounds: Bounds): void {
  const { scope, renderGroup } = subscriber.group;
  const oldest = sealPosition(cursors, scope, earliest(bounds));
  const rendered = renderNotice(graph, renderGroup.audience, {
    __typename: 'CursorExpired',
    oldest,
    message: EXPIRED,
  });
  if (!subscriber.ended) subscriber.sink.next(withCursor(rendered, oldest), oldest);
  registry.end(subscriber, 'CURSOR_EXPIRED');
}
