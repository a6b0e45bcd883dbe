import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresProcess } from '#test/support/postgresProcess.ts';
import type { TestProcess } from '#test/support/processes.ts';
import type { RedisProcess } from '#test/support/redis.ts';
import type { Chance } from './chance.ts';

// What is disturbed while writers write and subscribers follow. Each breakage ends by itself.

export interface Breakable {
  /** The gateways that run now: two. */
  readonly gateways: TestProcess[];
  readonly start: (index: number) => Promise<TestProcess>;
  readonly postgres: PostgresProcess;
  readonly redis: RedisProcess | null;
  readonly chance: Chance;
}

type Breakage = readonly [name: string, inject: (parts: Breakable) => Promise<void>];

const breakages: readonly Breakage[] = [
  [
    'kill -9 of a gateway',
    async ({ gateways, start, chance }) => {
      const index = chance.below(2);
      await (gateways[index] as TestProcess).kill();
      await pause(chance.between(0, 500));
      gateways[index] = await start(index);
    },
  ],
  [
    'stop and go on of a gateway',
    async ({ gateways, chance }) => {
      const gateway = gateways[chance.below(2)] as TestProcess;
      gateway.signal('SIGSTOP');
      await pause(chance.between(500, 5000));
      gateway.signal('SIGCONT');
    },
  ],
  [
    'restart of a gateway',
    async ({ gateways, start, chance }) => {
      const index = chance.below(2);
      await (gateways[index] as TestProcess)[Symbol.asyncDispose]();
      gateways[index] = await start(index);
    },
  ],
  [
    'replacement of both gateways, one after the other',
    async ({ gateways, start }) => {
      for (const index of [0, 1]) {
        await (gateways[index] as TestProcess)[Symbol.asyncDispose]();
        gateways[index] = await start(index);
      }
    },
  ],
  ['kill -9 of PostgreSQL', ({ postgres }) => postgres.crash()],
  ['PostgreSQL is away for 8 s', ({ postgres }) => postgres.crash(8000)],
  [
    'backends of the name lists, evaluations and gateways end in the middle of statements',
    ({ postgres, chance }) =>
      bySql(postgres.url, async (sql) => {
        for (
          const until = performance.now() + chance.between(1000, 4000);
          performance.now() < until;
          await pause(chance.between(5, 100))
        ) {
          await sql(
            `select pg_terminate_backend(pid)
              from pg_stat_activity
              where application_name = any($1) and (state = 'active' or random() < 0.1)`,
            [['namelist', 'evaluation', 'gateway', 'gateway sequencer']],
          );
        }
      }),
  ],
  [
    'a table of records is locked',
    ({ postgres, chance }) =>
      bySql(postgres.url, async (sql) => {
        await sql('begin');
        await sql(
          `lock table ${chance.below(2) === 0 ? 'namelist.entry' : 'evaluation.result'} in access exclusive mode`,
        );
        await pause(chance.between(2000, 9000));
        await sql('rollback');
      }),
  ],
];

const breakagesOf = (redis: RedisProcess): readonly Breakage[] => [
  ['kill -9 of Redis', () => redis.crash()],
  [
    'stop and go on of Redis',
    async ({ chance }) => {
      redis.signal('SIGSTOP');
      await pause(chance.between(500, 3000));
      redis.signal('SIGCONT');
    },
  ],
];

/** Breaks one thing after another for so long. @returns how many */
export async function injectFaults(parts: Breakable, forMs: number, say: (line: string) => void): Promise<number> {
  const { redis, chance } = parts;
  const end = performance.now() + forMs;
  const all = redis ? [...breakages, ...breakagesOf(redis)] : breakages;
  let done = 0;
  // Each kind comes once before any comes twice, as far as there is time.
  for (let order: Breakage[] = []; performance.now() < end; done++) {
    if (order.length === 0)
      order = all
        .map((each) => [chance.next(), each] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, each]) => each);
    await pause(chance.between(300, 1500));
    const [name, inject] = order.pop() as Breakage; // filled above
    say(name);
    await inject(parts);
  }
  return done;
}

async function bySql(
  url: string,
  does: (sql: (text: string, values?: readonly unknown[]) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // whoever waits for an answer hears of it
  await client.connect();
  try {
    await does((text, values = []) => client.query(text, [...values]));
  } finally {
    await client.end();
  }
}
