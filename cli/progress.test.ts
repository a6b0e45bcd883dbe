import { progressLine } from './progress.ts';

test('a progress line shows the share, the count and the rate', () => {
  expect(progressLine({ label: 'penalty', done: 5000, total: 10_000, unit: 'rows', seconds: 4 })).toBe('penalty        ━━━━━━━━━━━━────────────  50%   5 000 of 10 000 rows   1 250 rows/s');
});

test('nothing is divided by nothing', () => {
  expect(progressLine({ label: 'licence', done: 0, total: 0, unit: 'rows', seconds: 0 })).toBe('licence        ━━━━━━━━━━━━━━━━━━━━━━━━ 100%   0 of 0 rows');
  expect(progressLine({ label: 'licence', done: 0, total: 7, unit: 'rows', seconds: 9 })).toBe('licence        ────────────────────────   0%   0 of 7 rows');
});

test('more than was expected is still all of it, and almost all is not yet all', () => {
  expect(progressLine({ label: 'x', done: 12, total: 10, unit: 'rows', seconds: 0 })).toContain('100%   12 of 10 rows');
  expect(progressLine({ label: 'x', done: 999, total: 1000, unit: 'rows', seconds: 0 })).toContain('━─  99%');
});
