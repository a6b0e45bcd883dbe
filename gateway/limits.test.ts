import { createLimitCheck, standardLimits } from './limits.ts';

const check = createLimitCheck(standardLimits);
const verdict = (query: string): string => {
  try {
    check(query);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};
const times = (count: number, text: (index: number) => string): string => Array.from({ length: count }, (_, index) => text(index)).join(' ');

test.each([
  ['1 000 aliases', `{ ${times(1000, (i) => `a${i}: viewer { role }`)} }`, 'The operation has more than 2000 tokens.'],
  ['31 aliases', `{ viewer { ${times(31, (i) => `a${i}: role`)} } }`, 'The operation has more than 30 aliases.'],
  ['eleven root fields', `{ ${times(11, () => 'viewer { role }')} }`, 'The operation has more than 10 root fields.'],
  ['eleven root fields in a fragment', `{ ...F } fragment F on Query { ${times(11, () => 'viewer { role }')} }`, 'The operation has more than 10 root fields.'],
  ['thirteen levels', `${'{ a '.repeat(13)}${'}'.repeat(13)}`, 'The operation has more than 12 levels.'],
  ['directives without end', `{ viewer { role ${'@skip(if: false) '.repeat(21)} } }`, 'The operation has more than 20 directives.'],
  ['fragments that double', `{ ...F0 } ${times(20, (i) => `fragment F${i} on Query { x { ...F${i + 1} } y { ...F${i + 1} } }`)} fragment F20 on Query { viewer { role } }`, 'The operation has more than 5000 fields.'],
  ['a reserved alias', '{ __known: viewer { role } }', 'The alias "__known" begins with two underscores, which are reserved.'],
  ['a text of 65 KB', `{ viewer { role } } # ${'x'.repeat(65 * 1024)}`, 'The operation has more than 65536 bytes.'],
])('%s is refused before it is planned', (_, query, message) => {
  expect(verdict(query)).toBe(message);
});

test('what is within the limits, what does not parse and fragments in a circle go on to the validator', () => {
  for (const query of ['{ viewer { role } }', '{ viewer {', '{ ...F } fragment F on Query { ...F }', '{ ...Unknown }']) expect(verdict(query)).toBe('accepted');
});

test('the standard introspection query is within the limits', async () => {
  const { getIntrospectionQuery } = await import('graphql');
  expect(verdict(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true }))).toBe('accepted');
});
