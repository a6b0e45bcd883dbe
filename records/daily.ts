import type { Log } from '#kit/log.ts';
import { createRuns, type dailyWorks, type RunMetrics } from '#kit/telemetry/runs.ts';
import { shanghaiDay } from '#standards/dates.ts';

/** What the daily work of a subgraph is started with. */
export interface DailyOptions {
  readonly schema: string;
  readonly now: () => Date;
  readonly log: Log;
  /** Left out: runs are logged but not counted. */
  readonly metrics?: RunMetrics | undefined;
}

interface DailyWork extends DailyOptions {
  readonly work: (typeof dailyWorks)[number];
  /** The log messages when it begins to fail, and when it works again. */
  readonly began: string;
  readonly over: string;
  /** Called with the number of records that a run has changed. */
  readonly onDone: (changed: number) => void;
  /** When it runs first, and how often it looks whether a day has begun or a failed run is due, in milliseconds. */
  readonly firstMs: number;
  readonly everyMs: number;
}

/** Runs `run` once on each day in Shanghai, and again after a failure; never twice at once. */
export function startDaily(
  run: () => Promise<number>,
  { now, onDone, firstMs, everyMs, ...described }: DailyWork,
): Disposable {
  const runs = createRuns({ ...described, level: 'error' });
  let doneOn = '';
  let isRunning = false;
  const runIfDue = async (): Promise<void> => {
    const today = shanghaiDay(now());
    if (today === doneOn || isRunning) return;
    isRunning = true;
    try {
      const changed = await run();
      doneOn = today;
      runs.succeeded();
      onDone(changed);
    } catch (error) {
      runs.failed(error);
    } finally {
      isRunning = false;
    }
  };
  const first = setTimeout(runIfDue, firstMs).unref();
  const timer = setInterval(runIfDue, everyMs).unref();
  return {
    [Symbol.dispose]() {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
