import { type DocumentNode, getOperationAST, GraphQLError, type GraphQLSchema, type OperationDefinitionNode, parse, validate } from 'graphql';

/** A query text that was read: parsed, valid and within the limits. */
export interface ReadDocument {
  /** The same object for the same text, so that what the graph derives from it is kept with it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
}

/** Reads a query text and chooses its operation, or says why not, with the codes that Apollo Server gives at the HTTP door. */
export type Documents = (text: string, operationName: string | null | undefined) => ReadDocument | { readonly errors: readonly GraphQLError[] };

export const MAX_VALIDATION_ERRORS = 5;

/** Whichever is reached first: many short texts, or few of the longest that the limits let through. */
const MAX_KNOWN = 2000;
const MAX_KNOWN_CHARACTERS = 4 * 1024 * 1024;

/** For the doors that Apollo Server does not serve. `checkLimits` throws for what costs too much. */
export function createDocuments(schema: GraphQLSchema, checkLimits: (text: string) => void): Documents {
  // In the order of their last use; also what is wrong with a text, which is as dear to find out.
  const known = new Map<string, DocumentNode | readonly GraphQLError[]>();
  let characters = 0;

  const read = (text: string): DocumentNode | readonly GraphQLError[] => {
    const found = known.get(text);
    if (found) {
      known.delete(text);
      known.set(text, found);
      return found;
    }
    const fresh = parseAndValidate(schema, text);
    known.set(text, fresh);
    characters += text.length;
    for (const oldest of known.keys()) {
      if (known.size <= MAX_KNOWN && characters <= MAX_KNOWN_CHARACTERS) break;
      known.delete(oldest);
      characters -= oldest.length;
    }
    return fresh;
  };

  return (text, operationName) => {
    try {
      checkLimits(text);
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
    const document = read(text);
    if (!('kind' in document)) return { errors: document };
    const operation = getOperationAST(document, operationName);
    if (!operation) return { errors: [unresolvedOperation(operationName)] };
    return { document, operation, operationName: operation.name?.value };
  };
}

function parseAndValidate(schema: GraphQLSchema, text: string): DocumentNode | readonly GraphQLError[] {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    if (error instanceof GraphQLError) return [coded(error, 'GRAPHQL_PARSE_FAILED')];
    throw error;
  }
  const errors = validate(schema, document, undefined, { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: true });
  return errors.length > 0 ? errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) : document;
}

const coded = (error: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(error.message, { nodes: error.nodes, source: error.source, positions: error.positions, extensions: { ...error.extensions, code } });

/** A valid document has an operation: which of several was meant is not said, or it has none of that name. */
export const unresolvedOperation = (operationName: string | null | undefined): GraphQLError =>
  new GraphQLError(typeof operationName === 'string' ? `Unknown operation named "${operationName.slice(0, 100)}".` : 'Must provide operation name if query contains multiple operations.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } },
  });
