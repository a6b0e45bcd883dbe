import type { Log } from '#kit/log.ts';
import { createOutages } from '#kit/outage.ts';

/** What is looked up to decide about rights. */
export type RightsSource = 'key set' | 'grants' | 'revoked tokens' | 'consents';

/**
 * A look-up that decides about rights has failed. This proves nothing about the token: the caller retries (503), and is
 * neither refused nor let in.
 */
export class RightsLookupFailed extends Error {
  constructor(source: RightsSource, cause: unknown) {
    super(`The ${source} could not be looked up`, { cause });
    this.name = 'RightsLookupFailed';
  }
}

/**
 * Runs a look-up. @throws RightsLookupFailed by its promise, whatever the failure, after it is counted; an outage is
 * logged once
 */
export type RightsLookup = <Value>(source: RightsSource, find: () => Value | Promise<Value>) => Value | Promise<Value>;

/** @param options.failures counts failed look-ups */
export function createRightsLookup({
  log,
  failures,
}: {
  readonly log: Log;
  readonly failures: { add(): void };
}): RightsLookup {
  const outages = createOutages<RightsSource>('source', {
    log,
    level: 'error',
    began: 'rights could not be looked up',
    over: 'rights can be looked up again',
  });
  const fail = (source: RightsSource, error: unknown): Promise<never> => {
    failures.add();
    outages.failed(source, error);
    return Promise.reject(new RightsLookupFailed(source, error));
  };
  return <Value>(source: RightsSource, find: () => Value | Promise<Value>) => {
    try {
      const found = find();
      if (!(found instanceof Promise)) return found; // from a cache: no sign that the source answers now
      return found.then(
        (value) => {
          outages.succeeded(source);
          return value;
        },
        (error: unknown) => fail(source, error),
      );
    } catch (error) {
      return fail(source, error);
    }
  };
}
