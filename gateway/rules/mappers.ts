// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { RuleChangeRow } from './repository.ts';

export type { RuleSet } from '#standards/ruleSets.ts';
export type { RuleChangeRow as RuleChange } from './repository.ts';

export type RuleChangeConnection = Connection<RuleChangeRow>;
export type RuleChangeEdge = Edge<RuleChangeRow>;
