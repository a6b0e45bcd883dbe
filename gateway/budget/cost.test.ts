import { Kind, type OperationDefinitionNode, parse } from 'graphql';
import { costOf } from './cost.ts';

const cost = (text: string, variables: Record<string, unknown> = {}): number => {
  const document = parse(text);
  const operation = document.definitions.find((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode; // the texts have one
  return costOf({ document, operation }, variables);
};

test.each([
  ['an operation of leaves', '{ __typename }', {}, 1],
  ['an object', '{ viewer { role purpose } }', {}, 2],
  ['a page', '{ found(first: 20) { name } }', {}, 21],
  ['a page in a page', '{ found(first: 20) { acts(first: 10) { id } } }', {}, 1 + 20 * 11],
  ['a page whose size stands in a variable', 'query ($n: Int!) { found(first: $n) { name } }', { n: 5 }, 6],
  ['a page whose size is left out', 'query ($n: Int = 5) { found(first: $n) { name } }', {}, 1001],
  ['a list of codes', 'query ($codes: [String!]!) { files(codes: $codes) { file { uscc } } }', { codes: ['a', 'b', 'a'] }, 7],
  ['one code given in place of a list', 'query ($codes: [String!]!) { files(codes: $codes) { name } }', { codes: 'a' }, 1001],
  ['no code at all', '{ files(codes: []) { name } }', {}, 2],
  ['more than any list gives', '{ found(first: 2000000000) { name } }', {}, 1001],
  ['the same field twice by alias', '{ a: found(first: 20) { name } b: found(first: 20) { name } }', {}, 41],
  ['a fragment used twice', '{ a: found(first: 2) { ...F } b: found(first: 3) { ... on T { ...F } } } fragment F on T { acts(first: 4) { id } }', {}, 1 + 2 * 5 + 3 * 5],
])('%s', (_, text, variables, points) => {
  expect(cost(text, variables)).toBe(points);
});

test('fragments that double are weighed once each, and cost no more than any budget has', () => {
  const doubling = Array.from({ length: 90 }, (_, i) => `fragment F${i} on T { a { ...F${i + 1} } b { ...F${i + 1} } }`).join(' ');
  expect(cost(`{ a { ...F0 } } ${doubling} fragment F90 on T { id }`)).toBeGreaterThanOrEqual(1_000_000_000);
});
