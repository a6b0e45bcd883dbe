import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '#kit/config.ts';
import { createLog } from '#kit/log.ts';
import { openDatabase } from '#kit/postgres/database.ts';
import { stopOnSignals } from '#kit/stopping.ts';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { createTracer } from '#kit/telemetry/tracer.ts';
import { definitions, subgraphNames } from '#subgraphs/definitions.ts';
import { demoOrganisations } from '#standards/demoOrganisations.ts';
import { createExplorer } from './http/explorer/explorer.ts';
import { savedQueries } from './http/explorer/savedQueries.ts';
import { createGateway } from './gateway.ts';
import { auditForeignSupergraph } from './otherSupergraph.ts';
import { checkPort } from './http/port.ts';
import { PORT } from './wiring.ts';

// The process: the only place where the gateway and the subgraphs meet.

const { values: flags } = parseArgs({
  options: {
    supergraph: { type: 'string' },
    port: { type: 'string' },
    'dangerously-no-policy': { type: 'boolean', default: false },
    'bootstrap-operator': { type: 'string' },
    'check-config': { type: 'boolean', default: false },
  },
});

const stack = new AsyncDisposableStack();
const fail = (error: unknown): never => {
  process.stderr.write(`${error instanceof ConfigError || error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
};

try {
  const operatorFlag = flags['bootstrap-operator'];
  const config = readConfig(subgraphNames, {
    ...(flags.port === undefined ? null : { PORT: flags.port }),
    ...(operatorFlag === undefined ? null : { BOOTSTRAP_OPERATOR: operatorFlag }),
  });
  if (flags['check-config']) {
    process.stdout.write(`${JSON.stringify({ production: config.production, keyProblems: config.keyProblems })}\n`);
    process.exit(0);
  }
  const log = createLog('gateway', config.logLevel);
  for (const problem of config.keyProblems) log.warn({ problem }, 'a key that production refuses');
  stopOnSignals(stack, log);
  // An unhandled rejection has ended only its own function, between two steps of others: callers that wait for it have
  // a deadline.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a rejection was not heard'));
  // An uncaught exception has interrupted other code in the middle of its work, and it is unknown which. So this
  // process ends, `npm start` starts another, and clients reconnect with their cursors.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an exception was not caught: this gateway ends');
    process.exit(1);
  });

  await checkPort(config.host, config.port ?? PORT);
  let url: string;
  if (flags.supergraph !== undefined) {
    if (!flags['dangerously-no-policy'])
      throw new Error('Another supergraph has no policy here: say --dangerously-no-policy to serve it without one.');
    log.warn(
      { supergraph: flags.supergraph },
      'THERE IS NO POLICY HERE: whoever reaches this address is given everything that the subgraphs give ' +
        '(--dangerously-no-policy)',
    );
    url = stack.use(
      await auditForeignSupergraph({
        supergraph: await readFile(flags.supergraph, 'utf8'),
        host: config.host,
        port: config.port ?? PORT,
        planners: config.planners,
        log,
      }),
    ).url;
  } else {
    const database = stack.use(await openDatabase(config, log));
    const development = config.jwksUrl === null && !config.production;
    const operator =
      config.bootstrapOperator ??
      (development ? demoOrganisations.find(({ kind }) => kind === 'operator')?.uscc : undefined);
    const explorer = await createExplorer({
      savedQueries,
      ...(development ? { tokens: () => developmentTokens(config.dataDir) } : null),
    });
    const tracer = await createTracer(config.tracing, 'credit-graph gateway', log);
    if (tracer) stack.use(tracer);
    const metrics = createMetrics();
    metrics.process();
    const gateway = stack.use(
      await createGateway({
        config,
        databaseUrl: database.url,
        subgraphs: definitions,
        log,
        metrics,
        tracer,
        bootstrapOperator: operator ?? null,
        sweeps: true,
        routes: [async (app) => void (await app.register(explorer))],
      }),
    );
    url = gateway.url;
  }
  log.info({ url }, 'the gateway is ready');
  process.send?.({ ready: url });
} catch (error) {
  await stack.disposeAsync();
  fail(error);
}

/** Written by the CLI's `start`, which holds the development issuer's key; the gateway never has it. */
async function developmentTokens(dataDir: string): Promise<{ role: string; token: string | null }[]> {
  try {
    return JSON.parse(await readFile(join(dataDir, 'issuer', 'tokens.json'), 'utf8'));
  } catch {
    return []; // not there yet, or half written: the explorer then offers a field for a token
  }
}
