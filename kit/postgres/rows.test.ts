import { rowMaker } from './rows.ts';

const columns = (...names: readonly string[]) => names.map((name) => ({ name }));

test('rows are objects of the columns, in their order', () => {
  const make = rowMaker('rows.test.plain', columns('uscc', '?column?', 'recordId'));
  expect(make(['9133', null, 7n])).toEqual({ uscc: '9133', '?column?': null, recordId: 7n });
  expect(Object.keys(make([1, 2, 3]))).toEqual(['uscc', '?column?', 'recordId']);
});

test('a column may have any name: none of them is code, and none is a prototype', () => {
  const names = ['"] = process.exit(7); //', '__proto__', 'a\u2028b', '\\', "'", '${x}', 'constructor'];
  const row = rowMaker('rows.test.names', columns(...names))(names.map((_, at) => at)) as Record<string, unknown>;
  expect(Object.entries(row)).toEqual(names.map((name, at) => [name, at]));
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});

test('of two columns with one name the last counts, as pg has it', () => {
  expect(rowMaker('rows.test.twice', columns('a', 'b', 'a'))([1, 2, 3])).toEqual({ a: 3, b: 2 });
});

test('where the columns of a statement have changed, its next rows have the new ones', () => {
  expect(rowMaker('rows.test.changed', columns('a', 'b'))([1, 2])).toEqual({ a: 1, b: 2 });
  expect(rowMaker('rows.test.changed', columns('b', 'a'))([1, 2])).toEqual({ b: 1, a: 2 });
  expect(rowMaker('rows.test.changed', columns('b', 'a', 'c'))([1, 2, 3])).toEqual({ b: 1, a: 2, c: 3 });
});
