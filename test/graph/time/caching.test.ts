import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { know } from '#test/support/registered.ts';

// The recipe of docs/CACHING.md, run with Apollo Client as the public.

let graph: TestGraph;
let recordTypes: string[];
beforeAll(async () => {
  graph = await startGraph();
  const { body } = await graph.query('PUBLIC', '{ __type(name: "CreditRecord") { possibleTypes { name } } }');
  const { __type: creditRecord } = body.data as { __type: { possibleTypes: { name: string }[] } };
  recordTypes = creditRecord.possibleTypes.map(({ name }) => name);
});
afterAll(() => graph[Symbol.asyncDispose]());

function createCache(): InMemoryCache {
  // recipe: Apollo Client
  const cache = new InMemoryCache({
    possibleTypes: { CreditRecord: recordTypes },
    typePolicies: {
      CreditFile: { keyFields: ['uscc', 'validAt', 'knownAt'] },
      CreditRecord: { keyFields: ['id', 'validAt', 'knownAt'] },
      Entity: { keyFields: false }, // as its parent describes it, which may be at other times than today
    },
  });
  // end of recipe
  return cache;
}

const clientOf = (cache: InMemoryCache): ApolloClient =>
  new ApolloClient({ link: new HttpLink({ uri: `${graph.url}/graphql` }), cache });

const FILE = gql`
  query File($uscc: USCC!, $knownAt: DateTime!) {
    creditFile(uscc: $uscc, knownAt: $knownAt) {
      uscc validAt knownAt
      nameListEntries(first: 10) { nodes { id validAt knownAt version grounds subject { uscc name } } }
    }
  }
`;
const RECORD = gql`
  query Record($id: ID!, $knownAt: DateTime!) {
    record(id: $id, knownAt: $knownAt) { id validAt knownAt ... on NameListEntry { version grounds } }
  }
`;

interface Entry {
  readonly id: string;
  readonly version: number;
  readonly grounds: string;
}
interface FileData {
  readonly creditFile: { readonly knownAt: string; readonly nameListEntries: { readonly nodes: readonly Entry[] } };
}

const stated = (data: FileData | null | undefined): unknown => [
  data?.creditFile.knownAt,
  data?.creditFile.nameListEntries.nodes.map(({ version, grounds }) => [version, grounds]),
];

const sealed = async (): Promise<string> => {
  await graph.gateway.sources.refresh();
  return graph.gateway.sources.sealed();
};

/** An entity with an entry that is corrected, and instants before and after the correction. */
async function correctedEntry(): Promise<{ uscc: string; instants: readonly [string, string] }> {
  const uscc = newEntity();
  await know(graph, uscc);
  await list(graph, { uscc, grounds: '更正前的事由' });
  const before = await sealed();
  await list(graph, { uscc, grounds: '更正后的事由' });
  return { uscc, instants: [before, await sealed()] };
}

const readAtBoth = async (cache: InMemoryCache): Promise<{ fetched: unknown[]; kept: unknown[]; asked: unknown[] }> => {
  const client = clientOf(cache);
  const { uscc, instants } = await correctedEntry();
  const fetched: unknown[] = [];
  for (const knownAt of instants)
    fetched.push(stated((await client.query<FileData>({ query: FILE, variables: { uscc, knownAt } })).data));
  // Both are read from the cache again, the later one written last.
  const kept = instants.map((knownAt) =>
    stated(client.readQuery<FileData>({ query: FILE, variables: { uscc, knownAt } })),
  );
  client.stop();
  return {
    fetched,
    kept,
    asked: [
      [instants[0], [[1, '更正前的事由']]],
      [instants[1], [[2, '更正后的事由']]],
    ],
  };
};

test('two files of one entity at two instants stay two files with two records in the cache', async () => {
  const { fetched, kept, asked } = await readAtBoth(createCache());
  expect([fetched, kept]).toEqual([asked, asked]);
});

test('without the recipe the later record would stand in the earlier file', async () => {
  const { fetched, kept, asked } = await readAtBoth(new InMemoryCache());
  expect(fetched).toEqual(asked);
  expect(kept).not.toEqual(asked);
});

test('an id that was given before a correction is good at both instants, each kept apart', async () => {
  const client = clientOf(createCache());
  const { uscc, instants } = await correctedEntry();
  const [before] = instants;
  const { data } = await client.query<FileData>({ query: FILE, variables: { uscc, knownAt: before } });
  const id = data?.creditFile.nameListEntries.nodes[0]?.id;
  const atBoth = async (fetchPolicy: 'network-only' | 'cache-only'): Promise<unknown[]> => {
    const found: unknown[] = [];
    for (const knownAt of instants) {
      const answer = await client.query<{ record: Entry }>({ query: RECORD, variables: { id, knownAt }, fetchPolicy });
      found.push([answer.data?.record.version, answer.data?.record.grounds]);
    }
    return found;
  };
  const both = [
    [1, '更正前的事由'],
    [2, '更正后的事由'],
  ];
  expect(await atBoth('network-only')).toEqual(both);
  expect(await atBoth('cache-only')).toEqual(both);
  client.stop();
});

test('a selection without one of the two times is an error of the client', async () => {
  const client = clientOf(createCache());
  const { uscc, instants } = await correctedEntry();
  const query = gql`
    query File($uscc: USCC!, $knownAt: DateTime!) {
      creditFile(uscc: $uscc, knownAt: $knownAt) { uscc validAt hasActiveSeriousListing }
    }
  `;
  await expect(client.query({ query, variables: { uscc, knownAt: instants[1] } })).rejects.toThrow('knownAt');
  client.stop();
});
