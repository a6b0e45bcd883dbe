import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type KeyRing, parseKeyRing } from './keys.ts';
import { keyProblems } from './keyStrength.ts';
import { isLoopbackHost } from './loopbackHost.ts';
import { type LogLevel, logLevels } from './log.ts';
import { isRole, type Role, roles } from '#policy/roles.ts';
import { storageProblem } from './storageProblem.ts';
import { parseBudgets, type RoleBudgets } from '#policy/budgets.ts';
import { checkUscc } from '#standards/uscc.ts';

export interface Config {
  /** Null where none was set: each process has its own. 0 takes any free port. */
  readonly port: number | null;
  readonly host: string;
  /** Null: the embedded server in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** By name, the URLs of subgraphs that run elsewhere; the rest run in this process. */
  readonly remoteSubgraphs: Readonly<Record<string, string>>;
  /** Null: the development issuer's keys in `dataDir`. */
  readonly jwksUrl: string | null;
  /** How often the issuer's keys are fetched, and how long known ones stay valid while the issuer cannot be reached. */
  readonly keySetTimes: { readonly refreshMs: number; readonly graceMs: number };
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly passportKeys: KeyRing;
  readonly cursorKeys: KeyRing;
  readonly digestKeys: KeyRing;
  /** What production would refuse about the given keys, one sentence each. */
  readonly keyProblems: readonly string[];
  readonly policyMode: 'filter' | 'reject';
  /** Roles that may only send documents published for them; other roles may send any. */
  readonly trustedOnly: ReadonlySet<Role>;
  /** The organisation that may make the first grants while there is no operator. */
  readonly bootstrapOperator: string | null;
  /** Where webhooks may be: at public addresses over HTTPS, or anywhere, for development. */
  readonly webhookTargets: 'public' | 'any';
  /** The number of processes that plan new operations, about 80 MB each. */
  readonly planners: number;
  /** Maximum cost of one operation (docs/COST.md), and maximum size of its answer in bytes. */
  readonly operationLimits: { readonly cost: number; readonly answerBytes: number };
  /** How many WebSockets and streams of events one caller may hold at once. */
  readonly streamLimits: { readonly perToken: number; readonly perOrganisation: number; readonly perAddress: number };
  /** Maximum number of connections held open at once, whatever they do: of one address, and of all. */
  readonly connectionLimits: { readonly perAddress: number; readonly inAll: number };
  /** Addresses and networks of proxies whose `x-forwarded-for` is believed; that of any other sender is not. */
  readonly trustedProxies: readonly string[];
  /** What one caller may request, by role. */
  readonly budgets: RoleBudgets;
  /** The token that a scraper sends to `/metrics`. Null: in production there is no `/metrics`. */
  readonly metricsToken: string | null;
  readonly tracing: {
    /** The URL of an OpenTelemetry collector; null: nothing is traced. */
    readonly endpoint: string | null;
    /** The share of the traces begun here that is kept: 0 to 1. */
    readonly ratio: number;
    /** Whether ours continues the trace of a client or only links to it: anybody can send `traceparent`. */
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
  context.addIssue({
    code: 'custom',
    message: `expected the code of an organisation${check.status === 'INVALID' ? `: ${check.message}` : ''}`,
  });
  return z.NEVER;
};

/** A URL of one of these protocols, which may be left out. */
const url = (...protocols: readonly string[]) => ({
  schema: z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `expected a URL with ${protocols.join(' or ')}`,
    )
    .optional(),
  values: `a URL with ${protocols.map((protocol) => `\`${protocol}\``).join(' or ')}`,
});

const remotes = (text: string, context: z.RefinementCtx): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split(',')
      .filter(Boolean)
      .map((entry) => {
        const [name = '', ...rest] = entry.split('=');
        const address = rest.join('=');
        if (!URL.canParse(address))
          context.addIssue({
            code: 'custom',
            message: `"${entry}": expected name=url, as entity=http://10.0.0.7/graphql`,
          });
        return [name, address];
      }),
  );

/** Names in the text of `SUBGRAPHS` that no subgraph has, one sentence each. */
const unknownSubgraphs = (text: string, known: readonly string[]): string[] =>
  text
    .split(',')
    .filter(Boolean)
    .map((entry) => entry.split('=')[0] as string) // `split` gives at least one part
    .filter((name) => !known.includes(name))
    .map((name) => `SUBGRAPHS: "${name}": expected a name of ${known.join(', ')}`);

/** @returns the entries of a list of addresses and networks */
const networks = (text: string, context: z.RefinementCtx): readonly string[] => {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  const bad = entries.filter(
    (entry) => !z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).safeParse(entry).success,
  );
  for (const entry of bad)
    context.addIssue({ code: 'custom', message: `"${entry}": expected an address or a network such as 10.0.0.0/8` });
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

const count = (standard: number) => z.coerce.number().int().min(1).default(standard);

const keys = {
  group: 'Keys of the gateway',
  schema: z.string().transform(keyRing).optional(),
  values: '`name:base64`, after a comma older ones; each of 32 bytes or more',
  unset: 'a key that is made once and kept in `DATA_DIR`',
  requiredInProduction: true,
} as const;

/** The sections of docs/SETTINGS.md, in this order. */
export const settingGroups = [
  'Process',
  'Network',
  'Database and Redis',
  'Subgraphs',
  'Tokens',
  'Keys of the gateway',
  'Policy',
  'Limits and budgets',
  'Logs, metrics and traces',
] as const;

/** An environment variable: how it is read, and what docs/SETTINGS.md says about it. */
export interface Setting {
  readonly group: (typeof settingGroups)[number];
  /** The purpose of the variable, in whole sentences. */
  readonly description: string;
  readonly schema: z.ZodType;
  /** The allowed values. Left out where the schema states them: a number's bounds, a list of words. */
  readonly values?: string;
  /** What applies where the variable is not set. Left out where the schema has a default. */
  readonly unset?: string;
  readonly requiredInProduction?: boolean;
}

/** Every environment variable of the gateway and the subgraphs. */
export const settings = {
  PORT: {
    group: 'Network',
    description: 'The port to listen on. 0 takes any free one.',
    schema: z.coerce.number().int().min(0).max(65_535).optional(),
    unset: '4000 for the gateway, 4001 and on for the subgraphs in the order of `subgraphs/definitions.ts`',
  },
  HOST: {
    group: 'Network',
    description: 'The address to listen on; `0.0.0.0` is every one of IPv4.',
    schema: z.string().min(1).default('127.0.0.1'),
    values: 'an address or a host name',
  },
  DATABASE_URL: {
    group: 'Database and Redis',
    description: 'The PostgreSQL database. The gateway applies the migrations to it when it starts.',
    ...url('postgres:', 'postgresql:'),
    unset: 'an embedded PostgreSQL in `DATA_DIR`',
    requiredInProduction: true,
  },
  REDIS_URL: {
    group: 'Database and Redis',
    description:
      'A Redis through which several gateways wake each other and count budgets together. Nothing is lost with it.',
    ...url('redis:', 'rediss:'),
    unset: 'none: PostgreSQL wakes, and each gateway counts by itself',
  },
  SUBGRAPHS: {
    group: 'Subgraphs',
    description: 'Where subgraphs answer that run in processes of their own.',
    schema: z.string().default('').transform(remotes),
    values: '`name=url`, separated by commas; the name of a subgraph is that of its folder in `subgraphs`',
    unset: 'none: all of them run in the gateway’s process',
  },
  JWKS_URL: {
    group: 'Tokens',
    description:
      'Where the issuer publishes its keys (`docs/KEYS.md`). Production accepts `http:` from this machine alone.',
    ...url('https:', 'http:'),
    unset: 'the keys of the development issuer in `DATA_DIR`',
    requiredInProduction: true,
  },
  JWKS_REFRESH_SECONDS: {
    group: 'Tokens',
    description: 'Seconds after which the issuer’s keys are fetched again.',
    schema: z.coerce.number().int().min(10).max(600).default(300),
  },
  JWKS_GRACE_SECONDS: {
    group: 'Tokens',
    description: 'Seconds for which known keys stay good while the issuer cannot be reached.',
    schema: z.coerce.number().int().min(0).max(86_400).default(14_400),
  },
  JWT_ISSUER: {
    group: 'Tokens',
    description: 'What `iss` of a token has to be, letter by letter.',
    schema: z.string().min(1).default('https://issuer.credit-graph.invalid'),
    values: 'any text',
    requiredInProduction: true,
  },
  JWT_AUDIENCE: {
    group: 'Tokens',
    description: 'What `aud` of a token has to be, letter by letter.',
    schema: z.string().min(1).default('credit-graph'),
    values: 'any text',
    requiredInProduction: true,
  },
  PASSPORT_KEYS: {
    ...keys,
    description:
      'Sign the passports that subgraphs in other processes accept. The same in the gateway and in all of them.',
  },
  CURSOR_KEYS: {
    ...keys,
    description: 'Encrypt and authenticate cursors. A key that is taken out ends the cursors that it made.',
  },
  DIGEST_KEYS: {
    ...keys,
    description: 'Key the digests of records. Digests are compared for as long as records are kept, so a key stays.',
  },
  BOOTSTRAP_OPERATOR: {
    group: 'Policy',
    description:
      'The organisation that becomes the first operator, by its code, while nobody is one: ' +
      'it makes the first grants (`docs/KEYS.md`).',
    schema: z.string().transform(uscc).optional(),
    values: 'a Unified Social Credit Code (统一社会信用代码)',
    unset: 'nobody; in development the operator of the demo data',
  },
  POLICY_MODE: {
    group: 'Policy',
    description:
      'What becomes of an operation that selects fields its caller may not see: ' +
      '`filter` answers `null` for them, `reject` refuses the operation.',
    schema: z.enum(['filter', 'reject']).default('filter'),
  },
  DOCUMENTS: {
    group: 'Policy',
    description:
      'Whether callers send any document (`open`) or only those that were published for their role ' +
      '(`trusted`; `docs/DOCUMENTS.md`).',
    schema: z.string().transform(trustedOnly).optional(),
    values: '`open`, `trusted`, or `trusted:ROLE,ROLE` for some of the roles',
    unset: '`open`',
  },
  WEBHOOK_TARGETS: {
    group: 'Policy',
    description:
      'Where webhooks may be: at public addresses over HTTPS, or anywhere, for development. Production refuses `any`.',
    schema: z.enum(['public', 'any']).default('public'),
  },
  PLANNERS: {
    group: 'Subgraphs',
    description: 'Processes that plan new operations, about 80 MB each.',
    schema: z.coerce.number().int().min(1).max(16).default(2),
  },
  COST_LIMIT: {
    group: 'Limits and budgets',
    description: 'What one operation, or one event of a subscription, may cost (`docs/COST.md`).',
    schema: count(250_000),
  },
  ANSWER_BYTES: {
    group: 'Limits and budgets',
    description: 'Bytes that one answer may have, as the JSON of its `data`.',
    schema: count(32 * 1024 * 1024),
  },
  STREAMS_PER_TOKEN: {
    group: 'Limits and budgets',
    description: 'WebSockets and streams of events that one token may hold at once.',
    schema: count(100),
  },
  STREAMS_PER_ORGANISATION: {
    group: 'Limits and budgets',
    description: 'WebSockets and streams of events that one organisation may hold at once.',
    schema: count(500),
  },
  STREAMS_PER_ADDRESS: {
    group: 'Limits and budgets',
    description: 'WebSockets and streams of events that one address may hold at once.',
    schema: count(2000),
  },
  CONNECTIONS_PER_ADDRESS: {
    group: 'Limits and budgets',
    description: 'Connections of one address that are held open at once, whatever they do.',
    schema: count(2500),
  },
  CONNECTIONS: {
    group: 'Limits and budgets',
    description: 'Connections that are held open at once in all.',
    schema: count(20_000),
  },
  TRUSTED_PROXIES: {
    group: 'Network',
    description: 'Proxies that say in `x-forwarded-for` whose request it is; nobody else is believed.',
    schema: z.string().default('').transform(networks),
    values: 'addresses and networks such as `10.0.0.0/8`, separated by commas',
    unset: 'none: the address is that of the connection',
  },
  BUDGETS: {
    group: 'Limits and budgets',
    description: 'Cost points that one caller may spend in each window of so many seconds, by role.',
    schema: z.string().default(''),
    values: '`ROLE=points/seconds`, separated by commas; roles left out keep their own',
    unset: '`standardBudgets` of `policy/budgets.ts`',
  },
  SELF_EMPLOYED_A_DAY: {
    group: 'Limits and budgets',
    description:
      'Distinct codes of self-employed businesses (个体工商户) that one caller may ask for ' +
      'in a day of Asia/Shanghai, by role.',
    schema: z.string().default(''),
    values: '`ROLE=codes`, separated by commas; roles left out keep their own',
    unset: '`standardBudgets` of `policy/budgets.ts`',
  },
  METRICS_TOKEN: {
    group: 'Logs, metrics and traces',
    description: 'What a scraper shows at `/metrics` as its bearer token (`docs/SEEING.md`).',
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{16,256}$/, 'expected 16 to 256 printable characters without a space')
      .optional(),
    values: '16 to 256 printable characters without a space',
    unset: 'none: production has no `/metrics` then',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    group: 'Logs, metrics and traces',
    description: 'A collector that takes OTLP over HTTP, in JSON.',
    ...url('http:', 'https:'),
    unset: 'none: nothing is traced',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    group: 'Logs, metrics and traces',
    description: 'How many of the traces that begin here are kept, as a share of all.',
    schema: z.coerce.number().min(0).max(1).default(1),
  },
  CLIENT_TRACES: {
    group: 'Logs, metrics and traces',
    description:
      'Whether our trace points at a client’s `traceparent` (`link`) or goes on in it (`parent`). ' +
      '`parent` is for a gateway that only a proxy of yours reaches: anybody can send that header.',
    schema: z.enum(['link', 'parent']).default('link'),
  },
  DATA_DIR: {
    group: 'Process',
    description: 'The directory of the embedded PostgreSQL, and of the keys, tokens and logs that development makes.',
    schema: z.string().min(1).default('./.data'),
    values: 'a path',
  },
  LOG_LEVEL: {
    group: 'Logs, metrics and traces',
    description: 'The least severe lines that are logged.',
    schema: z.enum(logLevels).default('info'),
  },
  NODE_ENV: {
    group: 'Process',
    description: '`production` refuses to start on what development makes up: keys, the issuer, the database.',
    schema: z.string().optional(),
    values: '`production`, or any other text for development',
    unset: 'development',
  },
} as const satisfies Readonly<Record<string, Setting>>;

type Schemas = { readonly [Name in keyof typeof settings]: (typeof settings)[Name]['schema'] };

const environment = z.object(
  // `fromEntries` returns a type with any name and any schema; this states the real one.
  Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])) as Schemas,
);

/** Wrong configuration: all problems at once, so that an operator corrects them together. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration from the environment, once. Without keys outside production, this data directory's own keys
 * are made and kept.
 * @param subgraphs the names that `SUBGRAPHS` may have; left out: any
 * @param overrides command-line flags, which go before the environment
 * @throws ConfigError that lists every problem
 */
export function readConfig(subgraphs?: readonly string[], overrides: Readonly<Record<string, string>> = {}): Config {
  return parseConfig({ ...process.env, ...overrides }, subgraphs);
}

/**
 * Reads the configuration from the given variables alone.
 * @param subgraphs the names that `SUBGRAPHS` may have; left out: any
 * @throws ConfigError that lists every problem
 */
export function parseConfig(
  variables: Readonly<Record<string, string | undefined>>,
  subgraphs?: readonly string[],
): Config {
  // An empty variable counts as not set: compose files and shells often pass those.
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (subgraphs) problems.push(...unknownSubgraphs(given['SUBGRAPHS'] ?? '', subgraphs));
  const production = given['NODE_ENV'] === 'production';
  if (production) {
    for (const [name, { requiredInProduction }] of Object.entries<Setting>(settings))
      if (requiredInProduction && given[name] === undefined) problems.push(`${name}: required in production`);
    if (parsed.success && parsed.data.JWKS_URL !== undefined && !isPrivate(new URL(parsed.data.JWKS_URL)))
      problems.push(
        'JWKS_URL: expected https: whoever stands in between could give keys of his own, and sign any token',
      );
    if (given['WEBHOOK_TARGETS'] === 'any')
      problems.push('WEBHOOK_TARGETS: `any` lets a webhook reach into your own network, which production refuses');
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
    streamLimits: {
      perToken: values.STREAMS_PER_TOKEN,
      perOrganisation: values.STREAMS_PER_ORGANISATION,
      perAddress: values.STREAMS_PER_ADDRESS,
    },
    connectionLimits: { perAddress: values.CONNECTIONS_PER_ADDRESS, inAll: values.CONNECTIONS },
    trustedProxies: values.TRUSTED_PROXIES,
    budgets,
    metricsToken: values.METRICS_TOKEN ?? null,
    tracing: {
      endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
      ratio: values.OTEL_TRACES_SAMPLER_ARG,
      clients: values.CLIENT_TRACES,
    },
    dataDir,
    logLevel: values.LOG_LEVEL,
    production,
  };
}

/** Whether nobody can read along: TLS, or this machine. */
const isPrivate = ({ protocol, host }: URL): boolean => protocol === 'https:' || isLoopbackHost(host);

const ringNames = ['PASSPORT_KEYS', 'CURSOR_KEYS', 'DIGEST_KEYS'] as const;
const uses = ['passport', 'cursor', 'digest'] as const;
const fileOf = (dataDir: string, use: string): string => join(dataDir, 'keys', `${use}.key`);

const givenRings = (values: Readonly<Partial<Record<(typeof ringNames)[number], KeyRing>>>): Record<string, KeyRing> =>
  Object.fromEntries(ringNames.flatMap((name) => (values[name] ? [[name, values[name]]] : [])));

/** The keys that development has made in this directory, if any. */
const developmentRings = (dataDir: string): KeyRing[] =>
  uses
    .map((use) => fileOf(resolve(dataDir), use))
    .flatMap((file) => (existsSync(file) ? [parseKeyRing(readFileSync(file, 'utf8'))] : []));

function developmentKeys(dataDir: string, use: (typeof uses)[number]): KeyRing {
  const file = fileOf(dataDir, use);
  if (!existsSync(file)) {
    mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, `dev:${randomBytes(32).toString('base64')}`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Two processes may start at once; the first one made the key for both.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return parseKeyRing(readFileSync(file, 'utf8'));
}
