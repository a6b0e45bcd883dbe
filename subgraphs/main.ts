import type { IncomingMessage } from 'node:http';
import { ConfigError, readConfig, subgraphNames } from '#kit/config.ts';
import { createLog } from '#kit/log.ts';
import { joinDatabase } from '#kit/postgres/database.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { startTurning } from '#kit/publicationDays.ts';
import { startSweeping } from '#kit/retention.ts';
import { stopOnSignals } from '#kit/stopping.ts';
import { createSubgraph } from '#kit/subgraph.ts';
import { serveSubgraph } from '#kit/subgraphServer.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { createScrapeCheck, isLoopback } from '#kit/telemetry/scraping.ts';
import { createTracer } from '#kit/telemetry/tracer.ts';
import { definitions } from './definitions.ts';

// One subgraph as a process of its own: npm run subgraph -- entity

const FIRST_PORT = 4001;
const stack = new AsyncDisposableStack();

try {
  const name = subgraphNames.find((known) => known === process.argv[2]);
  const definition = definitions.find((each) => each.name === name);
  if (!name || !definition) throw new Error(`Which subgraph? npm run subgraph -- ${subgraphNames.join(' | ')}`);
  const config = readConfig();
  const log = createLog(name, config.logLevel);
  stopOnSignals(stack, log);
  const tracer = await createTracer(config.tracing, `credit-graph ${name}`, log);
  if (tracer) stack.use(tracer);
  const pool = createOwnPool(await joinDatabase(config), name, log);
  const now = (): Date => new Date();
  const subgraph = stack.use(createSubgraph(definition, { pool, cursorKeys: config.cursorKeys, digestKeys: config.digestKeys, log, now }));
  stack.use(startSweeping(subgraph.sweep, now, log));
  stack.use(startTurning(subgraph.turnDays, now, log));
  const metrics = createMetrics();
  metrics.process();
  const byToken = createScrapeCheck(config.metricsToken);
  const mayRead = ({ headers, socket }: IncomingMessage): boolean => byToken(headers.authorization) || (config.metricsToken === null && isLoopback(socket.remoteAddress));
  const port = config.port ?? FIRST_PORT + subgraphNames.indexOf(name);
  const isMeasured = config.metricsToken !== null || !config.production;
  const server = stack.use(
    await serveSubgraph(subgraph, { host: config.host, port, passportKeys: config.passportKeys, log, now, tracer, metrics: isMeasured ? { metrics, mayRead } : null }),
  );
  log.info({ url: server.url }, 'the subgraph is ready');
  process.send?.({ ready: server.url });
} catch (error) {
  await stack.disposeAsync();
  process.stderr.write(`${error instanceof ConfigError || error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
