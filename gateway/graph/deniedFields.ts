import type { DocumentNode, FieldNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { filterOperation } from '#policy/filter.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Fragments } from './engine/fieldPositions.ts';
import { conditionsOf } from './engine/selection.ts';

/** The fields of an operation that policy denies to its caller before any call is made. */
export interface DeniedFields {
  /** Undefined: none. */
  readonly fields: ReadonlySet<FieldNode> | undefined;
  readonly errors: readonly GraphQLError[];
}

export const nothingDenied: DeniedFields = { fields: undefined, errors: [] };

/** The operation that is filtered, for one caller. */
interface Filtered {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly viewer: Viewer;
}

/** Of one document, by role, purpose and conditions. */
const MAX_FILTERED = 256;

/** Finds the fields that policy denies, and keeps them with the document. */
export function createFieldFilter(
  schema: GraphQLSchema,
): (filtered: Filtered, fragments: Fragments, variables: Readonly<Record<string, unknown>>) => DeniedFields {
  const filtered = new WeakMap<DocumentNode, Map<string, DeniedFields>>();
  return ({ document, operation, operationName, viewer }, fragments, variables) => {
    let known = filtered.get(document);
    if (!known) filtered.set(document, (known = new Map()));
    const conditions = conditionsOf(operation, fragments, variables);
    const key = `${viewer.role} ${viewer.purpose === null ? '' : 'for a purpose'} ${operationName ?? ''} ${conditions}`;
    const found = known.get(key);
    if (found) return found;
    const { denied, errors, dependsOnVariables } = filterOperation(
      schema,
      document,
      operation,
      variables,
      viewer,
      'obeyed',
    );
    const fresh: DeniedFields = { fields: denied.size > 0 ? denied : undefined, errors };
    // Only an operation with many conditions gets here; none is worth more memory.
    if (known.size >= MAX_FILTERED) known.clear();
    if (!dependsOnVariables) known.set(key, fresh);
    return fresh;
  };
}
