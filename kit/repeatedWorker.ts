/** Work that runs on request, and by itself from time to time, never twice at once. */
export interface Repeated extends AsyncDisposable {
  /** Signals that there may be work: it runs at once, or after the current run. */
  wake(): void;
}

/**
 * Creates a worker.
 * @param step does the next piece of work; true: there may be more
 * @param failed called with each failure; the step is tried again at the next waking
 * @param everyMs how often it wakes by itself, in milliseconds; null: it does not
 */
export function createRepeated({
  step,
  failed,
  everyMs,
}: {
  step(signal: AbortSignal): Promise<boolean>;
  failed(error: unknown): void;
  readonly everyMs: number | null;
}): Repeated {
  const closing = new AbortController();
  let running: Promise<void> | null = null;
  let isWanted = false;
  const work = async (): Promise<void> => {
    try {
      while (isWanted && !closing.signal.aborted) {
        isWanted = false;
        try {
          if (await step(closing.signal)) isWanted = true;
        } catch (error) {
          if (!closing.signal.aborted) failed(error);
        }
      }
    } finally {
      running = null; // here, so that no waking falls between its last look and this
    }
  };
  const wake = (): void => {
    if (closing.signal.aborted) return;
    isWanted = true;
    running ??= work();
  };
  const timer = everyMs === null ? null : setInterval(wake, everyMs).unref();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      closing.abort();
      if (timer) clearInterval(timer);
      await running;
    },
  };
}
