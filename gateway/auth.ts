import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { createViewer, publicViewer, type Role, type Viewer } from '#policy/viewer.ts';
import type { KeySet } from './auth/keySet.ts';
import type { RightsLookup } from './auth/rightsLookup.ts';
import { type Claims, refuse, SKEW_SECONDS, type TokenContract, tokenIn, verifyToken } from './auth/token.ts';
import { afterwards } from '#kit/afterwards.ts';
import type { Session } from './live/subscriber.ts';

/** What a grant binds its holder to. */
export interface GrantScope {
  readonly province: string | null;
  readonly sector: string | null;
}

/** Grants and revocations as they are now; both are asked for every operation. */
export interface GrantBook {
  /** The scopes of grants in force; at once where they are known. */
  scopes(organisation: string, role: Role): readonly GrantScope[] | Promise<readonly GrantScope[]>;
  isRevoked(tokenId: string): boolean | Promise<boolean>;
  /** Another one after every change that is heard of; null while none would be, so that nothing may be taken for unchanged. */
  readonly version: number | null;
}

export interface Authenticator {
  /**
   * Who is asking. Without an `Authorization` header: the public.
   * @param purpose the `x-purpose` header; a token that allows one purpose alone needs none.
   * @throws UNAUTHENTICATED (401) with a reason, or PURPOSE_REQUIRED for a purpose the token does not allow; RightsLookupFailed (503) when it
   *         cannot be said whether the token is good.
   */
  viewer(authorization: string | undefined, purpose: string | undefined): Promise<Viewer>;
  /** The same for a connection that lasts, which asks the session again before each thing it does. */
  session(authorization: string | undefined, purpose: string | undefined): Promise<Session>;
}

/** Nobody's token is looked at: everyone is this viewer. */
export function dangerouslyTrustEveryoneAs(viewer: Viewer): Authenticator {
  const session: Session = { viewer, expires: null, isGood: () => true };
  return { viewer: () => Promise.resolve(viewer), session: () => Promise.resolve(session) };
}

/** Of at most 2 KB each (auth/token.ts bounds every claim). */
const MAX_CACHED = 20_000;

export interface AuthenticatorOptions extends TokenContract {
  readonly keySet: Pick<KeySet, 'find' | 'isCurrent'>;
  readonly grants: GrantBook;
  readonly lookUp: RightsLookup;
  readonly now: () => Date;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keySet, grants, lookUp, now } = options;
  // Verifying costs 60 µs; by the hash of the header that showed it, so that no token stands in memory.
  const verified = new Map<string, Claims>();
  // A viewer is made of what is remembered here, and whoever asks again is the same one.
  const viewers = new WeakMap<Claims, Viewer>();
  const sessions = createSessions(now);

  const verify = async (authorization: string, key: string, at: number): Promise<Claims> => {
    const claims = await verifyToken(tokenIn(authorization), keySet, options, Math.floor(at / 1000));
    if (verified.size >= MAX_CACHED) verified.clear();
    verified.set(key, claims);
    return claims;
  };
  /** At once where the token is known, and so is whether its key is still good. */
  const claimsOf = (authorization: string): Claims | Promise<Claims> => {
    const key = hash('sha256', authorization, 'base64');
    const at = now().getTime();
    const known = verified.get(key);
    if (!known) return verify(authorization, key, at);
    if (known.expires + SKEW_SECONDS * 1000 <= at) throw refuse('EXPIRED');
    // It dies with its key: whatever has become of that is said by verifying it anew.
    return afterwards(keySet.isCurrent(known.key), (isCurrent) => {
      if (isCurrent) return known;
      verified.delete(key);
      return verify(authorization, key, at);
    });
  };

  /** @throws UNAUTHENTICATED when the token was revoked or no grant bears it, PURPOSE_REQUIRED */
  const viewerOf = (claims: Claims, purpose: string | undefined): Viewer | Promise<Viewer> => {
    const isRevoked = lookUp('revoked tokens', () => grants.isRevoked(claims.tokenId));
    const scopes = lookUp('grants', () => grants.scopes(claims.organisation, claims.role));
    if (typeof isRevoked === 'boolean' && !(scopes instanceof Promise)) return viewerWith(claims, purpose, isRevoked, scopes);
    return Promise.all([isRevoked, scopes]).then(([revoked, found]) => viewerWith(claims, purpose, revoked, found));
  };
  const viewerWith = (claims: Claims, purpose: string | undefined, isRevoked: boolean, scopes: readonly GrantScope[]): Viewer => {
    if (isRevoked) throw refuse('REVOKED');
    // The token may narrow a grant, never widen it.
    const scope = scopes.find((each) => (claims.province === null || claims.province === each.province) && (claims.sector === null || claims.sector === each.sector));
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
  };

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
      // A clock may be off by half a minute for a request, but a connection would end as soon as it begins.
      if (claims.expires <= now().getTime()) throw refuse('EXPIRED');
      const { version } = grants;
      const first = { version, at: performance.now() };
      const look = async (): Promise<Viewer> => viewerOf(claims, purpose);
      const viewer = await look();
      return sessions.share(key, createSession({ viewer, expires: claims.expires, look, hasKey: () => keySet.isCurrent(claims.key), grants, now, first }));
    },
  };
}

function purposeNotAllowed(purpose: string, { purposes }: Claims): GraphQLError {
  const allowed = purposes.join(', ');
  const named = JSON.stringify(purpose.slice(0, 40));
  return new GraphQLError(`The token does not allow the purpose ${named}; it allows: ${allowed || 'none'}.`, {
    extensions: { code: 'PURPOSE_REQUIRED', argument: 'x-purpose', reason: 'NOT_ALLOWED', expected: allowed, http: { status: 400 } },
  });
}

const publicSession: Session = { viewer: publicViewer, expires: null, isGood: () => true };

/** A grant ends by its own date too, of which nobody is notified. */
const TRUST_MS = 1000;

/**
 * What is heard of a token while a connection lasts. Once it is not good it stays so: who gets the same rights back
 * connects anew.
 */
function createSession(options: {
  readonly viewer: Viewer;
  readonly expires: number;
  /** Who is asking now; rejects as a request would be refused. */
  readonly look: () => Promise<Viewer>;
  /** Whether the issuer still has the key that the token is signed with. */
  readonly hasKey: () => boolean | Promise<boolean>;
  readonly grants: GrantBook;
  readonly now: () => Date;
  /** The look that the session begins with. */
  readonly first: { readonly version: number | null; readonly at: number };
}): Session {
  const { viewer, expires, look, hasKey, grants, now, first } = options;
  let looked = first;
  let looking: { readonly version: number | null; readonly outcome: Promise<boolean> } | null = null;
  let ended = false;

  const lookAgain = async (): Promise<boolean> => {
    // Before the look: what changes while it is under way has to be looked at again.
    const { version } = grants;
    const at = performance.now();
    try {
      const { grant } = await look();
      if (grant === viewer.grant) looked = { version, at };
      else ended = true;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      ended = true;
    }
    return !ended;
  };

  const hasRights = (): boolean | Promise<boolean> => {
    if (ended) return false;
    const { version } = grants;
    if (version !== null && version === looked.version && performance.now() - looked.at < TRUST_MS) return true;
    if (looking?.version !== version) {
      const begun = { version, outcome: lookAgain().finally(() => looking === begun && (looking = null)) };
      looking = begun;
    }
    return looking.outcome;
  };
  const afterKey = (isThere: boolean): boolean | Promise<boolean> => {
    if (!isThere) ended = true;
    return hasRights();
  };

  return {
    viewer,
    expires,
    isGood() {
      if (ended || expires <= now().getTime()) return false;
      const key = hasKey();
      return typeof key === 'boolean' ? afterKey(key) : key.then(afterKey);
    },
  };
}

const SWEEP_MS = 60_000;

/** Sessions by the hash of token and purpose, so that connections with the same share one. */
function createSessions(now: () => Date): { get(key: string): Session | undefined; share(key: string, session: Session): Session } {
  const sessions = new Map<string, Session>();
  let sweptAt = 0;
  const sweep = (at: number): void => {
    sweptAt = at;
    for (const [key, { expires }] of sessions) if (expires !== null && expires <= at) sessions.delete(key);
  };
  return {
    get: (key) => sessions.get(key),
    share(key, session) {
      const at = now().getTime();
      if (Math.abs(at - sweptAt) > SWEEP_MS) sweep(at);
      // Those who have it keep it; it is no longer shared with others.
      if (sessions.size >= MAX_CACHED) sessions.delete(sessions.keys().next().value as string); // full, so it has a first key
      sessions.set(key, session);
      return session;
    },
  };
}
