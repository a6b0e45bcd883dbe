import { type DocumentNode, getOperationAST, GraphQLError, type GraphQLSchema, type OperationDefinitionNode, validate } from 'graphql';
import { type Limits, parseWithin } from './limits.ts';

/** A query text that was read: parsed, valid and within the limits. */
export interface ReadDocument {
  /** The same object for the same text, so that what the graph derives from it is kept with it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
}

/** Reads a query text within the limits and chooses its operation, or says why not, with Apollo Server's codes. */
export type Documents = (text: string, operationName: string | null | undefined) => ReadDocument | { readonly errors: readonly GraphQLError[] };

const MAX_VALIDATION_ERRORS = 5;

/** Whichever is reached first: many short texts, or few of the longest that the limits let through. */
const MAX_KNOWN = 2000;
const MAX_KNOWN_CHARACTERS = 4 * 1024 * 1024;
/** What is refused is remembered apart: texts made up to be refused push none of the good ones out. */
const MAX_REFUSED = 500;
const MAX_REFUSED_CHARACTERS = 1024 * 1024;

/** For every transport. A text that was asked before is read and refused as it was then, in the same words. */
export function createDocuments(schema: GraphQLSchema, limits: Limits): Documents {
  const known = createTextCache<DocumentNode>(MAX_KNOWN, MAX_KNOWN_CHARACTERS);
  const refused = createTextCache<readonly GraphQLError[]>(MAX_REFUSED, MAX_REFUSED_CHARACTERS);

  const read = (text: string): DocumentNode | readonly GraphQLError[] => {
    const found = known.find(text) ?? refused.find(text);
    if (found) return found;
    const fresh = parseAndValidate(schema, limits, text);
    if ('kind' in fresh) known.add(text, fresh);
    else refused.add(text, fresh);
    return fresh;
  };

  return (text, operationName) => {
    const document = read(text);
    if (!('kind' in document)) return { errors: document };
    const operation = getOperationAST(document, operationName);
    if (!operation) return { errors: [unresolvedOperation(operationName)] };
    return { document, operation, operationName: operation.name?.value };
  };
}

/** Values by text in the order of their last use, bounded by their number and by the length of the texts. */
function createTextCache<Value>(most: number, mostCharacters: number) {
  const values = new Map<string, Value>();
  let characters = 0;
  return {
    find(text: string): Value | undefined {
      const found = values.get(text);
      if (found !== undefined) {
        values.delete(text);
        values.set(text, found);
      }
      return found;
    },
    add(text: string, value: Value): void {
      if (text.length > mostCharacters) return;
      values.set(text, value);
      characters += text.length;
      for (const oldest of values.keys()) {
        if (values.size <= most && characters <= mostCharacters) break;
        values.delete(oldest);
        characters -= oldest.length;
      }
    },
  };
}

function parseAndValidate(schema: GraphQLSchema, limits: Limits, text: string): DocumentNode | readonly GraphQLError[] {
  const document = parseWithin(limits, text);
  if (document instanceof GraphQLError) return [document];
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
