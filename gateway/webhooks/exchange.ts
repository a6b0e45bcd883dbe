import { isIPv6, type LookupFunction } from 'node:net';
import { Client } from 'undici';
import { addressIn, type WebhookTargets } from './targets.ts';

// One notice to one receiver: its own connection, its own deadline; only the status of the response is kept.

export type WebhookOutcome = 'DELIVERED' | 'REJECTED' | 'TIMED_OUT' | 'UNREACHABLE' | 'TARGET_REFUSED' | 'TOO_LARGE';

export interface Exchanged {
  readonly outcome: WebhookOutcome;
  /** Null when there was no response. */
  readonly status: number | null;
  readonly tookMs: number;
}

/** The maximum of a response that is read, and dropped; a longer one is invalid. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * @param signal its deadline, or the shutdown of this gateway; @throws nothing: whatever the receiver does is an
 * outcome
 */
export async function exchange(
  targets: WebhookTargets,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Exchanged> {
  const began = performance.now();
  const ended = (outcome: WebhookOutcome, status: number | null = null): Exchanged => ({
    outcome,
    status,
    tookMs: Math.round(performance.now() - began),
  });
  // Checked again although it was checked when the webhook was created: what is allowed may have changed since.
  if (targets.urlProblem(target) !== null) return ended('TARGET_REFUSED');
  const url = new URL(target);
  const literal = addressIn(url);
  let client: Client | null = null;
  let status: number | null = null;
  try {
    const addresses = literal === null ? await until(targets.resolve(url.hostname), signal) : [literal];
    // All of them must be public: the connection may use any of them, and a name with a private address beside a public
    // one is a trap.
    if (addresses.length === 0 || !addresses.every((address) => targets.mayConnect(address)))
      return ended('TARGET_REFUSED');
    // the signal ends it all
    client = new Client(url.origin, { connect: { lookup: answering(addresses) }, headersTimeout: 0, bodyTimeout: 0 });
    const response = await client.request({
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers,
      body,
      signal,
      reset: true,
    });
    status = response.statusCode;
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) return ended('TOO_LARGE', status);
    }
    return ended(status >= 200 && status < 300 ? 'DELIVERED' : 'REJECTED', status);
  } catch {
    // Recorded with the attempt, which the webhook's owner reads, and counted.
    return ended(signal.aborted ? 'TIMED_OUT' : 'UNREACHABLE', status);
  } finally {
    await client?.destroy();
  }
}

/**
 * Returns the addresses that were checked in place of a second look-up. TLS and the header `host` still have the name.
 */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_, { all }, callback) => {
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const [first] = found;
    if (all || !first) callback(null, found);
    else callback(null, first.address, first.family);
  };

const until = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    }),
  ]);
