import { monitorEventLoopDelay } from 'node:perf_hooks';

// Load that the event loop cannot bear is refused while there is still one to refuse it. Of our own and not @fastify/under-pressure: that answers
// in a form of its own, before the routes, and knows neither streams nor WebSockets.

export interface Load extends Disposable {
  /** Whether new work is refused now; what has begun goes on. */
  isTooMuch(): boolean;
}

/** An answer that waits so long in every step of its way is no answer in time. */
const MAX_DELAY_MS = 1000;
const SAMPLE_MS = 500;
/** So many samples in a row: in one of them a single long step is the median. */
const IN_A_ROW = 3;
const RESOLUTION_MS = 20;

/**
 * Looks twice a second at how late the event loop was: one long step is no overload, one after the other is.
 * @param sample the median delay in milliseconds since the last sample
 */
export function watchLoad({ maxDelayMs = MAX_DELAY_MS, sampleMs = SAMPLE_MS, sample }: { maxDelayMs?: number; sampleMs?: number; sample?: () => number } = {}): Load {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const measured = (): number => {
    // Not once in all that time: the loop came to this sample before it came to the monitor's own timer.
    const median = histogram.count === 0 ? Number.POSITIVE_INFINITY : histogram.percentile(50) / 1e6 - RESOLUTION_MS;
    histogram.reset();
    return median;
  };
  let late = 0;
  const timer = setInterval(() => (late = (sample ?? measured)() > maxDelayMs ? late + 1 : 0), sampleMs).unref();
  return {
    isTooMuch: () => late >= IN_A_ROW,
    [Symbol.dispose]() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
