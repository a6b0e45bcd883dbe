import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { silentLog } from '#kit/log.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { type Database, openDatabase } from '#test/support/database.ts';
import { needs, testWith } from '#test/support/needs.ts';
import { freePort } from '#test/support/processes.ts';
import { until } from '#test/support/until.ts';
import { createWake, type Wake } from './wakeUps.ts';

// docs/PROTOCOL.md P4, for one gateway: the transport of hints is lost and reconnects, and nothing is
// delayed by more than a second.

const NOWHERE = 'postgresql://nobody@127.0.0.1:1/nowhere';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

interface Heard {
  readonly wake: Wake;
  /** The hints received since the last call, without the looks of each second. */
  numbers(): bigint[];
  looks(): number;
}

const listen = (options: { databaseUrl?: string; redisUrl?: string | null }): Heard => {
  const wake = stack.use(createWake({ databaseUrl: NOWHERE, redisUrl: null, log: silentLog, ...options }));
  let heard: bigint[] = [];
  let looks = 0;
  wake.listen((seq) => {
    if (seq === null) looks += 1;
    else heard.push(seq);
  });
  return {
    wake,
    numbers() {
      const before = heard;
      heard = [];
      return before;
    },
    looks: () => looks,
  };
};
const connected = ({ wake }: Heard, is = true): Promise<boolean> =>
  until(is ? 'hints are heard' : 'hints are not heard', () => wake.connected() === is);
const heard = async (by: Heard, ...expected: bigint[]): Promise<void> => {
  const all: bigint[] = [];
  await until(`${expected.join(', ')} is heard`, () => {
    all.push(...by.numbers());
    return all.length >= expected.length;
  });
  expect(all).toEqual(expected);
};

test('P4: without a database there is still a look each second, and announcing does not fail', async () => {
  const alone = listen({});
  await until('two looks', () => alone.looks() >= 2);
  await alone.wake.announce(7n);
  expect([alone.wake.connected(), alone.numbers()]).toEqual([false, []]);
});

test('P4: a listener that fails receives the next hint', async () => {
  const wake = stack.use(createWake({ databaseUrl: NOWHERE, redisUrl: null, log: silentLog }));
  let calls = 0;
  wake.listen(() => {
    calls += 1;
    throw new Error('the reader failed');
  });
  await until('a second call', () => calls >= 2);
  expect(() => wake.listen(() => {})).toThrow('listened to already');
});

describe('LISTEN', () => {
  let database: Database;
  let admin: Pool;
  beforeAll(async () => {
    database = await openDatabase();
    admin = createPool({ url: database.url, applicationName: 'test', max: 1, statementTimeoutMs: 10_000 });
  });
  afterAll(async () => {
    await admin.end();
    await database[Symbol.asyncDispose]();
  });
  const notify = (payload: string): Promise<unknown> =>
    admin.query("select pg_notify('credit_graph_feed', $1)", [payload]);

  test('P4: the number of each batch is heard; what is no number means to look', async () => {
    const gateway = listen({ databaseUrl: database.url });
    await connected(gateway);
    for (const payload of ['41', '', '-1', '1e3', '9'.repeat(200), '42']) await notify(payload);
    await heard(gateway, 41n, 42n);
  });

  test('P4: a lost connection comes back, and looks, since it may have missed something', async () => {
    const gateway = listen({ databaseUrl: database.url });
    await connected(gateway);
    for (const seq of ['1', '2']) {
      await admin.query(
        `select pg_terminate_backend(pid)
         from pg_stat_activity
         where datname = current_database()
           and application_name = 'gateway wake'`,
      );
      await connected(gateway, false);
      const before = gateway.looks();
      await connected(gateway);
      await until('a look', () => gateway.looks() > before);
      await notify(seq);
      await heard(gateway, BigInt(seq));
    }
  });
});

const redisProgram = needs('redis-server');
const withRedis = testWith(redisProgram);

/** Starts a Redis that ends with the test. */
const startRedis = async (port: number): Promise<ChildProcess> => {
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-redis-'));
  const server = spawn(
    redisProgram ?? '',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory],
    { stdio: 'ignore' },
  );
  stack.defer(async () => {
    await kill(server);
    await rm(directory, { recursive: true, force: true });
  });
  return server;
};
const kill = async (server: ChildProcess): Promise<void> => {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
};
/** Two gateways of one database, which they reach by different addresses. */
const twoGateways = (redisUrl: string): [Heard, Heard] => [
  listen({ databaseUrl: 'postgresql://a@one/credit', redisUrl }),
  listen({ databaseUrl: 'postgresql://b@two:5433/credit?sslmode=require', redisUrl }),
];
const openClient = async (url: string) => {
  const client = await createClient({ url }).connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
};

describe('Redis', () => {
  withRedis('P4: what one gateway announces all gateways of its database hear, and none of another', async () => {
    const port = await freePort();
    await startRedis(port);
    const redisUrl = `redis://127.0.0.1:${port}`;
    const [one, other] = twoGateways(redisUrl);
    const foreign = listen({ databaseUrl: 'postgresql://a@one/staging', redisUrl });
    await Promise.all([one, other, foreign].map((each) => connected(each)));
    await one.wake.announce(1n);
    await other.wake.announce(2n);
    await heard(one, 1n, 2n);
    await heard(other, 1n, 2n);
    expect(foreign.numbers()).toEqual([]);
  });

  withRedis('P4: it is killed and comes back; what was announced meanwhile is not kept', async () => {
    const port = await freePort();
    const first = await startRedis(port);
    const [one, other] = twoGateways(`redis://127.0.0.1:${port}`);
    await Promise.all([connected(one), connected(other)]);
    await kill(first);
    await Promise.all([connected(one, false), connected(other, false)]);
    for (let seq = 1n; seq <= 1000n; seq += 1n) await one.wake.announce(seq);
    const before = other.looks();
    await until('a look without it', () => other.looks() > before);
    await startRedis(port);
    await Promise.all([connected(one), connected(other)]);
    await one.wake.announce(1001n);
    await heard(other, 1001n);
  });

  withRedis('P4: one that has never been there is found when it comes', async () => {
    const port = await freePort();
    const [one, other] = twoGateways(`redis://127.0.0.1:${port}`);
    await one.wake.announce(1n);
    await startRedis(port);
    await Promise.all([connected(one), connected(other)]);
    await one.wake.announce(2n);
    await heard(other, 2n);
  });

  withRedis('P4: of one that answers no more nothing piles up; it is left, and found again', async () => {
    const port = await freePort();
    const server = await startRedis(port);
    const [one, other] = twoGateways(`redis://127.0.0.1:${port}`);
    await Promise.all([connected(one), connected(other)]);
    server.kill('SIGSTOP');
    const announced = Array.from({ length: 1000 }, (_, seq) => one.wake.announce(BigInt(seq)));
    expect(new Set(announced).size).toBe(1);
    await Promise.all(announced);
    await connected(one, false);
    server.kill('SIGCONT');
    await Promise.all([connected(one), connected(other)]);
    other.numbers();
    await one.wake.announce(2000n);
    await heard(other, 2000n);
  });

  withRedis('P4: its keys may all vanish', async () => {
    const port = await freePort();
    await startRedis(port);
    const redisUrl = `redis://127.0.0.1:${port}`;
    const [one, other] = twoGateways(redisUrl);
    await Promise.all([connected(one), connected(other)]);
    await using client = await openClient(redisUrl);
    await client.flushAll();
    await one.wake.announce(1n);
    await heard(other, 1n);
  });
});
