import type { Log } from '#kit/log.ts';
import type { Client } from '#kit/postgres/pool.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { purgeNext } from './numbering.ts';

// Purges what is no longer kept of the log (docs/PROTOCOL.md P5), in slices, between two batches of the leader.

const PURGED_AT_ONCE = 5000;
/** The pause between slices of a purge, so that changes come first. */
const PURGE_AGAIN_MS = 1000;

export interface PurgerOptions {
  readonly rules: Pick<RuleStore, 'fresh'>;
  readonly log: Log;
  readonly now: () => Date;
  /** The pause between two purges, in milliseconds. */
  readonly everyMs: number;
}

export interface Purger {
  /**
   * Reads the rule for the purges to come. It is read concurrently with the numbering, which does not wait for it: a
   * leader that is silent for the time of its session loses its lead.
   */
  readRetention(): void;
  /** Purges a slice when it is due. @returns whether the epoch is still the present one */
  purge(client: Client, epoch: bigint): Promise<boolean>;
  /** How many rows it has purged. */
  readonly purged: () => number;
}

export function createPurger({ rules, log, now, everyMs }: PurgerOptions): Purger {
  /** Null: there is no such rule, or it was not read yet; then all is kept. */
  let keptDays: number | null = null;
  let purgeAt = 0;
  let count = 0;
  const readRetention = async (): Promise<void> => {
    try {
      const today = shanghaiDay(now());
      const current = await rules.fresh();
      keptDays = current.find('FEED', 'RETENTION_DAYS', today)?.number ?? null;
    } catch (error) {
      log.warn({ err: error }, 'the rules cannot be read; how long changes are kept stays as it was');
    }
  };
  return {
    readRetention: () => void readRetention(),
    async purge(client, epoch) {
      if (performance.now() < purgeAt) return true;
      const { isLeading, purged } =
        keptDays === null ? { isLeading: true, purged: 0 } : await purgeNext(client, epoch, keptDays, PURGED_AT_ONCE);
      count += purged;
      purgeAt = performance.now() + (purged === PURGED_AT_ONCE ? Math.min(PURGE_AGAIN_MS, everyMs) : everyMs);
      if (purged < PURGED_AT_ONCE) void readRetention(); // for the next time
      return isLeading;
    },
    purged: () => count,
  };
}
