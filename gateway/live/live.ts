import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { getArgumentValues, type GraphQLError, Kind } from 'graphql';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError } from '#kit/errors.ts';
import type { Log } from '#kit/log.ts';
import type { TransportName } from '#kit/telemetry/outcomes.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { EvaluationChangeFilter, NameListChangeFilter } from '../desk/resolvers.generated.ts';
import type { Graph } from '../graph.ts';
import { createGate, type Gate, Gone } from '../changes/gate.ts';
import { type Audience, createRenderer, CURSOR_MARK, type RenderedEvent, type Renderer, renderNotice, withCursor } from '../changes/render.ts';
import { coerceVariables } from '../plan/variables.ts';
import { type DeskEvent, eventOf } from './events.ts';
import { type ChangeFilter, readFilter } from './filter.ts';
import type { Bounds, Change, ChangeLog, Topic } from './log.ts';
import { atEnd, beginning, comeBack, cursorScope, EXPIRED, isExpired, openPlace, type Place, sealPlace } from './place.ts';
import { isOvertaken, Purged, type Reading, readOn } from './reader.ts';
import { type EventQuery, eventQueryOf } from './selection.ts';
import { createRepeated } from './repeated.ts';
import type { Live, Session, Sink, Stream, StreamEnd, StreamRequest } from './subscriber.ts';
import { type Listener, listenerOf, tell, type Telling, wasInSight } from './tell.ts';
import type { Wake } from './wake.ts';

// The streams of one gateway. The log is read once for all who are at its end; a change is matched once for all who ask for the same with
// the same rights, and told once for all who ask in the same words (PROTOCOL.md). Whoever comes from further back reads by itself, at
// its own speed, until it is at the end too.

export interface LiveOptions {
  readonly log: ChangeLog;
  readonly wake: Pick<Wake, 'listen'>;
  readonly graph: Graph;
  readonly cursors: CursorSealer;
  /** Whether the watchlist is the viewer's organisation's, in its role. */
  readonly ownsWatchlist: (viewer: Session['viewer'], id: string) => Promise<boolean>;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics?: LiveMetrics;
}

export interface LiveMetrics {
  opened(transport: TransportName): void;
  ended(reason: StreamEnd, transport: TransportName): void;
  told(events: number): void;
}

const topics: Readonly<Record<string, Topic>> = { nameListChanges: 'NAME_LIST', evaluationChanges: 'EVALUATION' };

/** Rows of the log read at once by whoever follows its end. */
const SLICE = 1000;
/** Events told by one planned operation. */
const TOLD_AT_ONCE = 500;
/** What may wait in a connection. Who has more falls back to reading by itself, as fast as it takes; so a burst costs nobody its stream. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A reader that takes nothing for so long while its connection is full is too slow. */
const MAX_STALL_MS = 10_000;
/** Events told by the group for one that is still writing what it read itself. */
const MAX_HELD = 2000;
/**
 * Ten seconds are promised (P14). A checkpoint is late by up to a tick and by the look that it takes first; the rest is
 * for a process that is busy.
 */
const CHECKPOINT_MS = 7000;
const TICK_MS = 500;
/** Changes that wait for one audience, as fast as they are told, and while their source does not answer. What is beyond is read from the log again, by each stream. */
const MAX_QUEUED = 100_000;
const MAX_QUEUED_WAITING = 5000;
const LONGEST_BACK_OFF_MS = 2000;
/** Events that a stream holds which catches up while their source does not answer. */
const TOLD_WHILE_WAITING = 10;
/** How long a checkpoint waits for what it would say. */
const LOOK_MS = 1000;

interface Subscriber {
  readonly transport: TransportName;
  readonly sink: Sink;
  readonly session: Session;
  readonly group: Group;
  /** After what was last handed to its connection. */
  place: Place;
  /** What it is told by its group comes after this; before that it has read by itself. */
  joinedAt: bigint;
  /** Told by the group while what it read itself is still being written. */
  held: { readonly words: readonly string[]; readonly seq: bigint }[] | null;
  /** When the oldest change was recorded that it has read by itself and was not told yet. */
  untoldSince: string | null;
  checkpointAt: number;
  ended: boolean;
}

/** Those who ask for the same with the same rights, in the same words. */
interface Group {
  readonly key: string;
  readonly filter: ChangeFilter;
  readonly scope: string;
  readonly crowd: Crowd;
  /** Those who are at the end of the log. */
  readonly members: Set<Subscriber>;
  subscribers: number;
  listener: Listener;
}

/** Those who are told in the same words: an audience, and what waits to be told to it. */
interface Crowd {
  readonly key: string;
  readonly audience: Audience;
  readonly renderer: Renderer;
  /** How those of it that catch up read the log. */
  readonly reading: Gate;
  readonly groups: Map<string, Group>;
  readonly queue: Work[];
  queued: number;
  /** Everything up to here was told. */
  done: bigint;
  isTelling: boolean;
  subscribers: number;
}

/** What was read of the log, and up to where. */
interface Come {
  readonly changes: readonly Change[];
  readonly upTo: bigint;
}

interface Work {
  readonly upTo: bigint;
  readonly at: string;
  readonly tellings: readonly { readonly group: Group; readonly telling: Telling }[];
}

/** Begins to follow the log at its end. */
export async function createLive(options: LiveOptions): Promise<Live & { readonly streams: () => number }> {
  const { log, wake, graph, cursors, ownsWatchlist, logger, now, metrics } = options;
  const crowds = new Map<string, Crowd>();
  const subscribers = new Set<Subscriber>();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // each stream that waits listens
  let tail = (await log.bounds()).head;
  /** Up to the end of what was read, and not dispatched yet. */
  let come: Come | null = null;
  let waitingSince: string | null = null;
  /** Since when the log could not be read; what is in it since then nobody knows. */
  let unreadableSince: number | null = null;

  const cursorOf = ({ scope }: Group, place: Place): string => sealPlace(cursors, scope, place);
  const wait = (ms: number): Promise<void> => pause(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {});

  const leave = (subscriber: Subscriber): boolean => {
    if (subscriber.ended) return false;
    subscriber.ended = true;
    subscribers.delete(subscriber);
    const { group } = subscriber;
    const { crowd } = group;
    group.members.delete(subscriber);
    group.subscribers -= 1;
    if (group.subscribers === 0) crowd.groups.delete(group.key);
    crowd.subscribers -= 1;
    if (crowd.subscribers === 0) crowds.delete(crowd.key);
    return true;
  };
  const end = (subscriber: Subscriber, reason: StreamEnd): void => {
    if (!leave(subscriber)) return;
    metrics?.ended(reason, subscriber.transport);
    subscriber.sink.end(reason, cursorOf(subscriber.group, subscriber.place));
  };

  /** Those at the end of the log; a set gives also those that are taken from it while it is walked through. */
  const endCrowd = (crowd: Crowd, reason: StreamEnd): void => {
    for (const { members } of crowd.groups.values()) for (const member of members) end(member, reason);
  };

  const write = (subscriber: Subscriber, words: readonly string[], place: Place, cursor = cursorOf(subscriber.group, place)): void => {
    if (subscriber.ended) return;
    subscriber.place = place;
    subscriber.sink.next(withCursor(words, cursor), cursor);
  };

  const hasRoom = ({ ended, sink }: Subscriber): boolean => !ended && sink.waiting() <= MAX_WAITING_BYTES / 2;
  /** Waits until the connection takes more. @throws Gone when its reader has gone or is too slow */
  const room = async (subscriber: Subscriber): Promise<void> => {
    if (!hasRoom(subscriber) && !subscriber.ended) {
      const stalled = new AbortController();
      const isDrained = await Promise.race([subscriber.sink.drained().then(() => true), pause(MAX_STALL_MS, false, { signal: stalled.signal, ref: false })]);
      stalled.abort();
      if (!isDrained) end(subscriber, 'SLOW_CONSUMER');
    }
    if (subscriber.ended) throw new Gone();
  };

  // --- at the end of the log ----------------------------------------------------------------------------------------

  /** Tells what waits for a crowd, in order, until nothing does. */
  const work = async (crowd: Crowd): Promise<void> => {
    if (crowd.isTelling) return;
    crowd.isTelling = true;
    try {
      for (let next = crowd.queue[0]; next; next = crowd.queue[0]) {
        await tellWork(crowd, next);
        if (crowd.queue[0] !== next) continue; // it was left to the streams themselves
        crowd.queue.shift();
        crowd.queued -= next.tellings.length;
        crowd.done = next.upTo;
      }
    } catch (error) {
      if (error instanceof Gone) return;
      logger.error({ err: error }, 'events could not be told');
      endCrowd(crowd, 'FAILED');
    } finally {
      crowd.isTelling = false;
    }
  };

  const tellWork = async (crowd: Crowd, waiting: Work): Promise<void> => {
    const { tellings } = waiting;
    const isLeft = (): boolean => crowd.queue[0] !== waiting;
    const isOver = (): boolean => closing.signal.aborted || crowd.subscribers === 0 || isLeft();
    for (let from = 0; from < tellings.length; ) {
      // Events that are equal for several groups are told once.
      const events = new Map<string, DeskEvent>();
      for (const { telling } of tellings.slice(from)) {
        const key = wordsKey(telling);
        if (events.has(key)) continue;
        if (events.size === TOLD_AT_ONCE) break;
        events.set(key, eventOf(telling, mark));
      }
      let rendered: RenderedEvent[];
      try {
        rendered = await crowd.renderer.render([...events.values()], isOver);
      } catch (error) {
        if (error instanceof Gone && isLeft()) return;
        throw error;
      }
      if (isLeft()) return;
      const byKey = new Map([...events.keys()].slice(0, rendered.length).map((key, index) => [key, rendered[index] ?? null]));
      for (; from < tellings.length; from++) {
        const { group, telling } = tellings[from] as Work['tellings'][number]; // within the list
        const told = byKey.get(wordsKey(telling));
        if (told === undefined) break;
        // Null: gone between the log and its source. The change that took it away is on its way.
        if (told) deliver(group, told, telling.change.seq);
      }
    }
  };

  /** Leaves what waits for a crowd to its streams: each reads on by itself, from the log. */
  const leaveToStreams = (crowd: Crowd): void => {
    crowd.queue.length = 0;
    crowd.queued = 0;
    for (const { members } of crowd.groups.values()) {
      for (const member of members) {
        if (member.held === null) fallBack(member);
        else dropHeld(member);
      }
    }
  };
  /** What its group told meanwhile is let go: it goes on reading by itself. */
  const dropHeld = (subscriber: Subscriber): void => {
    subscriber.group.members.delete(subscriber);
    subscriber.held = null;
  };

  const deliver = (group: Group, words: readonly string[], seq: bigint): void => {
    const place = atEnd(seq);
    const cursor = cursorOf(group, place);
    for (const member of group.members) {
      if (seq <= member.joinedAt) continue;
      if (member.held === null) {
        write(member, words, place, cursor);
        if (member.sink.waiting() > MAX_WAITING_BYTES) fallBack(member);
      } else if (member.held.push({ words, seq }) > MAX_HELD) dropHeld(member);
    }
    metrics?.told(group.members.size);
  };

  const fallBack = (subscriber: Subscriber): void => {
    subscriber.group.members.delete(subscriber);
    void run(subscriber, () => catchUp(subscriber));
  };

  /** Matches changes that have come, and lets those be told whom they concern. Where it fails nothing was told: it can be done again. */
  const dispatch = async ({ changes, upTo }: Come): Promise<void> => {
    const latest = new Map<string, Change>();
    for (const change of changes) if (change.watchlist === null) latest.set(`${change.uscc} ${change.record_id}`, change);
    const present = changes.filter(({ watchlist }) => watchlist !== null);
    const newest = await log.latest(present);
    const overtaken = new Set(present.filter((change, index) => isOvertaken(change, newest[index] ?? change)));
    const groups = [...crowds.values()].flatMap((crowd) => [...crowd.groups.values()]);
    const lists = [...new Set(groups.flatMap(({ filter }) => (filter.watchlist === null ? [] : [filter.watchlist])))];
    const watched = await log.watched(lists.length === 0 ? [] : [...new Set(changes.map(({ uscc }) => uscc))], lists);
    const asked = await Promise.all([...crowds.values()].map(async (crowd) => ({ crowd, consents: await log.consents(crowd.audience.viewer, changes) })));
    await checkSessions(groups);

    // From here on nothing waits. Whoever has begun meanwhile has read up to the end by itself.
    const today = shanghaiDay(now());
    for (const { crowd, consents } of asked) {
      const tellings: { group: Group; telling: Telling }[] = [];
      for (const group of crowd.groups.values()) group.listener = { ...group.listener, today, consents };
      for (const change of changes) {
        if (overtaken.has(change)) continue;
        for (const group of crowd.groups.values()) {
          const { filter, listener } = group;
          if (filter.topic !== change.topic || !isFor(change, filter, watched)) continue;
          const telling = tell(listener, change, latest.get(`${change.uscc} ${change.record_id}`) ?? change, wasInSight(listener, change.before));
          if (telling) tellings.push({ group, telling });
        }
      }
      if (tellings.length === 0 && crowd.queue.length === 0) {
        crowd.done = upTo;
        continue;
      }
      crowd.queue.push({ upTo, at: changes[0]?.recorded_at ?? '', tellings });
      crowd.queued += tellings.length;
      if (crowd.queued > (crowd.renderer.isWaiting() ? MAX_QUEUED_WAITING : MAX_QUEUED)) leaveToStreams(crowd);
      else void work(crowd);
    }
  };

  const checkSessions = async (groups: readonly Group[]): Promise<void> => {
    const sessions = new Map<Session, Subscriber[]>();
    for (const { members } of groups) for (const member of members) sessions.set(member.session, [...(sessions.get(member.session) ?? []), member]);
    await Promise.all([...sessions].map(async ([session, members]) => {
      if (await isGood(session)) return;
      for (const member of members) end(member, 'UNAUTHENTICATED');
    }));
  };

  /** Reads on to the head of the log. What has come and could not be dispatched is dispatched first. */
  const readToHead = async (): Promise<void> => {
    const bounds = await log.bounds();
    const { head } = bounds;
    if (!come && isExpired(atEnd(tail), bounds)) return startAgain(head);
    while ((come || tail < head) && !closing.signal.aborted) {
      if (!come) {
        const changes = await log.after(tail, head, SLICE);
        // What is purged while it is read is not skipped.
        if (tail < (await log.bounds()).purgedThrough) return startAgain(head);
        const last = changes.at(-1);
        tail = changes.length < SLICE || !last ? head : last.seq;
        come = { changes, upTo: tail };
      }
      if (crowds.size > 0) await dispatch(come);
      come = null;
    }
  };
  /** What this gateway had not read is purged, or the log is another than it was: each stream finds out for itself, from its own place. */
  const startAgain = (head: bigint): void => {
    logger.warn({ tail: String(tail), head: String(head) }, 'the log does not go on from where it was read to');
    tail = head;
    for (const crowd of crowds.values()) leaveToStreams(crowd);
  };

  const following = createRepeated({
    async step() {
      await readToHead();
      unreadableSince = null;
      return false;
    },
    failed(error) {
      if (unreadableSince === null) logger.warn({ err: error }, 'the log of changes cannot be read; streams wait');
      unreadableSince ??= now().getTime();
    },
    everyMs: null, // hints come each second
  });

  // --- coming from further back -------------------------------------------------------------------------------------

  /** What comes after a place; null where the log cannot be read on from it any more. */
  const lookOn = async ({ audience: { viewer }, renderer }: Crowd, filter: ChangeFilter, place: Place): Promise<{ bounds: Bounds; reading: Reading | null }> => {
    const bounds = await log.bounds();
    if (isExpired(place, bounds)) return { bounds, reading: null };
    const most = renderer.isWaiting() ? TOLD_WHILE_WAITING : TOLD_AT_ONCE;
    const reading = await readOn(log, listenerOf(viewer, filter, shanghaiDay(now())), comeBack(place, bounds.head), bounds.head, most).catch(unlessPurged);
    return reading ? { bounds, reading } : { bounds: await log.bounds(), reading };
  };

  const catchUp = async (subscriber: Subscriber): Promise<void> => {
    const { session, group } = subscriber;
    const { crowd } = group;
    // Read while what came before it is told.
    let ahead: ReturnType<typeof lookOn> | null = null;
    const look = (): ReturnType<typeof lookOn> => {
      const begun = ahead ?? lookOn(crowd, group.filter, subscriber.place);
      ahead = null;
      return begun;
    };
    const isOver = (): boolean => closing.signal.aborted || subscriber.ended;
    for (;;) {
      await room(subscriber);
      // While the database does not answer, a stream waits.
      if (!(await crowd.reading.pass(() => isGood(session), isOver))) return end(subscriber, 'UNAUTHENTICATED');
      const { bounds, reading } = await crowd.reading.pass(look, isOver);
      if (!reading) return tellExpired(subscriber, bounds);
      if (subscriber.ended) return;
      if (reading.more && !crowd.renderer.isWaiting()) {
        ahead = lookOn(crowd, group.filter, reading.place);
        ahead.catch(() => {}); // heard when it is waited for, if it is
      }
      // From here to the next `await` nothing is dispatched: what comes after this place is told by the group.
      if (!reading.more && reading.place.seq >= tail) {
        subscriber.joinedAt = reading.place.seq;
        subscriber.held = [];
        group.members.add(subscriber);
      }
      await tellReading(subscriber, reading, isOver);
      subscriber.place = reading.place;
      while (subscriber.held && subscriber.held.length > 0) {
        if (!hasRoom(subscriber)) await room(subscriber);
        const next = subscriber.held?.shift();
        if (next) write(subscriber, next.words, atEnd(next.seq));
      }
      // Null where the group told more than was held: then it reads on by itself.
      if (subscriber.held) {
        subscriber.held = null;
        return;
      }
    }
  };

  const tellReading = async (subscriber: Subscriber, { told }: Reading, isOver: () => boolean): Promise<void> => {
    for (let from = 0; from < told.length; ) {
      const left = told.slice(from);
      subscriber.untoldSince = left[0]?.change.recorded_at ?? null;
      const rendered = await subscriber.group.crowd.renderer.render(left.map((each) => eventOf(each, mark)), isOver);
      for (const [index, each] of rendered.entries()) {
        if (!each) continue; // gone between the log and its source: the change that took it away comes later
        if (!hasRoom(subscriber)) await room(subscriber);
        write(subscriber, each, (left[index] as (typeof left)[number]).place); // as many at most
      }
      metrics?.told(rendered.length);
      from += rendered.length;
    }
    subscriber.untoldSince = null;
  };

  /** What a stream does by itself; a failure ends it. */
  const run = async (subscriber: Subscriber, does: () => Promise<void>): Promise<void> => {
    try {
      await does();
    } catch (error) {
      if (error instanceof Gone) return;
      logger.warn({ err: error }, 'a stream failed');
      end(subscriber, 'FAILED');
    }
  };

  const tellExpired = (subscriber: Subscriber, bounds: Bounds): void => {
    const { group } = subscriber;
    const oldest = cursorOf(group, beginning(bounds));
    const rendered = renderNotice(graph, group.crowd.audience, { __typename: 'CursorExpired', oldest, message: EXPIRED });
    if (!subscriber.ended) subscriber.sink.next(withCursor(rendered, oldest), oldest);
    end(subscriber, 'CURSOR_EXPIRED');
  };

  // --- checkpoints --------------------------------------------------------------------------------------------------

  /** How old the oldest change is that was not told yet, in seconds. What cannot be read may be as old as the trouble. */
  const lagOf = ({ untoldSince, group: { crowd } }: Subscriber): number => {
    const waiting = [crowd.queue[0]?.at, waitingSince, crowd.renderer.isWaiting() ? untoldSince : null];
    const instants = waiting.flatMap((at) => (at ? [Date.parse(at)] : []));
    if (unreadableSince !== null) instants.push(unreadableSince);
    return instants.length > 0 ? Math.max(0, Math.floor((now().getTime() - Math.min(...instants)) / 1000)) : 0;
  };

  const tellCheckpoints = (due: readonly Subscriber[]): void => {
    const at = now().toISOString();
    const rendered = new Map<string, readonly string[]>();
    for (const member of due) {
      const { crowd } = member.group;
      const lagSeconds = lagOf(member);
      const key = `${lagSeconds} ${crowd.key}`;
      const words = rendered.get(key) ?? renderNotice(graph, crowd.audience, { __typename: 'Checkpoint', cursor: CURSOR_MARK, at, lagSeconds });
      rendered.set(key, words);
      // Whoever is at the end of the log has been told everything up to where its crowd stands.
      const isAtEnd = member.group.members.has(member) && member.held === null && crowd.queue.length === 0 && crowd.done > member.place.seq;
      write(member, words, isAtEnd ? atEnd(crowd.done) : member.place);
    }
  };

  /** By time alone: also while the database does not answer, when nobody can say whether rights have ended. Nothing is told of records then. */
  const checkpoint = async (): Promise<void> => {
    const at = performance.now();
    const due: Subscriber[] = [];
    for (const subscriber of subscribers) {
      if (subscriber.session.expires !== null && subscriber.session.expires <= now().getTime()) end(subscriber, 'UNAUTHENTICATED');
      else if (subscriber.checkpointAt <= at) due.push(subscriber);
    }
    if (due.length === 0) return;
    for (const subscriber of due) subscriber.checkpointAt = at + CHECKPOINT_MS;
    const [oldest, ...good] = await Promise.all([
      inTime(log.oldestWaiting(), LOOK_MS).catch(() => waitingSince),
      ...due.map((subscriber) => inTime(isGood(subscriber.session), LOOK_MS).catch(() => true)),
    ]);
    waitingSince = oldest;
    for (const [index, subscriber] of due.entries()) if (!good[index]) end(subscriber, 'UNAUTHENTICATED');
    tellCheckpoints(due);
  };
  let ticking: Promise<void> | null = null;
  const tick = (): void => {
    ticking ??= checkpoint()
      .catch((error: unknown) => logger.warn({ err: error }, 'checkpoints could not be told'))
      .finally(() => {
        ticking = null;
      });
  };

  // --- beginning ----------------------------------------------------------------------------------------------------

  /** What is asked for, checked as a query would be; the stream's own arguments are read here. */
  const begin = async (request: StreamRequest, query: EventQuery): Promise<{ filter: ChangeFilter; after: string | null; audience: Audience } | { errors: readonly GraphQLError[] }> => {
    const { session, mode, variables, operationName, address, reportsCost = false, charge } = request;
    const { viewer } = session;
    const coerced = coerceVariables(graph.schema, request.operation, variables);
    if ('errors' in coerced && coerced.errors) return { errors: coerced.errors };
    const field = graph.schema.getSubscriptionType()?.getFields()[query.field.name.value];
    const topic = topics[query.field.name.value];
    if (!field || !topic) return { errors: [clientError('BAD_USER_INPUT', 'There is no such subscription.', { reason: 'SUBSCRIPTION' })] };
    const answer = await graph.run({ document: query.document, operation: query.operation, operationName, variables, viewer, mode, address, reportsCost, charge, events: [] });
    if (!(answer.data?.[query.key] as { events?: unknown } | null | undefined)?.events) return { errors: answer.errors ?? [] };
    const given = getArgumentValues(field, query.field, coerced.variables) as { filter: NameListChangeFilter | EvaluationChangeFilter; after?: string | null };
    const filter = readFilter(topic, given.filter);
    if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist))) throw clientError('NOT_FOUND', 'Your organisation has no watchlist with this id.', { argument: 'filter.watchlist' });
    const cost = answer.extensions?.['cost'];
    const audience: Audience = { query, operationName, variables, viewer, mode, ...(cost === undefined ? null : { cost }) };
    return { filter, after: request.lastEventId ?? given.after ?? null, audience };
  };

  const rendererOf = (audience: Audience): Renderer =>
    createRenderer({
      graph,
      audience,
      pause: wait,
      onWaiting: (reason) => (reason === null ? logger.info('changes that waited for their source are told') : logger.warn({ err: reason }, 'changes wait: their source does not answer')),
    });

  const readingChanged = (reason: unknown): void => {
    if (reason !== null) logger.warn({ err: reason }, 'streams that catch up cannot read the log; they wait');
  };

  const groupOf = (request: StreamRequest, audience: Audience, filter: ChangeFilter): Group => {
    const used = variablesIn(audience.query);
    const key = JSON.stringify([numberOf(request.document), audience.operationName ?? '', audience.mode, audience.cost !== undefined, audience.viewer.grant, used.map((name) => audience.variables[name] ?? null)]);
    let crowd = crowds.get(key);
    if (!crowd) crowds.set(key, (crowd = { key, audience, renderer: rendererOf(audience), reading: createGate({ pause: wait, longestMs: LONGEST_BACK_OFF_MS, onChange: readingChanged }), groups: new Map(), queue: [], queued: 0, done: tail, isTelling: false, subscribers: 0 }));
    let group = crowd.groups.get(filter.canonical);
    if (!group) crowd.groups.set(filter.canonical, (group = { key: filter.canonical, filter, scope: cursorScope(audience.viewer, filter), crowd, members: new Set(), subscribers: 0, listener: listenerOf(audience.viewer, filter, shanghaiDay(now())) }));
    return group;
  };

  wake.listen(following.wake);
  const ticker = setInterval(tick, TICK_MS).unref();

  return {
    streams: () => subscribers.size,
    async subscribe(request, sink): Promise<Stream | { readonly errors: readonly GraphQLError[] }> {
      const query = eventQueryOf(request.document, request.operation, request.operationName);
      if (!query) return { errors: [clientError('BAD_USER_INPUT', 'A subscription asks for a field.', { reason: 'SUBSCRIPTION' })] };
      try {
        const begun = await begin(request, query);
        if ('errors' in begun) return begun;
        const { audience, filter, after } = begun;
        const bounds = await log.bounds();
        const place = after === null ? atEnd(bounds.head) : openPlace(cursors, cursorScope(audience.viewer, filter), after);
        if (closing.signal.aborted) return { errors: [clientError('SUBGRAPH_UNAVAILABLE', 'The gateway is going away: come back.', { retryable: true })] };
        const group = groupOf(request, audience, filter);
        const subscriber: Subscriber = { transport: request.transport ?? 'websocket', sink, session: request.session, group, place, joinedAt: 0n, held: null, untoldSince: null, checkpointAt: performance.now() + CHECKPOINT_MS, ended: false };
        group.subscribers += 1;
        group.crowd.subscribers += 1;
        subscribers.add(subscriber);
        metrics?.opened(subscriber.transport);
        void run(subscriber, async () => {
          if (after === null) tellCheckpoints([subscriber]);
          await catchUp(subscriber);
        });
        return { stop: () => void (leave(subscriber) && metrics?.ended('COMPLETED', subscriber.transport)) };
      } catch (error) {
        if (error instanceof Error && 'extensions' in error) return { errors: [error as GraphQLError] };
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(ticker);
      for (const subscriber of subscribers) end(subscriber, 'GOING_AWAY');
      closing.abort();
      await Promise.all([following[Symbol.asyncDispose](), ticking]);
    },
  };
}

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

const mark = (): string => CURSOR_MARK;

function unlessPurged(error: unknown): null {
  if (error instanceof Purged) return null;
  throw error;
}

/** What decides an event's words, for one audience. */
const wordsKey = ({ change, kind, entered, reason }: Telling): string => `${change.seq} ${kind} ${entered} ${reason ?? ''}`;

/** Whether a change is for those who follow by this filter at all, whatever its record. */
const isFor = ({ watchlist, uscc }: Change, filter: ChangeFilter, watched: ReadonlyMap<string, ReadonlySet<string>>): boolean =>
  (watchlist === null || watchlist === filter.watchlist) && (filter.watchlist === null || (watched.get(filter.watchlist)?.has(uscc) ?? false));

/** @throws what keeps anybody from saying: nothing is told of records then, and the stream does not end for it */
const isGood = async (session: Session): Promise<boolean> => session.isGood();

const numbers = new WeakMap<object, number>();
let lastNumber = 0;
function numberOf(document: object): number {
  let number = numbers.get(document);
  if (number === undefined) numbers.set(document, (number = ++lastNumber));
  return number;
}

const variablesOf = new WeakMap<EventQuery, readonly string[]>();

/** The variables that the words of an event depend on: not those of the arguments of the stream itself. */
function variablesIn(query: EventQuery): readonly string[] {
  let names = variablesOf.get(query);
  if (!names) {
    const found = new Set<string>();
    const walk = (node: unknown): void => {
      if (Array.isArray(node)) node.forEach(walk);
      else if (typeof node === 'object' && node !== null) {
        if ('kind' in node && node.kind === Kind.VARIABLE) found.add((node as unknown as { name: { value: string } }).name.value);
        else for (const [key, value] of Object.entries(node)) if (key !== 'loc') walk(value);
      }
    };
    walk(query.field.selectionSet);
    walk(query.document.definitions.slice(1));
    variablesOf.set(query, (names = [...found].toSorted()));
  }
  return names;
}
