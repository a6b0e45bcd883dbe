import { type Role, roleDefinitions } from './roles.ts';
import type { Viewer } from './viewer.ts';

/** The data classes of policy/policy.graphql. A test compares the two. */
export const dataClasses = [
  'OPEN',
  'CATALOGUE',
  'IDENTITY',
  'ADDRESS',
  'CONTACT',
  'PERSON',
  'RECORD',
  'SCORE',
  'PROVENANCE',
  'REMARK',
  'FILING',
  'GRANT',
  'FILE',
  'ADMIT',
  'HISTORY',
  'REPORT',
  'REGISTER',
  'RULES',
  'LEGISLATE',
  'DECLARE',
  'FOLLOW',
  'OWN',
] as const;

export type DataClass = (typeof dataClasses)[number];

/**
 * What a role receives of a class. ALLOW: the value. MASK: the value, cut. DENY: null and an error; the subgraph is
 * never asked. ROW: decided row by row in policy/rows.ts; where the row is out of reach, maskable classes are masked
 * and the others denied.
 */
export type Outcome = 'ALLOW' | 'MASK' | 'DENY' | 'ROW';

const allOf = (outcome: Outcome): Record<DataClass, Outcome> => ({
  OPEN: outcome,
  CATALOGUE: outcome,
  IDENTITY: outcome,
  ADDRESS: outcome,
  CONTACT: outcome,
  PERSON: outcome,
  RECORD: outcome,
  SCORE: outcome,
  PROVENANCE: outcome,
  REMARK: outcome,
  FILING: outcome,
  GRANT: outcome,
  FILE: outcome,
  ADMIT: outcome,
  HISTORY: outcome,
  REPORT: outcome,
  REGISTER: outcome,
  RULES: outcome,
  LEGISLATE: outcome,
  DECLARE: outcome,
  FOLLOW: outcome,
  OWN: outcome,
});

/** Reads no data about anybody: only catalogues, what the role keeps itself, and its own affairs. */
const noData: Record<DataClass, Outcome> = { ...allOf('DENY'), OPEN: 'ALLOW', CATALOGUE: 'ALLOW', OWN: 'ALLOW' };

/** What the law makes public about an entity, with its published records. */
const published: Record<DataClass, Outcome> = {
  ...noData,
  IDENTITY: 'ALLOW',
  ADDRESS: 'MASK',
  PERSON: 'MASK',
  RECORD: 'ROW',
};

/** The same for an organisation in a role that follows changes. */
const follower: Record<DataClass, Outcome> = { ...published, FOLLOW: 'ALLOW' };

/** A government reader: more within its own reach, and the published data elsewhere. */
const withinReach: Record<DataClass, Outcome> = {
  ...follower,
  ADDRESS: 'ROW',
  CONTACT: 'ROW',
  SCORE: 'ROW',
  PROVENANCE: 'ROW',
  REMARK: 'ROW',
  HISTORY: 'ROW',
};

/**
 * Role × data class. This is the one place that states which kind of data a role may see; rows.ts narrows ROW, and
 * nothing widens it. PERSON is masked even for auditors: the graph is about entities, and no task of an auditor needs a
 * person's full name.
 */
export const matrix: Record<Role, Record<DataClass, Outcome>> = {
  PUBLIC: published,
  SUBJECT: { ...withinReach, PERSON: 'ROW', DECLARE: 'ALLOW' },
  PROVINCIAL_PLATFORM: { ...withinReach, FILING: 'ROW', FILE: 'ALLOW', REPORT: 'ROW', REGISTER: 'ALLOW' },
  SECTOR_REGULATOR: { ...withinReach, FILING: 'ROW', FILE: 'ALLOW' },
  DETERMINING_UNIT: { ...withinReach, PERSON: 'ROW', SCORE: 'DENY', FILING: 'ROW', FILE: 'ALLOW', REPORT: 'ROW' },
  IMPLEMENTER: { ...follower, ADDRESS: 'ROW' },
  FINANCIAL_INSTITUTION: { ...follower, SCORE: 'ALLOW' },
  CREDIT_SERVICE_AGENCY: follower,
  INDUSTRY_ASSOCIATION: follower,
  ASSESSOR: { ...follower, PROVENANCE: 'ALLOW', REPORT: 'ALLOW' },
  AUDITOR: {
    ...follower,
    ADDRESS: 'ALLOW',
    CONTACT: 'ALLOW',
    SCORE: 'ALLOW',
    PROVENANCE: 'ALLOW',
    REMARK: 'ALLOW',
    FILING: 'ALLOW',
    GRANT: 'ALLOW',
    HISTORY: 'ALLOW',
    REPORT: 'ALLOW',
    RULES: 'ALLOW',
  },
  NATIONAL_CENTRE: {
    ...follower,
    ADDRESS: 'ALLOW',
    CONTACT: 'ALLOW',
    SCORE: 'ALLOW',
    PROVENANCE: 'ALLOW',
    REMARK: 'ALLOW',
    FILING: 'ROW',
    FILE: 'ALLOW',
    HISTORY: 'ALLOW',
    REPORT: 'ALLOW',
    REGISTER: 'ALLOW',
  },
  RULE_KEEPER: { ...noData, RULES: 'ALLOW', LEGISLATE: 'ALLOW' },
  OPERATOR: { ...noData, GRANT: 'ALLOW', ADMIT: 'ALLOW' },
};

/** Classes that are masked where they may not be returned whole. */
const maskable: ReadonlySet<DataClass> = new Set(['ADDRESS', 'PERSON']);

/** Classes that no role reads without a purpose (PIPL art. 6; design §7). */
const alwaysForAPurpose: ReadonlySet<DataClass> = new Set(['CONTACT', 'SCORE', 'PROVENANCE', 'REMARK', 'HISTORY']);

/** What this viewer receives of a class in this operation. PURPOSE: nothing until the operation names a purpose. */
export function outcomeFor(viewer: Viewer, dataClass: DataClass): Outcome | 'PURPOSE' {
  const outcome = matrix[viewer.role][dataClass];
  if (outcome === 'DENY' || viewer.purpose !== null) return outcome;
  if (alwaysForAPurpose.has(dataClass) || (dataClass === 'RECORD' && roleDefinitions[viewer.role].readsBeyondPublished))
    return 'PURPOSE';
  return maskable.has(dataClass) && outcome !== 'MASK' ? 'MASK' : outcome;
}

/** Whether some role is denied the class or must name a purpose first: such a field has to be nullable. */
export const isRestricted = (dataClass: DataClass): boolean =>
  alwaysForAPurpose.has(dataClass) ||
  dataClass === 'RECORD' ||
  Object.values(matrix).some((row) => row[dataClass] === 'DENY');

/** Whether a value of the class is masked, rather than denied, where it may not be returned whole. */
export const isMaskable = (dataClass: DataClass): boolean => maskable.has(dataClass);
