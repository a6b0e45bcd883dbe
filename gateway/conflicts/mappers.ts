// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ConflictRow, SideRow } from './repository.ts';

export type { ConflictRow as FactConflict } from './repository.ts';

/** A side, with the conflict that it is a side of. */
export type FactConflictSide = SideRow & { readonly conflict: ConflictRow };

export type FactConflictConnection = Connection<ConflictRow>;
export type FactConflictEdge = Edge<ConflictRow>;
