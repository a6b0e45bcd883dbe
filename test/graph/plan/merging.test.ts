import { TRANSPORTS, startGraph } from './support.ts';
import type { Source } from './support.ts';

const items: Record<string, Record<string, unknown>> = {
  1: { id: '1', w: 2, h: 3, next: { id: '2' } },
  2: { id: '2', w: 4, h: 5, next: { id: '1' } },
};
const boxes: Record<string, Record<string, unknown>> = {
  b1: { id: 'b1', label: 'One', item: items[1] },
  b2: { id: 'b2', label: 'Two', item: items[2] },
};

const shop: Record<string, Source> = {
  stock: {
    sdl: `
      type Query {
        items(ids: [ID!] = ["1", "2", "1"]): [Item!] any: [Any] nodes: [Node!] matrix: [[Item]]
        me: Item @provides(fields: "title") file(id: ID!): File @shareable
      }
      type Mutation { setStock(value: Int!): Item }
      interface Node { id: ID! }
      union Any = Item | Box
      type Item implements Node @key(fields: "id") {
        id: ID! w(unit: Int = 1): Int h: Int next: Item title: String @external
      }
      type Box implements Node @key(fields: "id") { id: ID! label: String item: Item }
      type File @key(fields: "id") { id: ID! isKnown: Boolean stock: Section }
      type Section @shareable { rows: [Row!] }
      type Row @shareable { n: Int s: String }
    `,
    resolvers: {
      Query: {
        items: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => items[id]),
        any: () => [{ __typename: 'Item', ...items[1] }, { __typename: 'Box', ...boxes.b1 }, null],
        nodes: () => [
          { __typename: 'Item', ...items[2] },
          { __typename: 'Box', ...boxes.b2 },
        ],
        matrix: () => [[items[1], null, items[2]], null, [], [items[1]]],
        me: () => ({ ...items[1], title: 'provided' }),
        file: (_: unknown, { id }: { id: string }) => ({
          id,
          isKnown: true,
          stock: {
            rows: [
              { n: 1, s: 'a' },
              { n: 2, s: 'b' },
            ],
          },
        }),
      },
      Mutation: { setStock: (_: unknown, { value }: { value: number }) => ({ ...items[1], w: value }) },
      Item: {
        w: ({ w }: { w: number }, { unit }: { unit: number }) => w * unit,
        __resolveReference: ({ id }: { id: string }) => items[id],
      },
      Box: { __resolveReference: ({ id }: { id: string }) => boxes[id] },
    },
  },
  catalogue: {
    sdl: `
      type Query { file(id: ID!): File @shareable }
      type Mutation { setTitle(value: String!): Item }
      type File @key(fields: "id") { id: ID! catalogue: String }
      type Item @key(fields: "id") {
        id: ID! title: String @shareable w(unit: Int = 1): Int @external h: Int @external
        area: Int @requires(fields: "w h") related(first: Int): [Item!]
      }
      type Box @key(fields: "id") { id: ID! size: String }
    `,
    resolvers: {
      Query: { file: (_: unknown, { id }: { id: string }) => ({ id, catalogue: `catalogue of ${id}` }) },
      Mutation: { setTitle: () => ({ id: '2' }) },
      Item: {
        __resolveReference: (reference: object) => reference,
        title: ({ id, title }: { id: string; title?: string }) => title ?? `Title ${id}`,
        area: ({ w, h }: { w: number; h: number }) => w * h,
        related: ({ id }: { id: string }, { first }: { first: number }) =>
          [{ id: id === '1' ? '2' : '1' }, { id }].slice(0, first),
      },
      Box: { __resolveReference: (reference: object) => reference, size: ({ id }: { id: string }) => `size ${id}` },
    },
  },
  prices: {
    sdl: `
      type Query { file(id: ID!): File @shareable }
      type File @key(fields: "id") { id: ID! prices: [Float!] }
      type Item @key(fields: "id") { id: ID! area: Int @external price: Float @requires(fields: "area") }
      type Box @key(fields: "id") { id: ID! cost(k: Int): String }
    `,
    resolvers: {
      Query: { file: (_: unknown, { id }: { id: string }) => ({ id, prices: [1.5, 2] }) },
      Item: { __resolveReference: (reference: object) => reference, price: ({ area }: { area: number }) => area / 2 },
      Box: {
        __resolveReference: (reference: object) => reference,
        cost: ({ id }: { id: string }, { k }: { k?: number }) => `${id}/${k}`,
      },
    },
  },
};

describe.each(TRANSPORTS)('%s: calls of subgraphs', (kind) => {
  test('a requires chain over three subgraphs is answered, each entity asked once', async () => {
    await using graph = await startGraph(kind, shop);
    expect(await graph.ask('{ items { id price area title } }')).toEqual({
      data: {
        items: [
          { id: '1', price: 3, area: 6, title: 'Title 1' },
          { id: '2', price: 10, area: 20, title: 'Title 2' },
          { id: '1', price: 3, area: 6, title: 'Title 1' },
        ],
      },
    });
    const sent = graph.calls.flatMap(({ variables }) => Object.values(variables)).filter(Array.isArray);
    expect(sent.map((representations) => representations.length)).toEqual([2, 2]);
  });

  test('a root field that several subgraphs share is merged key by key', async () => {
    await using graph = await startGraph(kind, shop);
    expect(await graph.ask('{ f: file(id: "7") { prices x: id catalogue stock { rows { s n } } } }')).toEqual({
      data: {
        f: {
          prices: [1.5, 2],
          x: '7',
          catalogue: 'catalogue of 7',
          stock: {
            rows: [
              { s: 'a', n: 1 },
              { s: 'b', n: 2 },
            ],
          },
        },
      },
    });
  });

  test('a field that requires another gets that field, whatever the client calls by its name', async () => {
    await using graph = await startGraph(kind, shop);
    const query =
      '{ any { ... on Item { w: title area h: id id: h } } items(ids: ["2"]) { w(unit: 10) area id: title } }';
    expect(await graph.ask(query)).toEqual({
      data: { any: [{ w: 'Title 1', area: 6, h: '1', id: 3 }, {}, null], items: [{ w: 40, area: 20, id: 'Title 2' }] },
    });
  });

  test('a provided field is not asked again', async () => {
    await using graph = await startGraph(kind, shop);
    expect(await graph.ask('{ me { title id } }')).toEqual({ data: { me: { title: 'provided', id: '1' } } });
    expect(graph.calls.map(({ service }) => service)).toEqual(['stock']);
  });

  test('mutations run one after another, also over several subgraphs, each seeing its own answer', async () => {
    await using graph = await startGraph(kind, shop);
    const query = `mutation ($n: Int!) {
      a: setStock(value: $n) { w title } b: setTitle(value: "t") { title w } c: setStock(value: 9) { w }
    }`;
    expect(await graph.ask(query, { variables: { n: 8 } })).toEqual({
      data: { a: { w: 8, title: 'Title 1' }, b: { title: 'Title 2', w: 4 }, c: { w: 9 } },
    });
    const roots = graph.calls
      .filter(({ document }) => document.startsWith('mutation'))
      .map(({ document }) => document.match(/set\w+/)?.[0]);
    expect(roots).toEqual(['setStock', 'setTitle', 'setStock']);
  });

  test('a subgraph is sent the variables its operation uses, and no others', async () => {
    await using graph = await startGraph(kind, shop);
    const query = `query ($ids: [ID!], $first: Int, $file: ID!) {
      items(ids: $ids) { related(first: $first) { id } }
      file(id: $file) { catalogue }
    }`;
    expect(await graph.ask(query, { variables: { ids: ['1'], file: '3', other: 'x' } })).toEqual({
      data: { items: [{ related: [{ id: '2' }, { id: '1' }] }], file: { catalogue: 'catalogue of 3' } },
    });
    const sent = graph.calls.map(({ service, variables }) => [service, Object.keys(variables).toSorted()]).toSorted();
    expect(sent).toEqual([
      ['catalogue', ['representations']],
      ['catalogue', ['v2']],
      ['stock', ['v0']],
    ]);
  });
});

describe.each(TRANSPORTS)('%s: the shape of an answer', (kind) => {
  test('the answer keeps the order and the names the client asked for', async () => {
    await using graph = await startGraph(kind, shop);
    const { data } = await graph.ask('{ items(ids: ["2"]) { z: price title a: id area again: title } }');
    expect(JSON.stringify(data)).toBe('{"items":[{"z":10,"title":"Title 2","a":"2","area":20,"again":"Title 2"}]}');
  });

  test('lists of lists keep their shape and nulls', async () => {
    await using graph = await startGraph(kind, shop);
    expect(await graph.ask('{ matrix { id title next { title } } }')).toEqual({
      data: {
        matrix: [
          [
            { id: '1', title: 'Title 1', next: { title: 'Title 2' } },
            null,
            { id: '2', title: 'Title 2', next: { title: 'Title 1' } },
          ],
          null,
          [],
          [{ id: '1', title: 'Title 1', next: { title: 'Title 2' } }],
        ],
      },
    });
  });

  test('aliases named like members of every object are keys like any other', async () => {
    await using graph = await startGraph(kind, shop);
    const query = `{
      __proto__: items(ids: ["1"]) {
        constructor: title toString: w
        __proto__: next { __proto__: title hasOwnProperty: id }
      }
    }`;
    // Two rounds: in process the second one is compiled.
    for (let round = 0; round < 2; round += 1) {
      const result = await graph.result(query);
      expect(JSON.stringify({ data: result.data, errors: result.errors })).toBe(
        '{"data":{"__proto__":[{"constructor":"Title 1","toString":2,"__proto__":{"__proto__":"Title 2",' +
          '"hasOwnProperty":"2"}}]}}',
      );
    }
    expect(({} as Record<string, unknown>).title).toBeUndefined();
  });

  test("a key of every object that no subgraph sent is missing, not Object.prototype's", async () => {
    await using graph = await startGraph(kind, shop);
    await graph.stop('catalogue');
    const { data } = await graph.result('{ items(ids: ["1"]) { constructor: title __proto__: area } }');
    expect(JSON.stringify(data)).toBe('{"items":[{"constructor":null,"__proto__":null}]}');
  });

  test('a denied field is null, asks nobody, and the rest is answered', async () => {
    await using graph = await startGraph(kind, shop);
    expect(
      await graph.ask('{ items(ids: ["1"]) { id p: price related { price id } } file(id: "1") { prices catalogue } }', {
        denied: ['price', 'prices'],
      }),
    ).toEqual({
      data: {
        items: [
          {
            id: '1',
            p: null,
            related: [
              { price: null, id: '2' },
              { price: null, id: '1' },
            ],
          },
        ],
        file: { prices: null, catalogue: 'catalogue of 1' },
      },
    });
    expect(graph.calls.map(({ service }) => service)).not.toContain('prices');
  });

  test('one operation of several is run', async () => {
    await using graph = await startGraph(kind, shop);
    const query = 'query A { me { id } } query B { items(ids: ["2"]) { title } }';
    expect(await graph.ask(query, { operationName: 'B' })).toEqual({ data: { items: [{ title: 'Title 2' }] } });
    expect(await graph.ask(query, { operationName: 'A' })).toEqual({ data: { me: { id: '1' } } });
  });
});

describe.each(TRANSPORTS)('%s: fragments and abstract types', (kind) => {
  test("unions and interfaces are answered by each object's own type", async () => {
    await using graph = await startGraph(kind, shop);
    const query = `{
      any { __typename ... on Item { x: title ...Priced } ... on Box { x: size item { title } } }
      nodes { id ... on Item { title } ... on Box { cost(k: 3) label item { id area } } kind: __typename }
    } fragment Priced on Item { price }`;
    expect(await graph.ask(query)).toEqual({
      data: {
        any: [
          { __typename: 'Item', x: 'Title 1', price: 3 },
          { __typename: 'Box', x: 'size b1', item: { title: 'Title 1' } },
          null,
        ],
        nodes: [
          { id: '2', title: 'Title 2', kind: 'Item' },
          { id: 'b2', cost: 'b2/3', label: 'Two', item: { id: '2', area: 20 }, kind: 'Box' },
        ],
      },
    });
  });

  test('one response key in sibling fragments belongs to its own type, with its own selection', async () => {
    await using graph = await startGraph(kind, shop);
    const query = '{ any { ... on Item { x: next { id title } } ... on Box { x: item { id w } } } }';
    expect(await graph.ask(query)).toEqual({
      data: { any: [{ x: { id: '2', title: 'Title 2' } }, { x: { id: '1', w: 2 } }, null] },
    });
  });

  test('a type name under an alias alone is answered', async () => {
    await using graph = await startGraph(kind, shop);
    expect(
      await graph.ask(
        '{ t: __typename nodes { kind: __typename } items(ids: ["1"]) { u: __typename } any { __typename } }',
      ),
    ).toEqual({
      data: {
        t: 'Query',
        nodes: [{ kind: 'Item' }, { kind: 'Box' }],
        items: [{ u: 'Item' }],
        any: [{ __typename: 'Item' }, { __typename: 'Box' }, null],
      },
    });
  });

  test('@skip and @include by variables leave fields, fragments and whole fetches out, the order follows', async () => {
    await using graph = await startGraph(kind, shop);
    const query = `query ($with: Boolean!) {
      items(ids: ["1"]) {
        title @skip(if: $with) ... @include(if: $with) { price next { id } } id
        next @include(if: $with) { title } title
      }
      file(id: "1") @include(if: $with) { catalogue }
    }`;
    const withAll = await graph.ask(query, { variables: { with: true } });
    expect(JSON.stringify(withAll)).toBe(
      '{"data":{"items":[{"price":3,"next":{"id":"2","title":"Title 2"},"id":"1","title":"Title 1"}],' +
        '"file":{"catalogue":"catalogue of 1"}}}',
    );
    const before = graph.calls.length;
    const without = await graph.ask(query, { variables: { with: false } });
    expect(JSON.stringify(without)).toBe('{"data":{"items":[{"title":"Title 1","id":"1"}]}}');
    expect(graph.calls.slice(before).map(({ service }) => service)).not.toContain('prices');
  });
});

describe.each(TRANSPORTS)('%s: one entity in several places', (kind) => {
  test('one field under several aliases, and repeated entities of entities, are fetched apart', async () => {
    await using graph = await startGraph(kind, shop);
    expect(
      await graph.ask('{ items(ids: ["1", "2"]) { a: related(first: 1) { id w } b: related { title h } } }'),
    ).toEqual({
      data: {
        items: [
          {
            a: [{ id: '2', w: 4 }],
            b: [
              { title: 'Title 2', h: 5 },
              { title: 'Title 1', h: 3 },
            ],
          },
          {
            a: [{ id: '1', w: 2 }],
            b: [
              { title: 'Title 1', h: 3 },
              { title: 'Title 2', h: 5 },
            ],
          },
        ],
      },
    });
  });

  test('objects of an entity in several places are separate: no addition shows in another', async () => {
    await using graph = await startGraph(kind, shop);
    const query = '{ items(ids: ["1", "1"]) { related { id x: w } } me { related { id x: h next { title } } } }';
    expect(await graph.ask(query)).toEqual({
      data: {
        items: [
          {
            related: [
              { id: '2', x: 4 },
              { id: '1', x: 2 },
            ],
          },
          {
            related: [
              { id: '2', x: 4 },
              { id: '1', x: 2 },
            ],
          },
        ],
        me: {
          related: [
            { id: '2', x: 5, next: { title: 'Title 1' } },
            { id: '1', x: 3, next: { title: 'Title 2' } },
          ],
        },
      },
    });
  });
});

describe.each(TRANSPORTS)('%s: introspection', (kind) => {
  test('introspection beside data is answered in its place', async () => {
    await using graph = await startGraph(kind, shop);
    const query = `query ($name: String!) { a: __typename __schema { queryType { name } } items(ids: ["1"]) { id }
      ...R t: __type(name: $name) { fields { name } } } fragment R on Query { __type(name: "Any") { kind } me { id } }`;
    expect(JSON.stringify(await graph.ask(query, { variables: { name: 'Row' } }))).toBe(
      '{"data":{"a":"Query","__schema":{"queryType":{"name":"Query"}},"items":[{"id":"1"}],' +
        '"__type":{"kind":"UNION"},"me":{"id":"1"},"t":{"fields":[{"name":"n"},{"name":"s"}]}}}',
    );
  });

  test('introspection alone asks no subgraph', async () => {
    await using graph = await startGraph(kind, shop);
    expect(
      await graph.ask(
        '{ __typename __type(name: "join__FieldSet") { name } q: __type(name: "Mutation") { fields { name } } }',
      ),
    ).toEqual({
      data: { __typename: 'Query', __type: null, q: { fields: [{ name: 'setTitle' }, { name: 'setStock' }] } },
    });
    expect(graph.calls).toEqual([]);
  });
});
