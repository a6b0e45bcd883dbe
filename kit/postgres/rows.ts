// pg makes a row by copying an empty one and setting each column by its name. V8 does that slowly from the twentieth
// column on, and then knows no shape for what it reads of the row. Here the rows of a statement arrive as lists, and
// one object literal made for its columns turns them into objects.

type RowMaker<Row extends object> = (values: readonly unknown[]) => Row;

interface Known {
  readonly columns: readonly string[];
  readonly make: RowMaker<object>;
}

/** By the statement's name: there are as many as the program has statements. */
const makers = new Map<string, Known>();

/**
 * The function that turns a list of values into a row.
 * @param Row the type of the statement's rows, as its author states it
 * @param columns as the server names them now, which a migration may change under a running process; of two with one
 * name the last counts
 */
export function rowMaker<Row extends object>(
  statementName: string,
  columns: readonly { readonly name: string }[],
): RowMaker<Row> {
  const known = makers.get(statementName);
  if (known && known.columns.length === columns.length && columns.every(({ name }, at) => name === known.columns[at]))
    return known.make as RowMaker<Row>;
  const names = columns.map(({ name }) => name);
  const make = compile(names);
  makers.set(statementName, { columns: names, make });
  return make as RowMaker<Row>;
}

function compile(names: readonly string[]): RowMaker<object> {
  // In brackets, or `__proto__` would be no property like others.
  const properties = names.map(
    (name, at) => `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: v[${at}]`,
  );
  // The names are written as JSON, which is also a string of JavaScript.
  // oxlint-disable-next-line no-new-func, no-implied-eval
  return new Function('v', `'use strict'; return { ${properties.join(', ')} };`) as RowMaker<object>;
}
