import { GraphQLError } from 'graphql';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import { TRANSPORTS, internalError, lacking, notFound, startGraph, unavailableError } from './support.ts';
import type { Source } from './support.ts';

const fail = (message: string, extensions?: Record<string, unknown>) => () => {
  throw new GraphQLError(message, extensions ? { extensions } : {});
};

const library: Record<string, Source> = {
  books: {
    sdl: `
      type Query {
        books: [Volume] strict: [Volume!]! maybe: [Volume!] one: Volume sure: Volume!
        grid: [[Volume!]] any: [Any] node: Node
        publicError(code: String): String plainError: String deep: Deep
      }
      type Mutation { rename: Volume }
      interface Node { id: ID! }
      union Any = Volume | Shelf
      type Shelf { books: [Volume!]! }
      type Volume implements Node @key(fields: "id") {
        id: ID! name: String safe: String! bad(at: ID): String! soft(at: ID): String pages: Int
      }
      type Deep { level: Deep bad: String! soft: String other: String }
    `,
    resolvers: {
      Query: {
        books: () => [{ id: '1' }, null, { id: '2' }, { id: '1' }],
        strict: () => [{ id: '1' }, { id: '2' }],
        maybe: () => [{ id: '1' }, { id: '2' }],
        grid: () => [[{ id: '1' }, { id: '2' }], null, [{ id: '2' }]],
        one: () => ({ id: '1' }),
        sure: () => ({ id: '1' }),
        any: () => [
          { __typename: 'Volume', id: '2' },
          { __typename: 'Shelf', books: [{ id: '1' }, { id: '2' }] },
        ],
        node: () => ({ __typename: 'Volume', id: '1' }),
        publicError: (_: unknown, { code }: { code: string }) =>
          fail('You may read this.', {
            code,
            reason: 'LENGTH',
            argument: 'uscc',
            expected: 'X',
            line: 3,
            position: [1, 2],
            host: '10.0.0.7',
            sql: 'select 1',
            expectedNot: 1,
          })(),
        plainError: fail('connect ECONNREFUSED 10.0.0.7:5432'),
        deep: () => ({ level: { level: {} } }),
      },
      Mutation: { rename: () => ({ id: '1' }) },
      Deep: { bad: fail('no'), soft: fail('no'), other: () => 'fine' },
      Volume: {
        __resolveReference: (reference: object) => reference,
        name: ({ id }: { id: string }) => `Volume ${id}`,
        safe: ({ id }: { id: string }) => `safe ${id}`,
        bad: ({ id }: { id: string }, { at }: { at?: string }) => (id === at ? null : `bad ${id}`),
        soft: ({ id }: { id: string }, { at }: { at?: string }) =>
          id === at ? fail('gone', { code: 'NOT_FOUND' })() : `soft ${id}`,
      },
    },
  },
  reviews: {
    sdl: `
      type Volume @key(fields: "id") {
        id: ID! review: String stars: Int! author(at: ID): Author flaky(at: ID): String! pages: Int @external
        weight: Int @requires(fields: "pages") lost: String
      }
      type Author @key(fields: "id") { id: ID! pen: String }
    `,
    resolvers: {
      Volume: {
        __resolveReference: ({ id }: { id: string }) => {
          if (id === 'poison') throw new GraphQLError('no such reference', { extensions: { code: 'NOT_FOUND' } });
          return { id };
        },
        review: ({ id }: { id: string }) => `review ${id}`,
        stars: () => 5,
        author: ({ id }: { id: string }, { at }: { at?: string }) =>
          id === at ? fail('secret author')() : { id: `a${id}` },
        flaky: ({ id }: { id: string }, { at }: { at?: string }) =>
          id === at ? fail('flaky', { code: 'NOT_FOUND' })() : `flaky ${id}`,
        weight: ({ pages }: { pages: number | null }) => pages,
      },
      Author: { pen: ({ id }: { id: string }) => `pen ${id}` },
    },
  },
  people: {
    sdl: 'type Author @key(fields: "id") { id: ID! city: String }',
    resolvers: {
      Author: { __resolveReference: (reference: object) => reference, city: ({ id }: { id: string }) => `city ${id}` },
    },
  },
};

const notNow = fail('Not now.', { code: 'SUBGRAPH_UNAVAILABLE', retryable: true });

const part = (name: string, extra = ''): Source => ({
  sdl: `type Query {
      file(id: ID!): File @shareable files(without: ID): [File!] @shareable
      shelves(without: ID): [[File]] @shareable
    }
    type File @key(fields: "id") { id: ID! ${name}: Section_${name} ${name}Count: Int ${extra} }
    type Section_${name} { text: String }`,
  resolvers: {
    Query: {
      file: (_: unknown, { id }: { id: string }) => {
        if (id === 'bad') fail(`${id} is no code`, { code: 'BAD_USER_INPUT', argument: 'id' })();
        if (id === `without ${name}`) notNow();
        return { id, known: id !== 'none' };
      },
      files: (_: unknown, { without }: { without?: string }) =>
        without === name
          ? notNow()
          : [
              { id: '1', known: true },
              { id: 'none', known: false },
            ],
      shelves: (_: unknown, { without }: { without?: string }) =>
        without === name ? notNow() : [[{ id: '1' }, null], []],
    },
    File: { [name]: () => ({ text: name }), [`${name}Count`]: () => 1 },
  },
});

const answering = (data: unknown) => ({
  execute: async () => ({ data: structuredClone(data) as Record<string, unknown> }),
});

const late = (...path: string[]) => ({
  message: 'The deadline passed before this was answered.',
  path,
  extensions: { code: 'DEADLINE', source: 'reviews', retryable: true },
});

describe.each(TRANSPORTS)('%s: a source that is down', (kind) => {
  test('leaves its fields null, with one error per field and not per item, and the rest is answered', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('reviews');
    expect(await graph.ask('{ books { name review r: review author { id } } one { weight name } }')).toEqual({
      data: {
        books: [
          { name: 'Volume 1', review: null, r: null, author: null },
          null,
          { name: 'Volume 2', review: null, r: null, author: null },
          { name: 'Volume 1', review: null, r: null, author: null },
        ],
        one: { weight: null, name: 'Volume 1' },
      },
      errors: [
        unavailableError('reviews', 'books', '@', 'author'),
        unavailableError('reviews', 'books', '@', 'r'),
        unavailableError('reviews', 'books', '@', 'review'),
        unavailableError('reviews', 'one', 'weight'),
      ],
      missing: [{ source: 'reviews', paths: ['books.@.author', 'books.@.r', 'books.@.review', 'one.weight'] }],
    });
  });

  test('makes fields that require its fields unavailable too, and is named as their cause', async () => {
    await using graph = await startGraph(kind, {
      a: {
        sdl: 'type Query { t: T list: [T] } type T @key(fields: "id") { id: ID! a: Int }',
        resolvers: { Query: { t: () => ({ id: 1, a: 1 }), list: () => [{ id: 1, a: 1 }] } },
      },
      b: { sdl: 'type T @key(fields: "id") { id: ID! b: Int }', resolvers: { T: { b: () => 2 } } },
      c: {
        sdl: 'type T @key(fields: "id") { id: ID! b: Int @external c: Int @requires(fields: "b") plain: Int }',
        resolvers: { T: { c: ({ b }: { b: number }) => b, plain: () => 7 } },
      },
    });
    await graph.stop('b');
    expect(await graph.ask('{ t { a c } list { c a } }')).toEqual({
      data: { t: { a: 1, c: null }, list: [{ c: null, a: 1 }] },
      errors: [unavailableError('b', 'list', '@', 'c'), unavailableError('b', 't', 'c')],
      missing: [{ source: 'b', paths: ['list.@.c', 't.c'] }],
    });
    // The planner asks both in one fetch, for which b's field is needed: honest, if not all that could be had.
    expect(await graph.ask('{ t { plain c } }')).toEqual({
      data: { t: { plain: null, c: null } },
      errors: [unavailableError('b', 't', 'c'), unavailableError('b', 't', 'plain')],
      missing: [{ source: 'b', paths: ['t.c', 't.plain'] }],
    });
    expect(graph.calls.map(({ service }) => service)).not.toContain('c');
  });

  test('at the root leaves its root fields null', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('books');
    expect(await graph.ask('{ a: books { name review } one { review } }')).toEqual({
      data: { a: null, one: null },
      errors: [unavailableError('books', 'a'), unavailableError('books', 'one')],
      missing: [{ source: 'books', paths: ['a', 'one'] }],
    });
  });

  test('is not complained about where nothing of it was needed', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('people');
    expect(await graph.ask('{ one { author(at: "1") { city } } }')).toEqual({
      data: { one: { author: null } },
      errors: [internalError('one', 'author')],
      ...lacking('reviews', 'one.author'),
    });
  });

  test('in a mutation is reported as in a query', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('books');
    expect(await graph.ask('mutation { rename { name } }')).toEqual({
      data: { rename: null },
      errors: [unavailableError('books', 'rename')],
      missing: [{ source: 'books', paths: ['rename'] }],
    });
  });
});

describe.each(TRANSPORTS)('%s: a source that is down, and non-null fields', (kind) => {
  test('behind a non-null root field leaves data null, with the one error', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('books');
    expect(await graph.ask('{ sure { name } }')).toEqual({
      data: null,
      errors: [unavailableError('books', 'sure')],
      missing: [{ source: 'books', paths: ['sure'] }],
    });
  });

  test('behind a non-null field nulls the nearest nullable field, as the schema requires', async () => {
    await using graph = await startGraph(kind, library);
    await graph.stop('reviews');
    expect(await graph.ask('{ books { id stars } maybe { stars } grid { stars } one { id stars } }')).toEqual({
      data: { books: [null, null, null, null], maybe: null, grid: [null, null, null], one: null },
      errors: [
        unavailableError('reviews', 'books', '@', 'stars'),
        unavailableError('reviews', 'grid', '@', '@', 'stars'),
        unavailableError('reviews', 'maybe', '@', 'stars'),
        unavailableError('reviews', 'one', 'stars'),
      ],
      missing: [{ source: 'reviews', paths: ['books.@.stars', 'grid.@.@.stars', 'maybe.@.stars', 'one.stars'] }],
    });
    expect(await graph.ask('{ strict { id stars } }')).toEqual({
      data: null,
      errors: [unavailableError('reviews', 'strict', '@', 'stars')],
      missing: [{ source: 'reviews', paths: ['strict.@.stars'] }],
    });
  });

  test('does not take a non-null field with it that another source of the same object gives too', async () => {
    for (const dead of ['acts', 'lists', 'grades']) {
      await using graph = await startGraph(kind, {
        acts: part('acts'),
        lists: part('lists'),
        grades: part('grades'),
      });
      await graph.stop(dead);
      const alive = { acts: { text: 'acts' }, lists: { text: 'lists' }, grades: { text: 'grades' } };
      expect(await graph.ask('{ file(id: "1") { id same: id acts { text } lists { text } grades { text } } }')).toEqual(
        {
          data: { file: { id: '1', same: '1', ...alive, [dead]: null } },
          errors: [unavailableError(dead, 'file', dead)],
          missing: [{ source: dead, paths: [`file.${dead}`] }],
        },
      );
    }
  });
});

const four = { a: part('a', 'known: Boolean'), b: part('b'), c: part('c'), d: part('d') };

const absent = {
  typeName: 'File',
  field: 'known',
  error: (path: readonly (string | number)[]) =>
    new GraphQLError('Unknown.', { path, extensions: { code: 'NOT_FOUND' } }),
};

describe.each(TRANSPORTS)('%s: a shared root field of four sources', (kind) => {
  test('is answered by one parallel call to each', async () => {
    await using graph = await startGraph(kind, four);
    expect(await graph.ask('{ file(id: "1") { a { text } b { text } c { text } d { text } dCount } }')).toEqual({
      data: { file: { a: { text: 'a' }, b: { text: 'b' }, c: { text: 'c' }, d: { text: 'd' }, dCount: 1 } },
    });
    expect(graph.calls.map(({ service }) => service).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each(['a', 'b', 'c', 'd'])('with %s down lacks the fields that only it gives', async (dead) => {
    await using graph = await startGraph(kind, four);
    await graph.stop(dead);
    const sections = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name) => [name, name === dead ? null : { text: name }]),
    );
    const counts = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`${name}Count`, name === dead ? null : 1]));
    const query = '{ f: file(id: "1") { a { text } b { text } c { text } d { text } aCount bCount cCount dCount } }';
    expect(await graph.ask(query)).toEqual({
      data: { f: { ...sections, ...counts } },
      errors: [unavailableError(dead, 'f', dead), unavailableError(dead, 'f', `${dead}Count`)],
      missing: [{ source: dead, paths: [`f.${dead}`, `f.${dead}Count`] }],
    });
  });

  test('with all of them down is null, each of them named', async () => {
    await using graph = await startGraph(kind, four);
    for (const name of ['a', 'b']) await graph.stop(name);
    expect(await graph.ask('{ file(id: "1") { aCount bCount } }')).toEqual({
      data: { file: null },
      errors: [unavailableError('a', 'file'), unavailableError('b', 'file')],
      missing: [
        { source: 'a', paths: ['file'] },
        { source: 'b', paths: ['file'] },
      ],
    });
  });

  test('that all of them refuse has the refusal once', async () => {
    await using graph = await startGraph(kind, four);
    expect(await graph.ask('{ file(id: "bad") { aCount bCount cCount } }')).toEqual({
      data: { file: null },
      errors: [{ message: 'bad is no code', path: ['file'], extensions: { code: 'BAD_USER_INPUT', argument: 'id' } }],
      missing: ['a', 'b', 'c'].map((source) => ({ source, paths: ['file'] })),
    });
  });

  test('whose object is absent is null with its error, whatever else was answered or down', async () => {
    await using graph = await startGraph(kind, four);
    expect(await graph.ask('{ file(id: "none") { aCount b { text } } }', { absent })).toEqual({
      data: { file: null },
      errors: [{ message: 'Unknown.', path: ['file'], extensions: { code: 'NOT_FOUND' } }],
    });
    expect(await graph.ask('{ file(id: "1") { b { text } } }', { absent })).toEqual({
      data: { file: { b: { text: 'b' } } },
    });
    expect(await graph.ask('{ files { bCount } }', { absent })).toEqual({
      data: { files: null },
      errors: [{ message: 'Unknown.', path: ['files', 1], extensions: { code: 'NOT_FOUND' } }],
    });
    await graph.stop('b');
    expect(await graph.ask('{ file(id: "none") { b { text } } }', { absent })).toEqual({
      data: { file: null },
      errors: [{ message: 'Unknown.', path: ['file'], extensions: { code: 'NOT_FOUND' } }],
    });
    await graph.stop('a');
    expect(await graph.ask('{ file(id: "none") { cCount } }', { absent })).toEqual({ data: { file: { cCount: 1 } } });
  });
});

describe.each(TRANSPORTS)('%s: a shared root field of four sources, a database out of reach', (kind) => {
  test.each(['a', 'b', 'c', 'd'])(
    'with the database of %s out of reach lacks the fields that only it gives, each with what it said',
    async (dead) => {
      await using graph = await startGraph(kind, four);
      const error = (field: string) => ({
        message: 'Not now.',
        path: ['f', field],
        extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
      });
      expect(
        await graph.ask(
          `{ f: file(id: "without ${dead}") { a { text } b { text } c { text } d { text } ${dead}Count } }`,
        ),
      ).toEqual({
        data: {
          f: {
            ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, name === dead ? null : { text: name }])),
            [`${dead}Count`]: null,
          },
        },
        errors: [error(dead), error(`${dead}Count`)],
        missing: [{ source: dead, paths: [`f.${dead}`, `f.${dead}Count`] }],
      });
    },
  );

  test.each(['a', 'b', 'c', 'd'])(
    'that is a list, with the database of %s out of reach, lacks the fields that only it gives in every item',
    async (dead) => {
      await using graph = await startGraph(kind, four);
      const alive = dead === 'a' ? 'b' : 'a';
      const error = (...path: (string | number)[]) => ({
        message: 'Not now.',
        path,
        extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
      });
      const item = { [alive]: { text: alive }, [dead]: null };
      expect(
        await graph.ask(
          `{
            files(without: "${dead}") { ${alive} { text } ${dead} { text } }
            shelves(without: "${dead}") { ${alive} { text } ${dead} { text } }
          }`,
        ),
      ).toEqual({
        data: { files: [item, item], shelves: [[item, null], []] },
        errors: [error('files', 0, dead), error('files', 1, dead), error('shelves', 0, 0, dead)],
        missing: [{ source: dead, paths: [`files.@.${dead}`, `shelves.@.@.${dead}`] }],
      });
    },
  );
});

describe.each(TRANSPORTS)('%s: errors of subgraphs', (kind) => {
  test('with a public code pass with the listed extensions alone', async () => {
    await using graph = await startGraph(kind, library);
    expect(await graph.ask('{ publicError(code: "BAD_USER_INPUT") }')).toEqual({
      data: { publicError: null },
      errors: [
        {
          message: 'You may read this.',
          path: ['publicError'],
          extensions: {
            code: 'BAD_USER_INPUT',
            reason: 'LENGTH',
            argument: 'uscc',
            expected: 'X',
            position: [1, 2],
            line: 3,
          },
        },
      ],
      ...lacking('books', 'publicError'),
    });
  });

  test('with any other code, or none, are masked, and heard by the gateway', async () => {
    await using graph = await startGraph(kind, library);
    expect(await graph.ask('{ plainError publicError(code: "P2002") }')).toEqual({
      data: { plainError: null, publicError: null },
      errors: [internalError('plainError'), internalError('publicError')],
      ...lacking('books', 'plainError', 'publicError'),
    });
    expect(graph.heard.map(({ source, error, count }) => [source, (error as Error).message, count])).toEqual([
      ['books', 'connect ECONNREFUSED 10.0.0.7:5432', 2],
    ]);
  });

  test('keep their path through nested objects, and null the nearest nullable one', async () => {
    await using graph = await startGraph(kind, library);
    expect(await graph.ask('{ deep { other level { soft other level { bad other } } } }')).toEqual({
      data: { deep: { other: 'fine', level: { soft: null, other: 'fine', level: null } } },
      errors: [internalError('deep', 'level', 'level', 'bad'), internalError('deep', 'level', 'soft')],
      ...lacking('books', 'deep.level.level.bad', 'deep.level.soft'),
    });
  });

  test('in lists within abstract types keep their positions', async () => {
    await using graph = await startGraph(kind, library);
    expect(
      await graph.ask(
        `{
          any { ... on Volume { s: soft(at: "2") } ... on Shelf { books { soft(at: "2") review } } }
          node { id ... on Volume { soft(at: "1") review } }
        }`,
      ),
    ).toEqual({
      data: {
        any: [
          { s: null },
          {
            books: [
              { soft: 'soft 1', review: 'review 1' },
              { soft: null, review: 'review 2' },
            ],
          },
        ],
        node: { id: '1', soft: null, review: 'review 1' },
      },
      errors: [
        { message: 'gone', path: ['any', 0, 's'], extensions: { code: 'NOT_FOUND' } },
        { message: 'gone', path: ['any', 1, 'books', 1, 'soft'], extensions: { code: 'NOT_FOUND' } },
        { message: 'gone', path: ['node', 'soft'], extensions: { code: 'NOT_FOUND' } },
      ],
    });
  });

  test('null in a non-null field names the field when the subgraph did not', async () => {
    await using graph = await startGraph(kind, library);
    expect(await graph.ask('{ strict { safe bad(at: "2") } }')).toEqual({
      data: null,
      errors: [internalError('strict', 1, 'bad')],
      ...lacking('books', 'strict.@.bad'),
    });
  });
});

describe.each(TRANSPORTS)('%s: errors of calls for entities', (kind) => {
  test("of an entity are returned at every place that uses it, by the client's own keys", async () => {
    await using graph = await startGraph(kind, library);
    expect(await graph.ask('{ books { id name: author(at: "1") { pen } } }')).toEqual({
      data: { books: [{ id: '1', name: null }, null, { id: '2', name: { pen: 'pen a2' } }, { id: '1', name: null }] },
      errors: [internalError('books', 0, 'name'), internalError('books', 3, 'name')],
      ...lacking('reviews', 'books.@.name'),
    });
  });

  test('of a non-null field of an entity null the object once, without a second error', async () => {
    await using graph = await startGraph(kind, library);
    expect(
      await graph.ask('{ books { id flaky(at: "1") review } grid { flaky(at: "1") } maybe { flaky(at: "2") } }'),
    ).toEqual({
      data: {
        books: [null, null, { id: '2', flaky: 'flaky 2', review: 'review 2' }, null],
        grid: [null, null, [{ flaky: 'flaky 2' }]],
        maybe: null,
      },
      errors: [
        notFound('flaky', 'books', 0, 'flaky'),
        notFound('flaky', 'books', 3, 'flaky'),
        notFound('flaky', 'grid', 0, 0, 'flaky'),
        notFound('flaky', 'maybe', 1, 'flaky'),
      ],
    });
  });

  test('a request that a subgraph refuses whole is reported at each field it would have returned', async () => {
    const refusing = {
      execute: async () => ({ errors: [{ message: 'passport expired', extensions: { code: 'NOT_FOUND' } }] }),
    };
    await using graph = await startGraph(kind, library, { transports: { reviews: refusing } });
    expect(await graph.ask('{ books { name review } one { review author { city } } }')).toEqual({
      data: {
        books: [
          { name: 'Volume 1', review: null },
          null,
          { name: 'Volume 2', review: null },
          { name: 'Volume 1', review: null },
        ],
        one: { review: null, author: null },
      },
      errors: [
        notFound('passport expired', 'books', '@', 'review'),
        notFound('passport expired', 'one', 'author'),
        notFound('passport expired', 'one', 'review'),
      ],
    });
  });
});

describe.each(TRANSPORTS)('%s: answers that are not what was asked', (kind) => {
  test('a key that is left out is an error, never a silent null', async () => {
    await using graph = await startGraph(kind, library, {
      transports: { books: answering({ one: { __typename: 'Volume', id: '1' } }) },
    });
    expect(await graph.ask('{ one { id name } }')).toEqual({
      data: { one: { id: '1', name: null } },
      errors: [internalError('one', 'name')],
      ...lacking('books', 'one.name'),
    });
  });

  test('a null in a non-null list or field is propagated with an error of ours', async () => {
    await using graph = await startGraph(kind, library, {
      transports: { books: answering({ maybe: [{ safe: 'x' }, null], books: [{ safe: null }], grid: [[null]] }) },
    });
    expect(await graph.ask('{ maybe { safe } books { safe } grid { safe } }')).toEqual({
      data: { maybe: null, books: [null], grid: [null] },
      errors: [internalError('books', 0, 'safe'), internalError('grid', 0, 0), internalError('maybe', 1)],
      ...lacking('books', 'books.@.safe', 'grid.@.@', 'maybe.@'),
    });
  });

  test('a value of another kind is null with an error that does not tell it', async () => {
    await using graph = await startGraph(kind, library, {
      transports: {
        books: answering({
          one: [1],
          books: { id: 1 },
          maybe: [{ pages: 'secret', name: { a: 1 } }],
          node: { __typename: 'Nothing', id: '1' },
        }),
      },
    });
    expect(await graph.ask('{ one { id } books { id } maybe { pages name } node { id } }')).toEqual({
      data: { one: null, books: null, maybe: [{ pages: null, name: null }], node: null },
      errors: [
        internalError('books'),
        internalError('maybe', 0, 'name'),
        internalError('maybe', 0, 'pages'),
        internalError('node'),
        internalError('one'),
      ],
      ...lacking('books', 'books', 'maybe.@.name', 'maybe.@.pages', 'node', 'one'),
    });
  });

  test('an entity list of another length is an error at each of its fields', async () => {
    await using graph = await startGraph(kind, library, { transports: { reviews: answering({ _entities: [] }) } });
    expect(await graph.ask('{ one { id review } }')).toEqual({
      data: { one: { id: '1', review: null } },
      errors: [internalError('one', 'review')],
      ...lacking('reviews', 'one.review'),
    });
  });

  test('an entity unknown to a source has null in nullable fields and an error in non-null ones', async () => {
    await using graph = await startGraph(kind, library, {
      transports: { reviews: answering({ _entities: [null] }) },
    });
    expect(await graph.ask('{ one { id review } }')).toEqual({ data: { one: { id: '1', review: null } } });
    expect(await graph.ask('{ one { id stars } }')).toEqual({
      data: { one: null },
      errors: [internalError('one', 'stars')],
      ...lacking('reviews', 'one.stars'),
    });
  });

  test('a transport that throws something else is an internal error, reported to the gateway', async () => {
    const broken = {
      execute: async () => {
        throw new TypeError('x is not a function');
      },
    };
    await using graph = await startGraph(kind, library, { transports: { reviews: broken } });
    expect(await graph.ask('{ one { id review } }')).toEqual({
      data: { one: { id: '1', review: null } },
      errors: [internalError('one', 'review')],
      ...lacking('reviews', 'one.review'),
    });
    expect(graph.heard).toEqual([{ source: 'reviews', error: new TypeError('x is not a function'), count: 1 }]);
  });
});

describe.each(TRANSPORTS)('%s: an operation that is stopped', (kind) => {
  test('answers what it has, the rest null with DEADLINE, though a source never answers', async () => {
    const stop = new AbortController();
    const hanging = {
      execute: () => {
        stop.abort();
        return new Promise<never>(() => {});
      },
    };
    await using graph = await startGraph(kind, library, { transports: { reviews: hanging } });
    expect(await graph.ask('{ books { name author { city } } one { review } }', { signal: stop.signal })).toEqual({
      data: {
        books: [
          { name: 'Volume 1', author: null },
          null,
          { name: 'Volume 2', author: null },
          { name: 'Volume 1', author: null },
        ],
        one: { review: null },
      },
      errors: [late('books', '@', 'author'), late('one', 'review')],
      missing: [{ source: 'reviews', paths: ['books.@.author', 'one.review'] }],
    });
    expect(graph.calls.map(({ service }) => service)).not.toContain('people');
  });

  test('before it began asks nobody', async () => {
    await using graph = await startGraph(kind, library);
    const answer = await graph.ask('{ one { name } }', { signal: AbortSignal.abort() });
    expect(answer.data).toEqual({ one: null });
    expect(graph.calls.length).toBe(0);
  });

  test('cancels outstanding calls', async () => {
    const stop = new AbortController();
    const seen: boolean[] = [];
    const waiting = {
      execute: ({ signal }: { signal: AbortSignal | undefined }) =>
        new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => {
            seen.push(true);
            reject(new SubgraphUnavailable('aborted'));
          });
          stop.abort();
        }),
    };
    await using graph = await startGraph(kind, library, { transports: { reviews: waiting } });
    expect(await graph.ask('{ one { review } }', { signal: stop.signal })).toEqual({
      data: { one: { review: null } },
      errors: [late('one', 'review')],
      missing: [{ source: 'reviews', paths: ['one.review'] }],
    });
    expect(seen).toEqual([true]);
  });
});
