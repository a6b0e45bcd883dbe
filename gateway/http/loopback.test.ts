import type { IncomingMessage } from 'node:http';
import { isFromThisMachine } from './loopback.ts';

const asked = (host: string | undefined, remoteAddress: string | undefined): boolean =>
  isFromThisMachine({ headers: { host }, socket: { remoteAddress } } as Pick<IncomingMessage, 'headers' | 'socket'>);

test.each<[string | undefined, string | undefined, boolean]>([
  ['127.0.0.1:4000', '127.0.0.1', true],
  ['localhost', '::1', true],
  ['[::1]:4000', '::ffff:127.0.0.1', true],
  ['localhost', '10.0.0.7', false],
  ['localhost', '::ffff:10.0.0.7', false],
  ['localhost', '::', false],
  ['localhost', undefined, false],
  ['evil.example', '127.0.0.1', false],
  [undefined, '127.0.0.1', false],
])('Host %p from %p: %p', (host, address, expected) => {
  expect(asked(host, address)).toBe(expected);
});
