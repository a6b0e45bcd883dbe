import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createDrain } from './drain.ts';

// The keep-alive time is an hour and so is the deadline in most tests: an end that waits for them would exceed the time
// of a test.
const NEVER_MS = 3_600_000;
const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

interface Served {
  readonly server: Server;
  readonly port: number;
  /** Begins to close. */
  leave(): Promise<unknown>;
  /** The next request that arrives, to be answered by the test. */
  arrived(): Promise<ServerResponse>;
}

async function serve(deadlineMs = NEVER_MS): Promise<Served> {
  const server = createServer();
  server.keepAliveTimeout = NEVER_MS;
  const drain = createDrain(server, deadlineMs);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.closeAllConnections());
  return {
    server,
    port: (server.address() as AddressInfo).port,
    leave() {
      const closed = once(server, 'close');
      server.close();
      drain();
      return closed;
    },
    arrived: async () => (await once(server, 'request'))[1] as ServerResponse,
  };
}

const agent = (): Agent => {
  const created = new Agent({ keepAlive: true });
  closers.push(() => created.destroy());
  return created;
};
const ask = (port: number, by: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get({ host: '127.0.0.1', port, agent: by }, resolve).once('error', reject));
const textOf = async (message: IncomingMessage): Promise<string> => Buffer.concat(await message.toArray()).toString();

test('what is in flight is answered, told that its connection ends, and not waited for any longer', async () => {
  const { port, leave, arrived } = await serve();
  const asked = ask(port, agent());
  const response = await arrived();
  const closed = leave();
  response.end('whole');
  const answer = await asked;
  expect({ text: await textOf(answer), connection: answer.headers.connection }).toEqual({
    text: 'whole',
    connection: 'close',
  });
  await closed;
});

test('an answer that had begun before ends whole, and its connection with it', async () => {
  const { port, leave, arrived } = await serve();
  const asked = ask(port, agent());
  const response = await arrived();
  response.writeHead(200).write('half ');
  const answer = await asked;
  const closed = leave();
  response.end('and half');
  expect(await textOf(answer)).toBe('half and half');
  await closed;
});

test('who has not asked anything, and who is idle, is not waited for', async () => {
  const { port, server, leave, arrived } = await serve();
  const opened = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  await opened;
  const asked = ask(port, agent());
  (await arrived()).end('once');
  await textOf(await asked);
  const cut = once(socket, 'close');
  await leave();
  await cut;
});

test('what has not ended by the deadline is cut', async () => {
  const { port, leave, arrived } = await serve(20);
  const asked = ask(port, agent());
  await arrived();
  const refused = expect(asked).rejects.toThrow('socket hang up');
  await leave();
  await refused;
});
