import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { checkPort } from './port.ts';

test('a port in use is named in a sentence, and a free one is left free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(checkPort('127.0.0.1', port)).rejects.toThrow(
    `Port ${port} of 127.0.0.1 is in use: stop what listens there, or set PORT to another.`,
  );
  server.close();
  await once(server, 'close');
  for (let time = 0; time < 2; time += 1) await checkPort('127.0.0.1', port);
  await checkPort('127.0.0.1', 0);
});

test('an address that this machine does not have is named', async () => {
  await expect(checkPort('192.0.2.1', 4000)).rejects.toThrow(
    'This machine has no address 192.0.2.1: set HOST to one that it has.',
  );
});
