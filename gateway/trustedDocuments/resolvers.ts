import { checkFirst, type Connection, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { notFound } from '#kit/errors.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { isRole, roles } from '#policy/roles.ts';
import { type Viewer } from '#policy/viewer.ts';
import { conflict, forbidden, invalid, type InvalidInput } from '#kit/refusals.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import type {
  MutationConfirmDocumentsArgs,
  MutationProposeDocumentsArgs,
  MutationWithdrawDocumentsArgs,
  QueryDocumentManifestArgs,
  QueryDocumentManifestsArgs,
  QueryTrustedDocumentsArgs,
  Resolvers,
  ResolversParentTypes,
} from './resolvers.generated.ts';
import type { DocumentCheck } from './check.ts';
import type { DocumentRefusal, DocumentRow, ManifestRow } from './manifest.ts';
import { checkProposal, MAX_DOCUMENTS } from './proposal.ts';
import type { DocumentManifests } from './repository.ts';

export interface DocumentParts {
  readonly manifests: DocumentManifests;
  readonly checkDocument: DocumentCheck;
  readonly cursors: CursorSealer;
  /** Called when documents were published or withdrawn; resolves when this process has read them. */
  readonly onDocumentsChanged: () => Promise<void>;
}

interface Caller {
  readonly viewer: Viewer;
}

/** The part of the control subgraph about published documents. */
export function createDocumentResolvers(parts: DocumentParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const { checkDocument: check } = parts;
  return {
    Query: createQueries(parts),
    Mutation: createMutations(parts),
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

const createQueries = ({ manifests, cursors }: DocumentParts) => ({
  async documentManifests(
    _: unknown,
    { role = null, state = null, first, after }: QueryDocumentManifestsArgs,
    { viewer }: Caller,
  ): Promise<Connection<ManifestRow>> {
    const pager = cursors.pager('Query.documentManifests', [role, state], viewer);
    return {
      page: await manifests.page(role, state, checkFirst(first), pager.position(after)),
      cursorOf: ({ proposedAt, id }) => pager.cursorOf(proposedAt.toISOString(), id),
      count: () => manifests.count(role, state),
    };
  },
  documentManifest: (_: unknown, { id }: QueryDocumentManifestArgs) => manifests.find(id),
  async trustedDocuments(
    _: unknown,
    { manifest: id, first, after }: QueryTrustedDocumentsArgs,
    { viewer }: Caller,
  ): Promise<Connection<DocumentRow>> {
    const pager = cursors.pager('Query.trustedDocuments', [id], viewer);
    const manifest = await manifests.find(id);
    if (!manifest) throw notFound('This manifest');
    return {
      page: await manifests.pageDocuments(manifest, checkFirst(first), pager.position(after)),
      cursorOf: ({ position }) => pager.cursorOf(String(position)),
      count: () => Promise.resolve(manifest.documentCount),
    };
  },
});

const createMutations = (parts: DocumentParts) => {
  const { manifests, checkDocument: check } = parts;
  return {
    async proposeDocuments(_: unknown, { input }: MutationProposeDocumentsArgs, { viewer }: Caller) {
      if (!may(viewer, 'document:publish')) throw forbidden();
      const { idempotencyKey, role } = input;
      if (!isRole(role))
        return invalid('UNKNOWN_ROLE', `"${role.slice(0, 40)}" is no role; the roles are ${roles.join(', ')}.`, [
          'input',
          'role',
        ]);
      const documents = await checkProposal(check, role, input.documents);
      if ('code' in documents) return invalidDocuments(documents);
      return answered(
        manifests,
        await manifests.propose(viewer, { idempotencyKey, role, documents }),
        'DocumentsProposed',
      );
    },
    async confirmDocuments(_: unknown, { input }: MutationConfirmDocumentsArgs, { viewer }: Caller) {
      if (!may(viewer, 'document:publish')) throw forbidden();
      const manifest = await manifests.find(input.id);
      const problem = manifest?.state === 'PROPOSED' ? await problemOf(parts, manifest) : null;
      if (problem) return invalidDocuments(problem);
      const result = await manifests.confirm(viewer, input);
      await parts.onDocumentsChanged();
      return answered(manifests, result, 'DocumentsPublished');
    },
    async withdrawDocuments(_: unknown, { input }: MutationWithdrawDocumentsArgs, { viewer }: Caller) {
      if (!may(viewer, 'document:publish')) throw forbidden();
      const result = await manifests.withdraw(viewer, input);
      await parts.onDocumentsChanged();
      return answered(manifests, result, 'DocumentsWithdrawn');
    },
  };
};

async function answered<Type extends string>(
  manifests: DocumentManifests,
  result: Once<string> | DocumentRefusal,
  __typename: Type,
) {
  if ('code' in result) return invalidDocuments(result);
  return result.outcome === 'conflict' ? conflict() : { __typename, manifest: await manifests.find(result.result) };
}

/** For a proposed manifest, whose schema may have changed since. */
async function problemOf(
  { manifests, checkDocument }: DocumentParts,
  manifest: ManifestRow,
): Promise<DocumentRefusal | null> {
  const { items } = await manifests.pageDocuments(manifest, MAX_DOCUMENTS, null);
  const [first] = items;
  if (!first) return null;
  const result = await checkProposal(
    checkDocument,
    first.role,
    items.map(({ documentId: id, text }) => ({ id, text })),
  );
  return 'code' in result ? { ...result, path: ['id'] } : null;
}

const invalidDocuments = ({ code, message, path }: DocumentRefusal): InvalidInput =>
  invalid(code, message, ['input', ...path]);
