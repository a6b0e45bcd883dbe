import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import type { Times } from '#records/record.ts';
import { rowScope } from '#policy/rows.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { SeriousListing } from './repository.ts';

const DAY_MS = 86_400_000;

/**
 * Whether an entity is on a list of serious violations (严重失信主体名单), as far as this viewer may know. True: the viewer may
 * see an active entry. False: there is none, and all sources of such lists are in time. Null: not known, or two sources
 * that are both entitled contradict each other about it.
 *
 * An entry that the viewer may not see counts as none. It has no effect for that viewer: lists of serious violations
 * work by being published, and rights and ended effects are those of the moment of the request (design §5). Null
 * instead of false would reveal the entry, since with all sources in time nothing else gives null.
 *
 * @throws SOURCE_LATE when no entry was found and a source of such lists is late
 *
 * Lateness is that of the moment of the request, also for a `knownAt` in the past: it bounds what may still be missing.
 */
export function seriousVerdict(
  { viewer, today }: SubgraphContext,
  { validAt, knownAt }: Times,
  { entry, sourcesInTime }: SeriousListing,
): boolean | null {
  if (entry !== null) return entry.contestedIn === null ? true : null;
  // A viewer who may see no published rows learns nothing from finding none.
  const looked = rowScope(viewer).everywhere.includes('PUBLIC');
  // Knowledge of one day does not extend to later days, except the next one: at midnight the last sealed instant is of
  // the day before.
  const lastKnownDay = shanghaiDay(new Date(Date.parse(knownAt) + DAY_MS));
  if (!looked || validAt > today || validAt > lastKnownDay) return null;
  if (!sourcesInTime)
    throw clientError(
      'SOURCE_LATE',
      'Whoever keeps lists of serious violations is late, so that it is not known whether there is an entry; ' +
        '`sources` names who.',
    );
  return false;
}
