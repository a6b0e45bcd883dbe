import { documentsOf } from './documents.ts';

// The two forms of a manifest that tools write, and texts that are neither. Manifests that the tools wrote are in
// test/graph/documents/clients.test.ts.

const apollo = (more: object): string =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, ...more });

test('Apollo’s manifest and codegen’s are read into ids and texts', () => {
  expect(
    documentsOf(apollo({ operations: [{ id: 'a', name: 'A', type: 'query', body: 'query A { a }' }] }), 'f'),
  ).toEqual([{ id: 'a', text: 'query A { a }' }]);
  expect(documentsOf('{"sha256:a":"query A { a }","__proto__":"query B { b }"}', 'f')).toEqual([
    { id: 'sha256:a', text: 'query A { a }' },
    { id: '__proto__', text: 'query B { b }' },
  ]);
});

test.each([
  ['{', 'f: this is no JSON.'],
  ['[]', 'f: this is no manifest.'],
  ['null', 'f: this is no manifest.'],
  ['{"a":5}', 'f: "a" has no text.'],
  [JSON.stringify({ format: 'other', version: 1 }), 'f: the format is "other", version 1.'],
  [
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 2, operations: [] }),
    'f: the format is "apollo-persisted-query-manifest", version 2.',
  ],
  [apollo({}), 'f: `operations` is no list.'],
  [apollo({ operations: [null] }), 'f: operation 1 has no `id` or no `body`.'],
  [
    apollo({
      operations: [
        { id: 'a', body: 'b' },
        { id: 5, body: 'b' },
      ],
    }),
    'f: operation 2 has no `id` or no `body`.',
  ],
])('%s is refused with what is wrong', (text, message) => expect(() => documentsOf(text, 'f')).toThrow(message));
