import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

// Files of records. Only their owner may read them, since their content may be unpublished.

const OWN = 0o600;

/** Opens a file for reading and appending, and creates a missing one. @throws Failure */
export async function openOwn(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'a+', OWN);
    await syncDirectory(path); // or a loss of power may take a new file, and leave its place
    return handle;
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Replaces a file so that it has either the old content or the new one, whatever happens meanwhile. */
export async function replaceOwn(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: OWN, flush: true });
  await rename(temporary, path);
}

export const unwritable = (path: string, error: unknown): Failure =>
  new Failure(`${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`, {
    cause: error,
  });

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
