import { GraphQLError } from 'graphql';
import { TRANSPORTS, internalError, lacking, notFound, startGraph } from './support.ts';
import type { Source } from './support.ts';

// Federation as other houses use it: interface objects, several keys, requirements with arguments (cases E11 to E13).

const people: Record<string, { __typename: string; id: string; name: string; age: number | null; level?: number }> = {
  1: { __typename: 'Admin', id: '1', name: 'Ann', age: 40, level: 3 },
  2: { __typename: 'Guest', id: '2', name: 'Bob', age: null },
};
const known = ({ id }: { id: string }) => people[id] ?? null;

const users: Record<string, Source> = {
  accounts: {
    sdl: `type Query { people: [User] }
      interface User @key(fields: "id") { id: ID! name: String age: Int }
      type Admin implements User @key(fields: "id") { id: ID! name: String age: Int level: Int }
      type Guest implements User @key(fields: "id") { id: ID! name: String age: Int }`,
    resolvers: {
      Query: { people: () => Object.values(people) },
      User: { __resolveReference: known, __resolveType: ({ __typename }: { __typename: string }) => __typename },
      Admin: { __resolveReference: known },
      Guest: { __resolveReference: known },
    },
  },
  scores: {
    sdl: `type Query { users: [User] best: User }
      type User @key(fields: "id") @interfaceObject {
        id: ID! score: Int age: Int @external rank: String @requires(fields: "age") friends: [User!]
      }`,
    resolvers: {
      Query: { users: () => [{ id: '1' }, { id: '2' }], best: () => ({ id: '1' }) },
      User: {
        __resolveReference: (reference: object) => reference,
        score: ({ id }: { id: string }) => Number(id) * 10,
        rank: ({ id, age }: { id: string; age?: number | null }) => `${id} at ${String(age)}`,
        friends: ({ id }: { id: string }) => [{ id: id === '1' ? '2' : '1' }],
      },
    },
  },
};

const goods: Record<string, Source> = {
  list: {
    sdl: 'type Query { items: [Item] } type Item @key(fields: "id") { id: ID! a: String }',
    resolvers: { Query: { items: () => ['1', '2', '3'].map((id) => ({ id, a: `a${id}` })) } },
  },
  register: {
    sdl: `type Item @key(fields: "id") @key(fields: "maker { id } no") { id: ID! maker: Maker no: Int b: String }
    type Maker @key(fields: "id") { id: ID! }`,
    resolvers: {
      Item: {
        __resolveReference: ({ id }: { id: string }) =>
          id === '2' ? null : { id, b: `b${id}`, no: Number(id), maker: id === '3' ? null : { id: `m${id}` } },
      },
    },
  },
  prices: {
    sdl: `type Item @key(fields: "maker { id } no") { maker: Maker no: Int c: String }
    type Maker @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Item: {
        __resolveReference: ({ maker, no }: { maker?: { id?: string }; no?: number }) => {
          if (!maker?.id || !no) throw new GraphQLError('a key without a value');
          return { maker, no };
        },
        c: ({ maker, no }: { maker: { id: string }; no: number }) => `c ${maker.id} ${no}`,
      },
      Maker: { __resolveReference: (reference: object) => reference, name: ({ id }: { id: string }) => `Maker ${id}` },
    },
  },
};

const taxed: Record<string, Source> = {
  stock: {
    sdl: `type Query { items: [Item] }
    type Item @key(fields: "id") { id: ID! price(currency: String = "EUR"): Int size: Size }
    type Size { w(unit: Int = 1): Int h: Int }`,
    resolvers: {
      Query: { items: () => [{ id: '1' }, { id: '2' }] },
      Item: {
        __resolveReference: (reference: object) => reference,
        price: ({ id }: { id: string }, { currency }: { currency: string }) => {
          if (id === '2' && currency === 'BAD')
            throw new GraphQLError('no such currency', { extensions: { code: 'NOT_FOUND' } });
          return Number(id) * (currency === 'USD' ? 100 : 7);
        },
        size: ({ id }: { id: string }) => ({ id }),
      },
      Size: { w: ({ id }: { id: string }, { unit }: { unit: number }) => Number(id) * unit, h: () => 5 },
    },
  },
  taxes: {
    sdl: `type Item @key(fields: "id") { id: ID! price(currency: String = "EUR"): Int @external size: Size @external
      tax: Int @requires(fields: "price(currency: \\"USD\\")")
      box: Int @requires(fields: "size { w(unit: 3) h }")
      bad: String @requires(fields: "price(currency: \\"BAD\\")") }
      type Size { w(unit: Int = 1): Int @external h: Int @external }`,
    resolvers: {
      Item: {
        __resolveReference: (reference: object) => reference,
        tax: ({ price }: { price: number }) => price / 10,
        box: ({ size }: { size: { w: number; h: number } }) => size.w * size.h,
        bad: ({ price }: { price: number | null }) => `bad ${String(price)}`,
      },
    },
  },
};

describe.each(TRANSPORTS)('%s: interface objects', (kind) => {
  test("a list of interface objects is answered, by each object's own type where it matters", async () => {
    await using graph = await startGraph(kind, users);
    expect(await graph.ask('{ users { id name } }')).toEqual({
      data: {
        users: [
          { id: '1', name: 'Ann' },
          { id: '2', name: 'Bob' },
        ],
      },
    });
    expect(
      await graph.ask(
        `{
          users { __typename score ... on Admin { level } friends { id name } }
          best { ... on Guest { score } ... on Admin { x: score } }
        }`,
      ),
    ).toEqual({
      data: {
        users: [
          { __typename: 'Admin', score: 10, level: 3, friends: [{ id: '2', name: 'Bob' }] },
          { __typename: 'Guest', score: 20, friends: [{ id: '1', name: 'Ann' }] },
        ],
        best: { x: 10 },
      },
    });
  });

  test('a field of an interface object that requires another is sent it', async () => {
    await using graph = await startGraph(kind, users);
    expect(await graph.ask('{ users { id rank } people { rank } best { ... on Admin { rank level } } }')).toEqual({
      data: {
        users: [
          { id: '1', rank: '1 at 40' },
          { id: '2', rank: '2 at null' },
        ],
        people: [{ rank: '1 at 40' }, { rank: '2 at null' }],
        best: { rank: '1 at 40', level: 3 },
      },
    });
  });

  test('an object of an unknown type is null with the reason', async () => {
    await using graph = await startGraph(kind, users);
    await graph.stop('accounts');
    expect((await graph.ask('{ users { score } }')).data).toEqual({ users: [{ score: 10 }, { score: 20 }] });
    const { data, missing } = await graph.ask('{ users { __typename score } }');
    expect([data, missing]).toEqual([{ users: [null, null] }, [{ source: 'accounts', paths: ['users.@'] }]]);
  });
});

describe.each(TRANSPORTS)('%s: keys and requirements', (kind) => {
  test('a key that is null is not sent on: its object has nulls, the others are answered', async () => {
    await using graph = await startGraph(kind, goods);
    expect(await graph.ask('{ items { id a b c } }')).toEqual({
      data: {
        items: [
          { id: '1', a: 'a1', b: 'b1', c: 'c m1 1' },
          { id: '2', a: 'a2', b: null, c: null },
          { id: '3', a: 'a3', b: 'b3', c: null },
        ],
      },
    });
    expect(graph.calls.find(({ service }) => service === 'prices')?.variables['representations']).toEqual([
      { __typename: 'Item', maker: { id: 'm1' }, no: 1 },
    ]);
    expect(await graph.ask('{ items { maker { name } } }')).toEqual({
      data: { items: [{ maker: { name: 'Maker m1' } }, { maker: null }, { maker: null }] },
    });
  });

  test.each([true, false])('a field that requires one with arguments obeys @include: %s', async (yes) => {
    await using graph = await startGraph(kind, taxed);
    const text = `query ($yes: Boolean!) {
      items { id price(currency: "EUR") tax @include(if: $yes) ... @include(if: $yes) { box size { w } } }
    }`;
    const item = (id: number) => ({
      id: String(id),
      price: 7 * id,
      ...(yes ? { tax: 10 * id, box: 15 * id, size: { w: id } } : null),
    });
    expect(await graph.ask(text, { variables: { yes } })).toEqual({ data: { items: [item(1), item(2)] } });
    expect(graph.calls.map(({ service }) => service)).toEqual(yes ? ['stock', 'taxes'] : ['stock']);
  });

  test('a field whose requirement failed is null for that reason, and only there', async () => {
    await using graph = await startGraph(kind, taxed);
    expect(await graph.ask('{ items { bad } }')).toEqual({
      data: { items: [{ bad: 'bad 7' }, { bad: null }] },
      errors: [notFound('no such currency', 'items', 1, 'bad')],
    });
  });
});

const two: Record<string, Source> = {
  one: { sdl: 'type Query { a: Int b: Int list: [T] } type T @key(fields: "id") { id: ID! n: Int }' },
  other: { sdl: 'type T @key(fields: "id") { id: ID! v: Int w: Int! }' },
};
const saying = (answer: object) => ({ execute: () => Promise.resolve(structuredClone(answer) as { data: null }) });
const coded = (path: unknown, code = 'NOT_FOUND') => ({ message: 'gone', path, extensions: { code } });

const ask = async (text: string, one: object, other: object = {}) => {
  await using graph = await startGraph('in process', two, { transports: { one: saying(one), other: saying(other) } });
  const { data, errors, missing } = await graph.ask(text);
  return { data, errors, missing, heard: graph.heard };
};

const many = (count: number) => {
  const list = Array.from({ length: count }, (_, i) => ({ __typename: 'T', id: String(i), n: null }));
  return {
    one: saying({ data: { list }, errors: list.map((_, i) => ({ message: `row ${i}`, path: ['list', i, 'n'] })) }),
    other: saying({
      data: { _entities: list.map(() => ({ v: null })) },
      errors: list.map((_, i) => coded(['_entities', i, 'v'], 'BAD_USER_INPUT')),
    }),
  };
};

describe('what a subgraph says of its errors is not believed', () => {
  test.each<[string, unknown]>([
    ['of other names', ['secret', 'table']],
    ["of the field's leaf", ['a', 'b']],
    ['of objects', [{ a: 1 }]],
    ['of no list', ['a', 0]],
    ['that is empty', []],
    ['that is text', 'a.b'],
    ['of 20 000 steps', Array.from({ length: 20_000 }, () => 0)],
    ['of members', ['__proto__', 'constructor']],
    ['of a fraction', ['list', 0.5]],
    ['of a position that is not there', ['list', 7, 'n']],
    ['of a list without a position', ['list', 'n']],
  ])("a path %s is the fetch's own", async (_, path) => {
    const list = [{ __typename: 'T', id: '1', n: 1 }];
    expect(
      await ask('{ a list { n } }', { data: { a: 1, list }, errors: [coded(path, 'BAD_USER_INPUT')] }),
    ).toMatchObject({
      data: { a: 1, list: [{ n: 1 }] },
      errors: [{ message: 'gone', extensions: { code: 'BAD_USER_INPUT' } }],
      missing: undefined,
    });
    const { errors } = await ask(
      '{ l: list { v } }',
      { data: { list } },
      { data: { _entities: [{ v: 1 }] }, errors: [coded(['_entities', ...(Array.isArray(path) ? path : [])])] },
    );
    expect(errors).toEqual([notFound('gone', 'l', '@')]);
  });

  test('each field that was lost has an error of its own, and each null is missing', async () => {
    const answer = { data: null, errors: [{ message: 'secret', path: ['n', 'v'] }] };
    expect(await ask('{ a x: b }', answer)).toMatchObject({
      data: { a: null, x: null },
      errors: [internalError('a'), internalError('x')],
      ...lacking('one', 'a', 'x'),
    });
    expect(await ask('{ a x: b }', { data: null, errors: [coded(['a'])] })).toMatchObject({
      data: { a: null, x: null },
      errors: [notFound('gone', 'a'), internalError('x')],
      ...lacking('one', 'x'),
    });
    expect(
      await ask('{ a x: b }', { data: { a: null, b: null }, errors: [coded(['nothing'], 'BAD_USER_INPUT')] }),
    ).toMatchObject({ data: { a: null, x: null }, ...lacking('one', 'a', 'x') });
    const list = [
      { __typename: 'T', id: '1' },
      { __typename: 'T', id: '2' },
    ];
    expect(
      await ask(
        '{ list { v } }',
        { data: { list } },
        { data: { _entities: [null, { v: 2 }] }, errors: [coded(['_entities', 0])] },
      ),
    ).toMatchObject({
      data: { list: [{ v: null }, { v: 2 }] },
      errors: [notFound('gone', 'list', 0, 'v')],
    });
  });
});

describe('errors of any number and size are bounded', () => {
  test('20 000 errors are reported once for each field and heard once a call', async () => {
    await using graph = await startGraph('in process', two, { transports: many(20_000) });
    const { errors, missing } = await graph.result('{ list { n v } }');
    expect(errors?.map((error) => error.toJSON())).toEqual([
      internalError('list', '@', 'n'),
      { message: 'gone', path: ['list', '@', 'v'], extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(missing).toEqual([
      { source: 'one', paths: ['list.@.n'] },
      { source: 'other', paths: ['list.@.v'] },
    ]);
    expect(graph.heard.map(({ source, count }) => [source, count])).toEqual([['one', 20_000]]);
  });

  test('the work for errors grows with their number, not with its square', async () => {
    const cpuOf = async (count: number): Promise<number> => {
      await using graph = await startGraph('in process', two, { transports: many(count) });
      await graph.result('{ list { n v } }');
      const before = process.cpuUsage().user;
      await graph.result('{ list { n v } }');
      return process.cpuUsage().user - before;
    };
    const few = await cpuOf(2_000);
    expect((await cpuOf(16_000)) / few).toBeLessThan(32); // 8 would be linear, 64 its square
  });

  test('what a message or an extension says is bounded', async () => {
    const { errors } = await ask('{ a }', {
      data: { a: null },
      errors: [
        {
          message: 'x'.repeat(100_000),
          path: ['a'],
          extensions: { code: 'NOT_FOUND', reason: 'y'.repeat(100_000), expected: 'z' },
        },
      ],
    });
    expect(errors).toEqual([
      { message: `${'x'.repeat(1000)}…`, path: ['a'], extensions: { code: 'NOT_FOUND', expected: 'z' } },
    ]);
  });
});
