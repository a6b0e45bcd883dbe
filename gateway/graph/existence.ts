import { GraphQLError } from 'graphql';
import { notFound } from '#kit/errors.ts';
import { RECORD } from '#records/record.ts';
import type { AbsentRule } from './engine/execute.ts';

type ErrorAt = (path: readonly (string | number)[]) => GraphQLError;

const unknown =
  (what: string): ErrorAt =>
  (path) => {
    const { message, extensions } = notFound(what);
    return new GraphQLError(message, { path, extensions });
  };
const unknownCode = unknown('This code');

/**
 * With every credit file the entity subgraph is asked whether the code is known, because an empty file would look like
 * a clean one; and so it is with every item of a batch of evaluations, because no results would look like "not
 * evaluated". For a record requested by its id, its own subgraph is asked whether it exists (by its version, which
 * every record has), because the control subgraph only reads the id.
 * @param namedRecords see `GraphDependencies.namedRecords`
 */
export const existence = (namedRecords: ReadonlySet<string>): AbsentRule => ({
  typeName: 'CreditFile',
  field: 'isKnown',
  error: unknownCode,
  reportsUnanswered: true,
  named: { interfaceName: 'CreditRecord', fields: namedRecords, field: 'version', error: unknown(RECORD) },
  lookup: {
    typeName: 'EvaluationsLookup',
    status: 'status',
    unknown: 'UNKNOWN',
    field: 'evaluations',
    error: unknownCode,
    statusType: 'LookupStatus',
    unanswered: 'UNAVAILABLE',
  },
});
