import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  validate,
} from 'graphql';
import { createByteCache } from '#kit/byteCache.ts';
import { type Limits, parseWithin } from './limits.ts';

/** A query text that was read: parsed, valid and within the limits. */
export interface ReadDocument {
  /** The same object for the same text, so that derived values are kept with it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
}

/** Reads a query text within the limits and chooses its operation, or returns why not, with Apollo Server's codes. */
export type Documents = (
  text: string,
  operationName: string | null | undefined,
) => ReadDocument | { readonly errors: readonly GraphQLError[] };

const MAX_VALIDATION_ERRORS = 5;

/** Hundreds of the documents that clients send, each with its plans and projections. */
const MAX_KNOWN_BYTES = 32 * 1024 * 1024;
/** Refusals are cached separately: texts made up to be refused do not evict the good ones. */
const MAX_REFUSED_BYTES = 4 * 1024 * 1024;

/**
 * For every transport. A text that was sent before is accepted or refused as it was then, with the same message.
 * @param lookups counts what was looked up of rules that change while the text stays: a text is not kept where that
 *   went up as it was read (gateway/rules/codes.ts); left out: nothing is looked up
 */
export function createDocuments(schema: GraphQLSchema, limits: Limits, lookups: () => number = () => 0): Documents {
  const known = createByteCache<DocumentNode>(MAX_KNOWN_BYTES);
  const refused = createByteCache<readonly GraphQLError[]>(MAX_REFUSED_BYTES);

  const read = (text: string): DocumentNode | readonly GraphQLError[] => {
    const found = known.get(text) ?? refused.get(text);
    if (found) return found;
    const before = lookups();
    const fresh = parseAndValidate(schema, limits, text);
    if (lookups() !== before) return fresh;
    if ('kind' in fresh) known.set(text, fresh, bytesOf(fresh));
    else refused.set(text, fresh, errorBytes(text));
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

/**
 * The memory of a parsed text: its tokens, which the document keeps, its nodes, and what the graph derives from them.
 * Measured.
 */
const TOKEN_BYTES = 1500;

/** Bytes that a document holds, including the text. */
export function bytesOf({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return (loc?.source.body.length ?? 0) + TOKEN_BYTES * tokens;
}

/** An error keeps the document, or the text, to which it refers. */
const errorBytes = (text: string): number => 4 * text.length + 16_384;

function parseAndValidate(schema: GraphQLSchema, limits: Limits, text: string): DocumentNode | readonly GraphQLError[] {
  const document = parseWithin(limits, text);
  if (document instanceof GraphQLError) return [document];
  const errors = validate(schema, document, undefined, { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: true });
  return errors.length > 0 ? errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) : document;
}

const coded = (error: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { ...error.extensions, code },
  });

/** A valid document has an operation: either it has several and none is named, or none has that name. */
export const unresolvedOperation = (operationName: string | null | undefined): GraphQLError =>
  new GraphQLError(
    typeof operationName === 'string'
      ? `Unknown operation named "${operationName.slice(0, 100)}".`
      : 'Must provide operation name if query contains multiple operations.',
    {
      extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } },
    },
  );
