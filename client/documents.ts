import { createHash } from 'node:crypto';

// The operations that the client sends. `npm run codegen` checks them against docs/schema.graphql and writes
// documents.generated.ts from them. The fields of a change are in a fragment, which a caller may replace. Its id and
// cursor, which the client itself needs, are outside the fragment.

const nameListStream = /* GraphQL */ `
  subscription NameListStream($filter: NameListChangeFilter!, $after: Cursor) {
    changes: nameListChanges(filter: $filter, after: $after) {
      __typename
      ... on NameListChange { id cursor ...NameListFields }
      ... on Checkpoint { cursor lagSeconds }
      ... on CursorExpired { oldest message }
    }
  }
`;

const nameListPage = /* GraphQL */ `
  query NameListPage($filter: NameListChangeFilter!, $after: Cursor, $first: Int!) {
    changes: nameListChanges(filter: $filter, after: $after, first: $first) {
      events { __typename ... on NameListChange { id cursor ...NameListFields } }
      endCursor
      hasMore
    }
  }
`;

// The fields are of the list's own source alone, and those of evaluations are of theirs. Events wait while that source
// is down, and no other source that is down makes them partial.
const nameListFields = /* GraphQL */ `
  fragment NameListFields on NameListChange {
    kind
    at
    recordId
    version
    entered
    reason
    documentNo
    legalBasis
    subject { uscc }
    entry {
      listType { code name }
      category
      state
      authority { uscc name }
      listedOn
      grounds
      termUntil
      removedOn
      removalReason
      publicUntil
      disclosureLevel
    }
  }
`;

const evaluationStream = /* GraphQL */ `
  subscription EvaluationStream($filter: EvaluationChangeFilter!, $after: Cursor) {
    changes: evaluationChanges(filter: $filter, after: $after) {
      __typename
      ... on EvaluationChange { id cursor ...EvaluationFields }
      ... on Checkpoint { cursor lagSeconds }
      ... on CursorExpired { oldest message }
    }
  }
`;

const evaluationPage = /* GraphQL */ `
  query EvaluationPage($filter: EvaluationChangeFilter!, $after: Cursor, $first: Int!) {
    changes: evaluationChanges(filter: $filter, after: $after, first: $first) {
      events { __typename ... on EvaluationChange { id cursor ...EvaluationFields } }
      endCursor
      hasMore
    }
  }
`;

const evaluationFields = /* GraphQL */ `
  fragment EvaluationFields on EvaluationChange {
    kind
    at
    recordId
    version
    entered
    reason
    subject { uscc }
    evaluation {
      scheme { code version name }
      grade
      gradeMeaning
      evaluatedOn
      dataAsOf
      validUntil
      evaluator { uscc name }
      cause
      disclosureLevel
    }
  }
`;

/** The streams of changes that a client can follow. */
export type Topic = 'NAME_LIST' | 'EVALUATION';

const ofTopic: Readonly<
  Record<Topic, { readonly stream: string; readonly page: string; readonly fields: string; readonly begin: string }>
> = {
  NAME_LIST: {
    stream: nameListStream,
    page: nameListPage,
    fields: nameListFields,
    begin: 'fragment NameListFields on NameListChange',
  },
  EVALUATION: {
    stream: evaluationStream,
    page: evaluationPage,
    fields: evaluationFields,
    begin: 'fragment EvaluationFields on EvaluationChange',
  },
};

/**
 * The text of the operation that the client sends for a topic: the subscription (`stream`) or the query (`page`), with
 * its fragment. It never throws. Fields that do not exist are refused by the gateway.
 * @param fields the selection on a change, such as `kind entry { category }`; by default the fragment in this file
 */
export function documentOf(topic: Topic, transport: 'stream' | 'page', fields?: string): string {
  const { begin, fields: usual, [transport]: operation } = ofTopic[topic];
  return `${operation}${fields === undefined ? usual : `${begin} { ${fields}\n}`}`;
}

/** The SHA-256 of a text, in hex: the id of a published document. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The two operations of a topic as an `apollo-persisted-query-manifest`, `{ format, version, operations }` with `id`,
 * `name`, `type` and `body` of each. An operator publishes it for a role (docs/DOCUMENTS.md).
 * @param fields the same selection that the follower uses
 */
export function manifestOf(topic: Topic, fields?: string) {
  const operations = (['stream', 'page'] as const).map((transport) => {
    const body = documentOf(topic, transport, fields);
    const [, type = '', name = ''] = /^\s*(query|subscription) (\w+)/.exec(body) ?? [];
    return { id: digestOf(body), name, type, body };
  });
  return { format: 'apollo-persisted-query-manifest', version: 1, operations } as const;
}
