import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '#kit/config.ts';
import { needs } from '#test/support/needs.ts';
import { runChurn } from './churn.ts';
import { endChildren } from './cluster.ts';
import { faults } from './faults.ts';
import { runFaults } from './run.ts';

// npm run faults: README.md says what is broken and what has to hold.

const { values: flags } = parseArgs({
  options: {
    /** Ids, or what they begin with: F2,F6. */
    only: { type: 'string' },
    /** Of load, for each fault. */
    seconds: { type: 'string', default: '20' },
  },
});
const seconds = Number(flags.seconds);
if (!(seconds >= 5)) throw new Error(`--seconds is "${flags.seconds}": 5 or more`);
const wanted = flags.only?.split(',') ?? null;
const chosen = faults.filter(({ id }) => wanted === null || wanted.some((each) => id.startsWith(each)));
const churns = wanted?.includes('churn') ?? false;
if (chosen.length === 0 && !churns)
  throw new Error(`--only is "${flags.only}": churn, or ids of ${faults.map(({ id }) => id).join(', ')}`);

// Ended from outside, or by a mistake of its own, it leaves nothing running.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endChildren().finally(() => process.exit(130)));
process.once('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`);
  void endChildren().finally(() => process.exit(1));
});

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const redisServer = needs('redis-server');
const counts = await runFaults(chosen, { seconds, redisServer, write, logs: join(readConfig().dataDir, 'faults') });
if (churns) {
  const isGood = await runChurn({ seconds, redisServer, write });
  counts[isGood ? 'passed' : 'failed'] += 1;
}
write(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exit(counts.failed === 0 ? 0 : 1);
