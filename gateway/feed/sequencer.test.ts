import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { createInstants } from '#records/instants.ts';
import { silentLog } from '#kit/log.ts';
import { type Client, createPool, type Pool, transaction } from '#kit/postgres/pool.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { createRules, releasedRules, type Rules } from '#standards/ruleSets.ts';
import { type Database, openDatabase, servers } from '#test/support/database.ts';
import type { ChildOptions, ChildReport } from '#test/support/sequencerProcess.ts';
import { until } from '#test/support/until.ts';
import { beginEpoch, numberNext, purgeNext } from './numbering.ts';
import { createSequencer, type Sequencer, type SequencerOptions } from './sequencer.ts';

// docs/PROTOCOL.md P2, P3, P5. Writers write as subgraphs do: a record's version first, then the instant, which holds
// the schema's clock until the commit (records/instants.ts), and its row for the log in the same transaction.

const ROLLED_BACK = new Error('rolled back');
const TAKEOVER_MS = 5000;
const rulesOfRelease: Pick<RuleStore, 'fresh'> = { fresh: () => Promise.resolve(releasedRules) };

let database: Database;
/** A superuser's pool, to inspect and to interfere. */
let admin: Pool;
let stack: AsyncDisposableStack;

/** Gives the tests of a group a database of their own on a server, in which each begins with an empty log. */
function withEmptyLog(server: ReturnType<typeof servers>[number]): void {
  beforeAll(async () => {
    database = await openDatabase(server);
    admin = createPool({ url: database.url, applicationName: 'test', max: 4, statementTimeoutMs: 20_000 });
    await admin.query('create table public.record (id uuid primary key, version integer not null)');
    await admin.query('grant select, insert, update on public.record to credit_namelist, credit_evaluation');
  });
  afterAll(async () => {
    await admin.end();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    // A server process finishes the statements of a killed client.
    await until(
      'the end of the sessions of the test before',
      async () =>
        (
          await admin.query(
            `select
             from pg_stat_activity
             where datname = current_database()
               and application_name = 'gateway sequencer'`,
          )
        ).rowCount === 0,
    );
    await admin.query('truncate feed.outbox, feed.log, public.record');
    await admin.query("update feed.sequencer set epoch = 0, last_seq = 0, purged_through = 0, at = '2000-01-01Z'");
  });
  afterEach(() => stack.disposeAsync());
}

const start = (options: Partial<SequencerOptions> = {}): Sequencer => {
  const sequencer = stack.use(
    createSequencer({
      url: database.url,
      holder: 'test',
      rules: rulesOfRelease,
      log: silentLog,
      now: () => new Date('2026-12-01T00:00:00Z'),
      onBatch: () => {},
      ...options,
    }),
  );
  sequencer.start();
  return sequencer;
};
const session = async (): Promise<Client> => {
  const pool = stack.use(
    createPool({
      url: database.url,
      role: 'credit_sequencer',
      applicationName: 'test sequencer',
      max: 1,
      statementTimeoutMs: 20_000,
    }),
  );
  const client = await pool.connect();
  stack.defer(() => client.release());
  return client;
};
const epochOf = (sequencer: Sequencer): bigint | null => {
  const state = sequencer.state();
  return state.phase === 'leading' ? state.epoch : null;
};
const waiting = (): Promise<number> =>
  admin
    .query<{ count: number }>('select count(*)::int as count from feed.outbox')
    .then(({ rows }) => rows[0]?.count ?? 0);
const numbered = (sequencer: Sequencer): Promise<true> =>
  until('the numbering of every row', async () => {
    sequencer.poke();
    return (await waiting()) === 0;
  });
/** Resolves when these have counted every row of the log, which each does once its batch is committed. */
const counted = (...sequencers: readonly Sequencer[]): Promise<true> =>
  until(
    'the count of every row',
    async () => sequencers.reduce((sum, each) => sum + each.metrics().moved, 0) >= (await log()).length,
  );
const log = (): Promise<{ seq: bigint; topic: string; record_id: string; version: number }[]> =>
  admin.query('select seq, topic, record_id, version from feed.log order by seq').then(({ rows }) => rows);
const add = (rows: number): Promise<unknown> =>
  admin.query(
    `insert into feed.outbox
       (topic, kind, uscc, record_id, version, recorded_at, disclosure_level, province, source_unit, type)
     select 'NAME_LIST', 'ADDED', '91330100799655058B', gen_random_uuid(), number, clock_timestamp(), 'PUBLIC', '33',
       '12330000000000000X', 'TAX'
     from generate_series(1, $1) number`,
    [rows],
  );

/**
 * Eight writers, half of them for each of two schemas, on few records, so that they wait for each other.
 * @returns how many versions of each record were committed
 */
const write = async (transactions: number): Promise<Map<string, number>> => {
  const committed = new Map<string, number>();
  const records = Array.from({ length: 10 }, () => randomUUID());
  await admin.query('insert into public.record select id, 0 from unnest($1::uuid[]) id', [records]);
  const writer = async (schema: 'namelist' | 'evaluation', number: number): Promise<void> => {
    await using pool = createPool({
      url: database.url,
      role: `credit_${schema}`,
      applicationName: 'test writer',
      max: 1,
      statementTimeoutMs: 20_000,
    });
    const instants = createInstants(pool, schema);
    for (let each = 0; each < transactions; each += 1) {
      // Records of one schema are written by its writers alone, as its tables are.
      const mine = records.filter((_, index) => (index % 2 === 0) === (schema === 'namelist'));
      const record = mine[(each * 7 + number) % mine.length] as string; // of five
      const rows = 1 + ((each + number) % 3);
      const work = async (client: Client): Promise<void> => {
        const updated = await client.query<{ version: number }>(
          'update public.record set version = version + $2 where id = $1 returning version',
          [record, rows],
        );
        const version = updated.rows[0]?.version ?? Number.NaN;
        const recordedAt = await instants.stamp(client);
        await client.query(
          `insert into feed.outbox
             (topic, kind, uscc, record_id, version, recorded_at, disclosure_level, province, source_unit, type)
           select $1, 'CORRECTED', '91330100799655058B', $2, version, $3, 'PUBLIC', '33', '12330000000000000X', 'TAX'
           from generate_series($4::int, $5::int) version
           order by version`,
          [schema === 'namelist' ? 'NAME_LIST' : 'EVALUATION', record, recordedAt, version - rows + 1, version],
        );
        if ((each + number) % 7 === 0) throw ROLLED_BACK;
      };
      try {
        await transaction(pool, 'write', work);
        committed.set(record, (committed.get(record) ?? 0) + rows);
      } catch (error) {
        if (error !== ROLLED_BACK) throw error;
      }
    }
  };
  await Promise.all(
    Array.from({ length: 8 }, (_, number) => writer(number % 2 === 0 ? 'namelist' : 'evaluation', number)),
  );
  return committed;
};

/** Without gaps from 1; of each record every committed version, once, in order. */
const expectWhole = async (committed: ReadonlyMap<string, number>): Promise<void> => {
  const rows = await log();
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => BigInt(index + 1)));
  const versions = new Map<string, number[]>();
  for (const { record_id, version } of rows) versions.set(record_id, [...(versions.get(record_id) ?? []), version]);
  const whole = new Map(
    [...committed].map(([record, count]) => [record, Array.from({ length: count }, (_, index) => index + 1)]),
  );
  expect(versions).toEqual(whole);
};

describe.each(servers())('on $name', (server) => {
  withEmptyLog(server);

  test('P2: what eight writers commit is numbered without gaps, each record in the order of its versions', async () => {
    const delivered: bigint[] = [];
    const sequencer = start({ onBatch: (lastSeq) => delivered.push(lastSeq) });
    const committed = await write(60);
    await numbered(sequencer);
    await counted(sequencer);
    await expectWhole(committed);
    expect([...committed.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(500);
    expect(delivered).toEqual(delivered.toSorted((a, b) => Number(a - b)));
    expect(delivered.at(-1)).toBe((await log()).at(-1)?.seq);
    const { batches, moved, fenced } = sequencer.metrics();
    expect({ batches, moved, fenced }).toEqual({
      batches: delivered.length,
      moved: Number(delivered.at(-1)),
      fenced: 0,
    });
  });

  test('P2: two that both believe to lead, without any lock, leave no hole and give no number twice', async () => {
    const careless = { election: () => Promise.resolve(true), timings: { tryMs: 4, busyMs: 1, idleMs: 1 } };
    const both = [start({ ...careless, holder: 'a' }), start({ ...careless, holder: 'b' })];
    await until('both have led', () => both.every((each) => each.metrics().fenced > 2));
    const before = both.map((each) => each.metrics().fenced);
    const committed = await write(60);
    await until('the numbering of every row', async () => (await waiting()) === 0);
    // The test needs both to meet while there is work; how often depends on the machine.
    const met = both.map((each, index) => each.metrics().fenced - (before[index] ?? 0));
    await expectWhole(committed);
    expect(Math.min(...met)).toBeGreaterThan(0);
    await counted(...both);
    expect(both.reduce((sum, each) => sum + each.metrics().moved, 0)).toBe((await log()).length);
  });

  test('it measures what waits: how many rows, and for how long', async () => {
    await admin.query(
      `insert into feed.outbox (topic, kind, recorded_at)
       values ('ACT', 'BATCH', now() - interval '1 hour'),
         ('ACT', 'BATCH', now())`,
    );
    const idle = start({ election: () => Promise.resolve(false), timings: { measureEveryMs: 1 } });
    const feed = await until('a measurement', () => idle.metrics().feed);
    expect(feed).toMatchObject({ depth: 2, epoch: 0n, lastSeq: 0n, purgedThrough: 0n });
    expect(feed.oldestSeconds).toBeGreaterThanOrEqual(3600);
    expect(idle.metrics().isLeading).toBe(false);
    const sequencer = start({ timings: { measureEveryMs: 1 } });
    await numbered(sequencer);
    await until('a measurement of the leader', () => {
      sequencer.poke();
      return sequencer.metrics().feed?.lastSeq === 2n;
    });
    expect(sequencer.metrics().feed).toEqual({ depth: 0, oldestSeconds: 0, epoch: 1n, lastSeq: 2n, purgedThrough: 0n });
  });
});

/**
 * Begins each `work` in a session of its own while `change` is not committed, and commits it when all of them wait for
 * it.
 */
const race = async <Result>(change: string, ...work: ((client: Client) => Promise<Result>)[]): Promise<Result[]> => {
  const clients: Client[] = [];
  for (const _ of work) clients.push(await session());
  const other = await admin.connect();
  try {
    await other.query('begin');
    await other.query(change);
    const results = work.map((each, index) => each(clients[index] as Client)); // one was opened for each
    await until(
      'all wait',
      async () =>
        (
          await admin.query(
            `select
             from pg_stat_activity
             where datname = current_database()
               and application_name = 'test sequencer'
               and wait_event_type = 'Lock'`,
          )
        ).rowCount === work.length,
    );
    await other.query('commit');
    return await Promise.all(results);
  } finally {
    other.release();
  }
};

describe.each(servers())('on $name, a statement that waits while feed.sequencer changes', (server) => {
  withEmptyLog(server);

  test('P2: goes on from the last number as it is then', async () => {
    const { epoch } = await beginEpoch(await session(), 'a');
    await add(3);
    const [result] = await race('update feed.sequencer set last_seq = 40', (client) => numberNext(client, epoch, 10));
    expect(result).toMatchObject({ isLeading: true, moved: 3, lastSeq: 43n });
    expect((await log()).map(({ seq }) => seq)).toEqual([41n, 42n, 43n]);
  });

  test('P2: numbers what another of the same epoch has not taken', async () => {
    const { epoch } = await beginEpoch(await session(), 'a');
    await add(10);
    const results = await race(
      'update feed.sequencer set at = now()',
      (client) => numberNext(client, epoch, 4),
      (client) => numberNext(client, epoch, 10),
    );
    expect(results.map(({ isLeading }) => isLeading)).toEqual([true, true]);
    expect(results.reduce((sum, { moved }) => sum + moved, 0)).toBe(10);
    expect((await log()).map(({ seq, version }) => [Number(seq), version])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index + 1, index + 1]),
    );
  });

  test('P3: does nothing when another epoch has begun', async () => {
    const { epoch } = await beginEpoch(await session(), 'a');
    await add(3);
    const results = await race<{ isLeading: boolean }>(
      'update feed.sequencer set epoch = epoch + 1',
      (client) => numberNext(client, epoch, 10),
      (client) => purgeNext(client, epoch, 90, 10),
    );
    expect(results).toEqual([
      { isLeading: false, moved: 0, lastSeq: null, notified: null },
      { isLeading: false, purged: 0 },
    ]);
    expect([await waiting(), await log()]).toEqual([3, []]);
  });
});

const endLeader = `
  select pg_terminate_backend(pid)
  from pg_stat_activity
  where datname = current_database()
    and application_name = 'gateway sequencer'
    and pid in (select pid from pg_locks where locktype = 'advisory' and granted)`;

describe.each(servers())('on $name, who leads', (server) => {
  withEmptyLog(server);

  test('P3: one leads; when its session ends, another takes over within five seconds and numbers on', async () => {
    const both = [start({ holder: 'a' }), start({ holder: 'b' })];
    const leading = (epoch: bigint): Promise<Sequencer> =>
      until(`epoch ${epoch}`, () => {
        const [leader, ...others] = both.filter((each) => each.state().phase === 'leading');
        return leader && others.length === 0 && epochOf(leader) === epoch ? leader : null;
      });
    let leader = await leading(1n);
    for (const epoch of [2n, 3n, 4n]) {
      await add(5);
      await numbered(leader);
      const ended = performance.now();
      expect((await admin.query(endLeader)).rowCount).toBe(1);
      leader = await leading(epoch);
      expect(performance.now() - ended).toBeLessThan(TAKEOVER_MS);
    }
    expect((await log()).map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
  });

  test('P3: without a database it waits, says so, and is stopped while it does', async () => {
    const stated: string[] = [];
    const sequencer = createSequencer({
      url: database.url.replace(/@[^/]*\//, '@127.0.0.1:1/'),
      holder: 'test',
      rules: rulesOfRelease,
      log: pino({ level: 'warn' }, { write: (line) => stated.push(line) }),
      now: () => new Date(),
      onBatch: () => {},
    });
    sequencer.start();
    await until('it says so', () => stated.length > 0);
    sequencer.poke();
    expect(sequencer.state()).toEqual({ phase: 'waiting' });
    await sequencer[Symbol.asyncDispose]();
    expect(sequencer.state()).toEqual({ phase: 'stopped' });
    expect(sequencer.metrics()).toEqual({ isLeading: false, batches: 0, moved: 0, purged: 0, fenced: 0, feed: null });
  });
});

/** Reports of a sequencer in a process of its own, which ends with the test. */
const startChild = (
  timings: ChildOptions['timings'],
): { child: ChildProcess; reported(what: string, is: (report: ChildReport) => boolean): Promise<ChildReport> } => {
  const child = fork(
    join(import.meta.dirname, '../../test/support/sequencerProcess.ts'),
    [JSON.stringify({ url: database.url, timings } satisfies ChildOptions)],
    { env: { PATH: process.env['PATH'] ?? '' }, execArgv: ['--no-warnings'] },
  );
  const reports: ChildReport[] = [];
  child.on('message', (report: ChildReport) => reports.push(report));
  stack.defer(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  return { child, reported: (what, is) => until(what, () => reports.find(is) ?? null) };
};
const isLeading = ({ phase }: ChildReport): boolean => phase === 'leading';

describe.each(servers())('on $name, a process that is stopped', (server) => {
  withEmptyLog(server);

  test('P3: leads no more, the next does in less than five seconds, and the woken one writes nothing', async () => {
    const { child, reported } = startChild({});
    await reported('it leads', isLeading);
    await add(5);
    await reported('it numbers', ({ moved }) => moved === 5);
    const next = start({ holder: 'next' });
    child.kill('SIGSTOP');
    const stopped = performance.now();
    await until('the next leads', () => next.state().phase === 'leading');
    expect(performance.now() - stopped).toBeLessThan(TAKEOVER_MS);
    expect(next.state()).toEqual({ phase: 'leading', epoch: 2n });
    await add(5);
    await numbered(next);
    child.kill('SIGCONT');
    const { moved } = await reported('the woken one waits', ({ phase }) => phase === 'waiting');
    await add(5);
    await numbered(next);
    await until('the count of what it numbered', () => next.metrics().moved >= 10);
    expect([moved, next.metrics().moved]).toEqual([5, 10]);
    expect((await log()).map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    expect((await admin.query('select epoch, holder from feed.sequencer')).rows).toEqual([
      { epoch: 2n, holder: 'next' },
    ]);
  });

  test('P3: and wakes with its session alive finds another epoch, and leaves the rows that wait', async () => {
    const { child, reported } = startChild({ sessionMs: 0, tryMs: 600_000 });
    await reported('it leads', isLeading);
    await add(2);
    await reported('it numbers', ({ moved }) => moved === 2);
    child.kill('SIGSTOP');
    await admin.query("update feed.sequencer set epoch = epoch + 1, holder = 'next'");
    await add(5);
    child.kill('SIGCONT');
    expect(await reported('it finds another epoch', ({ phase, fenced }) => phase === 'waiting' && fenced > 0)).toEqual({
      phase: 'waiting',
      moved: 2,
      fenced: 1,
    });
    expect([await waiting(), (await log()).length]).toEqual([5, 2]);
    expect((await admin.query('select epoch, holder, last_seq from feed.sequencer')).rows).toEqual([
      { epoch: 2n, holder: 'next', last_seq: 2n },
    ]);
  });
});

const kept = async (): Promise<number[]> => (await log()).map(({ seq }) => Number(seq));
const age = (days: number, ...seqs: number[]): Promise<unknown> =>
  admin.query('update feed.log set sequenced_at = now() - make_interval(days => $1) where seq = any($2)', [days, seqs]);
const purgedThrough = (): Promise<bigint> =>
  admin
    .query<{ through: bigint }>('select purged_through as through from feed.sequencer')
    .then(({ rows }) => rows[0]?.through ?? -1n);

describe.each(servers())('on $name, how long changes are kept', (server) => {
  withEmptyLog(server);

  test('P5: 90 days by the rule of the release; the oldest go first, none before one that is kept', async () => {
    const sequencer = start({ timings: { purgeEveryMs: 10, busyMs: 5, idleMs: 5 } });
    await add(6);
    await numbered(sequencer);
    await age(89, 3);
    await age(91, 1, 2, 4);
    await until('the purge', async () => (await purgedThrough()) > 0n);
    expect([await kept(), await purgedThrough()]).toEqual([[3, 4, 5, 6], 2n]);
    await age(91, 3);
    await until('the next purge', async () => (await purgedThrough()) > 2n);
    expect([await kept(), await purgedThrough()]).toEqual([[5, 6], 4n]);
    await age(91, 5, 6);
    await until('the last purge', async () => (await purgedThrough()) === 6n);
    await add(1);
    await numbered(sequencer);
    await until('the count of what it purged', () => sequencer.metrics().purged >= 6);
    expect([await kept(), sequencer.metrics().purged]).toEqual([[7], 6]);
  });

  test('P5: a purge goes in slices', async () => {
    const client = await session();
    const { epoch } = await beginEpoch(client, 'a');
    await add(10);
    await numberNext(client, epoch, 10);
    await age(91, 1, 2, 3, 4, 5, 6, 7);
    const slices = [];
    for (const _ of [1, 2, 3, 4]) slices.push((await purgeNext(client, epoch, 90, 3)).purged);
    expect(slices).toEqual([3, 3, 1, 0]);
    expect([await kept(), await purgedThrough()]).toEqual([[8, 9, 10], 7n]);
  });

  test('P5: without a rule all are kept', async () => {
    let asked = 0;
    const fresh = (): Promise<Rules> => {
      asked += 1;
      return Promise.resolve(createRules([]));
    };
    const sequencer = start({ rules: { fresh }, timings: { purgeEveryMs: 5, busyMs: 5, idleMs: 5 } });
    await add(3);
    await numbered(sequencer);
    await age(5000, 1, 2, 3);
    const before = asked;
    await until('two more looks', () => asked > before + 2);
    expect([await kept(), await purgedThrough()]).toEqual([[1, 2, 3], 0n]);
  });
});
