import type { Change, ChangeLog } from './log.ts';
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

/** Rows of the log looked at in one statement. */
const SLICE = 1000;

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
    const changes = await log.search(listener.filter, place.seq, upTo, SLICE);
    for (const each of await tellAll(log, listener, place, changes)) {
      if (told.length === most) return { told, place: (told.at(-1) as Told).place, more: true }; // `most` is at least 1
      told.push(each);
    }
    const last = changes.at(-1);
    if (changes.length < SLICE || !last) return { told, place: movedTo(place, place.seq > upTo ? place.seq : upTo), more: false };
    place = movedTo(place, last.seq);
  }
}

/** What is told of changes in order, each after `from` or the one before. */
async function tellAll(log: ChangeLog, anybody: Listener, from: Place, changes: readonly Change[]): Promise<Told[]> {
  const later = await latestOf(log, changes);
  const listener = { ...anybody, consents: await log.consents(anybody.viewer, [...changes, ...later.filter((change) => change !== null)]) };
  const firsts = await firstsSince(log, from, changes);
  const told: Told[] = [];
  changes.forEach((change, index) => {
    const latest = later[index] ?? change;
    if (isOvertaken(change, latest)) return;
    const isCatchingUp = change.seq <= from.until;
    // Once a record was told to have gone, what happens to it out of sight is not told, nor how often.
    const wasSeen = isCatchingUp && firsts.get(keyOf(change)) !== change.seq ? wasToldBefore(listener, change, latest) : wasInSight(listener, change.before);
    const telling = tell(listener, change, latest, wasSeen);
    if (telling) told.push({ ...telling, place: movedTo(from, change.seq) });
  });
  return told;
}

/** The last change of each record; null where it is this one. */
export const latestOf = (log: ChangeLog, changes: readonly Change[]): Promise<(Change | null)[]> =>
  log.latest(changes.map(({ uscc, record_id, seq, watchlist }) => ({ uscc, record_id, seq: watchlist === null ? seq : 0n })));

/** A present state that a change has overtaken: that change was told to the followers of the watchlist, or will be. */
export const isOvertaken = (change: Change, latest: Pick<Change, 'version'>): boolean => change.watchlist !== null && latest.version > change.version;

const keyOf = ({ uscc, record_id }: Pick<Change, 'uscc' | 'record_id'>): string => `${uscc} ${record_id}`;

/** For whoever catches up: the number of the first change of each record since it began, before which it knew the record; none for one who knew nothing. */
async function firstsSince(log: ChangeLog, { seq, since, until }: Place, changes: readonly Change[]): Promise<ReadonlyMap<string, bigint>> {
  const firsts = new Map<string, bigint>();
  if (since === null || seq >= until) return firsts;
  const records = new Map(changes.flatMap((change) => (change.seq <= until && change.before !== null ? [[keyOf(change), { uscc: change.uscc, record_id: change.record_id, seq: since }] as const] : [])));
  const found = await log.firstAfter([...records.values()]);
  [...records.keys()].forEach((key, index) => {
    const first = found[index];
    if (first) firsts.set(key, first.seq);
  });
  return firsts;
}
