import { standardBudgets } from '#policy/budgets.ts';
import { silentLog } from '#kit/log.ts';
import { needs } from '#test/support/needs.ts';
import { type RedisProcess, startRedis } from '#test/support/redis.ts';
import { retainedBytes } from '#test/support/retained.ts';
import { until } from '#test/support/until.ts';
import { type Budgets, createMemoryBudgets, createSharedBudgets, createSharedStore } from './budgets.ts';
import { MemoryLimiter } from './memoryLimiter.ts';

const budgets = {
  ...standardBudgets,
  PUBLIC: { points: 10, seconds: 60, selfEmployedADay: 1 },
  FINANCIAL_INSTITUTION: { points: 20, seconds: 60, selfEmployedADay: 1 },
};
const nobody = { role: 'PUBLIC', organisation: null } as const;
const bank = { role: 'FINANCIAL_INSTITUTION', organisation: '91110000000000001X' } as const;

describe('in this process', () => {
  test('a refusal takes nothing, and the window ends by the clock', () => {
    let now = 0;
    const { spend } = createMemoryBudgets(budgets, () => now);
    expect(spend(nobody, '192.0.2.1', 8)).toEqual({
      isGiven: true,
      limit: 10,
      seconds: 60,
      remaining: 2,
      resetMs: 60_000,
    });
    now = 20_000;
    expect(spend(nobody, '192.0.2.1', 3)).toEqual({
      isGiven: false,
      limit: 10,
      seconds: 60,
      remaining: 2,
      resetMs: 40_000,
    });
    expect(spend(nobody, '192.0.2.1', 2)).toMatchObject({ isGiven: true, remaining: 0 });
    now = 60_000;
    expect(spend(nobody, '192.0.2.1', 1)).toMatchObject({ isGiven: true, remaining: 9, resetMs: 60_000 });
  });

  test('an organisation has one budget from every address; the public one per address, of IPv6 per 64 bits', () => {
    const { spend } = createMemoryBudgets(budgets);
    const left = (viewer: typeof nobody | typeof bank, address: string) => spend(viewer, address, 4);
    expect([left(bank, '192.0.2.1'), left(bank, '192.0.2.2')]).toMatchObject([{ remaining: 16 }, { remaining: 12 }]);
    expect([left(nobody, '192.0.2.1'), left(nobody, '192.0.2.2')]).toMatchObject([{ remaining: 6 }, { remaining: 6 }]);
    expect([
      left(nobody, '2001:db8::1'),
      left(nobody, '2001:db8::ffff'),
      left(nobody, '2001:db8:0:1::1'),
    ]).toMatchObject([{ remaining: 6 }, { remaining: 2 }, { remaining: 6 }]);
  });

  test('a million addresses cost no more than the bound, and do not evict a frequent caller', () => {
    const maxBytes = 8 * 1024 * 1024;
    const limiter = new MemoryLimiter({ points: 1000, seconds: 60, maxBytes });
    const before = retainedBytes();
    for (let index = 0; index < 1_000_000; index += 1) {
      limiter.take(`address ${index >> 16}.${(index >> 8) & 255}.${index & 255}.1`, 1);
      if (index % 10_000 === 0) limiter.take('address 192.0.2.1', 1);
    }
    expect(limiter.size).toBeLessThan(maxBytes / 256);
    expect(retainedBytes() - before).toBeLessThan(1.25 * maxBytes);
    expect(limiter.take('address 192.0.2.1', 1)).toMatchObject({ consumed: 101 });
  });
});

const program = needs('redis-server');
(program ? describe : describe.skip)('in Redis', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis(program as string);
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  const open = async (database: string, url = redis.url) => {
    const store = createSharedStore(url, database, silentLog);
    await until('Redis is there', () => store.client.isReady);
    return { ...createSharedBudgets(budgets, store), store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  };

  test('instances give one budget together, and a refusal takes nothing', async () => {
    await using one = await open('together');
    await using other = await open('together');
    expect(await one.spend(bank, undefined, 12)).toMatchObject({ isGiven: true, limit: 20, remaining: 8 });
    expect(await other.spend(bank, undefined, 9)).toMatchObject({ isGiven: false, limit: 20, remaining: 8 });
    expect(await other.spend(bank, undefined, 8)).toMatchObject({ isGiven: true, remaining: 0 });
    expect(await one.spend(bank, undefined, 1)).toMatchObject({ isGiven: false, remaining: 0 });
    const { resetMs } = await one.spend(bank, undefined, 1);
    expect(resetMs).toBeGreaterThan(50_000);
    expect(resetMs).toBeLessThanOrEqual(60_000);
  });

  test('another database has another budget', async () => {
    await using one = await open('one');
    await using other = await open('another');
    expect([await one.spend(bank, undefined, 12), await other.spend(bank, undefined, 12)]).toMatchObject([
      { remaining: 8 },
      { remaining: 8 },
    ]);
  });

  const quarterAtOnce = async ({ spend }: Pick<Budgets, 'spend'>): Promise<void> => {
    const began = performance.now();
    expect(await spend(bank, undefined, 4)).toMatchObject({ isGiven: true, limit: 5, remaining: 1 });
    expect(await spend(bank, undefined, 4)).toMatchObject({ isGiven: false, limit: 5, remaining: 1 });
    expect(performance.now() - began).toBeLessThan(1000);
  };

  test('while it hangs each instance grants a quarter by itself, at once; afterwards it counts again', async () => {
    await using one = await open('hangs');
    expect(await one.spend(bank, undefined, 12)).toMatchObject({ limit: 20, remaining: 8 });
    redis.signal('SIGSTOP');
    await quarterAtOnce(one);
    redis.signal('SIGCONT');
    await until('Redis counts again', async () => (await one.spend(bank, undefined, 0)).limit === 20);
    // Requests to it while it hung were counted when it resumed, too.
    expect(await one.spend(bank, undefined, 4)).toMatchObject({ isGiven: true, limit: 20, remaining: 0 });
  });

  test('while it is gone each instance gives a quarter by itself, at once', async () => {
    const gone = await startRedis(program as string);
    await using one = await open('gone', gone.url);
    expect(await one.spend(bank, undefined, 12)).toMatchObject({ limit: 20, remaining: 8 });
    await gone[Symbol.asyncDispose]();
    await quarterAtOnce(one);
  });

  test('killed, it is found again by itself', async () => {
    await using one = await open('again');
    await redis.crash();
    await until('Redis counts again', async () => (await one.spend(bank, undefined, 1)).limit === 20);
  });
});
