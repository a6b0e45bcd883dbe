import {
  buildASTSchema,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { coerceVariables } from '#gateway/graph/engine/variables.ts';
import { valueOf } from './amount.ts';
import { type CostModel, estimate, weightProblems } from './estimate.ts';
import { type Homes, NO_HOMES } from './homes.ts';
import { readWeights } from './weights.ts';

const DIRECTIVES = `
  directive @cost(weight: String!) on
    ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(
    assumedSize: Int
    slicingArguments: [String!]
    sizedFields: [String!]
    requireOneSlicingArgument: Boolean = true
  ) on FIELD_DEFINITION
`;

const NOTHING: CostModel = { types: 0, fields: 0, crossing: 0, fetch: 0 };

/** One kind of cost of an operation. */
function costOf(
  sdl: string,
  text: string,
  given: {
    readonly model?: Partial<CostModel>;
    readonly variables?: Record<string, unknown>;
    readonly homes?: Homes;
  } = {},
) {
  const document = parse(`${DIRECTIVES}${sdl}`);
  const schema = buildASTSchema(document);
  const asked = parse(text);
  expect(validate(schema, asked)).toEqual([]);
  const operation = asked.definitions.find(
    (node) => node.kind === Kind.OPERATION_DEFINITION,
  ) as OperationDefinitionNode;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const node of asked.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  const coerced = coerceVariables(schema, operation, given.variables);
  if (coerced.errors) throw coerced.errors[0] as GraphQLError;
  const model = { ...NOTHING, ...given.model };
  const made = estimate(
    { schema, weights: readWeights(document), homes: given.homes ?? NO_HOMES, model, maxSteps: 10_000 },
    operation,
    fragments,
    coerced.variables,
  );
  return { cost: valueOf(made.cost, coerced.variables), fetches: made.fetches, steps: made.steps };
}

const fieldCost = (sdl: string, text: string, variables?: Record<string, unknown>): number =>
  costOf(sdl, text, { model: { fields: 1 }, ...(variables ? { variables } : null) }).cost;
const typeCost = (sdl: string, text: string, variables?: Record<string, unknown>): number =>
  costOf(sdl, text, { model: { types: 1 }, ...(variables ? { variables } : null) }).cost;

// The specification's worked examples: https://ibm.github.io/graphql-specs/cost-spec.html

const users = `
  type User { name: String age: Int @cost(weight: "2.0") }
  type Query { users(max: Int): [User] @listSize(slicingArguments: ["max"]) }
`;
const TOP_PRODUCTS = `type Query {
    topProducts(filter: Filter @cost(weight: "15.0")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10)
  }`;
const filtered = `input Filter { x: Boolean } ${TOP_PRODUCTS}`;
const popular = `
  input Approximate { x: Boolean } type Product { name: String }
  type Query { mostPopularProduct(approx: Approximate @cost(weight: "-3.0")): Product @cost(weight: "5.0") }
`;
const approximate = `
  input Approximate { x: Boolean } input Filter { approx: Approximate @cost(weight: "-12.0") }
  ${TOP_PRODUCTS}
`;
const tolerant = `
  directive @approx(tolerance: Float! @cost(weight: "-1.0")) on FIELD
  type Query { example: String @cost(weight: "5.0") }
`;

test.each([
  ['examples 1 and 2: users and their age', users, '{ users(max: 5) { age } }', 11],
  ['example 10: without its dear argument', filtered, '{ topProducts }', 5],
  ['example 10: with it', filtered, '{ topProducts(filter: { x: true }) }', 20],
  ['example 11: without the argument that helps', popular, '{ mostPopularProduct { name } }', 5],
  ['example 11: with it', popular, '{ mostPopularProduct(approx: { x: true }) { name } }', 2],
  ['example 12: an input field that helps', approximate, '{ topProducts(filter: { approx: { x: true } }) }', 8],
  ['example 13: an argument of a directive that helps', tolerant, '{ example @approx(tolerance: 1) }', 4],
])('the field cost of the specification, %s', (_, sdl, text, expected) => {
  expect(fieldCost(sdl, text)).toBe(expected);
});

// The values of two other implementations for the first example: 11 and 6.
test('the type cost of the first example: one Query and five users', () => {
  expect(typeCost(users, '{ users(max: 5) { age } }')).toBe(6);
});

test('a field never costs less than nothing, whatever its arguments take off (the cost directive, §7.1)', () => {
  expect(
    fieldCost(
      'input A { x: Int } type Query { a(b: A @cost(weight: "-9")): Int @cost(weight: "5") c: Int @cost(weight: "2") }',
      '{ a(b: { x: 1 }) c }',
    ),
  ).toBe(2);
});

test('example 18: the size of a connection is that of its sized fields', () => {
  const sdl = `
    type Film { title: String }
    type FilmEdge { cursor: ID node: Film }
    type PageInfo { more: Boolean }
    type FilmConnection { edges: [FilmEdge] pageInfo: PageInfo }
    type Query {
      films(first: Int, after: ID, last: Int, before: ID): FilmConnection
        @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"])
    }
  `;
  // Query, connection, page info, 7 edges, 7 films
  expect(typeCost(sdl, '{ films(first: 7) { pageInfo { more } edges { cursor node { title } } } }')).toBe(
    1 + 1 + 1 + 7 + 7,
  );
  expect(typeCost(sdl, 'query ($n: Int) { films(last: $n) { edges { node { title } } } }', { n: 3 })).toBe(
    1 + 1 + 3 + 3,
  );
  for (const text of ['{ films { edges { cursor } } }', '{ films(first: 1, last: 1) { edges { cursor } } }']) {
    expect(() => typeCost(sdl, text)).toThrow('How many items `films` gives is said by just one of first, last.');
  }
});

test('of several slicing arguments the largest counts, and a default of the schema as if it were given (§8.2)', () => {
  const sdl = `type A { x: Int } input Page { max: Int = 6 }
    type Query {
      two(first: Int, last: Int): [A]
        @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false, assumedSize: 9)
      one(first: Int = 4): [A] @listSize(slicingArguments: ["first"])
      nested(page: Page = { max: 5 }): [A] @listSize(slicingArguments: ["page.max"])
    }`;
  expect(
    [
      '{ two(first: 3, last: 8) { x } }',
      '{ two { x } }',
      '{ one { x } }',
      '{ one(first: 2) { x } }',
      '{ nested { x } }',
      '{ nested(page: {}) { x } }',
      '{ nested(page: { max: 2 }) { x } }',
    ].map((text) => typeCost(sdl, text) - 1),
  ).toEqual([8, 9, 4, 2, 5, 6, 2]);
  expect(typeCost(sdl, 'query ($page: Page) { nested(page: $page) { x } }', { page: { max: 7 } }) - 1).toBe(7);
});

// --- the examples of Apollo's demand control:
// https://www.apollographql.com/docs/graphos/routing/security/demand-control

const books = (address: string): string => `
  type Query @cost(weight: "0") {
    book(id: ID): Book
    bestsellers: [Book] @listSize(assumedSize: 5)
    newestAdditions(after: ID, limit: Int!): [Book] @listSize(slicingArguments: ["limit"])
  }
  type Mutation @cost(weight: "10") { addBook(title: String): Book }
  type Book { title: String author: Author publisher: Publisher }
  type Author { name: String }
  type Publisher { name: String address: Address }
  type Address ${address} { zipCode: Int! }
`;
const ALL_FIELDS = '{ title author { name } publisher { name address { zipCode } } }';

test.each([
  ['a book with its parts', '', `query BookQuery { book(id: 1) ${ALL_FIELDS} }`, 4],
  ['the same with a dear address', '@cost(weight: "5")', `query BookQuery { book(id: 1) ${ALL_FIELDS} }`, 8],
  ['a list of assumed size', '@cost(weight: "5")', `query BestsellersQuery { bestsellers ${ALL_FIELDS} }`, 40],
  [
    'a list that an argument slices',
    '@cost(weight: "5")',
    `query NewestAdditions { newestAdditions(limit: 3) ${ALL_FIELDS} }`,
    24,
  ],
  ['a mutation', '', 'mutation { addBook(title: "a") { title } }', 11],
])('Apollo reckons the same of %s', (_, address, text, expected) => {
  expect(typeCost(books(address), text)).toBe(expected);
});

// --- our own cases --------------------------------------------------------------------------------------------------

const graph = `
  interface Act { id: ID subject: Entity }
  type Licence implements Act { id: ID subject: Entity holder: Entity }
  type Penalty implements Act @cost(weight: "7") { id: ID subject: Entity fine: Int @cost(weight: "3") }
  type Entity {
    name: String
    acts(first: Int!): Connection @listSize(slicingArguments: ["first"], sizedFields: ["nodes"])
  }
  type Connection { nodes: [Act!] }
  type Query { entities(codes: [String!]!): [Entity] @listSize(slicingArguments: ["codes"]) entity: Entity }
`;

test('a batch counts as long as it is, repetitions and all, in a literal, a variable and a default', () => {
  const text = (codes: string, variable = ''): string => `query ${variable} { entities(codes: ${codes}) { name } }`;
  expect(typeCost(graph, text('["a", "a", "a"]'))).toBe(4);
  expect(typeCost(graph, text('$c', '($c: [String!]!)'), { c: Array.from({ length: 90 }, () => 'a') })).toBe(91);
  expect(typeCost(graph, text('$c', '($c: [String!]! = ["a", "b"])'))).toBe(3);
  expect(typeCost(graph, text('["a", $x]', '($x: String!)'), { x: 'b' })).toBe(3);
});

test('page sizes are multiplied', () => {
  const text =
    'query ($c: [String!]!, $n: Int!) { entities(codes: $c) { acts(first: $n) { nodes { subject { name } } } } }';
  // Each of 3 entities: itself, a connection, 20 acts of the most expensive type with a subject each.
  expect(typeCost(graph, text, { c: ['a', 'b', 'c'], n: 20 })).toBe(1 + 3 * (1 + 1 + 20 * (7 + 1)));
  expect(typeCost(graph, text, { c: ['a', 'b', 'c'], n: -5 })).toBe(1 + 3 * 2);
});

test('an abstract selection costs as its most expensive type does, with the fields of that type alone', () => {
  const acts = (selection: string): number =>
    typeCost(graph, `{ entity { acts(first: 1) { nodes { ${selection} } } } }`) - 3;
  expect([
    acts('id'),
    acts('subject { name }'),
    acts('... on Licence { holder { name } }'),
    acts(`... on Licence { ${[...'abcdefg'].map((key) => `${key}: holder { name }`).join(' ')} }`),
  ]).toEqual([7, 8, 7, 8]);
});

test('a crossing costs by the objects that cross, and each fetch once', () => {
  // 1: the subgraph that keeps acts, 2: the one that keeps entities.
  const homes: Homes = (type, field) =>
    ['Query.entity', 'Query.entities', 'Entity.name'].includes(`${type}.${field}`) ? 2 : 1;
  const crossings = (text: string): number[] => [
    costOf(graph, text, { homes, model: { crossing: 1 } }).cost,
    costOf(graph, text, { homes }).fetches,
  ];
  expect(crossings('{ entity { name } }')).toEqual([0, 1]);
  expect(crossings('{ entity { name acts(first: 9) { nodes { id } } } }')).toEqual([1, 2]);
  expect(crossings('{ entity { acts(first: 9) { nodes { id subject { name } } } } }')).toEqual([1 + 9, 3]);
  expect(
    crossings(
      `{ entities(codes: ["a", "b"]) {
        acts(first: 9) { nodes { subject { name acts(first: 2) { nodes { id } } } } }
      } }`,
    ),
  ).toEqual([2 + 18, 3]);
  expect(
    costOf(graph, '{ entity { acts(first: 9) { nodes { subject { name } } } } }', { homes, model: { fetch: 10 } }).cost,
  ).toBe(30);
});

test('what is left out costs nothing, and what a variable leaves out neither', () => {
  const text = 'query ($no: Boolean!) { entity { name acts(first: 5) @skip(if: $no) { nodes { id } } } }';
  expect([typeCost(graph, text, { no: true }), typeCost(graph, text, { no: false })]).toEqual([2, 2 + 1 + 5 * 7]);
});

test('introspection costs as many types as the schema has', () => {
  const one = typeCost(graph, '{ __schema { queryType { name } } }');
  expect(one).toBeGreaterThan(10);
  expect(typeCost(graph, '{ a: __schema { queryType { name } } b: __schema { queryType { name } } }') - one).toBe(
    one - 1,
  );
});

test('what would be written out without end is refused', () => {
  const at = (level: number, key: string): string =>
    `${key}: subject { acts(first: 1) { nodes { ...F${level + 1} } } }`;
  const fragments = Array.from(
    { length: 13 },
    (_, level) =>
      `fragment F${level} on Act { ... on Licence { ${at(level, 'a')} } ... on Penalty { ${at(level, 'b')} } }`,
  );
  const text = `{ entity { acts(first: 1) { nodes { ...F0 } } } } ${fragments.join(' ')} fragment F13 on Act { id }`;
  expect(() => costOf(graph, text)).toThrow(
    'The operation has more than 10000 selections once its fragments are written out for each type.',
  );
});

test('a weight that is no number is refused by its place, and weights that say nothing of a list are named', () => {
  expect(() => readWeights(parse('type Query @cost(weight: "much") { a: Int }'))).toThrow(
    'Query: the weight of @cost is a number, not "much".',
  );
  const document = parse(
    `${DIRECTIVES}
    type A { x: Int }
    type Query { a: [A] b: A @cost(weight: "-1") c(n: Int): [A] @listSize(slicingArguments: ["m"]) d: [Int] }`,
  );
  expect(weightProblems(buildASTSchema(document), readWeights(document))).toEqual([
    'Query.b: a weight is not below zero',
    'Query.a: nothing says how long the list is (@listSize)',
    'Query.c: @listSize names m, which is no argument of it',
  ]);
});
