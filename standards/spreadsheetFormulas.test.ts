import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { neutralised, neutralisedRecord, restored } from './spreadsheetFormulas.ts';

test.each(['=1+2', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', "'=1", "''-1"])(
  '%j begins with an apostrophe',
  (cell) => {
    expect(neutralised(cell)).toBe(`'${cell}`);
    expect(restored(neutralised(cell))).toBe(cell);
  },
);

test.each(['', 'a=1', "'quoted'", "'", '1-2', '91110000000000001X'])('%j stays as it is, both ways', (cell) => {
  expect([neutralised(cell), restored(cell)]).toEqual([cell, cell]);
});

const dangerous = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', "'", '"', ',', '\t', '\r', '\n', 'a', '1') });

test('every cell comes back, and none begins as a formula', () => {
  fc.assert(
    fc.property(dangerous, (cell) => {
      expect(restored(neutralised(cell))).toBe(cell);
      expect(neutralised(cell)).not.toMatch(/^[=+\-@\t\r\n]/);
    }),
  );
});

test('in a record another reader of CSV finds each cell as it is when written alone', () => {
  const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  fc.assert(
    fc.property(fc.array(dangerous, { minLength: 1, maxLength: 6 }), (cells) => {
      const [read] = parse(`${neutralisedRecord(cells.map(quoted).join(','))}\n`, {
        relax_quotes: true,
        record_delimiter: '\n',
      }) as string[][];
      expect(read ?? ['']).toEqual(cells.map(neutralised));
    }),
  );
});
