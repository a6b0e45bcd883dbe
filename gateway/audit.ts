import type { Read } from '#kit/context.ts';
import type { Log } from '#kit/log.ts';
import type { Viewer } from '#policy/viewer.ts';

/** One operation that read something not public, as the access log keeps it. */
export interface AccessEntry {
  readonly at: string;
  readonly viewer: Pick<Viewer, 'role' | 'organisation' | 'purpose' | 'tokenId'>;
  readonly operationName: string | null;
  readonly reads: readonly Read[];
}

/**
 * Where reads of non-public data are written before they are answered. When it throws, the data is not given:
 * a read that nobody can see afterwards must not happen (design §7).
 */
export type AccessSink = (entry: AccessEntry) => Promise<void>;

/**
 * Writes entries to the process's log, whatever its level, until the chained access log takes this place.
 * @returns a sink that resolves when the entry is out, and throws where it was lost
 */
export function createLogSink(log: Log): AccessSink {
  // Nothing of an entry is a secret, and looking for one costs as much as the rest of the line.
  const entries = log.child({}, { level: 'info', redact: [] });
  return (entry) => {
    entries.info({ access: entry }, 'non-public data read');
    return new Promise((resolve, reject) => entries.flush((error) => (error ? reject(error) : resolve())));
  };
}
