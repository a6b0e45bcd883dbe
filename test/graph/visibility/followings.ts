import { changes, EXPORT, far, pageOf, streamOf } from './selections.ts';
import type { Operation } from './world.ts';

// What follows changes, by filters, pages and streams, and the lists of those who do.

const { entry, evaluation } = changes;
const events = { accept: 'text/event-stream' };
const page = (
  name: string,
  kind: (typeof changes)[keyof typeof changes],
  variables: Record<string, unknown>,
): Operation => ({
  name: `changes: ${name}`,
  query: pageOf(kind),
  variables: { filter: {}, first: 1000, ...variables },
});
const stream = (name: string, query: string, more: Partial<Operation> = {}): Operation => ({
  name: `stream: ${name}`,
  query,
  headers: events,
  events: 1,
  ...more,
});

const pages: readonly Operation[] = [
  ...['33', '44', '00'].flatMap((province) => [
    page(`of province ${province}`, entry, { filter: { provinces: [province] } }),
    page(`of province ${province}`, evaluation, { filter: { provinces: [province] } }),
  ]),
  ...['F', 'H'].map((sector) =>
    page(`of sector ${sector}`, entry, {
      filter: { sectors: [sector], categories: ['SERIOUS'], types: ['SAMR_SERIOUS'] },
    }),
  ),
  ...['ADDED', 'WITHDRAWN', 'UNPUBLISHED', 'REMOVED', 'PRESENT'].flatMap((kind) => [
    page(`of kind ${kind}`, entry, { filter: { kinds: [kind] } }),
    page(`of kind ${kind}`, evaluation, { filter: { kinds: [kind], schemes: ['PUBLIC_CREDIT'] } }),
  ]),
  page('one by one', entry, { first: 1 }),
  page('none', entry, { first: 0 }),
  page('too many', evaluation, { first: 1001 }),
  page('after nothing that was given', entry, { after: 'x' }),
  page('of a watchlist of nobody', entry, { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } }),
  page('of an empty list', entry, { filter: { types: [] } }),
  {
    name: 'changes: aliases',
    query: `{
      nameListChanges(filter: {}, first: 100) {
        a: events {
          ... on NameListChange {
            id: documentNo kind: legalBasis
            x: entry { id: digest additionalFields { column: value value: column } }
          }
        }
        b: events {
          ... on EvaluationChange { x: evaluation { score } }
          ... on NameListChange { subject { name: phone creditFile { evaluations { score } } } }
        }
      }
    }`,
  },
  {
    name: 'changes: the record of another kind',
    query: `{
      nameListChanges(filter: {}, first: 100) { events { ... on EvaluationChange { ${evaluation.record} } } }
      evaluationChanges(filter: {}, first: 100) { events { ... on NameListChange { ${entry.record} } } }
    }`,
  },
  {
    name: 'changes: through CreditRecord',
    query: `{
      evaluationChanges(filter: {}, first: 100) {
        events {
          ... on EvaluationChange {
            evaluation {
              ... on CreditRecord {
                digest additionalFields { value }
                history(first: 10) { nodes { recordedAt digest } }
              }
            }
          }
        }
      }
    }`,
  },
  {
    name: 'changes: in mode reject',
    query: pageOf(entry),
    variables: { filter: {}, first: 100 },
    headers: { 'x-unauthorized': 'reject' },
  },
];

const streams: readonly Operation[] = [
  ...Object.values(changes).flatMap((kind) => [
    stream(kind.field, streamOf(kind), { variables: { filter: {} } }),
    stream(`${kind.field} by GET`, streamOf(kind), { variables: { filter: {} }, method: 'GET' }),
    stream(`${kind.field} in mode reject`, streamOf(kind), {
      variables: { filter: {} },
      headers: { ...events, 'x-unauthorized': 'reject' },
    }),
    stream(`${kind.field} after the id of no event`, streamOf(kind), {
      variables: { filter: {} },
      headers: { ...events, 'last-event-id': 'x' },
    }),
    stream(`${kind.field} of a watchlist of nobody`, streamOf(kind), {
      variables: { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } },
    }),
  ]),
  stream(
    'two at once',
    'subscription { nameListChanges(filter: {}) { __typename } evaluationChanges(filter: {}) { __typename } }',
  ),
  stream('a query', 'query ($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }', {
    variables: { uscc: far },
  }),
  { name: 'stream: by a plain POST', query: streamOf(entry), variables: { filter: {} } },
];

const ofNobody: readonly Operation[] = [
  {
    name: 'own: what was sent to a webhook of nobody',
    query: `{
      webhookDeliveries(id: "00000000-0000-4000-8000-000000000000", first: 100) {
        nodes { id notice at attempt outcome status tookMs }
        totalCount { value }
      }
    }`,
  },
  { name: 'own: an export of nobody', query: `{ export(id: "00000000-0000-4000-8000-000000000000") { ${EXPORT} } }` },
  { name: 'own: a part of an export of nobody', path: '/exports/00000000-0000-4000-8000-000000000000/parts/1' },
];

/** All of them; none depends on the instant that is known. */
export const followings: readonly Operation[] = [...pages, ...streams, ...ofNobody];
