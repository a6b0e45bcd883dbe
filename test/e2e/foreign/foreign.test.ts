import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { askGateway } from '#test/support/graph.ts';
import { startProcess, type TestProcess } from '#test/support/processes.ts';

// `npm run gateway -- --supergraph FILE --dangerously-no-policy`: a supergraph that is none of ours, of two subgraphs
// by Apollo's library behind an HTTP server that is none of ours.

const products = {
  typeDefs: parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Query { products: [Product!]! }
    type Product @key(fields: "id") { id: ID! name: String! }`),
  resolvers: {
    Query: {
      products: () => [
        { id: '1', name: 'Lamp' },
        { id: '2', name: 'Chair' },
      ],
    },
  },
};
const stock = {
  typeDefs: parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Product @key(fields: "id") { id: ID! pieces: Int secret: String }`),
  resolvers: {
    Product: {
      __resolveReference: ({ id }: { id: string }) => ({ id, pieces: Number(id) * 10, secret: `of ${id}` }),
    },
  },
};

const stack = new AsyncDisposableStack();
const seen: IncomingHttpHeaders[] = [];
let directory: string;
let file: string;
let gateway: TestProcess;

async function serve({
  typeDefs,
  resolvers,
}: {
  typeDefs: ReturnType<typeof parse>;
  resolvers: object;
}): Promise<string> {
  const handle = createHandler({ schema: buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]) });
  const server = createServer((request, response) => {
    seen.push(request.headers);
    void handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}
const start = (...args: readonly string[]): Promise<TestProcess> =>
  startProcess('gateway/main.ts', args, { PORT: '0', DATA_DIR: directory, PLANNERS: '1' });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credit-graph-foreign-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { supergraphSdl } = composeServices([
    { name: 'products', url: await serve(products), typeDefs: products.typeDefs },
    { name: 'stock', url: await serve(stock), typeDefs: stock.typeDefs },
  ]);
  file = join(directory, 'supergraph.graphql');
  await writeFile(file, supergraphSdl ?? '');
  gateway = stack.use(await start('--supergraph', file, '--dangerously-no-policy'));
}, 120_000);
afterAll(() => stack.disposeAsync());

const ALL = '{ products { id name pieces secret } }';
const all = {
  data: {
    products: [
      { id: '1', name: 'Lamp', pieces: 10, secret: 'of 1' },
      { id: '2', name: 'Chair', pieces: 20, secret: 'of 2' },
    ],
  },
};

test('it serves all of a foreign supergraph to every caller, without a token', async () => {
  const { status, body } = await askGateway(gateway.url, null, ALL);
  expect({ status, body }).toEqual({ status: 200, body: all });
  expect((await askGateway(gateway.url, null, '{ __schema { queryType { fields { name } } } }')).body).toEqual({
    data: { __schema: { queryType: { fields: [{ name: 'products' }] } } },
  });
});

test('a token is not looked at, and does not go on to the subgraphs', async () => {
  seen.length = 0;
  const { status, body } = await askGateway(gateway.url, 'no token of anybody', ALL);
  expect({ status, body }).toEqual({ status: 200, body: all });
  expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test('what is no operation of that graph is refused in words as of ours', async () => {
  const { status, body } = await askGateway(gateway.url, null, '{ products { price } }');
  expect({ status, errors: body.errors }).toEqual({
    status: 400,
    errors: [
      {
        message: 'Cannot query field "price" on type "Product".',
        locations: [{ line: 1, column: 14 }],
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ],
  });
});

test('it says loudly, before it is ready, that there is no policy', () => {
  const lines = gateway
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: number; msg: string; supergraph?: string });
  const loud = lines.findIndex(({ msg }) => msg.startsWith('THERE IS NO POLICY HERE'));
  const ready = lines.findIndex(({ msg }) => msg === 'the gateway is ready');
  expect(lines[loud]).toMatchObject({
    level: 40,
    msg:
      'THERE IS NO POLICY HERE: whoever reaches this address is given everything that the subgraphs ' +
      'give (--dangerously-no-policy)',
    supergraph: file,
  });
  expect([loud >= 0, loud < ready]).toEqual([true, true]);
});

test.each<[string, () => string[], string]>([
  [
    'without the flag',
    () => ['--supergraph', file],
    'ended with 1 before it was ready:\nAnother supergraph has no policy here: say ' +
      '--dangerously-no-policy to serve it without one.\n',
  ],
  [
    'a file that is not there',
    () => ['--supergraph', join(directory, 'none.graphql'), '--dangerously-no-policy'],
    'ENOENT: no such file or directory',
  ],
])('%s it does not start, and says why', async (_, args, message) => {
  await expect(start(...args())).rejects.toThrow(message);
});
