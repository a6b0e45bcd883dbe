import { createStreamQuota } from './streamQuota.ts';

const limits = { perToken: 1, perOrganisation: 2, perAddress: 3 };
const holder = (token: string, organisation = 'one', address = '192.0.2.1') => ({ token, organisation, address });

test('each limit is named when it is reached, and a refusal takes nothing', () => {
  const quota = createStreamQuota(limits);
  expect(quota.take(holder('a'))).toEqual(expect.any(Function));
  expect(quota.take(holder('a'))).toBe(
    'At most 1 connections and streams at once for one token: end one, or come back later.',
  );
  expect(quota.take(holder('b'))).toEqual(expect.any(Function));
  expect(quota.take(holder('c'))).toBe(
    'At most 2 connections and streams at once for one organisation: end one, or come back later.',
  );
  expect(quota.take(holder('d', 'two'))).toEqual(expect.any(Function));
  expect(quota.take({ address: '192.0.2.1' })).toBe(
    'At most 3 connections and streams at once for one address: end one, or come back later.',
  );
  // of another organisation, so another token
  expect(quota.take(holder('d', 'three', '192.0.2.2'))).toEqual(expect.any(Function));
});

test('a place that is given back can be taken, and giving it back twice gives one', () => {
  const quota = createStreamQuota(limits);
  const release = quota.take(holder('a')) as () => void;
  release();
  release();
  expect(quota.take(holder('a'))).toEqual(expect.any(Function));
  expect(quota.take(holder('a'))).toEqual(expect.any(String));
});

test('the public has no token and no organisation: its address alone is counted', () => {
  const quota = createStreamQuota(limits);
  const taken = Array.from(
    { length: 4 },
    () => typeof quota.take({ address: '192.0.2.1', token: null, organisation: null }),
  );
  expect(taken).toEqual(['function', 'function', 'function', 'string']);
});
