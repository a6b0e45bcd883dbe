import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning } from '#kit/postgres/process.ts';
import { startProxy, type TcpProxy } from '#test/faults/proxy.ts';
import { askGateway, createIssuer, organisationOf, type TestIssuer } from '#test/support/graph.ts';
import { newEntity } from '#test/support/listings.ts';
import { type PostgresProcess, startPostgres } from '#test/support/postgresProcess.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';
import { until } from '#test/support/until.ts';

// One gateway as a process, with everything in it, and a network before its PostgreSQL that can be cut: cases/faults.md
// T2, T5, T10, T12. The whole matrix of faults is `npm run faults`.

const OUTAGE_MS = 8000;
/** One that nobody has filed anything of: a source says so, so it was asked. */
const CODE = newEntity();
const QUERY = `{ entity(uscc: "${CODE}") { name } }`;

let stack: AsyncDisposableStack;
let issuer: TestIssuer;
let postgres: PostgresProcess;
let proxy: TcpProxy;
let gateway: TestProcess;

const start = (): Promise<TestProcess> =>
  startProcess('gateway/main.ts', [], {
    DATABASE_URL: `postgresql://postgres@127.0.0.1:${proxy.port}/postgres`,
    DATA_DIR: issuer.dataDir,
    PORT: '0',
    LOG_LEVEL: 'warn',
  });

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'cg-faults-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  issuer = stack.use(await createIssuer());
  postgres = stack.use(await startPostgres({ dataDir: join(directory, 'postgres'), fsync: false }));
  proxy = stack.use(await startProxy({ path: postgres.socket }));
  gateway = stack.use(await start());
}, 120_000);
afterAll(() => stack.disposeAsync());

interface Seen {
  readonly status: number;
  readonly codes: readonly unknown[];
  readonly retryable: readonly unknown[];
  readonly ms: number;
}

async function ask(url = gateway.url): Promise<Seen> {
  const begun = performance.now();
  const { status, body } = await askGateway(url, null, QUERY);
  return {
    status,
    codes: (body.errors ?? []).map(({ extensions }) => extensions['code']),
    retryable: (body.errors ?? []).map(({ extensions }) => extensions['retryable']),
    ms: performance.now() - begun,
  };
}
const answers = async (url = gateway.url): Promise<boolean> => (await ask(url)).codes[0] === 'NOT_FOUND';
const isReady = async (): Promise<boolean> =>
  ((await (await fetch(`${gateway.url}/health/ready`)).json()) as { status: string }).status === 'ok';
const metric = async (name: string): Promise<number> => {
  const operator = issuer.token({ role: 'OPERATOR', organisation: organisationOf('OPERATOR').organisation });
  const text = await (
    await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${operator}` } })
  ).text();
  return Number(new RegExp(`^credit_graph_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
};

test('T12: eight queries at once on a gateway that has just said that it is ready are all answered', async () => {
  const eight = await Promise.all(Array.from({ length: 8 }, () => ask()));
  for (const { status, codes } of eight) expect({ status, codes }).toEqual({ status: 200, codes: ['NOT_FOUND'] });
});

test('T2: while the database is out of reach callers learn it at once, and all recovers by itself', async () => {
  await until('all is well', isReady);
  const countedBefore = await metric('database_connection_attempts_total');
  const before = proxy.attempts;
  proxy.set({ kind: 'refuse' });
  proxy.reset();
  const seen: Seen[] = [];
  for (const end = performance.now() + OUTAGE_MS; performance.now() < end; await pause(250)) seen.push(await ask());
  const tried = proxy.attempts - before;
  const ready = await fetch(`${gateway.url}/health/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({
      status: 'unavailable',
      unavailable: ['entity', 'disclosure', 'namelist', 'evaluation'],
      database: { state: 'unavailable' },
    }),
  ]);
  proxy.set({ kind: 'pass' });
  const mended = performance.now();
  await until('it answers', () => answers());
  const recovered = performance.now() - mended;
  await until('all is well', isReady);

  expect(new Set(seen.map(({ status, codes, retryable }) => JSON.stringify({ status, codes, retryable })))).toEqual(
    new Set([JSON.stringify({ status: 503, codes: ['SUBGRAPH_UNAVAILABLE'], retryable: [true] })]),
  );
  expect(Math.max(...seen.map(({ ms }) => ms))).toBeLessThan(2000);
  expect(tried).toBeLessThan(60); // five pools and three listeners at the moment of the cut, then one at a time
  expect(recovered).toBeLessThan(5000);
  expect(await metric('database_connection_attempts_total')).toBeGreaterThanOrEqual(countedBefore + tried);
  expect(await metric('database_reachable')).toBe(1);
  console.log(
    `outage of ${OUTAGE_MS} ms: ${tried} connections tried, ${seen.length} refused answers, the ` +
      `slowest ${Math.round(Math.max(...seen.map(({ ms }) => ms)))} ms, right again after ` +
      `${Math.round(recovered)} ms`,
  );
  // Nothing of what came back holds its connections for good.
  await using second = await start();
  expect(await answers(second.url)).toBe(true);
  expect(proxy.open).toBeLessThan(60);
}, 120_000);

test('a black hole delays no answer beyond its deadline and leaves no dead connection behind', async () => {
  await until('all is well', isReady);
  proxy.set({ kind: 'blackhole' });
  const seen = await Promise.all(Array.from({ length: 20 }, () => ask()));
  expect(
    seen.filter(
      ({ codes }) =>
        codes.length === 0 || !codes.every((code) => code === 'SUBGRAPH_UNAVAILABLE' || code === 'DEADLINE'),
    ),
  ).toEqual([]);
  expect(Math.max(...seen.map(({ ms }) => ms))).toBeLessThan(15_000);
  // What stood then is dead: like a firewall that has forgotten it.
  proxy.reset();
  proxy.set({ kind: 'pass' });
  const mended = performance.now();
  await until('it answers', () => answers());
  await until('all is well', isReady);
  console.log(
    `black hole: the slowest answer after ${Math.round(Math.max(...seen.map(({ ms }) => ms)))} ms, ` +
      `all well ${Math.round(performance.now() - mended)} ms after it`,
  );
}, 120_000);

test('T10: embedded PostgreSQL that is killed alone is started again by the gateway that owns it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cg-faults-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await using owner = await startProcess('gateway/main.ts', [], { DATA_DIR: directory, PORT: '0', LOG_LEVEL: 'warn' });
  expect(await answers(owner.url)).toBe(true);
  const postmaster = async (): Promise<number> =>
    Number.parseInt(await readFile(join(directory, 'postgres/postmaster.pid'), 'utf8'), 10);
  const first = await postmaster();
  process.kill(first, 'SIGKILL');
  await until('it is gone', async () => !(await isRunning(first)));
  await until('it answers again', () => answers(owner.url));
  expect(await postmaster()).not.toBe(first);
  expect(owner.output()).toContain('ended by itself and is started again');
  const second = await postmaster();
  await owner[Symbol.asyncDispose]();
  expect(await isRunning(second)).toBe(false);
}, 120_000);
