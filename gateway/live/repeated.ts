/** Work that is done when it is asked for, and by itself from time to time, never twice at once. */
export interface Repeated extends AsyncDisposable {
  /** There may be something to do: at once, or after what is being done. */
  wake(): void;
}

/**
 * @param step does the next piece of it. True: there may be more
 * @param failed told of each failure; it is tried again at the next waking
 * @param everyMs how often it wakes by itself; null: it does not
 */
export function createRepeated({ step, failed, everyMs }: { step(signal: AbortSignal): Promise<boolean>; failed(error: unknown): void; readonly everyMs: number | null }): Repeated {
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
      running = null; // here, so that nobody wakes it between its last look and this
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
