import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from '#kit/postgres/embedded.ts';
import { isRunning } from '#kit/postgres/process.ts';

// A PostgreSQL of a test's own, that can be killed.

export interface PostgresProcess extends AsyncDisposable {
  /** Of the superuser, over a Unix socket. */
  readonly url: string;
  /** The Unix socket itself. */
  readonly socket: string;
  /** kill -9 of the server and every process of it. */
  kill(): Promise<void>;
  /** Starts it again where it was; nothing where it runs. @throws Error where it does not start */
  start(): Promise<void>;
  /** Both, the start after so many milliseconds. */
  crash(downMs?: number): Promise<void>;
}

export async function startPostgres(options: Omit<EmbeddedOptions, 'signal'>): Promise<PostgresProcess> {
  const { dataDir } = options;
  const begin = (): Promise<EmbeddedPostgres> => startEmbedded({ ...options, restarts: false });
  let server = await begin();
  const { url } = server;
  const start = async (): Promise<void> => {
    server = await begin();
    if (server.url !== url) throw new Error(`PostgreSQL came back at ${server.url}, it was at ${url}`);
  };
  const kill = async (): Promise<void> => {
    const [postmaster] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n').map(Number) as [number];
    const tasks = await readdir(`/proc/${postmaster}/task`).catch(() => []);
    const lists = await Promise.all(
      tasks.map((task) => readFile(`/proc/${postmaster}/task/${task}/children`, 'utf8').catch(() => '')),
    );
    for (const pid of [postmaster, ...lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    while (await isRunning(postmaster)) await pause(20);
  };
  return {
    url,
    socket: join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432'),
    kill,
    start,
    async crash(downMs = 0) {
      await kill();
      await pause(downMs);
      await start();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
