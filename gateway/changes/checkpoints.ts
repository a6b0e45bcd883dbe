import type { Session } from '#gateway/auth/session.ts';
import type { StreamContext } from './context.ts';
import { atHead, type StreamPosition } from './position.ts';
import type { Subscriber } from './registry.ts';
import { CURSOR_MARK, renderNotice } from './render.ts';
import { send } from './sending.ts';

// Checkpoints are sent by time alone (docs/PROTOCOL.md P14), so also while the database does not answer and rights
// cannot be checked. No record is delivered then.

/**
 * Ten seconds are promised (P14). A checkpoint is late by up to a tick and by the look-up before it; the rest is
 * reserve for a busy process.
 */
export const CHECKPOINT_MS = 7000;
const TICK_MS = 500;
/** How long a checkpoint waits for the values that it reports. */
const LOOK_UP_MS = 1000;

export interface Checkpoints extends AsyncDisposable {
  /** Sends a checkpoint to each of these streams at once. */
  send(subscribers: readonly Subscriber[]): void;
}

/** Starts to send checkpoints when they are due. */
export function createCheckpoints(context: StreamContext): Checkpoints {
  const { log, logger } = context;
  /** When the oldest change without a number was recorded (ISO 8601), as far as is known. */
  let unnumberedSince: string | null = null;

  const sendDue = async (): Promise<void> => {
    const due = takeDue(context);
    if (due.length === 0) return;
    const [oldest, ...good] = await Promise.all([
      // A failure here is not logged: the reader of the log and the look-up of rights log it (`runs`, rightsLookup.ts).
      inTime(log.oldestWaiting(), LOOK_UP_MS).catch(() => unnumberedSince),
      ...due.map((subscriber) => inTime(isGood(subscriber.session), LOOK_UP_MS).catch(() => true)),
    ]);
    unnumberedSince = oldest;
    for (const [index, subscriber] of due.entries())
      if (!good[index]) context.registry.end(subscriber, 'UNAUTHENTICATED');
    sendTo(context, due, unnumberedSince);
  };

  let ticking: Promise<void> | null = null;
  const tick = (): void => {
    ticking ??= sendDue()
      .catch((error: unknown) => logger.warn({ err: error }, 'checkpoints could not be sent'))
      .finally(() => {
        ticking = null;
      });
  };
  const ticker = setInterval(tick, TICK_MS).unref();

  return {
    send: (subscribers) => sendTo(context, subscribers, unnumberedSince),
    async [Symbol.asyncDispose]() {
      clearInterval(ticker);
      await ticking;
    },
  };
}

/** The streams whose next checkpoint is due, counted from now on. Streams whose token has expired end. */
function takeDue({ registry, now }: StreamContext): Subscriber[] {
  const at = performance.now();
  const due: Subscriber[] = [];
  for (const subscriber of registry.subscribers) {
    if (subscriber.session.expires !== null && subscriber.session.expires <= now().getTime())
      registry.end(subscriber, 'UNAUTHENTICATED');
    else if (subscriber.checkpointAt <= at) due.push(subscriber);
  }
  for (const subscriber of due) subscriber.checkpointAt = at + CHECKPOINT_MS;
  return due;
}

/** Sends a checkpoint to each stream. Equal ones are rendered once for a render group. */
function sendTo(context: StreamContext, subscribers: readonly Subscriber[], unnumberedSince: string | null): void {
  const at = context.now().toISOString();
  const byKey = new Map<string, readonly string[]>();
  for (const subscriber of subscribers) {
    const { key: groupKey, audience } = subscriber.group.renderGroup;
    const lagSeconds = lagOf(context, subscriber, unnumberedSince);
    const key = `${lagSeconds} ${groupKey}`;
    const rendered =
      byKey.get(key) ??
      renderNotice(context.graph, audience, { __typename: 'Checkpoint', cursor: CURSOR_MARK, at, lagSeconds });
    byKey.set(key, rendered);
    send(context, subscriber, rendered, positionOf(subscriber));
  }
}

/** How far a stream has received the log. At its head that is everything up to the position of its render group. */
function positionOf(subscriber: Subscriber): StreamPosition {
  const { position, held, group } = subscriber;
  const { queue, done } = group.renderGroup;
  const isAtHead = group.members.has(subscriber) && held === null && queue.length === 0 && done > position.seq;
  return isAtHead ? atHead(done) : position;
}

/**
 * The age of the oldest change that was not delivered yet, in seconds. Changes that cannot be read may be as old as
 * the outage.
 */
function lagOf(
  { now, head }: StreamContext,
  { undeliveredSince, group: { renderGroup } }: Subscriber,
  unnumberedSince: string | null,
): number {
  const { queue, renderer } = renderGroup;
  const waiting = [queue[0]?.at, unnumberedSince, renderer.isWaiting() ? undeliveredSince : null];
  const instants = waiting.flatMap((at) => (at ? [Date.parse(at)] : []));
  if (head.unreadableSince !== null) instants.push(head.unreadableSince);
  return instants.length > 0 ? Math.max(0, Math.floor((now().getTime() - Math.min(...instants)) / 1000)) : 0;
}

/** @throws (as a rejection) when rights cannot be checked: the stream does not end for it */
const isGood = async (session: Session): Promise<boolean> => session.isGood();

/** @throws Error when it takes longer */
async function inTime<Value>(work: Value | Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
