import { disclosureLevels, nothing, publishedOnly, type Reach, type RowScope } from './scope.ts';

// Everything that a role is but for the data classes that it sees (policy/matrix.ts) and the rows that it may file
// (policy/filings.ts).

/** Every role. A viewer acts in exactly one (design §7). */
export const roles = [
  'PUBLIC',
  'SUBJECT',
  'PROVINCIAL_PLATFORM',
  'SECTOR_REGULATOR',
  'DETERMINING_UNIT',
  'IMPLEMENTER',
  'FINANCIAL_INSTITUTION',
  'CREDIT_SERVICE_AGENCY',
  'INDUSTRY_ASSOCIATION',
  'ASSESSOR',
  'AUDITOR',
  'NATIONAL_CENTRE',
  'RULE_KEEPER',
  'OPERATOR',
] as const;

export type Role = (typeof roles)[number];

/** Whether a text, such as a claim of a token, is one of `roles`; capitals count. */
export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

/** What one caller may request in one role: an organisation or, for the public, one address. */
export interface RoleBudget {
  /** Cost points in each window of `seconds`, which begins with the first operation. */
  readonly points: number;
  readonly seconds: number;
  /** Distinct codes of self-employed businesses in a day of Asia/Shanghai. */
  readonly selfEmployedADay: number;
}

/** What the rows of a viewer depend on. */
export interface BoundViewer {
  readonly organisation: string | null;
  readonly province: string | null;
  readonly sector: string | null;
  readonly purpose: string | null;
}

export interface RoleDefinition {
  /** What a grant of the role must be bound to; one without it is refused when it is made. */
  readonly binding: 'NONE' | 'ORGANISATION' | 'PROVINCE' | 'SECTOR';
  /** Whether its rows go beyond the published ones; then it needs a purpose for RECORD too. */
  readonly readsBeyondPublished: boolean;
  /**
   * The purposes for which it may read non-public data: codes of the catalogue (standards/data/purposes.json). A
   * purpose is refused to a role that does not list it, whatever its token holds. A role without any reads what is
   * public and what is its own.
   */
  readonly purposes: readonly string[];
  /** The rows that it may see. */
  readonly rows: (viewer: BoundViewer) => RowScope;
  /** Whether a row is within its reach: what the matrix calls ROW is then shown whole. */
  readonly reaches: (viewer: BoundViewer, row: Reach) => boolean;
  /**
   * Whether it receives self-employed businesses in lists and among several codes. They are nearly persons (design §1):
   * a reader without a government task about them requests them one by one. A list of codes is a bulk query, and a bank
   * that leaves its token out is PUBLIC.
   */
  readonly selfEmployedInBulk: boolean;
  /**
   * What one caller may request in an installation that sets nothing else (docs/adr/0023-budgets.md explains how it was
   * found; BUDGETS and SELF_EMPLOYED_A_DAY change it). None is less than the most expensive operation costs
   * (COST_LIMIT). A hundred whole credit files with pages of 20 cost about 19 000 points (docs/COST.md): a provincial
   * platform may request them 15 000 times an hour.
   */
  readonly budget: RoleBudget;
}

const HOUR = 3600;

/** Statutory tasks of authorities that decide about entities. */
const ofAuthorities = [
  'SUPERVISION',
  'LICENSING',
  'PROCUREMENT',
  'FUNDING_REVIEW',
  'JOINT_MEASURES',
  'REPAIR',
  'OBJECTION',
  'LEGAL_REVIEW',
] as const;

const withConsent = ({ organisation, purpose }: BoundViewer): RowScope => ({
  ...publishedOnly,
  consentTo: organisation,
  consentFor: purpose,
});

/**
 * Matches no row. In the scope, null would mean everywhere. Grants without their binding are refused; this holds should
 * one slip through.
 */
const unbound = '-';

export const roleDefinitions: Readonly<Record<Role, RoleDefinition>> = {
  PUBLIC: {
    binding: 'NONE',
    readsBeyondPublished: false,
    purposes: [],
    rows: () => publishedOnly,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 2_000_000, seconds: 60, selfEmployedADay: 50 },
  },
  SUBJECT: {
    binding: 'ORGANISATION',
    readsBeyondPublished: true,
    purposes: ['OWN_FILE', 'REPAIR', 'OBJECTION'],
    // The subject sees everything about itself, withdrawn records too, except notes internal to an authority.
    rows: ({ organisation }) => ({
      ...publishedOnly,
      own: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'],
      file: organisation,
    }),
    reaches: (viewer, row) => row.uscc === viewer.organisation,
    selfEmployedInBulk: false,
    budget: { points: 2_000_000, seconds: 60, selfEmployedADay: 50 },
  },
  PROVINCIAL_PLATFORM: {
    binding: 'PROVINCE',
    readsBeyondPublished: true,
    // CREDIT_GRANTING: the platform runs its province's service for financing (国办发〔2024〕15号), where the subject has
    // authorised it.
    purposes: [...ofAuthorities, 'RECORD_EXCHANGE', 'CREDIT_GRANTING'],
    rows: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound }),
    reaches: (viewer, row) => viewer.province !== null && row.province === viewer.province,
    selfEmployedInBulk: true,
    budget: { points: 300_000_000, seconds: HOUR, selfEmployedADay: 1_000_000 },
  },
  SECTOR_REGULATOR: {
    binding: 'SECTOR',
    readsBeyondPublished: true,
    purposes: [...ofAuthorities, 'RECORD_EXCHANGE'],
    rows: ({ sector }) => ({ ...publishedOnly, within: ['GOV_SHARED'], sector: sector ?? unbound }),
    reaches: (viewer, row) => viewer.sector !== null && row.sector === viewer.sector,
    selfEmployedInBulk: true,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 200_000 },
  },
  DETERMINING_UNIT: {
    binding: 'ORGANISATION',
    readsBeyondPublished: true,
    purposes: ofAuthorities,
    rows: ({ organisation }) => ({ ...publishedOnly, own: disclosureLevels, unit: organisation }),
    reaches: (viewer, row) => row.units?.some((unit) => unit !== null && unit === viewer.organisation) ?? false,
    selfEmployedInBulk: true,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  },
  IMPLEMENTER: {
    binding: 'PROVINCE',
    readsBeyondPublished: true,
    purposes: ['JOINT_MEASURES', 'SUPERVISION', 'LICENSING', 'PROCUREMENT', 'FUNDING_REVIEW'],
    rows: ({ province }) => ({ ...publishedOnly, within: ['GOV_SHARED'], province: province ?? unbound }),
    reaches: (viewer, row) => viewer.province !== null && row.province === viewer.province,
    selfEmployedInBulk: true,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  },
  FINANCIAL_INSTITUTION: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: ['CREDIT_GRANTING', 'POST_LOAN'],
    rows: withConsent,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 5000 },
  },
  CREDIT_SERVICE_AGENCY: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: ['CREDIT_SERVICE'],
    rows: withConsent,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 50_000_000, seconds: HOUR, selfEmployedADay: 2000 },
  },
  INDUSTRY_ASSOCIATION: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: ['MEMBER_SERVICE'],
    rows: () => publishedOnly,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 10_000_000, seconds: HOUR, selfEmployedADay: 200 },
  },
  ASSESSOR: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: ['ASSESSMENT'],
    rows: () => publishedOnly,
    reaches: () => false,
    selfEmployedInBulk: true,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  },
  AUDITOR: {
    binding: 'ORGANISATION',
    readsBeyondPublished: true,
    purposes: ['AUDIT', 'SUPERVISION', 'LEGAL_REVIEW'],
    rows: () => ({ ...publishedOnly, everywhere: disclosureLevels, withdrawn: true }),
    reaches: () => false,
    selfEmployedInBulk: true,
    budget: { points: 100_000_000, seconds: HOUR, selfEmployedADay: 100_000 },
  },
  NATIONAL_CENTRE: {
    binding: 'ORGANISATION',
    readsBeyondPublished: true,
    purposes: [
      'RECORD_EXCHANGE',
      'SUPERVISION',
      'JOINT_MEASURES',
      'REPAIR',
      'OBJECTION',
      'ASSESSMENT',
      'AUDIT',
      'LEGAL_REVIEW',
    ],
    rows: () => ({ ...publishedOnly, everywhere: ['PUBLIC', 'GOV_SHARED', 'RESTRICTED'] }),
    reaches: () => false,
    selfEmployedInBulk: true,
    budget: { points: 1_000_000_000, seconds: HOUR, selfEmployedADay: 1_000_000 },
  },
  RULE_KEEPER: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: [],
    rows: () => nothing,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 3_000_000, seconds: HOUR, selfEmployedADay: 0 },
  },
  OPERATOR: {
    binding: 'ORGANISATION',
    readsBeyondPublished: false,
    purposes: [],
    rows: () => nothing,
    reaches: () => false,
    selfEmployedInBulk: false,
    budget: { points: 3_000_000, seconds: HOUR, selfEmployedADay: 0 },
  },
};

/** A table with one thing that every role has. */
export const ofEachRole = <Value>(read: (definition: RoleDefinition) => Value): Record<Role, Value> =>
  Object.fromEntries(roles.map((role) => [role, read(roleDefinitions[role])])) as Record<Role, Value>;
