import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

// Files of records: only their owner reads them, since what is in them may not be published.

const OWN = 0o600;

/** For reading and appending; made where there is none. @throws Failure */
export async function openOwn(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'a+', OWN);
    await syncDirectory(path); // or a loss of power may take a new file, and leave its place
    return handle;
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** The old content or the new one, whatever happens meanwhile. */
export async function replaceOwn(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: OWN, flush: true });
  await rename(temporary, path);
}

export const unwritable = (path: string, error: unknown): Failure => new Failure(`${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`, { cause: error });

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
