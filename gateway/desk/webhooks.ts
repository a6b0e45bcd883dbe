import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { Viewer } from '#policy/viewer.ts';
import { positionOf } from '../live/notice.ts';
import type { Topic } from '../live/log.ts';
import type { Place } from '../live/place.ts';
import { callBy, once, type Once, TooMany, unlessTooMany, type Work } from './idempotency.ts';
import { isId, olderThan, owner } from './rows.ts';

export interface WebhookRow {
  readonly id: string;
  readonly url: string;
  readonly topic: string;
  /** As it was asked for. */
  readonly filter: unknown;
  readonly state: string;
  readonly stateReason: string | null;
  readonly position: string;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly nextAttemptAt: Date;
  readonly createdAt: Date;
}

export interface DeliveryRow {
  readonly id: string;
  readonly webhookId: string;
  readonly at: Date;
  readonly status: number | null;
  readonly outcome: string;
  readonly attempt: number;
  /** As it was sent. */
  readonly body: unknown;
  readonly tookMs: number | null;
}

/** A webhook, and its secret, sealed, as it was then. */
export type Keyed = { readonly id: string; readonly secret: Uint8Array };

export interface NewWebhook extends Keyed {
  readonly url: string;
  readonly topic: Topic;
  readonly filter: object;
  readonly place: Place;
}

/** Webhooks belong to an organisation in one of its roles. */
export interface Webhooks {
  find(viewer: Viewer, id: string): Promise<WebhookRow | null>;
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<WebhookRow>>;
  count(viewer: Viewer): Promise<number>;
  /** What was sent to a webhook that the viewer was given. */
  pageDeliveries(webhook: WebhookRow, first: number, after: readonly string[] | null): Promise<Page<DeliveryRow>>;
  countDeliveries(webhook: WebhookRow): Promise<number>;
  /** Of the first call with the key. */
  create(viewer: Viewer, input: { readonly idempotencyKey: string }, made: NewWebhook): Promise<Once<Keyed> | 'TOO_MANY'>;
  pause(viewer: Viewer, input: ChangeInput): Promise<Once<string>>;
  resume(viewer: Viewer, input: ChangeInput): Promise<Once<string> | 'TOO_MANY'>;
  rotate(viewer: Viewer, input: ChangeInput, secret: Uint8Array): Promise<Once<Keyed>>;
  /** Not one that was paused on request. */
  redeliver(viewer: Viewer, input: ChangeInput): Promise<Once<string> | 'TOO_MANY'>;
}

/** A change of a webhook that is the viewer's. */
export interface ChangeInput {
  readonly idempotencyKey: string;
  readonly id: string;
}

/** What one organisation may have in one role that are not paused: more are one receiver that sorts. */
export const MOST_ACTIVE = 100;
const FORMER_SIGNS_HOURS = 24;

export function createWebhooks(prisma: PrismaClient, now: () => Date): Webhooks {
  const call = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }) => callBy(viewer, mutation, input, now());
  const shown = { id: true, url: true, topic: true, filter: true, state: true, stateReason: true, position: true, failures: true, failingSince: true, nextAttemptAt: true, createdAt: true } as const;
  // Kept under the key as it is in the row: who repeats the call is shown the first secret, also when there is another by then.
  const keep = ({ id, secret }: Keyed): Prisma.InputJsonObject => ({ id, secret: Buffer.from(secret).toString('base64') });
  const kept = (answer: Once<Prisma.InputJsonObject>): Once<Keyed> => (answer.outcome === 'conflict' ? answer : { outcome: 'done', result: { id: answer.result['id'] as string, secret: Buffer.from(answer.result['secret'] as string, 'base64') } });
  const checkNumber = async (transaction: Work, viewer: Viewer): Promise<void> => {
    if ((await transaction.webhook.count({ where: { ...owner(viewer), state: 'ACTIVE' }, take: MOST_ACTIVE + 1 })) > MOST_ACTIVE) throw new TooMany();
  };
  const changed = (viewer: Viewer, mutation: string, input: ChangeInput, change: (transaction: Work) => Promise<unknown>): Promise<Once<string>> =>
    once(prisma, call(viewer, mutation, input), async (transaction) => {
      await change(transaction);
      return input.id;
    });

  return {
    find: (viewer, id) => (isId(id) ? prisma.webhook.findFirst({ where: { id, ...owner(viewer) }, select: shown }) : Promise.resolve(null)),

    async page(viewer, first, after) {
      return pageOf(await prisma.webhook.findMany({ where: { ...owner(viewer), ...olderThan(after, 'createdAt') }, select: shown, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: first + 1 }), first);
    },

    count: (viewer) => prisma.webhook.count({ where: owner(viewer), take: COUNT_LIMIT + 1 }),

    async pageDeliveries({ id }, first, after) {
      return pageOf(await prisma.webhookDelivery.findMany({ where: { webhookId: id, ...olderThan(after, 'at') }, orderBy: [{ at: 'desc' }, { id: 'desc' }], take: first + 1 }), first);
    },

    countDeliveries: ({ id }) => prisma.webhookDelivery.count({ where: { webhookId: id }, take: COUNT_LIMIT + 1 }),

    create: (viewer, input, { id, secret, url, topic, filter, place }) =>
      unlessTooMany(
        once(prisma, call(viewer, 'createWebhook', input), async (transaction) => {
          const row = { id, ...owner(viewer), purpose: viewer.purpose, url, topic, filter: { ...filter } as Prisma.InputJsonObject, secret: new Uint8Array(secret), position: positionOf(place), nextAttemptAt: now(), createdAt: now() };
          await transaction.webhook.create({ data: row });
          await checkNumber(transaction, viewer);
          return keep({ id, secret });
        }).then(kept),
      ),

    pause: (viewer, input) =>
      changed(viewer, 'pauseWebhook', input, (transaction) => transaction.webhook.update({ where: { id: input.id }, data: { state: 'PAUSED', stateReason: 'REQUESTED' } })),

    // Attempts are due by the database's clock, as the gateways that make them go by it.
    resume: (viewer, input) =>
      unlessTooMany(
        changed(viewer, 'resumeWebhook', input, async (transaction) => {
          await transaction.$executeRaw`
            update gateway.webhook
            set state = 'ACTIVE', state_reason = null, failures = 0, failing_since = null, next_attempt_at = now()
            where id = ${input.id}::uuid
              and state = 'PAUSED'`;
          await checkNumber(transaction, viewer);
        }),
      ),

    async rotate(viewer, input, secret) {
      return kept(
        await once(prisma, call(viewer, 'rotateWebhookSecret', input), async (transaction) => {
          await transaction.$executeRaw`
            update gateway.webhook
            set former_secret = secret, former_secret_until = now() + make_interval(hours => ${FORMER_SIGNS_HOURS}::int), secret = ${new Uint8Array(secret)}
            where id = ${input.id}::uuid`;
          return keep({ id: input.id, secret });
        }),
      );
    },

    redeliver: (viewer, input) =>
      unlessTooMany(
        changed(viewer, 'redeliverWebhook', input, async (transaction) => {
          await transaction.$executeRaw`
            update gateway.webhook
            set failures = case state when 'PAUSED' then 0 else failures end,
                failing_since = case state when 'PAUSED' then null else failing_since end,
                state = 'ACTIVE',
                state_reason = null,
                next_attempt_at = now()
            where id = ${input.id}::uuid
              and state_reason is distinct from 'REQUESTED'`;
          await checkNumber(transaction, viewer);
        }),
      ),
  };
}
