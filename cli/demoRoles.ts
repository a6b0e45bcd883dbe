import { type DemoKind, type DemoOrganisation, demoOrganisations } from '#standards/demoOrganisations.ts';
import { usage } from './failure.ts';
import type { TokenClaims } from './issuer.ts';

/**
 * What a role is bound to in the demo, and a query it would send: data for tokens and examples. Rights are in policy/.
 */
interface DemoRole {
  readonly role: string;
  readonly kind: DemoKind;
  readonly boundTo?: 'province' | 'sector';
  /** A single purpose, so that a query needs no `x-purpose`. */
  readonly purpose?: string;
  /** One line, without an apostrophe: it is printed inside a shell's single quotes. */
  readonly query: string;
}

const codeOf = (kind: DemoKind): string => demoOrganisations.find((each) => each.kind === kind)?.uscc ?? '';

/** The entity of the examples. `both` adds one with very many records. */
export const demoSubject = codeOf('subject');
const file = (fields: string): string => `{ creditFile(uscc: "${demoSubject}") { ${fields} } }`;
const both = `["${demoSubject}", "${codeOf('heavy-subject')}"]`;

export const publicQuery = file(
  'entity { name status } hasActiveSeriousListing administrativeActs(first: 3) { nodes { kind documentNo decidedOn } }',
);

export const demoRoles: readonly DemoRole[] = [
  {
    role: 'SUBJECT',
    kind: 'subject',
    purpose: 'OWN_FILE',
    query: file('entity { name phone legalRepresentative { name masked } } evaluations { grade score evaluatedOn }'),
  },
  {
    role: 'PROVINCIAL_PLATFORM',
    kind: 'provincial-platform',
    boundTo: 'province',
    purpose: 'RECORD_EXCHANGE',
    query:
      `{ creditFiles(codes: ${both}) { input file { entity { name } ` +
      'administrativeActs(first: 3) { totalCount { value } nodes { kind documentNo } } ' +
      'nameListEntries(first: 3) { nodes { category state } } } } }',
  },
  {
    role: 'SECTOR_REGULATOR',
    kind: 'sector-regulator',
    boundTo: 'sector',
    purpose: 'SUPERVISION',
    query:
      '{ nameListEntries(filter: { sector: "F", activeOnly: true }, first: 3) ' +
      '{ nodes { category listedOn subject { uscc name } } } }',
  },
  {
    role: 'DETERMINING_UNIT',
    kind: 'determining-unit',
    purpose: 'SUPERVISION',
    query: file(
      'entity { name } nameListEntries(first: 3) { nodes { category state listedOn authority { name } grounds } }',
    ),
  },
  {
    role: 'IMPLEMENTER',
    kind: 'implementer',
    boundTo: 'province',
    purpose: 'JOINT_MEASURES',
    query: file('entity { name } hasActiveSeriousListing sources { source state }'),
  },
  {
    role: 'FINANCIAL_INSTITUTION',
    kind: 'bank',
    purpose: 'CREDIT_GRANTING',
    query:
      `{ evaluations(codes: ${both}) ` +
      '{ input entity { name } evaluations { scheme { name } grade score evaluatedOn } } }',
  },
  {
    role: 'CREDIT_SERVICE_AGENCY',
    kind: 'credit-service-agency',
    purpose: 'CREDIT_SERVICE',
    query: '{ searchEntities(query: "云帆", first: 3) { nodes { uscc name status } } }',
  },
  {
    role: 'INDUSTRY_ASSOCIATION',
    kind: 'industry-association',
    purpose: 'MEMBER_SERVICE',
    query:
      '{ nameListEntries(filter: { categories: [COMMENDED], activeOnly: true }, first: 3) ' +
      '{ nodes { listedOn subject { uscc name } } } }',
  },
  {
    role: 'ASSESSOR',
    kind: 'assessor',
    purpose: 'ASSESSMENT',
    query: file(
      'administrativeActs(first: 3) ' +
        '{ nodes { documentNo recordedAt provenance { sourceUnit { name } sourceRecordId } } }',
    ),
  },
  {
    role: 'AUDITOR',
    kind: 'auditor',
    purpose: 'AUDIT',
    query: `{ grants(first: 3) { nodes { organisation role from } } entity(uscc: "${demoSubject}") { name phone } }`,
  },
  {
    role: 'NATIONAL_CENTRE',
    kind: 'national-centre',
    purpose: 'RECORD_EXCHANGE',
    query: `{ sourceStatus { source state knownThrough } entities(codes: ${both}) { input status entity { name } } }`,
  },
  { role: 'RULE_KEEPER', kind: 'rule-keeper', query: '{ nameListTypes { code name category legalBasis } }' },
  {
    role: 'OPERATOR',
    kind: 'operator',
    query: '{ sourceStatus { source state lagSeconds } grants(first: 3) { nodes { organisation role province } } }',
  },
];

/** The roles that make the grants, register the units that file, give consents, and file the demo data. */
export const GRANTING_ROLE = 'OPERATOR';
export const REGISTERING_ROLE = 'NATIONAL_CENTRE';
export const CONSENTING_ROLE = 'SUBJECT';
export const FILING_ROLE = 'NATIONAL_CENTRE';

export const roleNames: readonly string[] = demoRoles.map(({ role }) => role);

export function findRole(role: string): DemoRole {
  const found = demoRoles.find((each) => each.role === role);
  if (found) return found;
  if (role === 'PUBLIC')
    throw usage('PUBLIC has no token: the public sends none.', 'Leave the authorization header out.');
  throw usage(`There is no role "${role.slice(0, 40)}".`, `The roles are ${roleNames.join(', ')}.`);
}

export interface DemoGrant {
  readonly organisation: DemoOrganisation;
  readonly role: string;
  readonly province?: string;
  readonly sector?: string;
}

function scopeOf({ boundTo }: DemoRole, organisation: DemoOrganisation): { province?: string; sector?: string } {
  if (boundTo === 'province' && organisation.reportingUnit !== null) return { province: organisation.reportingUnit };
  return boundTo === 'sector' && organisation.sector !== undefined ? { sector: organisation.sector } : {};
}

/** Every grant of the demo: each organisation in its role. */
export const demoGrants: readonly DemoGrant[] = demoRoles.flatMap((role) =>
  demoOrganisations
    .filter(({ kind }) => kind === role.kind)
    .map((organisation) => ({ organisation, role: role.role, ...scopeOf(role, organisation) })),
);

export interface WantedClaims {
  readonly role: string;
  readonly org?: string | undefined;
  readonly province?: string | undefined;
  readonly sector?: string | undefined;
  readonly purposes?: readonly string[] | undefined;
  readonly actor?: string | undefined;
}

/**
 * The claims of a token for a role. Claims that are left out are those of a demo organisation in the role. When the
 * organisation is given, only the purpose is filled in: its grant says where it may act.
 * @throws Failure for an unknown role, and when the demo has no such organisation.
 */
export function claimsFor({ role, org, province, sector, purposes, actor }: WantedClaims): TokenClaims {
  const { purpose } = findRole(role);
  const given = { role, actor, purposes: purposes ?? (purpose === undefined ? [] : [purpose]) };
  if (org !== undefined) return { ...given, organisation: org, province, sector };
  const grant = demoGrants.find(
    (each) =>
      each.role === role &&
      (province === undefined || each.province === province) &&
      (sector === undefined || each.sector === sector),
  );
  if (!grant) {
    const bounds = [province && `province ${province}`, sector && `sector ${sector}`].filter(Boolean).join(' and ');
    throw usage(
      `The demo data has no organisation in the role ${role} bound to ${bounds}.`,
      'Name an organisation that has such a grant with --org.',
    );
  }
  return { ...given, organisation: grant.organisation.uscc, province: grant.province, sector: grant.sector };
}
