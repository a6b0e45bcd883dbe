import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import { readFileSync } from 'node:fs';
import { policyProblems } from './classes.ts';
import { filterOperation } from './filter.ts';
import { dataClasses, isRestricted, matrix, outcomeFor } from './matrix.ts';
import { fieldOutcome, rowScope } from './rows.ts';
import { type Role, roles } from './roles.ts';
import { createViewer, publicViewer, type Viewer } from './viewer.ts';
import { roleView } from './visibility.ts';

const policySdl = readFileSync(`${import.meta.dirname}/policy.graphql`, 'utf8');
const schemaOf = (sdl: string) => buildSchema(`${policySdl}\n${sdl}`);
const viewerAs = (role: Role, more: Partial<Omit<Viewer, 'grant'>> = {}): Viewer =>
  createViewer({
    ...publicViewer,
    role,
    organisation: '91110105MA0EEE1197',
    purposes: ['SUPERVISION'],
    purpose: 'SUPERVISION',
    ...more,
  });

test('the data classes of the SDL are those of the matrix', () => {
  const named = [...policySdl.matchAll(/^ {2}([A-Z]+)$/gm)].map(([, name]) => name);
  expect(named).toEqual([...dataClasses]);
});

test('an operator and a rule keeper see catalogues and their own affairs, nothing about anybody', () => {
  for (const role of ['OPERATOR', 'RULE_KEEPER'] as const) {
    expect(
      Object.entries(matrix[role])
        .filter(([, outcome]) => outcome !== 'DENY')
        .map(([dataClass]) => dataClass)
        .filter((dataClass) => !['GRANT', 'ADMIT', 'RULES', 'LEGISLATE'].includes(dataClass)),
    ).toEqual(['OPEN', 'CATALOGUE', 'OWN']);
    expect(rowScope(viewerAs(role)).everywhere).toEqual([]);
  }
});

test('nobody reads a non-public class without a purpose', () => {
  for (const role of roles) {
    const aimless = viewerAs(role, { purpose: null });
    for (const dataClass of ['CONTACT', 'SCORE', 'PROVENANCE', 'REMARK', 'HISTORY'] as const)
      expect(['DENY', 'PURPOSE']).toContain(outcomeFor(aimless, dataClass));
    expect(fieldOutcome(aimless, 'PERSON', { uscc: '91110105MA0EEE1197' })).not.toBe('SHOW');
  }
});

test('a provincial platform that is bound to no province sees no shared row of any', () => {
  expect(rowScope(viewerAs('PROVINCIAL_PLATFORM')).province).toBe('-');
  expect(rowScope(viewerAs('SECTOR_REGULATOR')).sector).toBe('-');
});

test('a subject sees its own person and contact whole, those of others masked or not at all', () => {
  const subject = viewerAs('SUBJECT');
  expect(fieldOutcome(subject, 'PERSON', { uscc: '91110105MA0EEE1197' })).toBe('SHOW');
  expect(fieldOutcome(subject, 'PERSON', { uscc: '92440305MA5EEE222Y' })).toBe('MASK');
  expect(fieldOutcome(subject, 'CONTACT', { uscc: '92440305MA5EEE222Y' })).toBe('DENY');
});

const unsound = (sdl: string): string[] => policyProblems(schemaOf(sdl));

test.each([
  [
    'a field without a class',
    'type Query { a: Int }',
    ['Query.a has no data class: give it @data(class: …), see policy/policy.graphql'],
  ],
  [
    'a restricted field that is non-null',
    'type Query { a: T @data(class: OPEN) } type T { b: Int! @data(class: SCORE) }',
    ['T.b is SCORE, which some role may not see, so it cannot be non-null'],
  ],
  [
    'a root field that is non-null',
    'type Query { a: Int! @data(class: OPEN) }',
    ['Query.a is a root field, so it has to be nullable'],
  ],
  [
    'an implementer that differs from its interface',
    `type Query { a: I @data(class: OPEN) }
     interface I { b: Int @data(class: OPEN) }
     type T implements I { b: Int @data(class: SCORE) }`,
    ['T.b is SCORE but I.b is OPEN'],
  ],
  [
    'an input field without a class',
    'type Query { a(i: F): Int @data(class: OPEN) } input F { x: Int }',
    ['F.x needs one data class, it has 0'],
  ],
  [
    'a restricted key',
    `directive @key(fields: String!) on OBJECT
     type Query { a: T @data(class: OPEN) }
     type T @key(fields: "b") { b: Int @data(class: SCORE) }`,
    ['T.b is SCORE, which some role may not see, so it cannot be in a @key'],
  ],
  [
    'a restricted field read through @requires',
    `directive @requires(fields: String!) on FIELD_DEFINITION
     type Query { a: T @data(class: OPEN) }
     type T { b: Int @data(class: SCORE) c: Int @requires(fields: "b") @data(class: OPEN) }`,
    ['T.c requires T.b, which is SCORE: it would be read through it'],
  ],
])('%s is refused at boot, by its name', (_, sdl, problems) => {
  expect(unsound(sdl)).toEqual(problems);
});

const schema = schemaOf(`
  type Query {
    entities: [Entity!] @data(class: OPEN)
    record: Record @data(class: OPEN)
    list(filter: Filter, score: Int @data(class: SCORE)): Int @data(class: OPEN)
  }
  type Entity @data(class: IDENTITY) { name: String phone: String @data(class: CONTACT) lists: [[Entity!]!] }
  interface Record @data(class: RECORD) { id: ID! @data(class: OPEN) score: Int @data(class: SCORE) }
  type Act implements Record @data(class: RECORD) { id: ID! @data(class: OPEN) score: Int @data(class: SCORE) }
  input Filter { name: String @data(class: OPEN) score: Int @data(class: SCORE) }
`);

const filtered = (query: string, viewer: Viewer = publicViewer, variables: Record<string, unknown> = {}) => {
  const document = parse(query, { noLocation: true });
  const result = filterOperation(
    schema,
    document,
    document.definitions[0] as OperationDefinitionNode,
    variables,
    viewer,
  );
  return {
    denied: [...result.denied].map(({ alias, name }) => alias?.value ?? name.value),
    errors: result.errors.map(({ path, extensions }) => [path?.join('.'), extensions['code']]),
    dependsOnVariables: result.dependsOnVariables,
  };
};

test('a denied field is found wherever it hides, with one error for each selection', () => {
  expect(
    filtered(
      `{ entities { name phone p: phone ...F ... on Entity { phone } lists { phone } } }
       fragment F on Entity { q: phone name }`,
    ),
  ).toEqual({
    denied: ['phone', 'p', 'q', 'phone', 'phone'],
    errors: [
      ['entities.@.phone', 'UNAUTHORIZED_FIELD_OR_TYPE'],
      ['entities.@.p', 'UNAUTHORIZED_FIELD_OR_TYPE'],
      ['entities.@.q', 'UNAUTHORIZED_FIELD_OR_TYPE'],
      ['entities.@.lists.@.@.phone', 'UNAUTHORIZED_FIELD_OR_TYPE'],
    ],
    dependsOnVariables: false,
  });
});

test('a field of an interface is judged through the interface and through the type alike', () => {
  const errors = [['record.score', 'UNAUTHORIZED_FIELD_OR_TYPE']];
  expect(filtered('{ record { score } }').errors).toEqual(errors);
  expect(filtered('{ record { ... on Act { score } } }').errors).toEqual(errors);
});

test('a filter is a read: a restricted argument or input field denies its field, as literal and variable', () => {
  const errors = [['list', 'UNAUTHORIZED_FIELD_OR_TYPE']];
  expect(filtered('{ list(score: 1) }')).toEqual({ denied: ['list'], errors, dependsOnVariables: false });
  expect(filtered('{ list(filter: { score: 1 }) }').errors).toEqual(errors);
  expect(filtered('query ($f: Filter) { list(filter: $f) }', publicViewer, { f: { score: 1 } })).toEqual({
    denied: ['list'],
    errors,
    dependsOnVariables: true,
  });
  expect(filtered('query ($f: Filter) { list(filter: $f) }', publicViewer, { f: { name: 'x' } }).errors).toEqual([]);
});

test('a role that may, but says no purpose, is refused until it says one', () => {
  expect(filtered('{ record { score } }', viewerAs('AUDITOR', { purpose: null })).errors).toEqual([
    ['record.score', 'PURPOSE_REQUIRED'],
  ]);
  expect(filtered('{ record { score } }', viewerAs('AUDITOR')).errors).toEqual([]);
});

test("a role's view has no field, argument or input field that it is denied", () => {
  const view = roleView(schema, 'PUBLIC');
  expect(Object.keys((view.getType('Entity') as unknown as { getFields(): object }).getFields())).toEqual([
    'name',
    'lists',
  ]);
  expect(Object.keys((view.getType('Filter') as unknown as { getFields(): object }).getFields())).toEqual(['name']);
  expect(
    view
      .getQueryType()
      ?.getFields()
      ['list']?.args.map(({ name }) => name),
  ).toEqual(['filter']);
  expect(view.getType('DataClass')).toBeUndefined();
});

test('every class that some role is denied counts as restricted', () => {
  expect(dataClasses.filter((dataClass) => !isRestricted(dataClass))).toEqual(['OPEN', 'CATALOGUE', 'OWN']);
});
