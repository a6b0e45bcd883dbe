import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type KeyRing, parseKeyRing } from './keys.ts';
import { type LogLevel, logLevels } from './log.ts';
import { storageProblem } from './storageProblem.ts';
import { parseBudgets, type RoleBudgets } from '#policy/budgets.ts';

/** The four subgraphs, in the order of their ports 4001–4004. */
export const subgraphNames = ['entity', 'disclosure', 'namelist', 'evaluation'] as const;
export type SubgraphName = (typeof subgraphNames)[number];

export interface Config {
  /** Null where none was set: each process has its own. 0 takes any free one. */
  readonly port: number | null;
  readonly host: string;
  /** Null: the embedded server in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Subgraphs that run elsewhere; the rest run in this process. */
  readonly remoteSubgraphs: Readonly<Partial<Record<SubgraphName, string>>>;
  /** Null: the development issuer's keys in `dataDir`. */
  readonly jwksUrl: string | null;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly passportKeys: KeyRing;
  readonly cursorKeys: KeyRing;
  readonly digestKeys: KeyRing;
  readonly policyMode: 'filter' | 'reject';
  /** Where webhooks may be: at public addresses over HTTPS, or anywhere, for development. */
  readonly webhookTargets: 'public' | 'any';
  /** Processes that plan new operations, about 80 MB each. */
  readonly planners: number;
  /** How many WebSockets and streams of events one caller may hold at once. */
  readonly streamLimits: { readonly perToken: number; readonly perOrganisation: number; readonly perAddress: number };
  /** How many connections are held open at once, whatever they do: of one address, and of all. */
  readonly connectionLimits: { readonly perAddress: number; readonly inAll: number };
  /** Addresses and networks of proxies that say whose request it is (`x-forwarded-for`); of nobody else is that believed. */
  readonly trustedProxies: readonly string[];
  /** What one caller may ask for, by role. */
  readonly budgets: RoleBudgets;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly production: boolean;
}

const keyRing = (text: string, context: z.RefinementCtx): KeyRing => {
  try {
    return parseKeyRing(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
};

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), `expected a URL with ${protocols.join(' or ')}`);

const remotes = (text: string, context: z.RefinementCtx): Partial<Record<SubgraphName, string>> => {
  const found: Partial<Record<SubgraphName, string>> = {};
  for (const entry of text.split(',').filter(Boolean)) {
    const at = entry.indexOf('=');
    const name = subgraphNames.find((known) => known === entry.slice(0, at));
    const address = entry.slice(at + 1);
    if (!name || !URL.canParse(address)) context.addIssue({ code: 'custom', message: `"${entry}": expected name=url with a name of ${subgraphNames.join(', ')}` });
    else found[name] = address;
  }
  return found;
};

/** @returns the entries of a list of addresses and networks */
const networks = (text: string, context: z.RefinementCtx): readonly string[] => {
  const entries = text.split(',').map((entry) => entry.trim()).filter(Boolean);
  const bad = entries.filter((entry) => !z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).safeParse(entry).success);
  for (const entry of bad) context.addIssue({ code: 'custom', message: `"${entry}": expected an address or a network such as 10.0.0.0/8` });
  return entries;
};

const places = (standard: number) => z.coerce.number().int().min(1).default(standard);

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  SUBGRAPHS: z.string().default('').transform(remotes),
  JWKS_URL: url(['https:', 'http:']).optional(),
  JWT_ISSUER: z.string().min(1).default('https://issuer.credit-graph.invalid'),
  JWT_AUDIENCE: z.string().min(1).default('credit-graph'),
  PASSPORT_KEYS: z.string().transform(keyRing).optional(),
  CURSOR_KEYS: z.string().transform(keyRing).optional(),
  DIGEST_KEYS: z.string().transform(keyRing).optional(),
  POLICY_MODE: z.enum(['filter', 'reject']).default('filter'),
  WEBHOOK_TARGETS: z.enum(['public', 'any']).default('public'),
  PLANNERS: z.coerce.number().int().min(1).max(16).default(2),
  STREAMS_PER_TOKEN: places(100),
  STREAMS_PER_ORGANISATION: places(500),
  STREAMS_PER_ADDRESS: places(2000),
  CONNECTIONS_PER_ADDRESS: places(2500),
  CONNECTIONS: places(20_000),
  TRUSTED_PROXIES: z.string().default('').transform(networks),
  BUDGETS: z.string().default(''),
  SELF_EMPLOYED_A_DAY: z.string().default(''),
  DATA_DIR: z.string().min(1).default('./.data'),
  LOG_LEVEL: z.enum(logLevels).default('info'),
  NODE_ENV: z.string().optional(),
});

/** Wrong configuration: every problem at once, so that an operator mends them in one go. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration from the environment, once. With no keys given outside production, keys of this data directory's
 * own are made and kept. `overrides` come before the environment: command-line flags.
 * @throws ConfigError that lists every problem.
 */
export function readConfig(overrides: Readonly<Record<string, string>> = {}): Config {
  return parseConfig({ ...process.env, ...overrides });
}

/** The same from given variables alone. */
export function parseConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is one that was not set: compose files and shells often pass those.
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const production = given['NODE_ENV'] === 'production';
  if (production) {
    for (const name of ['DATABASE_URL', 'JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE', 'PASSPORT_KEYS', 'CURSOR_KEYS', 'DIGEST_KEYS'])
      if (given[name] === undefined) problems.push(`${name}: required in production`);
    if (given['WEBHOOK_TARGETS'] === 'any') problems.push('WEBHOOK_TARGETS: `any` lets a webhook reach into your own network, which production refuses');
  }
  let budgets: RoleBudgets | null = null;
  try {
    budgets = parseBudgets(given['BUDGETS'] ?? '', given['SELF_EMPLOYED_A_DAY'] ?? '');
  } catch (error) {
    problems.push(`BUDGETS, SELF_EMPLOYED_A_DAY: ${(error as Error).message}`);
  }
  if (!parsed.success || !budgets || problems.length > 0) throw new ConfigError(problems);
  const values = parsed.data;
  const dataDir = resolve(values.DATA_DIR);
  const own = (use: string): KeyRing => {
    try {
      return developmentKeys(dataDir, use);
    } catch (error) {
      const problem = storageProblem(error);
      throw problem === null ? error : new ConfigError([`DATA_DIR: ${dataDir} ${problem}`]);
    }
  };
  return {
    port: values.PORT ?? null,
    host: values.HOST,
    databaseUrl: values.DATABASE_URL ?? null,
    redisUrl: values.REDIS_URL ?? null,
    remoteSubgraphs: values.SUBGRAPHS,
    jwksUrl: values.JWKS_URL ?? null,
    jwtIssuer: values.JWT_ISSUER,
    jwtAudience: values.JWT_AUDIENCE,
    passportKeys: values.PASSPORT_KEYS ?? own('passport'),
    cursorKeys: values.CURSOR_KEYS ?? own('cursor'),
    digestKeys: values.DIGEST_KEYS ?? own('digest'),
    policyMode: values.POLICY_MODE,
    webhookTargets: values.WEBHOOK_TARGETS,
    planners: values.PLANNERS,
    streamLimits: { perToken: values.STREAMS_PER_TOKEN, perOrganisation: values.STREAMS_PER_ORGANISATION, perAddress: values.STREAMS_PER_ADDRESS },
    connectionLimits: { perAddress: values.CONNECTIONS_PER_ADDRESS, inAll: values.CONNECTIONS },
    trustedProxies: values.TRUSTED_PROXIES,
    budgets,
    dataDir,
    logLevel: values.LOG_LEVEL,
    production,
  };
}

function developmentKeys(dataDir: string, use: string): KeyRing {
  const file = join(dataDir, 'keys', `${use}.key`);
  if (!existsSync(file)) {
    mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, `dev:${randomBytes(32).toString('base64')}`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Two processes may start at once; whichever came first made the key for both.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return parseKeyRing(readFileSync(file, 'utf8'));
}
