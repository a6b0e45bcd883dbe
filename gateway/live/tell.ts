import type { Consenting } from '#kit/consents.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import { isVisibleRow, type RowScope, rowScope, versionRights } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { ChangeKind, RemovalReason } from '../desk/resolvers.generated.ts';
import { type ChangeFilter, isInFilter } from './filter.ts';
import type { Change, Facets } from './log.ts';
import type { Place } from './place.ts';

// What a subscriber is told of a change: the change, that the record has gone, or nothing (PROTOCOL.md, P6 to P8).

/** Whom is told, and when. */
export interface Listener {
  readonly viewer: Viewer;
  readonly scope: RowScope;
  readonly filter: ChangeFilter;
  /** The day in Asia/Shanghai: publication ends by it. */
  readonly today: string;
  /** Which subjects of the changes consent to be seen. Where a record was seen before, a consent that has ended counts too. */
  readonly consents: Consenting;
}

const nobody: Consenting = { now: new Set(), ever: new Set() };

export const listenerOf = (viewer: Viewer, filter: ChangeFilter, today: string): Listener => ({ viewer, scope: rowScope(viewer), filter, today, consents: nobody });

/** An event as one subscriber is told it. */
export interface Telling {
  readonly change: Change;
  readonly kind: ChangeKind;
  readonly entered: boolean;
  readonly reason: RemovalReason | null;
}

/** A telling and where its teller stands then. */
export interface Told extends Telling {
  readonly place: Place;
}

/** Whether a record in this state is in the listener's sight; null: there was none. */
export const wasInSight = ({ viewer, scope, filter, today, consents }: Listener, state: Facets | null): boolean =>
  state !== null && isInFilter(filter, state) && isVisibleRow(scope, state, today, (uscc) => consents.ever.has(uscc)) && isGivenInLists(viewer, state.uscc);

/** For whoever catches up: whether an earlier change of the record was told on the way, by the rights of now. */
export const wasToldBefore = (listener: Listener, { before }: Change, latest: Facets): boolean => before !== null && isInFilter(listener.filter, before) && isVisibleNow(listener, versionRights(before, latest));

/** The state that a change left: its own columns. */
export type Latest = Facets & Pick<Change, 'reason'>;

/**
 * @param latest the record as its last change has left it: rights are those of now
 * @param wasSeen whether it was in sight where the subscriber stood before
 */
export function tell(listener: Listener, change: Change, latest: Latest, wasSeen: boolean): Telling | null {
  if (isTellable(listener, change, latest)) {
    if (listener.filter.kinds !== null && !listener.filter.kinds.includes(change.kind)) return null;
    return { change, kind: change.kind as ChangeKind, entered: change.before !== null && !wasInSight(listener, change.before), reason: null }; // an erased record is in nobody's sight
  }
  return wasSeen && change.watchlist === null ? gone(listener, change, latest) : null;
}

/** Of a record that was in sight, once it is not, or when its source gives it no more. */
export const gone = ({ today }: Listener, change: Change, latest: Latest): Telling => ({ change, kind: 'REMOVED', entered: false, reason: reasonOf(latest, today) });

/** Whether the change may be told with its record: it is in the filter as it was then, and this version of it is visible now. */
const isTellable = (listener: Listener, change: Change, latest: Latest): boolean => isInFilter(listener.filter, change) && isVisibleNow(listener, versionRights(change, latest));

const isVisibleNow = ({ viewer, scope, today, consents }: Listener, latest: Facets): boolean => isVisibleRow(scope, latest, today, (uscc) => consents.now.has(uscc)) && isGivenInLists(viewer, latest.uscc);

function reasonOf(latest: Latest, today: string): RemovalReason {
  if (latest.erased_at !== null) return 'ERASED';
  if (latest.withdrawn_on !== null) return latest.reason === 'REPAIRED' || latest.reason === 'REVOKED' ? latest.reason : 'WITHDRAWN';
  return latest.disclosure_level === 'PUBLIC' && latest.public_until !== null && latest.public_until < today ? 'ENDED' : 'MOVED';
}
