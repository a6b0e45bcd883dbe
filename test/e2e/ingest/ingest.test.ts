import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { generate } from '#cli/generate/generate.ts';
import { type Issuer, openIssuer } from '#cli/issuer.ts';
import { type EmbeddedPostgres, startEmbedded } from '#kit/postgres/embedded.ts';
import { isRunning } from '#kit/postgres/process.ts';
import { FILER, letFile } from '#test/support/filer.ts';
import { organisationOf } from '#test/support/graph.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';
import { waitFor } from '#test/e2e/start/startedCli.ts';

// `credit-graph ingest` and what is killed while it runs: real processes, a server of our own that syncs as the
// product's does.

const LONG = 120_000;
const CLI = join(import.meta.dirname, '../../../cli/main.ts');
/** 40 000 licences, three parts. */
const ENTITIES = 9_800;

let issuer: Issuer;
let directory: string;
let dataDir: string;
let file: string;
let rows: number;
let server: EmbeddedPostgres;
let undisturbed: { stored: unknown; receipt: unknown };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-ingest-'));
  dataDir = join(directory, 'data');
  issuer = await openIssuer({
    dataDir,
    jwtIssuer: 'https://issuer.credit-graph.invalid',
    jwtAudience: 'credit-graph',
    production: false,
  });
  const [licences] = await generate({ out: directory, entities: ENTITIES, seed: 1, kinds: ['licence'] });
  ({ path: file, rows } = licences as { path: string; rows: number });
  // Some rows are refused.
  const last = (await readFile(file, 'utf8')).trimEnd().split('\n').at(-1) as string;
  await appendFile(file, `${last.replace(/9\d{17}|9[0-9A-Z]{17}/, '911101050000000000')}\n`.repeat(3));
  server = await startEmbedded({ dataDir: join(directory, 'postgres'), restarts: false });
  await using world = await openWorld('undisturbed');
  const { code, receipt } = await world.ingest().ended;
  expect({ code, receipt }).toEqual({
    code: 3,
    receipt: {
      rows: rows + 3,
      added: rows,
      corrected: 0,
      unchanged: 0,
      pending: 0,
      rejected: 3,
      warned: expect.any(Number),
      digest: expect.any(String),
    },
  });
  undisturbed = { stored: await world.stored(), receipt };
}, LONG);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

interface Command {
  /** kill -9, and gone when it resolves. */
  kill(): Promise<void>;
  /** `answer` is what it printed, `receipt` that of an answer that has one. */
  readonly ended: Promise<{
    code: number | null;
    answer: Record<string, unknown> | null;
    receipt: unknown;
    stderr: string;
  }>;
}

interface World extends AsyncDisposable {
  /** The command, always the same. */
  ingest(): Command;
  /** Any command, as the filer. */
  run(...args: readonly string[]): Command;
  /** kill -9 of the gateway, and a new one in its place. */
  replaceGateway(): Promise<void>;
  /** Sends a part by hand. */
  put(filing: string): Promise<{ status: number; body: unknown }>;
  count(table: 'disclosure.act' | 'disclosure.filed_row' | 'gateway.filing_part', where?: string): Promise<number>;
  /**
   * How many records there are, and a digest over all that was stored of them but the times and the filing's number.
   */
  stored(): Promise<unknown>;
}

/**
 * A database and a gateway of its own, where the units that `named` names may file. All have the same keys, so equal
 * records have equal digests.
 */
async function openWorld(name: string, named = file): Promise<World> {
  await ask('postgres', `create database ${name} template template0 encoding 'UTF8' locale 'C.UTF-8'`);
  const start = (): Promise<TestProcess> =>
    startProcess('gateway/main.ts', [], {
      DATABASE_URL: urlOf(name),
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_LEVEL: 'silent',
    });
  let gateway = await start();
  await withClient(name, (client) => letFile(client, named));
  const run: World['run'] = (...args) => {
    const child = spawn(
      process.execPath,
      ['--no-warnings', CLI, ...args, '--role', FILER, '--url', gateway.url, '--json'],
      { env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [printed, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, 'close') as Promise<[number | null]>;
    return {
      async kill() {
        child.kill('SIGKILL');
        await closed;
      },
      ended: closed.then(([code]) => {
        const answer = printed === '' ? null : JSON.parse(printed);
        return { code, stderr, answer, receipt: answer?.receipt };
      }),
    };
  };
  return {
    run,
    ingest: () => run('ingest', file, '--kind', 'licence'),
    async replaceGateway() {
      await gateway.kill();
      gateway = await start();
    },
    async put(filing) {
      const response = await fetch(`${gateway.url}/filings/${filing}/parts/1`, {
        method: 'PUT',
        headers: {
          authorization:
            'Bearer ' + issuer.sign({ role: FILER, organisation: organisationOf(FILER).organisation, purposes: [] }),
        },
        body: 'a',
      });
      return { status: response.status, body: await response.json() };
    },
    count: async (table, where = 'true') =>
      Number((await ask(name, `select count(*) from ${table} where ${where}`))[0]?.['count']),
    stored: () =>
      ask(
        name,
        `
      select count(*)::int as versions, count(*) filter (where superseded_at = 'infinity')::int as records,
        md5(string_agg((to_jsonb(act) - 'filing_id' - 'collected_at' - 'recorded_at' - 'superseded_at')::text,
          ' ' order by uscc, record_id, version)) as digest
      from disclosure.act`,
      ),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

function urlOf(database: string): string {
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  return url.href;
}

async function withClient<Result>(database: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const ask = (database: string, text: string): Promise<Record<string, unknown>[]> =>
  withClient(database, async (client) => (await client.query<Record<string, unknown>>(text)).rows);

/** kill -9 of the server and every process of it. */
async function killServer(): Promise<void> {
  const [postmaster] = (await readFile(join(directory, 'postgres/postmaster.pid'), 'utf8')).split('\n').map(Number) as [
    number,
  ];
  const backends = await childrenOf(postmaster);
  for (const pid of [postmaster, ...backends]) process.kill(pid, 'SIGKILL');
  await waitFor('the end of the server', async () => !(await isRunning(postmaster)));
}

/** Known from /proc; elsewhere backends end by themselves when they see that the server is gone. */
async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

test(
  'after kill -9 of the loader, twice, the same command ends with the records of a whole run',
  async () => {
    await using world = await openWorld('loader_killed');
    const first = world.ingest();
    await waitFor('the first batch', async () => (await world.count('disclosure.act')) > 0);
    await first.kill();
    const second = world.ingest();
    await waitFor('the first part', async () => (await world.count('gateway.filing_part')) > 0);
    await second.kill();
    expect(await world.count('gateway.filing_part')).toBeLessThan(3);
    const { code, receipt } = await world.ingest().ended;
    expect({ code, stored: await world.stored(), receipt }).toEqual({ code: 3, ...undisturbed });
  },
  LONG,
);

test(
  'after kill -9 of PostgreSQL the gateway answers try later, and the loader completes its run',
  async () => {
    await using world = await openWorld('server_killed');
    const running = world.ingest();
    await waitFor('the first batch', async () => (await world.count('disclosure.act')) > 0);
    await killServer();
    const refused = await world.put(randomUUID());
    server = await startEmbedded({ dataDir: join(directory, 'postgres'), restarts: false });
    const recorded = await world.count('disclosure.act');
    expect({ isPart: recorded > 0 && recorded < rows, refused }).toEqual({
      isPart: true,
      // In the words of whichever needed the database first, the token's grant or the part.
      refused: {
        status: 503,
        body: {
          errors: [
            {
              message: expect.stringMatching(/again later\.$/),
              extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
            },
          ],
        },
      },
    });
    const { code, receipt } = await running.ended;
    expect({ code, stored: await world.stored(), receipt }).toEqual({ code: 3, ...undisturbed });
    // The same command once more finds everything done.
    const again = await world.ingest().ended;
    expect({ code: again.code, stored: await world.stored(), receipt: again.receipt }).toEqual({
      code: 3,
      ...undisturbed,
    });
  },
  LONG,
);

const ENDED = `withdrawal_reason = 'NOT_IN_REPLACEMENT' and superseded_at = 'infinity'`;

/** What is done to a replacement and its confirmation before each is run to its end. */
interface Disturbance {
  loading(world: World, replace: () => Command): Promise<void>;
  confirming(world: World, confirm: () => Command): Promise<void>;
}

/** Loads a whole file, replaces it by the one that is cut, and confirms that. @returns the answers, and what is stored */
async function replaceWhole(name: string, whole: string, cut: string, disturb: Disturbance | null) {
  await using world = await openWorld(name, whole);
  const loaded = await world.run('ingest', whole, '--kind', 'licence').ended;
  const replace = () => world.run('ingest', cut, '--kind', 'licence', '--replace', '--actor', '1');
  await disturb?.loading(world, replace);
  const { code, answer, receipt, stderr } = await replace().ended;
  const id = String(answer?.['filing']);
  const confirm = () => world.run('filing', 'confirm', id, '--actor', '2');
  await disturb?.confirming(world, confirm);
  const confirmed = await confirm().ended;
  const { filing: _, ...replaced } = answer ?? {};
  return {
    loaded: { code: loaded.code, receipt: loaded.receipt },
    replaced: {
      code,
      answer: replaced,
      receipt,
      saysHowToConfirm: stderr.includes(`credit-graph filing confirm ${id}`),
    },
    confirmed: { code: confirmed.code, answer: { ...confirmed.answer, id: confirmed.answer?.['id'] === id } },
    stored: await world.stored(),
    ended: await world.count('disclosure.act', ENDED),
    noted: await world.count('disclosure.filed_row'),
  };
}

test(
  'a full replacement whose loader and gateway are killed goes on and ends every record once',
  async () => {
    // All rows by the filer's own unit, and the file that is cut in the middle of them.
    const [header, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(0, 12_001) as [
      string,
      ...string[],
    ];
    const column = header.split(',').indexOf('XK_LYDWDM');
    const own = lines.map((line) => line.split(',').with(column, organisationOf(FILER).organisation).join(','));
    const [whole, cut] = [join(directory, 'whole.csv'), join(directory, 'cut.csv')];
    await writeFile(whole, [header, ...own].join('\n'));
    await writeFile(cut, [header, ...own.slice(0, 6000)].join('\n'));
    const undisturbedly = await replaceWhole('replaced', whole, cut, null);
    expect(undisturbedly).toMatchObject({
      loaded: { code: 0, receipt: { rows: 12_000, added: 12_000 } },
      replaced: {
        code: 4,
        answer: { status: 'QUARANTINED', replacement: { standing: 12_000, missing: 6000, ended: 0 } },
        receipt: { rows: 6000, unchanged: 6000 },
        saysHowToConfirm: true,
      },
      confirmed: {
        code: 0,
        answer: { id: true, status: 'COMPLETED', replacement: { standing: 12_000, missing: 6000, ended: 6000 } },
      },
      stored: [{ versions: 18_000, records: 12_000 }],
      ended: 6000,
      noted: 0,
    });
    const disturbed = await replaceWhole('replaced_killed', whole, cut, {
      async loading(world, replace) {
        const loading = replace();
        await waitFor('the first batch', async () => (await world.count('disclosure.filed_row')) > 0);
        await loading.kill();
      },
      confirming: (world, confirm) =>
        withClient('replaced_killed', async (client) => {
          // The last record to end is held, so that the batch of it is under way when the gateway is killed.
          await client.query('begin');
          await client.query(`
          select from disclosure.act
          where not exists (select from disclosure.filed_row seen where seen.uscc = act.uscc
            and seen.record_id = act.record_id)
          order by uscc desc, record_id desc
          limit 1
          for update`);
          const confirming = confirm();
          await waitFor('all batches but the last', async () => (await world.count('disclosure.act', ENDED)) === 5000);
          await world.replaceGateway();
          await confirming.kill();
        }),
    });
    expect(disturbed).toEqual(undisturbedly);
  },
  LONG,
);
