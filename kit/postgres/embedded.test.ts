import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { adoptEmbedded, startEmbedded } from './embedded.ts';
import { isRunning } from './process.ts';
import { until } from '#test/support/until.ts';

// Real servers in throw-away directories. `holder` is another process that owns or adopts one, so that it can be
// killed.

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
let base: string;
let holders: ChildProcess[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'credit-graph-embedded-'));
  await chmod(base, 0o755); // else, as root, every test would take the way of the closed home
});

afterEach(async () => {
  for (const child of holders) child.kill('SIGKILL');
  holders = [];
  await rm(base, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const PROGRAM = `
  import pg from 'pg';
  import { startEmbedded } from './kit/postgres/embedded.ts';
  const server = await startEmbedded({ dataDir: process.argv[1], fsync: process.argv[2] === 'fsync' });
  const pool = new pg.Pool({ connectionString: server.url, max: 1 });
  pool.on('error', () => {}); // some tests kill the server
  await pool.query('select 1 as one');
  const stop = async () => {
    // Other programs in the group handle the signal at the same time: the server must still answer.
    const { rows } = await pool.query('select 1 as one');
    await pool.end();
    await server[Symbol.asyncDispose]();
    console.log(JSON.stringify(rows));
    process.exit();
  };
  process.on('SIGINT', stop);
  console.log(JSON.stringify({ url: server.url, adopted: server.adopted }));
  setInterval(() => {}, 1000);
`;

interface Holder {
  readonly url: string;
  readonly adopted: boolean;
  readonly pid: number;
  nextLine(): Promise<string | undefined>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
}

async function hold(dataDir: string, { uid = undefined as number | undefined, fsync = false } = {}): Promise<Holder> {
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '--eval', PROGRAM, dataDir, fsync ? 'fsync' : ''],
    {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // a process group of its own, as a shell gives to a foreground job
      ...(uid === undefined ? null : { uid, gid: uid }),
    },
  );
  holders.push(child);
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator](); // piped above
  const nextLine = async (): Promise<string | undefined> => (await lines.next()).value as string | undefined;
  const { url, adopted } = JSON.parse((await nextLine()) ?? '{}') as { url: string; adopted: boolean };
  // It has written a line, so it has a pid.
  return { url, adopted, pid: child.pid!, nextLine, ended, kill: (signal) => void child.kill(signal) };
}

async function run<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // some tests kill the server
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end().catch(() => {});
  }
}

async function postmasterPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10);
}

async function gone(pid: number): Promise<void> {
  while (await isRunning(pid)) await wait(10);
}

test('a new cluster is UTF-8 with the built-in locale, has trigrams of Chinese names and no TCP port', async () => {
  await using server = await startEmbedded({ dataDir: join(base, 'data'), fsync: false });
  await run(server.url, 'create extension pg_trgm');
  const rows = await run(
    server.url,
    `select current_setting('server_version') as version, pg_encoding_to_char(encoding) as encoding,
            datlocprovider as provider, datlocale as locale, current_setting('listen_addresses') as tcp,
            current_setting('timezone') as zone, array_length(show_trgm('北京华海'), 1) as trigrams,
            lower('ÄЖ') as lower
     from pg_database
     where datname = current_database()`,
  );
  expect(rows).toEqual([
    {
      version: '18.4',
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      tcp: '',
      zone: 'UTC',
      trigrams: 5,
      lower: 'äж',
    },
  ]);
  expect(server.adopted).toBe(false);
});

test('a second start keeps the rows of the first, and stopping twice is harmless', async () => {
  const dataDir = join(base, 'data');
  const first = await startEmbedded({ dataDir });
  await run(first.url, 'create table kept as select 42 as answer');
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await using second = await startEmbedded({ dataDir });
  expect(await run(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('of two processes that start the same directory at once one owns the server and the other adopts it', async () => {
  const dataDir = join(base, 'data');
  const both = await Promise.all([hold(dataDir), hold(dataDir)]);
  expect(both.map(({ adopted }) => adopted).toSorted()).toEqual([false, true]);
  expect(both[0].url).toBe(both[1].url);
  const adopter = both.find(({ adopted }) => adopted)!; // asserted above
  const pid = await postmasterPid(dataDir);
  adopter.kill('SIGINT');
  await adopter.ended;
  expect(await adoptEmbedded({ dataDir })).toEqual({ url: both[0].url });
  expect(await postmasterPid(dataDir)).toBe(pid);
});

test('two starts at once in one process share a server as well', async () => {
  const dataDir = join(base, 'data');
  const both = await Promise.all([startEmbedded({ dataDir, fsync: false }), startEmbedded({ dataDir, fsync: false })]);
  expect(both.map(({ adopted }) => adopted).toSorted()).toEqual([false, true]);
  for (const server of both.toSorted((a, b) => Number(b.adopted) - Number(a.adopted)))
    await server[Symbol.asyncDispose]();
  expect(await adoptEmbedded({ dataDir })).toBeNull();
});

test('when the owner is killed with -9 its server ends by itself', async () => {
  const dataDir = join(base, 'data');
  const owner = await hold(dataDir);
  const pid = await postmasterPid(dataDir);
  owner.kill('SIGKILL');
  await gone(pid);
  expect(await adoptEmbedded({ dataDir })).toBeNull();
});

test('a start after kill -9 of the owner has every committed row and does not adopt the dying server', async () => {
  const dataDir = join(base, 'data');
  const owner = await hold(dataDir, { fsync: true });
  await run(owner.url, 'create table committed as select generate_series(1, 1000) as n');
  const pid = await postmasterPid(dataDir);
  owner.kill('SIGKILL');
  await owner.ended; // its watcher learns of it at this very moment
  await using server = await startEmbedded({ dataDir });
  expect(server.adopted).toBe(false);
  expect(await postmasterPid(dataDir)).not.toBe(pid);
  expect(await run(server.url, 'select count(*)::int as rows from committed')).toEqual([{ rows: 1000 }]);
});

test('a start after the server itself was killed with -9 recovers every committed row', async () => {
  const dataDir = join(base, 'data');
  const owner = await hold(dataDir, { fsync: true });
  await run(owner.url, 'create table committed as select generate_series(1, 1000) as n');
  process.kill(await postmasterPid(dataDir), 'SIGKILL');
  owner.kill('SIGKILL');
  await using server = await startEmbedded({ dataDir });
  expect(await run(server.url, 'select count(*)::int as rows from committed')).toEqual([{ rows: 1000 }]);
});

test('T10: a server killed alone is restarted by its owner, at the same address with every committed row', async () => {
  const dataDir = join(base, 'data');
  const warnings: string[] = [];
  await using server = await startEmbedded({ dataDir, warn: (line) => warnings.push(line) });
  await run(server.url, 'create table committed as select generate_series(1, 1000) as n');
  for (const count of [1000, 1001]) {
    const pid = await postmasterPid(dataDir);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await until('the server is back', () => warnings.at(-1) === `PostgreSQL in ${dataDir} is back`);
    expect(await run(server.url, 'select count(*)::int as rows from committed')).toEqual([{ rows: count }]);
    await run(server.url, 'insert into committed values (0)');
    expect(warnings.splice(0)).toEqual([
      `PostgreSQL in ${dataDir} ended by itself and is started again, see ${dataDir}.log`,
      `PostgreSQL in ${dataDir} is back`,
    ]);
  }
});

test('a server that is stopped while it is being started again stays stopped', async () => {
  const dataDir = join(base, 'data');
  const server = await startEmbedded({ dataDir, fsync: false });
  const pid = await postmasterPid(dataDir);
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  await server[Symbol.asyncDispose]();
  expect(await adoptEmbedded({ dataDir })).toBeNull();
});

test('T10: a directory that cannot be written is refused in a sentence that says what to do', async () => {
  await writeFile(join(base, 'file'), '');
  const dataDir = join(base, 'file/data');
  await expect(startEmbedded({ dataDir })).rejects.toThrow(
    `PostgreSQL cannot keep its data in ${dataDir}: it lies below a file that is no directory. ` +
      `Mend that, set DATA_DIR to another directory, or set DATABASE_URL.`,
  );
});

test('stale lock files whose number now belongs to another program do not stop a start', async () => {
  const dataDir = join(base, 'data');
  const owner = await hold(dataDir, { fsync: true });
  const pid = await postmasterPid(dataDir);
  process.kill(pid, 'SIGKILL');
  owner.kill('SIGKILL');
  await gone(pid);
  // As the server's own user, or PostgreSQL recognises by itself that it is no server of this directory.
  const other = spawn('sleep', ['60'], isRoot ? { uid: 65534, gid: 65534, cwd: '/' } : {});
  holders.push(other);
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const text = await readFile(join(dataDir, name), 'utf8');
    await writeFile(join(dataDir, name), text.replace(/^\d+/, String(other.pid)));
  }
  await using server = await startEmbedded({ dataDir });
  expect(await run(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('Ctrl-C reaches the whole foreground group, but not the server before its owner has closed its pool', async () => {
  const owner = await hold(join(base, 'data'));
  const pid = await postmasterPid(join(base, 'data'));
  process.kill(-owner.pid, 'SIGINT');
  expect(await owner.nextLine()).toBe('[{"one":1}]');
  await owner.ended;
  await gone(pid);
});

test('a directory whose path is too long for a socket gets a short one elsewhere, removed at the end', async () => {
  const dataDir = join(base, 'x'.repeat(100), 'data');
  const server = await startEmbedded({ dataDir, fsync: false });
  const socketDir = new URL(server.url).searchParams.get('host')!; // urlOf puts it there
  expect(await run(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect((await stat(socketDir)).mode & 0o777).toBe(0o700);
  expect(await adoptEmbedded({ dataDir })).toEqual({ url: server.url });
  await server[Symbol.asyncDispose]();
  await expect(stat(socketDir)).rejects.toThrow('ENOENT');
});

test('a cluster of another major version is refused by name, and not touched', async () => {
  const dataDir = join(base, 'data');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'PG_VERSION'), '17\n');
  await expect(startEmbedded({ dataDir })).rejects.toThrow(
    `${dataDir} was made by PostgreSQL 17, this is 18: move it away, or set DATABASE_URL`,
  );
});

test('an aborted start leaves neither a server nor a draft behind', async () => {
  const dataDir = join(base, 'data');
  const abort = new AbortController();
  // It is aborted at the first message, when initdb is done.
  const started = startEmbedded({ dataDir, fsync: false, signal: abort.signal, log: () => abort.abort() });
  await expect(started).rejects.toThrow('aborted');
  expect(await adoptEmbedded({ dataDir })).toBeNull();
});

test('what the server complains of when it cannot start is in the error', async () => {
  const dataDir = join(base, 'data');
  await expect(startEmbedded({ dataDir, fsync: false, settings: { max_connections: 'many' } })).rejects.toThrow(
    'invalid value for parameter "max_connections": "many"',
  );
});

test('nothing runs in a directory that does not exist', async () => {
  expect(await adoptEmbedded({ dataDir: join(base, 'nowhere/data') })).toBeNull();
});

asRoot('as root the server runs as nobody, without a capability', async () => {
  const dataDir = join(base, 'data');
  await using server = await startEmbedded({ dataDir, fsync: false });
  expect(server.adopted).toBe(false);
  expect(await privilegesOf(await postmasterPid(dataDir))).toEqual({ uid: '65534', capabilities: '0000000000000000' });
  expect((await stat(dataDir)).uid).toBe(65534);
});

asRoot('as root below a closed home the server runs as nobody with the one capability to pass it', async () => {
  await chmod(base, 0o700);
  const dataDir = join(base, 'project/.data/postgres');
  await using server = await startEmbedded({ dataDir, fsync: false });
  // CAP_DAC_OVERRIDE
  expect(await privilegesOf(await postmasterPid(dataDir))).toEqual({ uid: '65534', capabilities: '0000000000000002' });
  expect(await run(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

asRoot('an ordinary user starts one, and it is that user’s', async () => {
  const home = join(base, 'home');
  await mkdir(home, { mode: 0o700 });
  await chown(home, 65534, 65534);
  const owner = await hold(join(home, 'data'), { uid: 65534 });
  expect(owner.adopted).toBe(false);
  expect(await run(owner.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect((await privilegesOf(await postmasterPid(join(home, 'data')))).uid).toBe('65534');
});

async function privilegesOf(pid: number): Promise<{ uid: string | undefined; capabilities: string | undefined }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return { uid: /^Uid:\t(\d+)/m.exec(status)?.[1], capabilities: /^CapEff:\t(\w+)/m.exec(status)?.[1] };
}
