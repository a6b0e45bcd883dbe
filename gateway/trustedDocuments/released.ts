import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestId } from './ids.ts';
import type { LoadedDocument } from './publishedDocuments.ts';

/**
 * The documents of the command line (written by `npm run codegen`): without them nobody could publish the first
 * document where all have to be published.
 */
export async function readReleasedDocuments(): Promise<readonly LoadedDocument[]> {
  const { operations } = JSON.parse(await readFile(join(import.meta.dirname, 'released.json'), 'utf8')) as {
    operations: readonly { name: string; body: string }[];
  };
  return operations.map(({ name, body }) => ({ id: digestId(body), name, text: body }));
}
