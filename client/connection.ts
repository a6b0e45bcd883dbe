import type { Clock } from './clock.ts';
import { ChangesError, Passing } from './failure.ts';

/** The messages for a step that takes too long and for one that fails. */
export interface Trouble {
  readonly late: string;
  readonly lost: string;
}

/** One request with its response, from its start until it is closed. */
export interface Connection {
  /** Aborted when the connection is closed. */
  readonly signal: AbortSignal;
  /**
   * Waits for a step on this connection.
   * @throws Passing after `ms` milliseconds, when the connection is then closed, and for a failure of the step;
   * ChangesError when the step throws one
   */
  within<Value>(ms: number, trouble: Trouble, does: () => Promise<Value>): Promise<Value>;
  close(): void;
}

/**
 * Creates a connection, which an abort of `signal` closes.
 * @param signal the caller's own; it may live longer than the connection
 */
export function createConnection(clock: Clock, signal: AbortSignal | undefined): Connection {
  const abort = new AbortController();
  const callOff = (): void => abort.abort();
  // `close` removes the listener: a signal that lives for months would otherwise collect one for each connection.
  signal?.addEventListener('abort', callOff, { once: true });
  if (signal?.aborted) callOff();
  return {
    signal: abort.signal,
    async within(ms, { late, lost }, does) {
      let isLate = false;
      const inTime = clock.after(ms, () => {
        isLate = true;
        abort.abort();
      });
      try {
        return await does();
      } catch (error) {
        if (isLate) throw new Passing(`${late} for ${ms / 1000} s.`, { cause: error });
        if (error instanceof Passing || error instanceof ChangesError) throw error;
        throw new Passing(signal?.aborted ? 'It was called off.' : `${lost} (${reasonOf(error)}).`, { cause: error });
      } finally {
        inTime();
      }
    },
    close() {
      signal?.removeEventListener('abort', callOff);
      abort.abort();
    },
  };
}

/** The reason of an error of fetch: `ECONNREFUSED` is in the cause of "fetch failed". */
function reasonOf(error: unknown): string {
  // What fetch throws.
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
