import { createClient } from 'redis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import type { RoleBudgets } from '#policy/budgets.ts';
import { type Role, roles } from '#policy/roles.ts';
import { type Viewer } from '#policy/viewer.ts';
import { callerOf } from '#gateway/auth/caller.ts';
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
   * Charges points to the caller; a refusal charges none. It never rejects: where Redis does not answer, this instance
   * grants its own share.
   * @param cost a whole number of points
   */
  spend(
    viewer: Pick<Viewer, 'role' | 'organisation'>,
    address: string | undefined,
    cost: number,
  ): BudgetState | Promise<BudgetState>;
}

/** For all callers of one role: 100 000 callers and more; each instance keeps two such stores where Redis is set. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * While Redis is away the use in other instances is unknown: each grants a quarter of the budget, which adds up to all
 * of it with four instances.
 */
const INSURED_SHARE = 4;

/**
 * Like the library's own script, but a refusal charges nothing: a caller that requested too much may still request
 * less.
 */
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
  const limiters = byRole(
    (role) => new MemoryLimiter({ ...budgets[role], maxBytes: MAX_BYTES, ...(clockMs ? { clockMs } : null) }),
  );
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

/** A Redis in which several instances count (createSharedStore), and whether it answers. */
export interface SharedStore {
  readonly client: SharedClient;
  /** Runs a request to it within a deadline; after a failure it is not called for a while. @throws Error */
  ask<Result>(question: () => Promise<Result>): Promise<Result>;
  /** The number of requests without an answer; the log has each outage once. */
  failures(): number;
  /** The prefix of every key. */
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
        storeClient: store.client,
        useRedisPackage: true,
        rejectIfRedisNotReady: true,
        customIncrTtlLuaScript: TAKE,
        keyPrefix: `${store.prefix}:budget:${role}`,
        points: budgets[role].points,
        duration: budgets[role].seconds,
      }),
  );
  const stateOf = (
    role: Role,
    { consumedPoints, msBeforeNext }: RateLimiterRes,
    cost: number,
    isGiven: boolean,
  ): BudgetState => {
    const { points: limit, seconds } = budgets[role];
    return {
      isGiven,
      limit,
      seconds,
      remaining: Math.max(0, limit - (isGiven ? consumedPoints : consumedPoints - cost)),
      resetMs: msBeforeNext,
    };
  };
  return {
    async spend({ role, organisation }, address, cost) {
      const caller = callerOf({ organisation }, address);
      try {
        return stateOf(role, await store.ask(() => limiters[role].consume(caller, cost)), cost, true);
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return stateOf(role, refused, cost, false);
        // The store has reported that it does not answer. The library's own fallback is not used, because it would not
        // report that the budget is now smaller.
        const { points: limit, seconds } = insured[role];
        const { isGiven, consumed, resetMs } = insurances[role].take(caller, cost);
        return { isGiven, limit, seconds, remaining: limit - consumed, resetMs };
      }
    },
  };
}

const byRole = <Value>(make: (role: Role) => Value): Readonly<Record<Role, Value>> =>
  Object.fromEntries(roles.map((role) => [role, make(role)])) as Record<Role, Value>;

const CONNECT_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;
/** A Redis beside the gateway answers within a millisecond; one operation in a second waits for one that hangs. */
const ANSWER_MS = 100;
const LEFT_ALONE_MS = 1000;

/** @param database the database whose counts these are: a Redis may serve several */
export function createSharedStore(url: string, database: string, log: Log): SharedStore & AsyncDisposable {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: 2000,
    maintNotifications: 'disabled',
    name: 'credit-graph-budgets',
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: CONNECT_MS,
      reconnectStrategy: (failures) => backOff(failures, LONGEST_BACK_OFF_MS),
    },
  });
  const outage = createOutage({
    log,
    began: 'Redis was lost; each gateway counts budgets by itself, and gives a quarter of each',
    over: 'Redis answers again; budgets are counted together',
  });
  let leftAloneUntil = 0;
  let failures = 0;
  client.on('error', (error: Error) => outage.failed(error));
  client.on('ready', () => {
    leftAloneUntil = 0;
  });
  const connecting = client.connect().then(
    () => {},
    () => {}, // it was closed before it had connected
  );
  return {
    client: client as SharedClient,
    prefix: `credit-graph:${database}`,
    failures: () => failures,
    async ask(question) {
      if (!client.isReady || performance.now() < leftAloneUntil) {
        failures += 1;
        throw new Error('Redis does not answer');
      }
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          leftAloneUntil = performance.now() + LEFT_ALONE_MS;
          reject(new Error('Redis has not answered in time'));
        }, ANSWER_MS);
      });
      try {
        const answer = await Promise.race([question(), late]);
        outage.succeeded();
        return answer;
      } catch (error) {
        // A used-up budget is an answer too, and no Error.
        if (error instanceof Error) {
          failures += 1;
          outage.failed(error);
        }
        throw error;
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
