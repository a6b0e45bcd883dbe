import { checkedQueries } from '#test/support/queries.ts';
import { hidden, shadow, sites, unknown, type Operation } from './world.ts';

// What a curious client sends: every query of test/support/queries.ts, each asked by every viewer, and the attacks of our
// reference (security.md §4) on field-level rights.

const near = sites.near.uscc;
const far = sites.far.uscc;
const codes = [near, far, shadow, hidden];

const RECORD = 'id version digest subject { uscc name phone address { text masked } legalRepresentative { name masked } } provenance { sourceUnit { name uscc } sourceRecordId catalogueCode collectedAt } disclosureLevel validFrom validTo recordedAt underObjection additionalFields { column value }';
const ACT = `__typename ${RECORD} kind documentNo documentName authority { name uscc } decidedOn content publication { duty publishedOn publicUntil } remark
  ... on AdministrativeLicence { licenceCategory otherCategory certificateName certificateNo } ... on AdministrativePenalty { violation facts legalBasis otherCategory fine fineAsFiled suspendedOrRevokedLicence }`;
const EVALUATION = `${RECORD} scheme { code version } grade gradeMeaning evaluatedOn evaluator { name uscc } cause score scoreMax indicators { code name score scoreMax } topReasons`;
const ENTRY = `${RECORD} listType { code } category state authority { name uscc } documentNo listedOn grounds legalBasis termUntil removedOn removalReason publicUntil`;
const COMMITMENT = `${RECORD} kind commitmentNo matter content madeOn acceptedBy { name uscc } status remark`;
const JUDICIAL = `${RECORD} kind caseNo court { name uscc } decidedOn cause result performance remark`;
const COMPLAINT = `${RECORD} complaintNo handledOn handledBy { name uscc } matter handling result remark`;
const PROFILE = 'name status kind industry { code name } registeredDivision { code name } establishedOn address { text masked } phone identifiers { scheme value } formerNames { name until } legalRepresentative { name masked }';
const CHANGE = 'id cursor kind at recordId version entered reason subject { uscc name phone }';
const NAME_LIST_CHANGE = `__typename ... on NameListChange { ${CHANGE} documentNo legalBasis entry { ${ENTRY} } }`;
const EVALUATION_CHANGE = `__typename ... on EvaluationChange { ${CHANGE} evaluation { ${EVALUATION} } }`;
const MARKS = '... on Checkpoint { cursor at lagSeconds } ... on CursorExpired { oldest message }';
/** What is followed: the field, its filter, all that there is of a change, and of the record alone. */
export const changes = {
  entry: { field: 'nameListChanges', filter: 'NameListChangeFilter', selection: NAME_LIST_CHANGE, record: `entry { ${ENTRY} }` },
  evaluation: { field: 'evaluationChanges', filter: 'EvaluationChangeFilter', selection: EVALUATION_CHANGE, record: `evaluation { ${EVALUATION} }` },
} as const;
/** A page of changes, and the stream of the same. */
export const pageOf = ({ field, filter, selection }: (typeof changes)[keyof typeof changes]): string => `query ($filter: ${filter}!, $after: Cursor, $first: Int!) { ${field}(filter: $filter, after: $after, first: $first) { hasMore endCursor events { ${selection} } } }`;
export const streamOf = ({ field, filter, selection }: (typeof changes)[keyof typeof changes]): string => `subscription ($filter: ${filter}!, $after: Cursor) { ${field}(filter: $filter, after: $after) { ${selection} ${MARKS} } }`;
const WEBHOOK = 'id url state stateReason topic createdAt failingSince nextAttemptAt cursor';
const EXPORT = 'id status progress rows parts { no path digest bytes rows } manifest cursor knownAt expiresAt failure';
const FILE = 'query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) { creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt)';

/** Everything there is about one entity, all changes, and all of the viewer's own, in as few operations as the limits allow: what a viewer may see at all is in their answers. */
export const everything = (knownAt: string): Operation[] => [
  ...Object.values(changes).map((kind): Operation => ({ name: `everything: ${kind.field}`, query: pageOf(kind), variables: { filter: {}, first: 1000 } })),
  { name: 'everything: watchlists and consents', query: '{ viewer { watchlists(first: 100) { edges { node { id name size createdAt } } totalCount { value exact } } consents(first: 100) { nodes { id subject grantee purpose givenAt expiresAt revokedAt } totalCount { value exact } } } }' },
  { name: 'everything: webhooks and exports', query: `{ viewer { webhooks(first: 100) { nodes { ${WEBHOOK} } totalCount { value exact } } exports(first: 100) { nodes { ${EXPORT} } totalCount { value exact } } } }` },
  ...codes.flatMap((uscc) =>
    [
      ['profile', `${FILE} { uscc isKnown entity { ${PROFILE} provenance { sourceUnit { name uscc } sourceRecordId catalogueCode collectedAt } recordedAt } hasActiveSeriousListing } }`],
      ['entity', `query ($uscc: USCC!) { entity(uscc: $uscc) { uscc ${PROFILE} successor } }`],
      ['acts', `${FILE} { administrativeActs(first: 100) { nodes { ${ACT} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
      ['commitments', `${FILE} { commitments(first: 100) { nodes { ${COMMITMENT} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
      ['court records', `${FILE} { judicialRecords(first: 100) { nodes { ${JUDICIAL} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
      ['complaints', `${FILE} { complaints(first: 100) { nodes { ${COMPLAINT} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
      ['entries', `${FILE} { nameListEntries(first: 100) { nodes { ${ENTRY} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
      ['evaluations', `${FILE} { evaluations { ${EVALUATION} } evaluationHistory(scheme: "PUBLIC_CREDIT", first: 100) { nodes { ${EVALUATION} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`],
    ].map(([part, query]): Operation => ({ name: `everything: ${part} of ${uscc}`, query: query ?? '', variables: part === 'entity' ? { uscc } : { uscc, knownAt } })),
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

export function attacks(knownAt: string): Operation[] {
  const file = { uscc: near, knownAt };
  const farFile = { uscc: far, knownAt };
  const past = '2026-06-01';
  const named = (name: string, query: string, variables: Record<string, unknown> = farFile, more: Partial<Operation> = {}): Operation => ({ name, query, variables, ...more });
  return [
    // By the unit that decided in place of the entity.
    ...[sites.near.unit, sites.far.unit].flatMap((unit) => [
      ...['OVERDUE', 'DUE_SOON'].map((state) => named(`what ${unit} owes: ${state}`, `query ($unit: USCC!) { publicationDuties(unit: $unit, state: ${state}, first: 100) { nodes { ${ACT} } totalCount { value exact } } }`, { unit })),
      ...['2026-03', '2026-04'].map((month) => named(`how ${unit} did in ${month}`, `query ($unit: USCC!) { timelinessReport(unit: $unit, month: "${month}") { acts(first: 100) { nodes { ${ACT} } totalCount { value exact } } } }`, { unit })),
      named(`what ${unit} withdrew`, 'query ($unit: USCC!) { withdrawalNotices(authority: $unit, first: 100) { nodes { documentNo authorityName reason revokedBy } totalCount { value exact } } }', { unit }),
    ]),
    ...followings(),
    // Other names, other ways to write the same selection.
    named('alias', 'query ($uscc: USCC!) { entity(uscc: $uscc) { name: phone uscc: phone status: phone x: legalRepresentative { masked: name name: masked } address { masked: text } } }', { uscc: far }),
    named('alias of a root', 'query ($uscc: USCC!) { viewer: entity(uscc: $uscc) { phone } creditFile: entity(uscc: $uscc) { phone address { text } } }', { uscc: far }),
    named('alias on records', `${FILE} { administrativeActs(first: 100) { nodes { content: remark documentNo: digest kind: additionalFields { column: value value: column } } } } }`),
    named('inline fragment', 'query ($uscc: USCC!) { entity(uscc: $uscc) { ... on Entity { ... { ... on Entity { phone } } } } }', { uscc: far }),
    named('named fragments, nested', 'query ($uscc: USCC!) { entity(uscc: $uscc) { ...A } } fragment A on Entity { ...B } fragment B on Entity { phone address { ...T } } fragment T on MaskedText { text masked }', { uscc: far }),
    named('one fragment in two places', `${FILE} { entity { ...P } administrativeActs(first: 100) { nodes { subject { creditFile(validAt: $validAt, knownAt: $knownAt) { entity { ...P } } } } } } } fragment P on EntityProfile { phone address { text } legalRepresentative { name } }`),
    named('through CreditRecord', `${FILE} { administrativeActs(first: 100) { nodes { ... on CreditRecord { digest additionalFields { column value } provenance { sourceRecordId } } } } } }`),
    named('through AdministrativeAct', `${FILE} { administrativeActs(first: 100) { nodes { ... on AdministrativeAct { remark digest } } } } }`),
    named('through each type', `${FILE} { administrativeActs(first: 100) { nodes { ... on AdministrativeLicence { remark digest } ... on AdministrativePenalty { remark digest additionalFields { value } } } } } }`),
    named('interface over evaluations', `${FILE} { evaluations { ... on CreditRecord { digest ... on Evaluation { score } } } nameListEntries(first: 100) { nodes { ... on CreditRecord { digest additionalFields { column value } } } } } }`),
    named('one response key on two types, denied on one', `${FILE} { administrativeActs(first: 100) { nodes { ... on AdministrativeLicence { x: certificateName } ... on AdministrativePenalty { x: remark } } } } }`),
    named('one response key on two types, denied on the other', `${FILE} { administrativeActs(first: 100) { nodes { ... on AdministrativeLicence { x: remark } ... on AdministrativePenalty { x: violation } } } } }`),
    named('one response key through the interface and a type', `${FILE} { administrativeActs(first: 100) { nodes { digest ... on AdministrativePenalty { digest } ... on CreditRecord { digest } } } } }`),
    named('the same field twice, once denied below', `${FILE} { evaluations { indicators { code } scheme { code } } evaluations { indicators { score name } } } }`),
    named('a typename beside every denied field', `${FILE} { entity { __typename phone } evaluations { __typename score indicators { __typename code } } administrativeActs(first: 100) { __typename nodes { __typename remark additionalFields { __typename value } } } } }`),
    named('only denied fields', `${FILE} { evaluations { score scoreMax topReasons } } }`),
    named('only a denied root', '{ grants(first: 100) { nodes { id organisation role } totalCount { value } } }', {}),
    // Other paths to the same.
    named('around through the subject', `${FILE} { administrativeActs(first: 10) { nodes { subject { creditFile(validAt: $validAt, knownAt: $knownAt) { administrativeActs(first: 100) { nodes { subject { phone address { text } creditFile(validAt: $validAt, knownAt: $knownAt) { evaluations { score } } } } } } } } } } }`),
    named('entity, file, acts, subject, file', `query ($uscc: USCC!, $knownAt: DateTime) { entity(uscc: $uscc) { creditFile(knownAt: $knownAt) { administrativeActs(first: 100) { nodes { content documentNo remark subject { creditFile(knownAt: $knownAt) { commitments(first: 100) { nodes { matter commitmentNo digest } } } } } } } } }`),
    named('from a search into files', `query ($q: String!, $knownAt: DateTime) { searchEntities(query: $q, first: 100) { nodes { uscc phone address { text } creditFile(knownAt: $knownAt) { evaluations { score } administrativeActs(first: 100) { nodes { content remark } } nameListEntries(first: 100) { nodes { grounds documentNo } } } } } }`, { q: '可见', knownAt }),
    named('from lookups into files', `query ($codes: [String!]!, $knownAt: DateTime) { entities(codes: $codes) { status entity { ${PROFILE} creditFile(knownAt: $knownAt) { commitments(first: 100) { nodes { matter acceptedBy { name } } } } } } }`, { codes, knownAt }),
    named('from results into entities', `query ($codes: [String!]!, $knownAt: DateTime) { evaluations(codes: $codes, knownAt: $knownAt) { entity { phone address { text } } evaluations { score digest evaluator { name } subject { phone } } } }`, { codes, knownAt }),
    named('a batch of files', `query ($codes: [String!]!, $knownAt: DateTime) { creditFiles(codes: $codes, knownAt: $knownAt) { input reason file { uscc isKnown entity { ${PROFILE} } hasActiveSeriousListing administrativeActs(first: 100) { nodes { content documentNo remark digest authority { name } } totalCount { value exact } } nameListEntries(first: 100) { nodes { grounds digest } totalCount { value } } evaluations { score grade evaluator { name } topReasons } } } }`, { codes: [...codes, unknown, near, far], knownAt }),
    named('entries over all entities', `query ($knownAt: DateTime) { nameListEntries(filter: {}, first: 100, knownAt: $knownAt) { nodes { ${ENTRY} } totalCount { value exact } pageInfo { hasNextPage } } }`, { knownAt }),
    ...['33', '44'].map((province) => named(`entries of province ${province}`, `query ($knownAt: DateTime) { nameListEntries(filter: { province: "${province}", activeOnly: true }, first: 100, knownAt: $knownAt) { nodes { documentNo grounds authority { name } digest } totalCount { value } } }`, { knownAt })),
    ...['F', 'H'].map((sector) => named(`entries of sector ${sector}`, `query ($filter: NameListEntryFilter!, $knownAt: DateTime) { nameListEntries(filter: $filter, first: 100, knownAt: $knownAt) { edges { node { documentNo grounds additionalFields { value } } } totalCount { value } } }`, { knownAt, filter: { sector, categories: ['SERIOUS'], types: ['SAMR_SERIOUS'] } })),
    named('entries bisected by day', 'query ($knownAt: DateTime) { a: nameListEntries(filter: { listedFrom: "2026-03-12", province: "33" }, first: 1, knownAt: $knownAt) { totalCount { value } pageInfo { hasNextPage } } b: nameListEntries(filter: { listedFrom: "2026-03-13", province: "33" }, first: 1, knownAt: $knownAt) { totalCount { value } pageInfo { hasNextPage } } }', { knownAt }),
    // Other times.
    named('a day in the past', `${FILE} { administrativeActs(first: 100) { nodes { content documentNo } } nameListEntries(first: 100) { nodes { grounds } } evaluations { evaluator { name } score } commitments(first: 100) { nodes { matter } } entity { phone } } }`, { ...farFile, validAt: past }),
    named('a day far ahead', `${FILE} { administrativeActs(first: 100) { nodes { content documentNo } } nameListEntries(first: 100) { nodes { grounds } } evaluations { evaluator { name } } } }`, { ...file, validAt: '2089-06-01' }),
    named('before a withdrawal', `${FILE} { administrativeActs(first: 100) { nodes { content documentNo } } hasActiveSeriousListing } }`, { ...file, validAt: '2026-05-01' }),
    named('an instant in the past', `${FILE} { administrativeActs(first: 100) { nodes { content } } entity { name phone } } }`, { uscc: near, knownAt: '2026-01-01T00:00:00.000Z' }),
    named('an instant to come', `${FILE} { administrativeActs(first: 100) { nodes { content } } } }`, { uscc: near, knownAt: '2099-01-01T00:00:00.000Z' }),
    // Conditions, and one operation analysed and another run.
    named('@include of a variable, true', `query ($uscc: USCC!, $see: Boolean!) { entity(uscc: $uscc) { phone @include(if: $see) ... @include(if: $see) { address { text } } } }`, { uscc: far, see: true }),
    named('@include of a variable, false', `query ($uscc: USCC!, $see: Boolean!) { entity(uscc: $uscc) { name phone @include(if: $see) ...X @include(if: $see) } } fragment X on Entity { phone }`, { uscc: far, see: false }),
    named('@skip by a default', `query ($uscc: USCC!, $no: Boolean = false) { entity(uscc: $uscc) { phone @skip(if: $no) p: phone @include(if: true) @skip(if: false) } }`, { uscc: far }),
    named('the same text with the other value after it', `query ($uscc: USCC!, $see: Boolean!) { entity(uscc: $uscc) { name phone @include(if: $see) ...X @include(if: $see) } } fragment X on Entity { phone }`, { uscc: far, see: true }),
    named('another operation by name', 'query Harmless { purposes { code } } query Harmful($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }', { uscc: far }, { operationName: 'Harmful' }),
    named('the harmless operation by name', 'query Harmless { purposes { code } } query Harmful($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }', { uscc: far }, { operationName: 'Harmless' }),
    named('an operation called __schema', 'query __schema($uscc: USCC!) { entity(uscc: $uscc) { phone } }', { uscc: far }, { operationName: '__schema' }),
    named('no operation name where one is needed', 'query A { purposes { code } } query B($uscc: USCC!) { entity(uscc: $uscc) { phone } }', { uscc: far }),
    named('an operation that is not there', 'query A { purposes { code } }', {}, { operationName: 'B' }),
    named('introspection beside a denied field', `query ($uscc: USCC!) { __schema { types { name } } entity(uscc: $uscc) { phone } __type(name: "Evaluation") { fields { name } } }`, { uscc: far }),
    named('types by name', '{ a: __type(name: "Evaluation") { name fields { name args { name } } } b: __type(name: "Grant") { fields { name } } c: __type(name: "GrantRoleInput") { inputFields { name } } d: __type(name: "DataClass") { enumValues { name } } }', {}),
    // Federation's own doors are not the clients'.
    named('_entities', `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Evaluation { score } } }`, { r: [{ __typename: 'Entity', uscc: far }] }),
    named('_service', '{ _service { sdl } }', {}),
    named('the reserved key of existence', `${FILE} { __known: isKnown } }`),
    // Bad input.
    named('a page of too many', `${FILE} { administrativeActs(first: 1000) { nodes { content } } } }`),
    named('a wrong type beside a denied field', `query ($uscc: USCC!) { entity(uscc: $uscc) { phone } searchEntities(query: "可见", first: "x") { nodes { phone } } }`, { uscc: far }),
    named('a field that is not there', `query ($uscc: USCC!) { entity(uscc: $uscc) { phon scor } }`, { uscc: far }),
    named('syntax', 'query { entity(uscc: "', {}),
    named('mutations', 'mutation { grantRole(input: { idempotencyKey: "x", organisation: "x", role: "AUDITOR" }) { __typename } }', {}),
    // Other doors of HTTP.
    named('GET', 'query ($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } legalRepresentative { name } } }', { uscc: far }, { method: 'GET' }),
    named('GET of records', `${FILE} { administrativeActs(first: 100) { nodes { content remark } } } }`, farFile, { method: 'GET' }),
    ...['application/json', 'application/graphql-response+json', 'text/event-stream', 'multipart/mixed', 'text/html', '*/*'].map((accept) => named(`accept ${accept}`, `${FILE} { entity { phone } administrativeActs(first: 100) { nodes { content remark } } } }`, farFile, { headers: { accept } })),
    ...pretences.map((headers) => named(`header ${Object.keys(headers)[0]}`, `${FILE} { entity { phone address { text } } evaluations { score } administrativeActs(first: 100) { nodes { content remark } } } }`, farFile, { headers })),
    named('mode reject', `${FILE} { entity { phone } administrativeActs(first: 100) { nodes { content } } } }`, farFile, { headers: { 'x-unauthorized': 'reject' } }),
    named('a language', `query ($uscc: USCC!) { entity(uscc: $uscc) { phone } }`, { uscc: far }, { headers: { 'accept-language': 'zh-CN' } }),
    { name: 'a batch of operations', body: [{ query: `{ entity(uscc: "${far}") { phone } }` }, { query: `{ entity(uscc: "${near}") { phone } }` }] },
    { name: 'a persisted query', body: { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } } },
    { name: 'extensions that name a moment and a viewer', body: { query: `{ entity(uscc: "${far}") { phone } }`, extensions: { moment: { validAt: '2026-01-01', knownAt }, viewer: { role: 'AUDITOR' } }, viewer: { role: 'AUDITOR' } } },
    ...['/sdl', '/explorer', '/explorer/tokens.json', '/metrics', '/health/live', '/health/ready', '/graphql', '/status', '/filings', '/exports'].map((path): Operation => ({ name: `GET ${path}`, path })),
  ];
}

/** What follows changes, by filters, pages and streams, and the lists of those who do. */
function followings(): Operation[] {
  const { entry, evaluation } = changes;
  const events = { accept: 'text/event-stream' };
  const page = (name: string, kind: (typeof changes)[keyof typeof changes], variables: Record<string, unknown>): Operation => ({ name: `changes: ${name}`, query: pageOf(kind), variables: { filter: {}, first: 1000, ...variables } });
  const stream = (name: string, query: string, more: Partial<Operation> = {}): Operation => ({ name: `stream: ${name}`, query, headers: events, events: 1, ...more });
  return [
    ...['33', '44', '00'].flatMap((province) => [page(`of province ${province}`, entry, { filter: { provinces: [province] } }), page(`of province ${province}`, evaluation, { filter: { provinces: [province] } })]),
    ...['F', 'H'].map((sector) => page(`of sector ${sector}`, entry, { filter: { sectors: [sector], categories: ['SERIOUS'], types: ['SAMR_SERIOUS'] } })),
    ...['ADDED', 'WITHDRAWN', 'UNPUBLISHED', 'REMOVED', 'PRESENT'].flatMap((kind) => [page(`of kind ${kind}`, entry, { filter: { kinds: [kind] } }), page(`of kind ${kind}`, evaluation, { filter: { kinds: [kind], schemes: ['PUBLIC_CREDIT'] } })]),
    page('one by one', entry, { first: 1 }),
    page('none', entry, { first: 0 }),
    page('too many', evaluation, { first: 1001 }),
    page('after nothing that was given', entry, { after: 'x' }),
    page('of a watchlist of nobody', entry, { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } }),
    page('of an empty list', entry, { filter: { types: [] } }),
    { name: 'changes: aliases', query: `{ nameListChanges(filter: {}, first: 100) { a: events { ... on NameListChange { id: documentNo kind: legalBasis x: entry { id: digest additionalFields { column: value value: column } } } } b: events { ... on EvaluationChange { x: evaluation { score } } ... on NameListChange { subject { name: phone creditFile { evaluations { score } } } } } } }` },
    { name: 'changes: the record of another kind', query: `{ nameListChanges(filter: {}, first: 100) { events { ... on EvaluationChange { ${evaluation.record} } } } evaluationChanges(filter: {}, first: 100) { events { ... on NameListChange { ${entry.record} } } } }` },
    { name: 'changes: through CreditRecord', query: '{ evaluationChanges(filter: {}, first: 100) { events { ... on EvaluationChange { evaluation { ... on CreditRecord { digest additionalFields { value } history(first: 10) { nodes { recordedAt digest } } } } } } } }' },
    { name: 'changes: in mode reject', query: pageOf(entry), variables: { filter: {}, first: 100 }, headers: { 'x-unauthorized': 'reject' } },
    ...Object.values(changes).flatMap((kind) => [
      stream(kind.field, streamOf(kind), { variables: { filter: {} } }),
      stream(`${kind.field} by GET`, streamOf(kind), { variables: { filter: {} }, method: 'GET' }),
      stream(`${kind.field} in mode reject`, streamOf(kind), { variables: { filter: {} }, headers: { ...events, 'x-unauthorized': 'reject' } }),
      stream(`${kind.field} after the id of no event`, streamOf(kind), { variables: { filter: {} }, headers: { ...events, 'last-event-id': 'x' } }),
      stream(`${kind.field} of a watchlist of nobody`, streamOf(kind), { variables: { filter: { watchlist: '00000000-0000-4000-8000-000000000000' } } }),
    ]),
    stream('two at once', 'subscription { nameListChanges(filter: {}) { __typename } evaluationChanges(filter: {}) { __typename } }'),
    stream('a query', 'query ($uscc: USCC!) { entity(uscc: $uscc) { phone address { text } } }', { variables: { uscc: far } }),
    { name: 'stream: by a plain POST', query: streamOf(entry), variables: { filter: {} } },
    { name: 'own: what was sent to a webhook of nobody', query: '{ webhookDeliveries(id: "00000000-0000-4000-8000-000000000000", first: 100) { nodes { id notice at attempt outcome status tookMs } totalCount { value } } }' },
    { name: 'own: an export of nobody', query: `{ export(id: "00000000-0000-4000-8000-000000000000") { ${EXPORT} } }` },
    { name: 'own: a part of an export of nobody', path: '/exports/00000000-0000-4000-8000-000000000000/parts/1' },
  ];
}

export const corpus = (knownAt: string): Operation[] => [
  ...checkedQueries(codes, knownAt, [sites.near.name, sites.far.name]).map(({ name, query, variables }): Operation => ({ name, query, ...(variables ? { variables } : null) })),
  ...everything(knownAt),
  ...attacks(knownAt),
];

/** Operations that carry a text of the client's choice to every place that takes one. */
export const probes = (text: string, knownAt: string): Operation[] => {
  const quoted = JSON.stringify(text);
  return [
    ['a search', 'query ($t: String!) { searchEntities(query: $t, first: 100) { nodes { uscc name } totalCount { value exact } pageInfo { hasNextPage } } }'],
    ['a search within a province', 'query ($t: String!) { searchEntities(query: $t, first: 1, filter: { province: "33" }) { edges { node { uscc } } totalCount { value } } }'],
    ['a code', `{ entity(uscc: ${quoted}) { uscc name } }`],
    ['a code in a batch', `query ($t: String!) { entities(codes: [$t, "${near}"]) { input status reason expected successor entity { uscc name } } }`],
    ['a code of a file', 'query ($t: String!) { creditFiles(codes: [$t]) { input reason expected file { uscc } } evaluations(codes: [$t]) { input reason expected } }'],
    ...['USCC', 'TAX_NUMBER', 'REGISTRATION_NUMBER'].map((scheme) => [`an identifier: ${scheme}`, `query ($t: String!) { resolveIdentifier(scheme: "${scheme}", value: $t) { input status reason expected entity { uscc name } } }`]),
    ['a scheme of identifiers', 'query ($t: String!) { resolveIdentifier(scheme: $t, value: "x") { status } }'],
    ['a list type', 'query ($t: String!) { nameListEntries(filter: { types: [$t] }, first: 100) { nodes { id } totalCount { value } } }'],
    ['a province', 'query ($t: String!) { nameListEntries(filter: { province: $t }, first: 100) { nodes { id } totalCount { value } } }'],
    ['a sector', 'query ($t: String!) { nameListEntries(filter: { sector: $t }, first: 100) { nodes { id } totalCount { value } } }'],
    ['a cursor', `query ($t: Cursor!) { creditFile(uscc: "${near}") { administrativeActs(first: 1, after: $t) { nodes { id } } } }`],
    ['a scheme', `query ($t: String!) { creditFile(uscc: "${near}", knownAt: "${knownAt}") { evaluations(schemes: [$t]) { grade } } }`],
    ['a filing', 'query ($t: ID!) { filing(id: $t) { id kind status } }'],
    ['a type of list that is followed', 'query ($t: String!) { nameListChanges(filter: { types: [$t] }, first: 100) { events { __typename } } }'],
    ['a scheme that is followed', 'query ($t: String!) { evaluationChanges(filter: { schemes: [$t] }, first: 100) { events { __typename } } }'],
    ['a province that is followed', 'query ($t: String!) { nameListChanges(filter: { provinces: [$t] }, first: 100) { events { __typename } } }'],
    ['a watchlist that is followed', 'query ($t: ID!) { nameListChanges(filter: { watchlist: $t }, first: 100) { events { __typename } } }'],
    ['a cursor of changes', 'query ($t: Cursor!) { nameListChanges(filter: {}, after: $t, first: 100) { events { __typename } } }'],
    ['a webhook', 'query ($t: ID!) { webhookDeliveries(id: $t, first: 100) { nodes { id } } }'],
    ['an export', 'query ($t: ID!) { export(id: $t) { id status } }'],
    ['an operation name', `query X { purposes { code } }`],
  ].map(([name, query]): Operation => ({ name: `${name}`, query: query ?? '', ...(query?.includes('$t') ? { variables: { t: text } } : null), ...(name === 'an operation name' ? { operationName: text } : null) }));
};
