import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standardBudgets } from '#policy/budgets.ts';
import { ConfigError, parseConfig } from './config.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'credit-graph-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const messageOf = (variables: Record<string, string>): string => {
  try {
    parseConfig({ DATA_DIR: dataDir, ...variables });
    return 'accepted';
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error);
  }
};

test('with nothing set everything has a default, and the keys made once are found again', () => {
  const config = parseConfig({ DATA_DIR: dataDir });
  expect({ ...config, passportKeys: 0, cursorKeys: 0, digestKeys: 0 }).toEqual({
    port: null, host: '127.0.0.1', databaseUrl: null, redisUrl: null, remoteSubgraphs: {}, jwksUrl: null,
    jwtIssuer: 'https://issuer.credit-graph.invalid', jwtAudience: 'credit-graph', passportKeys: 0, cursorKeys: 0, digestKeys: 0,
    policyMode: 'filter', webhookTargets: 'public', streamLimits: { perToken: 100, perOrganisation: 500, perAddress: 2000 },
    connectionLimits: { perAddress: 2500, inAll: 20_000 }, trustedProxies: [], budgets: standardBudgets,
    planners: 2, dataDir, logLevel: 'info', production: false,
  });
  expect(parseConfig({ DATA_DIR: dataDir }).passportKeys).toEqual(config.passportKeys);
  expect(config.passportKeys).not.toEqual(config.cursorKeys);
});

test('every problem is named at once, with what was expected', () => {
  expect(messageOf({ PORT: '70000', LOG_LEVEL: 'loud', SUBGRAPHS: 'courts=http://x,entity', PASSPORT_KEYS: 'a:AAAA', DATABASE_URL: 'mysql://x' }).split('\n').map((line) => line.trim().split(':')[0])).toEqual([
    'The configuration is wrong', 'PORT', 'DATABASE_URL', 'SUBGRAPHS', 'SUBGRAPHS', 'PASSPORT_KEYS', 'LOG_LEVEL',
  ]);
});

test('production refuses to start on made-up keys and the development issuer', () => {
  expect(messageOf({ NODE_ENV: 'production' }).match(/^ {2}(\w+): required in production$/gm)).toHaveLength(7);
});

test('production sends no notices into its own network', () => {
  expect(messageOf({ NODE_ENV: 'production', WEBHOOK_TARGETS: 'any' })).toMatch(/^ {2}WEBHOOK_TARGETS: .*production refuses$/m);
  expect(messageOf({ WEBHOOK_TARGETS: 'any' })).toBe('accepted');
});

test('budgets and proxies that make no sense are named', () => {
  const message = messageOf({ TRUSTED_PROXIES: '10.0.0.0/8, proxy.internal', BUDGETS: 'PUBLIC=1', CONNECTIONS: '0' });
  expect(message).toMatch(/TRUSTED_PROXIES: "proxy.internal": expected an address/);
  expect(message).toMatch(/BUDGETS, SELF_EMPLOYED_A_DAY: "PUBLIC=1": expected ROLE=points/);
  expect(message).toMatch(/CONNECTIONS: /);
});

test('an empty variable is one that was not set', () => {
  expect(messageOf({ PORT: '', REDIS_URL: '' })).toBe('accepted');
});
