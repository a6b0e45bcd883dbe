import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import type { StreamPosition } from '#gateway/changes/position.ts';
import type { WebhookOutcome } from './exchange.ts';
import { storedPosition } from './notice.ts';
import type { WebhookPauseReason } from './resolvers.generated.ts';

// Leases of webhooks, and what is written under a lease. Nothing is written once another gateway has the lease: each
// statement names the lease that it is for.
//
// Times of leases and attempts are by the database's clock, because those of gateways differ.

/** Attempts that are kept for a webhook, by age and by number. */
const KEPT_DAYS = 30;
const KEPT_ATTEMPTS = 1000;

/** A webhook while it is leased to this gateway. */
export interface LeasedWebhook {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  readonly purpose: string | null;
  readonly url: string;
  readonly topic: string;
  readonly filter: unknown;
  /** Hexadecimal. */
  readonly secret: string;
  readonly formerSecret: string | null;
  readonly position: string;
  readonly failures: number;
  readonly failingSince: string | null;
  /** Differs when an immediate attempt was requested meanwhile. */
  readonly nextAttemptAt: string;
  /** Results are written for this lease: each later one of the webhook ends later. */
  readonly leasedUntil: string;
}

// The first webhook of each organisation comes before the second of any. The rows to lock are found by their ids alone,
// whatever the planner's estimate of due rows: a join with them once compared every pair, 0.4 s for 2 000, now 12 ms.
// Their conditions are checked again, because another gateway may have leased them since.
const canBeLeased = `webhook.state = 'ACTIVE'
     and webhook.next_attempt_at <= now()
     and (webhook.leased_until is null or webhook.leased_until <= now())`;
const lease = statement(
  'gateway.webhook.lease',
  `with due as (
     select webhook.id, webhook.organisation, webhook.next_attempt_at,
       row_number() over (
         partition by webhook.organisation
         order by webhook.next_attempt_at, webhook.id
       ) as turn
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
   returning webhook.id, webhook.organisation, webhook.role, webhook.purpose, webhook.url, webhook.topic,
     webhook.filter, webhook.secret,
     case when webhook.former_secret_until > now() then webhook.former_secret end as "formerSecret",
     webhook.position, webhook.failures, webhook.failing_since as "failingSince",
     webhook.next_attempt_at as "nextAttemptAt", webhook.leased_until as "leasedUntil"`,
);

const isOurs = 'webhook.id = $1 and webhook.leased_until = $2::timestamptz';
// An immediate attempt that was requested meanwhile is made at once.
const next = (wait: string): string =>
  `next_attempt_at = case when webhook.next_attempt_at = $3::timestamptz then ${wait} else webhook.next_attempt_at end`;
const record = 'insert into gateway.webhook_delivery (id, webhook, at, status, outcome, attempt, body, took_ms)';

// Nothing was announced that would have to be announced again.
const advance = statement(
  'gateway.webhook.advance',
  `update gateway.webhook
   set position = $4, failures = 0, failing_since = null, leased_until = null,
       ${next("now() + $5::int * interval '1 millisecond'")}
   where ${isOurs}`,
);
const delivered = statement(
  'gateway.webhook.delivered',
  `with settled as (
     update gateway.webhook
     set position = $4, failures = 0, failing_since = null, leased_until = null,
         ${next("now() + $5::int * interval '1 millisecond'")}
     where ${isOurs}
     returning webhook.id
   )
   ${record}
   select $6::uuid, settled.id, $7::timestamptz, $8::int, $9, $10::int, $11::jsonb, $12::int
   from settled`,
);
const givenUpAt = "coalesce(webhook.failing_since, $4::timestamptz) + $13::bigint * interval '1 millisecond'";
// The last attempt is made when the time is over, and not long before.
const failed = statement(
  'gateway.webhook.failed',
  `with settled as (
     update gateway.webhook
     set failures = webhook.failures + 1,
         failing_since = coalesce(webhook.failing_since, $4::timestamptz),
         leased_until = null,
         state = case
           when $14::text is not null or ${givenUpAt} <= now() then 'PAUSED'
           else webhook.state
         end,
         state_reason = case
           when webhook.state = 'PAUSED' then webhook.state_reason
           when $14::text is not null then $14
           when ${givenUpAt} <= now() then 'FAILING'
         end,
         ${next(`least(now() + $5::int * interval '1 millisecond', greatest(now(), ${givenUpAt}))`)}
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

/** How many webhooks may be leased, of all and of one organisation. */
export interface LeaseLimits {
  /** The head of the log: a webhook whose position it is has nothing to announce. */
  readonly head: bigint;
  /** How many webhooks of each organisation this gateway serves now. */
  readonly busy: ReadonlyMap<string, number>;
  readonly maxPerOrganisation: number;
  readonly limit: number;
  readonly leaseMs: number;
}

/** Leases due webhooks, in turns between the organisations. */
export const takeLeases = (
  pool: Pool,
  { head, busy, maxPerOrganisation, limit, leaseMs }: LeaseLimits,
): Promise<LeasedWebhook[]> =>
  query<LeasedWebhook>(pool, lease, [
    String(head),
    [...busy.keys()],
    [...busy.values()],
    maxPerOrganisation,
    limit,
    leaseMs,
  ]);

/** Ends a lease that had no result: another gateway may begin at once. */
export async function releaseLease(pool: Pool, { id, leasedUntil }: LeasedWebhook): Promise<void> {
  await query(pool, release, [id, leasedUntil]);
}

/**
 * There was nothing to announce up to a position. It ends the lease.
 * @param waitMs before it is looked at again
 */
export async function advanceTo(
  pool: Pool,
  webhook: LeasedWebhook,
  position: StreamPosition,
  waitMs: number,
): Promise<void> {
  await query(pool, advance, [...leaseOf(webhook), storedPosition(position), waitMs]);
}

/** One attempt to deliver a notice, as it is recorded. */
export interface Attempt {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  /** The HTTP status; null where there was no response. */
  readonly status: number | null;
  readonly outcome: WebhookOutcome;
  /** 1 for the first. */
  readonly number: number;
  /** As it was sent. */
  readonly body: string;
  readonly tookMs: number;
}

/**
 * The receiver has the notice. It ends the lease.
 * @param position what is after it is announced next
 * @param waitMs before the next notice
 */
export async function recordDelivered(
  pool: Pool,
  webhook: LeasedWebhook,
  attempt: Attempt,
  position: StreamPosition,
  waitMs: number,
): Promise<void> {
  await query(pool, delivered, [...leaseOf(webhook), storedPosition(position), waitMs, ...valuesOf(attempt)]);
}

export interface Failure {
  /** When the notice was made (ISO 8601), from which on the webhook fails. */
  readonly noticedAt: string;
  /** Before the next attempt. */
  readonly waitMs: number;
  /** After failing for so long, the webhook is paused. */
  readonly giveUpMs: number;
  /** Why the webhook is paused at once; null: it is not. */
  readonly pauseReason: WebhookPauseReason | null;
}

/**
 * The receiver does not have the notice. It ends the lease.
 * @returns why the webhook is paused; null where it is not, or where another gateway has the lease
 */
export async function recordFailed(
  pool: Pool,
  webhook: LeasedWebhook,
  attempt: Attempt,
  { noticedAt, waitMs, giveUpMs, pauseReason }: Failure,
): Promise<WebhookPauseReason | null> {
  const [settled] = await query<{ stateReason: WebhookPauseReason | null }>(pool, failed, [
    ...leaseOf(webhook),
    noticedAt,
    waitMs,
    ...valuesOf(attempt),
    giveUpMs,
    pauseReason,
  ]);
  return settled?.stateReason ?? null;
}

/** Pauses a webhook and ends the lease. False: it was paused before, or another gateway has the lease. */
export const pauseLeased = async (
  pool: Pool,
  { id, leasedUntil }: LeasedWebhook,
  reason: WebhookPauseReason,
): Promise<boolean> => (await query(pool, pause, [id, leasedUntil, reason])).length > 0;

/** Deletes the attempts of a webhook that are no longer kept. */
export async function forgetAttempts(pool: Pool, { id }: LeasedWebhook): Promise<void> {
  await query(pool, forget, [id, KEPT_DAYS, KEPT_ATTEMPTS]);
}

/** The first three parameters of the statements that settle a lease. */
const leaseOf = ({ id, leasedUntil, nextAttemptAt }: LeasedWebhook) => [id, leasedUntil, nextAttemptAt] as const;

/** The parameters of `record`. */
const valuesOf = ({ id, at, status, outcome, number, body, tookMs }: Attempt) =>
  [id, at, status, outcome, number, body, tookMs] as const;
