import { randomUUID } from 'node:crypto';
import type { CursorSealer } from '#kit/cursor.ts';
import type { Log } from '#kit/log.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { may } from '#policy/actions.ts';
import { createViewer, isRole, type Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { GrantBook } from '../auth.ts';
import type { WebhookPauseReason } from '../desk/resolvers.generated.ts';
import type { ChangeFilter } from './filter.ts';
import type { Bounds, ChangeLog, Topic } from './log.ts';
import { filterIn, headersOf, type Notice, noticeOf, placeIn, positionOf } from './notice.ts';
import { atEnd, comeBack, cursorScope, isExpired, type Place, sealPlace } from './place.ts';
import { Purged, readOn } from './reader.ts';
import { listenerOf } from './tell.ts';
import { type Exchanged, exchange, type WebhookOutcome } from './webhookExchange.ts';
import type { WebhookSecrets } from './webhookSecrets.ts';
import type { WebhookTargets } from './webhookTargets.ts';

// Tells the receivers of webhooks that there is something new (docs/PROTOCOL.md P19, P20). Every gateway does: a webhook is leased for a
// while to one of them, which reads the log after the webhook's position by the rights of now, tells the receiver, and writes what
// became of it. It writes nothing any more once the lease is another's. Between lease and writing there is no transaction, so that a
// receiver that hangs holds no connection of the database, and nobody but itself.
//
// Times of leases and attempts are by the database's clock: those of gateways differ.

export interface WebhookTimings {
  /** How often due webhooks are looked for, when nothing wakes; and how soon again when something does. */
  readonly pollMs: number;
  readonly againMs: number;
  /** Longer than reading, an exchange and writing take: a gateway that was stopped in between is taken for gone. */
  readonly leaseMs: number;
  /** For a whole exchange: name, connection, TLS, request, answer. */
  readonly exchangeMs: number;
  /** From a notice that was taken to the next one at least: what comes meanwhile is one notice. */
  readonly coalesceMs: number;
  /** After the first, second, … failure; then always the last. A fifth more or less, so that those who failed together do not come back together. */
  readonly retriesMs: readonly number[];
  /** Failing for so long, a webhook is paused. */
  readonly giveUpMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// Numbers of ours, which no rule names: for a restart of the receiver soon, for a night and a weekend seldom.
const standard: WebhookTimings = {
  pollMs: SECOND,
  againMs: 100,
  leaseMs: 30 * SECOND,
  exchangeMs: 10 * SECOND,
  coalesceMs: SECOND,
  retriesMs: [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR],
  giveUpMs: 72 * HOUR,
};
const JITTER = 0.2;

/** Under way at once, of all and of one organisation: one with a hundred receivers that hang leaves room for the others. */
const MOST = 32;
const MOST_OF_ONE = 4;
/** Numbers of the log that one reading looks through: one that was paused for months goes on in steps. */
const WINDOW = 50_000n;
/** Attempts that are kept of a webhook, by age and by number. */
const KEPT_DAYS = 30;
const KEPT_ATTEMPTS = 1000;

export interface WebhookMetrics {
  attempted(outcome: WebhookOutcome, tookMs: number): void;
  paused(reason: WebhookPauseReason): void;
}

export interface WebhookWorkerOptions {
  readonly pool: Pool;
  readonly log: ChangeLog;
  readonly cursors: CursorSealer;
  readonly grants: Pick<GrantBook, 'scopes'>;
  readonly secrets: WebhookSecrets;
  readonly targets: WebhookTargets;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics?: WebhookMetrics;
  readonly timings?: Partial<WebhookTimings>;
}

export interface WebhookWorker extends AsyncDisposable {
  /** There may be something to tell: looks at once. */
  wake(): void;
}

/** A webhook while it is leased to this gateway. */
interface Leased {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  readonly purpose: string | null;
  readonly url: string;
  readonly topic: Topic;
  readonly filter: unknown;
  /** Hexadecimal. */
  readonly secret: string;
  readonly formerSecret: string | null;
  readonly position: string;
  readonly failures: number;
  readonly failingSince: string | null;
  /** Another one when the webhook was asked meanwhile to try at once. */
  readonly nextAttemptAt: string;
  /** What is written is for this lease: each later one of the webhook ends later. */
  readonly leasedUntil: string;
}

// Each organisation's first before anybody's second. The rows that are locked are found by their ids alone, whatever the planner thinks of how
// many are due: joined with them it once compared each with each, 0.4 s for 2 000, now 12 ms. Their conditions are asked again: another
// gateway may have leased them since.
const canBeLeased = `webhook.state = 'ACTIVE'
     and webhook.next_attempt_at <= now()
     and (webhook.leased_until is null or webhook.leased_until <= now())`;
const lease = statement(
  'gateway.webhook.lease',
  `with due as (
     select webhook.id, webhook.organisation, webhook.next_attempt_at, row_number() over (partition by webhook.organisation order by webhook.next_attempt_at, webhook.id) as turn
     from gateway.webhook
     where ${canBeLeased}
       and split_part(webhook.position, ' ', 1)::bigint <> $1
   ), first as (
     select due.id
     from due
     left join unnest($2::text[], $3::int[]) as busy(organisation, count) on busy.organisation = due.organisation
     where due.turn + coalesce(busy.count, 0) <= $4
     order by due.turn, due.next_attempt_at, due.id
     limit $5
   ), chosen as (
     select webhook.id
     from gateway.webhook
     where webhook.id = any(array(select first.id from first))
       and ${canBeLeased}
     for update skip locked
   )
   update gateway.webhook
   set leased_until = now() + $6::int * interval '1 millisecond'
   from chosen
   where webhook.id = chosen.id
   returning webhook.id, webhook.organisation, webhook.role, webhook.purpose, webhook.url, webhook.topic, webhook.filter, webhook.secret,
     case when webhook.former_secret_until > now() then webhook.former_secret end as "formerSecret",
     webhook.position, webhook.failures, webhook.failing_since as "failingSince", webhook.next_attempt_at as "nextAttemptAt", webhook.leased_until as "leasedUntil"`,
);

const isOurs = 'webhook.id = $1 and webhook.leased_until = $2::timestamptz';
// A webhook that was asked meanwhile to try at once tries at once.
const next = (wait: string): string => `next_attempt_at = case when webhook.next_attempt_at = $3::timestamptz then ${wait} else webhook.next_attempt_at end`;
const record = 'insert into gateway.webhook_delivery (id, webhook, at, status, outcome, attempt, body, took_ms)';

// Nothing was told that would have to be told again.
const advance = statement(
  'gateway.webhook.advance',
  `update gateway.webhook
   set position = $4, failures = 0, failing_since = null, leased_until = null, ${next("now() + $5::int * interval '1 millisecond'")}
   where ${isOurs}`,
);
const delivered = statement(
  'gateway.webhook.delivered',
  `with settled as (
     update gateway.webhook
     set position = $4, failures = 0, failing_since = null, leased_until = null, ${next("now() + $5::int * interval '1 millisecond'")}
     where ${isOurs}
     returning webhook.id
   )
   ${record}
   select $6::uuid, settled.id, $7::timestamptz, $8::int, $9, $10::int, $11::jsonb, $12::int
   from settled`,
);
// The last attempt is made when the time is over, and not long before.
const failed = statement(
  'gateway.webhook.failed',
  `with settled as (
     update gateway.webhook
     set failures = webhook.failures + 1,
         failing_since = coalesce(webhook.failing_since, $4::timestamptz),
         leased_until = null,
         state = case when $14::text is not null or coalesce(webhook.failing_since, $4::timestamptz) + $13::bigint * interval '1 millisecond' <= now() then 'PAUSED' else webhook.state end,
         state_reason = case
           when webhook.state = 'PAUSED' then webhook.state_reason
           when $14::text is not null then $14
           when coalesce(webhook.failing_since, $4::timestamptz) + $13::bigint * interval '1 millisecond' <= now() then 'FAILING'
         end,
         ${next("least(now() + $5::int * interval '1 millisecond', greatest(now(), coalesce(webhook.failing_since, $4::timestamptz) + $13::bigint * interval '1 millisecond'))")}
     where ${isOurs}
     returning webhook.id, webhook.state_reason
   ), recorded as (
     ${record}
     select $6::uuid, settled.id, $7::timestamptz, $8::int, $9, $10::int, $11::jsonb, $12::int
     from settled
   )
   select settled.state_reason as "stateReason"
   from settled`,
);
const pause = statement(
  'gateway.webhook.pause',
  `update gateway.webhook
   set state = 'PAUSED', state_reason = $3, leased_until = null
   where ${isOurs}
     and webhook.state = 'ACTIVE'
   returning webhook.id`,
);
const release = statement('gateway.webhook.release', `update gateway.webhook set leased_until = null where ${isOurs}`);

const forget = statement(
  'gateway.webhook_delivery.forget',
  `delete from gateway.webhook_delivery delivery
   where delivery.webhook = $1
     and (delivery.at < now() - make_interval(days => $2)
          or (delivery.at, delivery.id) <= (
            select kept.at, kept.id
            from gateway.webhook_delivery kept
            where kept.webhook = $1
            order by kept.at desc, kept.id desc
            limit 1
            offset $3
          ))`,
);

export function createWebhookWorker(options: WebhookWorkerOptions): WebhookWorker {
  const { pool, log, cursors, grants, secrets, targets, logger, now, metrics } = options;
  const timings = { ...standard, ...options.timings };
  const closing = new AbortController();
  const underWay = new Map<Promise<void>, Leased>();

  /** Who reads for a webhook: its organisation in its role, for each of the grants that it has now. A token of any of them reads the page. */
  const readersOf = async ({ organisation, role, purpose }: Leased): Promise<readonly Viewer[]> => {
    if (!isRole(role)) return [];
    const scopes = await grants.scopes(organisation, role);
    const viewers = scopes.map(({ province, sector }) => createViewer({ role, organisation, province, sector, purposes: purpose === null ? [] : [purpose], purpose, tokenId: null }));
    return [...new Map(viewers.filter((viewer) => may(viewer, 'changes:follow')).map((viewer) => [viewer.grant, viewer])).values()];
  };

  /** Whether there is something to tell after a place; when not, how far that was found. */
  const lookOn = async (readers: readonly Viewer[], filter: ChangeFilter, place: Place, bounds: Bounds): Promise<{ readonly isNew: true } | { readonly isNew: false; readonly place: Place }> => {
    // Whoever reads from there is told that its place has expired, which has to be known too (P13).
    if (isExpired(place, bounds)) return { isNew: true };
    const from = comeBack(place, bounds.head);
    const upTo = bounds.head - from.seq > WINDOW ? from.seq + WINDOW : bounds.head;
    const today = shanghaiDay(now());
    let reached = from;
    try {
      for (const reader of readers) {
        const reading = await readOn(log, listenerOf(reader, filter, today), from, upTo, 1);
        if (reading.told.length > 0) return { isNew: true };
        reached = reading.place; // the same for each
      }
    } catch (error) {
      if (error instanceof Purged) return { isNew: true }; // as above, while it was read
      throw error;
    }
    return { isNew: false, place: reached };
  };

  const secretsOf = ({ id, secret, formerSecret }: Leased): readonly string[] =>
    [secret, formerSecret].flatMap((sealed) => {
      const opened = sealed === null ? null : secrets.open(id, Buffer.from(sealed, 'hex'));
      return opened === null ? [] : [opened];
    });

  const stop = async ({ id, leasedUntil }: Leased, reason: WebhookPauseReason): Promise<void> => {
    if ((await query(pool, pause, [id, leasedUntil, reason])).length > 0) metrics?.paused(reason);
  };

  const serve = async (webhook: Leased, bounds: Bounds): Promise<void> => {
    const { id, leasedUntil, nextAttemptAt, topic, position } = webhook;
    const ours = [id, leasedUntil, nextAttemptAt];
    const [reader, ...others] = await readersOf(webhook);
    if (!reader) return stop(webhook, 'GRANT_ENDED');
    const filter = filterIn(topic, webhook.filter);
    const place = placeIn(position);
    const found = await lookOn([reader, ...others], filter, place, bounds);
    if (!found.isNew) {
      // At the end of the log it is looked at again with what comes; what is under way there is one look, too.
      await query(pool, advance, [...ours, positionOf(found.place), found.place.seq < bounds.head ? 0 : timings.coalesceMs]);
      return;
    }
    const keys = secretsOf(webhook);
    if (keys.length === 0) return stop(webhook, 'SECRET');
    const notice = noticeOf(id, topic, sealPlace(cursors, cursorScope(reader, filter), place), webhook.failingSince ?? now().toISOString());
    const deadline = AbortSignal.any([closing.signal, AbortSignal.timeout(timings.exchangeMs)]);
    const exchanged = await exchange(targets, webhook.url, headersOf(notice, keys, now()), notice.body, deadline);
    // This gateway goes, and the receiver did nothing wrong: another one tells it again.
    if (closing.signal.aborted && exchanged.outcome === 'TIMED_OUT') return void (await query(pool, release, [id, leasedUntil]));
    await settle(webhook, notice, exchanged, bounds);
  };

  const settle = async ({ id, leasedUntil, nextAttemptAt, failures }: Leased, { body }: Notice, { outcome, status, tookMs }: Exchanged, { head }: Bounds): Promise<void> => {
    metrics?.attempted(outcome, tookMs);
    const ours = [id, leasedUntil, nextAttemptAt];
    const at = now().toISOString();
    const attempt = [randomUUID(), at, status, outcome, failures + 1, body, tookMs];
    if (outcome === 'DELIVERED') await query(pool, delivered, [...ours, positionOf(atEnd(head)), timings.coalesceMs, ...attempt]);
    else {
      const { at: noticedAt } = JSON.parse(body) as { at: string }; // made above
      const wait = Math.round((timings.retriesMs[Math.min(failures, timings.retriesMs.length - 1)] ?? 0) * (1 + JITTER * (2 * Math.random() - 1)));
      const [settled] = await query<{ stateReason: WebhookPauseReason | null }>(pool, failed, [...ours, noticedAt, wait, ...attempt, timings.giveUpMs, status === 410 ? 'GONE' : null]);
      if (settled?.stateReason === 'GONE' || settled?.stateReason === 'FAILING') metrics?.paused(settled.stateReason);
    }
    await query(pool, forget, [id, KEPT_DAYS, KEPT_ATTEMPTS]);
  };

  const isFull = (): boolean => underWay.size >= MOST;
  const look = async (): Promise<void> => {
    if (isFull()) return; // whichever ends looks again
    const bounds = await log.bounds();
    const busy = [...Map.groupBy(underWay.values(), ({ organisation }) => organisation)];
    const leased = await query<Leased>(pool, lease, [String(bounds.head), busy.map(([organisation]) => organisation), busy.map(([, those]) => those.length), MOST_OF_ONE, MOST - underWay.size, timings.leaseMs]);
    for (const webhook of leased) {
      const serving = serve(webhook, bounds)
        .catch((error: unknown) => logger.warn({ err: error, webhook: webhook.id }, 'a webhook could not be served; it is tried again when its lease is over'))
        .finally(() => {
          underWay.delete(serving);
          wake();
        });
      underWay.set(serving, webhook);
    }
    if (leased.length > 0) isWanted = true; // there may be more
  };

  let looking: Promise<void> | null = null;
  let isWanted = false;
  let isDown = false;
  let again: NodeJS.Timeout | undefined;
  const wake = (): void => {
    if (closing.signal.aborted) return;
    isWanted = true;
    if (looking || again) return;
    isWanted = false;
    looking = look()
      .then(
        () => {
          isDown = false;
        },
        (error: unknown) => {
          if (!isDown) logger.warn({ err: error }, 'webhooks cannot be looked for; it is tried again each second');
          isDown = true;
        },
      )
      .finally(() => {
        looking = null;
        // A busy log wakes many times a second.
        again = setTimeout(() => {
          again = undefined;
          if (isWanted) wake();
        }, timings.againMs).unref();
      });
  };
  const poll = setInterval(wake, timings.pollMs).unref();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      closing.abort();
      await looking;
      clearTimeout(again);
      await Promise.all(underWay.keys());
    },
  };
}
