/**
 * Continues with a value: at once where the value is there already, since a promise for each step of each request adds
 * up.
 */
export const afterwards = <Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> => (value instanceof Promise ? value.then(next) : next(value));
