import { createHash, randomUUID } from 'node:crypto';
import type { PrismaClient } from '#prisma/client.ts';
import type { Role } from '#policy/roles.ts';
import type { Viewer } from '#policy/viewer.ts';
import { callBy, once, type MutationTransaction, type Once } from '#gateway/database/idempotency.ts';
import { isId } from '#gateway/database/rows.ts';
import {
  type DocumentRefusal,
  DOCUMENTS_CHANGED,
  type ManifestRow,
  MAX_PUBLISHED,
  MAX_PUBLISHED_BYTES,
  type NewDocument,
} from './manifest.ts';

// What is decided about a manifest: it is proposed, published by a second person, and withdrawn. Each decision is
// audited and announced in its own transaction.

/** What the decisions are made with. */
export interface Deciding {
  readonly prisma: PrismaClient;
  readonly now: () => Date;
}

type StoredManifest = Awaited<ReturnType<PrismaClient['documentManifest']['findUniqueOrThrow']>>;

export interface Proposal {
  readonly idempotencyKey: string;
  readonly role: Role;
  readonly documents: readonly NewDocument[];
}

/** A decision about the manifest with this id. */
export interface Decision {
  readonly idempotencyKey: string;
  readonly id: string;
}

/** Rolls back the transaction of a refusal: its key is free again, since nothing was done. */
class Refused extends Error {
  readonly refusal: DocumentRefusal;

  constructor(code: string, message: string, path: readonly string[]) {
    super(message);
    this.refusal = { code, message, path };
  }
}

const refuse = (code: string, message: string, ...path: string[]): Refused => new Refused(code, message, path);

/** The memory of a document besides its text: its entry under two ids. */
const OVERHEAD_BYTES = 512;
const sizeOf = (documents: readonly NewDocument[]): number =>
  documents.reduce((sum, { text }) => sum + Buffer.byteLength(text) + OVERHEAD_BYTES, 0);

const digestOf = (documents: readonly NewDocument[]): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(documents.map(({ documentId, text }) => [documentId, text]).toSorted()))
    .digest();

/** Decisions are made one after the other, so that the state that they check does not change. */
async function decide(
  { prisma, now }: Deciding,
  viewer: Viewer,
  mutation: string,
  input: { idempotencyKey: string },
  work: (transaction: MutationTransaction) => Promise<string>,
): Promise<Once<string> | DocumentRefusal> {
  try {
    return await once(prisma, callBy(viewer, mutation, input, now()), async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('gateway.document_manifest'))`;
      return work(transaction);
    });
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

/** The id of the manifest: of an existing one, where it has the same documents. */
export const propose = (deciding: Deciding, viewer: Viewer, input: Proposal): Promise<Once<string> | DocumentRefusal> =>
  decide(deciding, viewer, 'proposeDocuments', input, async (transaction) => {
    const { now } = deciding;
    const { role, documents } = input;
    const proposedByActor = personOf(viewer);
    const digest = new Uint8Array(digestOf(documents));
    const same = await transaction.documentManifest.findFirst({
      where: { role, digest, state: { not: 'WITHDRAWN' } },
    });
    if (same) return same.id;
    const id = randomUUID();
    await transaction.documentManifest.create({
      data: {
        id,
        role,
        digest,
        documentCount: documents.length,
        bytes: sizeOf(documents),
        proposedBy: viewer.organisation ?? viewer.role,
        proposedByActor,
        proposedAt: now(),
      },
    });
    await transaction.trustedDocument.createMany({
      data: documents.map((document, at) => ({ manifestId: id, position: at + 1, ...document })),
    });
    await audit(transaction, now(), viewer, 'proposeDocuments', { id, role, documentCount: documents.length });
    return id;
  });

/** Publishes the documents of a manifest, by a second person. */
export const confirm = (deciding: Deciding, viewer: Viewer, input: Decision): Promise<Once<string> | DocumentRefusal> =>
  decide(deciding, viewer, 'confirmDocuments', input, async (transaction) => {
    const { now } = deciding;
    const found = await findInForce(transaction, input.id);
    if (found.state === 'PUBLISHED') throw refuse('DECIDED', 'This manifest was published before.', 'id');
    const publishedByActor = personOf(viewer);
    if (publishedByActor === found.proposedByActor)
      throw refuse('SECOND_PERSON', 'Who proposed documents does not publish them: a second person does.', 'id');
    await checkRoom(transaction, found);
    await checkIds(transaction, found);
    const last = await transaction.documentManifest.aggregate({
      where: { role: found.role },
      _max: { version: true },
    });
    await transaction.documentManifest.update({
      where: { id: found.id },
      data: {
        state: 'PUBLISHED',
        version: (last._max.version ?? 0) + 1,
        publishedBy: viewer.organisation ?? viewer.role,
        publishedByActor,
        publishedAt: now(),
      },
    });
    await audit(transaction, now(), viewer, 'confirmDocuments', found);
    await announce(transaction);
    return found.id;
  });

/** One person is enough, as for revoking a token, because it only removes. */
export const withdraw = (
  deciding: Deciding,
  viewer: Viewer,
  input: Decision,
): Promise<Once<string> | DocumentRefusal> =>
  decide(deciding, viewer, 'withdrawDocuments', input, async (transaction) => {
    const { now } = deciding;
    const found = await findInForce(transaction, input.id);
    await transaction.documentManifest.update({
      where: { id: found.id },
      data: {
        state: 'WITHDRAWN',
        withdrawnBy: viewer.organisation ?? viewer.role,
        withdrawnByActor: viewer.actor,
        withdrawnAt: now(),
      },
    });
    await audit(transaction, now(), viewer, 'withdrawDocuments', found);
    await announce(transaction);
    return found.id;
  });

function personOf({ actor }: Viewer): string {
  if (actor === null)
    throw refuse(
      'SECOND_PERSON',
      'Documents are published by two persons, so your token has to say who acts (claim `actor`).',
    );
  return actor;
}

/** A manifest that was not withdrawn. @throws Refused */
async function findInForce(transaction: MutationTransaction, id: string): Promise<StoredManifest> {
  const found = isId(id) ? await transaction.documentManifest.findUnique({ where: { id } }) : null;
  if (!found) throw refuse('NOT_FOUND', 'There is no manifest with this id.', 'id');
  if (found.state === 'WITHDRAWN')
    throw refuse('DECIDED', 'This manifest was withdrawn before: propose its documents anew.', 'id');
  return found;
}

/** @throws Refused where every gateway would hold more than it may */
async function checkRoom(transaction: MutationTransaction, { bytes }: StoredManifest): Promise<void> {
  const { _sum, _count } = await transaction.documentManifest.aggregate({
    where: { state: 'PUBLISHED' },
    _sum: { bytes: true },
    _count: true,
  });
  if ((_sum.bytes ?? 0) + bytes > MAX_PUBLISHED_BYTES || _count >= MAX_PUBLISHED)
    throw refuse(
      'TOO_MANY',
      `Of all roles together ${MAX_PUBLISHED_BYTES / 1024 / 1024} MB in ${MAX_PUBLISHED} manifests ` +
        'are published at most: withdraw old ones first.',
      'id',
    );
}

/** @throws Refused where an id stands for another text already */
async function checkIds(transaction: MutationTransaction, { id, role }: StoredManifest): Promise<void> {
  const [taken] = await transaction.$queryRaw<{ id: string }[]>`
    select mine.document_id as id
    from gateway.trusted_document mine
    join gateway.trusted_document other on other.document_id = mine.document_id and other.text <> mine.text
    join gateway.document_manifest manifest
      on manifest.id = other.manifest_id
      and manifest.role = ${role}
      and manifest.state = 'PUBLISHED'
    where mine.manifest_id = ${id}::uuid
    order by mine.position
    limit 1`;
  if (taken) throw refuse('TAKEN', `Another text is published for ${role} under the id "${taken.id}".`, 'id');
}

async function audit(
  transaction: MutationTransaction,
  at: Date,
  { organisation, role, actor, purpose, tokenId }: Viewer,
  action: string,
  manifest: Pick<ManifestRow, 'id' | 'role' | 'documentCount'>,
): Promise<void> {
  const details = JSON.stringify({ manifest: manifest.id, role: manifest.role });
  await transaction.$executeRaw`
    insert into audit.change (at, schema, action, organisation, role, actor, purpose, token_id, row_count, details)
    values (${at}, 'gateway', ${action}, ${organisation}, ${role}, ${actor}, ${purpose}, ${tokenId},
      ${manifest.documentCount}, ${details}::jsonb)`;
}

const announce = (transaction: MutationTransaction) =>
  transaction.$executeRaw`select pg_notify(${DOCUMENTS_CHANGED}, '')`;
