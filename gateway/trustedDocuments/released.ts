import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolesThatMay } from '#policy/actions.ts';
import { digestId } from './ids.ts';
import type { DocumentsOfRole } from './store.ts';

/**
 * What the command line asks for whoever publishes: without these nobody could publish the first document where all of them have to be published.
 * The file is a manifest like any other; a test compares it with the command line's own texts.
 */
export async function readReleasedDocuments(): Promise<readonly DocumentsOfRole[]> {
  const { operations } = JSON.parse(await readFile(join(import.meta.dirname, 'released.json'), 'utf8')) as { operations: readonly { name: string; body: string }[] };
  const documents = operations.map(({ name, body }) => ({ id: digestId(body), name, text: body }));
  return rolesThatMay('document:publish').map((role) => ({ role, documents }));
}
