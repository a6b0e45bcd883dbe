/** A source of time and of random numbers. Tests pass their own. */
export interface Clock {
  /** Calls `then` once, after `ms` milliseconds. @returns a function that cancels the call */
  after(ms: number, then: () => void): () => void;
  /** A random number from 0 (included) to 1 (excluded). */
  random(): number;
}

/** The timers and the random numbers of Node. */
export const systemClock: Clock = {
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Waits `ms` milliseconds. It resolves early when `signal` is aborted, and never rejects. */
export function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      callOff();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const callOff = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
