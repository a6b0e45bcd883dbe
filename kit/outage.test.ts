import { createOutage, type OutageOptions } from './outage.ts';
import { keptLog } from '#test/support/logs.ts';

const arrange = (options: Partial<OutageOptions> = {}) => {
  const { log, lines } = keptLog();
  let at = 0;
  const outage = createOutage({
    log,
    began: 'it fails',
    over: 'it works again',
    about: { source: 'entity' },
    clock: () => at,
    ...options,
  });
  return { outage, lines, move: (ms: number) => void (at += ms) };
};

test('an outage is one line when it begins and one when it is over, with how often it failed', () => {
  const { outage, lines, move } = arrange();
  outage.succeeded();
  outage.failed(new Error('down'), { tries: 1 });
  for (let index = 0; index < 99; index += 1) outage.failed(new Error('down'));
  expect(outage.isFailing()).toBe(true);
  move(2400);
  outage.succeeded();
  outage.succeeded();
  expect(outage.isFailing()).toBe(false);
  expect(lines()).toEqual([
    { level: 'warn', msg: 'it fails', source: 'entity', tries: 1, err: expect.objectContaining({ message: 'down' }) },
    { level: 'info', msg: 'it works again', source: 'entity', failures: 100, seconds: 2 },
  ]);
  outage.failed(new Error('down again'));
  expect(lines().slice(2)).toEqual([expect.objectContaining({ level: 'warn', msg: 'it fails' })]);
});

test('while some requests fail and some do not it is one outage', () => {
  const { outage, lines, move } = arrange({ level: 'error' });
  for (let index = 0; index < 50; index += 1) {
    outage.failed(new Error('down'));
    move(500);
    outage.succeeded();
    move(400);
  }
  expect(lines()).toEqual([expect.objectContaining({ level: 'error', msg: 'it fails' })]);
  move(100);
  outage.succeeded();
  expect(lines().slice(1)).toEqual([
    { level: 'info', msg: 'it works again', source: 'entity', failures: 50, seconds: 45 },
  ]);
});

test('each failure can be read at debug', () => {
  const { log, lines } = keptLog('debug');
  const outage = createOutage({ log, began: 'it fails', over: 'it works again' });
  outage.failed(new Error('first'));
  outage.failed(new Error('second'));
  expect(lines().map(({ level, err }) => [level, (err as Error).message])).toEqual([
    ['warn', 'first'],
    ['debug', 'second'],
  ]);
});
