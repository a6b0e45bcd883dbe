import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface VerifyingKey {
  readonly kid: string;
  readonly key: KeyObject;
  /** Pinned by the kind of key: a token never chooses its own algorithm (RFC 8725 §3.1). */
  readonly algorithm: 'ES256' | 'RS256';
  /** The key itself as text, whatever its name. */
  readonly material: string;
}

const MAX_KEYS = 100;
const MAX_KID = 128;
const MIN_RSA_BITS = 2048;

type Jwk = JsonWebKey & {
  readonly kid?: unknown;
  readonly use?: unknown;
  readonly alg?: unknown;
  readonly key_ops?: unknown;
};

/**
 * A set is valid also when it is empty or some of its keys are unusable: those are left out, with the reason.
 * @param before keys that stay the same stay the same object
 * @throws Error for an invalid set
 */
export function parseJwks(
  set: unknown,
  before: ReadonlyMap<string, VerifyingKey>,
): { usable: Map<string, VerifyingKey>; unusable: string[] } {
  const list = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : null;
  if (!Array.isArray(list)) throw new Error('what the issuer answered is no key set: `keys` is no list');
  if (list.length > MAX_KEYS) throw new Error(`the key set has more than ${MAX_KEYS} keys`);
  const usable = new Map<string, VerifyingKey>();
  const unusable: string[] = [];
  const twice = new Set<string>();
  for (const [index, jwk] of (list as unknown[]).entries()) {
    const parsed = parseJwk(jwk);
    if (typeof parsed === 'string') {
      unusable.push(`${index}: ${parsed}`);
      continue;
    }
    const other = usable.get(parsed.kid);
    if (other && other.material !== parsed.material) twice.add(parsed.kid);
    const known = before.get(parsed.kid);
    usable.set(parsed.kid, known?.material === parsed.material ? known : parsed);
  }
  // A token cannot say which of them it means.
  for (const kid of twice) {
    usable.delete(kid);
    unusable.push(`kid ${JSON.stringify(kid)} stands for two keys`);
  }
  return { usable, unusable };
}

/** A key that may sign tokens, or why it may not. */
function parseJwk(given: unknown): VerifyingKey | string {
  if (typeof given !== 'object' || given === null) return 'no key';
  const jwk = given as Jwk;
  const { kid, use, alg, key_ops: operations } = jwk;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID) return `no kid of 1 to ${MAX_KID} characters`;
  if (use !== undefined && use !== 'sig') return 'not for signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'not for verifying';
  // Any reader of the set could sign with it.
  if ('d' in jwk || 'k' in jwk) return 'it is not public';
  const algorithm = jwk.kty === 'EC' && jwk['crv'] === 'P-256' ? 'ES256' : jwk.kty === 'RSA' ? 'RS256' : null;
  if (algorithm === null || (alg !== undefined && alg !== algorithm)) return 'not for ES256 or RS256';
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    if (algorithm === 'RS256' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
      return `an RSA key of fewer than ${MIN_RSA_BITS} bits`;
    return { kid, key, algorithm, material: key.export({ format: 'der', type: 'spki' }).toString('base64') };
  } catch {
    return 'not a key of its kind';
  }
}
