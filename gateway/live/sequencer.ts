import type { Log } from '#kit/log.ts';
import { type Client, createPool } from '#kit/postgres/pool.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { backOff } from '#kit/backOff.ts';
import { beginEpoch, type Measured, measureFeed, numberNext, purgeNext, tryToLead } from './numbering.ts';

// Who numbers the changes (docs/PROTOCOL.md P2, P3, P5): every gateway would, and one does. What it writes, and why two at once do no harm,
// is in numbering.ts; here is who leads, and when it looks.

export type SequencerState =
  /** For another to let go, or for the database to answer. */
  | { readonly phase: 'waiting' }
  | { readonly phase: 'leading'; readonly epoch: bigint }
  | { readonly phase: 'stopped' };

export interface SequencerTimings {
  /** How often one that waits tries to lead, half of it at the least. */
  readonly tryMs: number;
  /** How often the leader looks for rows while there were some within `busyForMs`, and otherwise. */
  readonly busyMs: number;
  readonly busyForMs: number;
  readonly idleMs: number;
  /** A session that says nothing for so long is ended by the server, and the lock with it: its process was stopped. */
  readonly sessionMs: number;
  readonly statementMs: number;
  readonly connectMs: number;
  readonly purgeEveryMs: number;
  readonly measureEveryMs: number;
}

// Another leads at the latest `sessionMs` and `tryMs` after the leader was stopped, which is less than the five seconds that are promised.
const standard: SequencerTimings = { tryMs: 1000, busyMs: 20, busyForMs: 5000, idleMs: 1000, sessionMs: 2500, statementMs: 5000, connectMs: 3000, purgeEveryMs: 60_000, measureEveryMs: 5000 };

export interface SequencerOptions {
  readonly url: string;
  /** Which gateway this is, for whoever looks into feed.sequencer. */
  readonly holder: string;
  readonly rules: RuleBook;
  readonly log: Log;
  readonly now: () => Date;
  /** After each batch, with the last number given. */
  readonly onBatch: (lastSeq: bigint) => void;
  readonly onState?: (state: SequencerState) => void;
  readonly timings?: Partial<SequencerTimings>;
  /** Who may lead, when it is not left to a lock. The epoch alone then keeps two apart. */
  readonly election?: (client: Client) => Promise<boolean>;
}

export interface SequencerMetrics {
  readonly isLeading: boolean;
  readonly batches: number;
  readonly moved: number;
  readonly purged: number;
  /** How often it found that another epoch had begun. */
  readonly fenced: number;
  /** Null while the database does not answer. */
  readonly feed: Measured | null;
}

export interface Sequencer extends AsyncDisposable {
  start(): void;
  /** There is something new: look at once. */
  poke(): void;
  state(): SequencerState;
  metrics(): SequencerMetrics;
}

/** 30 to 50 ms of work, as long as there are that many: 58 000 rows/s, whether 2 000 wait or 300 000. */
const BATCH = 2000;
const PURGED_AT_ONCE = 5000;
/** Between slices of a purge, so that changes go first. */
const PURGE_AGAIN_MS = 1000;
const LONGEST_BACK_OFF_MS = 1000;

export function createSequencer(options: SequencerOptions): Sequencer {
  const { holder, rules, log, now, onBatch, onState, election = tryToLead } = options;
  const timings = { ...standard, ...options.timings };
  const pool = createPool({
    url: options.url,
    role: 'credit_sequencer',
    applicationName: 'gateway sequencer',
    max: 1,
    statementTimeoutMs: timings.statementMs,
    connectTimeoutMs: timings.connectMs,
    onIdleError: () => {}, // its one client is never idle in the pool
  });

  let state: SequencerState = { phase: 'waiting' };
  let running: Promise<void> | null = null;
  const isStopped = (): boolean => state.phase === 'stopped';
  const become = (next: SequencerState): void => {
    if (isStopped()) return;
    state = next;
    onState?.(next);
  };

  // What ends a wait early: a poke ends that of the leader alone, a lost connection and the end of all this any.
  let isPoked = false;
  let rouse: ((isPoke: boolean) => void) | null = null;
  const pause = (ms: number, until: 'poked' | 'due'): Promise<void> =>
    new Promise((resolve) => {
      if (isStopped() || (until === 'poked' && isPoked)) return resolve();
      const timer = setTimeout(() => rouse?.(false), ms);
      rouse = (isPoke) => {
        if (isPoke && until === 'due') return;
        clearTimeout(timer);
        rouse = null;
        resolve();
      };
    });

  const counts = { batches: 0, moved: 0, purged: 0, fenced: 0 };
  let feed: Measured | null = null;
  let measureAt = 0;
  const measure = async (client: Client): Promise<void> => {
    if (performance.now() < measureAt) return;
    feed = await measureFeed(client);
    measureAt = performance.now() + timings.measureEveryMs;
  };

  // The rule is asked for beside the numbering, which does not wait for it: a leader that says nothing for `sessionMs` leads no more.
  let keptDays: number | null = null;
  let purgeAt = 0;
  const askForRetention = async (): Promise<void> => {
    try {
      const today = shanghaiDay(now());
      const current = await rules.fresh();
      keptDays = current.find('FEED', 'RETENTION_DAYS', today)?.number ?? null;
    } catch (error) {
      log.warn({ err: error }, 'the rules cannot be read; how long changes are kept stays as it was');
    }
  };
  /** @returns whether it still leads. */
  const purge = async (client: Client, epoch: bigint): Promise<boolean> => {
    if (performance.now() < purgeAt) return true;
    const { isLeading, purged } = keptDays === null ? { isLeading: true, purged: 0 } : await purgeNext(client, epoch, keptDays, PURGED_AT_ONCE);
    counts.purged += purged;
    purgeAt = performance.now() + (purged === PURGED_AT_ONCE ? Math.min(PURGE_AGAIN_MS, timings.purgeEveryMs) : timings.purgeEveryMs);
    if (purged < PURGED_AT_ONCE) void askForRetention(); // for the next time
    return isLeading;
  };

  const fence = (epoch: bigint): void => {
    counts.fenced += 1;
    log.warn({ epoch: String(epoch) }, 'another gateway numbers the changes now');
  };
  const tell = (lastSeq: bigint): void => {
    try {
      onBatch(lastSeq);
    } catch (error) {
      log.error({ err: error }, 'telling of new changes failed; whoever follows them finds them within a second');
    }
  };

  /** Until it is stopped, or another epoch has begun. */
  const lead = async (client: Client, epoch: bigint, settled: () => void): Promise<void> => {
    let busyUntil = 0;
    void askForRetention();
    while (!isStopped()) {
      isPoked = false;
      const { isLeading, moved, lastSeq } = await numberNext(client, epoch, BATCH);
      if (!isLeading) return fence(epoch);
      settled();
      if (moved > 0 && lastSeq !== null) {
        counts.batches += 1;
        counts.moved += moved;
        busyUntil = performance.now() + timings.busyForMs;
        tell(lastSeq);
      }
      if (!(await purge(client, epoch))) return fence(epoch);
      await measure(client);
      if (moved < BATCH) await pause(performance.now() < busyUntil ? timings.busyMs : timings.idleMs, 'poked');
    }
  };

  /** One session: waits until it may lead, and leads until it may no more. It ends with the session, and the lock with it. */
  const attend = async (settled: () => void): Promise<void> => {
    const client = await pool.connect();
    client.on('error', () => rouse?.(false)); // unheard it would be fatal; the next statement fails by itself
    try {
      await client.query("select set_config('idle_session_timeout', $1, false)", [String(timings.sessionMs)]);
      measureAt = 0;
      while (!isStopped() && !(await election(client))) {
        settled();
        await measure(client);
        await pause(timings.tryMs * (0.5 + Math.random() / 2), 'due');
      }
      if (isStopped()) return;
      const { epoch, lastSeq } = await beginEpoch(client, holder);
      log.info({ epoch: String(epoch), lastSeq: String(lastSeq) }, 'this gateway numbers the changes');
      become({ phase: 'leading', epoch });
      await lead(client, epoch, settled);
    } finally {
      feed = null;
      client.release(true);
      become({ phase: 'waiting' });
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !isStopped(); ) {
      try {
        await attend(() => (failures = 0));
        await pause(timings.tryMs * (0.5 + Math.random() / 2), 'due');
      } catch (error) {
        if (isStopped()) return;
        // Once for each outage.
        if (failures === 0) log.warn({ err: error }, 'changes cannot be numbered here; it is tried again and again');
        await pause(backOff(failures, LONGEST_BACK_OFF_MS), 'due');
        failures += 1;
      }
    }
  };

  return {
    start() {
      running ??= run();
    },
    poke() {
      isPoked = true;
      rouse?.(true);
    },
    state: () => state,
    metrics: () => ({ isLeading: state.phase === 'leading', ...counts, feed }),
    async [Symbol.asyncDispose]() {
      become({ phase: 'stopped' });
      rouse?.(false);
      await running;
      await pool.end();
    },
  };
}
