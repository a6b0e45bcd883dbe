// The parent value of the resolvers of a type, by the name of the type (npm run codegen). A type that is not listed
// here is its own parent value.

import type { Connection, Edge } from '#kit/connection.ts';
import type { EntityState } from './lookups.ts';

export type { CodeLookup as CreditFileLookup, CodeLookup as EvaluationsLookup } from '#records/creditFile.ts';

export type { EntityState as Entity, EntityState as EntityProfile } from './lookups.ts';

export type EntityConnection = Connection<EntityState>;
export type EntityEdge = Edge<EntityState>;
