import type { Log } from '#kit/log.ts';
import { type Client, createPool, type Pool } from '#kit/postgres/pool.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { backOff } from '#kit/backOff.ts';
import { createLeader, createMeasurement, type LeaderCounts, type LeaderTimings } from './leader.ts';
import { beginEpoch, type Measured, tryToLead } from './numbering.ts';
import { createPauses } from './pauses.ts';
import { createPurger } from './purger.ts';

// Elects the gateway that numbers the changes (docs/PROTOCOL.md P2, P3, P5): every gateway tries, and one leads.
// numbering.ts has the statements, and why two leaders at once do no harm; this file decides who leads, and leader.ts
// when rows are read.

export type SequencerState =
  /** Waits for another leader to stop, or for the database to answer. */
  { readonly phase: 'waiting' } | { readonly phase: 'leading'; readonly epoch: bigint } | { readonly phase: 'stopped' };

export interface SequencerTimings extends LeaderTimings {
  /** The pause between two attempts to lead, shortened at random to at least half of it. */
  readonly tryMs: number;
  /** After so long a silence the server ends a session, and its lock: its process was stopped. */
  readonly sessionMs: number;
  readonly statementMs: number;
  readonly connectMs: number;
  readonly purgeEveryMs: number;
  readonly measureEveryMs: number;
}

// Another gateway leads at most `sessionMs` plus `tryMs` after the leader was stopped, less than the promised five
// seconds.
const standard: SequencerTimings = {
  tryMs: 1000,
  busyMs: 20,
  busyForMs: 5000,
  idleMs: 1000,
  sessionMs: 2500,
  statementMs: 5000,
  connectMs: 3000,
  purgeEveryMs: 60_000,
  measureEveryMs: 5000,
};

export interface SequencerOptions {
  readonly url: string;
  /** The name of this gateway in feed.sequencer, for operators. */
  readonly holder: string;
  readonly rules: Pick<RuleStore, 'fresh'>;
  readonly log: Log;
  readonly now: () => Date;
  /** Called after each batch, with the last number assigned. */
  readonly onBatch: (lastSeq: bigint) => void;
  readonly onState?: (state: SequencerState) => void;
  readonly timings?: Partial<SequencerTimings>;
  /** The election, where it is not left to a lock. Then only the epoch separates two leaders. */
  readonly election?: (client: Client) => Promise<boolean>;
}

export interface SequencerMetrics extends LeaderCounts {
  readonly isLeading: boolean;
  readonly purged: number;
  /** Null while the database does not answer. */
  readonly feed: Measured | null;
}

export interface Sequencer extends AsyncDisposable {
  start(): void;
  /** There are new rows: look at once. */
  poke(): void;
  state(): SequencerState;
  metrics(): SequencerMetrics;
}

const LONGEST_BACK_OFF_MS = 1000;

export function createSequencer(options: SequencerOptions): Sequencer {
  const { holder, rules, log, now, onBatch, onState, election = tryToLead } = options;
  const timings = { ...standard, ...options.timings };
  const pool = createSequencerPool(options.url, timings);

  let state: SequencerState = { phase: 'waiting' };
  let running: Promise<void> | null = null;
  const isStopped = (): boolean => state.phase === 'stopped';
  const become = (next: SequencerState): void => {
    if (isStopped()) return;
    state = next;
    onState?.(next);
  };

  const pauses = createPauses(isStopped);
  const measurement = createMeasurement(timings.measureEveryMs);
  const purger = createPurger({ rules, log, now, everyMs: timings.purgeEveryMs });
  const leader = createLeader({ log, timings, pauses, purger, measurement, isStopped, onBatch });
  const pauseBeforeTry = (): Promise<void> => pauses.pause(timings.tryMs * (0.5 + Math.random() / 2), 'due');

  /**
   * One session: waits until it may lead, and leads until it no longer may. It ends with the session, and so does the
   * lock.
   */
  const attend = async (onSettled: () => void): Promise<void> => {
    const client = await pool.connect();
    client.on('error', () => pauses.end()); // an unhandled event would be fatal; the next statement fails by itself
    try {
      await client.query("select set_config('idle_session_timeout', $1, false)", [String(timings.sessionMs)]);
      measurement.begin();
      while (!isStopped() && !(await election(client))) {
        onSettled();
        await measurement.measure(client);
        await pauseBeforeTry();
      }
      if (isStopped()) return;
      const { epoch, lastSeq } = await beginEpoch(client, holder);
      log.info({ epoch: String(epoch), lastSeq: String(lastSeq) }, 'this gateway numbers the changes');
      become({ phase: 'leading', epoch });
      await leader.lead(client, epoch, onSettled);
    } finally {
      measurement.forget();
      client.release(true);
      become({ phase: 'waiting' });
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !isStopped();) {
      try {
        await attend(() => (failures = 0));
        await pauseBeforeTry();
      } catch (error) {
        if (isStopped()) return;
        // Once for each outage.
        if (failures === 0) log.warn({ err: error }, 'changes cannot be numbered here; it is tried again and again');
        await pauses.pause(backOff(failures, LONGEST_BACK_OFF_MS), 'due');
        failures += 1;
      }
    }
  };

  return {
    start() {
      running ??= run();
    },
    poke: pauses.poke,
    state: () => state,
    metrics: () => ({
      isLeading: state.phase === 'leading',
      ...leader.counts(),
      purged: purger.purged(),
      feed: measurement.last(),
    }),
    async [Symbol.asyncDispose]() {
      become({ phase: 'stopped' });
      pauses.end();
      await running;
      await pool.end();
    },
  };
}

const createSequencerPool = (url: string, { statementMs, connectMs }: SequencerTimings): Pool =>
  createPool({
    url,
    role: 'credit_sequencer',
    applicationName: 'gateway sequencer',
    max: 1,
    statementTimeoutMs: statementMs,
    connectTimeoutMs: connectMs,
    onIdleError: () => {}, // its one client is never idle in the pool
  });
