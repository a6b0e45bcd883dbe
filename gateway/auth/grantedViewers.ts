import { GraphQLError } from 'graphql';
import { type Role } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import type { RightsLookup } from './rightsLookup.ts';
import { type Claims, refuse } from './token.ts';

/** The limits of a grant. */
export interface GrantScope {
  readonly province: string | null;
  readonly sector: string | null;
}

/** Grants and revocations as they are now; both are checked for every operation. */
export interface GrantStore {
  /** The scopes of grants in force; at once where they are known. */
  scopes(organisation: string, role: Role): readonly GrantScope[] | Promise<readonly GrantScope[]>;
  isRevoked(tokenId: string): boolean | Promise<boolean>;
  /**
   * A new number after every change that this process hears of; null while it hears of none, so that nothing may be
   * taken as unchanged.
   */
  readonly version: number | null;
}

/**
 * The viewer of a verified token, with the rights that it has now: at once where they are known.
 * @param purpose the `x-purpose` header
 * @throws GraphQLError UNAUTHENTICATED when the token was revoked or no grant covers it, PURPOSE_REQUIRED;
 * RightsLookupFailed by its promise
 */
export type GrantedViewers = (claims: Claims, purpose: string | undefined) => Viewer | Promise<Viewer>;

/** @param lookUp runs the look-ups, and makes RightsLookupFailed of their failures */
export function createGrantedViewers(grants: GrantStore, lookUp: RightsLookup): GrantedViewers {
  // Viewers are made from cached claims, so that a repeated caller has the same viewer object.
  const viewers = new WeakMap<Claims, Viewer>();
  return (claims, purpose) => {
    const isRevoked = lookUp('revoked tokens', () => grants.isRevoked(claims.tokenId));
    const scopes = lookUp('grants', () => grants.scopes(claims.organisation, claims.role));
    if (typeof isRevoked === 'boolean' && !(scopes instanceof Promise))
      return viewerWith(viewers, claims, purpose, isRevoked, scopes);
    return Promise.all([isRevoked, scopes]).then(([revoked, found]) =>
      viewerWith(viewers, claims, purpose, revoked, found),
    );
  };
}

function viewerWith(
  viewers: WeakMap<Claims, Viewer>,
  claims: Claims,
  purpose: string | undefined,
  isRevoked: boolean,
  scopes: readonly GrantScope[],
): Viewer {
  if (isRevoked) throw refuse('REVOKED');
  // The token may narrow a grant, never widen it.
  const scope = scopes.find(
    (each) =>
      (claims.province === null || claims.province === each.province) &&
      (claims.sector === null || claims.sector === each.sector),
  );
  if (!scope) throw refuse('ROLE');
  if (purpose !== undefined && !claims.purposes.includes(purpose)) throw purposeNotAllowed(purpose, claims);
  const stated = purpose ?? (claims.purposes.length === 1 ? (claims.purposes[0] ?? null) : null);
  const last = viewers.get(claims);
  if (last && last.province === scope.province && last.sector === scope.sector && last.purpose === stated) return last;
  const viewer = createViewer({
    role: claims.role,
    organisation: claims.organisation,
    province: scope.province,
    sector: scope.sector,
    purposes: claims.purposes,
    purpose: stated,
    tokenId: claims.tokenId,
    actor: claims.actor,
  });
  viewers.set(claims, viewer);
  return viewer;
}

function purposeNotAllowed(purpose: string, { purposes }: Claims): GraphQLError {
  const allowed = purposes.join(', ');
  const named = JSON.stringify(purpose.slice(0, 40));
  return new GraphQLError(`The token does not allow the purpose ${named}; it allows: ${allowed || 'none'}.`, {
    extensions: {
      code: 'PURPOSE_REQUIRED',
      argument: 'x-purpose',
      reason: 'NOT_ALLOWED',
      expected: allowed,
      http: { status: 400 },
    },
  });
}
