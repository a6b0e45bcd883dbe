import { buildSchema, parse, print, validate } from 'graphql';
import type { FieldNode } from 'graphql';
import type { Fragments } from './document.ts';
import { prepareOperation } from './selection.ts';

const schema = buildSchema(`
  type Query { a: T b(n: Int, in: In): Int nodes: [Node!] any: [Any] x: Int }
  type Mutation { add(n: Int): Int }
  input In { x: Int y: [In] }
  type T { name: String title: String t(n: Int): T _0_t: Int constructor: Int }
  interface Node { id: ID! owner: Person }
  interface Named { label: String }
  interface Person { id: ID! }
  union Any = A | B
  type A implements Node & Named { id: ID! owner: User label: String code: Int }
  type B implements Node & Named { id: ID! owner: User label: String code: String t: T }
  type C implements Node { id: ID! owner: Person code: Int! }
  type User implements Person { id: ID! name: String }
  type Firm implements Person { id: ID! }
`);

function prepared(
  text: string,
  options: { variables?: Record<string, unknown>; name?: string; denied?: string; required?: string[] } = {},
) {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const fragments: Record<string, Fragments[string]> = {};
  for (const definition of document.definitions)
    if (definition.kind === 'FragmentDefinition') fragments[definition.name.value] = definition;
  const operation = document.definitions.find(
    (one) => one.kind === 'OperationDefinition' && (options.name === undefined || one.name?.value === options.name),
  );
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const denied = new Set(
    operation.selectionSet.selections.filter(
      (one): one is FieldNode => one.kind === 'Field' && one.name.value === options.denied,
    ),
  );
  return prepareOperation(
    { schema, ofInterfaceObjects: new Set(), required: new Set(options.required) },
    operation,
    fragments,
    options.variables ?? {},
    denied.size > 0 ? denied : undefined,
  );
}

const planned = (text: string, options?: Parameters<typeof prepared>[1]): string | undefined => {
  const { document } = prepared(text, options);
  return document && print(document).replace(/\s+/g, ' ').trim();
};

test('the planner sees one operation without its name, its fragments, its conditions, and no introspection', () => {
  const text = `query A { x } query B($n: String!, $x: Boolean!) { __typename __type(name: $n) { name }
      ...F @include(if: $x) ...G }
    fragment F on Query { __schema { description } a { ...H } }
    fragment G on Query { b }
    fragment H on T { name __typename }`;
  expect(planned(text, { name: 'B', variables: { x: true } })).toBe('{ a { name } b }');
  expect(planned(text, { name: 'B', variables: { x: false } })).toBe('{ b }');
});

test('nothing is left of an operation that needs no subgraph', () => {
  expect(
    planned('{ t: __typename ... on Query { __schema { description } } ...F } fragment F on Query { __typename }'),
  ).toBe(undefined);
  expect(planned('{ x @skip(if: true) ... @include(if: false) { b } __typename }')).toBe(undefined);
  expect(planned('query ($no: Boolean!) { x @include(if: $no) }', { variables: { no: false } })).toBe(undefined);
  expect(planned('{ x }', { denied: 'x' })).toBe(undefined);
});

test('a field with the same arguments is requested once, whatever its aliases and the order of its arguments', () => {
  expect(planned('{ title: a { x: name name: name } again: a { y: name } a { t(n: 1) { title } } }')).toBe(
    '{ a { name } _0_a: a { t(n: 1) { title } } }',
  );
  expect(
    planned('{ x: b(n: 1, in: { x: 1, y: [{ x: 2, y: [] }] }) y: b(in: { y: [{ y: [], x: 2 }], x: 1 }, n: 1) }'),
  ).toBe('{ b(in: {x: 1, y: [{x: 2, y: []}]}, n: 1) }');
});

test("other arguments have another key, which is no field's name and none of the client's", () => {
  expect(planned('{ b one: b(n: 1) two: b(n: 2) _0_b: b(n: 3) constructor: b(n: 4) __proto__: b(n: 5) }')).toBe(
    '{ b _0_b: b(n: 1) _1_b: b(n: 2) _2_b: b(n: 3) _3_b: b(n: 4) _4_b: b(n: 5) }',
  );
  expect(planned('{ a { t(n: 1) { constructor } x: t(n: 2) { name } _0_t } }')).toBe(
    '{ a { t(n: 1) { constructor } _1_t: t(n: 2) { name } _0_t } }',
  );
  expect(planned('{ b a { t { name } } }', { required: ['b', 't'] })).toBe('{ _0_b: b a { _1_t: t { name } } }');
});

test('variables have names of our own, by first use; those of conditions are not left', () => {
  const text =
    'query ($representations: Int = 5, $if: Boolean!, $unused: Int, $v0: In) ' +
    '{ b(n: $representations) @include(if: $if) c: b(in: $v0, n: $representations) }';
  expect(planned(text.replace(', $unused: Int', ''), { variables: { if: true } })).toBe(
    'query ($v0: Int = 5, $v1: In) { b(n: $v0) _0_b: b(in: $v1, n: $v0) }',
  );
  expect([...prepared(text.replace(', $unused: Int', ''), { variables: { if: false } }).variables]).toEqual([
    ['v0', 'v0'],
    ['representations', 'v1'],
  ]);
});

test("at the root of a mutation each of the client's keys is run, in its order", () => {
  expect(planned('mutation { b: add(n: 1) a: add(n: 1) b: add(n: 1) }')).toBe(
    'mutation { add(n: 1) _0_add: add(n: 1) }',
  );
});

test('fields of all types are requested on the interface, with no type name where it does not matter', () => {
  expect(planned('{ nodes { x: id ... on Node { id } } }')).toBe('{ nodes { id } }');
  expect(planned('{ nodes { __typename } }')).toBe('{ nodes { __typename } }');
  expect(planned('{ any { ... on Named { label } } }')).toBe('{ any { __typename ... on Named { label } } }');
  expect(planned('{ any { ... on Node { ... on A { label } } ... on B { label } } }')).toBe(
    '{ any { __typename ... on A { label } ... on B { label } } }',
  );
});

test('types that select a field alike share a key; where the selection differs each has its own', () => {
  expect(planned('{ nodes { ... on A { owner { id } } ... on B { owner { id } } } }')).toBe(
    '{ nodes { __typename ... on A { owner { id } } ... on B { owner { id } } } }',
  );
  expect(planned('{ nodes { ... on A { owner { id } } ... on B { owner { name } } } }')).toBe(
    '{ nodes { __typename ... on A { owner { id } } ... on B { _0_owner: owner { name } } } }',
  );
  expect(planned('{ nodes { owner { id } ... on B { owner { name } } } }')).toBe(
    '{ nodes { __typename ... on A { owner { id } } ... on B { _0_owner: owner { id name } } ' +
      '... on C { _1_owner: owner { id } } } }',
  );
});

test('fields whose types cannot stand side by side have keys of their own', () => {
  expect(planned('{ nodes { ... on A { code } ... on B { text: code } ... on C { sure: code } } }')).toBe(
    '{ nodes { __typename ... on A { code } ... on B { _0_code: code } ... on C { _1_code: code } } }',
  );
});

test('where nothing is left of an object, its type says that it is there', () => {
  expect(planned('{ a { name @skip(if: true) } nodes { ... on A { code @include(if: false) } } }')).toBe(
    '{ a { __typename } nodes { __typename } }',
  );
});

test('a text that grows without end once it is written out for each type is refused', () => {
  const wide = Array.from({ length: 900 }, (_, i) => `f${i}: b(n: ${i})`).join(' ');
  expect(prepared(`{ ${wide} }`).document).toBeDefined();
  const tooWide = Array.from({ length: 5001 }, (_, i) => `f${i}: b(n: ${i})`).join(' ');
  expect(() => prepared(`{ ${tooWide} }`)).toThrow(
    expect.objectContaining({ extensions: { code: 'COST_LIMIT', expected: 'at most 5000 fields' } }),
  );
});
