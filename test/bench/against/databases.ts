import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchServer, startServer } from '#test/bench/postgres.ts';
import type { Comparison } from './comparison.ts';

/**
 * A database server for each checkout, with the same data page by page: they are loaded once, under the schema of the
 * other checkout, and copied. Each checkout's gateway brings its copy to its own schema when it starts, as an upgrade
 * does.
 * @param load loads them at the superuser's address
 */
export async function openDatabases(
  { directory, deployment, there }: Comparison,
  name: string,
  load: (url: string) => Promise<void>,
  owner: AsyncDisposableStack,
): Promise<Record<'here' | 'there', BenchServer>> {
  const folder = join(directory, name);
  await mkdir(folder, { recursive: true });
  owner.defer(() => rm(folder, { recursive: true, force: true }));
  const folderOf = { here: join(folder, 'here'), there: join(folder, 'there') };
  {
    await using server = await startServer(folderOf.there);
    const gateway = await there.startGateway(deployment.environment(server.url)); // applies its migrations
    await gateway[Symbol.asyncDispose]();
    await load(server.url);
  }
  await promisify(execFile)('cp', ['-a', folderOf.there, folderOf.here]); // with their owner, who is not us
  return {
    here: owner.use(await startServer(folderOf.here)),
    there: owner.use(await startServer(folderOf.there)),
  };
}
