import type { Role } from '#policy/roles.ts';

// A manifest: the documents that one person proposes for a role, and that a second one publishes.

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

/** Checked, with the id in its stored form. */
export type NewDocument = Pick<DocumentRow, 'documentId' | 'name' | 'text'>;

/** Why nothing was done; `path` within the caller's input. */
export interface DocumentRefusal {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
}

/** The channel on which every gateway learns that documents were published or withdrawn. */
export const DOCUMENTS_CHANGED = 'credit_graph_documents';

/**
 * Published documents are in the memory of every gateway: the maximum of all roles together, in bytes and in manifests.
 */
export const MAX_PUBLISHED_BYTES = 32 * 1024 * 1024;
export const MAX_PUBLISHED = 1000;
