import { decodeId } from '#records/record.ts';
import { codeOf, TIMES } from './dataset.ts';

// The reference work of design §9: a credit file with at most 20 acts, its list entries and its evaluation; one, and a hundred
// at once. The peer's statement (sql.ts) answers the same.

const FILE = `uscc
    validAt
    knownAt
    entity { name status kind industry { code } registeredDivision { code } establishedOn }
    administrativeActs(first: 20) {
      nodes {
        __typename
        id
        documentNo
        documentName
        decidedOn
        content
        validFrom
        authority { name uscc }
        publication { publishedOn publicUntil }
        ... on AdministrativeLicence { licenceCategory certificateName certificateNo }
      }
    }
    nameListEntries(first: 20) {
      nodes { id listType { code } category state listedOn grounds authority { name uscc } }
    }
    evaluations(schemes: ["PUBLIC_CREDIT"]) { id scheme { code version } grade evaluatedOn validUntil SCORE }`;

const ONE = `query File($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
    ${FILE}
  }
}`;

const HUNDRED = `query Files($codes: [String!]!, $validAt: Date, $knownAt: DateTime) {
  creditFiles(codes: $codes, validAt: $validAt, knownAt: $knownAt) {
    input
    file {
      ${FILE}
    }
  }
}`;

const BODIES = 500;
const BATCH = 100;

/** Prime to the numbers of entities, so that the codes of a body lie far apart. */
const STEP = 7919;

const codesAt = (entities: number, start: number, count: number): string[] =>
  Array.from({ length: count }, (_, number) => codeOf(((start + number) * STEP) % entities));

/** Request bodies for our gateway and for the peer, of the same files in the same order. */
export function singles(entities: number): { graphql: string[]; scored: string[]; sql: string[] } {
  const codes = codesAt(entities, 0, BODIES);
  const graphql = (query: string): string[] =>
    codes.map((uscc) => JSON.stringify({ query, variables: { uscc, ...TIMES } }));
  return {
    graphql: graphql(ONE.replace(' SCORE', '')),
    // What only some readers may see, for a purpose: such a read is written to the access log.
    scored: graphql(ONE.replace('SCORE', 'score scoreMax')),
    sql: codes.map((uscc) => JSON.stringify({ uscc, ...TIMES })),
  };
}

export function hundreds(entities: number): { graphql: string[]; sql: string[] } {
  const lists = Array.from({ length: BODIES / 10 }, (_, number) => codesAt(entities, number * BATCH, BATCH));
  const query = HUNDRED.replace(' SCORE', '');
  return {
    graphql: lists.map((codes) => JSON.stringify({ query, variables: { codes, ...TIMES } })),
    sql: lists.map((codes) => JSON.stringify({ codes, ...TIMES })),
  };
}

/** Our ids are opaque and have the code inside; the peer gives the bare record id. */
export function withBareIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBareIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'id' ? (decodeId(String(item))?.recordId ?? item) : withBareIds(item),
    ]),
  );
}
