/** What became of something that was let through: `unknown` says nothing of what was called, as when the caller went away. */
export type Outcome = 'answered' | 'failed' | 'unknown';

export interface Breaker {
  /**
   * Asks to be let through. What it gives is called once, with what became of it.
   * @throws what `refusal` makes, while it is open and somebody else probes, or nobody is due to
   */
  enter(): (outcome: Outcome) => void;
  isOpen(): boolean;
}

export interface BreakerOptions {
  /** So many failures in a row open it. */
  readonly failures: number;
  /** For how long nobody is let through then, in milliseconds; afterwards one probes. @param opened how often in a row it was opened before */
  readonly openMs: (opened: number) => number;
  readonly refusal: () => Error;
  /** A monotonic clock in milliseconds. */
  readonly clockMs?: () => number;
}

type State = { readonly phase: 'closed' } | { readonly phase: 'open'; readonly until: number } | { readonly phase: 'probing' };

/** Keeps callers from what fails for all of them: it fails at once instead, and one caller at a time finds out when it works again. */
export function createBreaker({ failures, openMs, refusal, clockMs = () => performance.now() }: BreakerOptions): Breaker {
  let state: State = { phase: 'closed' };
  let failed = 0;
  let opened = 0;
  const open = (): void => {
    state = { phase: 'open', until: clockMs() + openMs(opened) };
    opened += 1;
  };
  return {
    isOpen: () => state.phase !== 'closed',
    enter() {
      const probes = state.phase !== 'closed';
      if (state.phase === 'probing' || (state.phase === 'open' && clockMs() < state.until)) throw refusal();
      if (probes) state = { phase: 'probing' };
      return (outcome) => {
        if (outcome === 'answered') {
          state = { phase: 'closed' };
          failed = opened = 0;
        } else if (probes) {
          // A probe that says nothing leaves it to the next.
          if (outcome === 'failed') open();
          else state = { phase: 'open', until: clockMs() };
        } else if (outcome === 'failed') {
          failed += 1;
          // Those who were let in before it opened and fail one after the other are one outage.
          if (state.phase === 'closed' && failed >= failures) open();
        }
      };
    },
  };
}
