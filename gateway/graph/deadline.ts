import type { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';

const DEADLINE_MS = 15_000;

/** For an operation of which nothing has run. */
const outOfTime = (): GraphQLError =>
  clientError('DEADLINE', `The operation could not be begun within ${DEADLINE_MS / 1000} s.`, { retryable: true });

/**
 * For one operation: aborts with the error to report when its time is over or its client has disconnected. Closed by
 * hand: `using` costs each operation 2 µs.
 */
export class Deadline {
  readonly #abort = new AbortController();
  readonly #passed = Promise.withResolvers<null>();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @param caller aborts when the client disconnects */
  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    this.#timer = setTimeout(this.stop, DEADLINE_MS);
    caller?.addEventListener('abort', this.stop, { once: true });
    if (caller?.aborted) this.stop();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when the time is over or the client has disconnected, and never rejects. */
  get passed(): Promise<null> {
    return this.#passed.promise;
  }

  readonly stop = (): void => {
    this.#abort.abort(outOfTime());
    this.#passed.resolve(null);
  };

  close(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.stop);
  }
}
