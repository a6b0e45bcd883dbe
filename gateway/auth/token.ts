import { GraphQLError } from 'graphql';
import jwt from 'jsonwebtoken';
import { mayNamePurpose, purposesByRole } from '#policy/purposes.ts';
import { isRole, type Role } from '#policy/roles.ts';
import { publicViewer } from '#policy/viewer.ts';
import { findPurpose } from '#standards/purposes.ts';
import { repeatedName } from './jsonNames.ts';
import type { VerifyingKey } from './jwks.ts';
import type { KeySet } from './keySet.ts';

// The claims of a client's token, after its signature is checked. docs/KEYS.md has the contract with the issuer.

export type Reason =
  'MALFORMED' | 'EXPIRED' | 'AUDIENCE' | 'ISSUER' | 'ALGORITHM' | 'SIGNATURE' | 'ROLE' | 'PURPOSE' | 'REVOKED' | 'KEY';

const messages: Record<Reason, string> = {
  MALFORMED: 'The Authorization header is not one bearer token of this issuer.',
  EXPIRED: 'The token has expired, is not valid yet, or is valid for longer than an hour: ask for a new one.',
  AUDIENCE: 'The token was made for another audience, or for more than one.',
  ISSUER: 'The token was made by another issuer.',
  ALGORITHM: 'The token is not signed with the algorithm of its key.',
  SIGNATURE: 'The signature of the token does not match.',
  ROLE: 'The organisation has no grant in force for the role that the token names.',
  PURPOSE: 'The token names a purpose that its role may not read for.',
  REVOKED: 'The token was revoked.',
  KEY: 'The key of the token is not known.',
};

/**
 * 401: a bad token is refused, it never makes its bearer PUBLIC. @param message the exact reason, without any secret
 */
export function refuse(reason: Reason, message: string = messages[reason], expected?: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'UNAUTHENTICATED',
      reason,
      ...(expected === undefined ? null : { expected }),
      http: { status: 401, headers: new Map([['www-authenticate', 'Bearer']]) },
    },
  });
}

export interface Claims {
  readonly organisation: string;
  readonly role: Role;
  readonly province: string | null;
  readonly sector: string | null;
  readonly purposes: readonly string[];
  readonly tokenId: string;
  readonly actor: string | null;
  /** Milliseconds. */
  readonly expires: number;
  /** The key that verified it: the token is good for as long as the issuer has this key. */
  readonly key: VerifyingKey;
}

/** The issuer and the audience that a token must have. */
export interface TokenContract {
  readonly issuer: string;
  readonly audience: string;
}

const MAX_TOKEN_BYTES = 8192;
const MAX_LIFETIME_SECONDS = 3600;
/** How far the issuer's clock may be from ours. */
export const SKEW_SECONDS = 30;
/** The maximum length of a claim that is kept, which bounds the cache. */
const MAX_CLAIM = 128;

/** The token in an `Authorization` header. @throws UNAUTHENTICATED */
export function tokenIn(authorization: string): string {
  const token =
    authorization.length > MAX_TOKEN_BYTES ? undefined : /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw refuse('MALFORMED');
  return token;
}

/**
 * @param seconds now
 * @throws UNAUTHENTICATED with a reason; RightsLookupFailed while its key cannot be checked
 */
export async function verifyToken(
  token: string,
  keySet: Pick<KeySet, 'find'>,
  { issuer, audience }: TokenContract,
  seconds: number,
): Promise<Claims> {
  const [head = '', body = ''] = token.split('.');
  const header = objectIn(head);
  // `jku`, `jwk`, `x5u` and `x5c` in the header are ignored: keys come from the configured set alone.
  if (header['crit'] !== undefined)
    throw refuse('MALFORMED', 'The token has a critical header (crit) that is not known here.');
  const { alg, kid, typ } = header;
  if (alg !== 'ES256' && alg !== 'RS256') throw refuse('ALGORITHM');
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_CLAIM)
    throw refuse('MALFORMED', `The token names no key (kid) of 1 to ${MAX_CLAIM} characters.`);
  if (typeof typ !== 'string' || typ.toLowerCase() !== 'at+jwt')
    throw refuse('MALFORMED', 'The token is no access token: its typ is not at+jwt.');
  const claims = objectIn(body);
  const key = await keySet.find(kid);
  if (!key) throw refuse('KEY');
  if (alg !== key.algorithm) throw refuse('ALGORITHM');
  try {
    jwt.verify(token, key.key, {
      algorithms: [key.algorithm],
      issuer,
      clockTimestamp: seconds,
      clockTolerance: SKEW_SECONDS,
    });
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  return readClaims(claims, key, audience, seconds);
}

/** @throws UNAUTHENTICATED for a part that is no JSON object, or has a name twice */
function objectIn(part: string): Readonly<Record<string, unknown>> {
  const text = Buffer.from(part, 'base64url').toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('MALFORMED');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('MALFORMED');
  const repeated = repeatedName(text);
  if (repeated !== null) throw refuse('MALFORMED', `The token says ${JSON.stringify(repeated.slice(0, 40))} twice.`);
  return value as Record<string, unknown>;
}

function readClaims(
  claims: Readonly<Record<string, unknown>>,
  key: VerifyingKey,
  audience: string,
  seconds: number,
): Claims {
  const { aud, iat, exp, role, purposes } = claims;
  // For this gateway alone: another recipient of the token could otherwise use it here.
  if (aud !== audience && !(Array.isArray(aud) && aud.length === 1 && aud[0] === audience)) throw refuse('AUDIENCE');
  const organisation = required(claims, 'sub');
  const tokenId = required(claims, 'jti');
  if (!isInstant(iat)) throw refuse('MALFORMED', 'The claim "iat" of the token is no number of seconds.');
  if (!isInstant(exp)) throw refuse('MALFORMED', 'The claim "exp" of the token is no number of seconds.');
  if (exp - iat > MAX_LIFETIME_SECONDS || iat > seconds + SKEW_SECONDS) throw refuse('EXPIRED');
  // An unknown role has no rights; it does not fall back to a default role.
  if (typeof role !== 'string' || !isRole(role) || role === publicViewer.role) throw refuse('ROLE');
  return {
    organisation,
    tokenId,
    role,
    key,
    province: optional(claims, 'province'),
    sector: optional(claims, 'sector'),
    purposes: readPurposes(purposes, role),
    actor: optional(claims, 'actor'),
    expires: exp * 1000,
  };
}

const isInstant = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function required(claims: Readonly<Record<string, unknown>>, name: string): string {
  const value = claims[name];
  if (typeof value === 'string' && value !== '' && value.length <= MAX_CLAIM) return value;
  throw refuse('MALFORMED', `The claim "${name}" of the token is no text of 1 to ${MAX_CLAIM} characters.`);
}

/** A claim that narrows a token is never ignored because it is misspelt: its bearer would see more than was meant. */
function optional(claims: Readonly<Record<string, unknown>>, name: string): string | null {
  return claims[name] === undefined || claims[name] === null ? null : required(claims, name);
}

/** @throws UNAUTHENTICATED (PURPOSE) that names the purpose and those that are allowed for the role */
function readPurposes(given: unknown, role: Role): readonly string[] {
  if (given === undefined || given === null) return [];
  const allowed = purposesByRole[role].join(', ') || 'none';
  if (!Array.isArray(given)) throw refuse('PURPOSE', 'The claim "purposes" of the token is no list of codes.', allowed);
  for (const purpose of given as unknown[]) {
    if (typeof purpose !== 'string')
      throw refuse('PURPOSE', 'The claim "purposes" of the token has an item that is no text.', allowed);
    const named = JSON.stringify(purpose.slice(0, 40));
    if (findPurpose(purpose) === null)
      throw refuse(
        'PURPOSE',
        `The token names the purpose ${named}, which is in no catalogue; ${role} may name: ${allowed}.`,
        allowed,
      );
    if (!mayNamePurpose(role, purpose))
      throw refuse(
        'PURPOSE',
        `The token names the purpose ${named}, which ${role} may not read for; it may name: ${allowed}.`,
        allowed,
      );
  }
  return [...new Set(given as string[])];
}

function reasonOf(error: unknown): Reason {
  if (error instanceof jwt.TokenExpiredError || error instanceof jwt.NotBeforeError) return 'EXPIRED';
  const message = error instanceof Error ? error.message : '';
  if (message.startsWith('jwt issuer')) return 'ISSUER';
  if (message === 'invalid algorithm') return 'ALGORITHM';
  return message === 'invalid signature' ? 'SIGNATURE' : 'MALFORMED';
}
