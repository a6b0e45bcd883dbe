import type { SubgraphName } from '../config.ts';
import type { Log } from '../log.ts';
import { createPool, type Pool } from './pool.ts';

const POOL_SIZE = 10;
const STATEMENT_DEADLINE_MS = 5000;

/**
 * Those that ask by entity alone: one plan is right whatever the values are, and the server, which takes a batch of one code for cheaper than its
 * estimate of ten, would else plan each batch anew: a third of what a credit file cost it (npm run bench -- --rows 4).
 */
const planOnce: ReadonlySet<string> = new Set(['disclosure', 'evaluation'] satisfies SubgraphName[]);

/** The pool of a subgraph or of the gateway, in the role that reaches its own schema alone. */
export const createOwnPool = (url: string, name: SubgraphName | 'gateway', log: Log): Pool =>
  createPool({
    url,
    role: `credit_${name}`,
    applicationName: name,
    max: POOL_SIZE,
    statementTimeoutMs: STATEMENT_DEADLINE_MS,
    plansOnce: planOnce.has(name),
    onIdleError: (error) => log.warn({ err: error, pool: name }, 'an idle database connection was lost'),
  });
