import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { accepts, answers, hangs, type Receiver, startReceiver } from '#test/support/receivers.ts';
import { exchange } from './exchange.ts';
import { createWebhookTargets, isPublicAddress, type WebhookTargetKind, type WebhookTargetOptions } from './targets.ts';

// docs/PROTOCOL.md P20: one notice to one receiver, whatever the receiver does.

const headers = { 'content-type': 'application/json', 'webhook-id': 'one' };
const body = '{"type":"nameListChanges"}';
const send = (url: string, options: WebhookTargetOptions = {}, { kind = 'any' as WebhookTargetKind, ms = 5000 } = {}) =>
  exchange(createWebhookTargets(kind, options), url, headers, body, AbortSignal.timeout(ms));
const took = { tookMs: expect.any(Number) as number };
/** An address that a public name would have, and the local address that it leads to here. */
const onlyFirst: WebhookTargetOptions['mayConnect'] = (address) => address === '127.0.0.1';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

test('a notice arrives as it was made, and any 2xx takes it', async () => {
  for (const status of [200, 201, 202, 204, 299]) {
    receiver.will(answers(status));
    expect(await send(`${receiver.url}?of=changes`)).toEqual({ outcome: 'DELIVERED', status, ...took });
  }
  const { headers: got, text } = await receiver.next();
  expect(got).toMatchObject({ ...headers, host: `127.0.0.1:${receiver.port}`, 'content-length': String(body.length) });
  expect(text).toBe(body);
});

test('every other status is a failure, and a redirect is not followed', async () => {
  await using inner = await startReceiver();
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.will(answers(status, { location: inner.url }));
    expect(await send(receiver.url)).toEqual({ outcome: 'REJECTED', status, ...took });
  }
  for (const status of [304, 400, 401, 404, 410, 429, 500, 503]) {
    receiver.will(answers(status));
    expect(await send(receiver.url)).toEqual({ outcome: 'REJECTED', status, ...took });
  }
  expect(inner.connections).toBe(0);
});

test('a name with a private address is not connected to, not even when it also has a public one', async () => {
  for (const addresses of [
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['223.5.5.5', '127.0.0.1'],
    ['2400:3200::1', 'fd00::1'],
    [],
  ])
    expect(
      await send(
        `https://hooks.example:${receiver.port}/`,
        { resolve: () => Promise.resolve(addresses), mayConnect: isPublicAddress },
        { kind: 'public' },
      ),
    ).toEqual({ outcome: 'TARGET_REFUSED', status: null, ...took });
  expect(receiver.connections).toBe(0);
});

test('what was allowed when the webhook was made is judged again', async () => {
  expect(await send(receiver.url, {}, { kind: 'public' })).toEqual({
    outcome: 'TARGET_REFUSED',
    status: null,
    ...took,
  });
  expect(await send(`https://127.0.0.1:${receiver.port}/`, {}, { kind: 'public' })).toEqual({
    outcome: 'TARGET_REFUSED',
    status: null,
    ...took,
  });
  expect(receiver.connections).toBe(0);
});

test('the connection goes to the address that was judged, whatever the name stands for a moment later', async () => {
  await using inner = await startReceiver(accepts, { host: '127.0.0.2', port: receiver.port });
  const asked: string[] = [];
  // Like a name server that rebinds: a public address when it is checked, then a private one.
  const resolve = (name: string) => Promise.resolve([asked.push(name) === 1 ? '127.0.0.1' : '127.0.0.2']);
  const url = `http://hooks.example:${receiver.port}/`;
  expect(await send(url, { resolve, mayConnect: onlyFirst })).toEqual({ outcome: 'DELIVERED', status: 200, ...took });
  expect((await receiver.next()).headers.host).toBe(`hooks.example:${receiver.port}`);
  expect(asked).toEqual(['hooks.example']);
  expect(await send(url, { resolve, mayConnect: onlyFirst })).toEqual({
    outcome: 'TARGET_REFUSED',
    status: null,
    ...took,
  });
  expect([receiver.connections, inner.connections]).toEqual([1, 0]);
});

test('an address that does not answer gives way to another one of the name', async () => {
  expect(
    await send(`http://hooks.example:${receiver.port}/`, {
      resolve: () => Promise.resolve(['127.0.0.3', '127.0.0.1']),
    }),
  ).toEqual({ outcome: 'DELIVERED', status: 200, ...took });
});

test('TLS verifies the name, not the address; a receiver without TLS is not reached', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hello = once(server, 'connection').then(async ([socket]) => {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
    return bytes;
  });
  const sent = send(`https://hooks.example:${(server.address() as AddressInfo).port}/`, {
    resolve: () => Promise.resolve(['127.0.0.1']),
  });
  expect((await hello).includes('hooks.example')).toBe(true);
  expect(await sent).toEqual({ outcome: 'UNREACHABLE', status: null, ...took });
  server.close();
});

test('nobody there, and no such name, is not reached', async () => {
  const { port } = receiver;
  await receiver[Symbol.asyncDispose]();
  expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ outcome: 'UNREACHABLE', status: null, ...took });
  expect(await send('http://hooks.example/', { resolve: () => Promise.reject(new Error('ENOTFOUND')) })).toEqual({
    outcome: 'UNREACHABLE',
    status: null,
    ...took,
  });
  receiver = await startReceiver();
});

test('a silent or slow receiver, or a silent name server, has one deadline for everything', async () => {
  receiver.will(hangs);
  expect(await send(receiver.url, {}, { ms: 200 })).toEqual({ outcome: 'TIMED_OUT', status: null, ...took });
  let drip: NodeJS.Timeout | undefined;
  receiver.will((response) => {
    response.writeHead(200);
    drip = setInterval(() => response.write('.'), 10);
  });
  expect(await send(receiver.url, {}, { ms: 200 })).toEqual({ outcome: 'TIMED_OUT', status: 200, ...took });
  clearInterval(drip);
  expect(await send('http://hooks.example/', { resolve: () => new Promise(() => {}) }, { ms: 200 })).toEqual({
    outcome: 'TIMED_OUT',
    status: null,
    ...took,
  });
});

test('of an answer 64 KB are read; one that goes on is cut off', async () => {
  receiver.will(answers(200, {}, 'x'.repeat(64 * 1024)));
  expect(await send(receiver.url)).toEqual({ outcome: 'DELIVERED', status: 200, ...took });
  let written = 0;
  receiver.will((response) => {
    const more = (): void => {
      written += 16_384;
      if (!response.destroyed) response.write(Buffer.alloc(16_384), () => setImmediate(more));
    };
    response.writeHead(200);
    more();
  });
  expect(await send(receiver.url)).toEqual({ outcome: 'TOO_LARGE', status: 200, ...took });
  expect(written).toBeLessThan(16 * 1024 * 1024);
  // Headers count too.
  receiver.will(answers(200, { long: 'x'.repeat(100_000) }));
  expect(await send(receiver.url)).toEqual({ outcome: 'UNREACHABLE', status: null, ...took });
});
