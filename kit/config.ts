import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type KeyRing, parseKeyRing } from './keys.ts';
import { keyProblems } from './keyStrength.ts';
import { isLoopbackHost } from './loopbackHost.ts';
import { type LogLevel, logLevels } from './log.ts';
import { isRole, type Role, roles } from '#policy/viewer.ts';
import { storageProblem } from './storageProblem.ts';
import { parseBudgets, type RoleBudgets } from '#policy/budgets.ts';
import { checkUscc } from '#standards/uscc.ts';

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
  /** How often the issuer's keys are fetched, and how long known ones stay good while it cannot be reached. */
  readonly keySetTimes: { readonly refreshMs: number; readonly graceMs: number };
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly passportKeys: KeyRing;
  readonly cursorKeys: KeyRing;
  readonly digestKeys: KeyRing;
  /** What production would refuse about the keys that were given, a sentence each. */
  readonly keyProblems: readonly string[];
  readonly policyMode: 'filter' | 'reject';
  /** Roles that may only ask what was published for them; others ask what they like. */
  readonly trustedOnly: ReadonlySet<Role>;
  /** The organisation that may make the first grants, while nobody may. */
  readonly bootstrapOperator: string | null;
  /** Where webhooks may be: at public addresses over HTTPS, or anywhere, for development. */
  readonly webhookTargets: 'public' | 'any';
  /** Processes that plan new operations, about 80 MB each. */
  readonly planners: number;
  /** What one operation may cost (docs/COST.md), and the bytes that its answer may have. */
  readonly operationLimits: { readonly cost: number; readonly answerBytes: number };
  /** How many WebSockets and streams of events one caller may hold at once. */
  readonly streamLimits: { readonly perToken: number; readonly perOrganisation: number; readonly perAddress: number };
  /** How many connections are held open at once, whatever they do: of one address, and of all. */
  readonly connectionLimits: { readonly perAddress: number; readonly inAll: number };
  /** Addresses and networks of proxies that say whose request it is (`x-forwarded-for`); of nobody else is that believed. */
  readonly trustedProxies: readonly string[];
  /** What one caller may ask for, by role. */
  readonly budgets: RoleBudgets;
  /** What a scraper shows at `/metrics`. Null: in production there is no `/metrics` then. */
  readonly metricsToken: string | null;
  readonly tracing: {
    /** Of an OpenTelemetry collector; null: nothing is traced. */
    readonly endpoint: string | null;
    /** Of the traces that begin here, how many are kept: 0 to 1. */
    readonly ratio: number;
    /** Whether a trace of a client goes on in ours, or is only pointed at: anybody can send `traceparent`. */
    readonly clients: 'parent' | 'link';
  };
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

const uscc = (text: string, context: z.RefinementCtx): string => {
  const check = checkUscc(text);
  if (check.status === 'VALID') return check.uscc;
  context.addIssue({ code: 'custom', message: `expected the code of an organisation${check.status === 'INVALID' ? `: ${check.message}` : ''}` });
  return z.NEVER;
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

/** `open`, `trusted`, or `trusted:ROLE,ROLE` for some of the roles. */
const trustedOnly = (text: string, context: z.RefinementCtx): ReadonlySet<Role> => {
  if (text === 'open') return new Set();
  if (text === 'trusted') return new Set(roles);
  const named = text.startsWith('trusted:') ? text.slice('trusted:'.length).split(',') : [];
  if (named.length > 0 && named.every(isRole)) return new Set(named);
  context.addIssue({ code: 'custom', message: `expected open, trusted, or trusted: and roles of ${roles.join(', ')}` });
  return z.NEVER;
};

const places = (standard: number) => z.coerce.number().int().min(1).default(standard);

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  SUBGRAPHS: z.string().default('').transform(remotes),
  JWKS_URL: url(['https:', 'http:']).optional(),
  JWKS_REFRESH_SECONDS: z.coerce.number().int().min(10).max(600).default(300),
  JWKS_GRACE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(14_400),
  JWT_ISSUER: z.string().min(1).default('https://issuer.credit-graph.invalid'),
  JWT_AUDIENCE: z.string().min(1).default('credit-graph'),
  PASSPORT_KEYS: z.string().transform(keyRing).optional(),
  CURSOR_KEYS: z.string().transform(keyRing).optional(),
  DIGEST_KEYS: z.string().transform(keyRing).optional(),
  BOOTSTRAP_OPERATOR: z.string().transform(uscc).optional(),
  POLICY_MODE: z.enum(['filter', 'reject']).default('filter'),
  DOCUMENTS: z.string().transform(trustedOnly).optional(),
  WEBHOOK_TARGETS: z.enum(['public', 'any']).default('public'),
  PLANNERS: z.coerce.number().int().min(1).max(16).default(2),
  COST_LIMIT: places(250_000),
  ANSWER_BYTES: places(32 * 1024 * 1024),
  STREAMS_PER_TOKEN: places(100),
  STREAMS_PER_ORGANISATION: places(500),
  STREAMS_PER_ADDRESS: places(2000),
  CONNECTIONS_PER_ADDRESS: places(2500),
  CONNECTIONS: places(20_000),
  TRUSTED_PROXIES: z.string().default('').transform(networks),
  BUDGETS: z.string().default(''),
  SELF_EMPLOYED_A_DAY: z.string().default(''),
  METRICS_TOKEN: z.string().regex(/^[\x21-\x7e]{16,256}$/, 'expected 16 to 256 printable characters without a space').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:']).optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  CLIENT_TRACES: z.enum(['link', 'parent']).default('link'),
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
    if (parsed.success && parsed.data.JWKS_URL !== undefined && !isPrivate(new URL(parsed.data.JWKS_URL)))
      problems.push('JWKS_URL: expected https: whoever stands in between could give keys of his own, and sign any token');
    if (given['WEBHOOK_TARGETS'] === 'any') problems.push('WEBHOOK_TARGETS: `any` lets a webhook reach into your own network, which production refuses');
  }
  let budgets: RoleBudgets | null = null;
  try {
    budgets = parseBudgets(given['BUDGETS'] ?? '', given['SELF_EMPLOYED_A_DAY'] ?? '');
  } catch (error) {
    problems.push(`BUDGETS, SELF_EMPLOYED_A_DAY: ${(error as Error).message}`);
  }
  const weak = parsed.success ? keyProblems(givenRings(parsed.data), developmentRings(parsed.data.DATA_DIR)) : [];
  if (production) problems.push(...weak);
  if (!parsed.success || !budgets || problems.length > 0) throw new ConfigError(problems);
  const values = parsed.data;
  const dataDir = resolve(values.DATA_DIR);
  const own = (use: (typeof uses)[number]): KeyRing => {
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
    keySetTimes: { refreshMs: values.JWKS_REFRESH_SECONDS * 1000, graceMs: values.JWKS_GRACE_SECONDS * 1000 },
    jwtIssuer: values.JWT_ISSUER,
    jwtAudience: values.JWT_AUDIENCE,
    passportKeys: values.PASSPORT_KEYS ?? own('passport'),
    cursorKeys: values.CURSOR_KEYS ?? own('cursor'),
    digestKeys: values.DIGEST_KEYS ?? own('digest'),
    keyProblems: weak,
    bootstrapOperator: values.BOOTSTRAP_OPERATOR ?? null,
    policyMode: values.POLICY_MODE,
    trustedOnly: values.DOCUMENTS ?? new Set(),
    webhookTargets: values.WEBHOOK_TARGETS,
    planners: values.PLANNERS,
    operationLimits: { cost: values.COST_LIMIT, answerBytes: values.ANSWER_BYTES },
    streamLimits: { perToken: values.STREAMS_PER_TOKEN, perOrganisation: values.STREAMS_PER_ORGANISATION, perAddress: values.STREAMS_PER_ADDRESS },
    connectionLimits: { perAddress: values.CONNECTIONS_PER_ADDRESS, inAll: values.CONNECTIONS },
    trustedProxies: values.TRUSTED_PROXIES,
    budgets,
    metricsToken: values.METRICS_TOKEN ?? null,
    tracing: { endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null, ratio: values.OTEL_TRACES_SAMPLER_ARG, clients: values.CLIENT_TRACES },
    dataDir,
    logLevel: values.LOG_LEVEL,
    production,
  };
}

/** Whether nobody stands in between: TLS, or this machine. */
const isPrivate = ({ protocol, host }: URL): boolean => protocol === 'https:' || isLoopbackHost(host);

const ringNames = ['PASSPORT_KEYS', 'CURSOR_KEYS', 'DIGEST_KEYS'] as const;
const uses = ['passport', 'cursor', 'digest'] as const;
const fileOf = (dataDir: string, use: string): string => join(dataDir, 'keys', `${use}.key`);

const givenRings = (values: Readonly<Partial<Record<(typeof ringNames)[number], KeyRing>>>): Record<string, KeyRing> =>
  Object.fromEntries(ringNames.flatMap((name) => (values[name] ? [[name, values[name]]] : [])));

/** Keys that development has made here, where it has. */
const developmentRings = (dataDir: string): KeyRing[] =>
  uses.map((use) => fileOf(resolve(dataDir), use)).flatMap((file) => (existsSync(file) ? [parseKeyRing(readFileSync(file, 'utf8'))] : []));

function developmentKeys(dataDir: string, use: (typeof uses)[number]): KeyRing {
  const file = fileOf(dataDir, use);
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
