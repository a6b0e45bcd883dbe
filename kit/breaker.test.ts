import { createBreaker } from './breaker.ts';

function arrange(failures = 2) {
  let clock = 0;
  const breaker = createBreaker({
    failures,
    openMs: (opened) => 100 * 2 ** opened,
    refusal: () => new Error('open'),
    clockMs: () => clock,
  });
  return {
    breaker,
    move: (ms: number) => void (clock += ms),
    fail: () => breaker.enter()('failed'),
    succeed: () => breaker.enter()('answered'),
  };
}

test('it opens after so many failures in a row, an answer between them counts anew', () => {
  const { breaker, fail, succeed } = arrange();
  fail();
  succeed();
  fail();
  expect(breaker.isOpen()).toBe(false);
  fail();
  expect(() => breaker.enter()).toThrow('open');
});

test('when it was open for its time one probes, and the others are refused until the probe is back', () => {
  const { breaker, move, fail } = arrange(1);
  fail();
  move(100);
  const leave = breaker.enter();
  expect(() => breaker.enter()).toThrow('open');
  leave('answered');
  expect(breaker.isOpen()).toBe(false);
  breaker.enter()('answered');
});

test('each probe that fails opens it for longer, an answer forgets that', () => {
  const { breaker, move, fail, succeed } = arrange(1);
  fail();
  move(100);
  fail();
  move(199);
  expect(() => breaker.enter()).toThrow('open');
  move(1);
  succeed();
  fail();
  move(100);
  succeed();
});

test('those who were let in before and fail after one another are one outage', () => {
  const { breaker, move } = arrange(1);
  const before = Array.from({ length: 5 }, () => breaker.enter());
  for (const leave of before) leave('failed');
  move(100); // not 100 · 2⁴
  breaker.enter()('answered');
});

test('a probe without verdict leaves it to the next; a late failure of an earlier call does not end a probe', () => {
  const { breaker, move } = arrange(1);
  const early = breaker.enter();
  breaker.enter()('failed');
  move(100);
  const probe = breaker.enter();
  early('failed');
  expect(() => breaker.enter()).toThrow('open');
  probe('unknown');
  breaker.enter()('answered');
  expect(breaker.isOpen()).toBe(false);
});
