import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const READY_DEADLINE_MS = 60_000;

export interface TestProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Whether it has ended, however. */
  readonly hasEnded: () => boolean;
  /** What it wrote, standard output and error together; nothing where its output went elsewhere. */
  readonly output: () => string;
  /** A message to the process, and messages from it (test/faults/probe.ts). */
  readonly child: ChildProcess;
  /** kill -9, and gone when it resolves. */
  kill(): Promise<void>;
  /** Stops it where it is, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

/** A free port of this machine. Taken and released, so that a process can be configured with one before it runs. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface ProcessOptions {
  /** Arguments of Node itself. */
  readonly execArgv?: readonly string[];
  /** A file that its standard output and error go to, in place of `output`. */
  readonly outputTo?: number;
}

/** Starts one of our entry points and waits until it says that it is ready. */
export async function startProcess(
  entry: string,
  args: readonly string[],
  variables: Record<string, string>,
  { execArgv = [], outputTo }: ProcessOptions = {},
): Promise<TestProcess> {
  const output = outputTo ?? 'pipe';
  const environment = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    ...variables,
  };
  const stdio = ['ignore', output, output, 'ipc'] as const;
  const child = fork(join(root, entry), [...args], {
    cwd: root,
    env: environment,
    execArgv: [...execArgv],
    stdio: [...stdio],
  });
  let stated = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (stated += chunk.toString()));
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { ready?: string }) => message.ready && resolve(message.ready));
    child.once('exit', (code) => reject(new Error(`${entry} ended with ${code} before it was ready:\n${stated}`)));
    AbortSignal.timeout(READY_DEADLINE_MS).addEventListener(
      'abort',
      () => reject(new Error(`${entry} was not ready in time:\n${stated}`)),
      { once: true },
    );
  });
  try {
    const url = await ready;
    return {
      url,
      pid: child.pid as number, // it runs
      child,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      output: () => stated,
      kill: () => end(child, 'SIGKILL'),
      signal: (signal) => void child.kill(signal),
      [Symbol.asyncDispose]: () => end(child, 'SIGTERM'),
    };
  } catch (error) {
    await end(child, 'SIGKILL');
    throw error;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
