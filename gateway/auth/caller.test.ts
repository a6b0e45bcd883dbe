import { callerOf } from './caller.ts';

const ORGANISATION = '91110000000000001X';

test('an organisation is one caller from wherever it asks', () => {
  expect(callerOf({ organisation: ORGANISATION }, '192.0.2.1')).toBe(
    callerOf({ organisation: ORGANISATION }, undefined),
  );
  expect(callerOf({ organisation: ORGANISATION }, '192.0.2.1')).not.toBe(callerOf({ organisation: null }, '192.0.2.1'));
});

test('of the public each address is a caller, however the socket writes it', () => {
  const publicAt = (address: string | undefined) => callerOf({ organisation: null }, address);
  expect(publicAt('192.0.2.1')).not.toBe(publicAt('192.0.2.2'));
  expect(publicAt('::ffff:192.0.2.1')).toBe(publicAt('192.0.2.1'));
  expect(publicAt(undefined)).not.toBe(publicAt('192.0.2.1'));
});

test('of IPv6 the first 64 bits are one caller: a subscriber has all addresses below them', () => {
  const publicAt = (address: string) => callerOf({ organisation: null }, address);
  expect(publicAt('2001:db8:0:1::1')).toBe(publicAt('2001:0DB8::1:ffff:ffff:ffff:ffff'));
  expect(publicAt('2001:db8:0:1::1')).not.toBe(publicAt('2001:db8:0:2::1'));
  expect(publicAt('fe80::1%eth0')).toBe(publicAt('fe80::2%eth1'));
});
