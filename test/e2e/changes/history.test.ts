import { check } from './checker.ts';
import { runHistory } from './history.ts';

// docs/PROTOCOL.md, V1 to V10: a short history with every fault, without Redis. `npm run bench -- --history` runs the
// long set, every other one with it.

test('nothing is lost, nothing is delivered that was not written, everybody agrees on the order', async () => {
  const { history, broken, counts, left } = await runHistory({
    seed: 2,
    writers: 8,
    subscribers: 50,
    seconds: 20,
    redisServer: null,
  });
  const violations = check(history);
  console.log(JSON.stringify(counts));
  expect({ violations: violations.slice(0, 20), left }).toEqual({ violations: [], left: [] });
  expect(counts['acknowledged']).toBeGreaterThan(100);
  expect(history.subscribers).toHaveLength(50);
  // A reader that goes by ids, which are given before the commit, loses what commits later: the checker has to find
  // that.
  expect(check(broken).map(({ rule }) => rule)).toContain('V1');
}, 300_000);
