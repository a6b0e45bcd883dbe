import type { Log } from '#kit/log.ts';

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

/** Runs a look-up. @throws RightsLookupFailed by its promise, for whatever it fails with, once that is logged and counted */
export type RightsLookup = <Value>(source: RightsSource, find: () => Value | Promise<Value>) => Value | Promise<Value>;

/** @param options.failures counts those that failed */
export function createRightsLookup({ log, failures }: { readonly log: Log; readonly failures: { add(): void } }): RightsLookup {
  const fail = (source: RightsSource, error: unknown): Promise<never> => {
    failures.add();
    log.error({ err: error, source }, 'rights could not be looked up');
    return Promise.reject(new RightsLookupFailed(source, error));
  };
  return <Value>(source: RightsSource, find: () => Value | Promise<Value>) => {
    try {
      const found = find();
      return found instanceof Promise ? found.catch((error: unknown) => fail(source, error)) : found;
    } catch (error) {
      return fail(source, error);
    }
  };
}
