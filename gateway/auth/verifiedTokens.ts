import { hash } from 'node:crypto';
import { afterwards } from '#kit/afterwards.ts';
import type { KeySet } from './keySet.ts';
import { type Claims, refuse, SKEW_SECONDS, type TokenContract, tokenIn, verifyToken } from './token.ts';

/** Of at most 2 KB each (auth/token.ts bounds every claim). */
const MAX_CACHED = 20_000;

/**
 * The claims of an `Authorization` header: at once where the token was verified before and its key is known to be
 * current.
 * @throws GraphQLError UNAUTHENTICATED; RightsLookupFailed by its promise
 */
export type VerifiedTokens = (authorization: string) => Claims | Promise<Claims>;

export interface VerifiedTokensOptions extends TokenContract {
  readonly keySet: Pick<KeySet, 'find' | 'isCurrent'>;
  readonly now: () => Date;
}

/** Verifies tokens and keeps their claims, because verifying costs 60 µs. */
export function createVerifiedTokens(options: VerifiedTokensOptions): VerifiedTokens {
  const { keySet, now } = options;
  // The key is the hash of the header, so that no token is kept in memory.
  const verified = new Map<string, Claims>();

  const verify = async (authorization: string, key: string, at: number): Promise<Claims> => {
    const claims = await verifyToken(tokenIn(authorization), keySet, options, Math.floor(at / 1000));
    if (verified.size >= MAX_CACHED) verified.clear();
    verified.set(key, claims);
    return claims;
  };
  return (authorization) => {
    const key = hash('sha256', authorization, 'base64');
    const at = now().getTime();
    const known = verified.get(key);
    if (!known) return verify(authorization, key, at);
    if (known.expires + SKEW_SECONDS * 1000 <= at) throw refuse('EXPIRED');
    // A cached token dies with its key; verifying it again finds the reason.
    return afterwards(keySet.isCurrent(known.key), (isCurrent) => {
      if (isCurrent) return known;
      verified.delete(key);
      return verify(authorization, key, at);
    });
  };
}
