import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standardBudgets } from '#policy/budgets.ts';
import { roles } from '#policy/roles.ts';
import { ConfigError, parseConfig } from './config.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'credit-graph-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const messageOf = (variables: Record<string, string>): string => {
  try {
    parseConfig({ DATA_DIR: dataDir, ...variables }, ['entity', 'namelist']);
    return 'accepted';
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error);
  }
};

test('with nothing set everything has a default, and the keys made once are found again', () => {
  const config = parseConfig({ DATA_DIR: dataDir });
  expect({ ...config, passportKeys: 0, cursorKeys: 0, digestKeys: 0 }).toEqual({
    port: null,
    host: '127.0.0.1',
    databaseUrl: null,
    redisUrl: null,
    remoteSubgraphs: {},
    jwksUrl: null,
    keySetTimes: { refreshMs: 300_000, graceMs: 14_400_000 },
    jwtIssuer: 'https://issuer.credit-graph.invalid',
    jwtAudience: 'credit-graph',
    passportKeys: 0,
    cursorKeys: 0,
    digestKeys: 0,
    policyMode: 'filter',
    webhookTargets: 'public',
    trustedOnly: new Set(),
    operationLimits: { cost: 250_000, answerBytes: 33_554_432 },
    streamLimits: { perToken: 100, perOrganisation: 500, perAddress: 2000 },
    metricsToken: null,
    tracing: { endpoint: null, ratio: 1, clients: 'link' },
    connectionLimits: { perAddress: 2500, inAll: 20_000 },
    trustedProxies: [],
    budgets: standardBudgets,
    keyProblems: [],
    bootstrapOperator: null,
    planners: 2,
    dataDir,
    logLevel: 'info',
    production: false,
  });
  expect(parseConfig({ DATA_DIR: dataDir }).passportKeys).toEqual(config.passportKeys);
  expect(config.passportKeys).not.toEqual(config.cursorKeys);
});

test('every problem is named at once, with what was expected', () => {
  expect(
    messageOf({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      SUBGRAPHS: 'courts=http://x,entity',
      PASSPORT_KEYS: 'a:AAAA',
      DATABASE_URL: 'mysql://x',
    })
      .split('\n')
      .map((line) => line.trim().split(':')[0]),
  ).toEqual([
    'The configuration is wrong',
    'PORT',
    'DATABASE_URL',
    'SUBGRAPHS',
    'PASSPORT_KEYS',
    'LOG_LEVEL',
    'SUBGRAPHS',
  ]);
});

test('production refuses to start on made-up keys and the development issuer', () => {
  expect(messageOf({ NODE_ENV: 'production' }).match(/^ {2}(\w+): required in production$/gm)).toHaveLength(7);
});

test('production sends no notices into its own network', () => {
  expect(messageOf({ NODE_ENV: 'production', WEBHOOK_TARGETS: 'any' })).toMatch(
    /^ {2}WEBHOOK_TARGETS: .*production refuses$/m,
  );
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

test('texts that nobody published run where nothing is said; all roles or some may be held to published ones', () => {
  const heldIn = (variables: Record<string, string>): unknown => [
    ...parseConfig({ DATA_DIR: dataDir, ...variables }).trustedOnly,
  ];
  expect(heldIn({})).toEqual([]);
  expect(heldIn({ DOCUMENTS: 'open' })).toEqual([]);
  expect(heldIn({ DOCUMENTS: 'trusted' })).toEqual([...roles]);
  expect(heldIn({ DOCUMENTS: 'trusted:PUBLIC,SUBJECT' })).toEqual(['PUBLIC', 'SUBJECT']);
  for (const DOCUMENTS of ['any', 'TRUSTED', 'trusted:', 'trusted:MINISTER', 'trusted:PUBLIC,'])
    expect(messageOf({ DOCUMENTS })).toMatch(
      /^ {2}DOCUMENTS: expected open, trusted, or trusted: and roles of PUBLIC, SUBJECT, /m,
    );
});

describe('keys in production', () => {
  const random = (): string => `k1:${randomBytes(32).toString('base64')}`;
  const production = (keys: Record<string, string>): string =>
    messageOf({
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://x/y',
      JWKS_URL: 'https://issuer.example/jwks',
      JWT_ISSUER: 'i',
      JWT_AUDIENCE: 'a',
      PASSPORT_KEYS: random(),
      CURSOR_KEYS: random(),
      DIGEST_KEYS: random(),
      ...keys,
    });

  test('of their own, at random, are accepted', () => {
    expect(production({})).toBe('accepted');
  });

  test('the issuer gives its own over TLS, or on this machine', () => {
    for (const url of [
      'https://issuer.example/jwks',
      'http://localhost:8080/jwks',
      'http://127.0.0.1/jwks',
      'http://[::1]:8080/jwks',
    ])
      expect(production({ JWKS_URL: url })).toBe('accepted');
    for (const url of [
      'http://issuer.example/jwks',
      'http://10.0.0.7/jwks',
      'http://localhost.example/jwks',
      'http://127.0.0.1.example/jwks',
    ])
      expect(production({ JWKS_URL: url }).split('\n').slice(1)).toEqual([
        '  JWKS_URL: expected https: whoever stands in between could give keys of his own, and sign any token',
      ]);
    expect(messageOf({ JWKS_URL: 'http://issuer.example/jwks' })).toBe('accepted');
  });

  test('of zeros, the same for two uses, and those of development are refused at boot by name, all at once', () => {
    parseConfig({ DATA_DIR: dataDir }); // development has been here
    const made = readFileSync(join(dataDir, 'keys/digest.key'), 'utf8').replace('dev:', 'k1:');
    const zeros = `z:${Buffer.alloc(32).toString('base64')}`;
    const message = production({ PASSPORT_KEYS: zeros, CURSOR_KEYS: zeros, DIGEST_KEYS: made });
    expect(message.split('\n').slice(1)).toEqual([
      '  PASSPORT_KEYS: key "z" is all zeros: make one with `openssl rand -base64 32`',
      '  CURSOR_KEYS: key "z" is all zeros: make one with `openssl rand -base64 32`',
      '  CURSOR_KEYS: key "z" is the same as key "z" of PASSPORT_KEYS: each use has a key of its own',
      '  DIGEST_KEYS: key "k1" is a key of development: make one with `openssl rand -base64 32`',
    ]);
  });

  test('outside of production the same keys are reported, and serve', () => {
    expect(
      parseConfig({ DATA_DIR: dataDir, CURSOR_KEYS: `z:${Buffer.alloc(32).toString('base64')}` }).keyProblems,
    ).toEqual(['CURSOR_KEYS: key "z" is all zeros: make one with `openssl rand -base64 32`']);
  });
});

test.each([
  [{ METRICS_TOKEN: 'short' }, 'METRICS_TOKEN: expected 16 to 256 printable characters without a space'],
  [{ METRICS_TOKEN: '0123456789 abcdef' }, 'METRICS_TOKEN: expected 16 to 256 printable characters without a space'],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    'OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL with http: or https:',
  ],
  [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'OTEL_TRACES_SAMPLER_ARG: '],
  [{ CLIENT_TRACES: 'trust' }, 'CLIENT_TRACES: '],
])('what is seen is set soundly or not at all: %j', (variables, problem) => {
  expect(messageOf(variables as Record<string, string>)).toContain(problem);
});
