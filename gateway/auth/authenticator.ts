import { hash } from 'node:crypto';
import { publicViewer, type Viewer } from '#policy/viewer.ts';
import { createGrantedViewers, type GrantStore } from './grantedViewers.ts';
import type { RightsLookup } from './rightsLookup.ts';
import { refuse } from './token.ts';
import { createVerifiedTokens, type VerifiedTokensOptions } from './verifiedTokens.ts';
import { afterwards } from '#kit/afterwards.ts';
import { createSession, createSessions, type Session } from './session.ts';

export interface Authenticator {
  /**
   * The caller. Without an `Authorization` header: the public.
   * @param purpose the `x-purpose` header; a token that allows exactly one purpose needs none.
   * @throws UNAUTHENTICATED (401) with a reason, or PURPOSE_REQUIRED for a purpose that the token does not allow;
   * RightsLookupFailed (503) when the token cannot be checked.
   */
  viewer(authorization: string | undefined, purpose: string | undefined): Promise<Viewer>;
  /** The same for a lasting connection, which checks the session again before each action. */
  session(authorization: string | undefined, purpose: string | undefined): Promise<Session>;
}

/** No token is checked: every caller is this viewer. */
export function dangerouslyTrustEveryoneAs(viewer: Viewer): Authenticator {
  const session: Session = { viewer, expires: null, isGood: () => true };
  return { viewer: () => Promise.resolve(viewer), session: () => Promise.resolve(session) };
}

export interface AuthenticatorOptions extends VerifiedTokensOptions {
  readonly grants: GrantStore;
  readonly lookUp: RightsLookup;
}

const publicSession: Session = { viewer: publicViewer, expires: null, isGood: () => true };

/** Verifies tokens by the issuer's keys, and looks up the grants of their organisations for every operation. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keySet, grants, now } = options;
  const claimsOf = createVerifiedTokens(options);
  const viewerOf = createGrantedViewers(grants, options.lookUp);
  const sessions = createSessions(now);
  return {
    async viewer(authorization, purpose) {
      if (authorization === undefined) return publicViewer;
      return afterwards(claimsOf(authorization), (claims) => viewerOf(claims, purpose));
    },
    async session(authorization, purpose) {
      if (authorization === undefined) return publicSession;
      const key = hash('sha256', `${authorization} ${purpose ?? ''}`, 'base64');
      const known = sessions.get(key);
      if (known && (await known.isGood())) return known;
      const claims = await claimsOf(authorization);
      // A request tolerates a clock that is off by half a minute, but a connection would end as soon as it begins.
      if (claims.expires <= now().getTime()) throw refuse('EXPIRED');
      // Read before the look-up: a change during the look-up requires another one.
      const { version } = grants;
      const first = { version, at: performance.now() };
      const look = async (): Promise<Viewer> => viewerOf(claims, purpose);
      const viewer = await look();
      return sessions.share(
        key,
        createSession({
          viewer,
          expires: claims.expires,
          look,
          hasKey: () => keySet.isCurrent(claims.key),
          grants,
          now,
          first,
        }),
      );
    },
  };
}
