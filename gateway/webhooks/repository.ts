import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { Viewer } from '#policy/viewer.ts';
import { storedPosition } from './notice.ts';
import type { StreamPosition } from '#gateway/changes/position.ts';
import {
  callBy,
  once,
  type Once,
  TooMany,
  unlessTooMany,
  withLast,
  type MutationTransaction,
} from '#gateway/database/idempotency.ts';
import { isId, olderThan, owner } from '#gateway/database/rows.ts';

export interface WebhookRow {
  readonly id: string;
  readonly url: string;
  readonly topic: string;
  /** As the client sent it. */
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

/** A webhook, and its sealed secret at that time. */
export type Keyed = { readonly id: string; readonly secret: Uint8Array };

export interface NewWebhook extends Keyed {
  readonly url: string;
  readonly topic: string;
  readonly filter: object;
  readonly position: StreamPosition;
}

/** Webhooks belong to an organisation in one of its roles. */
export interface WebhookReads {
  find(viewer: Viewer, id: string): Promise<WebhookRow | null>;
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<WebhookRow>>;
  count(viewer: Viewer): Promise<number>;
  /** The attempts for a webhook that the viewer can see. */
  pageDeliveries(webhook: WebhookRow, first: number, after: readonly string[] | null): Promise<Page<DeliveryRow>>;
  countDeliveries(webhook: WebhookRow): Promise<number>;
}

/** Each is done once for an idempotency key; `TOO_MANY`: the organisation would have more than `MAX_ACTIVE`. */
export interface WebhookChanges {
  /** From the first call with the key. */
  create(
    viewer: Viewer,
    input: { readonly idempotencyKey: string },
    made: NewWebhook,
  ): Promise<Once<Keyed> | 'TOO_MANY'>;
  pause(viewer: Viewer, input: ChangeInput): Promise<Once<string>>;
  resume(viewer: Viewer, input: ChangeInput): Promise<Once<string> | 'TOO_MANY'>;
  rotate(viewer: Viewer, input: ChangeInput, secret: Uint8Array): Promise<Once<Keyed>>;
  /** Not for a webhook that was paused on request. */
  redeliver(viewer: Viewer, input: ChangeInput): Promise<Once<string> | 'TOO_MANY'>;
}

export interface Webhooks extends WebhookReads, WebhookChanges {}

/** A change of one of the viewer's webhooks. */
export interface ChangeInput {
  readonly idempotencyKey: string;
  readonly id: string;
}

/**
 * The maximum of webhooks that are not paused, of one organisation in one role: more than this should be one receiver
 * that sorts.
 */
export const MAX_ACTIVE = 100;
const FORMER_SIGNS_HOURS = 24;

export const createWebhooks = (prisma: PrismaClient, now: () => Date): Webhooks => ({
  ...webhookReads(prisma),
  ...webhookChanges(prisma, now),
});

const displayed = {
  id: true,
  url: true,
  topic: true,
  filter: true,
  state: true,
  stateReason: true,
  position: true,
  failures: true,
  failingSince: true,
  nextAttemptAt: true,
  createdAt: true,
} as const;

const webhookReads = (prisma: PrismaClient): WebhookReads => ({
  find: (viewer, id) =>
    isId(id) ? prisma.webhook.findFirst({ where: { id, ...owner(viewer) }, select: displayed }) : Promise.resolve(null),

  async page(viewer, first, after) {
    return pageOf(
      await prisma.webhook.findMany({
        where: { ...owner(viewer), ...olderThan(after, 'createdAt') },
        select: displayed,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: first + 1,
      }),
      first,
    );
  },

  count: (viewer) => prisma.webhook.count({ where: owner(viewer), take: COUNT_LIMIT + 1 }),

  async pageDeliveries({ id }, first, after) {
    return pageOf(
      await prisma.webhookDelivery.findMany({
        where: { webhookId: id, ...olderThan(after, 'at') },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: first + 1,
      }),
      first,
    );
  },

  countDeliveries: ({ id }) => prisma.webhookDelivery.count({ where: { webhookId: id }, take: COUNT_LIMIT + 1 }),
});

function webhookChanges(prisma: PrismaClient, now: () => Date): WebhookChanges {
  /** Runs a mutation once for its key. */
  const onceFor = <Result extends Prisma.InputJsonValue>(
    viewer: Viewer,
    mutation: string,
    input: { readonly idempotencyKey: string },
    work: (transaction: MutationTransaction) => Promise<Result>,
  ): Promise<Once<Result>> => once(prisma, callBy(viewer, mutation, input, now()), work);
  const changeOnce = (
    viewer: Viewer,
    mutation: string,
    input: ChangeInput,
    change: (transaction: MutationTransaction) => Promise<unknown>,
  ): Promise<Once<string>> =>
    onceFor(viewer, mutation, input, async (transaction) => {
      await change(transaction);
      return input.id;
    });

  return {
    create: (viewer, input, made) =>
      unlessTooMany(
        onceFor(viewer, 'createWebhook', withLast(input, 'after'), async (transaction) => {
          await transaction.webhook.create({ data: newRow(viewer, made, now()) });
          await checkNumber(transaction, viewer);
          return storedKey(made);
        }).then(keyedIn),
      ),

    pause: (viewer, input) =>
      changeOnce(viewer, 'pauseWebhook', input, (transaction) =>
        transaction.webhook.update({ where: { id: input.id }, data: { state: 'PAUSED', stateReason: 'REQUESTED' } }),
      ),

    resume: (viewer, input) =>
      unlessTooMany(
        changeOnce(viewer, 'resumeWebhook', input, async (transaction) => {
          await resume(transaction, input.id);
          await checkNumber(transaction, viewer);
        }),
      ),

    rotate: async (viewer, input, secret) =>
      keyedIn(
        await onceFor(viewer, 'rotateWebhookSecret', input, async (transaction) => {
          await rotate(transaction, input.id, secret);
          return storedKey({ id: input.id, secret });
        }),
      ),

    redeliver: (viewer, input) =>
      unlessTooMany(
        changeOnce(viewer, 'redeliverWebhook', input, async (transaction) => {
          await redeliver(transaction, input.id);
          await checkNumber(transaction, viewer);
        }),
      ),
  };
}

/** @throws TooMany, which rolls the change back */
async function checkNumber(transaction: MutationTransaction, viewer: Viewer): Promise<void> {
  const active = await transaction.webhook.count({
    where: { ...owner(viewer), state: 'ACTIVE' },
    take: MAX_ACTIVE + 1,
  });
  if (active > MAX_ACTIVE) throw new TooMany();
}

const newRow = (viewer: Viewer, { id, secret, url, topic, filter, position }: NewWebhook, at: Date) => ({
  id,
  ...owner(viewer),
  purpose: viewer.purpose,
  url,
  topic,
  filter: { ...filter } as Prisma.InputJsonObject,
  secret: new Uint8Array(secret),
  position: storedPosition(position),
  nextAttemptAt: at,
  createdAt: at,
});

// Attempts are due by the database's clock, which all gateways use.

const resume = (transaction: MutationTransaction, id: string) => transaction.$executeRaw`
  update gateway.webhook
  set state = 'ACTIVE', state_reason = null, failures = 0, failing_since = null, next_attempt_at = now()
  where id = ${id}::uuid
    and state = 'PAUSED'`;

const redeliver = (transaction: MutationTransaction, id: string) => transaction.$executeRaw`
  update gateway.webhook
  set failures = case state when 'PAUSED' then 0 else failures end,
      failing_since = case state when 'PAUSED' then null else failing_since end,
      state = 'ACTIVE',
      state_reason = null,
      next_attempt_at = now()
  where id = ${id}::uuid
    and state_reason is distinct from 'REQUESTED'`;

const rotate = (transaction: MutationTransaction, id: string, secret: Uint8Array) => transaction.$executeRaw`
  update gateway.webhook
  set former_secret = secret,
      former_secret_until = now() + make_interval(hours => ${FORMER_SIGNS_HOURS}::int),
      secret = ${new Uint8Array(secret)}
  where id = ${id}::uuid`;

/**
 * A sealed secret as the answer that is stored under the key: a repeated call returns the first secret, also when there
 * is another by then.
 */
const storedKey = ({ id, secret }: Keyed) => ({ id, secret: Buffer.from(secret).toString('base64') });

const keyedIn = (answer: Once<ReturnType<typeof storedKey>>): Once<Keyed> =>
  answer.outcome === 'conflict'
    ? answer
    : {
        outcome: 'done',
        result: { id: answer.result.id, secret: Buffer.from(answer.result.secret, 'base64') },
      };
