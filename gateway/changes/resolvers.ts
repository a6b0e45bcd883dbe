import { checkFirst } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { notFound } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { type StreamEvent, eventId, eventOf, recordAsOf, recordIdOfChange, type DeliveryEvent } from './events.ts';
import { type FilterInput, readFilter } from './filter.ts';
import type { ChangeLog } from '#gateway/feed/log.ts';
import { earliest, resumeFrom, cursorScope, expired, isExpired, openPosition, sealPosition } from './position.ts';
import { Purged, readOn } from './reader.ts';
import { listenerOf } from './delivery.ts';
import type { KeptTopic, Topics } from './topics.ts';

const MAX_PAGE = 1000;

interface Caller {
  readonly viewer: Viewer;
  /** What the pipeline carries for this folder: `StreamEvent`s. */
  readonly events?: readonly unknown[] | undefined;
}

/** The arguments of a page of any topic. */
interface PageArguments {
  readonly filter: FilterInput;
  readonly after?: string | null;
  readonly first: number;
}

export interface ChangeParts {
  readonly topics: Topics;
  readonly changeLog: ChangeLog;
  readonly cursors: CursorSealer;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
  readonly now: () => Date;
}

/**
 * The fields of all topics: `Query` returns a page of changes, and the type of a change has the same fields in each
 * topic but for its record (records/topic.ts).
 */
export function createChangeResolvers({ topics, changeLog: log, cursors, ownsWatchlist, now }: ChangeParts) {
  /** @throws BAD_USER_INPUT, BAD_CURSOR, CURSOR_EXPIRED, NOT_FOUND for a watchlist of others */
  const page = async (topic: KeptTopic, args: PageArguments, { viewer, events }: Caller) => {
    // Supplied by render.ts and request.ts.
    if (events) return { events: events as readonly StreamEvent[], endCursor: null, hasMore: null };
    const first = checkFirst(args.first, MAX_PAGE);
    const filter = readFilter(topic, args.filter);
    if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist))) throw notFound('This watchlist');
    const scope = cursorScope(viewer, filter);
    const bounds = await log.bounds();
    const position =
      args.after === null || args.after === undefined ? earliest(bounds) : openPosition(cursors, scope, args.after);
    const tooOld = async () => expired(sealPosition(cursors, scope, earliest(await log.bounds())));
    if (isExpired(position, bounds)) throw await tooOld();
    const reading = await readOn(
      log,
      listenerOf(viewer, filter, shanghaiDay(now())),
      resumeFrom(position, bounds.head),
      bounds.head,
      first,
    ).catch(async (error: unknown) => {
      throw error instanceof Purged ? await tooOld() : error;
    });
    return {
      events: reading.deliveries.map((delivered) =>
        eventOf(topics, delivered, () => sealPosition(cursors, scope, delivered.position)),
      ),
      endCursor: sealPosition(cursors, scope, reading.position),
      hasMore: reading.more,
    };
  };

  /** `REMOVED` names the record, and nothing that the record stated. */
  const unlessRemoved =
    <Value>(read: (event: DeliveryEvent) => Value) =>
    (event: DeliveryEvent): Value | null =>
      event.kind === 'REMOVED' ? null : read(event);

  const change = {
    id: eventId,
    cursor: ({ cursor }: DeliveryEvent) => cursor(),
    at: ({ change: { recorded_at } }: DeliveryEvent) => recorded_at,
    recordId: recordIdOfChange,
    version: unlessRemoved(({ change: { version } }) => version),
    subject: ({ change: { uscc } }: DeliveryEvent) => ({ uscc }),
  };

  const basis = {
    documentNo: unlessRemoved(({ change: { basis: of } }) => of?.documentNo ?? null),
    legalBasis: unlessRemoved(({ change: { basis: of } }) => of?.legalBasis ?? null),
  };

  return {
    Query: Object.fromEntries(
      topics.all.map((topic) => [
        topic.field,
        (_: unknown, args: PageArguments, caller: Caller) => page(topic, args, caller),
      ]),
    ),
    ...Object.fromEntries(
      topics.all.map(({ changeType, recordField, basisFields }) => [
        changeType,
        {
          ...change,
          ...Object.fromEntries(basisFields.map((field) => [field, basis[field]])),
          [recordField]: unlessRemoved(recordAsOf),
        },
      ]),
    ),
  };
}
