import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { LIVE } from './queries.ts';
import type { Memory } from './memory.ts';
import { ask, subscribings, type Stage, watch } from './stage.ts';

export interface IdleMeasured {
  readonly subscribers: number;
  /** KiB that one of them costs the gateway. */
  readonly each: Readonly<Record<keyof Memory, number>>;
  readonly before: Memory;
  readonly after: Memory;
  readonly spent: string;
}

/** Connections before anything is measured: code is compiled, plans are made, pools are full. */
const WARM_UP = 100;
/** Two checkpoints of each, by time alone. */
const CHECKPOINTS_MS = 20_000;
/** Files that a gateway or a client has beside its connections. */
const OTHER_FILES = 200;

/**
 * Row 9: what subscribers cost who receive nothing but checkpoints.
 * @param options.idleMs how long they are
 * @param options.others how many stand there before, whose part in what the gateway has for all of them is not counted
 */
export async function measureIdle(
  stage: Stage,
  subscribers: number,
  { idleMs = CHECKPOINTS_MS, others = 0 }: { readonly idleMs?: number; readonly others?: number } = {},
): Promise<IdleMeasured> {
  await assertFiles(others + subscribers + OTHER_FILES);
  await using gateway = await stage.startGateway();
  await using clients = await stage.startSubscribers('subscribers');
  stage.say(`${subscribers} idle subscribers`);
  await ask(clients, { task: 'open', query: LIVE, streams: subscribings(stage, gateway, WARM_UP, '1 %') });
  await ask(clients, { task: 'close' });
  await ask(clients, { task: 'open', query: LIVE, streams: subscribings(stage, gateway, others, '1 %') });
  await pause(idleMs / 2);
  const before = await gateway.call<Memory>(null);
  await ask(clients, { task: 'open', query: LIVE, streams: subscribings(stage, gateway, subscribers, '1 %') });
  const { spent } = await watch({ gateway: gateway.cpu, postgres: stage.server.cpu, subscribers: clients.cpu }, () =>
    pause(idleMs),
  );
  const after = await gateway.call<Memory>(null);
  await ask(clients, { task: 'close' });
  const each = (of: keyof Memory): number => (after[of] - before[of]) / 1024 / subscribers;
  return {
    subscribers,
    each: {
      uncollected: each('uncollected'),
      resident: each('resident'),
      heap: each('heap'),
      heapPages: each('heapPages'),
      external: each('external'),
    },
    before,
    after,
    spent,
  };
}

/** @throws Error that says what to do when a process may not open so many files. Node raises its own limit as far as it may. */
async function assertFiles(wanted: number): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, , hard = ''] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  if (hard === 'unlimited' || Number(hard) >= wanted) return;
  throw new Error(
    `Row 9 needs ${wanted} open files in one process, and here it may have ${hard}: raise the limit first (ulimit -Hn ${wanted}, or LimitNOFILE= of a service).`,
  );
}
