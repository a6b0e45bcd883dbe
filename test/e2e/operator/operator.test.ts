import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase, type Database } from '#test/support/database.ts';
import { askGateway, organisationOf } from '#test/support/graph.ts';
import {
  AUDIENCE,
  ISSUER,
  type IssuerKey,
  type KeyServer,
  newKey,
  signed,
  startKeyServer,
} from '#test/support/keyServer.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';

// docs/KEYS.md, "The first operator", as an administrator follows it for a production deployment: a gateway in
// production with an issuer that is none of ours, and the command line with a token of that issuer.

const root = join(import.meta.dirname, '../../..');
const operator = organisationOf('OPERATOR').organisation;
const auditor = organisationOf('AUDITOR').organisation;
const stack = new AsyncDisposableStack();
let database: Database;
let issuer: KeyServer;
let key: IssuerKey;
let variables: Record<string, string>;
beforeAll(async () => {
  database = stack.use(await openDatabase());
  key = await newKey('production');
  issuer = stack.use(await startKeyServer(key));
  const dataDir = await mkdtemp(join(tmpdir(), 'credit-graph-operator-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const random = (): string => `k1:${randomBytes(32).toString('base64')}`;
  variables = {
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    PORT: '0',
    PLANNERS: '1',
    JWKS_URL: issuer.url,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    PASSPORT_KEYS: random(),
    CURSOR_KEYS: random(),
    DIGEST_KEYS: random(),
  };
});
afterAll(() => stack.disposeAsync());

const tokenOf = (role: string, organisation: string): Promise<string> =>
  signed(key, new Date(), { payload: { role, sub: organisation, purposes: [] } });
const start = (more: Record<string, string> = {}): Promise<TestProcess> =>
  startProcess('gateway/main.ts', [], { ...variables, ...more });
const run = async (gateway: TestProcess, token: string, ...words: string[]): Promise<string> => {
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...variables,
    CREDIT_GRAPH_URL: gateway.url,
    CREDIT_GRAPH_TOKEN: token,
  };
  return (
    await promisify(execFile)(process.execPath, [join(root, 'cli/main.ts'), ...words], { env, cwd: root })
  ).stdout.trim();
};
const roleOf = async (gateway: TestProcess, role: string, organisation: string): Promise<unknown> => {
  const { body } = await askGateway(gateway.url, await tokenOf(role, organisation), '{ viewer { role } }');
  return body.data?.['viewer'] ?? body.errors?.[0]?.extensions['reason'];
};

test('the first operator is named by the environment, grants, and does not return once it has ended', async () => {
  {
    await using gateway = await start();
    expect(await roleOf(gateway, 'OPERATOR', operator)).toBe('ROLE');
  }
  {
    await using gateway = await start({ BOOTSTRAP_OPERATOR: operator });
    expect(gateway.output()).toContain('nobody was operator: this organisation is now');
    expect(await roleOf(gateway, 'OPERATOR', operator)).toEqual({ role: 'OPERATOR' });
    expect(await roleOf(gateway, 'AUDITOR', auditor)).toBe('ROLE');
    const grant = await run(
      gateway,
      await tokenOf('OPERATOR', operator),
      'grant',
      'give',
      '--organisation',
      auditor,
      '--role',
      'AUDITOR',
    );
    expect(grant).toMatch(/^[0-9a-f-]{36}$/);
    expect(await roleOf(gateway, 'AUDITOR', auditor)).toEqual({ role: 'AUDITOR' });
    // A second operator, who ends the first.
    await run(
      gateway,
      await tokenOf('OPERATOR', operator),
      'grant',
      'give',
      '--organisation',
      auditor,
      '--role',
      'OPERATOR',
    );
    const second = await tokenOf('OPERATOR', auditor);
    const { text } = await askGateway(
      gateway.url,
      second,
      `{ grants(organisation: "${operator}", first: 1) { nodes { id } } }`,
    );
    await run(gateway, second, 'grant', 'end', /"id":"([^"]+)"/.exec(text)?.[1] ?? '');
    expect(await roleOf(gateway, 'OPERATOR', operator)).toBe('ROLE');
  }
  await using gateway = await start({ BOOTSTRAP_OPERATOR: operator });
  expect(gateway.output()).not.toContain('nobody was operator');
  expect(await roleOf(gateway, 'OPERATOR', operator)).toBe('ROLE');
  // Nothing of development is there.
  expect((await fetch(`${gateway.url}/explorer/tokens.json`)).status).toBe(404);
}, 240_000);

test('the command line in production makes no token of its own', async () => {
  const env = { PATH: process.env['PATH'] ?? '', ...variables };
  for (const words of [
    ['token', '--role', 'OPERATOR'],
    ['issuer', 'serve'],
    ['issuer', 'register', '--client', 'x', '--key', 'package.json', '--role', 'AUDITOR'],
  ])
    await expect(
      promisify(execFile)(process.execPath, [join(root, 'cli/main.ts'), ...words], { env, cwd: root }),
    ).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not work with NODE_ENV=production'),
    });
});

test.each([
  ['x', 'expected the code of an organisation'],
  ['914403001922038217', 'expected the code of an organisation'],
])('BOOTSTRAP_OPERATOR=%s is no code, and refused at boot by name', async (code, named) => {
  await expect(start({ BOOTSTRAP_OPERATOR: code })).rejects.toThrow(new RegExp(`BOOTSTRAP_OPERATOR: ${named}`));
});
