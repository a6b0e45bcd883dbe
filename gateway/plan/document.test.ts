import { buildSchema, parse, print } from 'graphql';
import { plannableDocument } from './document.ts';
import { clientKey, plannedKey } from './names.ts';

const schema = buildSchema('type Query { a: T b: Int } type T { name: String title: String t: T }');
const planned = (text: string, operationName?: string): string | undefined => {
  const document = plannableDocument(schema, parse(text), operationName);
  return document && print(document).replace(/\s+/g, ' ').trim();
};

test('the planner sees one operation, the fragments it uses, and no introspection', () => {
  expect(planned('query A { b } query B($n: String!, $x: Boolean!) { __typename __type(name: $n) { name } ...F @include(if: $x) ...G } fragment F on Query { __schema { description } a { ...H } } fragment G on Query { b } fragment H on T { name __typename } fragment Unused on T { name }', 'B'))
    .toBe('query B($x: Boolean!) { ... @include(if: $x) { a { ...H } } ...G } fragment H on T { name __typename } fragment G on Query { b }');
});

test('nothing is left of an operation that asks no subgraph', () => {
  expect(planned('{ t: __typename ... on Query { __schema { description } } ...F } fragment F on Query { __typename }')).toBe(undefined);
});

test('an alias that is the name of another field gets a key of its own, and finds the way back', () => {
  expect(planned('{ x: a { title: name name: name y: title _client_z: title t { title } } }')).toBe(
    '{ x: a { _client_title: name name: name y: title _client__client_z: title t { title } } }',
  );
  for (const alias of ['title', 'y', '_client_z', '__proto__', undefined]) {
    expect(clientKey(plannedKey(schema, 'name', alias))).toBe(alias ?? 'name');
  }
});
