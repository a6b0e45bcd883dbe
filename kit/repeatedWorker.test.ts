import { createRepeated } from './repeatedWorker.ts';

/** Steps that end when the test ends them. */
function played() {
  const steps: PromiseWithResolvers<boolean>[] = [];
  const failures: unknown[] = [];
  const repeated = createRepeated({
    step: () => {
      const step = Promise.withResolvers<boolean>();
      steps.push(step);
      return step.promise;
    },
    failed: (error) => failures.push(error),
    everyMs: null,
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { steps, failures, repeated, settled };
}

test('never twice at once; woken meanwhile, or with more to do, once more', async () => {
  const { steps, repeated, settled } = played();
  repeated.wake();
  repeated.wake();
  expect(steps).toHaveLength(1);
  steps[0]?.resolve(false);
  await settled();
  expect(steps).toHaveLength(2); // the second waking came while the first step was under way
  steps[1]?.resolve(true);
  await settled();
  expect(steps).toHaveLength(3);
  steps[2]?.resolve(false);
  await settled();
  expect(steps).toHaveLength(3);
});

test('a waking that comes as the last step ends is not lost', async () => {
  const { steps, repeated, settled } = played();
  repeated.wake();
  void steps[0]?.promise.then(() => Promise.resolve()).then(() => repeated.wake());
  steps[0]?.resolve(false);
  await settled();
  expect(steps).toHaveLength(2);
});

test('a failure is reported, and the next waking tries again', async () => {
  const { steps, failures, repeated, settled } = played();
  repeated.wake();
  steps[0]?.reject(new Error('down'));
  await settled();
  expect(failures).toEqual([new Error('down')]);
  expect(steps).toHaveLength(1);
  repeated.wake();
  expect(steps).toHaveLength(2);
});

test('ended, it waits for the step under way and does no other', async () => {
  const { steps, failures, repeated, settled } = played();
  repeated.wake();
  repeated.wake();
  let isEnded = false;
  const ending = repeated[Symbol.asyncDispose]().then(() => (isEnded = true));
  await settled();
  expect(isEnded).toBe(false);
  steps[0]?.reject(new Error('cut off'));
  await ending;
  repeated.wake();
  expect([steps.length, failures]).toEqual([1, []]);
});
