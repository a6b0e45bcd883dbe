import { backOff } from '#kit/backOff.ts';

/** Thrown when nobody waits for the result any more. */
export class Gone extends Error {}

/**
 * A circuit breaker. While operations succeed, all of them pass. After a failure one operation at a time is tried, with
 * growing pauses; the others wait for it.
 */
export interface Gate {
  /**
   * Repeats the operation until it succeeds.
   * @param does receives the number of failures in a row
   * @param isOver checked before each attempt
   * @throws Gone when it is over
   */
  pass<Value>(does: (failures: number) => Promise<Value>, isOver: () => boolean): Promise<Value>;
  readonly isShut: () => boolean;
}

/**
 * @param pause waits for at most that many milliseconds; it returns sooner when the gateway closes
 * @param longestMs the longest pause between two attempts
 * @param onChange called with the reason when the gate shuts, and with null when it opens
 */
export function createGate({
  pause,
  longestMs,
  onChange,
}: {
  readonly pause: (ms: number) => Promise<void>;
  readonly longestMs: number;
  readonly onChange: (reason: unknown) => void;
}): Gate {
  let failures = 0;
  /** While the gate is shut: the one attempt, with the pause before it. */
  let probing: Promise<void> | null = null;

  const attempt = async <Value>(
    does: (failures: number) => Promise<Value>,
    isOver: () => boolean,
    isProbe: boolean,
  ): Promise<{ readonly value: Value } | null> => {
    try {
      if (isProbe) await pause(backOff(failures - 1, longestMs));
      if (isOver()) throw new Gone();
      const value = await does(failures);
      if (failures > 0) {
        failures = 0;
        onChange(null);
      }
      return { value };
    } catch (error) {
      if (error instanceof Gone) throw error;
      if (failures === 0) onChange(error);
      failures = isProbe ? failures + 1 : Math.max(failures, 1); // concurrent failures count as one
      return null;
    }
  };

  return {
    isShut: () => failures > 0,
    async pass(does, isOver) {
      for (;;) {
        if (isOver()) throw new Gone();
        if (probing) {
          await probing;
          continue;
        }
        const isProbe = failures > 0;
        const trying = attempt(does, isOver, isProbe);
        if (isProbe) {
          const settled = trying
            .then(
              () => {},
              () => {},
            )
            .finally(() => {
              if (probing === settled) probing = null;
            });
          probing = settled;
        }
        const succeeded = await trying;
        if (succeeded) return succeeded.value;
      }
    },
  };
}
