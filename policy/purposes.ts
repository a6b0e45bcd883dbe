import type { Role } from './viewer.ts';

/** Statutory tasks of whoever decides about entities. */
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

/**
 * What each role may read non-public data for: codes of the catalogue (standards/data/purposes.json). A purpose is refused to a role that
 * is not named here, whatever its token says; a role without any reads what is public and what is its own. docs/VISIBILITY.md prints it.
 */
export const purposesByRole = {
  PUBLIC: [],
  SUBJECT: ['OWN_FILE', 'REPAIR', 'OBJECTION'],
  // CREDIT_GRANTING: it runs its province's service for financing (国办发〔2024〕15号), where the subject has authorised it.
  PROVINCIAL_PLATFORM: [...ofAuthorities, 'RECORD_EXCHANGE', 'CREDIT_GRANTING'],
  SECTOR_REGULATOR: [...ofAuthorities, 'RECORD_EXCHANGE'],
  DETERMINING_UNIT: ofAuthorities,
  IMPLEMENTER: ['JOINT_MEASURES', 'SUPERVISION', 'LICENSING', 'PROCUREMENT', 'FUNDING_REVIEW'],
  FINANCIAL_INSTITUTION: ['CREDIT_GRANTING', 'POST_LOAN'],
  CREDIT_SERVICE_AGENCY: ['CREDIT_SERVICE'],
  INDUSTRY_ASSOCIATION: ['MEMBER_SERVICE'],
  ASSESSOR: ['ASSESSMENT'],
  AUDITOR: ['AUDIT', 'SUPERVISION', 'LEGAL_REVIEW'],
  NATIONAL_CENTRE: ['RECORD_EXCHANGE', 'SUPERVISION', 'JOINT_MEASURES', 'REPAIR', 'OBJECTION', 'ASSESSMENT', 'AUDIT', 'LEGAL_REVIEW'],
  RULE_KEEPER: [],
  OPERATOR: [],
} as const satisfies Record<Role, readonly string[]>;

export const mayNamePurpose = (role: Role, code: string): boolean => (purposesByRole[role] as readonly string[]).includes(code);

/** The part of docs/VISIBILITY.md about purposes. */
export function purposesByRoleList(): string {
  const lines = Object.entries(purposesByRole).map(
    ([role, codes]) => `- ${role}: ${codes.map((code) => `\`${code}\``).join(', ') || 'none'}`,
  );
  return [
    '## Who reads for what',
    '',
    'The purposes that a role may name, in its token and in `x-purpose` (policy/purposes.ts; `purposes` says what each means).',
    '',
    ...lines,
    '',
  ].join('\n');
}
