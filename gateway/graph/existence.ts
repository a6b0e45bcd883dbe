import { GraphQLError } from 'graphql';
import { notFound } from '#kit/errors.ts';
import { RECORD } from '#records/record.ts';
import type { AbsentRule } from './engine/execute.ts';

const unknownRecord = (path: readonly (string | number)[]): GraphQLError =>
  new GraphQLError(notFound(RECORD).message, { path, extensions: { code: 'NOT_FOUND' } });

/**
 * With every credit file the entity subgraph is asked whether the code is known, because an empty file would look like
 * a clean one. For a record requested by its id, its own subgraph is asked whether it exists (by its version, which
 * every record has), because the control subgraph only reads the id.
 * @param namedRecords see `GraphDependencies.namedRecords`
 */
export const existence = (namedRecords: ReadonlySet<string>): AbsentRule => ({
  typeName: 'CreditFile',
  field: 'isKnown',
  error: () => notFound('This code'),
  named: { interfaceName: 'CreditRecord', fields: namedRecords, field: 'version', error: unknownRecord },
});
