import { createHash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { clientError } from '#kit/errors.ts';
import type { RoleBudgets } from '#policy/budgets.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { callerOf } from '#gateway/auth/caller.ts';
import type { SharedStore } from './budgets.ts';

// The maximum of self-employed businesses that one caller may learn of in a day of Asia/Shanghai, by any query: in
// batches, by alias, one by one, by search, in lists, in pages of changes. They are nearly persons, and nobody may make
// a register of persons from this graph.

export interface SelfEmployedCeiling {
  /**
   * Counts the codes in an answer; a code that was counted today is not counted again.
   * @returns why the answer is withheld, in which case nothing was counted; null where it is returned
   */
  admit(
    viewer: Pick<Viewer, 'role' | 'organisation'>,
    address: string | undefined,
    codes: ReadonlySet<string>,
  ): Promise<GraphQLError | null>;
}

interface Counted {
  readonly codes: Set<string>;
}

/**
 * Separate for all organisations and for all addresses: addresses of the public cannot evict an organisation's count.
 */
const MAX_BYTES = { organisation: 128 * 1024 * 1024, address: 32 * 1024 * 1024 } as const;
/** The memory of one code in a set, and of one set. */
const CODE_BYTES = 64;
const SET_BYTES = 512;
/** While Redis does not answer each instance grants a quarter, and continues to return what it returned today. */
const INSURED_SHARE = 4;
/** A count is read only on its own day. */
const KEPT_SECONDS = 2 * 86_400;

const TAKE = `
local counted = redis.call('scard', KEYS[1])
local new = {}
for index = 3, #ARGV do
  if redis.call('sismember', KEYS[1], ARGV[index]) == 0 then new[#new + 1] = ARGV[index] end
end
if #new > 0 and counted + #new > tonumber(ARGV[1]) then return {0, counted} end
for _, code in ipairs(new) do redis.call('sadd', KEYS[1], code) end
if counted == 0 then redis.call('expire', KEYS[1], ARGV[2]) end
return {1, counted + #new}`;

/** @param store where instances count together; null: each counts by itself */
export function createSelfEmployedCeiling({
  budgets,
  store,
  now,
}: {
  budgets: RoleBudgets;
  store: SharedStore | null;
  now: () => Date;
}): SelfEmployedCeiling {
  const cacheOf = (maxSize: number) =>
    new LRUCache<string, Counted>({
      maxSize,
      maxEntrySize: maxSize,
      sizeCalculation: ({ codes }, key) => SET_BYTES + 2 * key.length + CODE_BYTES * codes.size,
    });
  const organisations = cacheOf(MAX_BYTES.organisation);
  const addresses = cacheOf(MAX_BYTES.address);

  /** @param limit null: records what other instances have returned */
  const takeHere = (
    cache: LRUCache<string, Counted>,
    key: string,
    codes: readonly string[],
    limit: number | null,
  ): boolean => {
    const counted = cache.get(key)?.codes ?? new Set<string>();
    const fresh = codes.filter((code) => !counted.has(code));
    if (fresh.length === 0) return true;
    if (limit !== null && counted.size + fresh.length > limit) return false;
    for (const code of fresh) counted.add(code);
    cache.set(key, { codes: counted }); // a new object, so that its size is computed again
    return true;
  };

  return {
    async admit(viewer, address, given) {
      const codes = [...given].map(fingerprint);
      if (codes.length === 0) return null;
      const at = now();
      const limit = budgets[viewer.role].selfEmployedADay;
      const key = `${shanghaiDay(at)} ${callerOf(viewer, address)}`;
      const cache = viewer.organisation === null ? addresses : organisations;
      if (store === null) return takeHere(cache, key, codes, limit) ? null : refusal(limit, at);
      try {
        const [isGiven] = (await store.ask(() =>
          store.client.eval(TAKE, {
            keys: [`${store.prefix}:self-employed:${key}`],
            arguments: [String(limit), String(KEPT_SECONDS), ...codes],
          }),
        )) as [number, number];
        if (isGiven === 0) return refusal(limit, at);
        takeHere(cache, key, codes, null);
        return null;
      } catch {
        // The store has reported that it does not answer: this gateway grants its share by itself.
        return takeHere(cache, key, codes, Math.ceil(limit / INSURED_SHARE)) ? null : refusal(limit, at);
      }
    },
  };
}

/** 64 bits of a code are enough for counting. */
const fingerprint = (code: string): string =>
  createHash('sha256').update(code).digest().subarray(0, 8).toString('base64url');

const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

function refusal(limit: number, at: Date): GraphQLError {
  const left = DAY_MS - ((at.getTime() + SHANGHAI_MS) % DAY_MS);
  const error = clientError(
    'RATE_LIMITED',
    `You may learn of ${limit} self-employed businesses a day: those of today can be asked for again, ` +
      'others from tomorrow on (Asia/Shanghai).',
    {
      reason: 'SELF_EMPLOYED',
      expected: `at most ${limit} codes of self-employed businesses a day`,
      retryable: true,
      retryAfter: Math.ceil(left / 1000),
    },
  );
  Object.assign(error.extensions, { http: { status: 429 } });
  return error;
}
