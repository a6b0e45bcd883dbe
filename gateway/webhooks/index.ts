import { createWebhooks } from './repository.ts';
import { createWebhookResolvers } from './resolvers.ts';

/** Webhooks (推送端点). */
export const capability = { createResolvers: createWebhookResolvers, repositories: { webhooks: createWebhooks } };
