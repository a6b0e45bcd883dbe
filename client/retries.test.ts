import { createTestClock } from '#test/support/changeServer.ts';
import { ChangesError, Passing } from './failure.ts';
import { backOffMs, createRetries, type Retry } from './retries.ts';

test('the wait is any part of a time that doubles up to half a minute', () => {
  const failures = [1, 2, 3, 4, 5, 6, 7, 100];
  expect(failures.map((each) => backOffMs(each, () => 0))).toEqual(failures.map(() => 0));
  expect(failures.map((each) => backOffMs(each, () => 0.5))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000,
  ]);
  expect(failures.map((each) => Math.ceil(backOffMs(each, () => 1 - Number.EPSILON)))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
  for (let round = 0; round < 1000; round++) expect(backOffMs(3, Math.random)).toBeLessThan(4000);
});

test('after a success the waits begin again with the shortest, and each wait is reported with its reason', async () => {
  const clock = createTestClock();
  const delivered: Retry[] = [];
  const retries = createRetries({ onRetry: (retry) => delivered.push(retry) }, clock);
  await retries.after(new Passing('one'));
  await retries.after(new Passing('two'));
  retries.succeeded();
  await retries.after(new Passing('three'));
  expect(delivered).toEqual([
    { reason: 'one', waitMs: 500, failures: 1 },
    { reason: 'two', waitMs: 1000, failures: 2 },
    { reason: 'three', waitMs: 500, failures: 1 },
  ]);
  expect(clock.waits).toEqual([500, 1000, 500]);
});

test('retrying ends after the maximum number of attempts, and at once for an error that does not pass', async () => {
  const retries = createRetries({ attempts: 2 }, createTestClock());
  await retries.after(new Passing('one'));
  await expect(retries.after(new Passing('two'))).rejects.toMatchObject({
    name: 'ChangesError',
    code: 'UNAVAILABLE',
    message: 'two It was tried 2 times.',
  });
  const lasting = new ChangesError('BAD_INPUT', 'no');
  await expect(retries.after(lasting)).rejects.toBe(lasting);
});
