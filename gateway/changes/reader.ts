import type { Change, ChangeLog, Found } from '#gateway/feed/log.ts';
import { advancedTo, type StreamPosition } from './position.ts';
import { type Listener, deliveryOf, type PositionedDelivery, wasInSight, wasDeliveredBefore } from './delivery.ts';

/** The changes that a reader receives from the log, and its position after them. */
export interface Reading {
  readonly deliveries: readonly PositionedDelivery[];
  readonly position: StreamPosition;
  /** Whether there may be more before the requested end. */
  readonly more: boolean;
}

/** Thrown when changes after a position are purged, also while they are read. */
export class Purged extends Error {}

/** Rows of the log read in one statement: the number wanted plus one, within these limits. */
const MIN_ROWS = 100;
const MAX_ROWS = 1001;

/**
 * Reads on from a position for one subscriber: for pages, for streams that catch up and for webhooks. Live streams use
 * the same rule (`deliveryOf`), but read the log once for all.
 *
 * @param upTo the end of the log for this reading, at most its head
 * @param limit the maximum number of deliveries; fewer only at the end
 * @throws Purged
 */
export async function readOn(
  log: ChangeLog,
  listener: Listener,
  from: StreamPosition,
  upTo: bigint,
  limit: number,
): Promise<Reading> {
  const reading = await read(log, listener, from, upTo, limit);
  if (from.seq < (await log.bounds()).purgedThrough) throw new Purged();
  return reading;
}

async function read(
  log: ChangeLog,
  listener: Listener,
  from: StreamPosition,
  upTo: bigint,
  limit: number,
): Promise<Reading> {
  const deliveries: PositionedDelivery[] = [];
  let position = from;
  for (;;) {
    const rows = Math.max(MIN_ROWS, Math.min(MAX_ROWS, limit - deliveries.length + 1));
    const changes = await log.search(
      listener.filter,
      position.seq,
      upTo,
      rows,
      position.seq < position.until ? position : { since: null, until: 0n },
    );
    for (const each of await deliveriesOf(log, listener, position, changes)) {
      if (deliveries.length === limit)
        // `limit` is at least 1
        return { deliveries, position: (deliveries.at(-1) as PositionedDelivery).position, more: true };
      deliveries.push(each);
    }
    const last = changes.at(-1);
    if (changes.length < rows || !last)
      return { deliveries, position: advancedTo(position, position.seq > upTo ? position.seq : upTo), more: false };
    position = advancedTo(position, last.seq);
  }
}

/** The deliveries of changes in order, each after `from` or after the one before. */
async function deliveriesOf(
  log: ChangeLog,
  anybody: Listener,
  from: StreamPosition,
  changes: readonly Found[],
): Promise<PositionedDelivery[]> {
  const laterSeqs = new Set(changes.flatMap(({ last }) => (last === null ? [] : [last])));
  const later = new Map((await log.at([...laterSeqs])).map((change) => [change.seq, change]));
  const listener = { ...anybody, consents: await log.consents(anybody.viewer, [...changes, ...later.values()]) };
  const deliveries: PositionedDelivery[] = [];
  for (const change of changes) {
    const latest = (change.last !== null && later.get(change.last)) || change;
    if (isOvertaken(change, latest)) continue;
    // After the removal of a record was delivered, its further changes out of sight are not, nor is their number.
    const isCatchingUp = change.seq <= from.until;
    const wasSeen =
      isCatchingUp && change.first !== change.seq
        ? wasDeliveredBefore(listener, change, latest)
        : wasInSight(listener, change.before);
    const delivery = deliveryOf(listener, change, latest, wasSeen);
    if (delivery) deliveries.push({ ...delivery, position: advancedTo(from, change.seq) });
  }
  return deliveries;
}

/**
 * Whether a later change has overtaken this present state: the followers of the watchlist have received that change, or
 * will.
 */
export const isOvertaken = (change: Change, latest: Pick<Change, 'version'>): boolean =>
  change.watchlist !== null && latest.version > change.version;
