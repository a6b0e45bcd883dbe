import type { Read } from '#kit/context.ts';
import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import type { Viewer } from '#policy/viewer.ts';

/** One operation that read data which is not public, as the access log records it. */
export interface AccessEntry {
  readonly at: string;
  readonly viewer: Pick<Viewer, 'role' | 'organisation' | 'purpose' | 'tokenId'>;
  readonly operationName: string | null;
  readonly reads: readonly Read[];
}

/**
 * Where reads of non-public data are recorded before they are answered. When it throws, the data is not returned: a
 * read that leaves no record must not happen (design §7).
 */
export type AccessSink = (entry: AccessEntry) => Promise<void>;

/**
 * Writes entries to the process's log, whatever its level, until the chained access log replaces it.
 * @returns a sink that resolves when the entry is written, and throws where it was lost
 */
export function createLogSink(log: Log): AccessSink {
  // No part of an entry is a secret, and redaction costs as much as the rest of the line.
  const entries = log.child({}, { level: 'info', redact: [] });
  return (entry) => {
    entries.info({ access: entry }, 'non-public data read');
    return new Promise((resolve, reject) => entries.flush((error) => (error ? reject(error) : resolve())));
  };
}

/** The state of the access log, for metrics. */
export interface AccessLogState {
  /** Reads that were refused because they could not be recorded. */
  readonly refused: number;
  /** Whether the last entry could not be written. */
  readonly isFailing: boolean;
}

/**
 * The sink with its outages logged, once each, and counted. Where the log itself fails, the count is the only trace of
 * the outage.
 */
export function watchAccessLog(sink: AccessSink, log: Log): { readonly sink: AccessSink; state(): AccessLogState } {
  let refused = 0;
  let isFailing = false;
  const outage = createOutage({
    log,
    level: 'error',
    began: 'the access log could not be written, so what is not public is not given',
    over: 'the access log is written again',
  });
  return {
    async sink(entry) {
      try {
        await sink(entry);
      } catch (error) {
        refused += 1;
        isFailing = true;
        outage.failed(error);
        throw error;
      }
      isFailing = false;
      outage.succeeded();
    },
    state: () => ({ refused, isFailing }),
  };
}
