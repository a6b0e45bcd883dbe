import { GraphQLError, Kind } from 'graphql';
import { scalars } from './scalars.ts';

const read = (scalar: string, text: unknown): unknown => {
  try {
    return scalars[scalar]?.parseValue(text);
  } catch (error) {
    return (error as GraphQLError).extensions['reason'];
  }
};

test.each(['2026-11-29', '2024-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (text) => {
  expect(read('Date', text)).toBe(text);
});

test.each([
  '',
  '2026-02-29',
  '2026-02-30',
  '2026-13-01',
  '2026-00-10',
  '2026-1-1',
  '20260101',
  '0000-01-01',
  '10000-01-01',
  '-0001-01-01',
  '2026-01-01T00:00:00Z',
  ' 2026-01-01',
  '２０２６-01-01',
])('%j is no day', (text) => {
  expect(read('Date', text)).toBe('DATE');
});

test.each([
  ['2026-11-29T08:00:00+08:00', '2026-11-29T00:00:00.000Z'],
  ['2026-11-29T00:00:00.1234Z', '2026-11-29T00:00:00.123Z'],
  ['2026-11-29T24:00:00Z', '2026-11-30T00:00:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
])('%s is the instant %s', (text, instant) => {
  expect(read('DateTime', text)).toBe(instant);
});

test.each([
  '',
  '2026-11-29',
  '2026-02-30T00:00:00Z',
  '2026-04-31T00:00:00+08:00',
  '2026-11-29T25:00:00Z',
  '2026-11-29T00:00:60Z',
  '2026-11-29T00:00:00',
  '2026-11-29T00:00:00+25:00',
  '0000-06-01T00:00:00Z',
  '0001-01-01T00:00:00+08:00',
  '9999-12-31T23:59:59-08:00',
  '+010000-01-01T00:00:00Z',
])('%j is no instant: neither is what its zone carries out of the years that there are', (text) => {
  expect(read('DateTime', text)).toBe('INSTANT');
});

test('a literal and a variable are read alike, and what is no text is none', () => {
  for (const scalar of ['Date', 'DateTime', 'USCC', 'Cursor', 'Fen']) {
    for (const value of [1, true, null, {}, []]) expect([scalar, read(scalar, value)]).toEqual([scalar, 'TYPE']);
    expect(() => scalars[scalar]?.parseLiteral({ kind: Kind.INT, value: '1' }, null)).toThrow('takes a string');
  }
});
