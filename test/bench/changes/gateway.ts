import pino from 'pino';
import { parseConfig } from '#kit/config.ts';
import { silentLog } from '#kit/log.ts';
import { createLogSink } from '#gateway/graph/audit.ts';
import { createGateway } from '#gateway/gateway.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { serveBench } from '#test/bench/worker.ts';
import { memory } from './memory.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';

// Our gateway with its subgraphs in one process, as it is shipped: guards, access log, sequencer, LISTEN and NOTIFY.

const { url, dataDir } = JSON.parse(process.argv[2] ?? '') as { url: string; dataDir: string }; // given by rows.ts
const gateway = await createGateway({
  config: parseConfig({
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: 'silent',
    STREAMS_PER_TOKEN: '10000',
    STREAMS_PER_ORGANISATION: '10000',
    STREAMS_PER_ADDRESS: '10000',
    CONNECTIONS_PER_ADDRESS: '12000',
    BUDGETS: RAISED_BUDGETS,
  }),
  databaseUrl: url,
  subgraphs: definitions,
  log: silentLog,
  accessSink: createLogSink(pino({ level: 'info' }, pino.destination('/dev/null'))), // written, but not to this process's own output
});

serveBench(gateway.url, memory);
