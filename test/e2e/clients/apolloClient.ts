import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { CHANGES, type Following, type Message, VARIABLES } from './changes.ts';
import { connectionOf, createResumingClient } from './graphqlWs.ts';

export function followByApolloClient({
  url,
  token,
  query = CHANGES,
  variables = VARIABLES,
  apply,
  ended,
}: Following): () => void {
  const socket = createResumingClient(connectionOf({ url, token }));
  // recipe: Apollo Client
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const changes = client.subscribe<NonNullable<Message['data']>>({
    query: gql(query),
    variables,
    fetchPolicy: 'no-cache', // a change is no object of a cache
    errorPolicy: 'all', // what was not answered is null with an error; without it the whole change would be
  });
  const subscription = changes.subscribe({
    next: ({ data, error }) => apply({ data: data ?? null, ...(error ? { errors: [error] } : null) }),
    error: ended,
    complete: () => ended(null),
  });
  // end of recipe
  return () => {
    subscription.unsubscribe();
    client.stop();
    void Promise.resolve(socket.dispose()).catch(() => {}); // a connection that fails meanwhile is waited for by nobody
  };
}
