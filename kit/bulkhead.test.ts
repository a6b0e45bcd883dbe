import { createBulkhead } from './bulkhead.ts';

const hold = () => Promise.withResolvers<string>();

test('so many run at once, so many wait, and who waits longest is next', async () => {
  const bulkhead = createBulkhead({ maxConcurrent: 1, maxWaiting: 2, waitMs: 60_000 });
  const [one, two, three] = [hold(), hold(), hold()];
  const begun: string[] = [];
  const run = (name: string, held: typeof one): Promise<string> => bulkhead(() => (begun.push(name), held.promise));
  const first = run('one', one);
  const waiting = [run('two', two), run('three', three)];
  await expect(run('four', hold())).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED', reason: 'BUSY', retryable: true } });
  expect(begun).toEqual(['one']);
  one.resolve('1');
  expect(await first).toBe('1');
  two.reject(new Error('failed'));
  await expect(waiting[0]).rejects.toThrow('failed');
  three.resolve('3');
  expect(await waiting[1]).toBe('3');
  expect(begun).toEqual(['one', 'two', 'three']);
});

test('a turn that does not come in time is refused, in the words of whoever made it, and leaves its place', async () => {
  const bulkhead = createBulkhead({ maxConcurrent: 1, maxWaiting: 1, waitMs: 5, refusal: (why) => new Error(why) });
  const held = hold();
  const running = bulkhead(() => held.promise);
  await expect(bulkhead(() => Promise.resolve('late'))).rejects.toThrow('TOO_LATE');
  const next = bulkhead(() => Promise.resolve('next'));
  await expect(bulkhead(() => Promise.resolve('more'))).rejects.toThrow('TOO_MANY');
  held.resolve('done');
  expect(await running).toBe('done');
  expect(await next).toBe('next');
});
