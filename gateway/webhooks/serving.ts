import { randomUUID } from 'node:crypto';
import type { CursorSealer } from '#kit/cursor.ts';
import type { Log } from '#kit/log.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { may } from '#policy/actions.ts';
import { isRole } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { GrantStore } from '#gateway/auth/grantedViewers.ts';
import { listenerOf } from '#gateway/changes/delivery.ts';
import { type ChangeFilter, storedFilter } from '#gateway/changes/filter.ts';
import {
  atHead,
  cursorScope,
  isExpired,
  resumeFrom,
  sealPosition,
  type StreamPosition,
} from '#gateway/changes/position.ts';
import { Purged, readOn } from '#gateway/changes/reader.ts';
import type { Topics } from '#gateway/changes/topics.ts';
import type { Bounds, ChangeLog } from '#gateway/feed/log.ts';
import { type Exchanged, exchange, type WebhookOutcome } from './exchange.ts';
import {
  advanceTo,
  type Attempt,
  forgetAttempts,
  type LeasedWebhook,
  pauseLeased,
  recordDelivered,
  recordFailed,
  releaseLease,
} from './leases.ts';
import { headersOf, type Notice, noticeOf, parsePosition } from './notice.ts';
import type { WebhookPauseReason } from './resolvers.generated.ts';
import type { WebhookSecrets } from './secrets.ts';
import type { WebhookTargets } from './targets.ts';
import type { WebhookTimings } from './timings.ts';

// Serves one leased webhook: reads the log after its position by the present rights, notifies the receiver of what is
// new, and records the result. There is no transaction between lease and result, so that a receiver that hangs holds no
// connection of the database, and delays nobody but itself.

/** Numbers of the log that one reading covers: a webhook that was paused for months continues in steps. */
const WINDOW = 50_000n;
/** How much a pause between two attempts varies, as a part of it. */
const JITTER = 0.2;

export interface WebhookMetrics {
  attempted(outcome: WebhookOutcome, tookMs: number): void;
  paused(reason: WebhookPauseReason): void;
}

export interface ServingParts {
  readonly topics: Topics;
  readonly pool: Pool;
  readonly log: ChangeLog;
  readonly cursors: CursorSealer;
  readonly grants: Pick<GrantStore, 'scopes'>;
  readonly secrets: WebhookSecrets;
  readonly targets: WebhookTargets;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics: WebhookMetrics | undefined;
  readonly timings: WebhookTimings;
  /** Aborted when this gateway shuts down. */
  readonly closing: AbortSignal;
}

/**
 * Serves a webhook, and ends its lease.
 * @throws what the database throws: then the lease ends by its time
 */
export async function serve(parts: ServingParts, webhook: LeasedWebhook, bounds: Bounds): Promise<void> {
  const { pool, cursors, targets, now, timings, closing } = parts;
  const { id } = webhook;
  const topic = parts.topics.named(webhook.topic);
  const [reader, ...others] = await readersOf(parts, webhook);
  if (!reader) return pause(parts, webhook, 'GRANT_ENDED');
  const filter = storedFilter(topic, webhook.filter);
  const position = parsePosition(webhook.position);
  const found = await findNew(parts, [reader, ...others], filter, position, bounds);
  if (!found.isNew)
    // At the head of the log it is checked again with new changes; of concurrent checks there is one, too.
    return advanceTo(pool, webhook, found.reached, found.reached.seq < bounds.head ? 0 : timings.coalesceMs);
  const keys = secretsOf(parts, webhook);
  if (keys.length === 0) return pause(parts, webhook, 'SECRET');
  const cursor = sealPosition(cursors, cursorScope(reader, filter), position);
  const notice = noticeOf(id, topic, cursor, webhook.failingSince ?? now().toISOString());
  const deadline = AbortSignal.any([closing, AbortSignal.timeout(timings.exchangeMs)]);
  const exchanged = await exchange(targets, webhook.url, headersOf(notice, keys, now()), notice.body, deadline);
  // This gateway shuts down, and the receiver did nothing wrong: another gateway sends the notice again.
  if (closing.aborted && exchanged.outcome === 'TIMED_OUT') return releaseLease(pool, webhook);
  await settle(parts, webhook, notice, exchanged, bounds);
}

/**
 * The readers for a webhook: its organisation in its role, for each of its present grants. A token of any of them
 * reads the page.
 */
async function readersOf(
  { grants }: ServingParts,
  { organisation, role, purpose }: LeasedWebhook,
): Promise<readonly Viewer[]> {
  if (!isRole(role)) return [];
  const scopes = await grants.scopes(organisation, role);
  const viewers = scopes.map(({ province, sector }) =>
    createViewer({
      role,
      organisation,
      province,
      sector,
      purposes: purpose === null ? [] : [purpose],
      purpose,
      tokenId: null,
    }),
  );
  return [
    ...new Map(
      viewers.filter((viewer) => may(viewer, 'changes:follow')).map((viewer) => [viewer.grant, viewer]),
    ).values(),
  ];
}

/** Whether there is something to announce after a position; if not, up to which position nothing was found. */
async function findNew(
  { log, now }: ServingParts,
  readers: readonly Viewer[],
  filter: ChangeFilter,
  position: StreamPosition,
  bounds: Bounds,
): Promise<{ readonly isNew: true } | { readonly isNew: false; readonly reached: StreamPosition }> {
  // A reader from there learns that its position has expired, which is worth a notice too (P13).
  if (isExpired(position, bounds)) return { isNew: true };
  const from = resumeFrom(position, bounds.head);
  const upTo = bounds.head - from.seq > WINDOW ? from.seq + WINDOW : bounds.head;
  const today = shanghaiDay(now());
  let reached = from;
  try {
    for (const reader of readers) {
      const reading = await readOn(log, listenerOf(reader, filter, today), from, upTo, 1);
      if (reading.deliveries.length > 0) return { isNew: true };
      reached = reading.position; // the same for each
    }
  } catch (error) {
    if (error instanceof Purged) return { isNew: true }; // as above, while it was read
    throw error;
  }
  return { isNew: false, reached };
}

/** The secrets that sign a notice: the present one first. Those that no key opens are left out. */
const secretsOf = ({ secrets }: ServingParts, { id, secret, formerSecret }: LeasedWebhook): readonly string[] =>
  [secret, formerSecret].flatMap((sealed) => {
    const opened = sealed === null ? null : secrets.open(id, Buffer.from(sealed, 'hex'));
    return opened === null ? [] : [opened];
  });

async function pause(parts: ServingParts, webhook: LeasedWebhook, reason: WebhookPauseReason): Promise<void> {
  if (await pauseLeased(parts.pool, webhook, reason)) onPaused(parts, webhook, reason);
}

/**
 * Its owner sees the reason; `SECRET` is for the operator to repair: CURSOR_KEYS has lost the key that sealed its
 * secret.
 */
function onPaused({ logger, metrics }: ServingParts, { id }: LeasedWebhook, reason: WebhookPauseReason): void {
  metrics?.paused(reason);
  logger.warn({ webhook: id, reason }, 'a webhook was paused');
}

/** Records the result of an exchange, and when the next attempt is due. */
async function settle(
  parts: ServingParts,
  webhook: LeasedWebhook,
  { body }: Notice,
  { outcome, status, tookMs }: Exchanged,
  { head }: Bounds,
): Promise<void> {
  const { pool, timings, now, metrics } = parts;
  metrics?.attempted(outcome, tookMs);
  const at = now().toISOString();
  const attempt: Attempt = { id: randomUUID(), at, status, outcome, number: webhook.failures + 1, body, tookMs };
  if (outcome === 'DELIVERED') await recordDelivered(pool, webhook, attempt, atHead(head), timings.coalesceMs);
  else {
    const { at: noticedAt } = JSON.parse(body) as { at: string }; // made by `noticeOf`
    const pausedFor = await recordFailed(pool, webhook, attempt, {
      noticedAt,
      waitMs: retryAfterMs(timings.retriesMs, webhook.failures),
      giveUpMs: timings.giveUpMs,
      pauseReason: status === 410 ? 'GONE' : null,
    });
    if (pausedFor === 'GONE' || pausedFor === 'FAILING') onPaused(parts, webhook, pausedFor);
  }
  await forgetAttempts(pool, webhook);
}

/** The pause after a failure: growing with the number of failures before it, and a fifth more or less. */
const retryAfterMs = (retriesMs: readonly number[], failures: number): number =>
  Math.round((retriesMs[Math.min(failures, retriesMs.length - 1)] ?? 0) * (1 + JITTER * (2 * Math.random() - 1)));
