import { DRAIN_MS } from './drain.ts';
import type { Log } from './log.ts';

/**
 * Draining, and then what has its own deadlines (pools). Orchestrators kill after thirty seconds; the log names what
 * hung before that.
 */
const STOP_MS = DRAIN_MS + 8000;

/**
 * Disposes `stack` and ends this process on SIGINT and SIGTERM, and when the process that started it ends (even if it
 * is killed). Exit code 0, or 1 when something did not stop.
 */
export function stopOnSignals(stack: AsyncDisposableStack, log: Log): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      log.error(`not stopped within ${STOP_MS / 1000} s: ended as it is`);
      process.exit(1);
    }, STOP_MS);
    try {
      await stack.disposeAsync();
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'stopping failed');
      process.exit(1);
    }
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.on(event, () => void stop());
}
