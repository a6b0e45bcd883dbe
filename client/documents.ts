import { createHash } from 'node:crypto';

// What is asked of the gateway. `npm run codegen` checks it against docs/schema.graphql and makes documents.generated.ts from it. What is
// asked of a change stands in a fragment, which a caller may replace; what following needs, its id and cursor, stands beside it.

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

// Of the list's own source alone, here and for evaluations: while that is down events wait, and nothing else that is down makes them partial.
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

/** What can be followed. */
export type Topic = 'NAME_LIST' | 'EVALUATION';

const ofTopic: Readonly<Record<Topic, { readonly stream: string; readonly page: string; readonly fields: string; readonly begin: string }>> = {
  NAME_LIST: { stream: nameListStream, page: nameListPage, fields: nameListFields, begin: 'fragment NameListFields on NameListChange' },
  EVALUATION: { stream: evaluationStream, page: evaluationPage, fields: evaluationFields, begin: 'fragment EvaluationFields on EvaluationChange' },
};

/** @param fields what to ask of a change, such as `kind entry { category }`; what this file says when left out */
export function documentOf(topic: Topic, door: 'stream' | 'page', fields?: string): string {
  const { begin, fields: usual, [door]: operation } = ofTopic[topic];
  return `${operation}${fields === undefined ? usual : `${begin} { ${fields}\n}`}`;
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An `apollo-persisted-query-manifest` of what is asked of a topic, to be published for a role (docs/DOCUMENTS.md). @param fields as following has them */
export function manifestOf(topic: Topic, fields?: string) {
  const operations = (['stream', 'page'] as const).map((door) => {
    const body = documentOf(topic, door, fields);
    const [, type = '', name = ''] = /^\s*(query|subscription) (\w+)/.exec(body) ?? [];
    return { id: digestOf(body), name, type, body };
  });
  return { format: 'apollo-persisted-query-manifest', version: 1, operations } as const;
}
