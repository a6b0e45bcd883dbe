import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getIntrospectionQuery, parse } from 'graphql';
import { scalars } from '#kit/scalars.ts';
import { createDocuments } from '#gateway/graph/documents.ts';
import { apiSchema } from '#gateway/graph/engine/apiSchema.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { createCacheRule } from './cacheable.ts';

// Which responses caches may keep, by the data classes of the real schema. Every root field over HTTP:
// test/graph/documents/caching.test.ts.

const schema = apiSchema(
  parse(readFileSync(join(import.meta.dirname, '../supergraph.graphql'), 'utf8'), { noLocation: true }),
  scalars,
);
const documents = createDocuments(schema, standardLimits);
const mayBeKept = createCacheRule(schema);
const isKept = (text: string): boolean => {
  const read = documents(text, undefined);
  if ('errors' in read) throw read.errors[0];
  return mayBeKept(read);
};

test.each([
  'query A { nameListTypes { code name } }',
  'query A { a: ruleSets { id } b: nameListTypes { __typename code } __typename }',
  'query A { purposes { ...F } } fragment F on Purpose { code }',
  'query A($day: Date!) { workingDayAfter(from: $day, days: 3) { date provisional } }',
])('catalogues and rules are: %s', (text) => expect(isKept(text)).toBe(true));

test.each([
  'query A { __typename }',
  'query A { nameListTypes { code } sourceStatus { source } }',
  'query A { nameListTypes { code } viewer { role } }',
  'query A { nameListTypes { code } ... on Query { entity(uscc: "91330106MA9EEE0195") { uscc } } }',
  'query A { ...F } fragment F on Query { creditFile(uscc: "91330106MA9EEE0195") { uscc } }',
  'query A { nameListTypes { code } x: entities(codes: []) { status } }',
  'query A { nameListTypes { code } } fragment F on Entity { name }',
  'query A($no: Boolean!) { nameListTypes { code } entity(uscc: "91330106MA9EEE0195") @include(if: $no) { uscc } }',
  'query A { withdrawalNotices(authority: "91330106MA9EEE0195", first: 1) { nodes { reason } } }',
  'query A { nameListTypes { code } __schema { types { name } } }',
  getIntrospectionQuery(),
  'mutation A { endGrant(input: { idempotencyKey: "a", id: "a" }) { __typename } }',
  'subscription A { nameListChanges(filter: {}) { __typename } }',
])('whatever else is in it, nobody keeps it: %s', (text) => {
  const read = documents(text, undefined);
  // A document with an unused fragment is refused by validation before.
  expect('errors' in read ? false : mayBeKept(read)).toBe(false);
});
