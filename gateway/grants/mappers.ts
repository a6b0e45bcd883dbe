// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ShownGrant } from './resolvers.ts';

export type { ShownGrant as Grant } from './resolvers.ts';

export type GrantConnection = Connection<ShownGrant>;
export type GrantEdge = Edge<ShownGrant>;
