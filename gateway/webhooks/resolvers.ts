import { randomUUID } from 'node:crypto';
import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError, notFound } from '#kit/errors.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { readFilter, storedFilter } from '#gateway/changes/filter.ts';
import { topicFields, topicIn, type Topics } from '#gateway/changes/topics.ts';
import type { ChangeLog } from '#gateway/feed/log.ts';
import { noticeIdOf, parsePosition } from './notice.ts';
import {
  atHead,
  earliest,
  cursorScope,
  expired,
  isExpired,
  openPosition,
  sealPosition,
} from '#gateway/changes/position.ts';
import { newSecret, type WebhookSecrets } from './secrets.ts';
import type { WebhookTargets } from './targets.ts';
import { conflict, forbidden, invalid, type InvalidInput } from '#kit/refusals.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import type {
  CreateWebhookInput,
  MutationCreateWebhookArgs,
  MutationPauseWebhookArgs,
  MutationRedeliverWebhookArgs,
  MutationResumeWebhookArgs,
  MutationRotateWebhookSecretArgs,
  QueryWebhookDeliveriesArgs,
  Resolvers,
  ResolversParentTypes,
  ViewerWebhooksArgs,
  WebhookOutcome,
  WebhookPauseReason,
  WebhookState,
  WebhookTopic,
} from './resolvers.generated.ts';
import {
  type ChangeInput,
  type DeliveryRow,
  type Keyed,
  MAX_ACTIVE,
  type NewWebhook,
  type WebhookRow,
  type Webhooks,
} from './repository.ts';

export interface WebhookParts {
  readonly topics: Topics;
  readonly webhooks: Webhooks;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
  readonly changeLog: Pick<ChangeLog, 'bounds'>;
  readonly cursors: CursorSealer;
  readonly secrets: WebhookSecrets;
  readonly targets: WebhookTargets;
  /** Called when a webhook may have something to announce at once. */
  readonly wakeWebhooks: () => void;
}

interface Caller {
  readonly viewer: Viewer;
}

export function createWebhookResolvers(parts: WebhookParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const { webhooks } = parts;
  return {
    Query: {
      webhookDeliveries: (_: unknown, args: QueryWebhookDeliveriesArgs, { viewer }: Caller) =>
        pageOfDeliveries(parts, viewer, args),
    },
    Viewer: {
      webhooks: (viewer: Viewer, args: ViewerWebhooksArgs) => pageOfWebhooks(parts, viewer, args),
    },
    Mutation: {
      createWebhook: (_: unknown, { input }: MutationCreateWebhookArgs, { viewer }: Caller) =>
        createWebhook(parts, viewer, input),
      pauseWebhook: (_: unknown, { input }: MutationPauseWebhookArgs, { viewer }: Caller) =>
        changeWebhook(parts, viewer, input, () => webhooks.pause(viewer, input)),
      resumeWebhook: (_: unknown, { input }: MutationResumeWebhookArgs, { viewer }: Caller) =>
        changeWebhook(parts, viewer, input, () => webhooks.resume(viewer, input)),
      rotateWebhookSecret: (_: unknown, { input }: MutationRotateWebhookSecretArgs, { viewer }: Caller) =>
        rotateSecret(parts, viewer, input),
      redeliverWebhook: (_: unknown, { input }: MutationRedeliverWebhookArgs, { viewer }: Caller) =>
        changeWebhook(parts, viewer, input, ({ stateReason }) =>
          stateReason === 'REQUESTED'
            ? invalid('PAUSED', 'The webhook was paused by `pauseWebhook`: resume it, then what is new is sent.', [
                'input',
                'id',
              ])
            : webhooks.redeliver(viewer, input),
        ),
    },
    Webhook: webhookFields(parts),
    WebhookConnection: connectionFields<WebhookRow>(),
    WebhookEdge: edgeFields<WebhookRow>(),
    WebhookDelivery: deliveryFields,
    WebhookDeliveryConnection: connectionFields<DeliveryRow>(),
    WebhookDeliveryEdge: edgeFields<DeliveryRow>(),
  };
}

// --- pages --------------------------------------------------------------------------------------------------------

async function pageOfWebhooks(
  { webhooks, cursors }: WebhookParts,
  viewer: Viewer,
  { first, after }: ViewerWebhooksArgs,
): Promise<Connection<WebhookRow>> {
  const pager = cursors.pager('Viewer.webhooks', [viewer.organisation, viewer.role], null);
  return {
    page: await webhooks.page(viewer, checkFirst(first), pager.position(after)),
    cursorOf: ({ createdAt, id }) => pager.cursorOf(createdAt.toISOString(), id),
    count: () => webhooks.count(viewer),
  };
}

/** @throws NOT_FOUND for a webhook of others */
async function pageOfDeliveries(
  { webhooks, cursors }: WebhookParts,
  viewer: Viewer,
  { id, first, after }: QueryWebhookDeliveriesArgs,
): Promise<Connection<DeliveryRow>> {
  const pager = cursors.pager('Query.webhookDeliveries', [id], null);
  const webhook = await webhooks.find(viewer, id);
  if (!webhook) throw notFound('This webhook');
  return {
    page: await webhooks.pageDeliveries(webhook, checkFirst(first), pager.position(after)),
    cursorOf: ({ at, id: delivery }) => pager.cursorOf(at.toISOString(), delivery),
    count: () => webhooks.countDeliveries(webhook),
  };
}

// --- mutations ----------------------------------------------------------------------------------------------------

async function createWebhook(parts: WebhookParts, viewer: Viewer, input: CreateWebhookInput) {
  const { webhooks, secrets, wakeWebhooks } = parts;
  if (!may(viewer, 'changes:follow')) throw forbidden();
  const checked = await checkNew(parts, viewer, input);
  if ('__typename' in checked) return checked;
  const id = randomUUID();
  const answer = await webhooks.create(viewer, input, {
    id,
    secret: secrets.seal(id, newSecret()),
    url: input.url,
    ...checked,
  });
  if (answer === 'TOO_MANY') return tooMany();
  if (answer.outcome === 'conflict') return conflict();
  wakeWebhooks();
  return { __typename: 'WebhookCreated' as const, ...(await withSecret(parts, viewer, answer.result)) };
}

/**
 * What a new webhook follows, and from where on.
 * @returns a refusal where the caller can correct the input
 * @throws PURPOSE_REQUIRED, BAD_USER_INPUT for the filter, BAD_CURSOR, CURSOR_EXPIRED
 */
async function checkNew(
  { topics, ownsWatchlist, changeLog: log, cursors, targets }: WebhookParts,
  viewer: Viewer,
  input: CreateWebhookInput,
): Promise<Pick<NewWebhook, 'topic' | 'filter' | 'position'> | InvalidInput> {
  // The webhook reads for this purpose whenever something changes: without one where one is needed, nothing would
  // ever be announced.
  if (outcomeFor(viewer, 'RECORD') === 'PURPOSE')
    throw clientError(
      'PURPOSE_REQUIRED',
      'A webhook reads changes for a purpose: name one that your token allows in the header x-purpose.',
    );
  const given = topicIn(topics, input);
  if (given === null)
    return invalid('TOPIC', `A webhook is for changes of one kind: give ${topicFields(topics)}.`, ['input']);
  const problem = targets.urlProblem(input.url);
  if (problem !== null) return invalid('URL', problem, ['input', 'url']);
  const filter = readFilter(given.topic, given.filter);
  if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist)))
    return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', [
      'input',
      given.topic.field,
      'watchlist',
    ]);
  const bounds = await log.bounds();
  const scope = cursorScope(viewer, filter);
  const position =
    input.after === null || input.after === undefined ? atHead(bounds.head) : openPosition(cursors, scope, input.after);
  if (isExpired(position, bounds)) throw expired(sealPosition(cursors, scope, earliest(bounds)));
  return { topic: given.topic.name, filter: given.filter, position };
}

async function rotateSecret(parts: WebhookParts, viewer: Viewer, input: ChangeInput) {
  const { webhooks, secrets } = parts;
  if (!may(viewer, 'changes:follow')) throw forbidden();
  if (!(await webhooks.find(viewer, input.id))) return unknownWebhook();
  const answer = await webhooks.rotate(viewer, input, secrets.seal(input.id, newSecret()));
  return answer.outcome === 'conflict'
    ? conflict()
    : { __typename: 'WebhookSecretRotated' as const, ...(await withSecret(parts, viewer, answer.result)) };
}

/** @param work changes the webhook, or refuses to */
async function changeWebhook(
  { webhooks, wakeWebhooks }: WebhookParts,
  viewer: Viewer,
  input: ChangeInput,
  work: (found: WebhookRow) => Promise<Once<string> | 'TOO_MANY'> | InvalidInput,
) {
  if (!may(viewer, 'changes:follow')) throw forbidden();
  const found = await webhooks.find(viewer, input.id);
  if (!found) return unknownWebhook();
  const answer = await work(found);
  if (answer === 'TOO_MANY') return tooMany();
  if ('__typename' in answer) return answer;
  if (answer.outcome === 'conflict') return conflict();
  wakeWebhooks();
  return { __typename: 'WebhookChanged' as const, webhook: await webhooks.find(viewer, answer.result) };
}

const unknownWebhook = (): InvalidInput =>
  invalid('NOT_FOUND', 'Your organisation has no webhook with this id.', ['input', 'id']);
const tooMany = (): InvalidInput =>
  invalid(
    'TOO_MANY',
    `An organisation has at most ${MAX_ACTIVE} webhooks in a role that are not paused: ` +
      'pause one that is no longer needed.',
    ['input'],
  );

/** A webhook with its secret, which is returned once: when it is made. */
const withSecret = async ({ webhooks, secrets }: WebhookParts, viewer: Viewer, { id, secret }: Keyed) => ({
  webhook: await webhooks.find(viewer, id),
  secret: secrets.open(id, secret),
});

// --- fields -------------------------------------------------------------------------------------------------------

const webhookFields = ({ topics, cursors }: WebhookParts) => ({
  // Written only by the repository and the worker, which take the values from the schema.
  state: ({ state }: WebhookRow) => state as WebhookState,
  stateReason: ({ stateReason }: WebhookRow) => stateReason as WebhookPauseReason | null,
  topic: ({ topic }: WebhookRow) => topic as WebhookTopic,
  createdAt: ({ createdAt }: WebhookRow) => createdAt.toISOString(),
  failingSince: ({ failingSince }: WebhookRow) => failingSince?.toISOString() ?? null,
  nextAttemptAt: ({ state, failures, nextAttemptAt }: WebhookRow) =>
    state === 'ACTIVE' && failures > 0 ? nextAttemptAt.toISOString() : null,
  cursor: ({ topic, filter, position }: WebhookRow, _: unknown, { viewer }: Caller) =>
    sealPosition(cursors, cursorScope(viewer, storedFilter(topics.named(topic), filter)), parsePosition(position)),
});

const deliveryFields = {
  notice({ webhookId, body }: DeliveryRow) {
    const { cursor, at } = body as { readonly cursor: string; readonly at: string }; // what was sent
    return noticeIdOf(webhookId, cursor, at);
  },
  at: ({ at }: DeliveryRow) => at.toISOString(),
  outcome: ({ outcome }: DeliveryRow) => outcome as WebhookOutcome, // as above
};
