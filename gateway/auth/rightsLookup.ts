import type { Log } from '#kit/log.ts';
import type { Metrics } from '../metrics.ts';

/** What is looked up to decide who may do and see what. */
export type RightsSource = 'key set' | 'grants' | 'revoked tokens' | 'consents';

/**
 * Something that decides about rights could not be looked up. It says nothing about the token: the caller asks again (503), and is neither
 * refused nor let in.
 */
export class RightsLookupFailed extends Error {
  constructor(source: RightsSource, cause: unknown) {
    super(`The ${source} could not be looked up`, { cause });
    this.name = 'RightsLookupFailed';
  }
}

/** Runs a look-up. @throws RightsLookupFailed for whatever it fails with, once that is logged and counted */
export type RightsLookup = <Value>(source: RightsSource, find: () => Promise<Value>) => Promise<Value>;

export function createRightsLookup({ log, metrics }: { readonly log: Log; readonly metrics: Pick<Metrics, 'counter'> }): RightsLookup {
  const failures = metrics.counter('rights_lookup_failures_total', 'Look-ups of keys, grants, revoked tokens and consents that failed; each was answered with 503.');
  return async (source, find) => {
    try {
      return await find();
    } catch (error) {
      failures.add();
      log.error({ err: error, source }, 'rights could not be looked up');
      throw new RightsLookupFailed(source, error);
    }
  };
}
