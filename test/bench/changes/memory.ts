import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Memory {
  /** Bytes, as it stood. */
  readonly uncollected: number;
  /** After everything that nobody holds was collected; so are those below. */
  readonly resident: number;
  readonly heap: number;
  /** Pages that the heap keeps, used or not. */
  readonly heapPages: number;
  readonly external: number;
}

let collect: ((how: object) => void) | undefined;

/** What this process has. */
export async function memory(): Promise<Memory> {
  if (!collect) {
    // As --expose-gc gives it, without a flag that other rows would run with.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as (how: object) => void;
  }
  const uncollected = process.memoryUsage.rss();
  for (let round = 0; round < 4; round += 1) {
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }); // pages that are nearly empty are given back too
    await turn(); // what is closed is let go in a turn of its own
  }
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return { uncollected, resident: rss, heap: heapUsed, heapPages: heapTotal, external };
}
