import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { demoRoles, demoSubject } from '#cli/demoRoles.ts';
import { plainEnvironment, processesOf, startCli, waitFor } from './startedCli.ts';

// One data directory through its life, in order: the first start, a second one, deaths. No test leaves anything
// running.

const shell = promisify(execFile);
const ENTITIES = ['--entities', '300'];
const LONG = 240_000; // a first start takes 6 s, and 40 s on two cores that ten others want
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'credit-graph-start-'));
});

afterAll(async () => {
  for (const { pid } of await processesOf(dataDir)) process.kill(pid, 'SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

interface Printed {
  readonly role: string;
  readonly command: string;
}

/** The commands of a welcome, each under the line that begins with its role. */
const printedCommands = (welcome: string): Printed[] =>
  [...welcome.matchAll(/^([A-Z_]+) .*\n(curl .*)$/gm)].map(([, role = '', command = '']) => ({ role, command }));
const addressIn = (welcome: string): string => /^ {2}graph +(http:\S+)\/graphql$/m.exec(welcome)?.[1] ?? '';
const filedOfDemo = async (): Promise<unknown> =>
  JSON.parse(await readFile(join(dataDir, 'demo', 'files.json'), 'utf8')).filed;

/** Everything about the demo's subject, with when it was recorded: it changes when anything is filed anew. */
async function recordedOf(url: string): Promise<unknown> {
  const query = `{
    creditFile(uscc: "${demoSubject}") {
      entity { name recordedAt }
      administrativeActs(first: 100) { nodes { id version recordedAt } }
      nameListEntries(first: 100) { nodes { id version recordedAt } }
      evaluations { id version recordedAt }
    }
  }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

const nothingRuns = () => waitFor('the end of every process', async () => (await processesOf(dataDir)).length === 0);

test(
  'a first start that is cut off while it files goes on at the next one',
  async () => {
    const generated = await startCli(dataDir, ENTITIES, async () => (await filedOfDemo().catch(() => null)) === false);
    expect(await generated.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await processesOf(dataDir)).toEqual([]);
    expect(await filedOfDemo()).toBe(false);
    await using started = await startCli(dataDir, ENTITIES);
    expect(started.welcome).toMatch(/^ {2}data {6}300 entities with [\d ]+ rows in all, filed in /m);
    expect(await filedOfDemo()).toBe(true);
  },
  LONG,
);

test(
  'a later start keeps the data, files nothing, and prints a working command for every role',
  async () => {
    await using started = await startCli(dataDir, ENTITIES);
    expect(started.welcome).toContain('what was there is kept');
    const commands = printedCommands(started.welcome);
    expect(commands.map(({ role }) => role)).toEqual(['PUBLIC', ...demoRoles.map(({ role }) => role)]);
    for (const { role, command } of commands) {
      const { stdout } = await shell('sh', ['-c', command]);
      const { data, errors } = JSON.parse(stdout) as { data?: Record<string, unknown>; errors?: unknown };
      expect({ role, errors, empty: Object.values(data ?? {}).filter((value) => value === null) }).toEqual({
        role,
        errors: undefined,
        empty: [],
      });
    }
    // The explorer stands at the printed address, and has the same roles to choose from.
    const explorer = /^ {2}explorer +(http:\S+)$/m.exec(started.welcome)?.[1] ?? '';
    expect(await (await fetch(explorer)).text()).toContain('Credit Graph explorer');
    const tokens = (await (await fetch(`${explorer}/tokens.json`)).json()) as { role: string }[];
    expect(tokens.map(({ role }) => role)).toEqual(commands.map(({ role }) => role));
  },
  LONG,
);

test(
  'two starts answer alike, and SIGINT and SIGTERM leave no process behind',
  async () => {
    const answers = [];
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const started = await startCli(dataDir, ENTITIES);
      answers.push(await recordedOf(addressIn(started.welcome)));
      expect((await processesOf(dataDir)).length).toBeGreaterThan(2); // the CLI, the gateway, PostgreSQL
      expect(await started.end(signal)).toEqual({ code: 0, signal: null });
      expect(await processesOf(dataDir)).toEqual([]);
    }
    expect(answers[0]).toEqual({
      data: { creditFile: expect.objectContaining({ entity: expect.anything() }) },
      extensions: expect.anything(),
    });
    expect(JSON.stringify(answers[1])).toBe(JSON.stringify(answers[0]));
  },
  LONG,
);

test(
  'when the CLI alone is killed everything it started ends by itself',
  async () => {
    const started = await startCli(dataDir, ENTITIES);
    await started.end('SIGKILL');
    await nothingRuns();
  },
  LONG,
);

test(
  'after kill -9 of everything the next start works and has the data',
  async () => {
    const started = await startCli(dataDir, ENTITIES);
    const before = await recordedOf(addressIn(started.welcome));
    for (const { pid } of await processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    await nothingRuns();
    await using next = await startCli(dataDir, ENTITIES);
    expect(JSON.stringify(await recordedOf(addressIn(next.welcome)))).toBe(JSON.stringify(before));
  },
  LONG,
);

const CLI = join(import.meta.dirname, '../../../cli/main.ts');
const gatewayOf = async (): Promise<number> =>
  (await processesOf(dataDir)).find(({ command }) => command.includes('gateway/main.ts'))?.pid ?? 0;

test(
  'a gateway that dies is started again at the same address with its data, and the CLI says so',
  async () => {
    const started = await startCli(dataDir, ENTITIES);
    const url = addressIn(started.welcome);
    const before = await recordedOf(url);
    const begun = performance.now();
    process.kill(await gatewayOf(), 'SIGKILL');
    await waitFor('the return of the gateway', () => started.stderr().includes(`The gateway answers again at ${url}.`));
    console.log(`npm start: the gateway answers again ${Math.round(performance.now() - begun)} ms after kill -9`);
    expect(started.stderr()).toContain('The gateway ended by SIGKILL.');
    expect(JSON.stringify(await recordedOf(url))).toBe(JSON.stringify(before));
    expect(await started.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await processesOf(dataDir)).toEqual([]);
  },
  LONG,
);

test(
  'a gateway that dies again and again is given up, with what was wrong, and nothing is left',
  async () => {
    const started = await startCli(dataDir, ENTITIES);
    const { port } = new URL(addressIn(started.welcome));
    process.kill(await gatewayOf(), 'SIGKILL');
    // Where it was somebody else listens now.
    const server = createServer();
    await waitFor('the port to be free', async () => {
      server.listen(Number(port), '127.0.0.1');
      return once(server, 'listening').then(
        () => true,
        () => false,
      );
    });
    expect(await started.over).toEqual({ code: 1, signal: null });
    server.close();
    expect(started.stderr()).toContain(`Port ${port} of 127.0.0.1 is in use`);
    expect(started.stderr()).toContain('It has ended 5 times in a row, and is not started again.');
    await nothingRuns();
  },
  LONG,
);

test(
  'a port in use is said before a database is made',
  async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'credit-graph-start-'));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const failure = await shell(process.execPath, [CLI, 'start'], {
      env: { ...plainEnvironment(fresh), PORT: String(port) },
    }).then(
      () => null,
      (error: { code: number; stderr: string }) => error,
    );
    server.close();
    expect(failure?.code).toBe(1);
    expect(failure?.stderr).toContain(
      `Port ${port} of 127.0.0.1 is in use: stop what listens there, or set PORT to another.`,
    );
    expect((await readdir(fresh)).filter((name) => name.startsWith('postgres'))).toEqual([]);
    await rm(fresh, { recursive: true, force: true });
  },
  LONG,
);
