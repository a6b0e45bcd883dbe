import { jsonBoundsProblem, requestBounds } from './jsonBounds.ts';

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test('a text within both bounds passes, one level or one member more does not', () => {
  expect(jsonBoundsProblem(nested(requestBounds.depth))).toBeNull();
  expect(jsonBoundsProblem(nested(requestBounds.depth + 1))).toBe('JSON is nested at most 64 levels deep here.');
  const items = (count: number): string => `[${Array(count).fill('1').join(',')}]`;
  expect(jsonBoundsProblem(items(4), { depth: 1, members: 4 })).toBeNull();
  expect(jsonBoundsProblem(items(5), { depth: 1, members: 4 })).toBe('JSON has at most 4 members and items here.');
});

test('brackets and commas within strings are text', () => {
  expect(
    jsonBoundsProblem(JSON.stringify({ a: `${'['.repeat(500)}",\\"[`, b: '\\' }), { depth: 1, members: 2 }),
  ).toBeNull();
});

test('depth is where brackets are open at once, not how many there are', () => {
  expect(jsonBoundsProblem(`[${Array(1000).fill('{"a":[]}').join(',')}]`, { depth: 3, members: 4000 })).toBeNull();
});

test.each([
  ['objects', '{"a":'.repeat(100_000)],
  ['arrays', '['.repeat(100_000)],
  ['both, closed between', '[{}'.repeat(100_000)],
])('100 000 %s are refused without recursion, whether the text is JSON or not', (_, text) => {
  expect(jsonBoundsProblem(text)).toBe('JSON is nested at most 64 levels deep here.');
});

test('a string that never ends ends with the text', () => {
  expect(jsonBoundsProblem(`"${'\\"['.repeat(1000)}`)).toBeNull();
});
