import { buildSchema } from 'graphql';
import { createRunner } from './runner.ts';

test('a variable that is absent within an input object leaves its field out, in the first run and in compiled ones', async () => {
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
