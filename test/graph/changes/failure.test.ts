import { parseConfig } from '#kit/config.ts';
import { silentLog } from '#kit/log.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { serveSubgraph, type SubgraphServer } from '#records/subgraphServer.ts';
import { definitions } from '#subgraphs/definitions.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { openDatabase, type Database } from '#test/support/database.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { freePort } from '#test/support/processes.ts';
import { followByWebSocket } from '#test/support/streams.ts';

// PROTOCOL.md P10: what is unknown is not shown as clean. The subgraphs are servers of their own, that are taken away
// and come back.

const keys = [{ id: 'test', secret: Buffer.alloc(32, 7) }] as const;
const PURPOSE = 'SUPERVISION';

let database: Database;
let writer: TestGraph;
let gateway: Gateway;
/** Each subgraph comes back at the port that it had. */
const ports = new Map<string, number>();
const servers = new Map<string, AsyncDisposable>();

async function serve(name: string): Promise<void> {
  const definition = definitions.find((each) => each.name === name);
  if (!definition) throw new Error(`no subgraph ${name}`);
  const subgraph = createSubgraph(definition, {
    pool: createPool({
      url: database.url,
      role: `credit_${name}`,
      applicationName: name,
      max: 4,
      statementTimeoutMs: 5000,
    }),
    cursorKeys: keys,
    digestKeys: keys,
    log: silentLog,
    now: () => new Date(),
  });
  const server: SubgraphServer = await serveSubgraph(subgraph, {
    host: '127.0.0.1',
    port: ports.get(name) as number, // given to each before it is served
    passportKeys: keys,
    log: silentLog,
    now: () => new Date(),
  });
  servers.set(name, {
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await subgraph[Symbol.asyncDispose]();
    },
  });
}
async function take(name: string): Promise<void> {
  await servers.get(name)?.[Symbol.asyncDispose]();
  servers.delete(name);
}

beforeAll(async () => {
  database = await openDatabase();
  writer = await startGraph({ database });
  for (const name of ['entity', 'namelist'] as const) {
    ports.set(name, await freePort());
    await serve(name);
  }
  const base = parseConfig({ DATA_DIR: writer.issuer.dataDir, PORT: '0', LOG_LEVEL: 'silent' });
  gateway = await createGateway({
    config: {
      ...base,
      passportKeys: keys,
      cursorKeys: keys,
      digestKeys: keys,
      remoteSubgraphs: {
        entity: `http://127.0.0.1:${ports.get('entity')}/graphql`,
        namelist: `http://127.0.0.1:${ports.get('namelist')}/graphql`,
      },
    },
    databaseUrl: database.url,
    subgraphs: definitions,
    log: silentLog,
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
  await writer[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const STREAM = `subscription {
  nameListChanges(filter: {}) {
    __typename
    ... on NameListChange { kind subject { uscc name } entry { grounds } }
    ... on Checkpoint { lagSeconds }
  }
}`;
type Event = Record<string, unknown> & { __typename: string; lagSeconds?: number };
const eventOf = (message: { data?: Record<string, unknown> | null }) => message.data?.['nameListChanges'] as Event;

test('while the source of the records is down events wait, the lag shows it, and all come in order', async () => {
  await using stream = await followByWebSocket(gateway.url, null, STREAM, { purpose: PURPOSE });
  await stream.next();
  await take('namelist');
  const codes = [newEntity(), newEntity()];
  await list(writer, { uscc: codes[0] as string });
  await list(writer, { uscc: codes[1] as string });
  await numbered(writer);
  // Nothing but checkpoints: their lag grows.
  const checkpoint = eventOf(await stream.next());
  expect(checkpoint).toEqual({ __typename: 'Checkpoint', lagSeconds: expect.any(Number) });
  expect(checkpoint.lagSeconds).toBeGreaterThan(0);
  await serve('namelist');
  for (const uscc of codes) {
    const message = await stream.event();
    expect({ event: eventOf(message), errors: message.errors }).toEqual({
      event: {
        __typename: 'NameListChange',
        kind: 'ADDED',
        subject: { uscc, name: null },
        entry: { grounds: '示例事由' },
      },
      errors: undefined,
    });
  }
}, 60_000);

test('while only another source is down events come after seconds, with an error for each field', async () => {
  await using stream = await followByWebSocket(gateway.url, null, STREAM, { purpose: PURPOSE });
  await stream.next();
  await take('entity');
  const uscc = newEntity();
  await list(writer, { uscc });
  const { data, errors, extensions } = await stream.event();
  await serve('entity');
  expect({
    data,
    errors: errors?.map(({ path, extensions: { code } }) => ({ path, code })),
    completeness: extensions?.['completeness'],
  }).toEqual({
    data: {
      nameListChanges: {
        __typename: 'NameListChange',
        kind: 'ADDED',
        subject: { uscc, name: null },
        entry: { grounds: '示例事由' },
      },
    },
    errors: [{ path: ['nameListChanges', 'subject', 'name'], code: 'SUBGRAPH_UNAVAILABLE' }],
    completeness: { status: 'PARTIAL', missing: [{ source: 'entity', paths: expect.any(Array) }] },
  });
}, 60_000);
