import { createClientAddresses, networkOf } from './address.ts';

const from = (remoteAddress: string, forwarded?: string) => ({
  headers: { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
});

test('without a trusted proxy nobody says whose address it is but the network', () => {
  const addresses = createClientAddresses([]);
  expect(addresses.of(from('192.0.2.1', '198.51.100.7'))).toBe('192.0.2.1');
  expect(addresses.isProxy('192.0.2.1')).toBe(false);
});

test.each([
  [
    'what the proxy added counts, not what the client wrote before it',
    '10.0.0.5',
    '203.0.113.9, 198.51.100.7',
    '198.51.100.7',
  ],
  [
    'a chain of trusted proxies is followed to the first that is not',
    '10.0.0.5',
    '203.0.113.9, 198.51.100.7, 10.1.2.3',
    '198.51.100.7',
  ],
  ['a proxy that says nothing is the client', '10.0.0.5', undefined, '10.0.0.5'],
  ['what is no address is not believed, nor what stands before it', '10.0.0.5', '203.0.113.9, unknown', '10.0.0.5'],
  ['a client that is no proxy may write what it likes', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ['an IPv4 proxy seen through a socket of both families', '::ffff:10.0.0.5', '198.51.100.7', '198.51.100.7'],
  ['IPv6', '2001:db8:ffff::1', '2001:db8::7', '2001:db8::7'],
])('%s', (_, remote, forwarded, client) => {
  expect(createClientAddresses(['10.0.0.0/8', '2001:db8:ffff::/48']).of(from(remote, forwarded))).toBe(client);
});

test('all of one subscriber’s IPv6 addresses are one', () => {
  expect(
    ['2001:db8:1:2::1', '2001:DB8:1:2:ffff::', '::ffff:192.0.2.1', 'fe80::1%eth0', '192.0.2.1'].map(networkOf),
  ).toEqual(['2001:db8:1:2', '2001:db8:1:2', '192.0.2.1', 'fe80:0:0:0', '192.0.2.1']);
});

test.each(['10.0.0.0/33', 'proxy.internal', '10.0.0.0/8/8', '10.0.0.0/x', '::1/129'])('%s is no network', (entry) => {
  expect(() => createClientAddresses([entry])).toThrow(`"${entry}": expected an address or a network`);
});
