import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { subgraphNames } from '#subgraphs/definitions.ts';
import { migrate } from '#kit/postgres/migrate.ts';
import { MIGRATIONS } from '#test/support/database.ts';
import { createIssuer, type TestIssuer } from '#test/support/graph.ts';
import { type PostgresProcess, startPostgres } from '#test/support/postgresProcess.ts';
import { freePort, type ProcessOptions, startProcess, type TestProcess } from '#test/support/processes.ts';
import { type RedisProcess, startRedis } from '#test/support/redis.ts';
import { loadFixtures } from './fixtures.ts';
import { startProxy, type TcpProxy } from './proxy.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';

// The product as real processes, with a proxy before everything that one of them reaches over a network.
//
//   federated   two gateways → (proxies) → four subgraphs, PostgreSQL, Redis, the issuer's keys
//   single      one gateway with everything in its process → (proxies) → PostgreSQL, the issuer's keys

export type Shape = 'federated' | 'single';

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** A process that may be killed and started again in its place. */
export interface Member {
  readonly name: string;
  readonly process: () => TestProcess;
  kill(): Promise<void>;
  /** SIGTERM, and gone when it resolves. */
  stop(): Promise<void>;
  start(options?: ProcessOptions): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Moves its wall clock. */
  moveClock(offsetMs: number): void;
  /** After everything that nobody holds was collected. Bytes. */
  memory(): Promise<Memory>;
  /** Ended, and not by this test. */
  readonly isMissing: () => boolean;
}

export interface GatewayMember extends Member {
  readonly url: string;
}

export type ProxyName = string | 'postgres' | 'redis' | 'jwks';

export interface Cluster extends AsyncDisposable {
  readonly shape: Shape;
  readonly issuer: TestIssuer;
  readonly gateways: readonly [GatewayMember, ...GatewayMember[]];
  /** None where they run in the gateway. */
  readonly subgraphs: ReadonlyMap<string, Member>;
  readonly postgres: PostgresProcess;
  readonly redis: RedisProcess | null;
  readonly proxies: ReadonlyMap<ProxyName, TcpProxy>;
  proxy(name: ProxyName): TcpProxy;
  /** Straight to the database, past the proxy, as its superuser. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const PROBE = join(import.meta.dirname, 'probe.ts');

export interface ClusterOptions {
  readonly shape: Shape;
  readonly redisServer: string | null;
  /** Where PostgreSQL keeps its data; a temporary folder unless said. */
  readonly dataDir?: string;
}

/** Starts everything, with the fixtures in the database. */
export async function startCluster({ shape, redisServer, dataDir }: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'cg-faults-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // Few connections, so that exhausting them costs little; no gateway and no subgraph may want more.
  const postgres = stack.use(
    await startPostgres({ dataDir: dataDir ?? join(directory, 'pg'), settings: { max_connections: '120' } }),
  );
  await migrate({ url: postgres.url, directory: MIGRATIONS });
  await loadFixtures(postgres.url);
  const issuer = stack.use(await createIssuer());
  const proxies = new Map<ProxyName, TcpProxy>();
  const proxy = (name: ProxyName): TcpProxy => {
    const found = proxies.get(name);
    if (!found) throw new Error(`${name} has no proxy in a cluster of shape ${shape}`);
    return found;
  };
  proxies.set('postgres', stack.use(await startProxy({ path: postgres.socket })));
  proxies.set('jwks', stack.use(await startProxy({ port: await serveKeys(issuer, stack) })));
  const redis = shape === 'single' || redisServer === null ? null : stack.use(await startRedis(redisServer));
  if (redis) proxies.set('redis', stack.use(await startProxy({ port: Number(new URL(redis.url).port) })));
  const environment = (): Record<string, string> => ({
    DATABASE_URL: `postgresql://postgres@127.0.0.1:${proxy('postgres').port}/postgres`,
    DATA_DIR: issuer.dataDir,
    PASSPORT_KEYS: KEYS,
    CURSOR_KEYS: KEYS,
    DIGEST_KEYS: KEYS,
    LOG_LEVEL: 'warn',
  });
  const subgraphs =
    shape === 'federated' ? await startSubgraphs(environment, proxies, stack) : new Map<string, Member>();
  const remote = [...subgraphs.keys()].map((name) => `${name}=http://127.0.0.1:${proxy(name).port}/graphql`).join(',');
  const gateways = await startGateways(
    shape === 'federated' ? 2 : 1,
    (port) => ({
      ...environment(),
      PORT: String(port),
      JWKS_URL: `http://127.0.0.1:${proxy('jwks').port}/jwks.json`,
      SUBGRAPHS: remote,
      BUDGETS: RAISED_BUDGETS,
      ...(redis ? { REDIS_URL: `redis://127.0.0.1:${proxy('redis').port}` } : null),
    }),
    stack,
  );
  const sql = superuserOf(postgres.url, stack);
  const owned = stack.move();
  return {
    shape,
    issuer,
    gateways: gateways as [GatewayMember, ...GatewayMember[]], // one or two
    subgraphs,
    postgres,
    redis,
    proxies,
    proxy,
    sql,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A process for each subgraph, behind a proxy of its own. */
async function startSubgraphs(
  environment: () => Record<string, string>,
  proxies: Map<ProxyName, TcpProxy>,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, Member>> {
  const members = await Promise.all(
    subgraphNames.map(async (name) => {
      const port = await freePort();
      proxies.set(name, stack.use(await startProxy({ port })));
      return [
        name,
        await startMember(name, 'subgraphs/main.ts', [name], () => ({ ...environment(), PORT: String(port) })),
      ] as const;
    }),
  );
  for (const [, member] of members) stack.use(member);
  return new Map(members);
}

/** Gateways one after another, each on a free port with the settings for it. */
async function startGateways(
  count: number,
  settingsFor: (port: number) => Record<string, string>,
  stack: AsyncDisposableStack,
): Promise<GatewayMember[]> {
  const gateways: GatewayMember[] = [];
  for (let index = 0; index < count; index += 1) {
    const port = await freePort();
    const member = await startMember(`gateway ${index}`, 'gateway/main.ts', [], () => settingsFor(port));
    gateways.push(Object.assign(stack.use(member), { url: `http://127.0.0.1:${port}` }));
  }
  return gateways;
}

/** Statements past the proxy; the connection is made anew where the server was killed. */
function superuserOf(connectionString: string, stack: AsyncDisposableStack): Cluster['sql'] {
  let client: pg.Client | null = null;
  const sql: Cluster['sql'] = async (text, values = []) => {
    if (!client) {
      client = new pg.Client({ connectionString });
      client.on('error', () => (client = null)); // a server that was killed: the next question connects anew
      await client.connect();
    }
    return (await client.query(text, [...values])).rows;
  };
  stack.defer(async () => void (await client?.end().catch(() => {})));
  return sql;
}

async function startMember(
  name: string,
  entry: string,
  args: readonly string[],
  variables: () => Record<string, string>,
): Promise<Member & AsyncDisposable> {
  const plain = { execArgv: ['--no-warnings', '--import', PROBE] };
  let running = await startProcess(entry, args, variables(), plain);
  let isOurs = false;
  let asked = 0;
  return {
    name,
    process: () => running,
    async kill() {
      isOurs = true;
      await running.kill();
    },
    async stop() {
      isOurs = true;
      await running[Symbol.asyncDispose]();
    },
    async start(options) {
      running = await startProcess(entry, args, variables(), { ...plain, ...options });
      isOurs = false;
    },
    signal: (signal) => running.signal(signal),
    moveClock: (offsetMs) => void running.child.send({ probe: 'clock', offsetMs }),
    async memory() {
      const id = (asked += 1);
      const { child } = running;
      const answer = new Promise<Memory>((resolve, reject) => {
        const hear = (message: { probe?: string; id?: number } & Memory): void => {
          if (message.probe !== 'memory' || message.id !== id) return;
          child.off('message', hear);
          resolve({ rss: message.rss, heapUsed: message.heapUsed, external: message.external });
        };
        child.on('message', hear);
        child.once('exit', () => reject(new Error(`${name} has ended`)));
      });
      child.send({ probe: 'memory', id });
      return answer;
    },
    isMissing: () => running.hasEnded() && !isOurs,
    async [Symbol.asyncDispose]() {
      running.signal('SIGCONT'); // a stopped process would not hear of its end
      await running.kill();
    },
  };
}

/** The issuer's keys over HTTP. @returns the port */
async function serveKeys(issuer: TestIssuer, stack: AsyncDisposableStack): Promise<number> {
  const keys = await readFile(join(issuer.dataDir, 'issuer/jwks.json'));
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(keys));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** Processes that a process started and that still run, by their ids. Linux alone. */
export async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/**
 * kill -9 of all that this process started. PostgreSQL is left to its watcher, which stops it once we are gone
 * (kit/postgres/embedded.ts).
 */
export async function endChildren(): Promise<void> {
  for (const pid of await childrenOf(process.pid)) {
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
    if (name !== 'postgres' && name !== 'sh' && name !== '') process.kill(pid, 'SIGKILL');
  }
}
