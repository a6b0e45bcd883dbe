import { roleDefinitions } from './roles.ts';
import type { Viewer } from './viewer.ts';

/** The first two characters of the code (GB 32100): registered by market regulation, as a self-employed business. */
const SELF_EMPLOYED = '92';

/** Whether a code is that of a self-employed business. The code alone decides, whether the entity is known or not. */
export const isSelfEmployed = (uscc: string): boolean => uscc.startsWith(SELF_EMPLOYED);

/**
 * Whether the viewer receives this entity when so many codes are requested. The code alone decides: the answer must not
 * reveal which codes are known.
 */
export const isGivenInBulk = (viewer: Viewer, uscc: string, codes: number): boolean =>
  codes <= 1 ||
  roleDefinitions[viewer.role].selfEmployedInBulk ||
  !isSelfEmployed(uscc) ||
  uscc === viewer.organisation;

/**
 * SQL: the same for lists over all entities, over table alias `row`; `bulkValue` fills parameter `$at`. Every viewer
 * runs the same statement.
 */
export const bulkPredicate = (row: string, at: number): string =>
  `($${at}::text is null or ${row}.uscc not like '${SELF_EMPLOYED}%' or ${row}.uscc = $${at}::text)`;

/** The one code that is returned all the same; null where all are. */
export const bulkValue = (viewer: Viewer): string | null =>
  roleDefinitions[viewer.role].selfEmployedInBulk ? null : (viewer.organisation ?? '');

/** The same rule for one row in memory. */
export const isGivenInLists = (viewer: Viewer, uscc: string): boolean =>
  roleDefinitions[viewer.role].selfEmployedInBulk || !isSelfEmployed(uscc) || uscc === viewer.organisation;
