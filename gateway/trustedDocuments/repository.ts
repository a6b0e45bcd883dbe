import { createHash, randomUUID } from 'node:crypto';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { PrismaClient } from '#prisma/client.ts';
import type { Role, Viewer } from '#policy/viewer.ts';
import { callBy, once, type Once, type Work } from '../desk/idempotency.ts';
import { isId, olderThan } from '../desk/rows.ts';

export type ManifestState = 'PROPOSED' | 'PUBLISHED' | 'WITHDRAWN';

export interface ManifestRow {
  readonly id: string;
  readonly role: string;
  readonly version: number | null;
  readonly state: ManifestState;
  readonly digest: Uint8Array;
  readonly documentCount: number;
  readonly bytes: number;
  readonly proposedBy: string;
  readonly proposedByActor: string;
  readonly proposedAt: Date;
  readonly publishedBy: string | null;
  readonly publishedByActor: string | null;
  readonly publishedAt: Date | null;
  readonly withdrawnBy: string | null;
  readonly withdrawnByActor: string | null;
  readonly withdrawnAt: Date | null;
}

export interface DocumentRow {
  readonly role: Role;
  readonly position: number;
  readonly documentId: string;
  readonly name: string;
  readonly text: string;
}

/** Checked, with the id in the form in which it is kept. */
export type NewDocument = Pick<DocumentRow, 'documentId' | 'name' | 'text'>;

/** Why nothing was done; `path` within the caller's input. */
export interface DocumentRefusal {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
}

export interface DocumentManifests {
  page(role: string | null, state: ManifestState | null, first: number, after: readonly string[] | null): Promise<Page<ManifestRow>>;
  count(role: string | null, state: ManifestState | null): Promise<number>;
  find(id: string): Promise<ManifestRow | null>;
  pageDocuments(manifest: ManifestRow, first: number, after: readonly string[] | null): Promise<Page<DocumentRow>>;
  /** The id of the manifest: of one that stands, where it has the same documents. */
  propose(viewer: Viewer, input: { idempotencyKey: string; role: Role; documents: readonly NewDocument[] }): Promise<Once<string> | DocumentRefusal>;
  confirm(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | DocumentRefusal>;
  /** One person does it, as with a token: it takes away. */
  withdraw(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | DocumentRefusal>;
}

/** The channel on which every gateway hears that documents were published or withdrawn. */
export const DOCUMENTS_CHANGED = 'credit_graph_documents';

/** What is published is in the memory of every gateway: of all roles together no more than this, in bytes and in manifests. */
export const MAX_PUBLISHED_BYTES = 32 * 1024 * 1024;
export const MAX_PUBLISHED = 1000;

/** Undoes the transaction of a refusal: its key is free again, as nothing was done. */
class Refused extends Error {
  readonly refusal: DocumentRefusal;

  constructor(code: string, message: string, path: readonly string[]) {
    super(message);
    this.refusal = { code, message, path };
  }
}

const refuse = (code: string, message: string, ...path: string[]): Refused => new Refused(code, message, path);

/** What a document costs in memory beside its text: its entry under two ids. */
const OVERHEAD_BYTES = 512;
const sizeOf = (documents: readonly NewDocument[]): number => documents.reduce((sum, { text }) => sum + Buffer.byteLength(text) + OVERHEAD_BYTES, 0);

const digestOf = (documents: readonly NewDocument[]): Buffer =>
  createHash('sha256').update(JSON.stringify(documents.map(({ documentId, text }) => [documentId, text]).toSorted())).digest();

export function createDocumentManifests(prisma: PrismaClient, now: () => Date): DocumentManifests {
  type Stored = Awaited<ReturnType<typeof prisma.documentManifest.findUniqueOrThrow>>;
  const rowOf = ({ state, ...row }: Stored): ManifestRow => ({ ...row, state: state as ManifestState }); // held to it by the table
  const where = (role: string | null, state: ManifestState | null) => ({ ...(role === null ? null : { role }), ...(state === null ? null : { state }) });

  /** Decisions are made one after the other, so that what they weigh stands. */
  const run = async (viewer: Viewer, mutation: string, input: { idempotencyKey: string }, work: (transaction: Work) => Promise<string>): Promise<Once<string> | DocumentRefusal> => {
    try {
      return await once(prisma, callBy(viewer, mutation, input, now()), async (transaction) => {
        await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('gateway.document_manifest'))`;
        return work(transaction);
      });
    } catch (error) {
      if (error instanceof Refused) return error.refusal;
      throw error;
    }
  };

  const personOf = ({ actor }: Viewer): string => {
    if (actor === null) throw refuse('SECOND_PERSON', 'Documents are published by two persons, so your token has to say who acts (claim `actor`).');
    return actor;
  };

  const audit = async (transaction: Work, { organisation, role, actor, purpose, tokenId }: Viewer, action: string, manifest: Pick<ManifestRow, 'id' | 'role' | 'documentCount'>): Promise<void> => {
    const details = JSON.stringify({ manifest: manifest.id, role: manifest.role });
    await transaction.$executeRaw`
      insert into audit.change (at, schema, action, organisation, role, actor, purpose, token_id, row_count, details)
      values (${now()}, 'gateway', ${action}, ${organisation}, ${role}, ${actor}, ${purpose}, ${tokenId}, ${manifest.documentCount}, ${details}::jsonb)`;
  };
  const announce = (transaction: Work) => transaction.$executeRaw`select pg_notify(${DOCUMENTS_CHANGED}, '')`;

  const standing = async (transaction: Work, id: string): Promise<Stored> => {
    const found = isId(id) ? await transaction.documentManifest.findUnique({ where: { id } }) : null;
    if (!found) throw refuse('NOT_FOUND', 'There is no manifest with this id.', 'id');
    if (found.state === 'WITHDRAWN') throw refuse('DECIDED', 'This manifest was withdrawn before: propose its documents anew.', 'id');
    return found;
  };

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
      return pageOf(rows.map((row) => ({ ...row, role: role as Role })), first); // a manifest is made for a role
    },

    propose: (viewer, input) =>
      run(viewer, 'proposeDocuments', input, async (transaction) => {
        const { role, documents } = input;
        const proposedByActor = personOf(viewer);
        const digest = new Uint8Array(digestOf(documents));
        const same = await transaction.documentManifest.findFirst({ where: { role, digest, state: { not: 'WITHDRAWN' } } });
        if (same) return same.id;
        const id = randomUUID();
        await transaction.documentManifest.create({
          data: { id, role, digest, documentCount: documents.length, bytes: sizeOf(documents), proposedBy: viewer.organisation ?? viewer.role, proposedByActor, proposedAt: now() },
        });
        await transaction.trustedDocument.createMany({ data: documents.map((document, at) => ({ manifestId: id, position: at + 1, ...document })) });
        await audit(transaction, viewer, 'proposeDocuments', { id, role, documentCount: documents.length });
        return id;
      }),

    confirm: (viewer, input) =>
      run(viewer, 'confirmDocuments', input, async (transaction) => {
        const found = await standing(transaction, input.id);
        if (found.state === 'PUBLISHED') throw refuse('DECIDED', 'This manifest was published before.', 'id');
        const publishedByActor = personOf(viewer);
        if (publishedByActor === found.proposedByActor) throw refuse('SECOND_PERSON', 'Who proposed documents does not publish them: a second person does.', 'id');
        const { _sum, _count } = await transaction.documentManifest.aggregate({ where: { state: 'PUBLISHED' }, _sum: { bytes: true }, _count: true });
        if ((_sum.bytes ?? 0) + found.bytes > MAX_PUBLISHED_BYTES || _count >= MAX_PUBLISHED)
          throw refuse('TOO_MANY', `Of all roles together ${MAX_PUBLISHED_BYTES / 1024 / 1024} MB in ${MAX_PUBLISHED} manifests are published at most: withdraw old ones first.`, 'id');
        const [taken] = await transaction.$queryRaw<{ id: string }[]>`
          select mine.document_id as id
          from gateway.trusted_document mine
          join gateway.trusted_document other on other.document_id = mine.document_id and other.text <> mine.text
          join gateway.document_manifest manifest on manifest.id = other.manifest_id and manifest.role = ${found.role} and manifest.state = 'PUBLISHED'
          where mine.manifest_id = ${found.id}::uuid
          order by mine.position
          limit 1`;
        if (taken) throw refuse('TAKEN', `Another text is published for ${found.role} under the id "${taken.id}".`, 'id');
        const last = await transaction.documentManifest.aggregate({ where: { role: found.role }, _max: { version: true } });
        await transaction.documentManifest.update({
          where: { id: found.id },
          data: { state: 'PUBLISHED', version: (last._max.version ?? 0) + 1, publishedBy: viewer.organisation ?? viewer.role, publishedByActor, publishedAt: now() },
        });
        await audit(transaction, viewer, 'confirmDocuments', found);
        await announce(transaction);
        return found.id;
      }),

    withdraw: (viewer, input) =>
      run(viewer, 'withdrawDocuments', input, async (transaction) => {
        const found = await standing(transaction, input.id);
        await transaction.documentManifest.update({
          where: { id: found.id },
          data: { state: 'WITHDRAWN', withdrawnBy: viewer.organisation ?? viewer.role, withdrawnByActor: viewer.actor, withdrawnAt: now() },
        });
        await audit(transaction, viewer, 'withdrawDocuments', found);
        await announce(transaction);
        return found.id;
      }),
  };
}
