import { join } from 'node:path';
import type { Pool } from '#kit/postgres/pool.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticator.ts';
import { createKeySet, type KeySet } from './auth/keySet.ts';
import { createRightsLookup, type RightsLookup } from './auth/rightsLookup.ts';
import { ListeningGrantStore } from './grants/store.ts';
import { countRightsFailures, measureKeySet } from './metrics.ts';
import type { Repositories, Wiring } from './wiring.ts';

export interface WiredRights {
  readonly grants: ListeningGrantStore;
  readonly keySet: KeySet;
  readonly lookUp: RightsLookup;
  readonly authenticator: Authenticator;
}

/** Who callers are and what they may do: grants, the issuer's keys, and tokens. */
export async function wireRights(wiring: Wiring, pool: Pool, repositories: Repositories): Promise<WiredRights> {
  const { options, config, databaseUrl, log, now, metrics, stack } = wiring;
  const operator = options.bootstrapOperator ?? null;
  if (operator !== null && (await repositories.grants.bootstrap(operator, 'OPERATOR')))
    log.warn({ operator }, 'nobody was operator: this organisation is now');
  const grants = stack.use(new ListeningGrantStore(pool, databaseUrl, log));
  await grants.listen();

  const failures = countRightsFailures(metrics);
  const lookUp = createRightsLookup({ log, failures });
  const location = config.jwksUrl ?? join(config.dataDir, 'issuer', 'jwks.json');
  const keySet = stack.use(createKeySet({ location, times: config.keySetTimes, now, log, failures }));
  measureKeySet(metrics, keySet);
  const authenticator = createAuthenticator({
    keySet,
    lookUp,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    grants,
    now,
  });
  return { grants, keySet, lookUp, authenticator };
}
