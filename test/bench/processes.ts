import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Profiler } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import type { Answer, Ask } from './worker.ts';

/** A process under test, or one that serves or loads it. Killed when disposed. */
export interface Worker<Ready> extends AsyncDisposable {
  readonly name: string;
  readonly ready: Ready;
  /** What it has spent since it started: µs of user and system time of all its threads. */
  cpu(): Promise<number>;
  call<Result>(given: unknown): Promise<Result>;
  startProfile(): Promise<void>;
  stopProfile(): Promise<Profiler.Profile>;
}

const START_DEADLINE_MS = 60_000;

/** What is run, where it is not this checkout's Node with a worker of the bench and the bench's own environment. */
export interface Program {
  /** A worker's file, or one that runs with a worker loaded before it. */
  readonly file: string;
  readonly args: readonly string[];
  /** The Node that runs it. */
  readonly execPath?: string;
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The file that its output goes to. */
  readonly output?: number;
}

/** Starts a worker and waits until it is ready. @param given handed to it as its one argument, as JSON */
export const startWorker = <Ready>(name: string, file: string, given: unknown = null): Promise<Worker<Ready>> =>
  startProgram<Ready>(name, { file: fileURLToPath(import.meta.resolve(file)), args: [JSON.stringify(given)] });

/** The same for a program that is started in another way. */
export async function startProgram<Ready>(
  name: string,
  { file, args, execPath, execArgv = [], env, cwd, output }: Program,
): Promise<Worker<Ready>> {
  const child = fork(file, [...args], {
    serialization: 'advanced',
    env: env ?? { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    execArgv: ['--no-warnings', ...execArgv],
    ...(execPath === undefined ? null : { execPath }),
    ...(cwd === undefined ? null : { cwd }),
    ...(output === undefined ? null : { stdio: ['ignore', output, output, 'ipc'] }),
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let ended = false;
  const failAll = (): void => {
    ended = true;
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended`));
  };
  child.on('exit', failAll);
  const ready = Promise.withResolvers<Ready>();
  const timer = setTimeout(
    () => ready.reject(new Error(`${name} was not ready in ${START_DEADLINE_MS} ms`)),
    START_DEADLINE_MS,
  );
  child.once('exit', (code) => ready.reject(new Error(`${name} ended with ${code} before it was ready`)));
  child.on('message', (message: Answer | { ready: Ready }) => {
    if ('ready' in message) return ready.resolve(message.ready);
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error !== undefined) reject?.(new Error(`${name}: ${message.error}`));
    else resolve?.(message.value);
  });
  const call = (one: Omit<Ask, 'id'>): Promise<unknown> => {
    if (ended) return Promise.reject(new Error(`${name} ended`));
    const answer = Promise.withResolvers<unknown>();
    asked += 1;
    waiting.set(asked, answer);
    child.send({ ...one, id: asked });
    return answer.promise;
  };
  const kill = async (): Promise<void> => {
    if (ended) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  try {
    return {
      name,
      ready: await ready.promise,
      // The workers' half is worker.ts, which gives these types.
      cpu: () => call({ ask: 'cpu' }) as Promise<number>,
      call: <Result>(work: unknown) => call({ ask: 'work', given: work } as Omit<Ask, 'id'>) as Promise<Result>,
      startProfile: () => call({ ask: 'startProfile' }) as Promise<void>,
      stopProfile: () => call({ ask: 'stopProfile' }) as Promise<Profiler.Profile>,
      [Symbol.asyncDispose]: kill,
    };
  } catch (error) {
    await kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
