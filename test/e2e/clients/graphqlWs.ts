import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CHANGES, type Following, type Message, VARIABLES } from './changes.ts';

// recipe: graphql-ws
/**
 * A client of graphql-ws that comes back with its cursor: it sends the same object again after each connection, so the
 * cursor is written into that object.
 */
export function createResumingClient(options: ClientOptions): Client {
  const client = createClient({
    retryAttempts: Infinity,
    // Without it a refused connection is fatal in Node, where it is an error without a close code.
    shouldRetry: () => true,
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 250 * 2 ** retries) * (0.5 + Math.random()))),
    ...options,
  });
  return {
    ...client,
    subscribe(payload, sink) {
      const variables: Record<string, unknown> = { ...payload.variables };
      return client.subscribe(
        { ...payload, variables },
        {
          ...sink,
          next(message) {
            sink.next(message as never);
            // When it has been applied, not before: what was not comes again.
            const { cursor } = (message as Message).extensions ?? {};
            if (cursor !== undefined) variables['after'] = cursor;
          },
        },
      );
    },
  };
}
// end of recipe

/** @returns stops following */
export function followByGraphqlWs({
  url,
  token,
  query = CHANGES,
  variables = VARIABLES,
  apply,
  ended,
}: Following): () => void {
  const client = createResumingClient(connectionOf({ url, token }));
  const stop = client.subscribe(
    { query, variables },
    { next: (message) => apply(message as Message), error: ended, complete: () => ended(null) },
  );
  return () => {
    stop();
    void Promise.resolve(client.dispose()).catch(() => {}); // a connection that fails meanwhile is waited for by nobody
  };
}

export const connectionOf = ({ url, token }: Pick<Following, 'url' | 'token'>): ClientOptions => ({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: () => (token() === null ? {} : { authorization: `Bearer ${token()}`, 'x-purpose': 'SUPERVISION' }),
});
