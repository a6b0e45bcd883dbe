import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { Log } from '#kit/log.ts';
import { RightsLookupFailed } from './rightsLookup.ts';

// The issuer's published keys (JWKS, RFC 7517). docs/KEYS.md says in a table what becomes of tokens when a key is rotated or withdrawn and
// when the issuer is away; each row names its test.

export interface VerifyingKey {
  readonly kid: string;
  readonly key: KeyObject;
  /** Pinned by the kind of key: a token never chooses its own algorithm (RFC 8725 §3.1). */
  readonly algorithm: 'ES256' | 'RS256';
  /** The key itself as text, whatever it is called. */
  readonly material: string;
}

/** How old what is known of the issuer may be. */
export interface KeySetTimes {
  /** The set is fetched again when it is this old, a little earlier at random, so that many gateways do not ask at once. */
  readonly refreshMs: number;
  /** How long known keys stay good after the issuer was last heard. */
  readonly graceMs: number;
}

export interface KeySetState {
  /** `degraded`: the last fetch failed. `unavailable`: no token can be judged. */
  readonly state: 'ok' | 'degraded' | 'unavailable';
  readonly keys: number;
  /** Since the issuer was last heard; null before the first time. */
  readonly ageSeconds: number | null;
  readonly failures: number;
}

export interface KeySet extends Disposable {
  /**
   * The key of this name; null when the issuer has none.
   * @throws RightsLookupFailed while that cannot be said: the issuer is away, and the key is unknown or was confirmed too long ago
   */
  find(kid: string): Promise<VerifyingKey | null>;
  /** Whether a key that was found is still the issuer's: at once while the set is fresh. @throws RightsLookupFailed, also by its promise */
  isCurrent(key: VerifyingKey): boolean | Promise<boolean>;
  state(): KeySetState;
  /** Keeps the set fresh while nobody asks, until it is disposed. The first fetch has succeeded or failed when it resolves. */
  start(): Promise<void>;
}

/** A withdrawn key is good for no longer than this while the issuer answers, whatever is configured. */
export const MAX_REFRESH_MS = 10 * 60_000;
/** Between two fetches, whoever asks for them: tokens with made-up key names never make the gateway hammer the issuer. */
const COOL_DOWN_MS = 10_000;
const FETCH_DEADLINE_MS = 3000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;
const MAX_KID = 128;
const MIN_RSA_BITS = 2048;
const TICK_MS = 2000;
/** Up to this part of the interval is left off at random. */
const JITTER = 0.2;

/**
 * @param options.location a URL, or a file
 * @param options.failures counts callers who could not be judged
 * @param options.random 0 to 1, for the jitter
 */
export function createKeySet(options: {
  readonly location: string;
  readonly times: KeySetTimes;
  readonly now: () => Date;
  readonly log: Log;
  readonly failures: { add(): void };
  readonly random?: () => number;
}): KeySet {
  const { location, now, log, failures, random = Math.random } = options;
  const { graceMs } = options.times;
  const refreshMs = Math.min(options.times.refreshMs, MAX_REFRESH_MS);
  const closing = new AbortController();
  let keys: ReadonlyMap<string, VerifyingKey> = new Map();
  let heardAt: number | null = null;
  let triedAt: number | null = null;
  let dueMs = 0;
  let failed: unknown = null;
  let failureCount = 0;
  let underWay: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  // A clock that was set back makes everything old, and so fetched anew, and nothing young for ever.
  const since = (at: number | null): number => (at === null ? Number.POSITIVE_INFINITY : Math.abs(now().getTime() - at));

  const fetchKeys = async (): Promise<void> => {
    triedAt = now().getTime();
    try {
      const { usable, unusable } = parseJwks(await read(location, closing.signal), keys);
      if (unusable.length > 0) log.warn({ unusable }, 'the issuer publishes keys that are not used');
      if (usable.size === 0) log.warn('the issuer publishes no key that can be used: every token is refused');
      const gone = [...keys.values()].filter(({ kid, material }) => usable.get(kid)?.material !== material).map(({ kid }) => kid);
      if (gone.length > 0) log.info({ gone }, 'keys of the issuer are withdrawn: their tokens are refused from now on');
      if (failed !== null) log.info('the keys of the issuer can be fetched again');
      keys = usable;
      heardAt = triedAt;
      failed = null;
      dueMs = refreshMs * (1 - JITTER * random());
    } catch (error) {
      if (closing.signal.aborted) return;
      failed = error;
      failureCount += 1;
      log.warn(
        { err: error, ageSeconds: ageSeconds(), keys: keys.size },
        'the keys of the issuer could not be fetched; those that are known serve on',
      );
    }
  };
  const fetchOnce = (): Promise<void> => {
    underWay ??= fetchKeys().finally(() => (underWay = null));
    return underWay;
  };
  const ageSeconds = (): number | null => (heardAt === null ? null : Math.round(since(heardAt) / 1000));
  const mayTry = (): boolean => since(triedAt) > COOL_DOWN_MS;

  /** Begins a fetch when it is time for one; the promise of it when it has to be waited for, since what is known is too old to judge by. */
  const refresh = (): Promise<void> | null => {
    if (since(heardAt) > dueMs && mayTry()) void fetchOnce();
    // While the issuer is known to be away nobody waits for it: known keys serve within their grace.
    const isTooOld = since(heardAt) > refreshMs && (failed === null || since(heardAt) > graceMs);
    return isTooOld ? underWay : null;
  };
  /** @throws RightsLookupFailed when what is known is older than its grace */
  const requireKnown = (): void => {
    if (since(heardAt) > Math.max(graceMs, refreshMs)) throw cannotSay();
  };
  const cannotSay = (): RightsLookupFailed => {
    failures.add();
    return new RightsLookupFailed('key set', failed);
  };
  const isAmong = (key: VerifyingKey): boolean => {
    requireKnown();
    return keys.get(key.kid) === key;
  };

  return {
    async find(kid) {
      await refresh();
      const known = keys.get(kid);
      if (known) {
        requireKnown();
        return known;
      }
      // It may be new. Many who ask at once wait for one fetch, and those within the cool-down for none.
      if (underWay === null && mayTry()) void fetchOnce();
      if (underWay !== null) await underWay;
      const found = keys.get(kid);
      if (!found && (failed !== null || heardAt === null)) throw cannotSay();
      if (found) requireKnown();
      return found ?? null;
    },
    isCurrent(key) {
      const waiting = refresh();
      return waiting === null ? isAmong(key) : waiting.then(() => isAmong(key));
    },
    state() {
      const isKnown = since(heardAt) <= Math.max(graceMs, refreshMs) && keys.size > 0;
      return {
        state: isKnown ? (failed === null ? 'ok' : 'degraded') : 'unavailable',
        keys: keys.size,
        ageSeconds: ageSeconds(),
        failures: failureCount,
      };
    },
    async start() {
      timer ??= setInterval(() => void refresh(), TICK_MS).unref();
      await fetchOnce();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      closing.abort();
    },
  };
}

async function read(location: string, closing: AbortSignal): Promise<unknown> {
  if (!/^https?:/.test(location)) return JSON.parse(await readFile(location, 'utf8'));
  const signal = AbortSignal.any([closing, AbortSignal.timeout(FETCH_DEADLINE_MS)]);
  // Redirects are not followed: keys come from where the operator said.
  const response = await request(location, {
    headersTimeout: FETCH_DEADLINE_MS,
    bodyTimeout: FETCH_DEADLINE_MS,
    signal,
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the key set has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (response.statusCode !== 200) throw new Error(`HTTP status ${response.statusCode}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

type Jwk = JsonWebKey & { readonly kid?: unknown; readonly use?: unknown; readonly alg?: unknown; readonly key_ops?: unknown };

/**
 * A set is one also when it is empty or some of its keys are of no use: those are left out, with the reason.
 * @param before keys that stay the same stay the same object
 * @throws Error for what is no set
 */
function parseJwks(set: unknown, before: ReadonlyMap<string, VerifyingKey>): { usable: Map<string, VerifyingKey>; unusable: string[] } {
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
  // Which of them a token means cannot be said.
  for (const kid of twice) {
    usable.delete(kid);
    unusable.push(`kid ${JSON.stringify(kid)} stands for two keys`);
  }
  return { usable, unusable };
}

/** A key that tokens may be signed with, or why it is none. */
function parseJwk(given: unknown): VerifyingKey | string {
  if (typeof given !== 'object' || given === null) return 'no key';
  const jwk = given as Jwk;
  const { kid, use, alg, key_ops: operations } = jwk;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID) return `no kid of 1 to ${MAX_KID} characters`;
  if (use !== undefined && use !== 'sig') return 'not for signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return 'not for verifying';
  // Whoever reads the set could sign with it.
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
