import { execFile } from 'node:child_process';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import WebSocket from 'ws';
import { createClient } from 'graphql-ws';
import { until } from '#test/support/until.ts';
import { type Cluster, childrenOf, type ProxyName, type Shape } from './cluster.ts';
import { startHalfDown } from './halfDown.ts';

// What is broken, one after another, while the load runs (load.ts). README.md says which case each of them stands for.

export interface Fault {
  readonly id: string;
  readonly title: string;
  readonly shape: Shape;
  /** Whether a gateway itself is broken, so that connections to it may be lost. */
  readonly mayLose?: boolean;
  /** Whether the planner is broken, so that an answer may be that the text was not planned. */
  readonly mayFailPlanning?: boolean;
  /** PostgreSQL on a volume of its own that can be filled. */
  readonly smallVolume?: boolean;
  /**
   * Connections that may be tried in the whole run at proxies, over what a run without a fault needs: a storm of
   * attempts is a fault itself.
   */
  readonly maxAttempts?: Partial<Record<ProxyName, number>>;
  /**
   * Breaks it for `ms`, and mends it.
   * @returns what to print beside the counts
   * @throws Error where what it looks at itself is wrong
   */
  run(cluster: Cluster, ms: number): Promise<string | void>;
}

const run = promisify(execFile);

/** Another way in: what is broken with it is reset first, so that nothing stands that knows of nothing. */
async function cutOff(cluster: Cluster, names: readonly ProxyName[], ms: number): Promise<void> {
  for (const name of names) cluster.proxy(name).set({ kind: 'refuse' });
  for (const name of names) cluster.proxy(name).reset();
  await pause(ms);
  for (const name of names) cluster.proxy(name).set({ kind: 'pass' });
}

async function swallow(cluster: Cluster, names: readonly ProxyName[], ms: number): Promise<void> {
  for (const name of names) cluster.proxy(name).set({ kind: 'blackhole' });
  await pause(ms);
  for (const name of names) cluster.proxy(name).set({ kind: 'pass' });
}

/** Sessions of the product's own; the test's, without a name, are left. */
const terminate = (cluster: Cluster, name: string): Promise<unknown> =>
  cluster.sql(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name like $1 and pid <> pg_backend_pid()',
    [name],
  );

const gateway = (cluster: Cluster, index: number) =>
  cluster.gateways[index % cluster.gateways.length] as Cluster['gateways'][number]; // there is one

async function openSessions(url: string, count: number): Promise<pg.Client[]> {
  const opened: pg.Client[] = [];
  for (let number = 0; number < count; number += 1) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      opened.push(client);
    } catch {
      break; // no connection is left
    }
  }
  return opened;
}

export const faults: readonly Fault[] = [
  {
    id: 'F0',
    title: 'nothing is broken',
    shape: 'federated',
    run: (_, ms) => pause(ms),
  },
  {
    id: 'F1',
    title: 'kill -9 of a gateway, in turn',
    shape: 'federated',
    mayLose: true,
    async run(cluster, ms) {
      const end = performance.now() + ms;
      let kills = 0;
      while (performance.now() < end) {
        const victim = gateway(cluster, kills);
        await victim.kill();
        kills += 1;
        await pause(Math.min(1000, ms / 10));
        await victim.start();
        await pause(Math.min(2000, ms / 10));
      }
      return `${kills} kills`;
    },
  },
  {
    id: 'F2',
    title: 'kill -9 of each subgraph, in turn',
    shape: 'federated',
    async run(cluster, ms) {
      for (const member of cluster.subgraphs.values()) {
        await member.kill();
        await pause((ms / cluster.subgraphs.size) * 0.6);
        await member.start();
        await pause((ms / cluster.subgraphs.size) * 0.2);
      }
    },
  },
  {
    id: 'F4',
    title: 'kill -9 of PostgreSQL',
    shape: 'federated',
    maxAttempts: { postgres: 400 },
    async run(cluster, ms) {
      await cluster.postgres.kill();
      await pause(ms / 2);
      await cluster.postgres.start();
      await pause(ms / 4);
      await cluster.postgres.crash();
    },
  },
  {
    id: 'F5',
    title: 'kill -9, FLUSHALL and a stop of Redis',
    shape: 'federated',
    maxAttempts: { redis: 200 },
    async run(cluster, ms) {
      if (!cluster.redis) return 'no redis-server on PATH: nothing was broken';
      await cluster.redis.crash();
      await pause(ms / 4);
      await run('redis-cli', ['-p', new URL(cluster.redis.url).port, 'flushall']).catch(() => {});
      cluster.redis.signal('SIGSTOP');
      await pause(ms / 2);
      cluster.redis.signal('SIGCONT');
      return;
    },
  },
  {
    id: 'F6a',
    title: 'a black hole before a subgraph',
    shape: 'federated',
    run: (cluster, ms) => swallow(cluster, ['disclosure'], ms),
  },
  {
    id: 'F6b',
    title: 'a black hole before PostgreSQL',
    shape: 'federated',
    maxAttempts: { postgres: 400 },
    run: (cluster, ms) => swallow(cluster, ['postgres'], ms),
  },
  {
    id: 'F6c',
    title: 'a black hole before Redis and the issuer',
    shape: 'federated',
    run: (cluster, ms) => swallow(cluster, cluster.redis ? ['redis', 'jwks'] : ['jwks'], ms),
  },
  {
    id: 'F6d',
    title: 'a slow, then a resetting, then a spoiling network before a subgraph',
    shape: 'federated',
    async run(cluster, ms) {
      const proxy = cluster.proxy('namelist');
      proxy.set({ kind: 'delay', ms: 200 });
      await pause(ms / 4);
      proxy.set({ kind: 'throttle', bytesPerSecond: 2000 });
      await pause(ms / 4);
      proxy.set({ kind: 'corrupt', every: 300 });
      await pause(ms / 4);
      proxy.set({ kind: 'pass' });
      for (const end = performance.now() + ms / 4; performance.now() < end; await pause(200)) {
        proxy.halfClose();
        await pause(200);
        proxy.reset();
      }
    },
  },
  {
    id: 'F7',
    title: 'SIGSTOP of a gateway, and SIGCONT',
    shape: 'federated',
    mayLose: true,
    async run(cluster, ms) {
      const victim = gateway(cluster, 0);
      victim.signal('SIGSTOP');
      await pause(Math.min(ms, 20_000));
      victim.signal('SIGCONT');
    },
  },
  {
    id: 'F10',
    title: 'clocks ten minutes early at a gateway, late at a subgraph, and back',
    shape: 'federated',
    async run(cluster, ms) {
      gateway(cluster, 1).moveClock(600_000);
      cluster.subgraphs.get('namelist')?.moveClock(-600_000);
      await pause(ms / 2);
      gateway(cluster, 1).moveClock(-600_000);
      cluster.subgraphs.get('namelist')?.moveClock(600_000);
      await pause(ms / 2);
      gateway(cluster, 1).moveClock(0);
      cluster.subgraphs.get('namelist')?.moveClock(0);
    },
  },
  {
    id: 'F11',
    title: 'a subgraph half down: 503, slow, HTML, broken JSON',
    shape: 'federated',
    async run(cluster, ms) {
      const port = Number(new URL(cluster.subgraphs.get('evaluation')?.process().url ?? '').port);
      await using halfDown = await startHalfDown(port);
      const proxy = cluster.proxy('evaluation');
      proxy.retarget({ port: halfDown.port });
      proxy.reset();
      await pause(ms);
      proxy.retarget({ port });
      proxy.reset();
    },
  },
  {
    id: 'F12',
    title: 'a rolling restart of subgraphs and gateways',
    shape: 'federated',
    mayLose: true,
    async run(cluster) {
      for (const member of [...cluster.gateways, ...cluster.subgraphs.values()]) {
        await withDeadline(member.stop(), 20_000, `${member.name} did not end by SIGTERM`);
        await member.start();
      }
    },
  },
  {
    id: 'F13',
    title: 'no connection of PostgreSQL left, and a transaction that holds the horizon',
    shape: 'federated',
    maxAttempts: { postgres: 600 },
    async run(cluster, ms) {
      const [holder, ...rest] = await openSessions(cluster.postgres.url, 130);
      try {
        await holder?.query('begin isolation level repeatable read');
        await holder?.query('select txid_current()');
        // Those that the product has now are ended: new ones find none.
        const half = performance.now() + ms / 2;
        await holder?.query(
          `select pg_terminate_backend(pid)
            from pg_stat_activity
            where application_name <> '' and backend_type = 'client backend' and pid <> pg_backend_pid()`,
        );
        rest.push(...(await openSessions(cluster.postgres.url, 130)));
        await pause(Math.max(0, half - performance.now()));
        await Promise.all(rest.map((client) => client.end().catch(() => {})));
        await pause(ms / 2);
        return `${rest.length} connections taken`;
      } finally {
        await Promise.all([holder, ...rest].map((client) => client?.end().catch(() => {})));
      }
    },
  },
  {
    id: 'F14',
    title: 'the disk of PostgreSQL is full',
    shape: 'federated',
    smallVolume: true,
    async run(cluster, ms) {
      const [setting] = await cluster.sql('show data_directory');
      const ballast = join(String(setting?.['data_directory']), '..', 'ballast');
      try {
        const filled = await fillVolume(ballast);
        await pause(ms);
        return `${Math.round(filled / 1024 / 1024)} MB filled`;
      } finally {
        await rm(ballast, { force: true });
        // A server that could not write its log has ended: its operator starts it again when there is room.
        await cluster.postgres.start().catch(() => cluster.postgres.start());
      }
    },
  },
  {
    id: 'F15',
    title: 'five hundred subscribers come back at once after a kill -9',
    shape: 'federated',
    mayLose: true,
    async run(cluster, ms) {
      const victim = gateway(cluster, 0);
      const other = gateway(cluster, 1);
      const count = 500;
      const herd = openHerd(victim.url.replace('http', 'ws'), other.url.replace('http', 'ws'), count);
      try {
        await herd.until(count * 0.95, 20_000);
        const opened = herd.connected();
        await victim.kill();
        const at = performance.now();
        await herd.until(opened * 0.95, 30_000);
        const back = performance.now() - at;
        await victim.start();
        await pause(ms / 4);
        return `${opened} of ${count} stood, back after ${Math.round(back)} ms`;
      } finally {
        herd.end();
      }
    },
  },
  {
    id: 'P1',
    title: 'kill -9 of the processes that plan, again and again',
    shape: 'federated',
    mayFailPlanning: true,
    async run(cluster, ms) {
      let kills = 0;
      for (const end = performance.now() + ms; performance.now() < end; await pause(1500)) {
        for (const member of cluster.gateways) {
          for (const pid of await childrenOf(member.process().pid)) {
            process.kill(pid, 'SIGKILL');
            kills += 1;
          }
        }
      }
      if (kills === 0) throw new Error('the gateways have no process that plans');
      return `${kills} kills`;
    },
  },
  {
    id: 'T2',
    title: 'PostgreSQL out of reach for 8 s',
    shape: 'federated',
    maxAttempts: { postgres: 400 },
    run: (cluster, ms) => cutOff(cluster, ['postgres'], Math.min(ms, 8000)),
  },
  {
    id: 'T3a',
    title: 'sessions of the subgraphs ended by the server',
    shape: 'federated',
    async run(cluster, ms) {
      for (const end = performance.now() + ms; performance.now() < end; await pause(1000)) {
        for (const name of cluster.subgraphs.keys()) await terminate(cluster, name);
      }
    },
  },
  {
    id: 'T3b',
    title: 'a table locked for 9 s',
    shape: 'federated',
    async run(cluster) {
      const [client] = await openSessions(cluster.postgres.url, 1);
      try {
        await client?.query('begin');
        await client?.query('lock table namelist.entry in access exclusive mode');
        await pause(9000);
        await client?.query('rollback');
      } finally {
        await client?.end();
      }
    },
  },
  {
    id: 'T7',
    title: 'the log of a gateway is on a full disk',
    shape: 'federated',
    mayLose: true,
    async run(cluster, ms) {
      const victim = gateway(cluster, 0);
      const full = await open('/dev/full', 'w');
      await victim.stop();
      await victim.start({ outputTo: full.fd });
      // Something to log: a source that fails.
      await cutOff(cluster, ['evaluation'], ms / 2);
      const survived = !victim.isMissing();
      await full.close();
      if (survived) await withDeadline(victim.stop(), 15_000, 'it did not end by SIGTERM');
      await victim.start();
      if (!survived) throw new Error('it ended when it could not write its log');
    },
  },
  {
    id: 'T9',
    title: 'a network that is cut before everything at once',
    shape: 'federated',
    maxAttempts: { postgres: 400 },
    run: (cluster, ms) => cutOff(cluster, [...cluster.proxies.keys()], Math.min(ms, 5000)),
  },
  {
    id: 'S1',
    title: 'PostgreSQL out of reach for 8 s',
    shape: 'single',
    maxAttempts: { postgres: 300 },
    run: (cluster, ms) => cutOff(cluster, ['postgres'], Math.min(ms, 8000)),
  },
  {
    id: 'S2',
    title: 'a black hole before PostgreSQL',
    shape: 'single',
    maxAttempts: { postgres: 300 },
    run: (cluster, ms) => swallow(cluster, ['postgres'], ms),
  },
  {
    id: 'S3',
    title: 'kill -9 of PostgreSQL, and its sessions ended',
    shape: 'single',
    maxAttempts: { postgres: 300 },
    async run(cluster, ms) {
      await cluster.postgres.kill();
      await pause(ms / 3);
      await cluster.postgres.start();
      for (const end = performance.now() + ms / 3; performance.now() < end; await pause(1000))
        await terminate(cluster, '%');
    },
  },
];

/** Ends with an error in place of never. */
export async function withDeadline<Value>(work: Promise<Value>, ms: number, what: string): Promise<Value> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      work,
      pause(ms, undefined, { signal: timer.signal }).then(() => Promise.reject(new Error(`${what} within ${ms} ms`))),
    ]);
  } finally {
    timer.abort();
  }
}

/** Subscribers that come back with jitter, at the other gateway, as PROTOCOL.md asks of clients. */
function openHerd(
  first: string,
  second: string,
  count: number,
): { connected(): number; until(least: number, ms: number): Promise<void>; end(): void } {
  let connected = 0;
  const ending = new AbortController();
  const follow = async (index: number): Promise<void> => {
    // Addresses of their own: what is bounded for each address is not what is looked at.
    const localAddress = `127.0.1.${1 + (index % 50)}`;
    class Socket extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { localAddress });
      }
    }
    for (let url = first; !ending.signal.aborted; url = url === first ? second : first) {
      let isUp = false;
      const client = createClient({
        url: `${url}/graphql`,
        webSocketImpl: Socket,
        retryAttempts: 0,
        connectionAckWaitTimeout: 10_000,
      });
      const stop = (): void => void client.terminate();
      ending.signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const _ of client.iterate({
          query: 'subscription { nameListChanges(filter: {}) { __typename } }',
        })) {
          if (!isUp) connected += 1;
          isUp = true;
        }
      } catch {
        // It comes back below.
      }
      ending.signal.removeEventListener('abort', stop);
      if (isUp) connected -= 1;
      await client.dispose();
      await pause(Math.random() * 1000);
    }
  };
  for (let index = 0; index < count; index += 1) void follow(index);
  return {
    connected: () => connected,
    until: async (least, ms) =>
      void (await until(`that ${Math.ceil(least)} subscribers stand`, () => connected >= least, ms)),
    end: () => ending.abort(),
  };
}

/** Writes until the volume of `file` takes no byte more, however much others write meanwhile. Gives its bytes. */
async function fillVolume(file: string): Promise<number> {
  await using handle = await open(file, 'w');
  let filled = 0;
  for (let piece = Buffer.alloc(1024 * 1024); piece.length > 0;) {
    try {
      filled += (await handle.write(piece)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      piece = piece.subarray(0, Math.floor(piece.length / 2));
    }
  }
  return filled;
}

/** Open files of a process that are sockets. Linux alone. */
export async function socketsOf(pid: number): Promise<number> {
  const { readlink } = await import('node:fs/promises');
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** Bytes that a process has in memory. Linux alone. */
export async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}
