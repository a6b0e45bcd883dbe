import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const CLI = join(import.meta.dirname, '../../../cli/main.ts');
const DEADLINE_MS = 120_000;

export interface StartedCli extends AsyncDisposable {
  readonly pid: number;
  /** All that was printed when the welcome was complete: the curl of the last role comes at its end. */
  readonly welcome: string;
  /** What was printed beside it so far: what it does, and what goes wrong. */
  stderr(): string;
  /** How it ended by itself. */
  readonly over: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends the signal to the CLI alone and waits for its end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** An environment in which nothing is set that would change what `start` does. */
export const plainEnvironment = (dataDir: string): NodeJS.ProcessEnv => {
  const ours = new Set([
    'DATABASE_URL',
    'REDIS_URL',
    'SUBGRAPHS',
    'JWKS_URL',
    'JWT_ISSUER',
    'JWT_AUDIENCE',
    'LOG_LEVEL',
    'NODE_ENV',
    'HOST',
    'CREDIT_GRAPH_TOKEN',
    'CREDIT_GRAPH_URL',
  ]);
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.has(name))),
    DATA_DIR: dataDir,
    PORT: '0',
  };
};

/** Runs `credit-graph start` until `until` says that enough was seen: by default its welcome. */
export async function startCli(
  dataDir: string,
  args: readonly string[],
  until: (output: string) => boolean | Promise<boolean> = (output) => /\nOPERATOR .*\ncurl .*\n$/.test(output),
): Promise<StartedCli> {
  const child = spawn(process.execPath, [CLI, 'start', ...args], {
    env: plainEnvironment(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const over = exited.then(([code, signal]) => ({ code, signal }));
  const end: StartedCli['end'] = (signal) => {
    child.kill(signal);
    return over;
  };
  try {
    await waitFor('the start', async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`start ended with ${child.exitCode ?? child.signalCode}:\n${errors}`);
      return until(output);
    });
  } catch (error) {
    await end('SIGINT');
    throw error;
  }
  return {
    pid: child.pid as number /* it runs */,
    welcome: output,
    stderr: () => errors,
    over,
    end,
    [Symbol.asyncDispose]: async () => void (await end('SIGINT')),
  };
}

/** Polls for a condition that nothing announces, up to a deadline. */
export async function waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; !(await condition()); await wait(20))
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${DEADLINE_MS / 1000} s`);
}

/**
 * Every process that has to do with a data directory: by its arguments, its environment or where it stands. Linux
 * alone.
 */
export async function processesOf(dataDir: string): Promise<{ pid: number; command: string }[]> {
  const found = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment, place, state] = await Promise.all([
      read('cmdline'),
      read('environ'),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      read('stat'),
    ]);
    const isDead = /\) Z /.test(state);
    if (!isDead && [command, environment, place].some((text) => text.includes(dataDir)))
      found.push({ pid, command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}
