import { backOff } from '#kit/backOff.ts';

/** Nobody waits for it any more. */
export class Gone extends Error {}

/** Lets everybody through while what they do succeeds. While it does not, one at a time tries, less and less often; the others wait for it. */
export interface Gate {
  /**
   * Does it until it succeeds.
   * @param does told how often in a row it has failed
   * @param isOver asked before each attempt
   * @throws Gone when it is over
   */
  pass<Value>(does: (failures: number) => Promise<Value>, isOver: () => boolean): Promise<Value>;
  readonly isShut: () => boolean;
}

/**
 * @param pause waits, at most so many milliseconds; less when all of it is over
 * @param longestMs between two attempts
 * @param onChange called with the reason when it shuts, and with null when it opens
 */
export function createGate({ pause, longestMs, onChange }: {
  readonly pause: (ms: number) => Promise<void>;
  readonly longestMs: number;
  readonly onChange: (reason: unknown) => void;
}): Gate {
  let failures = 0;
  /** While it is shut: the one attempt, with the pause before it. */
  let probing: Promise<void> | null = null;

  const attempt = async <Value>(does: (failures: number) => Promise<Value>, isOver: () => boolean, isProbe: boolean): Promise<{ readonly value: Value } | null> => {
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
      failures = isProbe ? failures + 1 : Math.max(failures, 1); // of those who fail at once one counts
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
          const settled = trying.then(() => {}, () => {}).finally(() => {
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
