import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbedded } from '#kit/postgres/embedded.ts';
import { migrate } from '#kit/postgres/migrate.ts';

// The database server of the rows that need one: the product's own, with nothing that spends its CPU in whichever round it likes.

const MIGRATIONS = join(import.meta.dirname, '../../prisma/migrations');

export interface BenchServer extends AsyncDisposable {
  /** Of the superuser. */
  readonly url: string;
  /** µs of CPU that the server and all its backends have spent. */
  readonly cpu: () => Promise<number>;
}

/** The migrated server of a folder, which is made when it is not there. */
export async function openServer(folder: string): Promise<BenchServer> {
  const server = await startServer(folder);
  try {
    await migrate({ url: server.url, directory: MIGRATIONS });
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** The server of a folder as it stands: empty when it was not there. */
export async function startServer(folder: string): Promise<BenchServer> {
  const server = await startEmbedded({
    dataDir: folder,
    settings: { autovacuum: 'off', max_wal_size: '8GB', checkpoint_timeout: '1h' },
  });
  try {
    const [postmaster] = (await readFile(join(folder, 'postmaster.pid'), 'utf8')).split('\n');
    return {
      url: server.url,
      cpu: () => cpuOfTree(Number(postmaster)),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

const TICK_US = 10_000; // USER_HZ is 100 on every Linux

/** User and system time of a process and all its children, those that ended included. */
async function cpuOfTree(root: number): Promise<number> {
  if (process.platform !== 'linux')
    throw new Error('Rows 4 to 6 count the CPU of PostgreSQL from /proc: they run on Linux alone.');
  const children = (await readFile(`/proc/${root}/task/${root}/children`, 'utf8').catch(() => ''))
    .split(' ')
    .filter(Boolean);
  const ticks = await Promise.all(
    [root, ...children].map(async (pid) => {
      // A backend that ended meanwhile is counted with its parent at the next reading.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
      return user + system + (Number(pid) === root ? childrenUser + childrenSystem : 0);
    }),
  );
  return ticks.reduce((sum, value) => sum + value, 0) * TICK_US;
}
