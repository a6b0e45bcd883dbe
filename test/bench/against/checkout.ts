import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '#test/support/processes.ts';
import { startProgram, type Worker } from '#test/bench/processes.ts';

// How a checkout is driven, this one in the same way as the other: by the script `gateway` and the command
// `credit-graph` of its package.json, by its environment, and over HTTP. Its modules are not imported, so that it may
// have other folders.

export interface Checkout {
  readonly name: 'here' | 'there';
  /** The file that runs the CLI. */
  readonly cli: string;
  /** Its own Node. */
  readonly node: string;
  /** Starts its gateway at a free port of this machine, and waits until it answers there: `ready` is its address. */
  startGateway(environment: Readonly<Record<string, string>>, args?: readonly string[]): Promise<Worker<string>>;
  /**
   * Starts a program of its own `test/bench`, which serves what no command of the product does: without guards, or with
   * stub subgraphs in the same process. @throws Error where it has no such program
   */
  startBenchProgram(file: string, given: unknown): Promise<Worker<string>>;
}

const INSIDE = fileURLToPath(import.meta.resolve('./inside.ts'));
const START_DEADLINE_MS = 60_000;
const POLL_MS = 20;

interface Package {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** @param logs the folder that its gateways log to. @throws Error that says what the folder lacks */
export async function openCheckout(name: Checkout['name'], root: string, logs: string): Promise<Checkout> {
  const text = await readFile(join(root, 'package.json'), 'utf8').catch((cause: unknown) => {
    throw new Error(`${root} has no package.json: expected a checkout of this project`, { cause });
  });
  const { scripts, bin } = JSON.parse(text) as Package;
  const script = scripts?.['gateway'] ?? '';
  const [, gateway] = /^node (\S+)$/.exec(script) ?? [];
  const cli = bin?.['credit-graph'];
  if (gateway === undefined || cli === undefined)
    throw new Error(
      `${root}: expected the script "gateway" to be "node FILE", not "${script}", and a bin "credit-graph"`,
    );
  const node = join(root, 'node_modules/.bin/node');
  if (!existsSync(node)) throw new Error(`${root} has no node_modules: run \`npm ci\` there first`);
  await mkdir(logs, { recursive: true });

  return {
    name,
    cli: join(root, cli),
    node,
    async startGateway(environment, args = []) {
      const port = await freePort();
      const log = join(logs, `${name}.log`);
      const output = await open(log, 'w');
      const worker = await startProgram<null>(`${name}: gateway (its log is ${log})`, {
        // As `npm run gateway` runs it. npm in between would hide the process, and outlive it.
        file: join(root, gateway),
        args,
        execPath: node,
        execArgv: ['--import', INSIDE],
        env: { PATH: process.env['PATH'] ?? '', ...environment, PORT: String(port) },
        cwd: root,
        output: output.fd,
      }).finally(() => output.close());
      try {
        const ready = `http://127.0.0.1:${port}`;
        await isAnswering(ready, worker);
        return { ...worker, name: `${name}: gateway`, ready };
      } catch (error) {
        await worker[Symbol.asyncDispose]();
        throw error;
      }
    },
    startBenchProgram(file, given) {
      const path = join(root, 'test/bench', file);
      if (!existsSync(path)) throw new Error(`${root} has no test/bench/${file}, without which this row is not served`);
      return startProgram<string>(`${name}: ${file}`, { file: path, args: [JSON.stringify(given)], execPath: node });
    },
  };
}

/** @throws Error when the process has ended, or answers nothing for too long */
async function isAnswering(url: string, worker: Worker<null>): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    await worker.cpu(); // rejects once it has ended
    const answer = await fetch(`${url}/health/live`).catch(() => null); // until it listens, nobody answers
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    if (performance.now() > deadline) throw new Error(`${worker.name} did not answer in ${START_DEADLINE_MS} ms`);
    await pause(POLL_MS);
  }
}
