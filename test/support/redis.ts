import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './processes.ts';

// A Redis of a test's own, that can be killed. `needs('redis-server')` finds the program.

export interface RedisProcess extends AsyncDisposable {
  readonly url: string;
  /** kill -9, and a new one in its place. */
  crash(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

const READY_DEADLINE_MS = 10_000;

export async function startRedis(program: string): Promise<RedisProcess> {
  const port = await freePort();
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(
      program,
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    const deadline = performance.now() + READY_DEADLINE_MS;
    while (!(await answers(port))) if (performance.now() > deadline) throw new Error('redis-server does not answer');
    return started;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  let child = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    async crash() {
      await end(child);
      child = await start();
    },
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => end(child),
  };
}

/** Whether it answers a ping. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false)); // killed between the two
  });
}
