// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ExportRow } from './repository.ts';

export type { ExportRow as Export } from './repository.ts';

export type ExportConnection = Connection<ExportRow>;
export type ExportEdge = Edge<ExportRow>;
