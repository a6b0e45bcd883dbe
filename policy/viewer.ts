import { hash } from 'node:crypto';
import type { Role } from './roles.ts';

/** The caller, its role and its purpose. Only `createViewer` makes one, so that `grant` always matches the rest. */
export interface Viewer {
  readonly role: Role;
  /** The USCC of the organisation that the caller acts for; null for the public. */
  readonly organisation: string | null;
  /** First two digits of GB/T 2260, where the role is bound to a province. */
  readonly province: string | null;
  /** Section of GB/T 4754, where the role is bound to a sector. */
  readonly sector: string | null;
  /** The purposes that the token allows, and the purpose of this operation. */
  readonly purposes: readonly string[];
  readonly purpose: string | null;
  /** The token's `jti`, for the access log and revocation. */
  readonly tokenId: string | null;
  /**
   * The person who acts for the organisation: an opaque number of its own staff register, never a name. Actions that
   * take two persons compare it.
   */
  readonly actor: string | null;
  /** Fingerprint of everything above that decides rights: part of every cache, batch and de-duplication key. */
  readonly grant: string;
}

/**
 * Makes a frozen viewer. Its `grant` is 96 bits of a SHA-256 over role, organisation, province, sector and purpose, in
 * 16 characters of base64url: what is cached for one viewer may be answered to another with the same grant.
 */
export function createViewer(given: Omit<Viewer, 'grant' | 'actor'> & { readonly actor?: string | null }): Viewer {
  const claims = { ...given, actor: given.actor ?? null };
  const { role, organisation, province, sector, purpose } = claims;
  const grant = hash('sha256', JSON.stringify([role, organisation, province, sector, purpose]), 'base64url').slice(
    0,
    16,
  );
  return Object.freeze({ ...claims, grant });
}

/**
 * The viewer of a request without an `Authorization` header. A bad header never becomes this: it is answered with 401.
 */
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
 * The gateway itself, where it writes the rights of records into the log of changes. It sees those of every record and
 * delivers nothing. The rights of each subscriber decide which changes that subscriber receives.
 */
export const systemViewer: Viewer = createViewer({
  role: 'AUDITOR',
  organisation: null,
  province: null,
  sector: null,
  purposes: ['SUPERVISION'],
  purpose: 'SUPERVISION',
  tokenId: null,
});
