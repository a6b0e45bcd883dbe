import { monitorEventLoopDelay } from 'node:perf_hooks';

// Refuses load that the event loop cannot bear while it can still respond. It is our own and not
// @fastify/under-pressure, which responds in a form of its own, before the routes, and knows neither streams nor
// WebSockets.

export interface Load extends Disposable {
  /** Whether new work is refused now; work that has begun continues. */
  isTooMuch(): boolean;
}

/** With such a delay at every step a response is not in time. */
const MAX_DELAY_MS = 1000;
const SAMPLE_MS = 500;
/** So many samples in a row: in one of them a single long step is the median. */
const IN_A_ROW = 3;
const RESOLUTION_MS = 20;

/**
 * Measures twice a second how late the event loop was: one long step is no overload, a series of them is.
 * @param sample the median delay in milliseconds since the last sample
 */
export function watchLoad({
  maxDelayMs = MAX_DELAY_MS,
  sampleMs = SAMPLE_MS,
  sample,
}: { maxDelayMs?: number; sampleMs?: number; sample?: () => number } = {}): Load {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const measured = (): number => {
    // Not one measurement in all that time: the loop reached this sample before the monitor's own timer.
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
