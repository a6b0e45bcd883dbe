// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ConsentRow } from './repository.ts';

export type { ConsentRow as Consent } from './repository.ts';

export type ConsentConnection = Connection<ConsentRow>;
export type ConsentEdge = Edge<ConsentRow>;
