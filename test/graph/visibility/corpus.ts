import { checkedQueries } from '#test/support/queries.ts';
import { attacks } from './attacks.ts';
import { followings } from './followings.ts';
import {
  ACT,
  changes,
  codes,
  COMMITMENT,
  COMPLAINT,
  ENTRY,
  EVALUATION,
  EXPORT,
  FILE,
  JUDICIAL,
  pageOf,
  PROFILE,
  WEBHOOK,
} from './selections.ts';
import { sites, type Operation } from './world.ts';

// The requests of a curious client: every query of test/support/queries.ts, sent by every viewer, and the attacks of
// our reference (security.md §4) on field-level rights.

/** All that is the viewer's own. */
const ownThings: readonly Operation[] = [
  {
    name: 'everything: watchlists and consents',
    query: `{
      viewer {
        watchlists(first: 100) { edges { node { id name size createdAt } } totalCount { value exact } }
        consents(first: 100) {
          nodes { id subject grantee purpose givenAt expiresAt revokedAt }
          totalCount { value exact }
        }
      }
    }`,
  },
  {
    name: 'everything: webhooks and exports',
    query: `{
      viewer {
        webhooks(first: 100) { nodes { ${WEBHOOK} } totalCount { value exact } }
        exports(first: 100) { nodes { ${EXPORT} } totalCount { value exact } }
      }
    }`,
  },
];

/** Each part of what there is of an entity, and the query that selects all of it. */
const partsOfEntity: readonly (readonly [part: string, query: string])[] = [
  [
    'profile',
    `${FILE} {
      uscc isKnown
      entity {
        ${PROFILE}
        provenance { sourceUnit { name uscc } sourceRecordId filedSubjectName catalogueCode collectedAt }
        recordedAt
      }
      hasActiveSeriousListing
    } }`,
  ],
  ['entity', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc ${PROFILE} successor } }`],
  [
    'acts',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes { ${ACT} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
  [
    'commitments',
    `${FILE} {
      commitments(first: 100) {
        nodes { ${COMMITMENT} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
  [
    'court records',
    `${FILE} {
      judicialRecords(first: 100) {
        nodes { ${JUDICIAL} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
  [
    'complaints',
    `${FILE} {
      complaints(first: 100) {
        nodes { ${COMPLAINT} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
  [
    'entries',
    `${FILE} {
      nameListEntries(first: 100) {
        nodes { ${ENTRY} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
  [
    'evaluations',
    `${FILE} {
      evaluations { ${EVALUATION} }
      evaluationHistory(scheme: "PUBLIC_CREDIT", first: 100) {
        nodes { ${EVALUATION} } totalCount { value exact } pageInfo { hasNextPage endCursor }
      }
    } }`,
  ],
];

/**
 * Everything there is about one entity, all changes, and all of the viewer's own, in as few operations as the limits
 * allow: what a viewer may see at all is in their answers.
 */
export const everything = (knownAt: string): Operation[] => [
  ...Object.values(changes).map((kind): Operation => ({
    name: `everything: ${kind.field}`,
    query: pageOf(kind),
    variables: { filter: {}, first: 1000 },
  })),
  ...ownThings,
  ...codes.flatMap((uscc) =>
    partsOfEntity.map(([part, query]): Operation => ({
      name: `everything: ${part} of ${uscc}`,
      query,
      variables: part === 'entity' ? { uscc } : { uscc, knownAt },
    })),
  ),
];

export const corpus = (knownAt: string): Operation[] => [
  ...checkedQueries(codes, knownAt, [sites.near.name, sites.far.name]).map(({ name, query, variables }): Operation => ({
    name,
    query,
    ...(variables ? { variables } : null),
  })),
  ...everything(knownAt),
  ...attacks(knownAt),
  ...followings,
];
