import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { ageSeconds, fetchOnce, type Issuer, since } from './issuer.ts';
import type { VerifyingKey } from './jwks.ts';
import { RightsLookupFailed } from './rightsLookup.ts';

// The issuer's published keys (JWKS, RFC 7517). A table in docs/KEYS.md states what happens to tokens when a key is
// rotated or withdrawn and when the issuer is away; each row names its test.

/** How old the gateway's knowledge of the issuer may be. */
export interface KeySetTimes {
  /** The set is fetched again at this age, a little earlier at random, so that many gateways do not fetch at once. */
  readonly refreshMs: number;
  /** How long known keys stay good after the issuer last answered. */
  readonly graceMs: number;
}

export interface KeySetState {
  /** `degraded`: the last fetch failed. `unavailable`: no token can be checked. */
  readonly state: 'ok' | 'degraded' | 'unavailable';
  readonly keys: number;
  /** Since the issuer last answered; null before the first answer. */
  readonly ageSeconds: number | null;
  readonly failures: number;
}

export interface KeySet extends Disposable {
  /**
   * The key of this name; null when the issuer has none.
   * @throws RightsLookupFailed while that is unknown: the issuer is away, and the key is unknown or was confirmed too
   * long ago
   */
  find(kid: string): Promise<VerifyingKey | null>;
  /**
   * Whether a key that was found is still the issuer's: at once while the set is fresh. @throws RightsLookupFailed,
   * also by its promise
   */
  isCurrent(key: VerifyingKey): boolean | Promise<boolean>;
  state(): KeySetState;
  /**
   * Keeps the set fresh without requests, until it is disposed. Resolves when the first fetch has succeeded or failed.
   */
  start(): Promise<void>;
}

/** A withdrawn key is good for no longer than this while the issuer answers, whatever is configured. */
export const MAX_REFRESH_MS = 10 * 60_000;
/**
 * The minimum between two fetches, whatever their reason: tokens with made-up key names never make the gateway flood
 * the issuer.
 */
const COOL_DOWN_MS = 10_000;
const TICK_MS = 2000;

export interface KeySetOptions {
  /** A URL, or a file. */
  readonly location: string;
  readonly times: KeySetTimes;
  readonly now: () => Date;
  readonly log: Log;
  /** Counts callers that could not be checked. */
  readonly failures: { add(): void };
  /** 0 to 1, for the jitter. */
  readonly random?: () => number;
}

/** Fetches nothing before it is started or asked for a key. */
export function createKeySet(options: KeySetOptions): KeySet {
  const issuer = createIssuer(options);
  let timer: NodeJS.Timeout | undefined;
  return {
    find: (kid) => find(issuer, kid),
    isCurrent(key) {
      const waiting = refresh(issuer);
      return waiting === null ? isAmong(issuer, key) : waiting.then(() => isAmong(issuer, key));
    },
    state: () => stateOf(issuer),
    async start() {
      timer ??= setInterval(() => void refresh(issuer), TICK_MS).unref();
      await fetchOnce(issuer);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      issuer.closing.abort();
    },
  };
}

const createIssuer = ({ location, times, now, log, failures, random = Math.random }: KeySetOptions): Issuer => ({
  location,
  refreshMs: Math.min(times.refreshMs, MAX_REFRESH_MS),
  graceMs: times.graceMs,
  now,
  random,
  log,
  failures,
  closing: new AbortController(),
  away: createOutage({
    log,
    began: 'the keys of the issuer could not be fetched; those that are known serve on',
    over: 'the keys of the issuer can be fetched again',
    quietMs: 0,
  }),
  unjudged: createOutage({
    log,
    level: 'error',
    began: 'the issuer has not been heard for too long: tokens cannot be judged until it is, and are answered with 503',
    over: 'tokens can be judged again',
    quietMs: 0,
  }),
  keys: new Map(),
  heardAt: null,
  triedAt: null,
  dueMs: 0,
  failed: null,
  failureCount: 0,
  underWay: null,
  complained: '',
});

const mayTry = (issuer: Issuer): boolean => since(issuer, issuer.triedAt) > COOL_DOWN_MS;

/** Whether what is known is older than its grace, so that no token can be judged by it. */
const isTooOld = (issuer: Issuer): boolean =>
  since(issuer, issuer.heardAt) > Math.max(issuer.graceMs, issuer.refreshMs);

/**
 * Begins a fetch when one is due; returns its promise when the caller must wait, because the present knowledge is too
 * old to decide by.
 */
function refresh(issuer: Issuer): Promise<void> | null {
  const { heardAt, dueMs, refreshMs, graceMs } = issuer;
  if (since(issuer, heardAt) > dueMs && mayTry(issuer)) void fetchOnce(issuer);
  // While the issuer is known to be away no caller waits for it: known keys serve within their grace.
  const mustWait = since(issuer, heardAt) > refreshMs && (issuer.failed === null || since(issuer, heardAt) > graceMs);
  return mustWait ? issuer.underWay : null;
}

async function find(issuer: Issuer, kid: string): Promise<VerifyingKey | null> {
  await refresh(issuer);
  const known = issuer.keys.get(kid);
  if (known) {
    requireKnown(issuer);
    return known;
  }
  // The key may be new. Concurrent callers wait for one fetch, and those within the cool-down for none.
  if (issuer.underWay === null && mayTry(issuer)) void fetchOnce(issuer);
  if (issuer.underWay !== null) await issuer.underWay;
  const found = issuer.keys.get(kid);
  if (!found && (issuer.failed !== null || issuer.heardAt === null)) throw cannotSay(issuer);
  if (found) requireKnown(issuer);
  return found ?? null;
}

function isAmong(issuer: Issuer, key: VerifyingKey): boolean {
  requireKnown(issuer);
  return issuer.keys.get(key.kid) === key;
}

/** @throws RightsLookupFailed when the present knowledge is older than its grace */
function requireKnown(issuer: Issuer): void {
  if (isTooOld(issuer)) throw cannotSay(issuer);
}

function cannotSay(issuer: Issuer): RightsLookupFailed {
  issuer.failures.add();
  // With an unknown key while the issuer is away one token cannot be checked; by age, none can.
  if (isTooOld(issuer)) issuer.unjudged.failed(issuer.failed, { ageSeconds: ageSeconds(issuer) });
  return new RightsLookupFailed('key set', issuer.failed);
}

function stateOf(issuer: Issuer): KeySetState {
  const isKnown = !isTooOld(issuer) && issuer.keys.size > 0;
  return {
    state: isKnown ? (issuer.failed === null ? 'ok' : 'degraded') : 'unavailable',
    keys: issuer.keys.size,
    ageSeconds: ageSeconds(issuer),
    failures: issuer.failureCount,
  };
}
