import { buildSchema, type DocumentNode } from 'graphql';
import { createDocuments } from './documents.ts';
import { standardLimits } from './limits.ts';

const schema = buildSchema('type Query { role: String, other(of: Int!): String }');
const documentsOf = () => createDocuments(schema, standardLimits);

const documentOf = (read: ReturnType<ReturnType<typeof createDocuments>>): DocumentNode => {
  if ('errors' in read) throw new Error(JSON.stringify(read.errors));
  return read.document;
};
const codesOf = (read: ReturnType<ReturnType<typeof createDocuments>>): unknown =>
  'errors' in read ? read.errors.map(({ message, extensions: { code } }) => [code, message]) : 'read';

test('the same text is the same document, whichever of its operations is meant', () => {
  const documents = documentsOf();
  const text = 'query A { role } query B { role }';
  const [a, b] = [documents(text, 'A'), documents(text, 'B')];
  expect(documentOf(a)).toBe(documentOf(b));
  expect([a, b].map((read) => !('errors' in read) && read.operationName)).toEqual(['A', 'B']);
  expect(documentOf(documents('{ role }', undefined))).not.toBe(documentOf(documents('{ role  }', undefined)));
});

test.each([
  ['what is no GraphQL', '{ role', undefined, [['GRAPHQL_PARSE_FAILED', 'Syntax Error: Expected Name, found <EOF>.']]],
  [
    'a field that is nearly right, without saying which would be',
    '{ roles }',
    undefined,
    [['GRAPHQL_VALIDATION_FAILED', 'Cannot query field "roles" on type "Query".']],
  ],
  [
    'what costs too much',
    `${'{ a '.repeat(20)}${'}'.repeat(20)}`,
    undefined,
    [['COST_LIMIT', 'The operation has more than 12 levels.']],
  ],
  [
    'several operations, none named',
    'query A { role } query B { role }',
    null,
    [['OPERATION_RESOLUTION_FAILURE', 'Must provide operation name if query contains multiple operations.']],
  ],
  [
    'an operation that is not there',
    '{ role }',
    'A',
    [['OPERATION_RESOLUTION_FAILURE', 'Unknown operation named "A".']],
  ],
])('%s is refused', (_, text, operationName, expected) => {
  const documents = documentsOf();
  expect(codesOf(documents(text, operationName))).toEqual(expected);
  expect(codesOf(documents(text, operationName))).toEqual(expected); // remembered
});

test('at most five errors are returned, and that there are more', () => {
  const read = documentsOf()(`{ ${Array.from({ length: 8 }, (_, index) => `nope${index}`).join(' ')} }`, undefined);
  expect('errors' in read && read.errors.map(({ message }) => message).at(-1)).toBe(
    'Too many validation errors, error limit reached. Validation aborted.',
  );
  expect('errors' in read && read.errors).toHaveLength(6);
});

test('the least recently used document is forgotten first, by the bytes that documents hold', () => {
  const documents = documentsOf();
  const [first, second] = ['{ role } # first', '{ role } # second'].map((text) => ({
    text,
    document: documentOf(documents(text, undefined)),
  }));
  for (let index = 0; index < 600; index++) {
    documents(`{ role } # ${index} ${'x'.repeat(60_000)}`, undefined);
    if (index % 100 === 0) expect(documentOf(documents(first?.text ?? '', undefined))).toBe(first?.document);
  }
  expect(documentOf(documents(second?.text ?? '', undefined))).not.toBe(second?.document);
});
