// node prisma/tools/generateClient.ts          writes prisma/client, which `prisma generate` makes of schema.prisma
// node prisma/tools/generateClient.ts --check  fails, naming each file, when it is not up to date
//
// Prisma generates beside the schema it is given, so a copy of the schema in a temporary folder gives a client to
// compare. The part for browsers, which the generator has no option to leave out and which nothing here loads, is not
// kept.

import { execFile } from 'node:child_process';
import { cp, glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const target = join(root, 'prisma/client');

const UNUSED = ['browser.ts', 'internal/prismaNamespaceBrowser.ts'];

/** The files of a folder and what is in them, by path. */
async function read(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const file of glob('**/*.ts', { cwd: folder }))
    files.set(file, await readFile(join(folder, file), 'utf8'));
  return files;
}

/** @returns paths in prisma/client that are missing there, differ, or are no longer written */
async function stale(made: string): Promise<string[]> {
  const [fresh, committed] = await Promise.all([read(made), read(target)]);
  const names = [...new Set([...fresh.keys(), ...committed.keys()])];
  return names.filter((name) => fresh.get(name) !== committed.get(name)).toSorted();
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'credit-graph-client-'));
  try {
    const schema = join(folder, 'schema.prisma');
    await cp(join(root, 'prisma/schema.prisma'), schema);
    const prisma = join(root, 'node_modules/prisma/build/index.js');
    await promisify(execFile)(process.execPath, [prisma, 'generate', '--schema', schema], { cwd: root });
    const made = join(folder, 'client');
    for (const file of UNUSED) await rm(join(made, file)); // fails when the generator no longer writes it
    if (!process.argv.includes('--check')) {
      await rm(target, { recursive: true, force: true });
      await cp(made, target, { recursive: true });
      return;
    }
    const files = await stale(made);
    if (files.length === 0) return;
    console.error(`prisma/client is not what prisma/schema.prisma makes: run node prisma/tools/generateClient.ts`);
    for (const file of files) console.error(`prisma/client/${file}`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
