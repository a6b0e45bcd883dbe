// pg makes a row by copying an empty one and setting each column by its name, which V8 does slowly from the twentieth column on, and then knows no
// shape for what it reads of it. Here the rows of a statement come as lists, and one literal made for its columns makes them objects.

type RowMaker<Row extends object> = (values: readonly unknown[]) => Row;

interface Known {
  readonly columns: readonly string[];
  readonly make: RowMaker<object>;
}

/** By the statement's name: there are as many as the program has statements. */
const makers = new Map<string, Known>();

/**
 * @param Row what the statement's author says that its rows are
 * @param columns as the server names them now, which a migration may change under a running process; of two with one name the last counts
 */
export function rowMaker<Row extends object>(statementName: string, columns: readonly { readonly name: string }[]): RowMaker<Row> {
  const known = makers.get(statementName);
  if (known && known.columns.length === columns.length && columns.every(({ name }, at) => name === known.columns[at])) return known.make as RowMaker<Row>;
  const names = columns.map(({ name }) => name);
  const make = compile(names);
  makers.set(statementName, { columns: names, make });
  return make as RowMaker<Row>;
}

function compile(names: readonly string[]): RowMaker<object> {
  // In brackets, or `__proto__` would be no property like others.
  const properties = names.map((name, at) => `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: v[${at}]`);
  // oxlint-disable-next-line no-new-func, no-implied-eval -- the names are written as JSON, which is a string of JavaScript too
  return new Function('v', `'use strict'; return { ${properties.join(', ')} };`) as RowMaker<object>;
}
