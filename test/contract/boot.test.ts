import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'graphql';
import { graphParts } from '#gateway/control.ts';
import { readWeights } from '#gateway/graph/cost/weights.ts';
import { weightProblems } from '#gateway/graph/cost/estimate.ts';
import { apiSchema } from '#gateway/graph/engine/apiSchema.ts';
import { scalars } from '#kit/scalars.ts';
import { createOwnSchema } from '#kit/schema/ownSchema.ts';
import { policyProblems } from '#policy/classes.ts';
import { definitions } from '#subgraphs/definitions.ts';

// What would stop every process when it starts is found before one is started: a field without a class, one that some role may not see and
// that is not nullable, a list of which nothing says how long it is.

const root = join(import.meta.dirname, '../..');

test.each(graphParts(definitions))('the SDL of $name has a sound policy', ({ name, typeDefs }) => {
  expect(() => createOwnSchema(name, typeDefs, {})).not.toThrow();
});

test('the whole graph has a sound policy, and every list in it a size', () => {
  const supergraph = parse(readFileSync(join(root, 'gateway/supergraph.graphql'), 'utf8'), { noLocation: true });
  const schema = apiSchema(supergraph, scalars);
  expect(Object.keys(schema.getTypeMap()).length).toBeGreaterThan(100);
  expect([...policyProblems(schema), ...weightProblems(schema, readWeights(supergraph))]).toEqual([]);
});
