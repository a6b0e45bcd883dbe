/**
 * The outcome of a call that was let through. `unknown` reveals nothing about the callee, as when the caller went away.
 */
export type Outcome = 'answered' | 'failed' | 'unknown';

export interface Breaker {
  /**
   * Requests to be let through. Call the returned function once, with the outcome.
   * @throws what `refusal` makes, while the breaker is open and another caller probes or no probe is due
   */
  enter(): (outcome: Outcome) => void;
  isOpen(): boolean;
}

export interface BreakerOptions {
  /** The number of failures in a row that opens the breaker. */
  readonly failures: number;
  /**
   * How long it then stays open, in milliseconds; afterwards one caller probes.
   * @param opened how often in a row it was opened before
   */
  readonly openMs: (opened: number) => number;
  readonly refusal: () => Error;
  /** A monotonic clock in milliseconds. */
  readonly clockMs?: () => number;
}

type State =
  { readonly phase: 'closed' } | { readonly phase: 'open'; readonly until: number } | { readonly phase: 'probing' };

/**
 * Creates a breaker, which keeps callers from what fails for all of them. Calls then fail at once, and one caller at a
 * time finds out whether it works again.
 */
export function createBreaker({
  failures,
  openMs,
  refusal,
  clockMs = () => performance.now(),
}: BreakerOptions): Breaker {
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
          // A probe without a verdict leaves the probing to the next caller.
          if (outcome === 'failed') open();
          else state = { phase: 'open', until: clockMs() };
        } else if (outcome === 'failed') {
          failed += 1;
          // Calls that were let in before the breaker opened and fail one after the other are one outage.
          if (state.phase === 'closed' && failed >= failures) open();
        }
      };
    },
  };
}
