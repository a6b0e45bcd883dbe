import type { Log } from '#kit/log.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import type { Role } from '#policy/roles.ts';
import type { LoadedDocument, LoadedManifest } from './publishedDocuments.ts';
import { MAX_PUBLISHED, MAX_PUBLISHED_BYTES } from './manifest.ts';

const published = statement(
  'gateway.document_manifest.published',
  `select id, role, bytes
   from gateway.document_manifest
   where state = 'PUBLISHED'
   order by role, version
   limit ${MAX_PUBLISHED}`,
);

const documentsOf = statement(
  'gateway.trusted_document.of_manifest',
  `select document_id as id, name, text
   from gateway.trusted_document
   where manifest_id = $1::uuid
   order by position
   limit 1000`,
);

/**
 * Reads the manifests in force. A manifest never changes, so its documents are read once.
 * @returns null where the same are in force as at the last reading
 */
export function createManifestReader(pool: Pool, log: Log): () => Promise<readonly LoadedManifest[] | null> {
  const loaded = new Map<string, readonly LoadedDocument[]>();
  /** The ids of the last reading. */
  let inForce: string | null = null;
  return async () => {
    const rows = await query<{ id: string; role: string; bytes: number }>(pool, published, []);
    let bytes = 0;
    const kept = rows.filter((row) => (bytes += row.bytes) <= MAX_PUBLISHED_BYTES);
    const now = kept.map(({ id }) => id).join(' ');
    if (now === inForce) return null;
    const left = rows.length - kept.length;
    if (left > 0)
      log.error(
        { bytes, manifests: left },
        'more is published than is held: the documents of the last manifests are refused',
      );
    for (const { id } of kept)
      if (!loaded.has(id)) loaded.set(id, await query<LoadedDocument>(pool, documentsOf, [id]));
    const ids = new Set(kept.map(({ id }) => id));
    for (const id of loaded.keys()) if (!ids.has(id)) loaded.delete(id);
    inForce = now;
    // a manifest is made for a role
    return kept.map(({ id, role }) => ({ role: role as Role, documents: loaded.get(id) ?? [] }));
  };
}
