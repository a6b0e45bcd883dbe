import fc from 'fast-check';
import { GraphQLError, buildSchema, parse } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { createErrorNode, sortedErrors } from './errors.ts';
import { project } from './projection.ts';
import { projectionOf } from './selection.ts';

const schema = buildSchema(`
  type Query { a: A aa: [A!] grid: [[A]!] n: N! u: U }
  interface N { id: ID }
  union U = A | B
  type A implements N { id: ID s: String! e: E f: Float b: B l: [Int!]! }
  type B implements N { id: ID! t: Boolean a: A }
  enum E { X Y }
`);
const text = `{ a { ...F } aa { s b { t a { id } } } grid { __typename l } n { id k: __typename ... on B { t } } u { ... on N { constructor: id } ... on A { e } } }
  fragment F on A { id s e f l }`;
const operationOf = (source: string) => parse(source).definitions[0] as OperationDefinitionNode;
const fragmentF = parse(text).definitions[1];
const fragments = fragmentF?.kind === 'FragmentDefinition' ? { F: fragmentF } : {};

const { tree } = fc.letrec((tie) => {
  const leaf = fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>('x', 'X', 1, 1.5, true) }, { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined, {}, Number.NaN) });
  const object = fc.record({
    __typename: fc.constantFrom('A', 'B', 'A', 'B', 'Z'), k: fc.constantFrom('A', 'B'), known: fc.constantFrom(true, true, true, false),
    id: leaf, s: leaf, e: fc.constantFrom('X', 'Y', 'Q'), f: leaf, t: leaf, constructor: leaf,
    l: fc.array(leaf, { maxLength: 2 }), b: fc.option(tie('object')), a: fc.option(tie('object')),
  }, { requiredKeys: ['k'] });
  return { object, tree: fc.record({ a: object, aa: fc.array(object, { maxLength: 2 }), grid: fc.array(fc.array(object, { maxLength: 2 }), { maxLength: 2 }), n: object, u: object }) };
});

test('the compiled answer is the interpreted one, whatever came', () => {
  const compiled = projectionOf(schema, operationOf(text), fragments, {});
  const absent = { typeName: 'B', alias: 'known', error: (path: readonly (string | number)[]) => new GraphQLError('absent', { path }) };
  const answer = (projection: typeof compiled, merged: Record<string, unknown>, rule?: typeof absent) => {
    const errors: GraphQLError[] = [];
    const data = project(projection, merged, { errors, reported: undefined, missing: undefined, absent: rule, introspection: undefined, onUnavailable() {} });
    return JSON.stringify({ data, errors });
  };
  let perfect = 0;
  fc.assert(fc.property(tree, fc.boolean(), (merged, ruled) => {
    const interpreted = { ...compiled, uses: 9, fast: undefined };
    const rule = ruled ? absent : undefined;
    const expected = answer(interpreted, merged as Record<string, unknown>, rule);
    if (expected.endsWith('"errors":[]}')) perfect += 1;
    answer(compiled, merged as Record<string, unknown>, rule);
    expect(answer(compiled, merged as Record<string, unknown>, rule)).toBe(expected);
  }), { numRuns: 3000, seed: 7 });
  expect(perfect).toBeGreaterThan(20);
});

test('reported errors under a path explain its null', () => {
  const reported = createErrorNode();
  reported.children.set('a', createErrorNode());
  const errors: GraphQLError[] = [];
  const state = { errors, reported, missing: undefined, absent: undefined, introspection: undefined, onUnavailable() {} };
  const data = project(projectionOf(schema, operationOf('{ a { s } }'), {}, {}), { a: { s: null } }, state);
  expect([JSON.stringify(data), errors.length]).toEqual(['{"a":null}', 1]);
});

test('errors are sorted by path, positions as numbers, then by code, and told once', () => {
  const error = (code: string, ...path: (string | number)[]) => new GraphQLError('m', { path, extensions: { code } });
  const sorted = sortedErrors([error('B', 'a', 10), error('A', 'a', 2), error('B', 'a', 2), error('C', 'a'), error('A', 'a', 2), error('Z'), error('A', 'a', '@')]);
  expect(sorted.map((one) => `${one.path?.join('.')} ${String(one.extensions.code)}`)).toEqual([' Z', 'a C', 'a.2 A', 'a.2 B', 'a.10 B', 'a.@ A']);
});
