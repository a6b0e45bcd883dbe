import { setTimeout as pause } from 'node:timers/promises';
import type { CursorSealer } from '#kit/cursor.ts';
import type { Log } from '#kit/log.ts';
import type { TransportName } from '#kit/telemetry/outcomes.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import { audienceKey } from './audienceKey.ts';
import { type Delivery, type Listener, listenerOf } from './delivery.ts';
import type { ChangeFilter } from './filter.ts';
import { createGate, type Gate } from './gate.ts';
import { cursorScope, type LogHead, sealPosition, type StreamPosition } from './position.ts';
import { type Audience, createRenderer, type Renderer } from './render.ts';
import type { LiveMetrics, Sink, StreamEnd, StreamRequest } from './subscriber.ts';
import type { Topics } from './topics.ts';

// The open streams of one gateway, and what they share: a filter group matches a change once for all of its streams, a
// render group renders it once for all of its filter groups.

/** The longest pause between two attempts to read the log for the streams that catch up, in milliseconds. */
const LONGEST_BACK_OFF_MS = 2000;

/** One open stream. */
export interface Subscriber {
  readonly transport: TransportName;
  readonly sink: Sink;
  readonly session: Session;
  readonly group: FilterGroup;
  /** The position after the last event that was handed to its connection. */
  position: StreamPosition;
  /** Its group delivers what comes after this; before that it has read by itself. */
  joinedAt: bigint;
  /**
   * Delivered by the group while what it read itself is still being sent. Null: what the group delivers is sent
   * directly.
   */
  held: HeldEvent[] | null;
  /** When the oldest change was recorded (ISO 8601) that it has read by itself and not delivered yet. */
  undeliveredSince: string | null;
  /** When its next checkpoint is due, by `performance.now()`. */
  checkpointAt: number;
  ended: boolean;
}

/** An event that waits until a stream has sent what it read itself. */
interface HeldEvent {
  readonly rendered: readonly string[];
  readonly seq: bigint;
}

/** Streams with the same filter, rights and selection. */
export interface FilterGroup {
  readonly key: string;
  readonly filter: ChangeFilter;
  /** What the cursors of its streams are bound to. */
  readonly scope: string;
  readonly renderGroup: RenderGroup;
  /** The streams at the head of the log. Iterating over the set is safe while members are removed. */
  readonly members: Set<Subscriber>;
  /** How many streams it has, also those that catch up. */
  subscribers: number;
  listener: Listener;
}

/** Streams with the same rendered text: an audience, and the changes that wait to be rendered for it. */
export interface RenderGroup {
  readonly key: string;
  readonly audience: Audience;
  readonly renderer: Renderer;
  /** The gate through which its streams read the log while they catch up. */
  readonly reading: Gate;
  readonly groups: Map<string, FilterGroup>;
  readonly queue: RenderJob[];
  /** How many deliveries are in the queue. */
  queued: number;
  /** Everything up to here was delivered. */
  done: bigint;
  isRendering: boolean;
  /** How many streams it has, also those that catch up. */
  subscribers: number;
}

/** The changes of one batch that a render group receives, in order. */
export interface RenderJob {
  /** How far the batch reaches in the log. */
  readonly upTo: bigint;
  /** When the oldest change of the batch was recorded (ISO 8601). */
  readonly at: string;
  readonly deliveries: readonly GroupDelivery[];
}

export interface GroupDelivery {
  readonly group: FilterGroup;
  readonly delivery: Delivery;
}

/** A stream that is about to be registered. */
export interface NewStream {
  readonly request: StreamRequest;
  readonly sink: Sink;
  readonly audience: Audience;
  readonly filter: ChangeFilter;
  readonly position: StreamPosition;
  /** When its first checkpoint by time is due, by `performance.now()`. */
  readonly checkpointAt: number;
}

export interface Registry {
  readonly renderGroups: ReadonlyMap<string, RenderGroup>;
  readonly subscribers: ReadonlySet<Subscriber>;
  /** Registers a stream with its groups. It is no member yet: it catches up by itself first. */
  join(stream: NewStream): Subscriber;
  /** Removes a stream without a message to its client. False: it had ended before. */
  leave(subscriber: Subscriber): boolean;
  /** Ends a stream with the reason and the cursor where it can be resumed. It does nothing to one that has ended. */
  end(subscriber: Subscriber, reason: StreamEnd): void;
}

export interface RegistryOptions {
  readonly graph: Graph;
  readonly topics: Topics;
  readonly cursors: CursorSealer;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics: LiveMetrics | undefined;
  readonly head: Readonly<LogHead>;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
}

export function createRegistry(options: RegistryOptions): Registry {
  const { cursors, now, metrics } = options;
  const renderGroups = new Map<string, RenderGroup>();
  const subscribers = new Set<Subscriber>();

  const groupOf = ({ request, audience, filter }: NewStream): FilterGroup => {
    const key = audienceKey(request.document, audience);
    let renderGroup = renderGroups.get(key);
    if (!renderGroup) renderGroups.set(key, (renderGroup = newRenderGroup(options, key, audience)));
    let group = renderGroup.groups.get(filter.canonical);
    if (!group)
      renderGroup.groups.set(filter.canonical, (group = newFilterGroup(renderGroup, filter, shanghaiDay(now()))));
    return group;
  };

  const leave = (subscriber: Subscriber): boolean => {
    if (subscriber.ended) return false;
    subscriber.ended = true;
    subscribers.delete(subscriber);
    const { group } = subscriber;
    const { renderGroup } = group;
    group.members.delete(subscriber);
    group.subscribers -= 1;
    if (group.subscribers === 0) renderGroup.groups.delete(group.key);
    renderGroup.subscribers -= 1;
    if (renderGroup.subscribers === 0) renderGroups.delete(renderGroup.key);
    return true;
  };

  return {
    renderGroups,
    subscribers,
    join(stream) {
      const group = groupOf(stream);
      const subscriber = newSubscriber(stream, group);
      group.subscribers += 1;
      group.renderGroup.subscribers += 1;
      subscribers.add(subscriber);
      metrics?.opened(subscriber.transport);
      return subscriber;
    },
    leave,
    end(subscriber, reason) {
      if (!leave(subscriber)) return;
      metrics?.ended(reason, subscriber.transport);
      subscriber.sink.end(reason, sealPosition(cursors, subscriber.group.scope, subscriber.position));
    },
  };
}

const newSubscriber = ({ request, sink, position, checkpointAt }: NewStream, group: FilterGroup): Subscriber => ({
  transport: request.transport ?? 'websocket',
  sink,
  session: request.session,
  group,
  position,
  joinedAt: 0n,
  held: null,
  undeliveredSince: null,
  checkpointAt,
  ended: false,
});

const newFilterGroup = (renderGroup: RenderGroup, filter: ChangeFilter, today: string): FilterGroup => {
  const { viewer } = renderGroup.audience;
  return {
    key: filter.canonical,
    filter,
    scope: cursorScope(viewer, filter),
    renderGroup,
    members: new Set(),
    subscribers: 0,
    listener: listenerOf(viewer, filter, today),
  };
};

function newRenderGroup(
  { graph, topics, logger, head, closing }: RegistryOptions,
  key: string,
  audience: Audience,
): RenderGroup {
  const wait = (ms: number): Promise<void> =>
    // It rejects when this gateway closes, because nobody waits any longer.
    pause(ms, undefined, { signal: closing, ref: false }).catch(() => {});
  return {
    key,
    audience,
    renderer: createRenderer({
      graph,
      topics,
      audience,
      pause: wait,
      onWaiting: (reason) =>
        reason === null
          ? logger.info('changes that waited for their source are delivered')
          : logger.warn({ err: reason }, 'changes wait: their source does not answer'),
    }),
    reading: createGate({
      pause: wait,
      longestMs: LONGEST_BACK_OFF_MS,
      onChange: (reason) => {
        if (reason !== null) logger.warn({ err: reason }, 'streams that catch up cannot read the log; they wait');
      },
    }),
    groups: new Map(),
    queue: [],
    queued: 0,
    done: head.tail,
    isRendering: false,
    subscribers: 0,
  };
}
