import { buildSchema, type GraphQLObjectType } from 'graphql';
import { clientError } from './errors.ts';
import { createRunner } from './runner.ts';

function arrange(resolve: () => unknown) {
  const schema = buildSchema('type Query { a: String b: String }');
  const { a } = (schema.getQueryType() as GraphQLObjectType).getFields();
  if (a) a.resolve = resolve;
  const prepared = createRunner(schema)('{ a b }', undefined);
  if ('errors' in prepared) throw prepared.errors[0];
  return async () => JSON.parse(JSON.stringify(await prepared.run({}, {}))) as unknown;
}
const failsWith = (error: Error) => async (): Promise<never> => Promise.reject(error);

test.each([
  [
    'a fault of the database',
    Object.assign(new Error('host 10.0.0.7'), { code: '57P01' }),
    {
      message: 'What keeps this is unavailable for now: ask again later.',
      path: ['a'],
      extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
    },
  ],
  [
    'a refusal',
    clientError('BAD_CURSOR', 'not one of ours'),
    { message: 'not one of ours', path: ['a'], extensions: { code: 'BAD_CURSOR' } },
  ],
  ['a mistake of ours', new TypeError('x is not a function'), { message: 'x is not a function', path: ['a'] }],
])(
  '%s is the same error whether the operation is interpreted, as at first, or compiled, as later',
  async (_, error, expected) => {
    const run = arrange(failsWith(error));
    const seen = [await run(), await run(), await run()] as { data: unknown; errors: { locations?: unknown }[] }[];
    for (const { errors } of seen) for (const each of errors) delete each.locations;
    for (const each of seen) expect(each).toEqual({ data: { a: null, b: null }, errors: [expected] });
  },
);

test('a variable absent within an input object leaves its field out, in the first run and compiled ones', async () => {
  const schema = buildSchema('input Filter { id: ID } type Query { seen(filter: Filter!): String }');
  const seen = schema.getQueryType()?.getFields()['seen'];
  if (seen) seen.resolve = (_, { filter }: { filter: object }) => JSON.stringify(filter);
  const prepared = createRunner(schema)('query ($id: ID) { seen(filter: { id: $id }) }', undefined);
  if ('errors' in prepared) throw new AggregateError(prepared.errors);
  for (let run = 0; run < 3; run += 1) {
    expect(await prepared.run(undefined, {})).toEqual({ data: { seen: '{}' } });
    expect(await prepared.run(undefined, { id: null })).toEqual({ data: { seen: '{"id":null}' } });
    expect(await prepared.run(undefined, { id: 'a' })).toEqual({ data: { seen: '{"id":"a"}' } });
  }
});
