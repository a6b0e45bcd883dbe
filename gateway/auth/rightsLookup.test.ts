import { keptLog } from '#test/support/logs.ts';
import { createRightsLookup, RightsLookupFailed } from './rightsLookup.ts';

// The responses to clients are in test/graph/gateway/identity.test.ts: 503, and never another caller's rights.

function arrange() {
  const { log, lines } = keptLog();
  let failures = 0;
  const lookUp = createRightsLookup({ log, failures: { add: () => void (failures += 1) } });
  return { lookUp, lines, failures: () => failures };
}
const broken = () => Promise.reject(new Error('the database is away'));

test('each look-up that fails is counted, and an outage is one line for each thing that is looked up', async () => {
  const { lookUp, lines, failures } = arrange();
  for (let index = 0; index < 20; index += 1) {
    await expect(lookUp('grants', broken)).rejects.toBeInstanceOf(RightsLookupFailed);
    await expect(
      lookUp('revoked tokens', () => {
        throw new Error('there is no such table');
      }),
    ).rejects.toThrow('The revoked tokens could not be looked up');
  }
  expect(failures()).toBe(40);
  expect(lines()).toEqual(
    [
      ['grants', 'the database is away'],
      ['revoked tokens', 'there is no such table'],
    ].map(([source, message]) => ({
      level: 'error',
      msg: 'rights could not be looked up',
      source,
      err: expect.objectContaining({ message }),
    })),
  );
});

test('what is remembered says nothing of whether it can be looked up; what was looked up does', async () => {
  const { lookUp, lines } = arrange();
  await expect(lookUp('grants', broken)).rejects.toBeInstanceOf(RightsLookupFailed);
  const failedAt = performance.now();
  expect(lookUp('grants', () => 'remembered')).toBe('remembered');
  while (performance.now() - failedAt < 1100) expect(await lookUp('consents', () => Promise.resolve(1))).toBe(1);
  expect(lookUp('grants', () => 'remembered')).toBe('remembered');
  expect(lines()).toHaveLength(1);
  expect(await lookUp('grants', () => Promise.resolve('looked up'))).toBe('looked up');
  expect(lines().slice(1)).toEqual([
    { level: 'info', msg: 'rights can be looked up again', source: 'grants', failures: 1, seconds: 1 },
  ]);
});
