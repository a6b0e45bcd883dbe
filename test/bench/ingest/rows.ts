import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { generate } from '#cli/generate/generate.ts';
import { openIssuer } from '#cli/issuer.ts';
import { FILER, letFile } from '#test/support/filer.ts';
import type { Bench } from '#test/bench/bench.ts';
import { type Cost, median } from '#test/bench/measure.ts';
import { type BenchServer, openServer } from '#test/bench/postgres.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import { profileWhile } from '#test/bench/profile.ts';
import { assertSameRows, copy, createPeer, dump } from './copy.ts';

const CLI = fileURLToPath(import.meta.resolve('#cli/main.ts'));
const SPENT = fileURLToPath(import.meta.resolve('./spent.ts'));

/** How the CLI is started. */
export interface Cli {
  readonly execPath: string;
  readonly file: string;
  /** Options that say who files, where the environment does not. */
  readonly caller: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** About a hundred thousand and a million licences: 4.1 an entity. */
const SIZES = { ci: [24_600], full: [24_600, 246_000] } as const;
const LARGE_ROUNDS = 3;

export interface IngestCosts {
  readonly ingest: Cost;
  readonly copied: Cost;
  readonly rows: number;
  /** What else is to be printed. */
  readonly notes: readonly string[];
}

/** Row 6, once for every size. Empty: a profile was taken instead. */
export async function runIngest({ settings, say }: Bench, profileFile: string | null): Promise<IngestCosts[]> {
  const directory = join(settings.dataDir, 'ingest');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await using server = await openServer(join(directory, 'postgres'));
  const costs: IngestCosts[] = [];
  for (const entities of SIZES[settings.scale]) {
    const rounds = entities === SIZES.ci[0] ? settings.rounds : LARGE_ROUNDS;
    const measured = await measureSize(server, directory, entities, rounds, say, profileFile);
    if (!measured) return [];
    costs.push(measured);
  }
  await rm(directory, { recursive: true, force: true });
  return costs;
}

async function measureSize(
  server: BenchServer,
  directory: string,
  entities: number,
  rounds: number,
  say: (line: string) => void,
  profileFile: string | null,
): Promise<IngestCosts | null> {
  await using stack = new AsyncDisposableStack();
  say(`row 6: generating the licences of ${entities} entities`);
  const [licences] = await generate({ out: directory, entities, seed: 1, kinds: ['licence'] });
  if (!licences) throw new Error('no licences were generated');
  const client = stack.adopt(new pg.Client({ connectionString: server.url }), (each) => each.end());
  await client.connect();
  await openIssuer({
    dataDir: directory,
    jwtIssuer: 'https://issuer.credit-graph.invalid',
    jwtAudience: 'credit-graph',
    production: false,
  });
  await letFile(client, licences.path);
  // Of each size its own gateway: its peak of memory is that size's.
  const gateway = stack.use(
    await startWorker<string>('gateway', './ingest/ours.ts', { url: server.url, dataDir: directory }),
  );
  const dumped = join(directory, 'act.copy');
  await client.query('drop table if exists public.act_copied');
  await createPeer(client);

  const command: Cli = {
    execPath: process.execPath,
    file: CLI,
    caller: ['--role', FILER],
    env: { DATA_DIR: directory },
  };
  const file = (): Promise<Filed> => fileOnce(command, licences.path, gateway, server);
  const emptied = (): Promise<void> => empty(client);
  const checked = (filing: Filed): Filed => allAdded(filing, licences.rows);
  // Not counted: code is compiled, and the rows to copy come out of it.
  await emptied();
  checked(await file());
  await dump(client, dumped);
  await copy(client, dumped);
  await assertSameRows(client);

  if (profileFile !== null) {
    await emptied();
    for (const line of await profileWhile(gateway, licences.rows, profileFile, async () => void checked(await file())))
      process.stdout.write(`${line}\n`);
    return null;
  }

  say(
    `row 6: ${rounds} rounds of ${licences.rows} licences (${((await stat(licences.path)).size / 1e6).toFixed(0)} MB)`,
  );
  const { filings, copies } = await measureRounds(rounds, {
    prepare: async () => {
      await emptied();
      await client.query('checkpoint');
    },
    file: async () => checked(await file()),
    copy: () => copy(client, dumped),
    server,
  });

  // The same rows as another filing, then the same filing.
  await client.query('truncate gateway.filing, gateway.filing_part, gateway.idempotency');
  const again = await file();
  const resumed = await file();
  await assertNothingNew(client, again, licences.rows);

  return costsOf({
    rows: licences.rows,
    filings,
    copies,
    again,
    resumed,
    gatewayPeak: await gateway.call<number>(null),
  });
}

/** What one round of a bare COPY costs: seconds, and µs of CPU in PostgreSQL. */
interface Copied {
  readonly seconds: number;
  readonly postgres: number;
}

interface Round {
  prepare(): Promise<void>;
  file(): Promise<Filed>;
  /** @returns seconds */
  copy(): Promise<number>;
  readonly server: BenchServer;
}

/** Files and copies the same rows in turn. */
async function measureRounds(
  rounds: number,
  { prepare, file, copy: copyRows, server }: Round,
): Promise<{ readonly filings: readonly Filed[]; readonly copies: readonly Copied[] }> {
  const filings: Filed[] = [];
  const copies: Copied[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await prepare();
    filings.push(await file());
    const before = await server.cpu();
    const seconds = await copyRows();
    copies.push({ seconds, postgres: (await server.cpu()) - before });
  }
  return { filings, copies };
}

interface Measured {
  readonly rows: number;
  readonly filings: readonly Filed[];
  readonly copies: readonly Copied[];
  /** The same rows as another filing, and the same filing again. */
  readonly again: Filed;
  readonly resumed: Filed;
  /** Bytes. */
  readonly gatewayPeak: number;
}

/** The costs of a row, in µs. */
function costsOf({ rows, filings, copies, again, resumed, gatewayPeak }: Measured): IngestCosts {
  const perRow = (µs: number): number => µs / rows;
  const rate = (seconds: readonly number[]): string =>
    `${Math.round(rows / median(seconds)).toLocaleString('en')} rows/s`;
  const parts = {
    cli: median(filings.map(({ cli }) => perRow(cli))),
    gateway: median(filings.map((each) => perRow(each.gateway))),
    postgres: median(filings.map(({ postgres }) => perRow(postgres))),
  };
  const postgres = median(copies.map((each) => perRow(each.postgres)));
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return {
    ingest: {
      name: 'credit-graph ingest',
      parts,
      total: parts.cli + parts.gateway + parts.postgres,
      rounds: filings.map(({ seconds }) => perRow(seconds * 1e6)),
      note: rate(filings.map(({ seconds }) => seconds)),
    },
    copied: {
      name: 'a bare COPY',
      parts: { postgres },
      total: postgres,
      rounds: copies.map(({ seconds }) => perRow(seconds * 1e6)),
      note: rate(copies.map(({ seconds }) => seconds)),
    },
    rows,
    notes: [
      `${rows.toLocaleString('en')} licences: peak of memory ` +
        `${mebibytes(Math.max(...filings.map(({ peak }) => peak)))} in the CLI, ` +
        `${mebibytes(gatewayPeak)} in the gateway with its subgraphs`,
      `${rows.toLocaleString('en')} licences again as another filing: ${again.receipt.added} added, ${again.receipt.corrected} corrected, ${again.receipt.unchanged} unchanged in ${again.seconds.toFixed(1)} s (first ${median(filings.map(({ seconds }) => seconds)).toFixed(1)} s); the same filing again: ${resumed.seconds.toFixed(1)} s`,
    ],
  };
}

/** Nothing is left of earlier filings. */
export async function empty(client: pg.Client): Promise<void> {
  await client.query('truncate disclosure.act, gateway.filing, gateway.filing_part, gateway.idempotency');
}

/** @throws Error unless every row was new. */
export function allAdded(filing: Filed, rows: number): Filed {
  if (filing.receipt.added !== rows)
    throw new Error(`Of ${rows} licences ${filing.receipt.added} were added: ${JSON.stringify(filing.receipt)}`);
  return filing;
}

async function assertNothingNew(client: pg.Client, { receipt }: Filed, rows: number): Promise<void> {
  const {
    rows: [counted],
  } = await client.query<{ versions: number }>('select count(*)::int as versions from disclosure.act');
  if (receipt.added !== 0 || receipt.corrected !== 0 || receipt.unchanged !== rows || counted?.versions !== rows)
    throw new Error(
      `Loading again wrote something: ${JSON.stringify(receipt)}, ${counted?.versions} versions of ${rows} records`,
    );
}

export interface Filed {
  readonly receipt: { readonly added: number; readonly corrected: number; readonly unchanged: number };
  /** Of the whole command, its start included. */
  readonly seconds: number;
  /** µs of CPU. */
  readonly cli: number;
  readonly gateway: number;
  readonly postgres: number;
  /** Most memory that the CLI had, in bytes. */
  readonly peak: number;
}

/** `credit-graph ingest` in a process of its own, as a user starts it. */
export async function fileOnce(cli: Cli, path: string, gateway: Worker<string>, server: BenchServer): Promise<Filed> {
  const parts = [gateway.cpu, server.cpu];
  const before = await Promise.all(parts.map((read) => read()));
  const started = performance.now();
  const child = spawn(
    cli.execPath,
    [
      '--no-warnings',
      '--import',
      SPENT,
      cli.file,
      'ingest',
      path,
      '--kind',
      'licence',
      ...cli.caller,
      '--url',
      gateway.ready,
      '--json',
    ],
    {
      env: { PATH: process.env['PATH'] ?? '', ...cli.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const stated = ['', '', '', ''];
  for (const number of [1, 2, 3] as const)
    child.stdio[number]?.on('data', (chunk: Buffer) => (stated[number] += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - started) / 1000;
  const after = await Promise.all(parts.map((read) => read()));
  if (code !== 0) throw new Error(`credit-graph ingest ended with ${code}: ${stated[2]}`);
  const [ofGateway = 0, ofPostgres = 0] = after.map((value, part) => value - (before[part] ?? 0));
  const { cpu, peak } = JSON.parse(stated[3] ?? '') as { cpu: number; peak: number }; // written by spent.ts
  return {
    receipt: (JSON.parse(stated[1] ?? '') as { receipt: Filed['receipt'] }).receipt,
    seconds,
    cli: cpu,
    gateway: ofGateway,
    postgres: ofPostgres,
    peak,
  };
}
