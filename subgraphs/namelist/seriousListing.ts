import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import { rowScope } from '#policy/rows.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { SeriousListing, Times } from './repository.ts';

const DAY_MS = 86_400_000;

/**
 * Whether an entity stands on a list of serious violations (严重失信主体名单), as far as this viewer may know.
 * True: an entry the viewer may see is active. False: none is, and whoever keeps such lists is in time. Null: not known.
 *
 * An entry the viewer may not see counts as none. It has no effect for that viewer: lists of serious violations work by being
 * published, and rights and ended effects are those of the moment of asking (design §5). Null in its place would tell that
 * there is one, since with all sources in time nothing else gives null.
 *
 * @throws SOURCE_LATE where nothing was found and somebody who would know is late
 *
 * Lateness is that of the moment of asking, for a `knownAt` in the past too: it bounds what may still be missing.
 */
export function seriousVerdict({ viewer, today }: SubgraphContext, { validAt, knownAt }: Times, { entry, sourcesInTime }: SeriousListing): boolean | null {
  if (entry !== null) return true;
  // Whoever may see no published rows has not looked: nothing found says nothing.
  const looked = rowScope(viewer).everywhere.includes('PUBLIC');
  // What was known one day says nothing of later days. Of the next one it does: at midnight the last sealed instant is of the day before.
  const lastKnownDay = shanghaiDay(new Date(Date.parse(knownAt) + DAY_MS));
  if (!looked || validAt > today || validAt > lastKnownDay) return null;
  if (!sourcesInTime) throw clientError('SOURCE_LATE', 'Whoever keeps lists of serious violations is late, so that it is not known whether there is an entry; `sources` names who.');
  return false;
}
