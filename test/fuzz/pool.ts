import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Outcome } from './run.ts';
import type { Reply, Task } from './worker.ts';

/** Runs cases in processes of their own: an abort or a hang is a failed case, and the next one gets a new process. */
export interface Pool extends AsyncDisposable {
  /** Waits for a free worker. */
  run(task: Task): Promise<Outcome>;
  readonly workers: number;
}

const CASE_DEADLINE_MS = 30_000;
/** A new process reads the schemas first. */
const FIRST_CASE_DEADLINE_MS = 120_000;

const failed = (kind: string, what: string): Outcome => ({
  status: 'failed',
  kind,
  problems: [{ kind, what, path: '' }],
  engine: null,
  expected: null,
});

/** @param workers how many processes; each holds the planner and the schemas of the worlds it met */
export function createPool(workers: number): Pool {
  const idle: ChildProcess[] = [];
  const waiting: (() => void)[] = [];
  const all = new Set<ChildProcess>();
  let running = 0;

  const start = (): ChildProcess => {
    // The planner's last words are many lines; the outcome says enough.
    const child = fork(join(import.meta.dirname, 'worker.ts'), [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: ['--no-warnings'],
    });
    all.add(child);
    child.once('exit', () => all.delete(child));
    return child;
  };

  const ask = (child: ChildProcess, task: Task, deadlineMs: number): Promise<{ outcome: Outcome; isAlive: boolean }> =>
    new Promise((resolve) => {
      const settle = (outcome: Outcome, isAlive: boolean): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        if (!isAlive) child.kill('SIGKILL');
        resolve({ outcome, isAlive });
      };
      const onMessage = (reply: unknown): void => settle((reply as Reply).outcome, true); // our own worker
      const onExit = (code: number | null, signal: string | null): void =>
        settle(failed('crash', `the process ended with ${signal ?? code}`), false);
      const timer = setTimeout(() => settle(failed('hang', `no answer in ${deadlineMs} ms`), false), deadlineMs);
      child.once('message', onMessage);
      child.once('exit', onExit);
      child.send(task);
    });

  return {
    workers,
    async run(task) {
      if (running >= workers) await new Promise<void>((resolve) => waiting.push(resolve));
      running += 1;
      const known = idle.pop();
      const child = known ?? start();
      const { outcome, isAlive } = await ask(child, task, known ? CASE_DEADLINE_MS : FIRST_CASE_DEADLINE_MS);
      if (isAlive) idle.push(child);
      running -= 1;
      waiting.shift()?.();
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...all].map(
          (child) =>
            new Promise<void>((resolve) => {
              child.once('exit', () => resolve());
              if (child.connected)
                child.disconnect(); // it ends by itself then, and its planner with it
              else child.kill('SIGKILL');
            }),
        ),
      );
    },
  };
}
