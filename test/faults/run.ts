import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Cluster, type ProxyName, type Shape, startCluster } from './cluster.ts';
import { type Fault, withDeadline } from './faults.ts';
import { type LoadReport, createLoad } from './load.ts';

// Runs faults, one after another, each under a load of its own.

export interface FaultResult {
  readonly fault: Fault;
  readonly problems: readonly string[];
  readonly line: string;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A volume of its own can be filled without harm. Not everybody may mount one, a container least of all. */
class MountDenied extends Error {
  constructor(cause: unknown) {
    super('a small volume cannot be mounted here (it takes root, and a container CAP_SYS_ADMIN)', { cause });
  }
}

const execute = promisify(execFile);
const WHOLE_DEADLINE_MS = 60_000;
/** After it is mended everything answers again within this time. */
const RECOVERY_MS = 10_000;
/** PostgreSQL has three times ten seconds to stop. */
const END_DEADLINE_MS = 90_000;
const VOLUME = '400m';

/**
 * Faults of one shape share a cluster, until one fails.
 * @param write gets a line for each fault, and one for each thing that was wrong
 * @param logs the folder that gets what the processes wrote under a fault that failed
 */
export async function runFaults(
  faults: readonly Fault[],
  {
    seconds,
    redisServer,
    write,
    logs,
  }: {
    readonly seconds: number;
    readonly redisServer: string | null;
    readonly write: (line: string) => void;
    readonly logs: string;
  },
): Promise<Counts> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  let shared: { readonly key: string; readonly cluster: Cluster; end(): Promise<void> } | null = null;
  for (const [index, fault] of faults.entries()) {
    const key = `${fault.shape} ${fault.smallVolume ?? false}`;
    if (shared && shared.key !== key) {
      await withDeadline(shared.end(), END_DEADLINE_MS, 'the processes did not end');
      shared = null;
    }
    let result: FaultResult;
    try {
      shared ??= { key, ...(await openCluster(fault, redisServer)) };
      result = await runFault(shared.cluster, fault, seconds * 1000, index + 1);
    } catch (error) {
      if (error instanceof MountDenied) {
        skipped += 1;
        write(`${fault.id.padEnd(4)} skipped ${fault.title}: ${error.message}`);
        continue;
      }
      result = { fault, problems: [String(error)], line: 'did not run' };
    }
    const isGood = result.problems.length === 0;
    if (isGood) passed += 1;
    else failed += 1;
    write(
      `${fault.id.padEnd(4)} ${isGood ? 'passed' : 'FAILED'}  ` +
        `${fault.title}${fault.shape === 'single' ? ' (all in one process)' : ''}: ${result.line}`,
    );
    for (const problem of result.problems) write(`       ${problem}`);
    // What one fault left broken is not the next one's.
    if (!isGood && shared) {
      await keepLogs(shared.cluster, join(logs, fault.id));
      await withDeadline(shared.end(), END_DEADLINE_MS, 'the processes did not end');
      shared = null;
    }
  }
  if (shared) await withDeadline(shared.end(), END_DEADLINE_MS, 'the processes did not end');
  return { passed, failed, skipped };
}

async function keepLogs({ gateways, subgraphs }: Cluster, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const member of [...gateways, ...subgraphs.values()])
    await writeFile(join(folder, `${member.name.replace(' ', '-')}.log`), member.process().output());
}

async function openCluster(
  { shape, smallVolume }: { readonly shape: Shape; readonly smallVolume?: boolean },
  redisServer: string | null,
): Promise<{ cluster: Cluster; end(): Promise<void> }> {
  await using stack = new AsyncDisposableStack();
  let dataDir: string | undefined;
  if (smallVolume) {
    const mount = await mkdtemp(join(tmpdir(), 'cg-volume-'));
    stack.defer(() => rm(mount, { recursive: true, force: true }));
    await execute('mount', ['-t', 'tmpfs', '-o', `size=${VOLUME},mode=0755`, 'tmpfs', mount]).catch(
      (error: unknown) => {
        throw new MountDenied(error);
      },
    );
    stack.defer(async () => void (await execute('umount', ['-l', mount])));
    dataDir = join(mount, 'pg');
  }
  const cluster = stack.use(
    await startCluster({ shape, redisServer, ...(dataDir === undefined ? null : { dataDir }) }),
  );
  const owned = stack.move();
  return { cluster, end: () => owned.disposeAsync() };
}

/** The load begins, then the fault, then it is mended, and the load goes on until `ms` are over. */
async function runFault(cluster: Cluster, fault: Fault, ms: number, run: number): Promise<FaultResult> {
  const problems: string[] = [];
  const load = createLoad(cluster, { mayLose: fault.mayLose, mayFailPlanning: fault.mayFailPlanning, run });
  if ((await untilWhole(load, WHOLE_DEADLINE_MS)) === null)
    throw new Error(`not whole ${WHOLE_DEADLINE_MS / 1000} s after the start`);
  const startedAt = performance.now();
  load.start();
  await pause(ms * 0.15);
  const before = new Map([...cluster.proxies].map(([name, { attempts }]) => [name, attempts]));
  let stated: string | void = undefined;
  try {
    stated = await fault.run(cluster, ms * 0.5);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const recovery = await untilWhole(load, WHOLE_DEADLINE_MS);
  if (recovery === null) problems.push(`not whole ${WHOLE_DEADLINE_MS / 1000} s after it was mended`);
  else if (recovery > RECOVERY_MS)
    problems.push(`whole again only after ${Math.round(recovery)} ms; at most ${RECOVERY_MS} were promised`);
  const attempts = [...cluster.proxies].map(
    ([name, proxy]) => [name, proxy.attempts - (before.get(name) ?? 0)] as const,
  );
  for (const [name, count] of attempts) {
    const limit = fault.maxAttempts?.[name];
    if (limit !== undefined && count > limit)
      problems.push(`${count} connections were tried at ${name}; at most ${limit} were promised`);
  }
  await pause(Math.max(0, ms - (performance.now() - startedAt)));
  const report = await load.stop();
  for (const member of [...cluster.gateways, ...cluster.subgraphs.values()]) {
    if (member.isMissing())
      problems.push(
        `${member.name} ended by itself: ` +
          `${member.process().output().trim().split('\n').slice(-3).join(' | ').slice(0, 600)}`,
      );
  }
  for (const [what, { count, example }] of report.violations)
    problems.push(`${count} × ${what}; such as ${example.replaceAll('\n', ' ')}`);
  return { fault, problems, line: lineOf(report, stated, recovery, attempts) };
}

function lineOf(
  { right, partial, refused, lost, skipped, slowestMs, p99Ms, writes, events }: LoadReport,
  stated: string | void,
  recovery: number | null,
  attempts: readonly (readonly [ProxyName, number])[],
): string {
  const tried = attempts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(' ');
  return [
    ...(stated ? [stated] : []),
    `${right} right, ${partial} partial, ${refused} refused, ${lost} lost${skipped > 0 ? `, ${skipped} not sent` : ''}`,
    `p99 ${Math.round(p99Ms)} ms, slowest ${Math.round(slowestMs)} ms`,
    `${writes.acknowledged} ` +
      `writes${writes.uncertain > 0 ? ` and ${writes.uncertain} uncertain` : ''}, ${events} events`,
    `connections tried: ${tried || 'none'}`,
    `whole again after ${recovery === null ? 'never' : `${Math.round(recovery)} ms`}`,
  ].join('; ');
}

/** @returns ms until everything was right twice in a row, or null */
async function untilWhole(load: { isWhole(): Promise<boolean> }, deadlineMs: number): Promise<number | null> {
  const at = performance.now();
  let inRow = 0;
  while (performance.now() - at < deadlineMs) {
    const asked = performance.now();
    inRow = (await load.isWhole()) ? inRow + 1 : 0;
    if (inRow === 2) return asked - at;
    await pause(250);
  }
  return null;
}
