import type { Role, Viewer } from './viewer.ts';

// Self-employed businesses are nearly persons (design §1). Whoever has no task of government about them asks for them one by one: a list of codes
// is a bulk query, and a bank that leaves its token out is PUBLIC.
const selfEmployedInBulk: Record<Role, boolean> = {
  PUBLIC: false,
  SUBJECT: false,
  PROVINCIAL_PLATFORM: true,
  SECTOR_REGULATOR: true,
  DETERMINING_UNIT: true,
  IMPLEMENTER: true,
  FINANCIAL_INSTITUTION: false,
  CREDIT_SERVICE_AGENCY: false,
  INDUSTRY_ASSOCIATION: false,
  ASSESSOR: true,
  AUDITOR: true,
  NATIONAL_CENTRE: true,
  RULE_KEEPER: false,
  OPERATOR: false,
};

/** First two characters of the code, GB 32100: registered by market regulation, as a self-employed business. */
const SELF_EMPLOYED = '92';

/** By the code alone, of an entity that is known or not. */
export const isSelfEmployed = (uscc: string): boolean => uscc.startsWith(SELF_EMPLOYED);

/** Whether the viewer is answered about this entity when so many codes are asked for. By the code alone: the answer must not say who is known. */
export const isGivenInBulk = (viewer: Viewer, uscc: string, codes: number): boolean => codes <= 1 || selfEmployedInBulk[viewer.role] || !isSelfEmployed(uscc) || uscc === viewer.organisation;

/** The same for lists over all entities, as SQL over table alias `row`; parameter `$at` is filled by `bulkValue`. Every viewer runs the same statement. */
export const bulkPredicate = (row: string, at: number): string => `($${at}::text is null or ${row}.uscc not like '${SELF_EMPLOYED}%' or ${row}.uscc = $${at}::text)`;

/** The one code that is given all the same; null where all are. */
export const bulkValue = (viewer: Viewer): string | null => (selfEmployedInBulk[viewer.role] ? null : (viewer.organisation ?? ''));

/** The same for one row in memory. */
export const isGivenInLists = (viewer: Viewer, uscc: string): boolean => selfEmployedInBulk[viewer.role] || !isSelfEmployed(uscc) || uscc === viewer.organisation;
