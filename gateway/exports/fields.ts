import { GraphQLError, Kind, print } from 'graphql';
import type { Topic } from '#records/topic.ts';
import type { Viewer } from '#policy/viewer.ts';
import { eventQueryOf } from '#gateway/changes/selection.ts';
import type { Documents } from '#gateway/graph/documents.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import { parseWithin, standardLimits } from '#gateway/graph/limits.ts';

// Which fields the rows of an export have: those that the caller selects on a change, or all that a record states.

/** A selection and nothing else: it is printed from its tree, so that no part of the text can be anything else. */
export function selectionOf(fields: string): string | GraphQLError {
  // Limited before it is parsed, like every text; its root fields are those of a record and not of the graph.
  const document = parseWithin({ ...standardLimits, rootFields: standardLimits.fields }, `{ ${fields}\n}`);
  if (document instanceof GraphQLError) return document;
  const [operation, ...others] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || others.length > 0)
    return new GraphQLError('One selection, without fragments of its own.');
  return print(operation.selectionSet);
}

/** The operation whose events are the rows. */
export const documentOf = ({ field, changeType }: Topic, selection: string): string =>
  `subscription { ${field}(filter: {}) { ... on ${changeType} ${selection} } }`;

/**
 * Why a viewer cannot have these fields of a topic's changes, as the validator or the policy reports it; null: it can.
 * A selection whose fields would be null in each row is refused too.
 */
export async function fieldsProblem(
  { graph, documents }: { readonly graph: Graph; readonly documents: Documents },
  topic: Topic,
  selection: string,
  viewer: Viewer,
): Promise<string | null> {
  try {
    const read = documents(documentOf(topic, selection), undefined);
    if ('errors' in read) return read.errors.map(({ message }) => message).join(' ');
    const made = eventQueryOf(read.document, read.operation, undefined);
    if (!made) return 'There is no field in it.';
    const { errors } = await graph.run({
      document: made.document,
      operation: made.operation,
      operationName: undefined,
      variables: {},
      viewer,
      mode: 'filter',
      events: [],
    });
    return errors && errors.length > 0 ? errors.map(fieldProblem).join(' ') : null;
  } catch (error) {
    // The limits refuse what is too large.
    if (error instanceof GraphQLError) return error.message;
    throw error;
  }
}

/** With the field that the error is about, if there is one. */
function fieldProblem({ message, path = [] }: GraphQLError): string {
  const field = path
    .filter((step) => step !== '@')
    .slice(2)
    .join('.');
  return field === '' ? message : `${field}: ${message}`;
}
