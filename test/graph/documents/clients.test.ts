import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange, mapExchange } from '@urql/core';
import { type DocumentNode, getOperationAST, parse } from 'graphql';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { createApi } from '#cli/api.ts';
import { documentsOf } from '#cli/documents.ts';
import { followNameLists, readNameListChanges } from '#client/changes.ts';
import { manifestOf } from '#client/documents.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { composeUscc } from '#standards/uscc.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { operatorsOf, sha256 } from '#test/support/trusted.ts';

// Public clients, as they are, at a gateway that answers published documents alone. The manifests are those that
// Apollo's `generate-persisted-query-manifest` 1.4.0 and codegen's client preset 6.2.0 wrote of the same three
// operations.

interface ApolloManifest {
  readonly operations: readonly { readonly id: string; readonly name: string; readonly body: string }[];
}
const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');
const manifest = JSON.parse(read('apolloManifest.json')) as ApolloManifest;
const persistedDocuments = JSON.parse(read('codegenManifest.json')) as Record<string, string>;
const idOf = (name: string): string => manifest.operations.find((each) => each.name === name)?.id ?? '';
const codegenIdOf = (name: string): string =>
  Object.keys(persistedDocuments).find((id) => persistedDocuments[id]?.includes(name)) ?? '';

/** As an application has them in its source, from which the manifest was made. */
const LIST_TYPES = gql`
  query ListTypes { nameListTypes { ...ListTypeFields } }
  fragment ListTypeFields on NameListType { code name category }
`;

let open: TestGraph;
let graph: TestGraph;
beforeAll(async () => {
  open = await startGraph();
  const { publish } = operatorsOf(open);
  await publish('PUBLIC', documentsOf(read('apolloManifest.json'), 'apolloManifest.json'));
  await publish('PUBLIC', documentsOf(read('codegenManifest.json'), 'codegenManifest.json'));
  graph = await startGraph({ database: open.database, documents: 'trusted', notifies: false });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
});

/** Fetches, and keeps what was sent. */
function recording(): {
  readonly sent: {
    readonly method: string;
    readonly body: Record<string, unknown> | null;
    readonly url: string;
    readonly status: number;
  }[];
  readonly fetch: typeof fetch;
} {
  const sent: ReturnType<typeof recording>['sent'] = [];
  return {
    sent,
    fetch: async (input, request) => {
      const response = await fetch(input, request);
      const body = typeof request?.body === 'string' ? (JSON.parse(request.body) as Record<string, unknown>) : null;
      sent.push({ method: request?.method ?? 'GET', body, url: String(input), status: response.status });
      return response;
    },
  };
}

function createApolloClient(uri: string, network: typeof fetch): ApolloClient {
  // recipe: Apollo Client
  const ids = new Map(manifest.operations.map(({ name, id }) => [name, id]));
  const byId = createPersistedQueryLink({
    generateHash: (document: DocumentNode) => ids.get(getOperationAST(document)?.name?.value ?? '') ?? '',
  });
  // The link puts the id where automatic persisted queries have it; this gateway takes it where GraphQL over HTTP has
  // it.
  const asDocumentId: typeof fetch = (address, request) => {
    const { extensions, ...body } = JSON.parse(String(request?.body));
    const id = extensions?.persistedQuery?.sha256Hash;
    return network(address, {
      ...request,
      body: JSON.stringify(id === undefined ? { ...body, extensions } : { ...body, documentId: id }),
    });
  };
  return new ApolloClient({
    link: byId.concat(new HttpLink({ uri, fetch: asDocumentId })),
    cache: new InMemoryCache(),
  });
  // end of recipe
}

test('Apollo Client with its persisted queries link sends ids of Apollo’s manifest, each once', async () => {
  const { sent, fetch: network } = recording();
  const client = createApolloClient(`${graph.url}/graphql`, network);
  const { data } = await client.query<{ nameListTypes: { code: string; category: string; __typename: string }[] }>({
    query: LIST_TYPES,
  });
  expect(data?.nameListTypes.find(({ code }) => code === 'SAMR_SERIOUS')).toEqual({
    __typename: 'NameListType',
    code: 'SAMR_SERIOUS',
    name: expect.any(String),
    category: 'SERIOUS',
  });
  expect(sent).toEqual([
    {
      method: 'POST',
      url: `${graph.url}/graphql`,
      status: 200,
      body: { operationName: 'ListTypes', variables: {}, documentId: idOf('ListTypes') },
    },
  ]);
  await expect(client.query({ query: gql`query Unknown { purposes { code } }` })).rejects.toThrow(
    'is no id of a document',
  );
  client.stop();
});

test('Apollo Client’s link alone learns that nothing is persisted by sending, and sends the text', async () => {
  const { sent, fetch: network } = recording();
  const link = createPersistedQueryLink({ sha256 }).concat(
    new HttpLink({ uri: `${graph.url}/graphql`, fetch: network }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const ENTITY = gql`query EntityName($uscc: USCC!) { entity(uscc: $uscc) { uscc name } }`;
  const { data } = await client.query<{ entity: unknown }>({
    query: ENTITY,
    variables: { uscc: composeUscc('91330106', 'MA9EEE01') },
    errorPolicy: 'all',
  });
  expect(data).toEqual({ entity: null });
  expect(
    sent.map(({ status, body }) => [
      status,
      typeof body?.['query'],
      (body?.['extensions'] as { persistedQuery?: unknown } | undefined)?.persistedQuery,
    ]),
  ).toEqual([
    [400, 'undefined', { version: 1, sha256Hash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    [200, 'string', undefined],
  ]);
  client.stop();
});

function createUrqlClient(url: string, network: typeof fetch, preferGetMethod: boolean): Client {
  // recipe: urql
  const byId = mapExchange({
    onOperation: (operation) => {
      const { hash } = (operation.query as { __meta__?: { hash?: string } }).__meta__ ?? {};
      return hash === undefined
        ? operation
        : { ...operation, query: { ...operation.query, definitions: [], documentId: hash } };
    },
  });
  return new Client({ url, preferGetMethod, fetch: network, exchanges: [byId, fetchExchange] });
  // end of recipe
}

test.each([false, true])(
  'urql sends ids of codegen’s persisted-documents.json (by GET: %s)',
  async (preferGetMethod) => {
    const { sent, fetch: network } = recording();
    const client = createUrqlClient(`${graph.url}/graphql`, network, preferGetMethod);
    // What codegen writes into the application: the document, and its id beside it.
    const document = Object.assign(parse(persistedDocuments[codegenIdOf('ListTypes')] ?? ''), {
      __meta__: { hash: codegenIdOf('ListTypes') },
    });
    const { data, error } = await client.query<{ nameListTypes: unknown[] }>(document, {}).toPromise();
    expect(error).toBeUndefined();
    expect(data?.nameListTypes.length).toBeGreaterThan(3);
    expect(sent).toHaveLength(1);
    if (preferGetMethod)
      expect(new URL(sent[0]?.url ?? '').searchParams.get('documentId')).toBe(codegenIdOf('ListTypes'));
    else expect(sent[0]?.body).toEqual({ documentId: codegenIdOf('ListTypes'), variables: {} });
  },
);

test('graphql-ws and graphql-sse follow by an id', async () => {
  // recipe: graphql-ws and graphql-sse
  const payload = { query: '', documentId: idOf('FollowNameLists'), variables: { filter: {} } }; // graphql-ws wants a `query`: an empty one is none
  // end of recipe
  const socket = createSocketClient({ url: `${graph.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  const events = createEventClient({ url: `${graph.url}/graphql` });
  for (const client of [socket, events]) {
    const { value } = (await client.iterate(payload).next()) as {
      value: { data: { nameListChanges: { __typename: string } } };
    };
    expect(value.data.nameListChanges.__typename).toBe('Checkpoint');
  }
  await socket.dispose();
  events.dispose();
});

test('the command line sends ids', async () => {
  const api = createApi({ url: graph.url, token: () => null });
  const answer = await api.query({ id: codegenIdOf('ListTypes') });
  expect(answer.data).toMatchObject({
    nameListTypes: expect.arrayContaining([expect.objectContaining({ name: expect.any(String) })]),
  });
  expect((await api.query({ id: 'nothing' })).errors?.[0]?.extensions?.['code']).toBe('DOCUMENT_NOT_FOUND');
});

test('the client package follows by ids, once what it asks is published, and says so when it is not', async () => {
  const options = { url: graph.url, sends: 'id', filter: {}, fields: 'kind recordId' } as const;
  await expect(readNameListChanges(options).next()).rejects.toMatchObject({
    code: 'BAD_INPUT',
    errors: [{ extensions: { code: 'DOCUMENT_NOT_FOUND' } }],
  });
  const { publish } = operatorsOf(open);
  await publish('PUBLIC', documentsOf(JSON.stringify(manifestOf('NAME_LIST', options.fields)), 'client'));
  await graph.gateway.trusted.refresh();
  await list(open, { uscc: newEntity() });
  await numbered(open);
  const page = await readNameListChanges(options).next();
  expect(page.value).toMatchObject({ changes: [{ change: { kind: 'ADDED' } }] });
  const ended = new AbortController();
  const followed = followNameLists({ ...options, from: null, signal: ended.signal, onCheckpoint: () => ended.abort() });
  // The first checkpoint has come: it is followed.
  expect(await followed.next()).toEqual({ done: true, value: undefined });
  await expect(readNameListChanges({ ...options, sends: 'text', fields: 'kind' }).next()).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }],
  });
});
