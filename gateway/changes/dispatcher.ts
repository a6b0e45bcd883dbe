import type { Consenting } from '#records/consents.ts';
import { createRepeated } from '#kit/repeatedWorker.ts';
import type { Runs } from '#kit/telemetry/runs.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { Change } from '#gateway/feed/log.ts';
import type { StreamContext } from './context.ts';
import { deliveryOf, wasInSight } from './delivery.ts';
import type { ChangeFilter } from './filter.ts';
import { atHead, isExpired } from './position.ts';
import { isOvertaken } from './reader.ts';
import type { FilterGroup, GroupDelivery, RenderGroup, Subscriber } from './registry.ts';
import { enqueue, leaveToStreams } from './renderQueue.ts';

// Reads the log once for all streams at its head, matches each change once for each filter group, and queues what the
// groups receive.

/** Rows of the log read at once. */
const SLICE = 1000;

/** What was read of the log and not dispatched yet, and up to which position. */
interface PendingBatch {
  readonly changes: readonly Change[];
  readonly upTo: bigint;
}

/** What decides which groups receive the changes of a batch. */
interface BatchFacts {
  readonly changes: readonly Change[];
  /** The last change of each record within the batch, by `recordKey`. */
  readonly latest: ReadonlyMap<string, Change>;
  /** Present states that a later change has overtaken. */
  readonly overtaken: ReadonlySet<Change>;
  /** The codes of the changes that are on each followed watchlist. */
  readonly watched: ReadonlyMap<string, ReadonlySet<string>>;
  /** The render groups of that moment, with the consents that their viewers have. */
  readonly audiences: readonly { readonly renderGroup: RenderGroup; readonly consents: Consenting }[];
}

export interface Dispatcher extends AsyncDisposable {
  /** The log may go on: reads it to its head, now or after the current run. */
  wake(): void;
}

/**
 * Creates the reader at the head of the log; `context.head` is written here alone. What fails is repeated at the next
 * waking, with the same batch.
 * @param runs counts and logs the runs
 */
export function createDispatcher(context: StreamContext, runs: Runs): Dispatcher {
  const { log, now, registry, head, closing } = context;
  let pending: PendingBatch | null = null;

  /** Reads on to the head of the log. Changes that were read and could not be dispatched are dispatched first. */
  const readToHead = async (): Promise<void> => {
    const bounds = await log.bounds();
    if (!pending && isExpired(atHead(head.tail), bounds)) return startAgain(context, bounds.head);
    while ((pending || head.tail < bounds.head) && !closing.aborted) {
      if (!pending) {
        const changes = await log.after(head.tail, bounds.head, SLICE);
        // Changes that are purged while they are read are not skipped.
        if (head.tail < (await log.bounds()).purgedThrough) return startAgain(context, bounds.head);
        const last = changes.at(-1);
        head.tail = changes.length < SLICE || !last ? bounds.head : last.seq;
        pending = { changes, upTo: head.tail };
      }
      if (registry.renderGroups.size > 0) await dispatch(context, pending);
      pending = null;
    }
  };

  return createRepeated({
    async step() {
      await readToHead();
      head.unreadableSince = null;
      runs.succeeded();
      return false;
    },
    failed(error) {
      runs.failed(error);
      head.unreadableSince ??= now().getTime();
    },
    everyMs: null, // hints come each second
  });
}

/**
 * Changes that this gateway had not read are purged, or the log is another one than before. Each stream finds out for
 * itself, from its own position.
 */
function startAgain(context: StreamContext, logHead: bigint): void {
  const { head, logger, registry } = context;
  logger.warn({ tail: String(head.tail), head: String(logHead) }, 'the log does not go on from where it was read to');
  head.tail = logHead;
  for (const renderGroup of registry.renderGroups.values()) leaveToStreams(context, renderGroup);
}

/**
 * Matches new changes and queues them for the groups that they concern. When it fails nothing was delivered, so that
 * it can be repeated: what may fail is looked up first.
 */
async function dispatch(context: StreamContext, { changes, upTo }: PendingBatch): Promise<void> {
  const facts = await lookUp(context, changes);
  // From here on there is no `await`. A stream that has begun meanwhile has read up to the head by itself.
  const today = shanghaiDay(context.now());
  for (const { renderGroup, consents } of facts.audiences) {
    for (const group of renderGroup.groups.values()) group.listener = { ...group.listener, today, consents };
    const deliveries = deliveriesTo(renderGroup, facts);
    enqueue(context, renderGroup, { upTo, at: changes[0]?.recorded_at ?? '', deliveries });
  }
}

/**
 * Asks the database what decides about the changes. The rights of the streams are checked last, so that they are those
 * of the delivery; a stream whose rights have ended ends here.
 */
async function lookUp(context: StreamContext, changes: readonly Change[]): Promise<BatchFacts> {
  const { log, registry } = context;
  const present = changes.filter(({ watchlist }) => watchlist !== null);
  const newest = await log.latest(present);
  const overtaken = new Set(present.filter((change, index) => isOvertaken(change, newest[index] ?? change)));
  const groups = [...registry.renderGroups.values()].flatMap((renderGroup) => [...renderGroup.groups.values()]);
  const lists = [...new Set(groups.flatMap(({ filter }) => (filter.watchlist === null ? [] : [filter.watchlist])))];
  const watched = await log.watched(lists.length === 0 ? [] : [...new Set(changes.map(({ uscc }) => uscc))], lists);
  const audiences = await Promise.all(
    [...registry.renderGroups.values()].map(async (renderGroup) => ({
      renderGroup,
      consents: await log.consents(renderGroup.audience.viewer, changes),
    })),
  );
  await checkSessions(context, groups);
  return { changes, latest: latestOf(changes), overtaken, watched, audiences };
}

/** The last change of each record. A present state is none: it repeats one. */
const latestOf = (changes: readonly Change[]): Map<string, Change> =>
  new Map(changes.flatMap((change) => (change.watchlist === null ? [[recordKey(change), change] as const] : [])));

const recordKey = ({ uscc, record_id }: Change): string => `${uscc} ${record_id}`;

/** Ends the streams whose rights have ended. Streams of one connection share its session. */
async function checkSessions({ registry }: StreamContext, groups: readonly FilterGroup[]): Promise<void> {
  const sessions = new Map<Session, Subscriber[]>();
  for (const { members } of groups)
    for (const member of members) sessions.set(member.session, [...(sessions.get(member.session) ?? []), member]);
  await Promise.all(
    [...sessions].map(async ([session, members]) => {
      if (await session.isGood()) return;
      for (const member of members) registry.end(member, 'UNAUTHENTICATED');
    }),
  );
}

/** What the filter groups of a render group receive, in the order of the log. */
function deliveriesTo(
  renderGroup: RenderGroup,
  { changes, latest, overtaken, watched }: BatchFacts,
): readonly GroupDelivery[] {
  const deliveries: GroupDelivery[] = [];
  for (const change of changes) {
    if (overtaken.has(change)) continue;
    for (const group of renderGroup.groups.values()) {
      const { filter, listener } = group;
      if (filter.topic !== change.topic || !isFor(change, filter, watched)) continue;
      const delivery = deliveryOf(
        listener,
        change,
        latest.get(recordKey(change)) ?? change,
        wasInSight(listener, change.before),
      );
      if (delivery) deliveries.push({ group, delivery });
    }
  }
  return deliveries;
}

/** Whether a change concerns the followers with this filter at all, whatever its record. */
const isFor = (
  { watchlist, uscc }: Change,
  filter: ChangeFilter,
  watched: ReadonlyMap<string, ReadonlySet<string>>,
): boolean =>
  (watchlist === null || watchlist === filter.watchlist) &&
  (filter.watchlist === null || (watched.get(filter.watchlist)?.has(uscc) ?? false));
