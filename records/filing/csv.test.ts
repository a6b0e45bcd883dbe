import fc from 'fast-check';
import { createCsvSplitter } from './csv.ts';

const records = (...pieces: string[]): string[][] => {
  const split = createCsvSplitter();
  return pieces.flatMap((piece, index) => split(piece, index === pieces.length - 1));
};

test('records end in CRLF, LF or CR, and the last one need not', () => {
  expect(records('a,b\r\nc,d\ne,f\rg,')).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
    ['g', ''],
  ]);
  expect(records('a,b\r\n')).toEqual([['a', 'b']]);
  expect(records('')).toEqual([]);
});

test('a blank line is a record of one empty cell, so that rows keep their numbers', () => {
  expect(records('a\n\nb\n')).toEqual([['a'], [''], ['b']]);
});

test('a quoted cell holds commas, line ends and doubled quotation marks', () => {
  expect(records('"a,1","b\r\n2","c""3""",""\r\n')).toEqual([['a,1', 'b\r\n2', 'c"3"', '']]);
});

test('a quotation mark inside an unquoted cell and text after a closing one are kept', () => {
  expect(records('示例"云"帆,x"\n"a"b,c\n')).toEqual([
    ['示例"云"帆', 'x"'],
    ['ab', 'c'],
  ]);
});

test('an open quotation mark makes one cell of the rest', () => {
  expect(records('a,"b\nc')).toEqual([['a', 'b\nc']]);
});

test('what a file says does not depend on where its pieces are cut', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '中') });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(table, fc.array(fc.nat(200), { maxLength: 6 }), (rows, cuts) => {
      const text = rows
        .map((row) => `${row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')}\r\n`)
        .join('');
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((to, index) => text.slice(places[index], to));
      expect(records(...pieces)).toEqual(rows);
    }),
  );
});
