import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';

/** Readings of what is published, one at a time. */
export interface Readings {
  /** Reads now. A call during a reading waits for the next, because this one may have read before the change. */
  refresh(): Promise<void>;
  /** How many readings have failed. */
  failures(): number;
  /** From now on `refresh` reads nothing. */
  stop(): void;
  /** Resolves when the present reading has ended. */
  settled(): Promise<void>;
}

/** @param read its failures are counted, and logged as one outage */
export function createReadings(read: () => Promise<void>, log: Log): Readings {
  let underWay: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let failures = 0;
  let isStopped = false;
  const unreadable = createOutage({
    log,
    began: 'published documents could not be read; those that are known serve on',
    over: 'published documents can be read again',
    quietMs: 0,
  });
  const begin = (): Promise<void> =>
    (underWay = read()
      .then(
        () => unreadable.succeeded(),
        (error: unknown) => {
          failures += 1;
          unreadable.failed(error);
        },
      )
      .finally(() => (underWay = null)));
  return {
    refresh() {
      if (isStopped) return Promise.resolve();
      if (!underWay) return begin();
      next ??= underWay.then(() => {
        next = null;
        return begin();
      });
      return next;
    },
    failures: () => failures,
    stop() {
      isStopped = true;
    },
    async settled() {
      await underWay;
    },
  };
}
