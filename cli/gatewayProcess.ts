import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from './settings.ts';
import { Failure } from './failure.ts';

const GATEWAY = join(import.meta.dirname, '../gateway/main.ts');
// PostgreSQL may have to recover first, and its own start allows two minutes for that.
const READY_DEADLINE_MS = 150_000;
const STOP_DEADLINE_MS = 15_000;
const LARGEST_LOG = 16 * 1024 * 1024;
const LAST_LINES = 12;
// A gateway that ran this long was sound, so earlier ends do not count.
const STEADY_MS = 60_000;
// The waits between starts are 0.5, 1, 2 and 4 s. A failure that outlasts them does not mend itself.
const MAX_DEATHS = 5;
const FIRST_WAIT_MS = 500;

/** The gateway as a child of this process. It stops when it is disposed, and by itself when this process is killed. */
interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  /** Rejects with a Failure when the gateway ends unexpectedly. */
  readonly died: Promise<never>;
}

/** A gateway that is restarted when it dies. Disposing it stops it, also during a restart. */
export interface KeptGateway extends AsyncDisposable {
  /** The address, which stays the same. */
  readonly url: string;
  /** Rejects with a Failure when it has died too often. */
  readonly over: Promise<never>;
}

/**
 * Starts the gateway, and restarts it at the same address when it ends unexpectedly.
 * @param say receives a line for each death and for each return
 * @throws Failure when the first start fails, which is not repeated
 */
export async function keepGateway(
  settings: Pick<Settings, 'dataDir' | 'logLevel'>,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<KeptGateway> {
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  let current = await startGateway(settings, ended);
  const { url } = current;
  const { port } = new URL(url);
  let starting: Promise<unknown> = Promise.resolve();

  const keep = async (): Promise<never> => {
    for (let deaths = 0; ;) {
      const begun = performance.now();
      const death: Failure = await current.died.catch((failure: Failure) => failure);
      if (performance.now() - begun > STEADY_MS) deaths = 0;
      const restarted = (async () => {
        for (let last = death; ;) {
          deaths += 1;
          if (deaths >= MAX_DEATHS)
            throw new Failure(`${last.message}\nIt has ended ${MAX_DEATHS} times in a row, and is not started again.`, {
              ...(last.advice === null ? null : { advice: last.advice }),
              exitCode: last.exitCode,
            });
          say(`${last.message}\nIt is started again …`);
          await wait(FIRST_WAIT_MS * 2 ** (deaths - 1), undefined, { signal: ended });
          try {
            return await startGateway(settings, ended, port);
          } catch (error) {
            if (ended.aborted || !(error instanceof Failure)) throw error;
            last = error;
          }
        }
      })();
      starting = restarted.catch(() => {});
      current = await restarted;
      say(`The gateway answers again at ${url}.`);
    }
  };
  const over = keep();
  over.catch(() => {}); // a caller that awaits it receives the error
  return {
    url,
    over,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await starting;
      await current[Symbol.asyncDispose]();
    },
  };
}

/**
 * Starts `gateway/main.ts` with this environment and waits until it answers.
 * @param port the port to listen on, instead of the one in the environment
 * @throws Failure, with the exit code of a gateway that ended first
 */
async function startGateway(
  settings: Pick<Settings, 'dataDir' | 'logLevel'>,
  signal: AbortSignal,
  port?: string,
): Promise<GatewayProcess> {
  const log = settings.logLevel === null ? await openLog(settings.dataDir) : null;
  const output = log ? log.handle.fd : ('inherit' as const);
  const child = spawn(process.execPath, port === undefined ? [GATEWAY] : [GATEWAY, '--port', port], {
    stdio: ['ignore', output, output, 'ipc'],
    // The gateway has a process group of its own, so that a Ctrl-C in the terminal reaches it once, through this
    // process.
    detached: true,
  });
  const exited = new Promise<void>(
    (resolve) => void child.once('exit', () => resolve()).once('error', () => resolve()),
  );
  await log?.handle.close();

  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.kill('SIGINT');
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(hard);
  };
  const died = exited.then(async (): Promise<never> => {
    if (stopping) return new Promise<never>(() => {});
    throw await deathOf(child, log);
  });
  died.catch(() => {}); // a caller that awaits it receives the error

  const deadline = AbortSignal.timeout(READY_DEADLINE_MS);
  try {
    const waiting = AbortSignal.any([signal, deadline]);
    const url = await Promise.race([readiness(child, waiting), died]);
    return { url, died, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    if (deadline.aborted)
      throw new Failure(`The gateway was not ready after ${READY_DEADLINE_MS / 1000} s.`, {
        advice: log ? `Its log is ${log.file}.` : 'Its log is above.',
        cause: error,
      });
    throw error;
  }
}

async function readiness(child: ChildProcess, signal: AbortSignal): Promise<string> {
  for (;;) {
    const [message] = (await once(child, 'message', { signal })) as [unknown];
    if (typeof message === 'object' && message !== null && 'ready' in message) return String(message.ready);
  }
}

interface Log {
  readonly file: string;
  readonly handle: FileHandle;
  /** The offset at which this gateway's own lines begin. */
  readonly from: number;
}

async function openLog(dataDir: string): Promise<Log> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'gateway.log');
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LARGEST_LOG) await rm(file);
  const handle = await open(file, 'a', 0o600);
  return { file, handle, from: (await handle.stat()).size };
}

/** The last lines of the log without stack frames, since a person looks for the sentence. */
async function lastLines({ file, from }: Log): Promise<string[]> {
  const text = (await readFile(file).catch(() => Buffer.alloc(0))).toString('utf8', from);
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(-LAST_LINES).map(readable);
}

async function deathOf(child: ChildProcess, log: Log | null): Promise<Failure> {
  const how = child.signalCode === null ? `with exit code ${child.exitCode ?? 'unknown'}` : `by ${child.signalCode}`;
  const lines = log ? await lastLines(log) : [];
  return new Failure(`The gateway ended ${how}.${lines.map((line) => `\n  ${line}`).join('')}`, {
    exitCode: child.exitCode || 1,
    advice: log ? `Its whole log is ${log.file}.` : 'Its log is above.',
  });
}

/** A JSON line of the log in a readable form. Any other line is unchanged. */
function readable(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line;
  }
}
