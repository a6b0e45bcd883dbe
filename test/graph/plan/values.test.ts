import { GraphQLError, GraphQLScalarType, Kind, parse } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { coerceVariables } from '#gateway/graph/engine/variables.ts';
import { TRANSPORTS, internalError, lacking, startGraph } from './support.ts';
import type { Source } from './support.ts';

// Written in lower case, kept and answered in upper case; anything with a digit is refused.
const checked = (value: unknown): string => {
  if (typeof value === 'string' && /^[a-z]+$/i.test(value)) return value.toUpperCase();
  throw new GraphQLError('Not a code.', { extensions: { reason: 'ALPHABET', expected: 'A-Z' } });
};
const Code = new GraphQLScalarType({
  name: 'Code',
  serialize: checked,
  parseValue: checked,
  parseLiteral: (node) => checked(node.kind === Kind.STRING ? node.value : undefined),
});
const Json = new GraphQLScalarType({ name: 'Json' });

const shared = { list: [{ a: 1 }], title: { title: 'kept' } };
const sources: Record<string, Source> = {
  first: {
    sdl: `
      scalar Code  scalar Json
      enum Colour { RED GREEN HIDDEN @inaccessible }
      input Filter { colour: Colour code: Code! limit: Int = 3 nested: [Filter!] }
      type Query {
        echo(code: Code = "abc", filter: Filter, colours: [Colour!] = [RED], n: Int = 5, json: Json): T
        colours: [Colour] codes: [Code] numbers: Numbers
      }
      type T @key(fields: "id") { id: Code! args: String json: Json sum(to: Int! = 1): Int }
      type Numbers { int: Int float: Float bool: Boolean id: ID string: String big: Float }
    `,
    resolvers: {
      Code,
      Json,
      Query: {
        echo: (_: unknown, args: object) => ({ id: 'key', args: JSON.stringify(args), json: shared }),
        colours: () => ['RED', 'HIDDEN', 'GREEN'],
        codes: () => ['abc', 'DEF'],
        numbers: () => ({ int: -0, float: 1.5, bool: false, id: 7, string: 8, big: 2 ** 52 }),
      },
      T: { __resolveReference: ({ id }: { id: string }) => ({ id }), sum: (_: unknown, { to }: { to: number }) => to },
    },
  },
  second: {
    sdl: 'scalar Code scalar Json type T @key(fields: "id") { id: Code! second: Json key: String }',
    resolvers: {
      Code,
      Json,
      T: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        second: () => shared,
        key: ({ id }: { id: string }) => id,
      },
    },
  },
};
const scalars = { Code, Json };

describe.each(TRANSPORTS)('%s: variables', (kind) => {
  test('variables reach a subgraph as sent, with their own defaults and not those of arguments', async () => {
    await using graph = await startGraph(kind, sources, { scalars });
    const query = `query ($code: Code = "dflt", $filter: Filter, $n: Int, $json: Json) {
      echo(code: $code, filter: $filter, n: $n, json: $json) { args key }
    }`;
    const ask = async (variables: Record<string, unknown>) => {
      const { data, errors } = await graph.ask(query, { variables });
      const { echo } = data as { echo: { args: string; key: string } };
      return { args: JSON.parse(echo.args), key: echo.key, errors };
    };
    for (let round = 0; round < 3; round += 1) {
      expect(await ask({})).toEqual({ args: { code: 'DFLT', colours: ['RED'], n: 5 }, key: 'KEY' });
      expect(
        await ask({
          code: null,
          n: null,
          json: { deep: [1, null] },
          filter: { code: 'x', colour: 'GREEN', nested: [{ code: 'y' }] },
        }),
      ).toEqual({
        args: {
          code: null,
          filter: { colour: 'GREEN', code: 'X', limit: 3, nested: [{ code: 'Y', limit: 3 }] },
          colours: ['RED'],
          n: null,
          json: { deep: [1, null] },
        },
        key: 'KEY',
      });
    }
    expect(graph.calls[0]?.variables).toEqual({ v0: 'dflt' });
  });

  test('missing, mistyped and unparseable variables are refused before any subgraph call', async () => {
    await using graph = await startGraph(kind, sources, { scalars });
    const query = `query ($code: Code!, $n: Int, $colours: [Colour!], $filter: Filter) {
      echo(code: $code, n: $n, colours: $colours, filter: $filter) { args }
    }`;
    const { data, errors } = await graph.ask(query, {
      variables: { n: 'x', colours: ['REDD'], filter: { code: '7', limt: 3 } },
    });
    expect(data).toBe(null);
    expect(
      (errors as { message: string; extensions: object }[]).map(({ message, extensions }) => ({ message, extensions })),
    ).toEqual([
      { message: 'Variable "$code" of type "Code!" is needed.', extensions: { code: 'BAD_USER_INPUT' } },
      { message: 'Variable "$n": Int cannot represent non-integer value: "x"', extensions: { code: 'BAD_USER_INPUT' } },
      {
        message: 'Variable "$colours.0": Value "REDD" does not exist in "Colour" enum.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
      { message: 'Not a code.', extensions: { code: 'BAD_USER_INPUT', reason: 'ALPHABET', expected: 'A-Z' } },
      {
        message: 'Variable "$filter": Field "limt" is not defined by type "Filter".',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(graph.calls).toEqual([]);
  });
});

describe.each(TRANSPORTS)('%s: values of subgraphs', (kind) => {
  test("leaves are of the schema's types: a value that is hidden or invalid is null with an error", async () => {
    await using graph = await startGraph(kind, sources, { scalars });
    expect(await graph.ask('{ colours codes numbers { int float bool id string big } }')).toEqual({
      data: {
        colours: ['RED', null, 'GREEN'],
        codes: ['ABC', 'DEF'],
        numbers: { int: 0, float: 1.5, bool: false, id: '7', string: '8', big: 2 ** 52 },
      },
      errors: [internalError('colours', 1)],
      ...lacking('first', 'colours.@'),
    });
    const raw = {
      execute: async () => ({
        data: {
          codes: ['a1', 5, 'ok'],
          numbers: { int: 1.5, float: 'x', bool: 'true', id: {}, string: [], big: Infinity },
        },
      }),
    };
    await using broken = await startGraph(kind, sources, { scalars, transports: { first: raw } });
    expect(await broken.ask('{ codes numbers { int float bool id string big } }')).toEqual({
      data: {
        codes: [null, null, 'OK'],
        numbers: { int: null, float: null, bool: null, id: null, string: null, big: null },
      },
      errors: [
        internalError('codes', 0),
        internalError('codes', 1),
        internalError('numbers', 'big'),
        internalError('numbers', 'bool'),
        internalError('numbers', 'float'),
        internalError('numbers', 'id'),
        internalError('numbers', 'int'),
        internalError('numbers', 'string'),
      ],
      ...lacking(
        'first',
        'codes.@',
        'numbers.big',
        'numbers.bool',
        'numbers.float',
        'numbers.id',
        'numbers.int',
        'numbers.string',
      ),
    });
  });

  test('what a resolver returns is never written to, also when its leaf is an object', async () => {
    await using graph = await startGraph(kind, sources, { scalars });
    for (let round = 0; round < 3; round += 1) {
      expect(await graph.ask('{ echo { json title: second second } }')).toEqual({
        data: { echo: { json: shared, title: shared, second: shared } },
      });
    }
    expect(shared).toEqual({ list: [{ a: 1 }], title: { title: 'kept' } });
  });
});

test('variables named like members of every object are only what the client gave', async () => {
  await using graph = await startGraph('in process', sources, { scalars });
  const operation = parse(
    'query ($constructor: Int, $__proto__: Int = 4) { echo(n: $constructor) { sum(to: $__proto__) } }',
  ).definitions[0] as OperationDefinitionNode;
  const coerced = coerceVariables(graph.planner.schema, operation, {});
  if (coerced.errors) throw coerced.errors[0];
  expect(JSON.stringify(coerced.rawVariables)).toBe('{"__proto__":4}');
});

test('the API schema has the real scalars and keeps nothing of federation', async () => {
  await using graph = await startGraph('in process', sources, { scalars });
  const { schema } = graph.planner;
  expect(Object.keys(schema.getTypeMap()).filter((name) => /^(join|link|_[A-Z])/.test(name))).toEqual([]);
  expect(Object.keys(schema.getQueryType()?.getFields() ?? {}).toSorted()).toEqual([
    'codes',
    'colours',
    'echo',
    'numbers',
  ]);
  expect(graph.planner.subgraphs).toEqual([
    { name: 'first', url: 'http://first.invalid/graphql' },
    { name: 'second', url: 'http://second.invalid/graphql' },
  ]);
  expect(
    schema
      .getDirectives()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['deprecated', 'include', 'oneOf', 'skip', 'specifiedBy']);
});
