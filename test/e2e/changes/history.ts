import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { composeUscc } from '#standards/uscc.ts';
import { askGateway, createIssuer, organisationOf, type TestIssuer } from '#test/support/graph.ts';
import { AUTHORITY, type Listing, rowOf } from '#test/support/listings.ts';
import { type PostgresProcess, startPostgres } from '#test/support/postgresProcess.ts';
import { freePort, startProcess, type TestProcess } from '#test/support/processes.ts';
import { type RedisProcess, startRedis } from '#test/support/redis.ts';
import { registerUnits } from '#test/support/units.ts';
import { createChance } from './chance.ts';
import type { Append, FinalState, History, SubscriberHistory } from './checker.ts';
import { injectFaults } from './faults.ts';
import { createSubscriber, formatScore, kinds, subjectKey, type Subscriber } from './subscribers.ts';

// Writers and subscribers over every transport, with the clients that others use and our own, through everything that
// breaks: gateways, Redis, PostgreSQL, one backend of it, a table that is locked. What was appended, received and
// acknowledged is recorded, for checker.ts. Everything that is by chance comes from the seed.

export interface HistoryOptions {
  readonly seed: number;
  readonly writers: number;
  readonly subscribers: number;
  /** For how long is written, with faults. */
  readonly seconds: number;
  /** Without one, hints go by NOTIFY. */
  readonly redisServer: string | null;
  readonly say?: (line: string) => void;
}

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const SUBJECTS = 20;
const DEADLINE_MS = 10_000;
const QUIESCE_MS = 90_000;
const LEAST_ACKNOWLEDGED = 250;
const HEALED_MS = 10_000;

const subjects = Array.from({ length: SUBJECTS }, (_, index) =>
  composeUscc(index % 2 === 0 ? '91330106' : '91440300', `MA${String(index).padStart(6, '0')}`),
);

interface World {
  readonly options: HistoryOptions;
  readonly issuer: TestIssuer;
  readonly databaseUrl: string;
  readonly gateways: TestProcess[];
  readonly urls: readonly string[];
  readonly centre: () => string;
  readonly now: () => number;
  readonly postgres: PostgresProcess;
  readonly redis: RedisProcess | null;
  readonly start: (index: number) => Promise<TestProcess>;
}

export interface Ran {
  readonly history: History;
  /** Of a reader that takes ids for numbers. */
  readonly broken: History;
  readonly counts: Readonly<Record<string, number>>;
  /** Clients that ended, where they should have come back, and why. */
  readonly left: readonly string[];
}

/** Runs one history, and returns what was appended and received. */
export async function runHistory(options: HistoryOptions): Promise<Ran> {
  const say = options.say ?? (() => {});
  await using stack = new AsyncDisposableStack();
  const world = await startWorld(options, stack);
  const writing = new AbortController();
  const reading = new AbortController();
  const appends: Append[] = [];
  const subscribers = Array.from({ length: options.subscribers }, (_, index) =>
    createSubscriber(
      { urls: world.urls, keys: KEYS, centre: world.centre },
      index,
      createChance(options.seed * 15_485_863 + index),
    ),
  );
  await Promise.all(subscribers.map((subscriber) => subscriber.begin()));
  const writers = Array.from({ length: options.writers }, (_, index) => write(world, index, appends, writing.signal));
  const left: string[] = [];
  const followers = subscribers.map((subscriber) =>
    subscriber
      .run(reading.signal)
      .catch((error: Error) => void left.push(`${subscriber.history().name}: ${error.message}`)),
  );
  const broken = createBrokenReader(world);
  const breaking = broken.run(reading.signal);

  const begunAt = performance.now();
  const faults = await injectFaults(
    { ...world, chance: createChance(options.seed * 7919) },
    options.seconds * 1000,
    (name) => say(`seed ${options.seed}: ${name}`),
  );
  // A while longer, with nothing broken: faults may have left no time to write, and subscribers have to receive what
  // comes after them.
  const healed = performance.now();
  const acknowledged = (): number => appends.filter(({ outcome }) => outcome === 'ok').length;
  while (acknowledged() < LEAST_ACKNOWLEDGED && performance.now() - healed < HEALED_MS) await pause(50);
  writing.abort();
  await Promise.all(writers);
  say(`seed ${options.seed}: ${appends.length} appends, ${faults} faults; waiting until everybody has everything`);
  const writtenAt = performance.now();
  const final = await finalState(world.databaseUrl);
  const deadline = performance.now() + QUIESCE_MS;
  while (
    performance.now() < deadline &&
    left.length === 0 &&
    !subscribers.every((subscriber) => subscriber.hasAll(final))
  )
    await pause(100);
  const caughtUpAt = performance.now();
  reading.abort();
  await Promise.all([...followers, breaking]);

  const { tokens } = final;
  const history: History = { appends, subscribers: subscribers.map((subscriber) => subscriber.history()), final };
  return {
    history,
    broken: {
      appends: appends.filter(({ token: of }) => [...tokens.values()].includes(of)),
      subscribers: [broken.history(tokens)],
      final: { ...final, head: 0n, seqs: [] },
    },
    left,
    counts: {
      ...countsOf(history, subscribers),
      faults,
      changes: Number(final.head),
      'seconds with faults': Math.round((writtenAt - begunAt) / 1000),
      'seconds to catch up': Math.round((caughtUpAt - writtenAt) / 1000),
    },
  };
}

/** PostgreSQL, Redis where there is one, and two gateways, until the stack is disposed. */
async function startWorld(options: HistoryOptions, stack: AsyncDisposableStack): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'cg-history-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = stack.use(await startPostgres({ dataDir: join(directory, 'pg') }));
  const redis = options.redisServer === null ? null : stack.use(await startRedis(options.redisServer));
  const issuer = stack.use(await createIssuer());
  const ports = [await freePort(), await freePort()];
  const start = (index: number): Promise<TestProcess> =>
    startProcess('gateway/main.ts', [], {
      DATABASE_URL: postgres.url,
      DATA_DIR: issuer.dataDir,
      PORT: String(ports[index]),
      PASSPORT_KEYS: KEYS,
      CURSOR_KEYS: KEYS,
      DIGEST_KEYS: KEYS,
      LOG_LEVEL: 'silent',
      ...(redis ? { REDIS_URL: redis.url } : null),
    });
  const gateways = await Promise.all([start(0), start(1)]);
  stack.defer(async () => {
    for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  });
  await arrange(postgres.url);
  return {
    options,
    issuer,
    databaseUrl: postgres.url,
    gateways,
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    centre: tokenOfCentre(issuer),
    now: () => performance.now(),
    postgres,
    redis,
    start,
  };
}

/** The token of the national centre, made anew before it ends. */
function tokenOfCentre(issuer: TestIssuer): () => string {
  let token = { text: '', at: Number.NEGATIVE_INFINITY };
  return () => {
    if (performance.now() - token.at > 600_000)
      token = {
        text: issuer.token({
          role: 'NATIONAL_CENTRE',
          organisation: organisationOf('NATIONAL_CENTRE').organisation,
          purposes: ['SUPERVISION'],
        }),
        at: performance.now(),
      };
    return token.text;
  };
}

/** How much was written, and received by each kind of subscriber. */
const countsOf = (history: History, subscribers: readonly Subscriber[]): Record<string, number> => ({
  appends: history.appends.length,
  acknowledged: history.appends.filter(({ outcome }) => outcome === 'ok').length,
  ...Object.fromEntries(
    kinds.map((kind) => [
      `received by ${kind}`,
      receivedBy(
        history,
        subscribers.flatMap((each) => (each.kind === kind ? [each.history().name] : [])),
      ),
    ]),
  ),
});

const receivedBy = ({ subscribers }: History, names: readonly string[]): number =>
  subscribers.reduce(
    (sum, { name, connections }) =>
      names.includes(name) ? sum + connections.reduce((received, { receipts }) => received + receipts.length, 0) : sum,
    0,
  );

// --- writers ---------------------------------------------------------------------------------------------------------

const POISON = '回滚';

/** Grants, units, and a trigger that undoes a batch with a marked row, at the last moment. */
async function arrange(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { organisation } = organisationOf('NATIONAL_CENTRE');
    await client.query(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values ($1, $2, 'NATIONAL_CENTRE', now() - interval '1 minute', 'test')`,
      [randomUUID(), organisation],
    );
    const sql = (text: string, values: readonly unknown[]): Promise<unknown> => client.query(text, [...values]);
    await registerUnits(sql, 'namelist', [AUTHORITY], ['name-list'], organisation);
    await registerUnits(sql, 'evaluation', [AUTHORITY], ['evaluation'], organisation);
    await client.query(`
      create table public.by_id (id bigint primary key, uscc text not null, version int not null, topic text not null);
      create function public.watch_outbox() returns trigger language plpgsql security definer as $$
      begin
        if new.basis->>'documentNo' like '%${POISON}%' then raise exception 'this batch is undone'; end if;
        insert into public.by_id values (new.id, new.uscc, new.version, new.topic);
        -- Some commit late, so that others, of another schema, with greater ids are there before them.
        perform pg_sleep(
          case when random() < case new.topic when 'EVALUATION' then 0.3 else 0.1 end then 0.1 else 0 end);
        return new;
      end $$;
      create trigger watch after insert on feed.outbox for each row execute function public.watch_outbox()`);
  } finally {
    await client.end();
  }
}

const FILE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    __typename
    ... on RecordsFiled { rows { row outcome problems { code } } }
    ... on DomainError { code }
  }
}`;

/**
 * One writer: list entries, or evaluations for every fourth. It waits for each answer, and never writes the same token
 * twice.
 */
async function write(world: World, index: number, appends: Append[], signal: AbortSignal): Promise<void> {
  const chance = createChance(world.options.seed * 104_729 + index);
  const isOfEvaluations = index % 4 === 3;
  for (let number = 0; !signal.aborted; number++) {
    const size = 1 + chance.below(3);
    const chosen = [...new Set(Array.from({ length: size }, () => subjects[chance.below(SUBJECTS)] as string))];
    const undone = !isOfEvaluations && chance.next() < 0.05;
    const tokens = chosen.map((_, place) =>
      isOfEvaluations ? scoreOf(index, number, place) : `w${index}-${number}-${place}`,
    );
    const rows: unknown[] = chosen.map((uscc, place) =>
      isOfEvaluations ? evaluationRow(uscc, tokens[place] as string) : rowOf(entryOf(uscc, tokens[place] as string)),
    );
    if (undone)
      rows.push(
        rowOf({ ...entryOf(subjects[0] as string, 'undone'), documentNo: `示${POISON}〔2026〕${index}${number}号` }),
      );
    const invoked = world.now();
    const outcome = await attempt(
      world,
      world.urls[chance.below(2)] as string,
      { idempotencyKey: randomUUID(), kind: isOfEvaluations ? 'evaluation' : 'name-list', rows },
      undone,
    );
    const answered = world.now();
    chosen.forEach((uscc, place) =>
      appends.push({
        token: tokens[place] as string,
        subject: subjectKey(isOfEvaluations, uscc),
        invoked,
        answered,
        outcome,
      }),
    );
    await pause(chance.between(5, 60));
  }
}

async function attempt(
  world: World,
  url: string,
  input: Record<string, unknown>,
  undone: boolean,
): Promise<Append['outcome']> {
  try {
    const { body } = await askGateway(url, world.centre(), FILE, { input }, 'SUPERVISION');
    const receipt = body.data?.['fileRecords'] as
      { __typename?: string; rows?: { outcome: string }[] } | null | undefined;
    if (receipt?.__typename === 'RecordsFiled' && !undone) {
      if (receipt.rows?.some(({ outcome }) => outcome === 'REJECTED'))
        throw new Error(`a row was refused: ${JSON.stringify(receipt)}`);
      return 'ok';
    }
    // An answer with an error may come after a commit whose answer was lost.
    return undone ? 'fail' : 'info';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('a row was refused')) throw error;
    return undone ? 'fail' : 'info';
  }
}

const entryOf = (uscc: string, token: string): Listing => ({ uscc, grounds: token });
/** A score that nobody else gives: its digits are its token. */
const scoreOf = (writer: number, number: number, place: number): string =>
  formatScore((writer * 6000 + number * 3 + place + 1) / 100);
const evaluationRow = (uscc: string, token: string): Record<string, string> => ({
  PJ_XDR_MC: '示例主体',
  PJ_XDR_SHXYM: uscc,
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: 'A',
  PJ_FS: token,
  PJ_MF: '1000',
  PJ_RQ: '2026/06/30',
  PJ_DW: '示例评价单位',
  PJ_DWDM: AUTHORITY,
  PJ_LYDW: '示例评价单位',
  PJ_LYDWDM: AUTHORITY,
});

// --- a reader that is broken -----------------------------------------------------------------------------------------

/**
 * Reads the rows of the writers by their ids, as they become visible: `id > last`. The checker has to find what it
 * loses.
 */
function createBrokenReader(world: World) {
  const read: { id: bigint; subject: string; version: number }[] = [];
  return {
    async run(signal: AbortSignal): Promise<void> {
      let last = 0n;
      for (let client: pg.Client | null = null; !signal.aborted;) {
        try {
          if (!client) {
            client = new pg.Client({
              connectionString: world.databaseUrl,
              connectionTimeoutMillis: 2000,
              query_timeout: DEADLINE_MS,
            });
            client.on('error', () => {});
            await client.connect();
          }
          const { rows } = await client.query<{ id: string; uscc: string; version: number; topic: string }>(
            'select id, uscc, version, topic from public.by_id where id > $1 order by id',
            [String(last)],
          );
          for (const { id, uscc, version, topic } of rows) {
            last = BigInt(id);
            read.push({ id: last, subject: subjectKey(topic === 'EVALUATION', uscc), version });
          }
          await pause(2);
        } catch {
          await client?.end().catch(() => {});
          client = null;
          await pause(50);
        }
      }
    },
    history(tokens: ReadonlyMap<string, string>): SubscriberHistory {
      const receipts = read.map(({ id, subject, version }) => ({
        eventId: `${subject} ${version}`,
        subject,
        version,
        token: tokens.get(`${subject} ${version}`) ?? '',
        seq: id,
      }));
      return {
        name: 'by id',
        isEligible: () => true,
        connections: [{ instance: 'database', transport: 'sql', from: null, receipts }],
      };
    },
  };
}

// --- the end ---------------------------------------------------------------------------------------------------------

async function finalState(url: string): Promise<FinalState & { readonly tokens: ReadonlyMap<string, string> }> {
  const deadline = performance.now() + 30_000;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ waiting: number }>('select count(*)::int as waiting from feed.outbox');
      if (rows[0]?.waiting === 0) break;
      if (performance.now() > deadline) throw new Error(`${rows[0]?.waiting} changes have no number`);
      await pause(50);
    }
    const head =
      (await client.query<{ head: string }>('select last_seq::text as head from feed.sequencer')).rows[0]?.head ?? '0';
    const seqs = (await client.query<{ seq: string }>('select log.seq::text from feed.log order by log.seq')).rows.map(
      ({ seq }) => BigInt(seq),
    );
    const versions = await client.query<{ subject: string; version: number; token: string; believed: boolean }>(`
      select 'L ' || uscc as subject, version, content->>'grounds' as token, superseded_at = 'infinity' as believed
      from namelist.entry
      union all
      select 'E ' || uscc, version, to_char(score, 'FM9990.00'), superseded_at = 'infinity' from evaluation.result`);
    return {
      head: BigInt(head),
      seqs,
      records: new Map(
        versions.rows.flatMap(({ subject, version, token, believed }) =>
          believed ? [[subject, { version, token }] as const] : [],
        ),
      ),
      tokens: new Map(versions.rows.map(({ subject, version, token }) => [`${subject} ${version}`, token])),
    };
  } finally {
    await client.end();
  }
}
