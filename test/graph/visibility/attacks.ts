import { ACT, codes, ENTRY, far, FILE, near, PROFILE } from './selections.ts';
import { type Operation, sites, unknown } from './world.ts';

// Attacks on field-level rights, in all ways of writing a query and of sending it.

/** Stands for the instant that is known, in operations and their variables. */
const KNOWN_AT = '{the instant that is known}';
const file = { uscc: near, knownAt: KNOWN_AT };
const farFile = { uscc: far, knownAt: KNOWN_AT };
const past = '2026-06-01';
const named = (
  name: string,
  query: string,
  variables: Record<string, unknown> = farFile,
  more: Partial<Operation> = {},
): Operation => ({ name, query, variables, ...more });

/** By the unit that decided, in place of the entity. */
const throughUnits: readonly Operation[] = [sites.near.unit, sites.far.unit].flatMap((unit) => [
  ...['OVERDUE', 'DUE_SOON'].map((state) =>
    named(
      `what ${unit} owes: ${state}`,
      `query ($unit: USCC!) {
          publicationDuties(unit: $unit, state: ${state}, first: 100) {
            nodes { ${ACT} } totalCount { value exact }
          }
        }`,
      { unit },
    ),
  ),
  ...['2026-03', '2026-04'].map((month) =>
    named(
      `how ${unit} did in ${month}`,
      `query ($unit: USCC!) {
          timelinessReport(unit: $unit, month: "${month}") {
            acts(first: 100) { nodes { ${ACT} } totalCount { value exact } }
          }
        }`,
      { unit },
    ),
  ),
  named(
    `what ${unit} withdrew`,
    `query ($unit: USCC!) {
        withdrawalNotices(authority: $unit, first: 100) {
          nodes { documentNo authorityName reason revokedBy }
          totalCount { value exact }
        }
      }`,
    { unit },
  ),
]);

/** Other names, other ways to write the same selection. */
const otherNames: readonly Operation[] = [
  named(
    'alias',
    `query ($uscc: USCC!) {
      entity(uscc: $uscc) {
        name: phone uscc: phone status: phone
        x: legalRepresentative { masked: name name: masked }
        address { masked: text }
      }
    }`,
    { uscc: far },
  ),
  named(
    'alias of a root',
    `query ($uscc: USCC!) {
      viewer: entity(uscc: $uscc) { phone }
      creditFile: entity(uscc: $uscc) { phone address { text } }
    }`,
    { uscc: far },
  ),
  named(
    'alias on records',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes { content: remark documentNo: digest kind: additionalFields { column: value value: column } }
      }
    } }`,
  ),
  named(
    'inline fragment',
    'query ($uscc: USCC!) { entity(uscc: $uscc) { ... on Entity { ... { ... on Entity { phone } } } } }',
    { uscc: far },
  ),
  named(
    'named fragments, nested',
    `query ($uscc: USCC!) { entity(uscc: $uscc) { ...A } }
    fragment A on Entity { ...B }
    fragment B on Entity { phone address { ...T } }
    fragment T on MaskedText { text masked }`,
    { uscc: far },
  ),
  named(
    'one fragment in two places',
    `${FILE} {
      entity { ...P }
      administrativeActs(first: 100) {
        nodes { subject { creditFile(validAt: $validAt, knownAt: $knownAt) { entity { ...P } } } }
      }
    } }
    fragment P on EntityProfile {
      phone address { text } legalRepresentative { name }
    }`,
  ),
  named(
    'through CreditRecord',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes {
          ... on CreditRecord { digest additionalFields { column value } provenance { sourceRecordId } }
        }
      }
    } }`,
  ),
  named(
    'through AdministrativeAct',
    `${FILE} { administrativeActs(first: 100) { nodes { ... on AdministrativeAct { remark digest } } } } }`,
  ),
  named(
    'through each type',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes {
          ... on AdministrativeLicence { remark digest }
          ... on AdministrativePenalty { remark digest additionalFields { value } }
        }
      }
    } }`,
  ),
  named(
    'interface over evaluations',
    `${FILE} {
      evaluations { ... on CreditRecord { digest ... on Evaluation { score } } }
      nameListEntries(first: 100) {
        nodes { ... on CreditRecord { digest additionalFields { column value } } }
      }
    } }`,
  ),
  named(
    'one response key on two types, denied on one',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes {
          ... on AdministrativeLicence { x: certificateName }
          ... on AdministrativePenalty { x: remark }
        }
      }
    } }`,
  ),
  named(
    'one response key on two types, denied on the other',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes { ... on AdministrativeLicence { x: remark } ... on AdministrativePenalty { x: violation } }
      }
    } }`,
  ),
  named(
    'one response key through the interface and a type',
    `${FILE} {
      administrativeActs(first: 100) {
        nodes { digest ... on AdministrativePenalty { digest } ... on CreditRecord { digest } }
      }
    } }`,
  ),
  named(
    'the same field twice, once denied below',
    `${FILE} { evaluations { indicators { code } scheme { code } } evaluations { indicators { score name } } } }`,
  ),
  named(
    'a typename beside every denied field',
    `${FILE} {
      entity { __typename phone }
      evaluations { __typename score indicators { __typename code } }
      administrativeActs(first: 100) {
        __typename
        nodes { __typename remark additionalFields { __typename value } }
      }
    } }`,
  ),
  named('only denied fields', `${FILE} { evaluations { score scoreMax topReasons } } }`),
  named('only a denied root', '{ grants(first: 100) { nodes { id organisation role } totalCount { value } } }', {}),
];

/** Other paths to the same. */
const otherPaths: readonly Operation[] = [
  named(
    'around through the subject',
    `${FILE} {
      administrativeActs(first: 10) {
        nodes {
          subject {
            creditFile(validAt: $validAt, knownAt: $knownAt) {
              administrativeActs(first: 100) {
                nodes {
                  subject {
                    phone address { text }
                    creditFile(validAt: $validAt, knownAt: $knownAt) { evaluations { score } }
                  }
                }
              }
            }
          }
        }
      }
    } }`,
  ),
  named(
    'entity, file, acts, subject, file',
    `query ($uscc: USCC!, $knownAt: DateTime) {
      entity(uscc: $uscc) {
        creditFile(knownAt: $knownAt) {
          administrativeActs(first: 100) {
            nodes {
              content documentNo remark
              subject {
                creditFile(knownAt: $knownAt) {
                  commitments(first: 100) { nodes { matter commitmentNo digest } }
                }
              }
            }
          }
        }
      }
    }`,
  ),
  named(
    'from a search into files',
    `query ($q: String!, $knownAt: DateTime) {
      searchEntities(query: $q, first: 100) {
        nodes {
          uscc phone address { text }
          creditFile(knownAt: $knownAt) {
            evaluations { score }
            administrativeActs(first: 100) { nodes { content remark } }
            nameListEntries(first: 100) { nodes { grounds documentNo } }
          }
        }
      }
    }`,
    { q: '可见', knownAt: KNOWN_AT },
  ),
  named(
    'from lookups into files',
    `query ($codes: [String!]!, $knownAt: DateTime) {
      entities(codes: $codes) {
        status
        entity {
          ${PROFILE}
          creditFile(knownAt: $knownAt) { commitments(first: 100) { nodes { matter acceptedBy { name } } } }
        }
      }
    }`,
    { codes, knownAt: KNOWN_AT },
  ),
  named(
    'from results into entities',
    `query ($codes: [String!]!, $knownAt: DateTime) {
      evaluations(codes: $codes, knownAt: $knownAt) {
        entity { phone address { text } }
        evaluations { score digest evaluator { name } subject { phone } }
      }
    }`,
    { codes, knownAt: KNOWN_AT },
  ),
  named(
    'a batch of files',
    `query ($codes: [String!]!, $knownAt: DateTime) {
      creditFiles(codes: $codes, knownAt: $knownAt) {
        input reason
        file {
          uscc isKnown entity { ${PROFILE} } hasActiveSeriousListing
          administrativeActs(first: 100) {
            nodes { content documentNo remark digest authority { name } }
            totalCount { value exact }
          }
          nameListEntries(first: 100) { nodes { grounds digest } totalCount { value } }
          evaluations { score grade evaluator { name } topReasons }
        }
      }
    }`,
    { codes: [...codes, unknown, near, far], knownAt: KNOWN_AT },
  ),
  named(
    'entries over all entities',
    `query ($knownAt: DateTime) {
      nameListEntries(filter: {}, first: 100, knownAt: $knownAt) {
        nodes { ${ENTRY} } totalCount { value exact } pageInfo { hasNextPage }
      }
    }`,
    { knownAt: KNOWN_AT },
  ),
  ...['33', '44'].map((province) =>
    named(
      `entries of province ${province}`,
      `query ($knownAt: DateTime) {
        nameListEntries(filter: { province: "${province}", activeOnly: true }, first: 100, knownAt: $knownAt) {
          nodes { documentNo grounds authority { name } digest }
          totalCount { value }
        }
      }`,
      { knownAt: KNOWN_AT },
    ),
  ),
  ...['F', 'H'].map((sector) =>
    named(
      `entries of sector ${sector}`,
      `query ($filter: NameListEntryFilter!, $knownAt: DateTime) {
        nameListEntries(filter: $filter, first: 100, knownAt: $knownAt) {
          edges { node { documentNo grounds additionalFields { value } } }
          totalCount { value }
        }
      }`,
      { knownAt: KNOWN_AT, filter: { sector, categories: ['SERIOUS'], types: ['SAMR_SERIOUS'] } },
    ),
  ),
  named(
    'entries bisected by day',
    `query ($knownAt: DateTime) {
      a: nameListEntries(filter: { listedFrom: "2026-03-12", province: "33" }, first: 1, knownAt: $knownAt) {
        totalCount { value } pageInfo { hasNextPage }
      }
      b: nameListEntries(filter: { listedFrom: "2026-03-13", province: "33" }, first: 1, knownAt: $knownAt) {
        totalCount { value } pageInfo { hasNextPage }
      }
    }`,
    { knownAt: KNOWN_AT },
  ),
];

/** Other times. */
const otherTimes: readonly Operation[] = [
  named(
    'a day in the past',
    `${FILE} {
      administrativeActs(first: 100) { nodes { content documentNo } }
      nameListEntries(first: 100) { nodes { grounds } }
      evaluations { evaluator { name } score } commitments(first: 100) { nodes { matter } } entity { phone }
    } }`,
    { ...farFile, validAt: past },
  ),
  named(
    'a day far ahead',
    `${FILE} {
      administrativeActs(first: 100) { nodes { content documentNo } }
      nameListEntries(first: 100) { nodes { grounds } }
      evaluations { evaluator { name } }
    } }`,
    { ...file, validAt: '2089-06-01' },
  ),
  named(
    'before a withdrawal',
    `${FILE} { administrativeActs(first: 100) { nodes { content documentNo } } hasActiveSeriousListing } }`,
    { ...file, validAt: '2026-05-01' },
  ),
  named(
    'an instant in the past',
    `${FILE} { administrativeActs(first: 100) { nodes { content } } entity { name phone } } }`,
    { uscc: near, knownAt: '2026-01-01T00:00:00.000Z' },
  ),
  named('an instant to come', `${FILE} { administrativeActs(first: 100) { nodes { content } } } }`, {
    uscc: near,
    knownAt: '2099-01-01T00:00:00.000Z',
  }),
];

/** Conditions, and one operation analysed and another run. */
const conditions: readonly Operation[] = [
  named(
    '@include of a variable, true',
    `query ($uscc: USCC!, $see: Boolean!) {
      entity(uscc: $uscc) { phone @include(if: $see) ... @include(if: $see) { address { text } } }
    }`,
    { uscc: far, see: true },
  ),
  named(
    '@include of a variable, false',
    `query ($uscc: USCC!, $see: Boolean!) {
      entity(uscc: $uscc) { name phone @include(if: $see) ...X @include(if: $see) }
    }
    fragment X on Entity { phone }`,
    { uscc: far, see: false },
  ),
  named(
    '@skip by a default',
    `query ($uscc: USCC!, $no: Boolean = false) {
      entity(uscc: $uscc) { phone @skip(if: $no) p: phone @include(if: true) @skip(if: false) }
    }`,
    { uscc: far },
  ),
  named(
    'the same text with the other value after it',
    `query ($uscc: USCC!, $see: Boolean!) {
      entity(uscc: $uscc) { name phone @include(if: $see) ...X @include(if: $see) }
    }
    fragment X on Entity { phone }`,
    { uscc: far, see: true },
  ),
  named(
    'another operation by name',
    `query Harmless { purposes { code } }
    query Harmful($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }`,
    { uscc: far },
    { operationName: 'Harmful' },
  ),
  named(
    'the harmless operation by name',
    `query Harmless { purposes { code } }
    query Harmful($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }`,
    { uscc: far },
    { operationName: 'Harmless' },
  ),
  named(
    'an operation called __schema',
    'query __schema($uscc: USCC!) { entity(uscc: $uscc) { phone } }',
    { uscc: far },
    { operationName: '__schema' },
  ),
  named(
    'no operation name where one is needed',
    'query A { purposes { code } } query B($uscc: USCC!) { entity(uscc: $uscc) { phone } }',
    { uscc: far },
  ),
  named('an operation that is not there', 'query A { purposes { code } }', {}, { operationName: 'B' }),
  named(
    'introspection beside a denied field',
    `query ($uscc: USCC!) {
      __schema { types { name } } entity(uscc: $uscc) { phone } __type(name: "Evaluation") { fields { name } }
    }`,
    { uscc: far },
  ),
  named(
    'types by name',
    `{
      a: __type(name: "Evaluation") { name fields { name args { name } } }
      b: __type(name: "Grant") { fields { name } }
      c: __type(name: "GrantRoleInput") { inputFields { name } }
      d: __type(name: "DataClass") { enumValues { name } }
    }`,
    {},
  ),
];

/** The fields of federation itself are not for clients. */
const federationFields: readonly Operation[] = [
  named('_entities', `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Evaluation { score } } }`, {
    r: [{ __typename: 'Entity', uscc: far }],
  }),
  named('_service', '{ _service { sdl } }', {}),
  named('the reserved key of existence', `${FILE} { __known: isKnown } }`),
];

/** Bad input. */
const badInput: readonly Operation[] = [
  named('a page of too many', `${FILE} { administrativeActs(first: 1000) { nodes { content } } } }`),
  named(
    'a wrong type beside a denied field',
    `query ($uscc: USCC!) {
      entity(uscc: $uscc) { phone }
      searchEntities(query: "可见", first: "x") { nodes { phone } }
    }`,
    { uscc: far },
  ),
  named('a field that is not there', `query ($uscc: USCC!) { entity(uscc: $uscc) { phon scor } }`, { uscc: far }),
  named('syntax', 'query { entity(uscc: "', {}),
  named(
    'mutations',
    'mutation { grantRole(input: { idempotencyKey: "x", organisation: "x", role: "AUDITOR" }) { __typename } }',
    {},
  ),
];

/** Headers by which a client would like to be somebody else. */
const pretences: readonly Record<string, string>[] = [
  { 'x-role': 'AUDITOR' },
  { 'x-forwarded-user': 'root', 'x-forwarded-role': 'AUDITOR' },
  { 'x-viewer': '{"role":"AUDITOR"}', 'x-user-id': '1' },
  { 'x-passport': 'x', passport: 'x' },
  { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
  { 'x-http-method-override': 'GET' },
  { 'x-unauthorized': 'allow' },
  { 'apollo-federation-include-trace': 'ftv1' },
  { cookie: 'role=AUDITOR; token=x' },
];

/** Other forms of HTTP requests. */
const otherForms: readonly Operation[] = [
  named(
    'GET',
    'query ($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } legalRepresentative { name } } }',
    { uscc: far },
    { method: 'GET' },
  ),
  named('GET of records', `${FILE} { administrativeActs(first: 100) { nodes { content remark } } } }`, farFile, {
    method: 'GET',
  }),
  ...[
    'application/json',
    'application/graphql-response+json',
    'text/event-stream',
    'multipart/mixed',
    'text/html',
    '*/*',
  ].map((accept) =>
    named(
      `accept ${accept}`,
      `${FILE} { entity { phone } administrativeActs(first: 100) { nodes { content remark } } } }`,
      farFile,
      { headers: { accept } },
    ),
  ),
  ...pretences.map((headers) =>
    named(
      `header ${Object.keys(headers)[0]}`,
      `${FILE} {
        entity { phone address { text } } evaluations { score }
        administrativeActs(first: 100) { nodes { content remark } }
      } }`,
      farFile,
      { headers },
    ),
  ),
  named('mode reject', `${FILE} { entity { phone } administrativeActs(first: 100) { nodes { content } } } }`, farFile, {
    headers: { 'x-unauthorized': 'reject' },
  }),
  named(
    'a language',
    `query ($uscc: USCC!) { entity(uscc: $uscc) { phone } }`,
    { uscc: far },
    { headers: { 'accept-language': 'zh-CN' } },
  ),
  {
    name: 'a batch of operations',
    body: [{ query: `{ entity(uscc: "${far}") { phone } }` }, { query: `{ entity(uscc: "${near}") { phone } }` }],
  },
  { name: 'a persisted query', body: { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } } },
  {
    name: 'extensions that name a moment and a viewer',
    body: {
      query: `{ entity(uscc: "${far}") { phone } }`,
      extensions: { moment: { validAt: '2026-01-01', knownAt: KNOWN_AT }, viewer: { role: 'AUDITOR' } },
      viewer: { role: 'AUDITOR' },
    },
  },
  ...[
    '/sdl',
    '/explorer',
    '/explorer/tokens.json',
    '/metrics',
    '/health/live',
    '/health/ready',
    '/graphql',
    '/status',
    '/filings',
    '/exports',
  ].map((path): Operation => ({ name: `GET ${path}`, path })),
];

/** All attacks, at an instant. Operations are plain JSON. */
export const attacks = (knownAt: string): Operation[] =>
  JSON.parse(
    JSON.stringify([
      ...throughUnits,
      ...otherNames,
      ...otherPaths,
      ...otherTimes,
      ...conditions,
      ...federationFields,
      ...badInput,
      ...otherForms,
    ]).replaceAll(KNOWN_AT, knownAt),
  );
