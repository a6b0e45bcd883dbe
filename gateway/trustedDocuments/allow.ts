import { GraphQLError } from 'graphql';
import type { Role } from '#policy/roles.ts';
import { unavailable } from '#gateway/graph/errors.ts';
import { ID_RULE, readDocumentId } from './ids.ts';

// Decides what a role may run: a document published for it by its id, or a text. Called for every operation, on every
// transport.

/** How a request names its operation: by its text, or by the id of a published document. */
export interface AskedDocument {
  readonly query: string | null;
  /** Undefined: none was sent. Any other value is an id, or wrong. */
  readonly documentId: unknown;
  /** Apollo's `extensions.persistedQuery`, which would have us store what any client sends. */
  readonly isAutomatic: boolean;
}

/** A text that may run; `publishedFor`: only for as long as it is published for this role. */
export interface AllowedText {
  readonly text: string;
  readonly publishedFor: Role | null;
}

/** What is published for one role. */
export interface Lookup {
  readonly role: Role;
  /** The role may run only what is published for it. */
  readonly isRestricted: boolean;
  find(by: 'byId' | 'byText', key: string): Found | 'UNREADABLE';
}

/** `problem`: why it no longer fits. Null: nothing is published under this id, or with this text. */
export type Found = { readonly name: string; readonly text: string; readonly problem: string | null } | null;

const refusal = (
  code: string,
  status: number,
  message: string,
  details: Readonly<Record<string, string>> = {},
): GraphQLError => new GraphQLError(message, { extensions: { code, ...details, http: { status } } });

/** @returns the text that runs, or why none does */
export function allow({ query, documentId, isAutomatic }: AskedDocument, lookup: Lookup): AllowedText | GraphQLError {
  if (isAutomatic) return notAutomatic();
  if (documentId === undefined) return allowText(query ?? '', lookup);
  if (query !== null) {
    const expected = '`query` or `documentId`';
    return refusal('BAD_REQUEST', 400, 'The request has both `query` and `documentId`: send one of them.', {
      argument: 'documentId',
      expected,
    });
  }
  const id = readDocumentId(documentId);
  if (id === null)
    return refusal('BAD_REQUEST', 400, `${displayed(documentId)} is no id of a document.`, {
      argument: 'documentId',
      expected: ID_RULE,
    });
  const found = lookup.find('byId', id);
  if (found !== null) return usable(found, lookup);
  // A document of another role, a withdrawn one and one that never existed are refused alike, so that nobody learns
  // which.
  const expected = 'the id of a document that is published for your role';
  return refusal('DOCUMENT_NOT_FOUND', 404, `No document "${id}" is published for your role.`, {
    argument: 'documentId',
    expected,
  });
}

function allowText(text: string, lookup: Lookup): AllowedText | GraphQLError {
  if (!lookup.isRestricted) return { text, publishedFor: null };
  const found = lookup.find('byText', text);
  if (found !== null) return usable(found, lookup);
  const message = 'Only published documents are answered here, and this text is none that is published for your role.';
  return refusal('DOCUMENT_NOT_TRUSTED', 403, message, {
    argument: 'query',
    expected: 'a published text, or its `documentId`',
  });
}

function usable(found: NonNullable<ReturnType<Lookup['find']>>, { role }: Lookup): AllowedText | GraphQLError {
  if (found === 'UNREADABLE') return unavailable('The published documents cannot be looked up now: ask again later.');
  if (found.problem === null) return { text: found.text, publishedFor: role };
  return refusal('DOCUMENT_OUTDATED', 410, `The published document "${found.name}" no longer fits: ${found.problem}`);
}

/** Apollo's client stops trying after this code, and sends texts. */
function notAutomatic(): GraphQLError {
  const message =
    'Queries are not persisted by sending them: send `query`, or the `documentId` of a document that was published.';
  return refusal('PERSISTED_QUERY_NOT_SUPPORTED', 400, message);
}

const displayed = (id: unknown): string =>
  typeof id === 'string' ? `"${id.slice(0, 40)}${id.length > 40 ? '…' : ''}"` : 'What is not a text';
