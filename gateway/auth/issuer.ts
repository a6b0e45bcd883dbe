import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { Log } from '#kit/log.ts';
import type { Outage } from '#kit/outage.ts';
import { parseJwks, type VerifyingKey } from './jwks.ts';

/** What is known of the issuer's keys, and how it is known. */
export interface Issuer {
  /** A URL, or a file. */
  readonly location: string;
  readonly refreshMs: number;
  readonly graceMs: number;
  readonly now: () => Date;
  readonly random: () => number;
  readonly log: Log;
  /** Counts callers that could not be checked. */
  readonly failures: { add(): void };
  /** Ends the fetch that is under way. */
  readonly closing: AbortController;
  /** The keys could not be fetched. */
  readonly away: Outage;
  /** Tokens cannot be judged. */
  readonly unjudged: Outage;
  keys: ReadonlyMap<string, VerifyingKey>;
  /** When the issuer last answered, by the time of the request; null before the first answer. */
  heardAt: number | null;
  triedAt: number | null;
  /** The age at which the keys are fetched again. */
  dueMs: number;
  /** Why the last fetch failed; null where it did not. */
  failed: unknown;
  failureCount: number;
  underWay: Promise<void> | null;
  /** The last complaint about keys that are not used. */
  complained: string;
}

const FETCH_DEADLINE_MS = 3000;
const MAX_BYTES = 256 * 1024;
/** Up to this part of the interval is subtracted at random. */
const JITTER = 0.2;

/**
 * The milliseconds since then. A clock that was set back makes everything old, so that it is fetched anew, and nothing
 * young for ever.
 */
export const since = ({ now }: Issuer, at: number | null): number =>
  at === null ? Number.POSITIVE_INFINITY : Math.abs(now().getTime() - at);

/** Since the issuer last answered; null before the first answer. */
export const ageSeconds = (issuer: Issuer): number | null =>
  issuer.heardAt === null ? null : Math.round(since(issuer, issuer.heardAt) / 1000);

/** Fetches the keys, or waits for the fetch that is under way. It never rejects. */
export function fetchOnce(issuer: Issuer): Promise<void> {
  issuer.underWay ??= fetchKeys(issuer).finally(() => (issuer.underWay = null));
  return issuer.underWay;
}

async function fetchKeys(issuer: Issuer): Promise<void> {
  const { now, location, closing, away, unjudged } = issuer;
  const triedAt = now().getTime();
  issuer.triedAt = triedAt;
  try {
    const { usable, unusable } = parseJwks(await read(location, closing.signal), issuer.keys);
    logChanges(issuer, usable, unusable);
    away.succeeded();
    unjudged.succeeded();
    issuer.keys = usable;
    issuer.heardAt = triedAt;
    issuer.failed = null;
    issuer.dueMs = issuer.refreshMs * (1 - JITTER * issuer.random());
  } catch (error) {
    if (closing.signal.aborted) return;
    issuer.failed = error;
    issuer.failureCount += 1;
    away.failed(error, { ageSeconds: ageSeconds(issuer), keys: issuer.keys.size });
  }
}

/** Compared with the keys before. */
function logChanges(issuer: Issuer, usable: ReadonlyMap<string, VerifyingKey>, unusable: readonly string[]): void {
  const { keys, log } = issuer;
  // Once for each such set, and not at each of its fetches.
  const complaint = unusable.join('\n');
  if (complaint !== issuer.complained && unusable.length > 0)
    log.warn({ unusable }, 'the issuer publishes keys that are not used');
  issuer.complained = complaint;
  if (usable.size === 0 && (keys.size > 0 || issuer.heardAt === null))
    log.warn('the issuer publishes no key that can be used: every token is refused');
  const gone = [...keys.values()]
    .filter(({ kid, material }) => usable.get(kid)?.material !== material)
    .map(({ kid }) => kid);
  if (gone.length > 0) log.info({ gone }, 'keys of the issuer are withdrawn: their tokens are refused from now on');
}

async function read(location: string, closing: AbortSignal): Promise<unknown> {
  if (!/^https?:/.test(location)) return JSON.parse(await readFile(location, 'utf8'));
  const signal = AbortSignal.any([closing, AbortSignal.timeout(FETCH_DEADLINE_MS)]);
  // Redirects are not followed: keys come only from the configured location.
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
