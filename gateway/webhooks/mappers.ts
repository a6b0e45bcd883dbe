// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { DeliveryRow, WebhookRow } from './repository.ts';

export type { WebhookRow as Webhook, DeliveryRow as WebhookDelivery } from './repository.ts';

export type WebhookConnection = Connection<WebhookRow>;
export type WebhookEdge = Edge<WebhookRow>;
export type WebhookDeliveryConnection = Connection<DeliveryRow>;
export type WebhookDeliveryEdge = Edge<DeliveryRow>;
