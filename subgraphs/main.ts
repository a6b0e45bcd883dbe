import type { IncomingMessage } from 'node:http';
import { ConfigError, readConfig } from '#kit/config.ts';
import { createLog } from '#kit/log.ts';
import { joinDatabase } from '#kit/postgres/database.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { startPublicationCalendar } from '#records/publicationCalendar.ts';
import { startSweeping } from '#records/retention.ts';
import { stopOnSignals } from '#kit/stopping.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { serveSubgraph } from '#records/subgraphServer.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { dailyWorks, measureRuns } from '#kit/telemetry/runs.ts';
import { createScrapeCheck, isLoopback } from '#kit/telemetry/scraping.ts';
import { createTracer } from '#kit/telemetry/tracer.ts';
import { definitions, portOf, subgraphNames } from './definitions.ts';

// One subgraph as a process of its own: npm run subgraph -- entity

const stack = new AsyncDisposableStack();

try {
  const definition = definitions.find(({ name: known }) => known === process.argv[2]);
  if (!definition) throw new Error(`Which subgraph? npm run subgraph -- ${subgraphNames.join(' | ')}`);
  const { name } = definition;
  const config = readConfig(subgraphNames);
  const log = createLog(name, config.logLevel);
  stopOnSignals(stack, log);
  const tracer = await createTracer(config.tracing, `credit-graph ${name}`, log);
  if (tracer) stack.use(tracer);
  const pool = createOwnPool(await joinDatabase(config), name, log);
  const now = (): Date => new Date();
  const subgraph = stack.use(
    createSubgraph(definition, { pool, cursorKeys: config.cursorKeys, digestKeys: config.digestKeys, log, now }),
  );
  const metrics = createMetrics();
  metrics.process();
  const daily = { schema: name, now, log, metrics: measureRuns(metrics, dailyWorks, [name], now) };
  stack.use(startSweeping(subgraph.sweep, daily));
  stack.use(startPublicationCalendar(subgraph.publicationCalendar, daily));
  const byToken = createScrapeCheck(config.metricsToken);
  const mayRead = ({ headers, socket }: IncomingMessage): boolean =>
    byToken(headers.authorization) || (config.metricsToken === null && isLoopback(socket.remoteAddress));
  const isMeasured = config.metricsToken !== null || !config.production;
  const server = stack.use(
    await serveSubgraph(subgraph, {
      host: config.host,
      port: config.port ?? portOf(name),
      passportKeys: config.passportKeys,
      log,
      now,
      tracer,
      metrics: isMeasured ? { metrics, mayRead } : null,
    }),
  );
  log.info({ url: server.url }, 'the subgraph is ready');
  process.send?.({ ready: server.url });
} catch (error) {
  await stack.disposeAsync();
  process.stderr.write(`${error instanceof ConfigError || error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
