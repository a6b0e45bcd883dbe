import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { GraphQLError } from 'graphql';
import jwt from 'jsonwebtoken';
import { request } from 'undici';
import { createViewer, isRole, publicViewer, type Role, type Viewer } from '#policy/viewer.ts';
import { findPurpose } from '#standards/purposes.ts';
import { type RightsLookup, RightsLookupFailed } from './auth/rightsLookup.ts';
import type { Session } from './live/subscriber.ts';

type Reason = 'MALFORMED' | 'EXPIRED' | 'AUDIENCE' | 'ISSUER' | 'ALGORITHM' | 'SIGNATURE' | 'ROLE' | 'REVOKED' | 'KEY';

const messages: Record<Reason, string> = {
  MALFORMED: 'The Authorization header is not one bearer token of this issuer.',
  EXPIRED: 'The token has expired, is not valid yet, or is valid for longer than an hour: ask for a new one.',
  AUDIENCE: 'The token was made for another audience.',
  ISSUER: 'The token was made by another issuer.',
  ALGORITHM: 'The token is not signed with the algorithm of its key.',
  SIGNATURE: 'The signature of the token does not match.',
  ROLE: 'The organisation has no grant in force for the role that the token names.',
  REVOKED: 'The token was revoked.',
  KEY: 'The key of the token is not known.',
};

/** 401: a bad token is refused, it never makes its bearer PUBLIC. */
function refuse(reason: Reason): GraphQLError {
  return new GraphQLError(messages[reason], { extensions: { code: 'UNAUTHENTICATED', reason, http: { status: 401, headers: new Map([['www-authenticate', 'Bearer']]) } } });
}

interface VerifyingKey {
  readonly key: KeyObject;
  /** Pinned by the kind of key: a token never chooses its own algorithm (RFC 8725 §3.1). */
  readonly algorithm: 'ES256' | 'RS256';
}

/** Keys by `kid`; null for a key that is not known, also after the set was fetched anew. @throws RightsLookupFailed when it could not be fetched */
export type KeySet = (kid: string) => Promise<VerifyingKey | null>;

const REFETCH_MS = 10_000;
const FETCH_DEADLINE_MS = 3000;
const KEEP_MS = 24 * 60 * 60_000;

/**
 * The issuer's JWKS, from a URL or a file. An unknown `kid` fetches it anew, at most every 10 s; when it cannot be fetched the
 * last good set serves for a day. A key that is not in it is not known to be bad then: whether it is good cannot be said.
 */
export function createKeySet(location: string, now: () => Date, lookUp: RightsLookup): KeySet {
  let keys = new Map<string, VerifyingKey>();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failed: unknown = null;
  let underWay: Promise<void> | null = null;
  const fetchKeys = async (): Promise<void> => {
    triedAt = now().getTime();
    try {
      keys = await lookUp('key set', async () => parseJwks(await read(location)));
      fetchedAt = triedAt;
      failed = null;
    } catch (error) {
      // The last set is kept: an issuer that is down for an hour must not lock everybody out.
      failed = error;
    }
  };
  return async (kid) => {
    const at = now().getTime();
    if (at - fetchedAt > KEEP_MS) keys = new Map();
    if (!keys.has(kid) && at - triedAt > REFETCH_MS) {
      underWay ??= fetchKeys().finally(() => {
        underWay = null;
      });
    }
    if (!keys.has(kid) && underWay) await underWay;
    const key = keys.get(kid);
    if (!key && failed !== null) throw new RightsLookupFailed('key set', failed);
    return key ?? null;
  };
}

async function read(location: string): Promise<unknown> {
  if (!/^https?:/.test(location)) return JSON.parse(await readFile(location, 'utf8'));
  const response = await request(location, { headersTimeout: FETCH_DEADLINE_MS, bodyTimeout: FETCH_DEADLINE_MS, signal: AbortSignal.timeout(FETCH_DEADLINE_MS) });
  if (response.statusCode !== 200) throw new Error(`HTTP status ${response.statusCode}`);
  return response.body.json();
}

function parseJwks(set: unknown): Map<string, VerifyingKey> {
  const keys = new Map<string, VerifyingKey>();
  for (const jwk of (set as { keys: (JsonWebKey & { kid?: string })[] }).keys) {
    if (!jwk.kid || jwk.kid.length > 128) continue;
    if (jwk.kty === 'EC' && jwk['crv'] === 'P-256') keys.set(jwk.kid, { key: createPublicKey({ key: jwk, format: 'jwk' }), algorithm: 'ES256' });
    else if (jwk.kty === 'RSA') keys.set(jwk.kid, { key: createPublicKey({ key: jwk, format: 'jwk' }), algorithm: 'RS256' });
  }
  return keys;
}

/** What a grant binds its holder to. */
export interface GrantScope {
  readonly province: string | null;
  readonly sector: string | null;
}

/** Grants and revocations as they are now; both are asked for every operation. */
export interface GrantBook {
  /** The scopes of grants in force. */
  scopes(organisation: string, role: Role): Promise<readonly GrantScope[]>;
  isRevoked(tokenId: string): Promise<boolean>;
  /** Another one after every change that is heard of; null while none would be, so that nothing may be taken for unchanged. */
  readonly version: number | null;
}

interface Claims {
  readonly organisation: string;
  readonly role: Role;
  readonly province: string | null;
  readonly sector: string | null;
  readonly purposes: readonly string[];
  readonly tokenId: string;
  readonly actor: string | null;
  /** Milliseconds. */
  readonly expires: number;
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

const MAX_TOKEN_BYTES = 8192;
const MAX_LIFETIME_SECONDS = 3600;
const SKEW_SECONDS = 30;
const MAX_ACTOR = 128;
const MAX_CACHED = 20_000;

export function createAuthenticator(options: { keySet: KeySet; issuer: string; audience: string; grants: GrantBook; lookUp: RightsLookup; now: () => Date }): Authenticator {
  const { keySet, issuer, audience, grants, lookUp, now } = options;
  // Verifying costs 60 µs; by hash, so that no token stands in memory.
  const verified = new Map<string, Claims>();
  const sessions = createSessions(now);

  const claimsOf = async (token: string): Promise<Claims> => {
    const hash = createHash('sha256').update(token).digest('base64');
    const at = now().getTime();
    const known = verified.get(hash);
    if (known) {
      if (known.expires <= at) throw refuse('EXPIRED');
      return known;
    }
    const claims = await verify(token, keySet, issuer, audience, Math.floor(at / 1000));
    if (verified.size >= MAX_CACHED) verified.clear();
    verified.set(hash, claims);
    return claims;
  };

  /** @throws UNAUTHENTICATED when the token was revoked or no grant bears it, PURPOSE_REQUIRED */
  const viewerOf = async (claims: Claims, purpose: string | undefined): Promise<Viewer> => {
    const [revoked, scopes] = await Promise.all([
      lookUp('revoked tokens', () => grants.isRevoked(claims.tokenId)),
      lookUp('grants', () => grants.scopes(claims.organisation, claims.role)),
    ]);
    if (revoked) throw refuse('REVOKED');
    // The token may narrow a grant, never widen it.
    const scope = scopes.find((each) => (claims.province === null || claims.province === each.province) && (claims.sector === null || claims.sector === each.sector));
    if (!scope) throw refuse('ROLE');
    if (purpose !== undefined && !claims.purposes.includes(purpose))
      throw new GraphQLError('The token does not allow this purpose.', { extensions: { code: 'PURPOSE_REQUIRED', argument: 'x-purpose', reason: 'NOT_ALLOWED', expected: claims.purposes.join(', '), http: { status: 400 } } });
    return createViewer({
      role: claims.role,
      organisation: claims.organisation,
      province: scope.province,
      sector: scope.sector,
      purposes: claims.purposes,
      purpose: purpose ?? (claims.purposes.length === 1 ? (claims.purposes[0] ?? null) : null),
      tokenId: claims.tokenId,
      actor: claims.actor,
    });
  };

  return {
    async viewer(authorization, purpose) {
      if (authorization === undefined) return publicViewer;
      return viewerOf(await claimsOf(tokenIn(authorization)), purpose);
    },
    async session(authorization, purpose) {
      if (authorization === undefined) return publicSession;
      const token = tokenIn(authorization);
      const key = createHash('sha256').update(`${token} ${purpose ?? ''}`).digest('base64');
      const known = sessions.get(key);
      if (known && (await known.isGood())) return known;
      const claims = await claimsOf(token);
      // A clock may be off by half a minute for a request, but a connection would end as soon as it begins.
      if (claims.expires <= now().getTime()) throw refuse('EXPIRED');
      const { version } = grants;
      const lookedAt = performance.now();
      const viewer = await viewerOf(claims, purpose);
      return sessions.share(key, createSession(viewer, claims.expires, () => viewerOf(claims, purpose), grants, now, { version, at: lookedAt }));
    },
  };
}

function tokenIn(authorization: string): string {
  const token = authorization.length > MAX_TOKEN_BYTES ? undefined : /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw refuse('MALFORMED');
  return token;
}

const publicSession: Session = { viewer: publicViewer, expires: null, isGood: () => true };

/** A grant ends by its own date too, of which nobody is notified. */
const TRUST_MS = 1000;

/**
 * What is heard of a token while a connection lasts. Once it is not good it stays so: who gets the same rights back
 * connects anew.
 * @param look who is asking now; rejects as a request would be refused
 */
function createSession(viewer: Viewer, expires: number, look: () => Promise<Viewer>, grants: GrantBook, now: () => Date, first: { readonly version: number | null; readonly at: number }): Session {
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

  return {
    viewer,
    expires,
    isGood() {
      if (ended || expires <= now().getTime()) return false;
      const { version } = grants;
      if (version !== null && version === looked.version && performance.now() - looked.at < TRUST_MS) return true;
      if (looking?.version !== version) {
        const begun = { version, outcome: lookAgain().finally(() => looking === begun && (looking = null)) };
        looking = begun;
      }
      return looking.outcome;
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

async function verify(token: string, keySet: KeySet, issuer: string, audience: string, seconds: number): Promise<Claims> {
  const decoded = jwt.decode(token, { complete: true });
  if (!decoded || typeof decoded.payload === 'string') throw refuse('MALFORMED');
  const header: jwt.JwtHeader = decoded.header;
  // `jku`, `jwk`, `x5u` and `x5c` in the header are never looked at: keys come from the configured set alone.
  if (header.crit !== undefined) throw refuse('MALFORMED');
  if (header.alg !== 'ES256' && header.alg !== 'RS256') throw refuse('ALGORITHM');
  if (typeof header.kid !== 'string' || header.typ?.toLowerCase() !== 'at+jwt') throw refuse('MALFORMED');
  const key = await keySet(header.kid);
  if (!key) throw refuse('KEY');
  if (header.alg !== key.algorithm) throw refuse('ALGORITHM');
  let payload: jwt.JwtPayload;
  try {
    const checked = jwt.verify(token, key.key, { algorithms: [key.algorithm], issuer, audience, clockTimestamp: seconds, clockTolerance: SKEW_SECONDS });
    if (typeof checked === 'string') throw refuse('MALFORMED');
    payload = checked;
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const { sub, jti, iat, exp, role, province, sector, purposes, actor } = payload as jwt.JwtPayload & { actor?: unknown; role?: unknown; province?: unknown; sector?: unknown; purposes?: unknown };
  if (typeof sub !== 'string' || typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number') throw refuse('MALFORMED');
  if (exp - iat > MAX_LIFETIME_SECONDS || iat > seconds + SKEW_SECONDS) throw refuse('EXPIRED');
  // An unknown role has no rights; it is not some default one.
  if (typeof role !== 'string' || !isRole(role) || role === publicViewer.role) throw refuse('ROLE');
  return {
    organisation: sub,
    role,
    province: typeof province === 'string' ? province : null,
    sector: typeof sector === 'string' ? sector : null,
    // Of the catalogue alone: a purpose that nobody has described opens nothing.
    purposes: Array.isArray(purposes) ? purposes.filter((purpose) => typeof purpose === 'string' && findPurpose(purpose) !== null) : [],
    tokenId: jti,
    actor: typeof actor === 'string' && actor !== '' && actor.length <= MAX_ACTOR ? actor : null,
    expires: exp * 1000,
  };
}

function reasonOf(error: unknown): Reason {
  if (error instanceof jwt.TokenExpiredError || error instanceof jwt.NotBeforeError) return 'EXPIRED';
  const message = error instanceof Error ? error.message : '';
  if (message.startsWith('jwt audience')) return 'AUDIENCE';
  if (message.startsWith('jwt issuer')) return 'ISSUER';
  if (message === 'invalid algorithm') return 'ALGORITHM';
  return message === 'invalid signature' ? 'SIGNATURE' : 'MALFORMED';
}
