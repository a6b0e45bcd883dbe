import type { Log } from '#kit/log.ts';
import { createPool, type Pool } from './pool.ts';

const POOL_SIZE = 10;
const STATEMENT_DEADLINE_MS = 5000;

/** Creates the pool of a subgraph or of the gateway, in the role that reaches its own schema alone. */
export const createOwnPool = (url: string, name: string, log: Log): Pool =>
  createPool({
    url,
    role: `credit_${name}`,
    applicationName: name,
    max: POOL_SIZE,
    statementTimeoutMs: STATEMENT_DEADLINE_MS,
    onIdleError: (error) => log.warn({ err: error, pool: name }, 'an idle database connection was lost'),
  });
