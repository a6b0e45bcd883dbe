import { parseConfig } from '#kit/config.ts';
import { silentLog } from '#kit/log.ts';
import { createGateway } from '#gateway/gateway.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { serveBench } from '#test/bench/worker.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';

// Our gateway with its subgraphs in one process, as it is shipped: every guard and every check of a row is on.

const { url, dataDir } = JSON.parse(process.argv[2] ?? '') as { url: string; dataDir: string }; // given by rows.ts
const gateway = await createGateway({
  config: parseConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', BUDGETS: RAISED_BUDGETS }),
  databaseUrl: url,
  subgraphs: definitions,
  log: silentLog,
});
// No work is asked of it but how much memory it took at most, in bytes: filings come through its public door.
serveBench(gateway.url, () => process.resourceUsage().maxRSS * 1024);
