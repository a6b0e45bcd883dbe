import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { buildSchema, getNamedType, type GraphQLSchema, isInputObjectType, isUnionType } from 'graphql';
import { nodesOf, parseFile, textsOf } from '#test/support/syntax.ts';

// What every mutation promises its callers: one input with a key of their own, under which it is done once, and a result in which what can
// be expected is data (docs/adding-a-mutation.md).

const root = join(import.meta.dirname, '../..');
const present = buildSchema(readFileSync(join(root, 'docs/schema.graphql'), 'utf8'));

const texts = new Set(
  globSync('{gateway,subgraphs}/**/*.ts', { cwd: root })
    .filter((file) => !/\.test\.ts$|\.generated\.ts$/.test(file))
    .flatMap((file) => textsOf(parseFile(join(root, file)))),
);

const mutationsOf = (schema: GraphQLSchema) => Object.values(schema.getMutationType()?.getFields() ?? {});

/** What is missing of the form of mutations, each with the mutation that it is about. */
function problemsOf(schema: GraphQLSchema): string[] {
  return mutationsOf(schema).flatMap(({ name, args, type }) => {
    const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const problems: string[] = [];
    const [input] = args;
    const inputType = input && getNamedType(input.type);
    if (args.length !== 1 || input?.name !== 'input' || String(input.type) !== `${capital}Input!`)
      problems.push(`expected one argument, input: ${capital}Input!`);
    if (isInputObjectType(inputType) && String(inputType.getFields()['idempotencyKey']?.type) !== 'String!')
      problems.push(`expected idempotencyKey: String! in ${inputType.name}`);
    const result = getNamedType(type);
    const members = isUnionType(result) ? result.getTypes().map((member) => member.name) : [];
    if (result.name !== `${capital}Result` || !['InvalidInput', 'Conflict'].every((error) => members.includes(error)))
      problems.push(`expected union ${capital}Result with a success, InvalidInput and Conflict`);
    return problems.map((problem) => `${name}: ${problem}`);
  });
}

test('every mutation has one input with a key, and a result with what can be expected', () => {
  expect(mutationsOf(present).length).toBeGreaterThan(25);
  expect(problemsOf(present)).toEqual([]);
});

test('every mutation is done once under its key: its own name stands with the key that is kept', () => {
  expect(mutationsOf(present).flatMap(({ name }) => (texts.has(name) ? [] : name))).toEqual([]);
});

test('every action is asked for somewhere: who forgets `may` has an action that nobody asks for', () => {
  const actions = nodesOf(parseFile(join(root, 'policy/actions.ts'))).flatMap((node) =>
    ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name) ? node.name.text : [],
  );
  expect(actions.length).toBeGreaterThan(10);
  expect(actions.filter((action) => !texts.has(action))).toEqual([]);
});

test('what a mutation lacks is named', () => {
  expect(
    problemsOf(
      buildSchema(`
        type Query { a: Int }
        type Mutation {
          endGrant(input: EndGrantInput!): EndGrantResult
          extendGrant(id: ID): Int
          moveGrant(input: MoveGrantInput!): MoveGrantResult
        }
        input EndGrantInput { idempotencyKey: String! }
        input MoveGrantInput { id: ID! }
        type Done { a: Int }
        type InvalidInput { a: Int }
        type Conflict { a: Int }
        union EndGrantResult = Done | InvalidInput | Conflict
        union MoveGrantResult = Done | InvalidInput`),
    ),
  ).toEqual([
    'extendGrant: expected one argument, input: ExtendGrantInput!',
    'extendGrant: expected union ExtendGrantResult with a success, InvalidInput and Conflict',
    'moveGrant: expected idempotencyKey: String! in MoveGrantInput',
    'moveGrant: expected union MoveGrantResult with a success, InvalidInput and Conflict',
  ]);
});
