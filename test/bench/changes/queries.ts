// What is asked of a change. `documentNo` has its number in it.

const stream = (fields: string): string => `subscription ($filter: NameListChangeFilter!, $after: Cursor) {
  changes: nameListChanges(filter: $filter, after: $after) {
    __typename
    ... on NameListChange { ${fields} }
    ... on Checkpoint { cursor at lagSeconds }
  }
}`;
const page = (fields: string): string => `query ($filter: NameListChangeFilter!, $after: Cursor) {
  changes: nameListChanges(filter: $filter, after: $after, first: 1000) {
    events { __typename ... on NameListChange { ${fields} } }
    endCursor
    hasMore
  }
}`;

const OWN = 'id cursor kind at recordId version entered documentNo legalBasis subject { uscc }';
const ENTRY = 'entry { version listType { code } category state listedOn grounds }';
const OTHERS = `id cursor kind at recordId version documentNo subject { uscc name creditFile { evaluations(schemes: ["PUBLIC_CREDIT"]) { grade evaluatedOn } } } ${ENTRY}`;

/** Of the change itself and its entry: what those ask for who keep a list of their own. */
export const LIVE = stream(`id cursor kind at recordId version documentNo subject { uscc } ${ENTRY}`);

/** Answered by the log alone, and with fields of three subgraphs. */
export const catchUps = {
  own: { stream: stream(OWN), page: page(OWN) },
  others: { stream: stream(OTHERS), page: page(OTHERS) },
} as const;

/** About 9 KB a change, so that what waits for one reader grows by megabytes a second. */
export const BULKY = stream(
  `id cursor documentNo entry { ${Array.from({ length: 28 }, (_, index) => `g${index}: grounds`).join(' ')} }`,
);
