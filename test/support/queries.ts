import type { Role } from '#policy/roles.ts';
import { composeUscc } from '#standards/uscc.ts';

export interface CheckedQuery {
  readonly name: string;
  readonly role: Role;
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const RECORD = `id version subject { uscc name }
  provenance { sourceUnit { name uscc } catalogueCode collectedAt }
  disclosureLevel validFrom validTo recordedAt underObjection`;
const ACT = `__typename ${RECORD} kind documentNo documentName authority { name uscc } decidedOn content
  publication { duty publishedOn publicUntil }`;
const ACTS = `fragment Acts on AdministrativeActConnection {
  edges {
    cursor
    node {
      ${ACT}
      ... on AdministrativeLicence { licenceCategory certificateName certificateNo longTerm inForce }
      ... on AdministrativePenalty {
        violation facts legalBasis categories fine fineAsFiled confiscated effectiveUntil
      }
    }
  }
  pageInfo { hasNextPage endCursor } totalCount { value exact }
}`;
const PROFILE = `name status kind industry { code name } registeredDivision { code name } establishedOn
  address { text masked } identifiers { scheme value } formerNames { name until } legalRepresentative { name masked }`;
const ENTRY = `${RECORD} listType { code name category legalBasis } category state authority { name uscc } documentNo
  listedOn grounds legalBasis termUntil removedOn removalReason publicUntil`;
const EVALUATION = `${RECORD}
  scheme { code version name grades { grade meaning } }
  grade gradeMeaning evaluatedOn dataAsOf validUntil evaluator { name } cause`;
const FILE = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
  creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt)`;

const VALID_AT = '2026-09-30';
/** Valid by both checks, in a division that generated data has nobody in. */
const UNKNOWN = composeUscc('91100000', 'MA9EEE99');
const WHOLE = `${FILE} {
  uscc validAt knownAt entity { ${PROFILE} } administrativeActs(first: 20) { ...Acts }
  commitments(first: 5) { nodes { ${RECORD} kind commitmentNo matter madeOn acceptedBy { name } status } }
  nameListEntries(first: 10) { nodes { ${ENTRY} } }
  hasActiveSeriousListing evaluations { ${EVALUATION} }
} }
${ACTS}`;

const asPublic = (name: string, query: string, variables?: Record<string, unknown>): CheckedQuery => ({
  name,
  role: 'PUBLIC',
  query,
  ...(variables ? { variables } : null),
});

/** What the queries ask about. */
interface Asked {
  /** Known codes: that with the most acts, and two others. */
  readonly heavy: string;
  readonly second: string;
  readonly third: string;
  /** Known codes, and others of each kind. */
  readonly many: readonly string[];
  readonly knownAt: string;
  readonly names: readonly string[];
  readonly file: (uscc: string) => Record<string, unknown>;
}

/** The whole file of an entity, as each kind of reader. */
const wholeFiles = ({ heavy, second, third, knownAt, file }: Asked): CheckedQuery[] => [
  asPublic('a whole file', WHOLE, file(heavy)),
  { name: 'a whole file, as a province', role: 'PROVINCIAL_PLATFORM', query: WHOLE, variables: file(heavy) },
  { name: 'a whole file, as a bank', role: 'FINANCIAL_INSTITUTION', query: WHOLE, variables: file(second) },
  { name: 'a whole file, as the auditor', role: 'AUDITOR', query: WHOLE, variables: file(heavy) },
  { name: 'a whole file, as an operator', role: 'OPERATOR', query: WHOLE, variables: file(heavy) },
  { name: 'a whole file, as the national centre', role: 'NATIONAL_CENTRE', query: WHOLE, variables: file(third) },
  asPublic('a file of an unknown code', WHOLE, file(UNKNOWN)),
  asPublic('a file on an earlier day', WHOLE, { uscc: heavy, validAt: '2024-01-01', knownAt }),
  asPublic('a file before anything was known', WHOLE, {
    uscc: heavy,
    validAt: VALID_AT,
    knownAt: '2020-01-01T00:00:00.000Z',
  }),
  asPublic('the code alone', `${FILE} { uscc } }`, file(heavy)),
  asPublic('the code alone, unknown', `${FILE} { uscc } }`, file(UNKNOWN)),
  asPublic('only the verdict', `${FILE} { hasActiveSeriousListing } }`, file(second)),
];

/** The same fields in other forms of a query. */
const formsOfQueries = ({ heavy, second, knownAt, file }: Asked): CheckedQuery[] => [
  asPublic(
    'aliases of one field',
    `${FILE} {
      a: administrativeActs(first: 1) { nodes { id } }
      b: administrativeActs(first: 2, kinds: [PENALTY]) { nodes { id documentNo } }
      c: administrativeActs(first: 3, kinds: [LICENCE]) { totalCount { value } }
    } }`,
    file(heavy),
  ),
  asPublic(
    'typenames everywhere',
    `${FILE} { __typename entity { __typename } administrativeActs(first: 2) { __typename nodes { __typename } } } }`,
    file(heavy),
  ),
  asPublic(
    'fragments on interface and types',
    `${FILE} {
      administrativeActs(first: 30) { nodes { ...R ... on AdministrativeAct { documentNo } ...L ...P } }
    } }
    fragment R on CreditRecord { id recordedAt }
    fragment L on AdministrativeLicence { n: certificateNo }
    fragment P on AdministrativePenalty { n: violation }`,
    file(heavy),
  ),
  asPublic(
    '@skip and @include',
    `query ($uscc: USCC!, $knownAt: DateTime, $yes: Boolean!, $no: Boolean!) {
      creditFile(uscc: $uscc, knownAt: $knownAt, validAt: "${VALID_AT}") {
        uscc @skip(if: $no) entity @include(if: $no) { name }
        ... @include(if: $yes) { evaluations { grade scheme { code } } }
        nameListEntries(first: 1) @skip(if: $yes) { nodes { id } }
      }
    }`,
    { uscc: heavy, knownAt, yes: true, no: false },
  ),
  asPublic(
    'the subject of a record, and its file again',
    `${FILE} {
      administrativeActs(first: 2) {
        nodes {
          subject {
            uscc name status
            creditFile(validAt: $validAt, knownAt: $knownAt) {
              nameListEntries(first: 1) { nodes { id } } evaluations { grade }
            }
          }
        }
      }
    } }`,
    file(heavy),
  ),
  asPublic(
    'evaluation history',
    `${FILE} {
      evaluationHistory(scheme: "PUBLIC_CREDIT", first: 2) {
        edges { cursor node { grade evaluatedOn } } pageInfo { hasNextPage endCursor }
        totalCount { value exact }
      }
    } }`,
    file(second),
  ),
];

/** Fields that not every reader sees. */
const restrictedFields = ({ heavy, second, file }: Asked): CheckedQuery[] => [
  {
    name: 'scores, as a bank',
    role: 'FINANCIAL_INSTITUTION',
    query: `${FILE} {
      evaluations(schemes: ["PUBLIC_CREDIT"]) {
        grade score scoreMax indicators { code name score scoreMax } topReasons
      }
    } }`,
    variables: file(second),
  },
  asPublic(
    'scores, as the public',
    `${FILE} { evaluations { grade score s: score indicators { score } } } }`,
    file(second),
  ),
  {
    name: 'provenance, as the auditor',
    role: 'AUDITOR',
    query: `${FILE} {
      administrativeActs(first: 3) {
        nodes { digest provenance { sourceRecordId } additionalFields { column value } remark }
      }
    } }`,
    variables: file(heavy),
  },
  {
    name: 'provenance, as a province that may see only its own',
    role: 'PROVINCIAL_PLATFORM',
    query: `${FILE} { administrativeActs(first: 3) { nodes { id digest remark } } } }`,
    variables: file(second),
  },
];

/** Entities, and many at once. */
const entitiesAndBatches = ({ heavy, many, knownAt }: Asked): CheckedQuery[] => [
  asPublic('an entity', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc ${PROFILE} phone } }`, { uscc: heavy }),
  asPublic('an entity with spaces and in full width', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc name } }`, {
    uscc: ` ${heavy.slice(0, 8)} ${heavy.slice(8).toLowerCase()} `,
  }),
  asPublic('an unknown entity', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc name } }`, { uscc: UNKNOWN }),
  asPublic('an invalid code in a variable', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc } }`, {
    uscc: '914403001922038217',
  }),
  asPublic('an invalid code in the text', '{ entity(uscc: "914403001922038217") { uscc } }'),
  asPublic(
    'many entities',
    `query ($codes: [String!]!) {
      entities(codes: $codes) { input status reason expected successor entity { uscc name kind } }
    }`,
    { codes: many },
  ),
  asPublic(
    'many files',
    `query ($codes: [String!]!, $knownAt: DateTime) {
      creditFiles(codes: $codes, knownAt: $knownAt, validAt: "${VALID_AT}") {
        input status reason expected successor
        file {
          uscc entity { name }
          administrativeActs(first: 2) { nodes { documentNo } }
          hasActiveSeriousListing evaluations { grade scheme { code } }
        }
      }
    }`,
    { codes: many, knownAt },
  ),
  asPublic('too many files', 'query ($codes: [String!]!) { creditFiles(codes: $codes) { input } }', {
    codes: Array.from({ length: 101 }, () => heavy),
  }),
  asPublic(
    'results of many',
    `query ($codes: [String!]!, $knownAt: DateTime) {
      evaluations(codes: $codes, knownAt: $knownAt, validAt: "${VALID_AT}") {
        input status reason expected successor entity { uscc name } evaluations { grade scheme { code version } }
      }
    }`,
    { codes: many, knownAt },
  ),
];

/** Searches, pages and cursors. */
const searchesAndPages = ({ heavy, names, file }: Asked): CheckedQuery[] => [
  asPublic(
    'a search by part of a name',
    `query ($q: String!) {
      searchEntities(query: $q, first: 10) {
        edges { node { uscc name } } pageInfo { hasNextPage } totalCount { value exact }
      }
    }`,
    { q: (names[0] ?? '').slice(2, 5) },
  ),
  asPublic(
    'a search narrowed',
    `query ($q: String!) {
      searchEntities(query: $q, filter: { province: "33", kinds: [ENTERPRISE], statuses: [ACTIVE] }, first: 5) {
        nodes { uscc name kind status }
      }
    }`,
    { q: (names[0] ?? '').slice(0, 2) },
  ),
  asPublic('a search of one character', '{ searchEntities(query: "一", first: 5) { nodes { uscc } } }'),
  asPublic('a page of no items', `${FILE} { administrativeActs(first: 0) { nodes { id } } } }`, file(heavy)),
  asPublic('a page of 101', `${FILE} { administrativeActs(first: 101) { nodes { id } } } }`, file(heavy)),
  asPublic('a page of none said', `${FILE} { administrativeActs { nodes { id } } } }`, file(heavy)),
  asPublic(
    'a cursor that is none',
    `${FILE} { administrativeActs(first: 1, after: "x") { nodes { id } } } }`,
    file(heavy),
  ),
];

/** What is not of one entity. */
const listsAndCatalogues = ({ heavy, knownAt }: Asked): CheckedQuery[] => [
  asPublic(
    'old identifiers',
    `query ($v: String!) {
      resolveIdentifier(scheme: "ORGANISATION_CODE", value: $v) { input status entity { uscc name } }
      identifierSchemes { code name }
    }`,
    { v: heavy.slice(8, 17) },
  ),
  asPublic(
    'entries over all entities',
    `query ($knownAt: DateTime) {
      nameListEntries(
        filter: { categories: [SERIOUS, ABNORMAL] }, first: 10, knownAt: $knownAt, validAt: "${VALID_AT}"
      ) {
        edges { cursor node { ${ENTRY} } } pageInfo { hasNextPage endCursor } totalCount { value exact }
      }
    }`,
    { knownAt },
  ),
  {
    name: 'entries of a sector',
    role: 'SECTOR_REGULATOR',
    query: `query ($knownAt: DateTime) {
      nameListEntries(
        filter: { sector: "C", activeOnly: true }, first: 10, knownAt: $knownAt, validAt: "${VALID_AT}"
      ) {
        nodes { ${ENTRY} }
      }
    }`,
    variables: { knownAt },
  },
  asPublic(
    'catalogues',
    `{
      nameListTypes(validAt: "2026-09-30") {
        code name category owner legalBasis term verified effectiveFrom effectiveTo source
      }
      evaluationSchemes(validAt: "2026-09-30") { code version name grades { grade meaning } }
      penaltyCategories { code name legalBasis } purposes { code name }
    }`,
  ),
];

/** Introspection, mistakes, and several roots. */
const otherQueries = ({ heavy, second, knownAt }: Asked): CheckedQuery[] => [
  asPublic(
    'introspection beside data',
    `query ($uscc: USCC!) {
      __schema { queryType { name } } entity(uscc: $uscc) { name }
      __type(name: "CreditFile") { fields { name } }
    }`,
    { uscc: heavy },
  ),
  asPublic('a field that does not exist', '{ entity(uscc: "x") { nam } }'),
  asPublic('a variable that is missing', `${FILE} { uscc } }`, {}),
  {
    name: 'who am I',
    role: 'SECTOR_REGULATOR',
    query: '{ viewer { role organisation sector province purpose purposes } }',
  },
  asPublic(
    'several roots at once',
    `query ($uscc: USCC!, $knownAt: DateTime) {
      a: creditFile(uscc: $uscc, knownAt: $knownAt, validAt: "${VALID_AT}") { entity { name } }
      b: entity(uscc: $uscc) { name }
      c: creditFile(uscc: "${second}", knownAt: $knownAt, validAt: "${VALID_AT}") { evaluations { grade } }
    }`,
    { uscc: heavy, knownAt },
  ),
];

/**
 * Queries over every part of the graph, for comparing two ways of running it byte by byte. `codes` are known ones, the
 * entity with the most acts first; all name the same `knownAt`.
 */
export function checkedQueries(codes: readonly string[], knownAt: string, names: readonly string[]): CheckedQuery[] {
  const [heavy = '', second = '', third = ''] = codes;
  const asked: Asked = {
    heavy,
    second,
    third,
    many: [...codes.slice(0, 20), 'nonsense', '914403001922038217', '00000000000000000X', UNKNOWN, '', heavy],
    knownAt,
    names,
    file: (uscc) => ({ uscc, validAt: VALID_AT, knownAt }),
  };
  return [
    ...wholeFiles(asked),
    ...formsOfQueries(asked),
    ...restrictedFields(asked),
    ...entitiesAndBatches(asked),
    ...searchesAndPages(asked),
    ...listsAndCatalogues(asked),
    ...otherQueries(asked),
  ];
}
