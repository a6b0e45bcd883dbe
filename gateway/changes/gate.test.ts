import { createGate, Gone } from './gate.ts';

const never = (): boolean => false;

/** Pauses that end when the test says so. */
function createPauses() {
  const waiting: { ms: number; end: () => void }[] = [];
  let begun = Promise.withResolvers<void>();
  return {
    pause: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        waiting.push({ ms, end: resolve });
        begun.resolve();
        begun = Promise.withResolvers();
      }),
    async begun(): Promise<void> {
      while (waiting.length === 0) await begun.promise;
    },
    async end(): Promise<number> {
      for (;;) {
        const next = waiting.shift();
        if (next) {
          next.end();
          return next.ms;
        }
        await begun.promise;
      }
    },
    waiting: () => waiting.length,
  };
}

test('while it works everybody goes through at once', async () => {
  const gate = createGate({
    pause: () => Promise.reject(new Error('nobody waits')),
    longestMs: 1000,
    onChange: () => {},
  });
  expect(await Promise.all([1, 2, 3].map((each) => gate.pass(() => Promise.resolve(each), never)))).toEqual([1, 2, 3]);
});

test('while it fails one at a time tries, less and less often, and the first success lets all through', async () => {
  const pauses = createPauses();
  const heard: unknown[] = [];
  const gate = createGate({ pause: pauses.pause, longestMs: 1000, onChange: (reason) => heard.push(reason) });
  const failure = new Error('down');
  let works = false;
  let attempts = 0;
  const does = (): Promise<string> => {
    attempts += 1;
    return works ? Promise.resolve('up') : Promise.reject(failure);
  };
  const first = gate.pass(does, never);
  const waits = [
    await pauses.end(),
    await pauses.end(),
    await pauses.end(),
    await pauses.end(),
    await pauses.end(),
    await pauses.end(),
  ];
  expect(attempts).toBeLessThanOrEqual(7); // its first, and one after each pause
  const others = Array.from({ length: 100 }, () => gate.pass(does, never));
  await pauses.end();
  await pauses.end();
  expect({ attempts: attempts <= 9, waiting: pauses.waiting() <= 1, isShut: gate.isShut() }).toEqual({
    attempts: true,
    waiting: true,
    isShut: true,
  });
  waits.forEach((ms, index) => expect(ms).toBeGreaterThanOrEqual(Math.min(1000, 100 * 2 ** index) / 2));
  expect(Math.max(...waits)).toBeLessThanOrEqual(1000);
  works = true;
  await pauses.end();
  expect(await Promise.all([first, ...others])).toEqual(Array.from({ length: 101 }, () => 'up'));
  expect({ heard, isShut: gate.isShut() }).toEqual({ heard: [failure, null], isShut: false });
});

test('a caller that leaves while others wait delays nobody', async () => {
  const pauses = createPauses();
  const gate = createGate({ pause: pauses.pause, longestMs: 1000, onChange: () => {} });
  let isOver = false;
  let works = false;
  const does = (): Promise<string> => (works ? Promise.resolve('up') : Promise.reject(new Error('down')));
  const leaving = gate.pass(does, () => isOver);
  await pauses.begun();
  const staying = gate.pass(does, never);
  isOver = true;
  works = true;
  await pauses.end();
  await expect(leaving).rejects.toBeInstanceOf(Gone);
  await pauses.end();
  expect(await staying).toBe('up');
});
