import { composeServices } from '@theguild/federation-composition';
import { GraphQLScalarType, parse } from 'graphql';
import { testPlanners } from '#test/support/planners.ts';
import { createPlanner } from './planner.ts';

const planners = testPlanners();

const link = `extend schema
  @link(
    url: "https://specs.apollo.dev/federation/v2.9"
    import: ["@key", "@shareable", "@inaccessible", "@composeDirective"]
  )
  @link(url: "https://credit.invalid/policy/v1.0", import: ["@data"]) @composeDirective(name: "@data")
  directive @data(class: String!) on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION\n`;

function supergraph(): string {
  const { supergraphSdl, errors } = composeServices([
    {
      name: 'my-a',
      url: 'http://a.invalid/',
      typeDefs: parse(
        `${link}
        scalar Code
        type Query { t(n: Int @data(class: "ARGUMENT")): T }
        type T @key(fields: "id") @data(class: "TYPE") {
          id: ID! @data(class: "ID")
          a: Code
          hidden: Int @inaccessible
        }`,
      ),
    },
    { name: 'bB', url: 'http://b.invalid/', typeDefs: parse(`${link} type T @key(fields: "id") { id: ID! b: Int }`) },
  ]);
  if (!supergraphSdl) throw new AggregateError(errors ?? []);
  return supergraphSdl;
}

test('the schema keeps applied directives, hides what is inaccessible, and uses the scalars given', () => {
  const Code = new GraphQLScalarType({ name: 'Code', serialize: () => 'real' });
  const { schema, subgraphs } = createPlanner(supergraph(), { planners, scalars: { Code } });
  const type = schema.getType('T');
  if (!type || !('getFields' in type)) throw new Error('no T');
  expect(Object.keys(type.getFields()).toSorted()).toEqual(['a', 'b', 'id']);
  expect(type.astNode?.directives?.map(({ name }) => name.value)).toEqual(['data']);
  expect(type.getFields().id?.astNode?.directives?.map(({ name }) => name.value)).toEqual(['data']);
  expect(
    schema
      .getQueryType()
      ?.getFields()
      .t?.args[0]?.astNode?.directives?.map(({ name }) => name.value),
  ).toEqual(['data']);
  expect((schema.getType('Code') as GraphQLScalarType).serialize('x')).toBe('real');
  expect(subgraphs).toEqual([
    { name: 'bB', url: 'http://b.invalid/' },
    { name: 'my-a', url: 'http://a.invalid/' },
  ]);
});

test('a plan is made once per text, also for concurrent requests', async () => {
  const planner = createPlanner(supergraph(), { planners });
  const document = parse('{ t { a } }');
  const [one, other] = await Promise.all([planner.plan(document), planner.plan(parse('{ t { a } }'))]);
  expect(other).toBe(one);
  expect(await planner.plan(document)).toBe(one);
  expect(await planner.plan(parse('{ t { b } }'))).not.toBe(one);
});

test('the plan used longest ago is dropped first', async () => {
  const planner = createPlanner(supergraph(), { planners, maxPlanBytes: 16_384 });
  const plan = (alias: number) => planner.plan(parse(`{ t { x${alias}: a y: b } }`));
  const [first, second] = [await plan(0), await planner.plan(parse('{ t { id } }'))];
  for (let alias = 1; alias < 40; alias += 1) {
    await plan(alias);
    expect(await plan(0)).toBe(first);
  }
  expect(await planner.plan(parse('{ t { id } }'))).not.toBe(second);
});

test('a plan that failed is not kept', async () => {
  const planner = createPlanner(supergraph(), { planners });
  const document = parse('{ nothing }');
  const failed = planner.plan(document);
  await expect(failed).rejects.toMatchObject({ extensions: { code: 'QUERY_PLANNING_FAILED' } });
  const again = planner.plan(document);
  expect(again).not.toBe(failed);
  await expect(again).rejects.toThrow();
});
