import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { PrismaClient } from '#prisma/client.ts';
import type { Role } from '#policy/roles.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import { isId, olderThan } from '#gateway/database/rows.ts';
import { confirm, type Decision, propose, type Proposal, withdraw } from './decisions.ts';
import type { DocumentRefusal, DocumentRow, ManifestRow, ManifestState } from './manifest.ts';

export interface DocumentManifests {
  page(
    role: string | null,
    state: ManifestState | null,
    first: number,
    after: readonly string[] | null,
  ): Promise<Page<ManifestRow>>;
  count(role: string | null, state: ManifestState | null): Promise<number>;
  find(id: string): Promise<ManifestRow | null>;
  pageDocuments(manifest: ManifestRow, first: number, after: readonly string[] | null): Promise<Page<DocumentRow>>;
  /** The id of the manifest: of an existing one, where it has the same documents. */
  propose(viewer: Viewer, input: Proposal): Promise<Once<string> | DocumentRefusal>;
  confirm(viewer: Viewer, input: Decision): Promise<Once<string> | DocumentRefusal>;
  /** One person is enough, as for revoking a token, because it only removes. */
  withdraw(viewer: Viewer, input: Decision): Promise<Once<string> | DocumentRefusal>;
}

/** The manifests in the gateway's own schema. */
export function createDocumentManifests(prisma: PrismaClient, now: () => Date): DocumentManifests {
  type Stored = Awaited<ReturnType<typeof prisma.documentManifest.findUniqueOrThrow>>;
  // enforced by the table
  const rowOf = ({ state, ...row }: Stored): ManifestRow => ({ ...row, state: state as ManifestState });
  const where = (role: string | null, state: ManifestState | null) => ({
    ...(role === null ? null : { role }),
    ...(state === null ? null : { state }),
  });
  const deciding = { prisma, now };

  return {
    async page(role, state, first, after) {
      const rows = await prisma.documentManifest.findMany({
        where: { ...where(role, state), ...olderThan(after, 'proposedAt') },
        orderBy: [{ proposedAt: 'desc' }, { id: 'desc' }],
        take: first + 1,
      });
      return pageOf(rows.map(rowOf), first);
    },

    count: (role, state) => prisma.documentManifest.count({ where: where(role, state), take: COUNT_LIMIT + 1 }),

    async find(id) {
      const found = isId(id) ? await prisma.documentManifest.findUnique({ where: { id } }) : null;
      return found && rowOf(found);
    },

    async pageDocuments({ id, role }, first, after) {
      const rows = await prisma.trustedDocument.findMany({
        where: { manifestId: id, position: { gt: Number(after?.[0] ?? 0) } },
        orderBy: { position: 'asc' },
        take: first + 1,
      });
      return pageOf(
        rows.map((row) => ({ ...row, role: role as Role })),
        first,
      ); // a manifest is made for a role
    },

    propose: (viewer, input) => propose(deciding, viewer, input),
    confirm: (viewer, input) => confirm(deciding, viewer, input),
    withdraw: (viewer, input) => withdraw(deciding, viewer, input),
  };
}
