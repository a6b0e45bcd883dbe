import type { Consenting } from '#records/consents.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import { type RowScope } from '#policy/scope.ts';
import { isVisibleRow, rowScope, versionRights } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { ChangeKind, RemovalReason } from './resolvers.generated.ts';
import { type ChangeFilter, isInFilter } from './filter.ts';
import type { Change, Facets } from '#gateway/feed/log.ts';
import type { StreamPosition } from './position.ts';

// What a subscriber receives of a change: the change, its removal, or nothing (docs/PROTOCOL.md P6 to P8).

/** The recipient, and the time of delivery. */
export interface Listener {
  readonly viewer: Viewer;
  readonly scope: RowScope;
  readonly filter: ChangeFilter;
  /** The day in Asia/Shanghai, by which publication ends. */
  readonly today: string;
  /**
   * Which subjects of the changes have consented to be read. Where a record was visible before, a consent that has
   * ended counts too.
   */
  readonly consents: Consenting;
}

const nobody: Consenting = { now: new Set(), ever: new Set() };

export const listenerOf = (viewer: Viewer, filter: ChangeFilter, today: string): Listener => ({
  viewer,
  scope: rowScope(viewer),
  filter,
  today,
  consents: nobody,
});

/** An event as one subscriber receives it. */
export interface Delivery {
  readonly change: Change;
  readonly kind: ChangeKind;
  readonly entered: boolean;
  readonly reason: RemovalReason | null;
}

/** A delivery, and the subscriber's position after it. */
export interface PositionedDelivery extends Delivery {
  readonly position: StreamPosition;
}

/** Whether a record in this state is visible to the listener; null: there was no record. */
export const wasInSight = ({ viewer, scope, filter, today, consents }: Listener, state: Facets | null): boolean =>
  state !== null &&
  isInFilter(filter, state) &&
  isVisibleRow(scope, state, today, (uscc) => consents.ever.has(uscc)) &&
  isGivenInLists(viewer, state.uscc);

/**
 * For a subscriber that catches up: whether an earlier change of the record was delivered on the way, by the present
 * rights.
 */
export const wasDeliveredBefore = (listener: Listener, { before }: Change, latest: Facets): boolean =>
  before !== null && isInFilter(listener.filter, before) && isVisibleNow(listener, versionRights(before, latest));

/** The state after a change: its own columns. */
export type Latest = Facets & Pick<Change, 'reason'>;

/**
 * @param latest the record after its last change, which decides by the present rights
 * @param wasSeen whether the record was visible at the subscriber's former position
 */
export function deliveryOf(listener: Listener, change: Change, latest: Latest, wasSeen: boolean): Delivery | null {
  if (isDeliverable(listener, change, latest)) {
    if (listener.filter.kinds !== null && !listener.filter.kinds.includes(change.kind)) return null;
    return {
      change,
      kind: change.kind as ChangeKind,
      entered: change.before !== null && !wasInSight(listener, change.before),
      reason: null,
    }; // an erased record is visible to nobody
  }
  return wasSeen && change.watchlist === null ? removalOf(listener, change, latest) : null;
}

/** For a record that was visible and no longer is, or whose source no longer returns it. */
export const removalOf = ({ today }: Listener, change: Change, latest: Latest): Delivery => ({
  change,
  kind: 'REMOVED',
  entered: false,
  reason: reasonOf(latest, today),
});

/**
 * Whether the change may be delivered with its record: it matches the filter by its state then, and this version of it
 * is visible now.
 */
const isDeliverable = (listener: Listener, change: Change, latest: Latest): boolean =>
  isInFilter(listener.filter, change) && isVisibleNow(listener, versionRights(change, latest));

const isVisibleNow = ({ viewer, scope, today, consents }: Listener, latest: Facets): boolean =>
  isVisibleRow(scope, latest, today, (uscc) => consents.now.has(uscc)) && isGivenInLists(viewer, latest.uscc);

function reasonOf(latest: Latest, today: string): RemovalReason {
  if (latest.erased_at !== null) return 'ERASED';
  if (latest.withdrawn_on !== null)
    return latest.reason === 'REPAIRED' || latest.reason === 'REVOKED' ? latest.reason : 'WITHDRAWN';
  return latest.disclosure_level === 'PUBLIC' && latest.public_until !== null && latest.public_until < today
    ? 'ENDED'
    : 'MOVED';
}
