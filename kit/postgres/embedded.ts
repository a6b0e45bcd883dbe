import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chown,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { backOff } from '#kit/backOff.ts';
import { storageProblem } from '#kit/storageProblem.ts';
import { findBinaries, type Binaries } from './binaries.ts';
import { exists, isRunning } from './process.ts';

// The real PostgreSQL, started by us from the binaries of an npm package. Ownership:
//
// The process that starts it owns it, restarts it when it ends by itself, and stops it. If the owner dies without
// stopping it, a watcher stops it. A process that finds it running with its owner alive adopts it, and never stops it.
//
// PostgreSQL's own postmaster.pid states whether it runs and where it listens, so there is no state of ours to go
// stale.

export interface EmbeddedOptions {
  /**
   * Holds the cluster and nothing else. Created if missing. The server's log is the file beside it, `<dataDir>.log`.
   */
  readonly dataDir: string;
  /** False only for databases that are thrown away: a crash of the machine then loses everything. Default true. */
  readonly fsync?: boolean;
  /** Whether a server that ends by itself is restarted. False for tests that stop it. Default true. */
  readonly restarts?: boolean;
  /** Server settings that override ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends the waiting; a server that is being started is stopped. */
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
  /** Receives that the server ended by itself and what followed; left out: `log` does. */
  readonly warn?: (message: string) => void;
}

const MAJOR_VERSION = '18';
const SUPERUSER = 'postgres';
const PORT = 5432; // only part of the socket's file name: nothing listens on TCP
const START_DEADLINE_MS = 120_000; // recovery after a crash in the middle of a bulk load replays up to max_wal_size
const STOP_DEADLINE_MS = 10_000;
const POLL_MS = 10;
const LONGEST_BACK_OFF_MS = 5000;
/** A server that ends sooner than this did not really start. */
const SETTLED_MS = 10_000;
const SOCKET_PATH_LIMIT = 100; // sun_path: 108 bytes on Linux, 104 on macOS, and PostgreSQL appends ".lock"

// PostgreSQL refuses to run as root. 65534 (nobody) has a passwd entry on every Linux, without which initdb fails.
const NOBODY = 65534;

// On the command line, so that a postgresql.conf from an older version of this file has no effect in a data directory.
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '', // a local socket below a 0700 directory: that is why `trust` is safe
  max_connections: '200', // five pools of the gateway and as many of each subgraph process, with room for tests
  shared_buffers: '256MB', // the demo data and the benchmarks' hot rows; pages are taken only when used
  effective_cache_size: '2GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB', // index builds of the bulk loads
  max_wal_size: '2GB', // a bulk load otherwise spends its time in checkpoints
  random_page_cost: '1.1', // solid-state disks; 4 makes the planner scan whole tables for a hundred codes
  jit: 'off', // compiling costs 50–200 ms on queries that take 3
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off', // on by default: the only thing an idle server would write into its log
  lc_messages: 'C', // we look for two of its messages
};
const THROW_AWAY: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

// Hermetic: LC_ALL, PGDATA, TZ and LD_LIBRARY_PATH of the caller change nothing.
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** A running server, owned by this process unless `adopted`. */
export class EmbeddedPostgres {
  /** Connection string of the superuser. */
  readonly url: string;
  /** True when another live process owns the server: disposing this object then leaves it running. */
  readonly adopted: boolean;
  readonly #stop: () => Promise<void>;

  constructor(url: string, adopted: boolean, stop: () => Promise<void>) {
    this.url = url;
    this.adopted = adopted;
    this.#stop = stop;
  }

  /** Stops the server as its owner. Close pools first: sessions still open are ended. Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/**
 * Adopts the server of `dataDir` if it runs and its owner is alive, and starts it otherwise (creating it if there is
 * none). Two processes may call this for the same directory at once: one owns, the other adopts.
 * @throws Error when the directory cannot be written or the server does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log = () => {} } = options;
  const deadline = AbortSignal.timeout(START_DEADLINE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    const binaries = await findBinaries();
    await mkdir(dirname(dataDir), { recursive: true });
    for (;;) {
      const running = await findRunning(dataDir, signal, log);
      if (running) return new EmbeddedPostgres(running.url, true, async () => {});
      const account = await chooseAccount(dataDir, binaries);
      await initialise(dataDir, binaries, account, options.fsync !== false, signal, log);
      const started = await start(options, binaries, account, signal);
      if (started) return started;
    }
  } catch (error) {
    if (!deadline.aborted || options.signal?.aborted) throw inWords(error, dataDir);
    throw new Error(`PostgreSQL in ${dataDir} was not ready after ${START_DEADLINE_MS / 1000} s, see ${dataDir}.log`, {
      cause: error,
    });
  }
}

function inWords(error: unknown, dataDir: string): unknown {
  const problem = storageProblem(error);
  return problem === null
    ? error
    : new Error(
        `PostgreSQL cannot keep its data in ${dataDir}: it ${problem}. ` +
          `Mend that, set DATA_DIR to another directory, or set DATABASE_URL.`,
        { cause: error },
      );
}

/** The server of `dataDir` if one runs and will stay, else null. Starts nothing, and stops nothing of a live owner. */
export async function adoptEmbedded({
  dataDir,
  signal,
}: Pick<EmbeddedOptions, 'dataDir' | 'signal'>): Promise<{ url: string } | null> {
  const deadline = AbortSignal.timeout(START_DEADLINE_MS);
  return findRunning(dataDir, signal ? AbortSignal.any([signal, deadline]) : deadline, () => {});
}

// --- finding a server ---------------------------------------------------------------------------------------------

interface PidFile {
  readonly pid: number;
  readonly socketDir: string;
  readonly ready: boolean;
}

/**
 * postmaster.pid, line by line: pid, data directory, start time, port, socket directory, address, shared memory, state.
 */
async function readPidFile(dataDir: string): Promise<PidFile | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    if (error.code === 'EACCES')
      throw new Error(`${dataDir} belongs to another user: run as that user, or use another DATA_DIR`, {
        cause: error,
      });
    throw error;
  });
  const lines = text?.split('\n');
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 0) return null;
  return { pid, socketDir: lines[4] ?? '', ready: lines[7]?.trim() === 'ready' };
}

/**
 * Waits until the server of `dataDir` either runs with a live owner (returned) or is gone (null). A server whose owner
 * died is being stopped by its watcher; it is stopped here too, in case the watcher died as well.
 */
async function findRunning(
  dataDir: string,
  signal: AbortSignal,
  log: (message: string) => void,
): Promise<{ url: string } | null> {
  for (;;) {
    const file = await readPidFile(dataDir);
    if (!file || !(await isPostgres(file.pid))) return null;
    if (file.ready) {
      const url = urlOf(file.socketDir);
      const owner = await ownerOf(url);
      if (owner !== null && (await isRunning(owner))) return { url };
      if (owner !== null) {
        log(`PostgreSQL (process ${file.pid}) lost its owner ${owner}: stopping it`);
        tryKill(file.pid, 'SIGINT');
      }
    }
    await wait(POLL_MS, undefined, { signal });
  }
}

/**
 * The process that owns a server, as the server itself reports it; null while it does not answer (starting or
 * stopping).
 */
async function ownerOf(url: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  client.on('error', () => {}); // it may be ended while we ask
  try {
    await client.connect();
    const { rows } = await client.query<{ owner: string | null }>(
      "select current_setting('credit_graph.owner', true) as owner",
    );
    return Number(rows[0]?.owner ?? 0) || null;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => {});
  }
}

function urlOf(socketDir: string): string {
  return `postgresql://${SUPERUSER}@localhost:${PORT}/postgres?host=${encodeURIComponent(socketDir)}`;
}

/** After a crash, another program may have received the pid in a stale postmaster.pid. */
async function isPostgres(pid: number): Promise<boolean> {
  if (!(await isRunning(pid))) return false;
  const name =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') // slim images have no ps
      : await promisify(execFile)('ps', ['-o', 'comm=', '-p', String(pid)]).then(
          ({ stdout }) => stdout,
          () => '',
        );
  return basename(name.trim()) === 'postgres';
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, or not ours: the caller goes on waiting until its deadline.
  }
}

// --- making and starting one --------------------------------------------------------------------------------------

/** The account that the server runs under: `prefix` is a command that changes privileges, `ids` own the files. */
interface Account {
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  readonly prefix: readonly string[];
}

async function chooseAccount(dataDir: string, { postgres }: Binaries): Promise<Account> {
  if (process.getuid?.() !== 0) return { ids: null, prefix: [] };
  // A directory made earlier by an ordinary user stays that user's.
  const existing = await stat(dataDir).catch(() => null);
  const ids = existing && existing.uid !== 0 ? { uid: existing.uid, gid: existing.gid } : { uid: NOBODY, gid: NOBODY };
  const parent = dirname(dataDir);
  if (await canRun({ ids, prefix: [] }, parent, postgres)) return { ids, prefix: [] };
  // A project below a 0700 home, usually /root, which `nobody` may not even enter. The server keeps the one capability
  // to pass (no_setuid_fixup because access(2), by which PostgreSQL looks at its own program, otherwise ignores it).
  // Unlike `unshare --map-user` this works with a container's default privileges, and the files belong to the same
  // user.
  const prefix = [
    'setpriv',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
    `--reuid=${ids.uid}`,
    `--regid=${ids.gid}`,
    '--clear-groups',
    '--',
  ];
  if (await canRun({ ids, prefix }, parent, postgres)) return { ids, prefix };
  throw new Error(
    `PostgreSQL does not run as root, and user ${ids.uid} may not enter ${parent} or run ${postgres}. ` +
      'Run as an ordinary user, move the project out of this home, or set DATABASE_URL.',
  );
}

async function canRun(account: Account, directory: string, postgres: string): Promise<boolean> {
  // Tried rather than derived from modes: access control lists and security modules decide too.
  const child = launch(account, '/bin/sh', ['-c', 'cd "$0" && "$1" --version', directory, postgres], 'ignore');
  const [code] = (await once(child, 'close').catch(() => [null])) as [number | null];
  return code === 0;
}

function launch(
  { ids, prefix }: Account,
  program: string,
  args: readonly string[],
  output: number | 'ignore' | 'pipe',
): ChildProcess {
  const [command, ...rest] = [...prefix, program, ...args] as [string, ...string[]];
  return spawn(command, rest, {
    stdio: ['ignore', output, output],
    env: ENVIRONMENT,
    cwd: '/', // the caller's directory may be one that the other user cannot enter
    // Its own session: Ctrl-C goes to the whole foreground group, and the gateway must close its pools before its
    // database ends.
    detached: true,
    ...(prefix.length === 0 ? ids : null),
  });
}

/**
 * Runs initdb beside the final place and then renames once: a kill in between leaves no half-made cluster, and two at
 * once do not mix.
 */
async function initialise(
  dataDir: string,
  { initdb }: Binaries,
  account: Account,
  sync: boolean,
  signal: AbortSignal,
  log: (message: string) => void,
): Promise<void> {
  for (;;) {
    const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').then(
      (text) => text.trim(),
      () => null,
    );
    if (version === MAJOR_VERSION) return;
    if (version)
      throw new Error(
        `${dataDir} was made by PostgreSQL ${version}, this is ${MAJOR_VERSION}: move it away, or set DATABASE_URL`,
      );
    if (!(await someoneElseMakesIt(dataDir))) break;
    await wait(POLL_MS, undefined, { signal });
  }
  const draft = await mkdtemp(`${dataDir}.new-${process.pid}-`);
  try {
    if (account.ids) await chown(draft, account.ids.uid, account.ids.gid);
    const startedAt = performance.now();
    // Locale: the defaults are SQL_ASCII and ctype C, with which Chinese names have no trigrams. The builtin provider
    // sorts by code point on every machine alike; --locale is what extensions that use libc see.
    const libcLocale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
    const child = launch(
      account,
      initdb,
      [
        `--pgdata=${draft}`,
        `--username=${SUPERUSER}`,
        '--auth-local=trust',
        '--auth-host=reject',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        `--locale=${libcLocale}`,
        '--lc-messages=C',
        '--no-instructions',
        ...(sync ? [] : ['--no-sync']),
      ],
      'pipe',
    );
    const abort = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', abort);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = (await once(child, 'close').finally(() => signal.removeEventListener('abort', abort))) as [
      number | null,
    ];
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`initdb failed for ${dataDir} (exit code ${code}):\n${output}`);
    await rename(draft, dataDir).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another was first and made the same
    });
    log(`made a PostgreSQL cluster in ${dataDir} (${Math.round(performance.now() - startedAt)} ms)`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Saves the second of two processes its initdb, and removes drafts whose maker was killed. */
async function someoneElseMakesIt(dataDir: string): Promise<boolean> {
  const prefix = `${basename(dataDir)}.new-`;
  let found = false;
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix)) continue;
    const maker = Number.parseInt(name.slice(prefix.length), 10);
    if (maker === process.pid) continue;
    if (await isRunning(maker)) found = true;
    else await rm(join(dirname(dataDir), name), { recursive: true, force: true });
  }
  return found;
}

/** Null when another process was faster: the caller looks again. */
async function start(
  options: EmbeddedOptions,
  binaries: Binaries,
  account: Account,
  signal: AbortSignal,
): Promise<EmbeddedPostgres | null> {
  const { log = () => {}, warn = log } = options;
  const dataDir = await realpath(options.dataDir);
  const socketDir = await chooseSocketDir(dataDir, account);
  const run = (until: AbortSignal): Promise<Server | null> =>
    startServer({ ...options, dataDir }, binaries, account, socketDir, until);
  const first = await run(signal).catch(async (error: unknown) => {
    await removeSocketDir(socketDir, dataDir);
    throw error;
  });
  if (!first) {
    await removeSocketDir(socketDir, dataDir);
    return null;
  }

  let server = first;
  const stopping = new AbortController();
  /**
   * Restarts the server at the same address when it alone is killed, by the system when memory ran out or by a person.
   */
  const keepRunning = async (): Promise<void> => {
    for (let failures = 0; ;) {
      const startedAt = performance.now();
      await server.exited;
      if (stopping.signal.aborted) return;
      failures = performance.now() - startedAt < SETTLED_MS ? failures + 1 : 0;
      warn(`PostgreSQL in ${dataDir} ended by itself and is started again, see ${dataDir}.log`);
      for (let next: Server | null = null; !next;) {
        if (failures > 0)
          await wait(backOff(failures, LONGEST_BACK_OFF_MS), undefined, { signal: stopping.signal, ref: false });
        const until = AbortSignal.any([stopping.signal, AbortSignal.timeout(START_DEADLINE_MS)]);
        try {
          if (await findRunning(dataDir, until, log))
            return warn(`PostgreSQL in ${dataDir} was started by another process, which owns it now`);
          next = await run(until);
          if (next) server = next;
          if (stopping.signal.aborted) return;
        } catch (error) {
          if (stopping.signal.aborted) return;
          failures += 1;
          if (failures === 1)
            warn(
              `PostgreSQL could not be started again and is tried on: ${(inWords(error, dataDir) as Error).message}`,
            );
        }
      }
      warn(`PostgreSQL in ${dataDir} is back`);
    }
  };
  // It fails only when it is aborted while it waits.
  const kept = options.restarts === false ? Promise.resolve() : keepRunning().catch(() => {});

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await stopServer(server, log);
    await kept;
    await stopServer(server, log); // one that was being started
    await removeSocketDir(socketDir, dataDir);
  };
  return new EmbeddedPostgres(urlOf(socketDir), false, () => (stopped ??= stop()));
}

/** A server process of ours. */
interface Server {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/** One server process, once it is ready. Null when another process was faster. */
async function startServer(
  options: EmbeddedOptions,
  { postgres }: Binaries,
  account: Account,
  socketDir: string,
  signal: AbortSignal,
): Promise<Server | null> {
  const { dataDir, log = () => {} } = options;
  const logFile = `${dataDir}.log`;
  await releaseReusedPid(dataDir);
  const settings = {
    ...SETTINGS,
    ...(options.fsync === false ? THROW_AWAY : null),
    ...options.settings,
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    'credit_graph.owner': String(process.pid), // read by ownerOf
  };
  const args = [
    '-D',
    dataDir,
    '-p',
    String(PORT),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];

  const startedAt = performance.now();
  const logHandle = await open(logFile, 'a', 0o600);
  const logStart = (await logHandle.stat()).size;
  // A file and not a pipe to us: what the server writes in its last moments must not depend on our being alive.
  const child = launch(account, postgres, args, logHandle.fd);
  // The listener is set before anything is awaited: a server that refuses its settings ends within a millisecond.
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => void appendFile(logFile, `${error.message}\n`).finally(resolve));
  });
  await logHandle.close();
  const watcher = watch(child.pid);
  void exited.then(() => watcher?.kill('SIGKILL')); // or it would one day signal a pid that is someone else's
  child.unref();

  let hasExited = false;
  void exited.then(() => (hasExited = true));
  try {
    for (;;) {
      const file = await readPidFile(dataDir);
      signal.throwIfAborted(); // also where the server was quicker
      if (file?.pid === child.pid && file?.ready) break;
      if (hasExited) {
        const stated = (await readFile(logFile)).subarray(logStart).toString();
        // Another server has the directory, or the last processes of a killed one still hold its memory: wait for
        // either.
        if (/lock file "postmaster\.pid" (?:already exists|is empty)|pre-existing shared memory block/.test(stated)) {
          await wait(POLL_MS, undefined, { signal });
          return null;
        }
        throw new Error(`PostgreSQL did not start in ${dataDir}:\n${stated}`);
      }
      await wait(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    await stopServer({ child, exited }, log);
    throw error;
  }
  log(`PostgreSQL ready in ${dataDir} (${Math.round(performance.now() - startedAt)} ms)`);
  return { child, exited };
}

/**
 * Puts our pid into a stale lock file. PostgreSQL refuses to start when the pid in the file exists, whatever process it
 * is now (containers start counting at 1 each time, and without an init keep dead processes for ever). It takes its own
 * parent's pid for stale, so it gets ours. The rest of the file stays, because its shared-memory line shows whether
 * orphans of the old server still write.
 */
async function releaseReusedPid(dataDir: string): Promise<void> {
  for (const path of [join(dataDir, 'postmaster.pid'), join(dataDir, `.s.PGSQL.${PORT}.lock`)]) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const pid = Number.parseInt(text, 10);
    if (pid > 0 && exists(pid) && !(await isPostgres(pid)))
      await writeFile(path, text.replace(/^\d+/, String(process.pid)));
  }
}

/**
 * The socket is in the data directory, which only its owner may enter; a long path gets a private directory with a
 * short one.
 */
async function chooseSocketDir(dataDir: string, { ids }: Account): Promise<string> {
  if (Buffer.byteLength(join(dataDir, `.s.PGSQL.${PORT}`)) <= SOCKET_PATH_LIMIT) return dataDir;
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-'));
  if (ids) await chown(directory, ids.uid, ids.gid);
  return directory;
}

async function removeSocketDir(socketDir: string, dataDir: string): Promise<void> {
  if (socketDir !== dataDir) await rm(socketDir, { recursive: true, force: true });
}

/**
 * Stops the server when this process ends without having done so, kill -9 included: the shell's standard input is a
 * pipe that only this process holds. (Linux has prctl(PR_SET_PDEATHSIG) for this; macOS has nothing.)
 */
function watch(pid: number | undefined): ChildProcess | null {
  if (pid === undefined) return null;
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: ENVIRONMENT,
    cwd: '/',
    detached: true,
  });
  watcher.on('error', () => {}); // without a shell: the next start finds the orphan
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void } | null)?.unref(); // a net.Socket, typed as Writable
  return watcher;
}

/** Fast shutdown, then immediate (recovers at the next start), then kill. */
async function stopServer({ child, exited }: Server, log: (message: string) => void): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (signal !== 'SIGINT') log(`PostgreSQL (process ${child.pid}) did not stop, sending ${signal}`);
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, wait(STOP_DEADLINE_MS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
  await exited;
}
