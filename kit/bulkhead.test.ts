import { createBulkhead } from './bulkhead.ts';

/** Work that runs until the test ends it. */
function createWork(bulkhead: ReturnType<typeof createBulkhead>) {
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const begun: string[] = [];
  return {
    begun,
    start(name: string): Promise<string> {
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      return bulkhead(async () => {
        begun.push(name);
        await end.promise;
        return name;
      });
    },
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string, error: Error) => ends.get(name)?.reject(error),
  };
}

const refusal = (code: string) =>
  expect.objectContaining({ extensions: expect.objectContaining({ code, retryable: true }) as unknown }) as unknown;

test('so much work runs at once and no more, and turns go to who waits longest', async () => {
  const { begun, start, end } = createWork(createBulkhead({ maxConcurrent: 2, maxWaiting: 3, waitMs: 60_000 }));
  const all = ['a', 'b', 'c', 'd'].map((name) => start(name));
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  expect(await all[1]).toBe('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  end('a');
  await all[0];
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const name of ['c', 'd']) end(name);
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('when too many wait, the next one is refused at once, and not run', async () => {
  const { begun, start, end } = createWork(createBulkhead({ maxConcurrent: 1, maxWaiting: 1, waitMs: 60_000 }));
  const [first, second] = [start('first'), start('second')];
  await expect(start('third')).rejects.toMatchObject({
    extensions: { code: 'RATE_LIMITED', reason: 'BUSY', retryable: true },
  });
  for (const name of ['first', 'second']) end(name);
  expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  expect(begun).toEqual(['first', 'second']);
});

test('whose turn does not come in time is refused and never run, and holds nobody up', async () => {
  const { begun, start, end } = createWork(createBulkhead({ maxConcurrent: 1, maxWaiting: 5, waitMs: 5 }));
  const first = start('first');
  await expect(start('late')).rejects.toEqual(refusal('DEADLINE'));
  const third = start('third');
  end('first');
  end('third');
  expect(await Promise.all([first, third])).toEqual(['first', 'third']);
  expect(begun).toEqual(['first', 'third']);
});

test('work that fails gives its turn on, and its error to who asked', async () => {
  const { begun, start, end, fail } = createWork(createBulkhead({ maxConcurrent: 1, maxWaiting: 5, waitMs: 60_000 }));
  const [first, second] = [start('first'), start('second')];
  fail('first', new Error('it failed'));
  await expect(first).rejects.toThrow('it failed');
  end('second');
  expect(await second).toBe('second');
  // Nothing is left running: the next one begins at once.
  const third = start('third');
  await Promise.resolve();
  expect(begun).toEqual(['first', 'second', 'third']);
  end('third');
  await third;
});

test('a turn that does not come in time is refused with the bulkhead’s own message, and leaves its place', async () => {
  const bulkhead = createBulkhead({ maxConcurrent: 1, maxWaiting: 1, waitMs: 5, errorFor: (why) => new Error(why) });
  const held = Promise.withResolvers<string>();
  const running = bulkhead(() => held.promise);
  await expect(bulkhead(() => Promise.resolve('late'))).rejects.toThrow('TOO_LATE');
  const next = bulkhead(() => Promise.resolve('next'));
  await expect(bulkhead(() => Promise.resolve('more'))).rejects.toThrow('TOO_MANY');
  held.resolve('done');
  expect(await running).toBe('done');
  expect(await next).toBe('next');
});
