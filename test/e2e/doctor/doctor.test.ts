import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from '#cli/doctor.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { freePort } from '#test/support/processes.ts';

// `credit-graph doctor` as a person and a program run it: what it prints, and its exit code. Each thing that it can say
// of a gateway stands in cli/doctor.test.ts.

/** Each run is one process more, or two: seconds, and more where the machine is busy. */
const DEADLINE_MS = 240_000;
const root = join(import.meta.dirname, '../../..');
let graph: TestGraph;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-doctor-'));
  graph = await startGraph();
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
async function doctor(words: readonly string[], variables: Record<string, string> = {}): Promise<Run> {
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: directory, CREDIT_GRAPH_URL: graph.url, ...variables };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(root, 'cli/main.ts'), 'doctor', ...words],
      { env, cwd: root },
    );
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Run;
    return { code, stdout, stderr };
  }
}
const findings = ({ stdout }: Run): Finding[] => JSON.parse(stdout) as Finding[];
const config = async (variables: Record<string, string>): Promise<{ code: number; config: Finding | undefined }> => {
  const run = await doctor(['--json'], variables);
  return { code: run.code, config: findings(run).find(({ check }) => check === 'config') };
};
const node = `Node ${process.versions.node}`;
const missing = {
  check: 'data',
  state: 'note',
  message: 'the demo data is not there',
  advice: '`npm start` loads it; where real data is filed it is not missed.',
};
const random = (): string => `k1:${randomBytes(32).toString('base64')}`;
const zeros = `k1:${Buffer.alloc(32).toString('base64')}`;

test(
  'of a gateway that answers it prints a line for each thing, and a note is no failure',
  async () => {
    const run = await doctor([]);
    expect(run).toEqual({
      code: 0,
      stderr: '',
      stdout: `ok       config   the configuration is sound, for development
ok       node     ${node}
ok       address  ${graph.url} answers
ok       sources  all sources are available
ok       token    none is used: you are the public
note     data     the demo data is not there
                  \`npm start\` loads it; where real data is filed it is not missed.
`,
    });
  },
  DEADLINE_MS,
);

test(
  'for a program it prints JSON; with a token who that is, with a bad one what to do, and exits 1',
  async () => {
    const { organisation } = organisationOf('AUDITOR');
    const ok = await doctor(['--json'], { CREDIT_GRAPH_TOKEN: graph.tokenOf('AUDITOR') });
    expect(ok.code).toBe(0);
    expect(findings(ok)).toEqual([
      { check: 'config', state: 'ok', message: 'the configuration is sound, for development' },
      { check: 'node', state: 'ok', message: node },
      { check: 'address', state: 'ok', message: `${graph.url} answers` },
      { check: 'sources', state: 'ok', message: 'all sources are available' },
      { check: 'token', state: 'ok', message: `you are ${organisation} as AUDITOR` },
      missing,
    ]);
    const old = graph.issuer.token(
      { role: 'AUDITOR', organisation },
      { payload: { iat: Math.floor(Date.now() / 1000) - 7200, exp: Math.floor(Date.now() / 1000) - 3600 } },
    );
    const bad = await doctor(['--json', '--url', graph.url, '--token', old]);
    expect([bad.code, findings(bad).find(({ check }) => check === 'token')]).toEqual([
      1,
      {
        check: 'token',
        state: 'problem',
        message: expect.stringContaining('(UNAUTHENTICATED EXPIRED)'),
        advice: 'Ask for a new token: `credit-graph token --role …`.',
      },
    ]);
  },
  DEADLINE_MS,
);

test(
  'a source that is away is a problem, and its exit code is 1',
  async () => {
    await using without = await startGraph({ database: graph.database, absent: ['evaluation', 'namelist'] });
    const run = await doctor(['--json', '--url', `${without.url}/graphql`]);
    expect([run.code, findings(run).find(({ check }) => check === 'sources')]).toEqual([
      1,
      {
        check: 'sources',
        state: 'problem',
        message: 'unavailable: namelist, evaluation',
        advice: 'Look at the logs of those subgraphs, and at the database.',
      },
    ]);
  },
  DEADLINE_MS,
);

test(
  'without an answer nothing more is checked; for a remote gateway no local configuration is',
  async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await doctor(['--url', url])).toEqual({
      code: 1,
      stderr: '',
      stdout: `ok       node     ${node}
problem  address  ${url} cannot be reached (ECONNREFUSED).
                  Is the gateway running? \`npm start\` starts one; --url or CREDIT_GRAPH_URL names another.
`,
    });
  },
  DEADLINE_MS,
);

test(
  'a configuration with which no gateway starts is a problem that names every variable, and never a secret',
  async () => {
    const { code, config: found } = await config({ PLANNERS: '99', POLICY_MODE: 'none', CURSOR_KEYS: 'k1:c2hvcnQ=' });
    expect(code).toBe(1);
    expect(found).toMatchObject({
      state: 'problem',
      message: expect.stringMatching(/^The configuration is wrong:\n/),
      advice: 'No gateway starts with this: mend what is named.',
    });
    for (const variable of ['PLANNERS', 'POLICY_MODE', 'CURSOR_KEYS']) expect(found?.message).toContain(variable);
    expect(found?.message).not.toContain('c2hvcnQ=');
  },
  DEADLINE_MS,
);

test(
  'keys that production refuses are a note in development, and a problem there',
  async () => {
    const weak = { PASSPORT_KEYS: zeros, CURSOR_KEYS: random(), DIGEST_KEYS: random() };
    expect(await config(weak)).toEqual({
      code: 0,
      config: {
        check: 'config',
        state: 'note',
        message: 'PASSPORT_KEYS: key "k1" is all zeros: make one with `openssl rand -base64 32`',
        advice: 'Production does not start with such keys.',
      },
    });
    const production = {
      NODE_ENV: 'production',
      JWKS_URL: 'https://issuer.example/jwks.json',
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'credit-graph',
      DATABASE_URL: graph.database.url,
    };
    expect(await config({ ...production, ...weak })).toMatchObject({
      code: 1,
      config: { state: 'problem', message: expect.stringContaining('PASSPORT_KEYS: key "k1" is all zeros') },
    });
    expect(await config({ ...production, ...weak, PASSPORT_KEYS: random() })).toEqual({
      code: 0,
      config: { check: 'config', state: 'ok', message: 'the configuration is sound, for production' },
    });
  },
  DEADLINE_MS,
);

test(
  'its help says what its exit codes mean',
  async () => {
    const { code, stdout } = await doctor(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('\nExit codes:\n  0  done\n  1  a problem was found\n  2  wrong usage\n');
    expect((await doctor(['--no-such-option'])).code).toBe(2);
  },
  DEADLINE_MS,
);
