import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faults } from '#test/faults/faults.ts';
import { runFaults } from '#test/faults/run.ts';

// A short set of what `npm run faults` runs: the load, the proxies and the processes are the same, for fewer seconds.
// Redis is left out.

const SHORT = ['F2', 'T3a', 'T9'];

test('with sessions ended and a cut each answer is right or null with an error; nothing is lost', async () => {
  const lines: string[] = [];
  const chosen = faults.filter(({ id }) => SHORT.includes(id));
  const counts = await runFaults(chosen, {
    seconds: 6,
    redisServer: null,
    write: (line) => void lines.push(line),
    logs: join(tmpdir(), 'cg-faults-logs'),
  });
  expect({ ...counts, lines: counts.failed === 0 ? [] : lines }).toEqual({
    passed: SHORT.length,
    failed: 0,
    skipped: 0,
    lines: [],
  });
}, 180_000);
