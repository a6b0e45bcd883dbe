import { progressLine } from './progress.ts';

test('a progress line shows the share, the count, the rate and the time left', () => {
  expect(progressLine({ label: 'penalty', done: 5000, total: 10_000, unit: 'rows', seconds: 4 })).toBe(
    'penalty        ━━━━━━━━━━━━────────────  50%   5 000 of 10 000 rows   1 250 rows/s   4 s left',
  );
  expect(progressLine({ label: 'penalty', done: 10_000, total: 10_000, unit: 'rows', seconds: 8 })).toBe(
    'penalty        ━━━━━━━━━━━━━━━━━━━━━━━━ 100%   10 000 of 10 000 rows   1 250 rows/s',
  );
});

test('what an earlier run has done makes this one no faster', () => {
  expect(progressLine({ label: 'x', done: 600, total: 1000, unit: 'rows', seconds: 2, before: 500 })).toContain(
    '   50 rows/s   8 s left',
  );
  expect(progressLine({ label: 'x', done: 500, total: 1000, unit: 'rows', seconds: 2, before: 500 })).not.toContain(
    '/s',
  );
});

test.each([
  [1, '1 s'],
  [59.5, '60 s'],
  [61, '2 min'],
  [3600, '1 h 0 min'],
  [7500, '2 h 5 min'],
])('%s seconds are left as %s', (seconds, text) => {
  expect(progressLine({ label: 'x', done: 1, total: 1 + seconds, unit: 'rows', seconds: 1 })).toContain(
    `   ${text} left`,
  );
});

test('nothing is divided by nothing', () => {
  expect(progressLine({ label: 'licence', done: 0, total: 0, unit: 'rows', seconds: 0 })).toBe(
    'licence        ━━━━━━━━━━━━━━━━━━━━━━━━ 100%   0 of 0 rows',
  );
  expect(progressLine({ label: 'licence', done: 0, total: 7, unit: 'rows', seconds: 9 })).toBe(
    'licence        ────────────────────────   0%   0 of 7 rows',
  );
});

test('more than was expected is still all of it, and almost all is not yet all', () => {
  expect(progressLine({ label: 'x', done: 12, total: 10, unit: 'rows', seconds: 0 })).toContain('100%   12 of 10 rows');
  expect(progressLine({ label: 'x', done: 999, total: 1000, unit: 'rows', seconds: 0 })).toContain('━─  99%');
});
