// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { WatchlistRow } from './repository.ts';

export type { WatchlistRow as Watchlist } from './repository.ts';

export type WatchlistConnection = Connection<WatchlistRow>;
export type WatchlistEdge = Edge<WatchlistRow>;
