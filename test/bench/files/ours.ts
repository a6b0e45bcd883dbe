import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '#kit/config.ts';
import { createLineWriter } from '#kit/lineWriter.ts';
import { createLog, silentLog } from '#kit/log.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { createLogSink } from '#gateway/graph/audit.ts';
import { dangerouslyTrustEveryoneAs } from '#gateway/auth/authenticator.ts';
import { createGateway } from '#gateway/gateway.ts';
import { createGraph } from '#gateway/graph/graph.ts';
import { createPlannerPool } from '#gateway/graph/engine/plannerPool.ts';
import { raisedLimits } from '#gateway/graph/limits.ts';
import { serveGateway } from '#gateway/http/server.ts';
import { createLocalSource } from '#gateway/graph/localSource.ts';
import { publicViewer, type Viewer } from '#policy/viewer.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { serveBench } from '#test/bench/worker.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';
import { unlimitedBudgets } from '#gateway/budgets/budgets.ts';

// Our gateway with its subgraphs in one process, on the real database: with all guards, as it is shipped, or with those of the
// gateway off. What belongs to an answer's truth is on in both: the row rule in SQL, the row-level fields, the refusals.

interface Given {
  readonly url: string;
  readonly guards: boolean;
  readonly dataDir: string;
  readonly viewer: Viewer;
  /** `of the public`: an address has the budget that it has, and all others more than they can spend. Default: raised for all. */
  readonly budgets?: 'raised' | 'of the public';
}

const { url, guards, dataDir, viewer, budgets } = JSON.parse(process.argv[2] ?? '') as Given; // given by rows.ts
const given = budgets === 'of the public' ? RAISED_BUDGETS.replace(/PUBLIC=[^,]*,?/, '') : RAISED_BUDGETS;
const config = parseConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', BUDGETS: given });
const now = (): Date => new Date();

const guarded = () =>
  createGateway({
    config,
    databaseUrl: url,
    subgraphs: definitions,
    log: silentLog,
    // Written as the product writes it, but not to this process's own output.
    accessSink: createLogSink(createLog('gateway', 'info', createLineWriter(openSync('/dev/null', 'w')))),
  });

const unguarded = async () => {
  const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
  const open = (definition: (typeof definitions)[number]) => {
    const pool = createOwnPool(url, definition.name, silentLog);
    return createLocalSource(
      createSubgraph(definition, {
        pool,
        cursorKeys: config.cursorKeys,
        digestKeys: config.digestKeys,
        log: silentLog,
        now,
      }),
    );
  };
  const graph = createGraph({
    planners: createPlannerPool({ size: 1, log: silentLog }),
    supergraph: await readFile(join(import.meta.dirname, '../../../gateway/supergraph.graphql'), 'utf8'),
    transports: Object.fromEntries(definitions.map((definition) => [definition.name, open(definition).transport])),
    sources,
    accessSink: () => Promise.resolve(),
    log: silentLog,
    now,
    policy: 'dangerously-none',
  });
  // Nobody's token is looked at: with one it is the bank of rows.ts.
  const authenticator = {
    ...dangerouslyTrustEveryoneAs(viewer),
    viewer: (authorization: string | undefined) => Promise.resolve(authorization === undefined ? publicViewer : viewer),
  };
  return serveGateway({
    host: '127.0.0.1',
    port: 0,
    graph,
    sources,
    authenticator,
    limits: raisedLimits,
    budgets: unlimitedBudgets,
    policyMode: 'filter',
    routes: [],
    log: silentLog,
  });
};

const gateway = guards ? await guarded() : await unguarded();
serveBench(`${gateway.url}/graphql`);
