import { hash } from 'node:crypto';

/** Every role there is. A viewer acts in exactly one (design §7). */
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

export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

/** Who is asking, in which role, for what. Made by `createViewer` alone, so that `grant` always matches the rest. */
export interface Viewer {
  readonly role: Role;
  /** USCC of the organisation acted for; null for the public. */
  readonly organisation: string | null;
  /** First two digits of GB/T 2260, where the role is bound to a province. */
  readonly province: string | null;
  /** Section of GB/T 4754, where the role is bound to a sector. */
  readonly sector: string | null;
  /** Purposes the token allows, and the one this operation is made for. */
  readonly purposes: readonly string[];
  readonly purpose: string | null;
  /** The token's `jti`, for the access log and revocation. */
  readonly tokenId: string | null;
  /** Who acts for the organisation: an opaque number of its own staff register, never a name. What takes two persons compares it. */
  readonly actor: string | null;
  /** Fingerprint of everything above that decides rights: part of every cache, batch and de-duplication key. */
  readonly grant: string;
}

export function createViewer(given: Omit<Viewer, 'grant' | 'actor'> & { readonly actor?: string | null }): Viewer {
  const claims = { ...given, actor: given.actor ?? null };
  const { role, organisation, province, sector, purpose } = claims;
  const grant = hash('sha256', JSON.stringify([role, organisation, province, sector, purpose]), 'base64url').slice(0, 16);
  return Object.freeze({ ...claims, grant });
}

/** A request without an `Authorization` header. A bad header is never this: it is 401. */
export const publicViewer: Viewer = createViewer({
  role: 'PUBLIC',
  organisation: null,
  province: null,
  sector: null,
  purposes: [],
  purpose: null,
  tokenId: null,
});

/**
 * The gateway itself, where it writes the rights of records into the log of changes: it sees those of every record, and gives nothing to
 * anybody. What is told of a change, and to whom, is decided by the rights of each who listens.
 */
export const bookkeeper: Viewer = createViewer({ role: 'AUDITOR', organisation: null, province: null, sector: null, purposes: ['SUPERVISION'], purpose: 'SUPERVISION', tokenId: null });

/** What each role must be bound to; a grant that lacks it is refused when it is made. */
export const roleBinding: Record<Role, 'NONE' | 'ORGANISATION' | 'PROVINCE' | 'SECTOR'> = {
  PUBLIC: 'NONE',
  SUBJECT: 'ORGANISATION',
  PROVINCIAL_PLATFORM: 'PROVINCE',
  SECTOR_REGULATOR: 'SECTOR',
  DETERMINING_UNIT: 'ORGANISATION',
  IMPLEMENTER: 'PROVINCE',
  FINANCIAL_INSTITUTION: 'ORGANISATION',
  CREDIT_SERVICE_AGENCY: 'ORGANISATION',
  INDUSTRY_ASSOCIATION: 'ORGANISATION',
  ASSESSOR: 'ORGANISATION',
  AUDITOR: 'ORGANISATION',
  NATIONAL_CENTRE: 'ORGANISATION',
  RULE_KEEPER: 'ORGANISATION',
  OPERATOR: 'ORGANISATION',
};
