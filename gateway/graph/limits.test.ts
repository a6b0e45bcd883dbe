import { GraphQLError, parse } from 'graphql';
import { measure, parseWithin, standardLimits } from './limits.ts';

const verdict = (query: string): string => {
  const read = parseWithin(standardLimits, query);
  return read instanceof GraphQLError ? read.message : 'accepted';
};
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

test.each([
  ['1 000 aliases', `{ ${times(1000, (i) => `a${i}: viewer { role }`)} }`, 'The operation has more than 2000 tokens.'],
  ['31 aliases', `{ viewer { ${times(31, (i) => `a${i}: role`)} } }`, 'The operation has more than 30 aliases.'],
  ['eleven root fields', `{ ${times(11, () => 'viewer { role }')} }`, 'The operation has more than 10 root fields.'],
  [
    'eleven root fields in a fragment',
    `{ ...F } fragment F on Query { ${times(11, () => 'viewer { role }')} }`,
    'The operation has more than 10 root fields.',
  ],
  ['thirteen levels', `${'{ a '.repeat(13)}${'}'.repeat(13)}`, 'The operation has more than 12 levels.'],
  [
    'directives without end',
    `{ viewer { role ${'@skip(if: false) '.repeat(21)} } }`,
    'The operation has more than 20 directives.',
  ],
  [
    'fragments that double',
    `{ ...F0 } ${times(20, (i) => `fragment F${i} on Query { x { ...F${i + 1} } y { ...F${i + 1} } }`)} ` +
      'fragment F20 on Query { viewer { role } }',
    'The operation has more than 5000 fields.',
  ],
  [
    '101 operations',
    times(101, (i) => `query Q${i} { a }`),
    'The operation has more than 100 operations and fragments.',
  ],
  [
    'a reserved alias',
    '{ __known: viewer { role } }',
    'The alias "__known" begins with two underscores, which are reserved.',
  ],
  ['a text of 65 KB', `{ viewer { role } } # ${'x'.repeat(65 * 1024)}`, 'The operation has more than 65536 bytes.'],
])('%s is refused before it is planned', (_, query, message) => {
  expect(verdict(query)).toBe(message);
});

test('what is within the limits goes on to the validator, a fragment that is not there too', () => {
  for (const query of ['{ viewer { role } }', '{ ...Unknown }']) expect(verdict(query)).toBe('accepted');
});

test('what does not parse is refused in the words of the parser, with its place', () => {
  const refused = parseWithin(standardLimits, '{ viewer {') as GraphQLError;
  expect(refused.toJSON()).toEqual({
    message: 'Syntax Error: Expected Name, found <EOF>.',
    locations: [{ line: 1, column: 11 }],
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
});

test.each([
  ['within itself', '{ ...F } fragment F on Query { ...F }'],
  [
    'within one that it holds',
    '{ ...E } fragment E on Query { ...F } fragment F on Query { viewer { ...G } } fragment G on Viewer { ...F }',
  ],
  ['that nothing spreads', '{ viewer { role } } fragment F on Query { ...G } fragment G on Query { ...F }'],
])('a fragment %s is refused, before anything walks in a circle', (_, query) => {
  const refused = parseWithin(standardLimits, query) as GraphQLError;
  expect([refused.message, refused.extensions]).toEqual([
    'Cannot spread fragment "F" within itself.',
    { code: 'GRAPHQL_VALIDATION_FAILED' },
  ]);
});

test.each([
  ['itself', 'subscription ($no: Boolean!) { ticks @skip(if: $no) }'],
  ['by a literal', 'subscription { ticks @include(if: false) }'],
  ['in a fragment', 'subscription ($no: Boolean!) { ... @include(if: $no) { ticks } }'],
  [
    'beside another',
    'query Q { a } subscription S ($no: Boolean!) { ...F } ' +
      'fragment F on Subscription { ...G @skip(if: $no) } fragment G on Subscription { ticks }',
  ],
])('the root field of a subscription under a condition (%s) is refused, before the validator throws', (_, query) => {
  expect((parseWithin(standardLimits, query) as GraphQLError).toJSON()).toEqual({
    message: 'The root field of a subscription cannot stand under @skip or @include.',
    locations: [{ line: 1, column: expect.any(Number) }],
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
});

test('conditions within what a subscription follows, and at the root of a query, are nobody’s problem', () => {
  for (const query of ['subscription { ticks { a @skip(if: true) } }', 'query ($no: Boolean!) { a @skip(if: $no) }'])
    expect(verdict(query)).toBe('accepted');
});

test.each([
  ['selections', (depth: number) => `${'{a'.repeat(depth)}${'}'.repeat(depth)}`],
  ['selections that never end', (depth: number) => '{a'.repeat(depth)],
  ['lists', (depth: number) => `{a(b:${'['.repeat(depth)}${']'.repeat(depth)})}`],
  ['objects', (depth: number) => `{a(b:${'{c:'.repeat(depth)}1${'}'.repeat(depth)})}`],
  ['types of lists', (depth: number) => `query($a:${'['.repeat(depth)}Int${']'.repeat(depth)}){a}`],
])('%s within one another are refused before the parser recurses', (_, text) => {
  const within = (depth: number) =>
    parseWithin({ ...standardLimits, tokens: 1_000_000, bytes: 10_000_000 }, text(depth));
  for (const depth of [65, 5000, 200_000])
    expect((within(depth) as GraphQLError).message).toBe('The operation has more than 64 brackets within one another.');
});

test.each([
  ['in a literal', '{ entity(uscc: "a\\u0000b") { name } }', 'uscc'],
  [
    'in a list in an object',
    '{ nameListChanges(filter: { types: ["A", "\\u0000"] }, first: 1) { hasMore } }',
    'filter.types',
  ],
  ['as the character itself', '{ entity(uscc: "\0") { name } }', 'uscc'],
  ['in a block', '{ entity(uscc: """\0""") { name } }', 'uscc'],
  ['in a default', 'query ($code: USCC = "\\u0000") { entity(uscc: $code) { name } }', '$code'],
  ['in an argument of a directive', '{ viewer @a(b: "\\u0000") { role } }', 'b'],
])('NUL %s is bad input that names the argument and what would be allowed', (_, query, argument) => {
  expect((parseWithin(standardLimits, query) as GraphQLError).extensions).toEqual({
    code: 'BAD_USER_INPUT',
    argument,
    reason: 'CHARACTER',
    expected: 'Unicode text without U+0000 and without unpaired surrogates',
  });
});

test('NUL in a comment is nobody’s argument', () => {
  expect(verdict('{ viewer { role } } # \0')).toBe('accepted');
});

/** `size` fragments, each of which spreads the next one twice. */
const chain = (size: number): string => times(size, (i) => `fragment A${i} on Query { ...A${i + 1} ...A${i + 1} }`);

// Each doubles its text. The work grows with the text, and no faster: counted, not timed.
test.each([
  [
    'fragments that spread the next twice',
    (size: number) => `{ ...A0 } ${chain(size)} fragment A${size} on Query { ...Z }`,
  ],
  ['the same that nothing spreads', (size: number) => `{ a } ${chain(size)} fragment A${size} on Query { a }`],
  [
    'many operations with one chain',
    (size: number) => `${times(size, (i) => `query Q${i} { ...A0 }`)} ${chain(size)} fragment A${size} on Query { a }`,
  ],
  [
    'fragments that each spread all others',
    (size: number) => {
      const side = Math.ceil(Math.sqrt(size));
      const spreads = (i: number): string => times(side, (j) => `...A${(i + j) % side}`);
      return `{ ...A0 } ${times(side, (i) => `fragment A${i} on Query { ${spreads(i)} }`)}`;
    },
  ],
  ['inline fragments', (size: number) => `{ ${times(size, () => '... on Query { a }')} }`],
])('%s: twice the text is at most about twice the work', (_, text) => {
  const works = [32, 64, 128, 256, 512].map((size) => ({
    length: text(size).length,
    visits: measure(parse(text(size))).visits,
  }));
  for (const { length, visits } of works) expect(visits).toBeLessThanOrEqual(length / 4);
});

test.each([
  ['the same field', `{ viewer { ${times(1900, () => 'role')} } }`],
  ['the same field with fields', `{ viewer { ${times(480, () => 'role { a }')} } }`],
  ['the same field with a long argument', `{ viewer { ${times(180, () => `role(a: "${'x'.repeat(330)}")`)} } }`],
  [
    'the same fields within the same fields',
    `{ a { ${times(9, () => `b { ${times(9, () => `c { ${times(9, () => 'd')} }`)} }`)} } }`,
  ],
  ['the same field by a fragment', `{ ${times(150, () => '...F')} } fragment F on Query { a }`],
  [
    'the same fields in a fragment that nothing spreads',
    `{ viewer { role } } fragment F on Viewer { ${times(300, () => 'role')} }`,
  ],
])('%s again and again is refused: the validator would compare each with each', (_, query) => {
  expect(parseWithin({ ...standardLimits, rootFields: 1000 }, query)).toMatchObject({
    message: 'The operation has more than 5000 pairs of fields with one name at one place.',
  });
});

test('the standard introspection query is within the limits', async () => {
  const { getIntrospectionQuery } = await import('graphql');
  expect(verdict(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true }))).toBe('accepted');
});
