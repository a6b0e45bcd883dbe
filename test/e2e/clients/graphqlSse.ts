import { type Client, createClient } from 'graphql-sse';
import { CHANGES, type Following, type Message, VARIABLES } from './changes.ts';

// recipe: graphql-sse
/** A client of graphql-sse that comes back with its cursor, for one subscription: headers are asked for before each connection. */
export function createResumingClientOfEvents({ url, token }: Pick<Following, 'url' | 'token'>): Client {
  let cursor: string | undefined;
  const client = createClient({
    url,
    headers: () => ({
      ...(token() === null ? null : { authorization: `Bearer ${token()}`, 'x-purpose': 'SUPERVISION' }),
      ...(cursor === undefined ? null : { 'last-event-id': cursor }),
    }),
    retryAttempts: Infinity,
    retry: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 250 * 2 ** retries) * (0.5 + Math.random()))),
  });
  return {
    ...client,
    subscribe: (request, sink) =>
      client.subscribe(request, {
        ...sink,
        next(message) {
          sink.next(message as never);
          cursor = (message as Message).extensions?.cursor ?? cursor;
        },
      }),
  };
}
// end of recipe

export function followByGraphqlSse({
  url,
  token,
  query = CHANGES,
  variables = VARIABLES,
  apply,
  ended,
}: Following): () => void {
  const client = createResumingClientOfEvents({ url, token });
  const stop = client.subscribe(
    { query, variables },
    { next: (message) => apply(message as Message), error: ended, complete: () => ended(null) },
  );
  return () => {
    stop();
    client.dispose();
  };
}
