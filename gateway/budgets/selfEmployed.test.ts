import { silentLog } from '#kit/log.ts';
import { standardBudgets } from '#policy/budgets.ts';
import { needs, testWith } from '#test/support/needs.ts';
import { startRedis } from '#test/support/redis.ts';
import { until } from '#test/support/until.ts';
import { createSharedStore } from './budgets.ts';
import { createSelfEmployedCeiling } from './selfEmployed.ts';

const budgets = {
  ...standardBudgets,
  PUBLIC: { ...standardBudgets.PUBLIC, selfEmployedADay: 3 },
  FINANCIAL_INSTITUTION: { ...standardBudgets.FINANCIAL_INSTITUTION, selfEmployedADay: 8 },
};
const nobody = { role: 'PUBLIC', organisation: null } as const;
const bank = { role: 'FINANCIAL_INSTITUTION', organisation: '91110000000000001X' } as const;
const codes = (...numbers: number[]): Set<string> =>
  new Set(numbers.map((number) => `92330106MA5EEE${String(number).padStart(4, '0')}`));
const NOON = new Date('2026-11-29T04:00:00Z'); // in Shanghai

const ceiling = (now = () => NOON) => createSelfEmployedCeiling({ budgets, store: null, now });

test('up to the ceiling, each code once, all of an answer or nothing of it', async () => {
  const { admit } = ceiling();
  expect(await admit(nobody, '192.0.2.1', codes(1, 2))).toBeNull();
  expect(await admit(nobody, '192.0.2.1', codes(1, 2))).toBeNull();
  expect((await admit(nobody, '192.0.2.1', codes(2, 3, 4)))?.extensions).toEqual({
    code: 'RATE_LIMITED',
    reason: 'SELF_EMPLOYED',
    expected: 'at most 3 codes of self-employed businesses a day',
    retryable: true,
    retryAfter: 12 * 3600,
    http: { status: 429 },
  });
  expect(await admit(nobody, '192.0.2.1', codes(3))).toBeNull(); // the refusal had counted nothing
  expect(await admit(nobody, '192.0.2.1', codes(4))).not.toBeNull();
  expect(await admit(nobody, '192.0.2.1', codes(1, 2, 3))).toBeNull();
});

test('one count per address, and one per organisation from every address', async () => {
  const { admit } = ceiling();
  expect(await admit(nobody, '192.0.2.1', codes(1, 2, 3))).toBeNull();
  expect(await admit(nobody, '192.0.2.2', codes(4, 5, 6))).toBeNull();
  expect(await admit(nobody, '2001:db8::1', codes(1, 2, 3))).toBeNull();
  expect(await admit(nobody, '2001:db8::2', codes(4))).not.toBeNull();
  expect(await admit(bank, '192.0.2.1', codes(1, 2, 3, 4))).toBeNull();
  expect(await admit(bank, '192.0.2.2', codes(5, 6, 7, 8, 9))).not.toBeNull();
});

test('the day is that of Shanghai', async () => {
  let now = new Date('2026-11-29T15:59:59Z');
  const { admit } = ceiling(() => now);
  expect(await admit(nobody, '192.0.2.1', codes(1, 2, 3))).toBeNull();
  expect((await admit(nobody, '192.0.2.1', codes(4)))?.extensions['retryAfter']).toBe(1);
  now = new Date('2026-11-29T16:00:00Z');
  expect(await admit(nobody, '192.0.2.1', codes(4, 5, 6))).toBeNull();
});

const program = needs('redis-server');
testWith(program)(
  'with Redis instances count together; without its answer each gives a quarter, and what it gave before',
  async () => {
    await using redis = await startRedis(program as string);
    await using store = createSharedStore(redis.url, 'one', silentLog);
    await until('Redis is there', () => store.client.isReady);
    const [one, other] = [1, 2].map(() => createSelfEmployedCeiling({ budgets, store, now: () => NOON })) as [
      ReturnType<typeof ceiling>,
      ReturnType<typeof ceiling>,
    ];
    expect(await one.admit(bank, undefined, codes(1))).toBeNull();
    expect(await other.admit(bank, undefined, codes(2, 3, 4, 5, 6, 7))).toBeNull();
    expect(await one.admit(bank, undefined, codes(8, 9))).not.toBeNull();
    expect(await one.admit(bank, undefined, codes(2, 8))).toBeNull();
    expect(await other.admit(bank, undefined, codes(9))).not.toBeNull();
    redis.signal('SIGSTOP');
    expect(await other.admit(bank, undefined, codes(2, 7))).toBeNull();
    expect(await other.admit(bank, undefined, codes(1))).not.toBeNull();
    redis.signal('SIGCONT');
    await until('Redis counts again', async () => (await other.admit(bank, undefined, codes(1))) === null);
  },
);
