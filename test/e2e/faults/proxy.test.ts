import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startProxy, type TcpProxy } from '#test/faults/proxy.ts';

// What faults are made with has to do what it says, or a fault that passes proves nothing.

let upstream: ReturnType<typeof createServer>;
let proxy: TcpProxy;
let accepted: Socket[];
/** What the server has read, of all connections. */
let read: string;

beforeEach(async () => {
  accepted = [];
  read = '';
  upstream = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => (read += String(chunk)));
    socket.pipe(socket); // what comes is answered
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  proxy = await startProxy({ port: (upstream.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const socket of accepted) socket.destroy();
  upstream.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let back = '';
  while (back.length < text.length) back += String((await once(socket, 'data'))[0]);
  return back;
}

const outcome = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
  });

test('pass: bytes go both ways, and connections and bytes are counted', async () => {
  const one = await open();
  const other = await open();
  expect([await echo(one, 'first'), await echo(other, 'second')]).toEqual(['first', 'second']);
  expect({ attempts: proxy.attempts, open: proxy.open, bytes: proxy.bytes }).toEqual({
    attempts: 2,
    open: 2,
    bytes: 22,
  });
  one.destroy();
  other.destroy();
});

test('refuse: a new connection is reset and counted, and one that stands goes on', async () => {
  const connected = await open();
  await echo(connected, 'before');
  proxy.set({ kind: 'refuse' });
  const refused = connect(proxy.port, '127.0.0.1');
  expect(await outcome(refused)).toBe('ECONNRESET');
  expect(await echo(connected, 'still')).toBe('still');
  expect(proxy.attempts).toBe(2);
  connected.destroy();
});

test('blackhole: nothing passes or is reset, on any connection, and what waited passes afterwards', async () => {
  const connected = await open();
  await echo(connected, 'before');
  proxy.set({ kind: 'blackhole' });
  const passed = proxy.bytes;
  const late = await open();
  const answers = [echo(connected, 'held'), echo(late, 'kept')];
  const answered = Promise.race(answers);
  // As long as a byte that passes would need, many times over.
  const round = await startProxy({ port: (upstream.address() as AddressInfo).port });
  const other = connect(round.port, '127.0.0.1');
  for (let turn = 0; turn < 20; turn += 1) await echo(other, 'elsewhere');
  expect(await Promise.race([answered, Promise.resolve('nothing')])).toBe('nothing');
  expect({ bytes: proxy.bytes, upstream: accepted.length }).toEqual({ bytes: passed, upstream: 2 });
  proxy.set({ kind: 'pass' });
  expect(await Promise.all(answers)).toEqual(['held', 'kept']);
  for (const socket of [connected, late, other]) socket.destroy();
  await round[Symbol.asyncDispose]();
});

test('delay and throttle: bytes come late, and all of them in order', async () => {
  const socket = await open();
  proxy.set({ kind: 'delay', ms: 60 });
  const at = performance.now();
  expect(await echo(socket, 'late')).toBe('late');
  expect(performance.now() - at).toBeGreaterThanOrEqual(110); // both ways
  proxy.set({ kind: 'throttle', bytesPerSecond: 100 });
  const text = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const then = performance.now();
  expect(await echo(socket, text)).toBe(text);
  expect(performance.now() - then).toBeGreaterThanOrEqual(300); // 36 bytes by ten
  socket.destroy();
});

test('corrupt: each n-th byte of answers becomes NUL, and what is asked arrives as it was', async () => {
  const socket = await open();
  proxy.set({ kind: 'corrupt', every: 3 });
  expect(await echo(socket, 'abcdef')).toBe('ab\0de\0');
  expect(read).toBe('abcdef');
  socket.destroy();
});

test('half-close: the client hears the end and may go on sending; reset: both sides hear a reset', async () => {
  const half = await open();
  await echo(half, 'x');
  const end = outcome(half);
  half.resume();
  proxy.halfClose();
  expect(await end).toBe('end');
  const arrived = once(accepted[0] as Socket, 'data');
  half.write('more');
  await arrived;
  expect(read).toBe('xmore');
  half.destroy();

  const whole = await open();
  await echo(whole, 'x');
  const ends = [
    outcome(whole),
    new Promise((resolve) =>
      (accepted[1] as Socket).once('error', (error: NodeJS.ErrnoException) => resolve(error.code)),
    ),
  ];
  proxy.reset();
  expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
});

test('retarget: new connections go elsewhere, also to a Unix socket; one that finds nobody is reset', async () => {
  const elsewhere = createServer((socket) => socket.end('elsewhere'));
  const path = `\0credit-graph-proxy-${process.pid}`;
  elsewhere.listen(path);
  await once(elsewhere, 'listening');
  proxy.retarget({ path });
  const socket = await open();
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('elsewhere');
  socket.destroy();
  elsewhere.close();
  proxy.retarget({ port: 1 });
  const nobody = connect(proxy.port, '127.0.0.1');
  expect(await outcome(nobody)).toBe('ECONNRESET');
});
