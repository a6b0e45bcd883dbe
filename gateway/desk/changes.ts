import { checkFirst } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { notFound } from '#kit/errors.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { type DeskEvent, eventId, eventOf, recordAsOf, recordIdOfChange, type ToldEvent } from '../live/events.ts';
import { readFilter } from '../live/filter.ts';
import type { ChangeLog, Topic } from '../live/log.ts';
import { beginning, comeBack, cursorScope, expired, isExpired, openPlace, sealPlace } from '../live/place.ts';
import { Purged, readOn } from '../live/reader.ts';
import { listenerOf } from '../live/tell.ts';
import type { QueryEvaluationChangesArgs, QueryNameListChangesArgs } from './resolvers.generated.ts';

const MAX_PAGE = 1000;

interface Asking {
  readonly viewer: Viewer;
  readonly events?: readonly DeskEvent[] | undefined;
}

export interface ChangePages {
  readonly log: ChangeLog;
  readonly cursors: CursorSealer;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
  readonly now: () => Date;
}

/** What of the schema is about changes; spread into the desk's resolvers. */
export function createChangeResolvers({ log, cursors, ownsWatchlist, now }: ChangePages) {
  /** @throws BAD_USER_INPUT, BAD_CURSOR, CURSOR_EXPIRED, NOT_FOUND for a watchlist of others */
  const page = async (topic: Topic, args: QueryNameListChangesArgs | QueryEvaluationChangesArgs, { viewer, events }: Asking) => {
    if (events) return { events, endCursor: null, hasMore: null };
    const first = checkFirst(args.first, MAX_PAGE);
    const filter = readFilter(topic, args.filter);
    if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist))) throw notFound('This watchlist');
    const scope = cursorScope(viewer, filter);
    const bounds = await log.bounds();
    const place = args.after === null || args.after === undefined ? beginning(bounds) : openPlace(cursors, scope, args.after);
    const tooOld = async () => expired(sealPlace(cursors, scope, beginning(await log.bounds())));
    if (isExpired(place, bounds)) throw await tooOld();
    const reading = await readOn(log, listenerOf(viewer, filter, shanghaiDay(now())), comeBack(place, bounds.head), bounds.head, first).catch(async (error: unknown) => {
      throw error instanceof Purged ? await tooOld() : error;
    });
    return {
      events: reading.told.map((told) => eventOf(told, () => sealPlace(cursors, scope, told.place))),
      endCursor: sealPlace(cursors, scope, reading.place),
      hasMore: reading.more,
    };
  };

  /** `REMOVED` says which record, and nothing that the record stated. */
  const unlessRemoved =
    <Value>(read: (event: ToldEvent) => Value) =>
    (event: ToldEvent): Value | null =>
      event.kind === 'REMOVED' ? null : read(event);

  const change = {
    id: eventId,
    cursor: ({ cursor }: ToldEvent) => cursor(),
    at: ({ change: { recorded_at } }: ToldEvent) => recorded_at,
    recordId: ({ change: of }: ToldEvent) => recordIdOfChange(of),
    version: unlessRemoved(({ change: { version } }) => version),
    subject: ({ change: { uscc } }: ToldEvent) => ({ uscc }),
  };

  return {
    Query: {
      nameListChanges: (_: unknown, args: QueryNameListChangesArgs, asking: Asking) => page('NAME_LIST', args, asking),
      evaluationChanges: (_: unknown, args: QueryEvaluationChangesArgs, asking: Asking) => page('EVALUATION', args, asking),
    },
    NameListChange: {
      ...change,
      documentNo: unlessRemoved(({ change: { basis } }) => basis?.documentNo ?? null),
      legalBasis: unlessRemoved(({ change: { basis } }) => basis?.legalBasis ?? null),
      entry: unlessRemoved(({ change: of }) => recordAsOf(of)),
    },
    EvaluationChange: { ...change, evaluation: unlessRemoved(({ change: of }) => recordAsOf(of)) },
  };
}
