// The parent value of the resolvers of a type, by the name of the type (npm run codegen). A type that is not listed
// here is its own parent value.

import type { Connection, Edge } from '#kit/connection.ts';
import type { ResultRow } from './repository.ts';

export type { ResultRow as Evaluation } from './repository.ts';
export type { ResultsLookup as EvaluationsLookup } from '#records/evaluationLookups.ts';

export type EvaluationConnection = Connection<ResultRow>;
export type EvaluationEdge = Edge<ResultRow>;
