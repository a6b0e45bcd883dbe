import { setImmediate as turn } from 'node:timers/promises';
import { checkFirst, type Connection, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { notFound } from '#kit/errors.ts';
import { may } from '#policy/actions.ts';
import { isRole, type Role, roles, type Viewer } from '#policy/viewer.ts';
import { conflict, forbidden, invalid, type Named } from '../desk/answers.ts';
import type { Once } from '../desk/idempotency.ts';
import type {
  DocumentInput, InvalidInput, MutationConfirmDocumentsArgs, MutationProposeDocumentsArgs, MutationWithdrawDocumentsArgs, QueryDocumentManifestArgs, QueryDocumentManifestsArgs,
  QueryTrustedDocumentsArgs,
} from '../desk/resolvers.generated.ts';
import type { DocumentCheck } from './check.ts';
import { ID_RULE, isFalse, readDocumentId } from './ids.ts';
import type { DocumentManifests, DocumentRefusal, DocumentRow, ManifestRow, NewDocument } from './repository.ts';

export interface DocumentParts {
  readonly manifests: DocumentManifests;
  readonly check: DocumentCheck;
  readonly cursors: CursorSealer;
  /** Documents were published or withdrawn; resolves when this process knows it. */
  readonly onChanged: () => Promise<void>;
}

/** Of one manifest; a role may have several. */
const MAX_DOCUMENTS = 1000;
/** Named in one answer. */
const MAX_PROBLEMS = 5;

interface Asking {
  readonly viewer: Viewer;
}

/** What of the schema is about trusted documents; spread into the desk's resolvers. */
export function createDocumentResolvers({ manifests, check, cursors, onChanged }: DocumentParts) {
  const answered = async <Type extends string>(result: Once<string> | DocumentRefusal, __typename: Type) => {
    if ('code' in result) return invalidDocuments(result);
    return result.outcome === 'conflict' ? conflict() : { __typename, manifest: await manifests.find(result.result) };
  };

  /** Checks each document in a turn of its own: a thousand take a second, in which others are answered. */
  const checked = async (role: Role, documents: readonly DocumentInput[]): Promise<readonly NewDocument[] | DocumentRefusal> => {
    if (documents.length === 0) return { code: 'MISSING', message: 'There is no document in it.', path: ['documents'] };
    if (documents.length > MAX_DOCUMENTS) return { code: 'TOO_MANY', message: `A manifest has at most ${MAX_DOCUMENTS} documents, and this one has ${documents.length}: publish several.`, path: ['documents'] };
    const found: NewDocument[] = [];
    const texts = new Map<string, string>();
    const problems: { readonly message: string; readonly path: readonly string[] }[] = [];
    for (const [at, { id, text }] of documents.entries()) {
      const documentId = readDocumentId(id);
      const path = ['documents', String(at)];
      if (documentId === null) return { code: 'DOCUMENT_ID', message: `"${id.slice(0, 40)}" is no id of a document; one is ${ID_RULE}.`, path: [...path, 'id'] };
      if (isFalse(documentId, text)) return { code: 'DOCUMENT_ID', message: `The id "${documentId}" is not the SHA-256 of its text, to the character.`, path: [...path, 'id'] };
      const before = texts.get(documentId);
      if (before !== undefined && before !== text) return { code: 'TAKEN', message: `The id "${documentId}" stands for two texts.`, path: [...path, 'id'] };
      const result = check(role, text);
      if ('problem' in result) problems.push({ message: `"${documentId}": ${result.problem}`, path: [...path, 'text'] });
      else if (before === undefined) found.push({ documentId, name: result.name, text });
      texts.set(documentId, text);
      await turn();
    }
    const [first] = problems;
    if (!first) return found;
    const more = problems.length > MAX_PROBLEMS ? ` (and ${problems.length - MAX_PROBLEMS} more)` : '';
    return { code: 'DOCUMENT', message: `${problems.length} of ${documents.length} cannot be published. ${problems.slice(0, MAX_PROBLEMS).map(({ message }) => message).join(' ')}${more}`, path: first.path };
  };

  /** Of a manifest that was proposed, whose schema may have moved on since. */
  const problemOf = async (manifest: ManifestRow): Promise<DocumentRefusal | null> => {
    const { items } = await manifests.pageDocuments(manifest, MAX_DOCUMENTS, null);
    const [first] = items;
    if (!first) return null;
    const result = await checked(first.role, items.map(({ documentId: id, text }) => ({ id, text })));
    return 'code' in result ? { ...result, path: ['id'] } : null;
  };

  return {
    Query: {
      async documentManifests(_: unknown, { role = null, state = null, first, after }: QueryDocumentManifestsArgs): Promise<Connection<ManifestRow>> {
        const scope = JSON.stringify(['Query.documentManifests', role, state]);
        return {
          page: await manifests.page(role, state, checkFirst(first), cursors.openGiven(scope, after)),
          cursorOf: ({ proposedAt, id }) => cursors.seal(scope, [proposedAt.toISOString(), id]),
          count: () => manifests.count(role, state),
        };
      },
      documentManifest: (_: unknown, { id }: QueryDocumentManifestArgs) => manifests.find(id),
      async trustedDocuments(_: unknown, { manifest: id, first, after }: QueryTrustedDocumentsArgs): Promise<Connection<DocumentRow>> {
        const scope = JSON.stringify(['Query.trustedDocuments', id]);
        const manifest = await manifests.find(id);
        if (!manifest) throw notFound('This manifest');
        return {
          page: await manifests.pageDocuments(manifest, checkFirst(first), cursors.openGiven(scope, after)),
          cursorOf: ({ position }) => cursors.seal(scope, [String(position)]),
          count: () => Promise.resolve(manifest.documentCount),
        };
      },
    },
    Mutation: {
      async proposeDocuments(_: unknown, { input }: MutationProposeDocumentsArgs, { viewer }: Asking) {
        if (!may(viewer, 'document:publish')) throw forbidden();
        const { idempotencyKey, role } = input;
        if (!isRole(role)) return invalid('UNKNOWN_ROLE', `"${role.slice(0, 40)}" is no role; the roles are ${roles.join(', ')}.`, ['input', 'role']);
        const documents = await checked(role, input.documents);
        if ('code' in documents) return invalidDocuments(documents);
        return answered(await manifests.propose(viewer, { idempotencyKey, role, documents }), 'DocumentsProposed');
      },
      async confirmDocuments(_: unknown, { input }: MutationConfirmDocumentsArgs, { viewer }: Asking) {
        if (!may(viewer, 'document:publish')) throw forbidden();
        const manifest = await manifests.find(input.id);
        const problem = manifest?.state === 'PROPOSED' ? await problemOf(manifest) : null;
        if (problem) return invalidDocuments(problem);
        const result = await manifests.confirm(viewer, input);
        await onChanged();
        return answered(result, 'DocumentsPublished');
      },
      async withdrawDocuments(_: unknown, { input }: MutationWithdrawDocumentsArgs, { viewer }: Asking) {
        if (!may(viewer, 'document:publish')) throw forbidden();
        const result = await manifests.withdraw(viewer, input);
        await onChanged();
        return answered(result, 'DocumentsWithdrawn');
      },
    },
    DocumentManifest: {
      digest: ({ digest }: ManifestRow) => Buffer.from(digest).toString('hex'),
      proposedAt: ({ proposedAt }: ManifestRow) => proposedAt.toISOString(),
      publishedAt: ({ publishedAt }: ManifestRow) => publishedAt?.toISOString() ?? null,
      withdrawnAt: ({ withdrawnAt }: ManifestRow) => withdrawnAt?.toISOString() ?? null,
    },
    DocumentManifestConnection: connectionFields<ManifestRow>(),
    DocumentManifestEdge: edgeFields<ManifestRow>(),
    TrustedDocument: {
      id: ({ documentId }: DocumentRow) => documentId,
      problem: ({ role, text }: DocumentRow) => {
        const result = check(role, text);
        return 'problem' in result ? result.problem : null;
      },
    },
    TrustedDocumentConnection: connectionFields<DocumentRow>(),
    TrustedDocumentEdge: edgeFields<DocumentRow>(),
  };
}

const invalidDocuments = ({ code, message, path }: DocumentRefusal): Named<InvalidInput> => invalid(code, message, ['input', ...path]);
