// Pauses of the sequencer, which may end early.

export interface Pauses {
  /**
   * Waits, at most so many milliseconds.
   * @param until `poked`: a poke ends it, also one since `forgetPoke`; `due`: a poke does not
   */
  pause(ms: number, until: 'poked' | 'due'): Promise<void>;
  /** There is work: ends a pause that lasts until then. */
  poke(): void;
  /** The work of all pokes until now is about to be looked at. */
  forgetPoke(): void;
  /** Ends any pause, as after a lost connection and at shutdown. */
  end(): void;
}

/** @param isStopped then there are no more pauses */
export function createPauses(isStopped: () => boolean): Pauses {
  let isPoked = false;
  let rouse: ((isPoke: boolean) => void) | null = null;
  return {
    pause: (ms, until) =>
      new Promise((resolve) => {
        if (isStopped() || (until === 'poked' && isPoked)) return resolve();
        const timer = setTimeout(() => rouse?.(false), ms);
        rouse = (isPoke) => {
          if (isPoke && until === 'due') return;
          clearTimeout(timer);
          rouse = null;
          resolve();
        };
      }),
    poke() {
      isPoked = true;
      rouse?.(true);
    },
    forgetPoke() {
      isPoked = false;
    },
    end: () => rouse?.(false),
  };
}
