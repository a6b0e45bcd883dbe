import { Client, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-sse';
import { CHANGES, type Following, type Message, VARIABLES } from './changes.ts';
import { createResumingClientOfEvents } from './graphqlSse.ts';
import { connectionOf, createResumingClient } from './graphqlWs.ts';

type Subscriber = Pick<ReturnType<typeof createClient>, 'subscribe' | 'dispose'>;

export const followByUrqlOverWebSocket = (following: Following): (() => void) =>
  follow(following, createResumingClient(connectionOf(following)) as Subscriber);
export const followByUrqlOverEvents = (following: Following): (() => void) =>
  follow(following, createResumingClientOfEvents(following));

function follow({ url, apply, ended }: Following, transport: Subscriber): () => void {
  // recipe: urql
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: (sink) => ({
            unsubscribe: transport.subscribe({ query, variables: { ...variables } }, sink as never),
          }),
        }),
      }),
    ],
  });
  const { unsubscribe } = client
    .subscription(CHANGES, VARIABLES)
    .subscribe(({ data, error, extensions }) =>
      data
        ? apply({ data, ...(error ? { errors: [error] } : null), ...(extensions ? { extensions } : null) } as Message)
        : ended(error),
    );
  // end of recipe
  return () => {
    unsubscribe();
    void transport.dispose();
  };
}
