import type { Log } from '#kit/log.ts';
import type { Client } from '#kit/postgres/pool.ts';
import { type Measured, measureFeed, numberNext } from './numbering.ts';
import type { Pauses } from './pauses.ts';
import type { Purger } from './purger.ts';

// What the gateway that numbers the changes does while it leads (docs/PROTOCOL.md P2, P3).

/** 30 to 50 ms of work while there are that many rows: 58 000 rows/s, whether 2 000 wait or 300 000. */
const BATCH = 2000;

export interface LeaderTimings {
  /** How often the leader looks for rows: while there were some within `busyForMs`, and otherwise. */
  readonly busyMs: number;
  readonly busyForMs: number;
  readonly idleMs: number;
}

export interface LeaderOptions {
  readonly log: Log;
  readonly timings: LeaderTimings;
  readonly pauses: Pauses;
  readonly purger: Purger;
  readonly measurement: Measurement;
  readonly isStopped: () => boolean;
  /** Called after each batch, with the last number assigned. */
  readonly onBatch: (lastSeq: bigint) => void;
}

export interface LeaderCounts {
  readonly batches: number;
  readonly moved: number;
  /** How often it found that another epoch had begun. */
  readonly fenced: number;
}

export interface Leader {
  /**
   * Numbers rows in one session, until the sequencer is stopped or another epoch has begun.
   * @param onSettled called after each statement that succeeded
   */
  lead(client: Client, epoch: bigint, onSettled: () => void): Promise<void>;
  readonly counts: () => LeaderCounts;
}

export function createLeader({ log, timings, pauses, purger, measurement, isStopped, onBatch }: LeaderOptions): Leader {
  const counts = { batches: 0, moved: 0, fenced: 0 };
  const fence = (epoch: bigint): void => {
    counts.fenced += 1;
    log.warn({ epoch: String(epoch) }, 'another gateway numbers the changes now');
  };
  const notify = (lastSeq: bigint): void => {
    try {
      onBatch(lastSeq);
    } catch (error) {
      log.error({ err: error }, 'the announcement of new changes failed; readers find them within a second');
    }
  };
  return {
    counts: () => counts,
    async lead(client, epoch, onSettled) {
      let busyUntil = 0;
      purger.readRetention();
      while (!isStopped()) {
        pauses.forgetPoke();
        const { isLeading, moved, lastSeq } = await numberNext(client, epoch, BATCH);
        if (!isLeading) return fence(epoch);
        onSettled();
        if (moved > 0 && lastSeq !== null) {
          counts.batches += 1;
          counts.moved += moved;
          busyUntil = performance.now() + timings.busyForMs;
          notify(lastSeq);
        }
        if (!(await purger.purge(client, epoch))) return fence(epoch);
        await measurement.measure(client);
        if (moved < BATCH) await pauses.pause(performance.now() < busyUntil ? timings.busyMs : timings.idleMs, 'poked');
      }
    },
  };
}

/** The last measurement of the log by this gateway. */
export interface Measurement {
  /** Measures when it is due. */
  measure(client: Client): Promise<void>;
  /** A session begins: it measures at once. */
  begin(): void;
  /** The session has ended: nothing is known of the log. */
  forget(): void;
  readonly last: () => Measured | null;
}

/** @param everyMs the pause between two measurements, in milliseconds */
export function createMeasurement(everyMs: number): Measurement {
  let last: Measured | null = null;
  let dueAt = 0;
  return {
    async measure(client) {
      if (performance.now() < dueAt) return;
      last = await measureFeed(client);
      dueAt = performance.now() + everyMs;
    },
    begin() {
      dueAt = 0;
    },
    forget() {
      last = null;
    },
    last: () => last,
  };
}
