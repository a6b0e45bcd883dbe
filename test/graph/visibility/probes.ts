import { near } from './selections.ts';
import type { Operation } from './world.ts';

/** A place that takes a text of the client's choice: a query with the variable `$t`, or one that is made with it. */
type Probe = readonly [name: string, query: string | ((asked: { quoted: string; knownAt: string }) => string)];

const places: readonly Probe[] = [
  [
    'a search',
    `query ($t: String!) {
      searchEntities(query: $t, first: 100) {
        nodes { uscc name } totalCount { value exact } pageInfo { hasNextPage }
      }
    }`,
  ],
  [
    'a search within a province',
    `query ($t: String!) {
      searchEntities(query: $t, first: 1, filter: { province: "33" }) {
        edges { node { uscc } } totalCount { value }
      }
    }`,
  ],
  ['a code', ({ quoted }) => `{ entity(uscc: ${quoted}) { uscc name } }`],
  [
    'a code in a batch',
    `query ($t: String!) {
      entities(codes: [$t, "${near}"]) { input status reason expected successor entity { uscc name } }
    }`,
  ],
  [
    'a code of a file',
    `query ($t: String!) {
      creditFiles(codes: [$t]) { input reason expected file { uscc } }
      evaluations(codes: [$t]) { input reason expected }
    }`,
  ],
  ...['USCC', 'TAX_NUMBER', 'REGISTRATION_NUMBER'].map((scheme): Probe => [
    `an identifier: ${scheme}`,
    `query ($t: String!) {
      resolveIdentifier(scheme: "${scheme}", value: $t) { input status reason expected entity { uscc name } }
    }`,
  ]),
  ['a scheme of identifiers', 'query ($t: String!) { resolveIdentifier(scheme: $t, value: "x") { status } }'],
  [
    'a list type',
    `query ($t: String!) {
      nameListEntries(filter: { types: [$t] }, first: 100) { nodes { id } totalCount { value } }
    }`,
  ],
  [
    'a province',
    `query ($t: String!) {
      nameListEntries(filter: { province: $t }, first: 100) { nodes { id } totalCount { value } }
    }`,
  ],
  [
    'a sector',
    `query ($t: String!) {
      nameListEntries(filter: { sector: $t }, first: 100) { nodes { id } totalCount { value } }
    }`,
  ],
  [
    'a cursor',
    `query ($t: Cursor!) {
      creditFile(uscc: "${near}") { administrativeActs(first: 1, after: $t) { nodes { id } } }
    }`,
  ],
  [
    'a scheme',
    ({ knownAt }) => `query ($t: String!) {
      creditFile(uscc: "${near}", knownAt: "${knownAt}") { evaluations(schemes: [$t]) { grade } }
    }`,
  ],
  ['a filing', 'query ($t: ID!) { filing(id: $t) { id kind status } }'],
  [
    'a type of list that is followed',
    'query ($t: String!) { nameListChanges(filter: { types: [$t] }, first: 100) { events { __typename } } }',
  ],
  [
    'a scheme that is followed',
    'query ($t: String!) { evaluationChanges(filter: { schemes: [$t] }, first: 100) { events { __typename } } }',
  ],
  [
    'a province that is followed',
    'query ($t: String!) { nameListChanges(filter: { provinces: [$t] }, first: 100) { events { __typename } } }',
  ],
  [
    'a watchlist that is followed',
    'query ($t: ID!) { nameListChanges(filter: { watchlist: $t }, first: 100) { events { __typename } } }',
  ],
  [
    'a cursor of changes',
    'query ($t: Cursor!) { nameListChanges(filter: {}, after: $t, first: 100) { events { __typename } } }',
  ],
  ['a webhook', 'query ($t: ID!) { webhookDeliveries(id: $t, first: 100) { nodes { id } } }'],
  ['an export', 'query ($t: ID!) { export(id: $t) { id status } }'],
  ['an operation name', `query X { purposes { code } }`],
];

/** Operations that carry a text of the client's choice to every place that takes one. */
export const probes = (text: string, knownAt: string): Operation[] =>
  places.map(([name, made]): Operation => {
    const query = typeof made === 'string' ? made : made({ quoted: JSON.stringify(text), knownAt });
    return {
      name,
      query,
      ...(query.includes('$t') ? { variables: { t: text } } : null),
      ...(name === 'an operation name' ? { operationName: text } : null),
    };
  });
