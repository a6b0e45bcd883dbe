import { randomUUID } from 'node:crypto';
import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError, notFound } from '#kit/errors.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { readFilter } from '../live/filter.ts';
import type { ChangeLog, Topic } from '../live/log.ts';
import { filterIn, noticeIdOf, placeIn } from '../live/notice.ts';
import { atEnd, beginning, cursorScope, expired, isExpired, openPlace, sealPlace } from '../live/place.ts';
import { newSecret, type WebhookSecrets } from '../live/webhookSecrets.ts';
import type { WebhookTargets } from '../live/webhookTargets.ts';
import { conflict, forbidden, invalid, type Named } from './answers.ts';
import type { Once } from './idempotency.ts';
import type { CreateWebhookInput, InvalidInput, MutationCreateWebhookArgs, MutationPauseWebhookArgs, MutationRedeliverWebhookArgs, MutationResumeWebhookArgs, MutationRotateWebhookSecretArgs, QueryWebhookDeliveriesArgs, ViewerWebhooksArgs, WebhookOutcome, WebhookPauseReason, WebhookState, WebhookTopic } from './resolvers.generated.ts';
import { type ChangeInput, type DeliveryRow, type Keyed, MOST_ACTIVE, type WebhookRow, type Webhooks } from './webhooks.ts';

export interface WebhookDoor {
  readonly secrets: WebhookSecrets;
  readonly targets: WebhookTargets;
  /** A webhook may have something to tell at once. */
  readonly isDue: () => void;
}

export interface WebhookParts extends WebhookDoor {
  readonly webhooks: Webhooks;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
  readonly log: Pick<ChangeLog, 'bounds'>;
  readonly cursors: CursorSealer;
}

interface Asking {
  readonly viewer: Viewer;
}

/** What of the schema is about webhooks; spread into the desk's resolvers. */
export function createWebhookResolvers({ webhooks, ownsWatchlist, log, cursors, secrets, targets, isDue }: WebhookParts) {
  const scope = ({ organisation, role }: Viewer): string => JSON.stringify(['Viewer.webhooks', organisation, role]);
  const deliveriesScope = (id: string): string => JSON.stringify(['Query.webhookDeliveries', id]);

  const unknown = () => invalid('NOT_FOUND', 'Your organisation has no webhook with this id.', ['input', 'id']);
  const tooMany = () => invalid('TOO_MANY', `An organisation has at most ${MOST_ACTIVE} webhooks in a role that are not paused: pause one that is no longer needed.`, ['input']);
  const change = async (viewer: Viewer, input: ChangeInput, work: (found: WebhookRow) => Promise<Once<string> | 'TOO_MANY'> | Named<InvalidInput>) => {
    if (!may(viewer, 'changes:follow')) throw forbidden();
    const found = await webhooks.find(viewer, input.id);
    if (!found) return unknown();
    const answer = await work(found);
    if (answer === 'TOO_MANY') return tooMany();
    if ('__typename' in answer) return answer;
    if (answer.outcome === 'conflict') return conflict();
    isDue();
    return { __typename: 'WebhookChanged' as const, webhook: await webhooks.find(viewer, answer.result) };
  };
  const shownOnce = async (viewer: Viewer, { id, secret }: Keyed) => ({ webhook: await webhooks.find(viewer, id), secret: secrets.open(id, secret) });

  return {
    Query: {
      async webhookDeliveries(_: unknown, { id, first, after }: QueryWebhookDeliveriesArgs, { viewer }: Asking): Promise<Connection<DeliveryRow>> {
        const webhook = await webhooks.find(viewer, id);
        if (!webhook) throw notFound('This webhook');
        return {
          page: await webhooks.pageDeliveries(webhook, checkFirst(first), after ? cursors.open(deliveriesScope(id), after) : null),
          cursorOf: (delivery) => cursors.seal(deliveriesScope(id), [delivery.at.toISOString(), delivery.id]),
          count: () => webhooks.countDeliveries(webhook),
        };
      },
    },
    Viewer: {
      async webhooks(viewer: Viewer, { first, after }: ViewerWebhooksArgs): Promise<Connection<WebhookRow>> {
        return {
          page: await webhooks.page(viewer, checkFirst(first), after ? cursors.open(scope(viewer), after) : null),
          cursorOf: ({ createdAt, id }) => cursors.seal(scope(viewer), [createdAt.toISOString(), id]),
          count: () => webhooks.count(viewer),
        };
      },
    },
    Mutation: {
      async createWebhook(_: unknown, { input }: MutationCreateWebhookArgs, { viewer }: Asking) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        // Read for this purpose whenever something changes: without one where one is needed, nothing would ever be told.
        if (outcomeFor(viewer, 'RECORD') === 'PURPOSE') throw clientError('PURPOSE_REQUIRED', 'A webhook reads changes for a purpose: name one that your token allows in the header x-purpose.');
        const given = topicOf(input);
        if (given === null) return invalid('TOPIC', 'A webhook is for changes of one kind: give `nameListChanges` or `evaluationChanges`.', ['input']);
        const problem = targets.urlProblem(input.url);
        if (problem !== null) return invalid('URL', problem, ['input', 'url']);
        const filter = readFilter(given.topic, given.filter);
        if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist))) return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', ['input', given.field, 'watchlist']);
        const bounds = await log.bounds();
        const ofCursor = cursorScope(viewer, filter);
        const place = input.after === null || input.after === undefined ? atEnd(bounds.head) : openPlace(cursors, ofCursor, input.after);
        if (isExpired(place, bounds)) throw expired(sealPlace(cursors, ofCursor, beginning(bounds)));
        const id = randomUUID();
        const answer = await webhooks.create(viewer, input, { id, secret: secrets.seal(id, newSecret()), url: input.url, topic: given.topic, filter: given.filter, place });
        if (answer === 'TOO_MANY') return tooMany();
        if (answer.outcome === 'conflict') return conflict();
        isDue();
        return { __typename: 'WebhookCreated' as const, ...(await shownOnce(viewer, answer.result)) };
      },
      pauseWebhook: (_: unknown, { input }: MutationPauseWebhookArgs, { viewer }: Asking) => change(viewer, input, () => webhooks.pause(viewer, input)),
      resumeWebhook: (_: unknown, { input }: MutationResumeWebhookArgs, { viewer }: Asking) => change(viewer, input, () => webhooks.resume(viewer, input)),
      async rotateWebhookSecret(_: unknown, { input }: MutationRotateWebhookSecretArgs, { viewer }: Asking) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        if (!(await webhooks.find(viewer, input.id))) return unknown();
        const answer = await webhooks.rotate(viewer, input, secrets.seal(input.id, newSecret()));
        return answer.outcome === 'conflict' ? conflict() : { __typename: 'WebhookSecretRotated' as const, ...(await shownOnce(viewer, answer.result)) };
      },
      redeliverWebhook: (_: unknown, { input }: MutationRedeliverWebhookArgs, { viewer }: Asking) =>
        change(viewer, input, ({ stateReason }) => (stateReason === 'REQUESTED' ? invalid('PAUSED', 'The webhook was paused by `pauseWebhook`: resume it, then what is new is sent.', ['input', 'id']) : webhooks.redeliver(viewer, input))),
    },
    Webhook: {
      // Written by the repository and the worker alone, which take them from the schema.
      state: ({ state }: WebhookRow) => state as WebhookState,
      stateReason: ({ stateReason }: WebhookRow) => stateReason as WebhookPauseReason | null,
      topic: ({ topic }: WebhookRow) => topic as WebhookTopic,
      createdAt: ({ createdAt }: WebhookRow) => createdAt.toISOString(),
      failingSince: ({ failingSince }: WebhookRow) => failingSince?.toISOString() ?? null,
      nextAttemptAt: ({ state, failures, nextAttemptAt }: WebhookRow) => (state === 'ACTIVE' && failures > 0 ? nextAttemptAt.toISOString() : null),
      cursor: ({ topic, filter, position }: WebhookRow, _: unknown, { viewer }: Asking) => sealPlace(cursors, cursorScope(viewer, filterIn(topic, filter)), placeIn(position)),
    },
    WebhookConnection: connectionFields<WebhookRow>(),
    WebhookEdge: edgeFields<WebhookRow>(),
    WebhookDelivery: {
      notice({ webhookId, body }: DeliveryRow) {
        const { cursor, at } = body as { readonly cursor: string; readonly at: string }; // what was sent
        return noticeIdOf(webhookId, cursor, at);
      },
      at: ({ at }: DeliveryRow) => at.toISOString(),
      outcome: ({ outcome }: DeliveryRow) => outcome as WebhookOutcome, // as above
    },
    WebhookDeliveryConnection: connectionFields<DeliveryRow>(),
    WebhookDeliveryEdge: edgeFields<DeliveryRow>(),
  };
}

/** Which of the two was asked for; null unless it is exactly one. */
function topicOf({ nameListChanges, evaluationChanges }: CreateWebhookInput): { readonly topic: Topic; readonly field: string; readonly filter: NonNullable<typeof nameListChanges> | NonNullable<typeof evaluationChanges> } | null {
  if (nameListChanges && !evaluationChanges) return { topic: 'NAME_LIST', field: 'nameListChanges', filter: nameListChanges };
  if (evaluationChanges && !nameListChanges) return { topic: 'EVALUATION', field: 'evaluationChanges', filter: evaluationChanges };
  return null;
}
