import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { type Config, parseConfig } from '#kit/config.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { type Log, silentLog } from '#kit/log.ts';
import { createSubgraph, type SubgraphDefinition } from '#records/subgraph.ts';
import { serveSubgraph } from '#records/subgraphServer.ts';
import type { Metrics } from '#kit/telemetry/metrics.ts';
import type { Tracer } from '#kit/telemetry/scope.ts';
import { demoRoles } from '#cli/demoRoles.ts';
import { graphParts } from '#gateway/control.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import type { GatewayOptions } from '#gateway/wiring.ts';
import { compose } from '#gateway/graph/compose.ts';
import { type RoleBudgets, standardBudgets } from '#policy/budgets.ts';
import { type Role, roleDefinitions, roles } from '#policy/roles.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { type DemoKind, demoOrganisations } from '#standards/demoOrganisations.ts';
import { openDatabase, type Database } from './database.ts';
import { purposeIn, purposesOf } from './purposes.ts';
import { registerNamedUnits } from './units.ts';

// The whole graph in one process, on a cloned database and a free port. Requests go through the public HTTP transport.
//
//   const graph = await startGraph();
//   await graph.file('licence', csv);                              // through the public API, as the national centre
//   const answer = await graph.query('PUBLIC', '{ … }', { … });    // { status, body, text }

/** Keys of the tests: an issuer that signs what the gateway accepts. */
export interface TestIssuer {
  readonly dataDir: string;
  token(
    claims: {
      role: string;
      organisation: string;
      province?: string;
      sector?: string;
      purposes?: readonly string[];
      actor?: string;
    },
    override?: { header?: object; payload?: object; key?: string; algorithm?: jwt.Algorithm },
  ): string;
}

export async function createIssuer(): Promise<TestIssuer & AsyncDisposable> {
  const dataDir = await mkdtemp(join(tmpdir(), 'credit-graph-test-'));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(join(dataDir, 'issuer'));
  await writeFile(
    join(dataDir, 'issuer/jwks.json'),
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'ES256' }] }),
  );
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return {
    dataDir,
    token({ role, organisation, province, sector, purposes = [], actor }, override = {}) {
      const seconds = Math.floor(Date.now() / 1000);
      return jwt.sign(
        {
          iss: 'https://issuer.credit-graph.invalid',
          aud: 'credit-graph',
          sub: organisation,
          jti: randomUUID(),
          iat: seconds,
          exp: seconds + 1800,
          role,
          purposes,
          ...(province ? { province } : null),
          ...(sector ? { sector } : null),
          ...(actor ? { actor } : null),
          ...override.payload,
        },
        override.key ?? pem,
        {
          algorithm: override.algorithm ?? 'ES256',
          header: {
            alg: override.algorithm ?? 'ES256',
            typ: 'at+jwt',
            kid: 'test',
            ...override.header,
          } as jwt.JwtHeader,
        },
      );
    },
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }),
  };
}

const kindOf = (role: Role): DemoKind | null => demoRoles.find((each) => each.role === role)?.kind ?? null;

export interface Organisation {
  readonly organisation: string;
  readonly province: string | null;
  readonly sector: string | null;
}

/** The organisation that stands for a role in tests. */
export function organisationOf(role: Role): Organisation {
  const found = demoOrganisations.find(({ kind }) => kind === kindOf(role));
  if (!found) throw new Error(`no demo organisation for ${role}`);
  return {
    organisation: found.uscc,
    province: roleDefinitions[role].binding === 'PROVINCE' ? found.reportingUnit : null,
    sector: roleDefinitions[role].binding === 'SECTOR' ? (found.sector ?? 'C') : null,
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The raw bytes as text: what a value that must not be seen is looked for in. */
  readonly text: string;
  readonly body: {
    data?: Record<string, unknown> | null;
    errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
    extensions?: Record<string, unknown>;
  };
}

export interface TestGraph extends AsyncDisposable {
  readonly url: string;
  readonly gateway: Gateway;
  readonly database: Database;
  readonly issuer: TestIssuer;
  /** SQL as the superuser, to arrange what the API does not arrange yet. */
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;
  /** One operation as a role, made for `purposeFor` its role unless said otherwise (`purpose: null`: none). */
  query(
    role: Role,
    query: string,
    variables?: Record<string, unknown>,
    options?: { purpose?: string | null; headers?: Record<string, string>; token?: string },
  ): Promise<Reply>;
  tokenOf(role: Role): string;
  /**
   * Files text through the public API and returns the completed filing's receipt. The units that it names are
   * registered first, unless an option forbids it.
   */
  file(
    kind: string,
    text: string | Buffer,
    options?: { role?: Role; format?: 'CSV' | 'NDJSON'; registersUnits?: boolean },
  ): Promise<Record<string, unknown>>;
}

/** One operation over HTTP. */
export async function askGateway(
  url: string,
  token: string | null,
  query: string,
  variables: Record<string, unknown> = {},
  purpose: string | null = null,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? null : { authorization: `Bearer ${token}` }),
      ...(token === null || purpose === null ? null : { 'x-purpose': purpose }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** A test asks more than its caller would, and all as few callers. */
const raisedBudgets = Object.fromEntries(
  Object.entries(standardBudgets).map(([role, budget]) => [role, { ...budget, points: 2 ** 31 - 1 }]),
) as RoleBudgets;

/**
 * `absent`: subgraphs that are to be found nowhere. `issuer`: one of the test's own, whose tokens it makes itself.
 * `subgraphs`: others than the product's, composed for this graph.
 */
interface GraphOptions {
  issuer?: Pick<Config, 'jwksUrl' | 'jwtIssuer' | 'keySetTimes'>;
  remote?: boolean;
  redisUrl?: string;
  absent?: readonly string[];
  subgraphs?: readonly SubgraphDefinition[];
  database?: Database;
  now?: () => Date;
  accessSink?: GatewayOptions['accessSink'];
  routes?: GatewayOptions['routes'];
  limits?: GatewayOptions['limits'];
  budgets?: RoleBudgets;
  trustedProxies?: readonly string[];
  operationLimits?: Partial<Config['operationLimits']>;
  webhookTargets?: Config['webhookTargets'];
  planners?: number;
  notifies?: boolean;
  documents?: string;
  config?: Partial<Config>;
  log?: Log;
  metrics?: Metrics;
  tracer?: Tracer | null;
}

/** What every part of a test graph has. */
interface Stage {
  readonly stack: AsyncDisposableStack;
  readonly issuer: TestIssuer;
  readonly database: Database;
  readonly now: () => Date;
  readonly options: GraphOptions;
}

export async function startGraph(options: GraphOptions = {}): Promise<TestGraph> {
  const stack = new AsyncDisposableStack();
  const issuer = stack.use(await createIssuer());
  const database = options.database ?? stack.use(await openDatabase());
  const stage: Stage = { stack, issuer, database, now: options.now ?? (() => new Date()), options };
  const gateway = stack.use(await startGateway(stage));
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  stack.defer(() => client.end());
  await grantEveryRole(client);

  const tokenFor = createTokens(stage);
  const tokenOf = (role: Role): string => tokenFor(role, purposesOf(role));
  const query: TestGraph['query'] = (role, text, variables = {}, { purpose, headers = {}, token } = {}) => {
    if (role === 'PUBLIC') return askGateway(gateway.url, null, text, variables, null, headers);
    // A token with one purpose carries it: a caller without a purpose has a token without any.
    const displayed = token ?? (purpose === null && purposesOf(role).length === 1 ? tokenFor(role, []) : tokenOf(role));
    const named = purpose === undefined ? purposeIn(displayed) : purpose;
    return askGateway(gateway.url, displayed, text, variables, named, headers);
  };
  const sql: TestGraph['sql'] = async (text, values = []) => (await client.query(text, [...values])).rows;
  const owned = stack.move();
  const graph: TestGraph = {
    url: gateway.url,
    gateway,
    database,
    issuer,
    sql,
    query,
    tokenOf,
    file: (kind, text, how) => fileText(graph, kind, text, how),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return graph;
}

// Known keys: the same position gives the same cursor in every graph of a test run.
const KEYS = [{ id: 'test', secret: Buffer.alloc(32, 7) }] as const;

function configOf({ issuer, options }: Stage): Config {
  const base = parseConfig({
    DATA_DIR: issuer.dataDir,
    PORT: '0',
    LOG_LEVEL: 'silent',
    WEBHOOK_TARGETS: options.webhookTargets,
    DOCUMENTS: options.documents,
    PLANNERS: String(options.planners ?? 1),
  });
  return {
    ...base,
    ...options.issuer,
    redisUrl: options.redisUrl ?? null,
    budgets: options.budgets ?? raisedBudgets,
    trustedProxies: options.trustedProxies ?? [],
    passportKeys: KEYS,
    cursorKeys: KEYS,
    digestKeys: KEYS,
    ...options.config,
  };
}

async function startGateway(stage: Stage): Promise<Gateway> {
  const { database, now, options } = stage;
  const subgraphs = options.subgraphs ?? definitions;
  const shared = configOf(stage);
  const remoteSubgraphs = options.remote ? await serveSubgraphs(stage, subgraphs) : {};
  for (const name of options.absent ?? []) remoteSubgraphs[name] = 'http://127.0.0.1:1/graphql';
  return createGateway({
    config: {
      ...shared,
      remoteSubgraphs,
      operationLimits: { ...shared.operationLimits, ...options.operationLimits },
    },
    databaseUrl: database.url,
    subgraphs,
    ...(options.subgraphs ? { supergraph: compose(graphParts(subgraphs)) } : null),
    log: options.log ?? silentLog,
    now,
    tracer: options.tracer ?? null,
    ...(options.metrics ? { metrics: options.metrics } : null),
    bootstrapOperator: organisationOf('OPERATOR').organisation,
    ...(options.accessSink ? { accessSink: options.accessSink } : null),
    ...(options.routes ? { routes: options.routes } : null),
    ...(options.limits ? { limits: options.limits } : null),
    ...(options.notifies === undefined ? null : { notifies: options.notifies }),
  });
}

/** Each subgraph behind HTTP, in this process. @returns their URLs, by name */
async function serveSubgraphs(
  { stack, database, now, options: { log = silentLog, tracer = null } }: Stage,
  subgraphs: readonly SubgraphDefinition[],
): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  for (const definition of subgraphs) {
    const pool = createPool({
      url: database.url,
      role: `credit_${definition.name}`,
      applicationName: definition.name,
      max: 5,
      statementTimeoutMs: 5000,
    });
    const subgraph = stack.use(createSubgraph(definition, { pool, cursorKeys: KEYS, digestKeys: KEYS, log, now }));
    const server = stack.use(
      await serveSubgraph(subgraph, { host: '127.0.0.1', port: 0, passportKeys: KEYS, log, now, tracer }),
    );
    urls[definition.name] = server.url;
  }
  return urls;
}

async function grantEveryRole(client: pg.Client): Promise<void> {
  for (const role of roles) {
    if (role === 'PUBLIC' || role === 'OPERATOR') continue;
    const { organisation, province, sector } = organisationOf(role);
    await client.query(
      `insert into gateway.grant (id, organisation, role, province, sector, valid_from, granted_by)
        values ($1, $2, $3, $4, $5, now() - interval '1 minute', 'test')`,
      [randomUUID(), organisation, role, province, sector],
    );
  }
}

/** Tokens by the graph's own clock, which a test may move: one is made anew when it is 20 minutes off. */
function createTokens({ issuer, now }: Stage): (role: Role, purposes: readonly string[]) => string {
  const tokens = new Map<string, { readonly token: string; readonly iat: number }>();
  return (role, purposes) => {
    const iat = Math.floor(now().getTime() / 1000);
    const name = `${role} ${purposes.join()}`;
    let made = tokens.get(name);
    if (!made || Math.abs(iat - made.iat) > 1200) {
      const token = issuer.token(
        { role, organisation: organisationOf(role).organisation, purposes },
        { payload: { iat, exp: iat + 1800 } },
      );
      tokens.set(name, (made = { token, iat }));
    }
    return made.token;
  };
}

/** See `TestGraph.file`. */
async function fileText(
  { url, sql, query, tokenOf }: TestGraph,
  kind: string,
  text: string | Buffer,
  { role = 'NATIONAL_CENTRE', format = 'CSV', registersUnits = true }: Parameters<TestGraph['file']>[2] = {},
): Promise<Record<string, unknown>> {
  if (registersUnits) await registerNamedUnits(sql, kind, text, format, organisationOf('NATIONAL_CENTRE').organisation);
  const created = await query(
    role,
    `mutation ($input: CreateFilingInput!) {
      createFiling(input: $input) {
        __typename ... on FilingCreated { filing { id } } ... on DomainError { code message }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), kind, format, partsExpected: 1 } },
  );
  const filing = (created.body.data?.['createFiling'] as { filing?: { id: string } } | undefined)?.filing;
  if (!filing) throw new Error(`createFiling: ${created.text}`);
  const response = await fetch(`${url}/filings/${filing.id}/parts/1`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${tokenOf(role)}`,
      'content-type': format === 'CSV' ? 'text/csv' : 'application/x-ndjson',
    },
    body: text as never,
  });
  const outcome = (await response.json()) as Record<string, unknown>;
  if (!response.ok)
    throw Object.assign(new Error(`part: ${JSON.stringify(outcome)}`), { outcome, status: response.status });
  const completed = await query(
    role,
    `mutation ($input: CompleteFilingInput!) {
      completeFiling(input: $input) { __typename ... on DomainError { code message } }
    }`,
    { input: { idempotencyKey: randomUUID(), id: filing.id } },
  );
  const result = completed.body.data?.['completeFiling'] as { __typename: string } | undefined;
  if (result?.__typename !== 'FilingCompleted') throw new Error(`completeFiling: ${completed.text}`);
  return outcome;
}
