import { mergeObject, nullify, representationsOf, rewritten } from './merge.ts';
import type { Requirement, ShapeField } from './compile.ts';

const leaf = (key: string): ShapeField => ({ key, inherited: key === '__proto__', fields: undefined });
const object = (key: string, ...fields: ShapeField[]): ShapeField => ({ key, inherited: key === '__proto__', fields });
const never = () => false;

test('objects merge key by key and lists by position; a value wins over null, whichever came first', () => {
  const shape = [object('list', leaf('a'), leaf('b'), object('deep', leaf('c'), leaf('d')))];
  const parts = [
    { list: [{ a: 1, deep: { c: 1 } }, null, { a: 3 }] },
    { list: [{ b: 2, deep: { d: 2 } }, { b: 4 }, null, { b: 5 }] },
  ];
  for (const order of [parts, parts.toReversed()]) {
    const target = {};
    for (const part of structuredClone(order)) mergeObject(shape, target, part, false);
    expect(target).toEqual({ list: [{ a: 1, b: 2, deep: { c: 1, d: 2 } }, { b: 4 }, { a: 3 }, { b: 5 }] });
  }
});

test('only requested fields are merged', () => {
  const target = {};
  mergeObject([leaf('a')], target, { a: 1, secret: 2 }, false);
  expect(target).toEqual({ a: 1 });
});

test('a leaf that is an object is taken as it is and never merged into', () => {
  const kept = { x: 1 };
  const target = { json: kept };
  mergeObject([leaf('json')], target, { json: { y: 2 } }, false);
  expect([target, kept]).toEqual([{ json: { y: 2 } }, { x: 1 }]);
});

test('a shared source gives every place objects of its own', () => {
  const shape = [object('o', object('list', leaf('a')))];
  const source = { o: { list: [{ a: 1 }] } };
  const one: { o?: unknown } = {};
  const other: { o?: { list: { a: number }[] } } = {};
  mergeObject(shape, one, source, false);
  mergeObject(shape, other, source, true);
  expect(other).toEqual(one);
  if (other.o?.list[0]) other.o.list[0].a = 9;
  expect(one).toEqual({ o: { list: [{ a: 1 }] } });
});

test('a key __proto__ in subgraph JSON stays a key', () => {
  const target = JSON.parse('{"__proto__":{"a":1}}');
  mergeObject(
    [object('__proto__', leaf('a'), leaf('b'))],
    target,
    JSON.parse('{"__proto__":{"b":2,"polluted":3}}'),
    false,
  );
  expect(JSON.stringify(target)).toBe('{"__proto__":{"a":1,"b":2}}');
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).b).toBeUndefined();
});

test('nullify fills what nobody gave', () => {
  const target = { a: 1 };
  nullify([leaf('a'), object('b', leaf('c'))], target);
  expect(target).toEqual({ a: 1, b: null });
});

const on = (type: string, ...fields: Requirement[]): Requirement => ({
  kind: 'on',
  types: new Set([type]),
  keys: [],
  fields,
});
const field = (from: string, to = from, fields?: Requirement[]): Requirement => ({
  kind: 'field',
  from,
  inherited: false,
  to,
  fields,
});

test('equal representations are sent once, each place knows its own', () => {
  const positions = [
    { __typename: 'A', id: '1' },
    { __typename: 'B', id: '1' },
    { __typename: 'A', id: 1 },
    { __typename: 'A', id: '1' },
    { __typename: 'C', id: '1' },
  ];
  const requires = [on('A', field('__typename'), field('id')), on('B', field('__typename'), field('id'))];
  const { list, of } = representationsOf(positions, requires, [], never);
  expect(list).toEqual([
    { __typename: 'A', id: '1' },
    { __typename: 'B', id: '1' },
    { __typename: 'A', id: 1 },
  ]);
  expect([...of]).toEqual([0, 1, 2, 0, -1]);
});

test('values that print alike are distinguished', () => {
  const values: unknown[] = ['a', 'a"', 'true', true, 'null', null, 1, '1', ['1', '2'], '["1","2"]', { a: 1 }];
  const positions = values.flatMap((a) => [
    { __typename: 'A', a, b: 'x' },
    { __typename: 'A', a: 'x', b: a },
  ]);
  const { list } = representationsOf(positions, [on('A', field('__typename'), field('a'), field('b'))], [], never);
  expect(list.length).toBe(positions.length);
});

test('nested requirements are projected through lists, under the names the subgraph knows', () => {
  const position = { __typename: 'A', x: [[{ n: 1, secret: 2 }, null], null], _alias: 'v' };
  const { list } = representationsOf(
    [position],
    [on('A', field('__typename'), field('x', 'x', [field('n')]), field('_alias', 'real'))],
    [],
    never,
  );
  expect(list).toEqual([{ __typename: 'A', x: [[{ n: 1 }, null], null], real: 'v' }]);
});

test('a requirement that an error took keeps its place out; one nobody knows of is null', () => {
  const requires = [on('A', field('__typename'), field('w'))];
  const positions = [{ __typename: 'A' }, { __typename: 'A', w: 1 }, { __typename: 'A', w: null }];
  const asked: unknown[] = [];
  const lost = representationsOf(positions, requires, [], (...given) => asked.push(given) > 0);
  expect([lost.list, [...lost.of], lost.unknown]).toEqual([[{ __typename: 'A', w: 1 }], [-1, 0, -1], []]);
  expect(asked).toEqual([
    [0, ['w'], true],
    [2, ['w'], false],
  ]);
  const known = representationsOf(positions, requires, [], never);
  expect(known.list).toEqual([
    { __typename: 'A', w: null },
    { __typename: 'A', w: 1 },
  ]);
});

test('an object is requested by a complete key; without one its source has nothing on it', () => {
  const owner = field('owner', 'owner', [field('id')]);
  const by = (keys: readonly (readonly string[])[][]) =>
    representationsOf(
      [
        { __typename: 'A', sku: 's', owner: null, w: null },
        { __typename: 'A', sku: null, owner: { id: '1' }, w: 1 },
        { __typename: 'A', sku: null, owner: { id: null }, w: 1 },
      ],
      [{ ...on('A', field('__typename'), field('sku'), owner, field('w')), keys } as Requirement],
      [],
      never,
    );
  expect([[...by([[['sku']]]).of], by([[['sku']]]).unknown]).toEqual([
    [0, -1, -1],
    [1, 2],
  ]);
  expect([...by([[['owner', 'id']]]).of]).toEqual([-1, 0, -1]);
  expect([...by([[['sku']], [['owner', 'id']]]).of]).toEqual([0, 1, -1]);
  expect([...by([[['sku'], ['owner', 'id']]]).of]).toEqual([-1, -1, -1]);
  expect([...by([]).of]).toEqual([0, 1, 2]);
});

test('rewrites rename keys and set values at their path, for their types alone', () => {
  const value = { any: [{ __typename: 'A', k: 1 }, { __typename: 'B', k: 2 }, null] };
  rewritten(value, [
    { path: [{ key: 'any' }, { types: new Set(['B']) }, { key: 'k' }], renameTo: 'x' },
    { path: [{ key: 'any' }, { types: new Set(['A']) }, { key: '__typename' }], setTo: 'I' },
  ]);
  expect(value).toEqual({ any: [{ __typename: 'I', k: 1 }, { __typename: 'B', x: 2 }, null] });
});
