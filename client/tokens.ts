import { Passing } from './failure.ts';

/** Returns the token to call with, or null for the public. It is called before each connection. */
export type TokenSource = () => string | null | Promise<string | null>;

/** The tokens that one caller sends to one gateway. */
export interface Tokens {
  /**
   * Asks the source for a token.
   * @throws Passing when the source fails; ChangesError (UNAUTHENTICATED) when it returns the refused token again
   */
  next(): Promise<string | null>;
  /** Notes that the gateway took a token. */
  accepted(): void;
  /**
   * Notes that the gateway refused a token, and returns the error to throw: `failure` itself, after which the source is
   * asked again, or for a second refusal in a row its cause, a ChangesError (UNAUTHENTICATED).
   */
  refused(token: string | null, failure: Passing): unknown;
}

/** Creates the tokens of a caller. After a refused token the source is asked again, and not more than once. */
export function createTokens(source: TokenSource): Tokens {
  let refused: { readonly token: string | null; readonly error: unknown } | null = null;
  return {
    async next() {
      let token: string | null;
      try {
        token = await source();
      } catch (error) {
        throw new Passing(`There is no token: ${String((error as Error | undefined)?.message ?? error)}`, {
          cause: error,
        });
      }
      if (refused && token === refused.token) throw refused.error;
      return token;
    },
    accepted() {
      refused = null;
    },
    refused(token, failure) {
      if (refused) return failure.cause;
      refused = { token, error: failure.cause };
      return failure;
    },
  };
}
