import { createClient } from 'redis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import type { RoleBudgets } from '#policy/budgets.ts';
import { type Role, roles, type Viewer } from '#policy/viewer.ts';
import { callerOf } from '../graph/engine/caller.ts';
import { MemoryLimiter } from './memoryLimiter.ts';

/** A caller's budget after an operation was charged to it, or refused. */
export interface BudgetState {
  readonly isGiven: boolean;
  /** Points in each window, and its length. */
  readonly limit: number;
  readonly seconds: number;
  readonly remaining: number;
  /** Until the window ends, in milliseconds. */
  readonly resetMs: number;
}

export interface Budgets {
  /**
   * Takes points of whoever asks; of a refusal none. Never rejects: where Redis does not answer, this instance gives what it may by itself.
   * @param cost a whole number of points
   */
  spend(viewer: Pick<Viewer, 'role' | 'organisation'>, address: string | undefined, cost: number): BudgetState | Promise<BudgetState>;
}

/** Of one role, in all: 100 000 callers and more; each instance keeps two where Redis is set. */
const MAX_BYTES = 32 * 1024 * 1024;

/** While Redis is away nobody knows what other instances give: each gives a quarter of the budget, which is all of it where there are four. */
const INSURED_SHARE = 4;

/** As the library's own script, but that a refusal takes nothing: whoever asked for too much may still ask for less. */
const TAKE = `
local consumed = tonumber(redis.call('get', KEYS[1]) or '0')
local ttl = redis.call('pttl', KEYS[1])
if consumed + ARGV[1] <= tonumber(ARGV[3]) then
  consumed = redis.call('incrby', KEYS[1], ARGV[1])
  if ttl < 0 then
    redis.call('expire', KEYS[1], ARGV[2])
    ttl = 1000 * ARGV[2]
  end
  return {consumed, ttl}
end
if ttl < 0 then ttl = 1000 * ARGV[2] end
return {consumed + ARGV[1], ttl}`;

/** Budgets of this process alone. */
export function createMemoryBudgets(budgets: RoleBudgets, clockMs?: () => number): Budgets {
  const limiters = byRole((role) => new MemoryLimiter({ ...budgets[role], maxBytes: MAX_BYTES, ...(clockMs ? { clockMs } : null) }));
  return {
    spend({ role, organisation }, address, cost) {
      const { points: limit, seconds } = budgets[role];
      const { isGiven, consumed, resetMs } = limiters[role].take(callerOf({ organisation }, address), cost);
      return { isGiven, limit, seconds, remaining: limit - consumed, resetMs };
    },
  };
}

/** For serving foreign supergraphs, for benchmarks with guards off, and for tests of something else. */
export const unlimitedBudgets: Budgets = {
  spend: () => ({ isGiven: true, limit: 2 ** 31 - 1, seconds: 1, remaining: 2 ** 31 - 1, resetMs: 1000 }),
};

/** A Redis that several instances count in (createSharedStore), and whether it answers. */
export interface SharedStore {
  readonly client: SharedClient;
  /** What is asked of it, within a deadline; once it has not answered it is left alone for a while. @throws Error */
  ask<Result>(question: () => Promise<Result>): Promise<Result>;
  /** Begins every key. */
  readonly prefix: string;
}

export type SharedClient = ReturnType<typeof createClient>;

/** Budgets that all instances count in Redis. */
export function createSharedBudgets(budgets: RoleBudgets, store: SharedStore): Budgets {
  const insured = byRole((role) => {
    const { points, seconds } = budgets[role];
    return { points: Math.ceil(points / INSURED_SHARE), seconds };
  });
  const insurances = byRole((role) => new MemoryLimiter({ ...insured[role], maxBytes: MAX_BYTES }));
  const limiters = byRole(
    (role) =>
      new RateLimiterRedis({
        storeClient: store.client, useRedisPackage: true, rejectIfRedisNotReady: true, customIncrTtlLuaScript: TAKE,
        keyPrefix: `${store.prefix}:budget:${role}`, points: budgets[role].points, duration: budgets[role].seconds,
      }),
  );
  const stateOf = (role: Role, { consumedPoints, msBeforeNext }: RateLimiterRes, cost: number, isGiven: boolean): BudgetState => {
    const { points: limit, seconds } = budgets[role];
    return { isGiven, limit, seconds, remaining: Math.max(0, limit - (isGiven ? consumedPoints : consumedPoints - cost)), resetMs: msBeforeNext };
  };
  return {
    async spend({ role, organisation }, address, cost) {
      const caller = callerOf({ organisation }, address);
      try {
        return stateOf(role, await store.ask(() => limiters[role].consume(caller, cost)), cost, true);
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return stateOf(role, refused, cost, false);
        // Not the library's own insurance, which would tell nobody that the budget is a smaller one now.
        const { points: limit, seconds } = insured[role];
        const { isGiven, consumed, resetMs } = insurances[role].take(caller, cost);
        return { isGiven, limit, seconds, remaining: limit - consumed, resetMs };
      }
    },
  };
}

const byRole = <Value>(make: (role: Role) => Value): Readonly<Record<Role, Value>> => Object.fromEntries(roles.map((role) => [role, make(role)])) as Record<Role, Value>;

const CONNECT_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;
/** A Redis beside the gateway answers within a millisecond; one that hangs is waited for by one operation in a second. */
const ANSWER_MS = 100;
const LEFT_ALONE_MS = 1000;

/** @param database which one the counts belong to: a Redis may serve several */
export function createSharedStore(url: string, database: string, log: Log): SharedStore & AsyncDisposable {
  const client = createClient({
    url, disableOfflineQueue: true, commandsQueueMaxLength: 10_000, pingInterval: 2000, maintNotifications: 'disabled', name: 'credit-graph-budgets',
    socket: { connectTimeout: CONNECT_MS, socketTimeout: CONNECT_MS, reconnectStrategy: (failures) => backOff(failures, LONGEST_BACK_OFF_MS) },
  });
  let isDown = false;
  let leftAloneUntil = 0;
  client.on('error', (error: Error) => {
    if (!isDown) log.warn({ err: error }, 'Redis was lost; each gateway counts budgets by itself, and gives a quarter of each');
    isDown = true;
  });
  client.on('ready', () => {
    isDown = false;
    leftAloneUntil = 0;
  });
  const connecting = client.connect().then(
    () => {},
    () => {}, // it was closed before it had connected
  );
  return {
    client: client as SharedClient,
    prefix: `credit-graph:${database}`,
    async ask(question) {
      if (!client.isReady || performance.now() < leftAloneUntil) throw new Error('Redis does not answer');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          leftAloneUntil = performance.now() + LEFT_ALONE_MS;
          reject(new Error('Redis has not answered in time'));
        }, ANSWER_MS);
      });
      try {
        return await Promise.race([question(), late]);
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await connecting;
    },
  };
}
