import type { Change, ChangeLog, Found } from './log.ts';
import { movedTo, type Place } from './place.ts';
import { type Listener, tell, type Told, wasInSight, wasToldBefore } from './tell.ts';

/** What a reader was given of the log, and where it stands then. */
export interface Reading {
  readonly told: readonly Told[];
  readonly place: Place;
  /** Whether there may be more up to the end that was asked for. */
  readonly more: boolean;
}

/** What is after a place is purged: also when that happens while it is read. */
export class Purged extends Error {}

/** Rows of the log looked at in one statement: as many as are wanted and one more, within these. */
const LEAST = 100;
const MOST = 1001;

/**
 * Reads on from a place for one subscriber: for pages, for whoever catches up, for webhooks. Live streams are told by the same rule
 * (`tell`), but read the log once for all.
 *
 * @param upTo the end of the log for this reading, at most its head
 * @param most tellings at most; fewer only at the end
 * @throws Purged
 */
export async function readOn(log: ChangeLog, listener: Listener, from: Place, upTo: bigint, most: number): Promise<Reading> {
  const reading = await read(log, listener, from, upTo, most);
  if (from.seq < (await log.bounds()).purgedThrough) throw new Purged();
  return reading;
}

async function read(log: ChangeLog, listener: Listener, from: Place, upTo: bigint, most: number): Promise<Reading> {
  const told: Told[] = [];
  let place = from;
  for (;;) {
    const limit = Math.max(LEAST, Math.min(MOST, most - told.length + 1));
    const changes = await log.search(listener.filter, place.seq, upTo, limit, place.seq < place.until ? place : { since: null, until: 0n });
    for (const each of await tellAll(log, listener, place, changes)) {
      if (told.length === most) return { told, place: (told.at(-1) as Told).place, more: true }; // `most` is at least 1
      told.push(each);
    }
    const last = changes.at(-1);
    if (changes.length < limit || !last) return { told, place: movedTo(place, place.seq > upTo ? place.seq : upTo), more: false };
    place = movedTo(place, last.seq);
  }
}

/** What is told of changes in order, each after `from` or the one before. */
async function tellAll(log: ChangeLog, anybody: Listener, from: Place, changes: readonly Found[]): Promise<Told[]> {
  const laterSeqs = new Set(changes.flatMap(({ last }) => (last === null ? [] : [last])));
  const later = new Map((await log.at([...laterSeqs])).map((change) => [change.seq, change]));
  const listener = { ...anybody, consents: await log.consents(anybody.viewer, [...changes, ...later.values()]) };
  const told: Told[] = [];
  for (const change of changes) {
    const latest = (change.last !== null && later.get(change.last)) || change;
    if (isOvertaken(change, latest)) continue;
    // Once a record was told to have gone, what happens to it out of sight is not told, nor how often.
    const isCatchingUp = change.seq <= from.until;
    const wasSeen = isCatchingUp && change.first !== change.seq ? wasToldBefore(listener, change, latest) : wasInSight(listener, change.before);
    const telling = tell(listener, change, latest, wasSeen);
    if (telling) told.push({ ...telling, place: movedTo(from, change.seq) });
  }
  return told;
}

/** A present state that a change has overtaken: that change was told to the followers of the watchlist, or will be. */
export const isOvertaken = (change: Change, latest: Pick<Change, 'version'>): boolean => change.watchlist !== null && latest.version > change.version;
