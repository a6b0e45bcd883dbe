import { startProxy, type TcpProxy } from '#test/faults/proxy.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { freePort, startProcess, type TestProcess } from '#test/support/processes.ts';
import { until } from '#test/support/until.ts';
import { followByApolloClient } from './apolloClient.ts';
import type { Following, Message } from './changes.ts';
import { followByEventSource } from './eventSource.ts';
import { followByGraphqlSse } from './graphqlSse.ts';
import { followByGraphqlWs } from './graphqlWs.ts';
import { followByUrqlOverEvents, followByUrqlOverWebSocket } from './urql.ts';

// The recipes of docs/PROTOCOL.md, run with the very clients: gateways are replaced behind one address, and one is
// killed.

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const LONG = 240_000;

const clients: readonly (readonly [name: string, follow: (following: Following) => () => void, hasToken: boolean])[] = [
  ['graphql-ws', followByGraphqlWs, true],
  ['Apollo Client', followByApolloClient, true],
  ['urql over graphql-ws', followByUrqlOverWebSocket, true],
  ['graphql-sse', followByGraphqlSse, true],
  ['urql over graphql-sse', followByUrqlOverEvents, true],
  ['EventSource', followByEventSource, false],
];

interface Followed {
  readonly name: string;
  readonly messages: Message[];
  readonly ends: unknown[];
  readonly stop: () => void;
}

let graph: TestGraph;
let proxy: TcpProxy;
beforeAll(async () => {
  graph = await startGraph(); // writes; nobody follows it
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});

const startGateway = async (): Promise<TestProcess & { readonly port: number }> => {
  const port = await freePort();
  const { dataDir } = graph.issuer;
  const started = await startProcess('gateway/main.ts', [], {
    DATABASE_URL: graph.database.url,
    DATA_DIR: dataDir,
    PORT: String(port),
    PASSPORT_KEYS: KEYS,
    CURSOR_KEYS: KEYS,
    DIGEST_KEYS: KEYS,
    LOG_LEVEL: 'warn',
  });
  return Object.assign(started, { port });
};

const eventsOf = ({ messages }: Followed) =>
  messages.flatMap(({ data }) =>
    data?.nameListChanges?.__typename === 'NameListChange' ? [data.nameListChanges] : [],
  );

test(
  'two gateways are replaced and one is killed: no client misses a change or its content',
  async () => {
    let current = await startGateway();
    proxy = await startProxy({ port: current.port });
    const url = `http://127.0.0.1:${proxy.port}/graphql`;
    const followed: Followed[] = clients.map(([name, follow, hasToken]) => {
      const messages: Message[] = [];
      const ends: unknown[] = [];
      const token = hasToken ? graph.tokenOf('NATIONAL_CENTRE') : null;
      return {
        name,
        messages,
        ends,
        stop: follow({
          url,
          token: () => token,
          apply: (message) => void messages.push(message),
          ended: (error) => void ends.push(error),
        }),
      };
    });
    await until('the first checkpoint of each', () => followed.every(({ messages }) => messages.length > 0), 60_000);

    const written: string[] = [];
    const write = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        const documentNo = `示监〔2026〕${written.length + 1}号`;
        await list(graph, { uscc: newEntity(), documentNo });
        written.push(documentNo);
      }
    };
    const haveAll = (): boolean =>
      followed.every((each) => new Set(eventsOf(each).map(({ documentNo }) => documentNo)).size === written.length);
    const hasEvery = (): Promise<unknown> => until('every change at every client', haveAll, 60_000);

    await write(3);
    await hasEvery();
    // The next is there before the last one goes; changes come all the while.
    for (let turn = 0; turn < 2; turn += 1) {
      const next = await startGateway();
      proxy.retarget({ port: next.port });
      const [stopped] = await Promise.all([current[Symbol.asyncDispose]().then(() => performance.now()), write(5)]);
      expect(stopped).toBeGreaterThan(0);
      current = next;
      await write(2);
      await hasEvery();
    }
    // Nobody is there for a while: connections are refused.
    await current.kill();
    await write(3);
    current = await startGateway();
    proxy.retarget({ port: current.port });
    await write(2);
    await hasEvery();
    // None has given up by itself.
    expect(followed.filter(({ ends }) => ends.length > 0)).toEqual([]);
    for (const { stop } of followed) stop();
    await current[Symbol.asyncDispose]();

    for (const each of followed) {
      const events = eventsOf(each);
      const first = [...new Map(events.map((event) => [event.id, event])).values()];
      expect([each.name, first.map(({ documentNo }) => documentNo)]).toEqual([each.name, written]);
      expect([each.name, events.filter(({ entry }) => !entry?.grounds)]).toEqual([each.name, []]);
      expect([each.name, each.messages.filter(({ errors }) => errors !== undefined)]).toEqual([each.name, []]);
    }
    console.log(
      followed
        .map((each) => `${each.name}: ${written.length} changes, ${eventsOf(each).length - written.length} repeated`)
        .join('\n'),
    );
  },
  LONG,
);
