import fc from 'fast-check';
import { GraphQLError, buildSchema, parse } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { AnswerTooLarge, createMeter } from './answerSize.ts';
import {
  createMissingNode,
  createReportNode,
  internalCause,
  missingAt,
  reportAt,
  sortedErrors,
  unavailableCause,
} from './errors.ts';
import type { Fragments } from './document.ts';
import { project } from './projection.ts';
import type { Projecting } from './projection.ts';
import { prepareOperation } from './selection.ts';
import type { AbsentRule } from './selection.ts';

const schema = buildSchema(`
  type Query { a: A aa: [A!] grid: [[A]!] n: N! u: U }
  interface N { id: ID }
  union U = A | B
  type A implements N { id: ID s: String! e: E f: Float b: B l: [Int!]! }
  type B implements N { id: ID! t: Boolean a: A }
  enum E { X Y }
`);
const text = `{
    a { ...F }
    aa { s b { t a { id } } }
    grid { __typename l }
    n { id k: __typename ... on B { t } }
    u { ... on N { constructor: id } ... on A { e } }
  }
  fragment F on A { id s e f l }`;
const operationOf = (source: string) => parse(source).definitions[0] as OperationDefinitionNode;
const fragmentF = parse(text).definitions[1];
const fragments: Fragments = fragmentF?.kind === 'FragmentDefinition' ? { F: fragmentF } : {};

// Mostly what the schema says, now and then something else, so that whole answers and broken ones both occur.
const mostly = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 60, arbitrary: good },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined, {}, [], 'Z', Number.NaN) },
  );
const typed = (typename: string, depth: number): fc.Arbitrary<unknown> =>
  mostly(
    fc.record({
      __typename: mostly(fc.constant(typename)),
      known: fc.constantFrom(true, true, true, true, false, null, undefined),
      id: mostly(fc.constant('x')),
      _0_id: mostly(fc.constant('x')),
      s: mostly(fc.constant('s')),
      e: mostly(fc.constantFrom('X', 'Y', null)),
      f: mostly(fc.constantFrom(1, 1.5)),
      t: mostly(fc.boolean()),
      l: mostly(fc.array(mostly(fc.integer()), { maxLength: 2 })),
      ...(depth > 0
        ? { b: typed('B', depth - 1), a: typed('A', depth - 1) }
        : { b: fc.constant(null), a: fc.constant(null) }),
    }),
  );
const tree = fc.record({
  a: typed('A', 0),
  aa: fc.array(typed('A', 2), { maxLength: 2 }),
  grid: fc.array(fc.array(typed('A', 0), { maxLength: 2 }), { maxLength: 2 }),
  n: typed('B', 0),
  u: fc.oneof(typed('A', 0), typed('B', 0)),
});

const nothing: Projecting = {
  reported: undefined,
  missing: undefined,
  absent: undefined,
  introspection: undefined,
  sourceOf: () => undefined,
};
const projectionOf = (source: string) =>
  prepareOperation(
    { schema, ofInterfaceObjects: new Set(), required: new Set() },
    operationOf(source),
    source === text ? fragments : {},
    {},
  ).projection;

test('the compiled answer is the interpreted one, whatever came', () => {
  const compiled = projectionOf(text);
  const error = (path: readonly (string | number)[]) => new GraphQLError('absent', { path });
  const absent: AbsentRule = {
    typeName: 'B',
    field: 'known',
    error,
    named: { interfaceName: 'N', fields: new Set<string>(), field: 'known', error },
  };
  const answer = (projection: typeof compiled, merged: Record<string, unknown>, rule?: AbsentRule) => {
    const { data, errors } = project(projection, merged, { ...nothing, absent: rule });
    return JSON.stringify({ data, errors });
  };
  let perfect = 0;
  fc.assert(
    fc.property(tree, fc.boolean(), (merged, ruled) => {
      const interpreted = { ...compiled, uses: 9, fast: undefined };
      const rule = ruled ? absent : undefined;
      const expected = answer(interpreted, merged as Record<string, unknown>, rule);
      if (expected.endsWith('"errors":[]}')) perfect += 1;
      answer(compiled, merged as Record<string, unknown>, rule);
      expect(answer(compiled, merged as Record<string, unknown>, rule)).toBe(expected);
    }),
    { numRuns: 400, seed: 7 },
  );
  expect(perfect).toBeGreaterThan(50);
  expect(perfect).toBeLessThan(350);
});

test('both ways of making an answer count it alike, never as more than it has, and stop where it is too large', () => {
  const compiled = projectionOf(text);
  const interpreted = { ...compiled, uses: 9, fast: undefined };
  const used = (projection: typeof compiled, merged: unknown): [used: number, bytes: number] => {
    const meter = createMeter();
    const { data } = project(projection, merged as Record<string, unknown>, { ...nothing, meter });
    return [meter.used, Buffer.byteLength(JSON.stringify(data))];
  };
  const leaf = (typename: string, more: object = {}) => ({
    __typename: typename,
    id: 'x',
    _0_id: 'x',
    s: '信用',
    e: 'X',
    f: 1.5,
    t: true,
    l: [1, 22],
    b: null,
    a: null,
    ...more,
  });
  const merged = {
    a: leaf('A'),
    aa: [leaf('A', { b: leaf('B', { a: leaf('A') }) }), leaf('A')],
    grid: [[leaf('A')], []],
    n: leaf('B'),
    u: leaf('A'),
  };
  for (let round = 0; round < 3; round += 1) {
    const [fast, bytes] = used(compiled, merged);
    const [slow] = used(interpreted, merged);
    expect(Math.abs(fast - slow)).toBeLessThan(bytes / 4);
    for (const each of [fast, slow]) expect([each > bytes / 2, each <= bytes]).toEqual([true, true]);
    for (const projection of [compiled, interpreted])
      expect(() => project(projection, merged, { ...nothing, meter: createMeter(50) })).toThrow(AnswerTooLarge);
  }
});

const errorsWith = (...path: string[]): unknown => {
  const reported = createReportNode();
  reportAt(reported, path).causes.push(internalCause('s'));
  const { data, errors, lacking } = project(
    projectionOf('{ a { s id } }'),
    { a: { s: null, id: '1' } },
    { ...nothing, reported },
  );
  expect(JSON.stringify(data)).toBe('{"a":null}');
  return [errors.map((error) => error.path?.join('.')), [...lacking].map(([source, paths]) => [source, ...paths])];
};

test('what a field of a named interface gives is null with a reason when nobody knows it, or nobody could say', () => {
  const error = (path: readonly (string | number)[]) => new GraphQLError('absent', { path });
  const answer = (known: unknown, cause?: 'unavailable') => {
    const missing = createMissingNode();
    if (cause) missingAt(missing, ['n', 'known']).causes.push(unavailableCause('s'));
    const absent: AbsentRule = {
      typeName: 'Z',
      field: 'known',
      error,
      named: { interfaceName: 'N', fields: new Set<string>(), field: 'known', error },
    };
    const merged = { n: { __typename: 'A', id: '1', ...(known === undefined ? null : { known }) } };
    const { data, errors, lacking } = project(projectionOf('{ n { id } }'), merged, { ...nothing, missing, absent });
    return [
      JSON.stringify(data),
      errors.map(({ message, path }) => `${path?.join('.')} ${message}`),
      [...lacking].map(([source, paths]) => `${source} ${[...paths].join()}`),
    ];
  };
  expect(answer(1)).toEqual(['{"n":{"id":"1"}}', [], []]);
  expect(answer(null)).toEqual(['null', ['n absent'], []]);
  expect(answer(undefined, 'unavailable')).toEqual(['null', ['n The s source is unavailable.'], ['s n']]);
  expect(answer(undefined)).toEqual(['null', ['n Internal error'], ['gateway n']]);
});

test('an error reported at or under a path explains its null, one beside it does not', () => {
  expect(errorsWith('a', 's')).toEqual([['a.s'], [['s', 'a.s']]]);
  expect(errorsWith('a', 'id')).toEqual([['a.s', 'a.id'], [['gateway', 'a.s']]]);
});

const coded = (code: string, ...path: (string | number)[]) => new GraphQLError('m', { path, extensions: { code } });

test('errors are sorted by path, indexes as numbers, then by code, and reported once', () => {
  const sorted = sortedErrors([
    coded('B', 'a', 10),
    coded('A', 'a', 2),
    coded('B', 'a', 2),
    coded('C', 'a'),
    coded('A', 'a', 2),
    coded('Z'),
    coded('A', 'a', '@'),
  ]);
  expect(sorted.map((one) => `${one.path?.join('.')} ${String(one.extensions.code)}`)).toEqual([
    ' Z',
    'a C',
    'a.2 A',
    'a.2 B',
    'a.10 B',
    'a.@ A',
  ]);
});
