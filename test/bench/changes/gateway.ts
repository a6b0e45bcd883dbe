import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pino from 'pino';
import { parseConfig } from '#kit/config.ts';
import { silentLog } from '#kit/log.ts';
import { createLogSink } from '#gateway/audit.ts';
import { createGateway } from '#gateway/gateway.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { serveBench } from '../worker.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';

// Our gateway with its subgraphs in one process, as it is shipped: guards, access log, sequencer, LISTEN and NOTIFY.

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

const { url, dataDir } = JSON.parse(process.argv[2] ?? '') as { url: string; dataDir: string }; // given by rows.ts
const gateway = await createGateway({
  config: parseConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', STREAMS_PER_TOKEN: '10000', STREAMS_PER_ORGANISATION: '10000', STREAMS_PER_ADDRESS: '10000', CONNECTIONS_PER_ADDRESS: '12000', BUDGETS: RAISED_BUDGETS }),
  databaseUrl: url,
  subgraphs: definitions,
  log: silentLog,
  accessSink: createLogSink(pino({ level: 'info' }, pino.destination('/dev/null'))), // written, but not to this process's own output
});

let collect: ((how: object) => void) | undefined;

async function memory(): Promise<Memory> {
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

serveBench(gateway.url, memory);
