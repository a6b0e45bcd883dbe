// Our own requests in bad faith, grouped by the ways in which gateways have been attacked. Each has its right answers.
// They are sent without a token or with a bad one, so that they can be sent to any gateway:
// npm run attack -- --url http://127.0.0.1:4000

import { gzipSync } from 'node:zlib';

export interface HostileRequest {
  readonly group: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  /**
   * Another body each time, for texts that are expensive only the first time.
   * @param time how often it was sent before
   */
  readonly bodyOf?: (time: number) => string;
  /**
   * What may be answered: a status, and a code where the answer is in GraphQL's form (null: data without any error).
   */
  readonly answers: readonly (readonly [status: number, code: string | null])[];
}

type Answers = HostileRequest['answers'];

const JSON_TYPE = { 'content-type': 'application/json' };
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const deep = (open: string, close: string, levels: number): string => `${open.repeat(levels)}${close.repeat(levels)}`;

const post = (
  group: string,
  name: string,
  body: unknown,
  answers: Answers,
  headers: Record<string, string> = {},
): HostileRequest => ({
  group,
  name,
  method: 'POST',
  path: '/graphql',
  headers: { ...JSON_TYPE, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  answers,
});
const get = (
  group: string,
  name: string,
  path: string,
  answers: Answers,
  headers: Record<string, string> = {},
  method = 'GET',
): HostileRequest => ({ group, name, method, path, headers, body: null, answers });
const query = (group: string, name: string, text: string, answers: Answers, variables?: unknown): HostileRequest =>
  post(group, name, { query: text, ...(variables === undefined ? null : { variables }) }, answers);

const COST: Answers = [[400, 'COST_LIMIT']];
const INVALID: Answers = [
  [200, 'GRAPHQL_VALIDATION_FAILED'],
  [400, 'GRAPHQL_VALIDATION_FAILED'],
];
const UNPARSED: Answers = [
  [200, 'GRAPHQL_PARSE_FAILED'],
  [400, 'GRAPHQL_PARSE_FAILED'],
];
const INPUT: Answers = [
  [200, 'BAD_USER_INPUT'],
  [400, 'BAD_USER_INPUT'],
];
const BAD_REQUEST: Answers = [[400, 'BAD_REQUEST']];
const UNAUTHENTICATED: Answers = [[401, 'UNAUTHENTICATED']];
const NOT_FOUND: Answers = [[404, 'NOT_FOUND']];
const FINE: Answers = [[200, null]];
const FORBIDDEN: Answers = [
  [200, 'UNAUTHORIZED_FIELD_OR_TYPE'],
  [403, 'UNAUTHORIZED_FIELD_OR_TYPE'],
];

const doubling = (size: number): string =>
  `{ ...A0 } ${times(size, (i) => `fragment A${i} on Query{...A${i + 1} ...A${i + 1}}`)} fragment ` +
  `A${size} on Query{...Z}`;
/** Of no company: what is asked of it is as dear as of one that is there, but for its records. */
export const USCC = '91330106MA2EEE111Y';

const shapes: readonly HostileRequest[] = [
  ...[1, 8, 16, 24, 40, 90].map((size) =>
    query('shape', `fragments that double ${size} times`, doubling(size), size <= 8 ? INVALID : COST),
  ),
  ...[31, 101, 1000].map((count) =>
    query('shape', `${count} aliases`, `{ viewer { ${times(count, (i) => `a${i}: role`)} } }`, COST),
  ),
  ...[11, 30, 200].map((count) =>
    query('shape', `${count} root fields`, `{ ${times(count, (i) => `a${i}: viewer { role }`)} }`, COST),
  ),
  ...[200, 900].map((count) =>
    query('shape', `one field ${count} times`, `{ viewer { ${times(count, () => 'role')} } }`, COST),
  ),
  ...[13, 20, 60].map((levels) => query('shape', `${levels} levels`, `${deep('{a', '}', levels)}`, COST)),
  ...[65, 700, 10_000].map((levels) =>
    query('shape', `${levels} brackets`, `${'{a'.repeat(levels)}${'}'.repeat(levels)}`, COST),
  ),
  ...[100, 5000].map((levels) => query('shape', `a list ${levels} deep`, `{a(b:${deep('[', ']', levels)})}`, COST)),
  ...[100, 5000].map((levels) =>
    query('shape', `a type ${levels} deep`, `query($a:${'['.repeat(levels)}Int${']'.repeat(levels)}){a}`, COST),
  ),
  ...[21, 500].map((count) =>
    query('shape', `${count} directives`, `{ viewer { role ${times(count, () => '@skip(if: false)')} } }`, COST),
  ),
  query('shape', 'unknown directives', `{ viewer { role ${times(15, (i) => `@d${i}`)} } }`, INVALID),
  query('shape', 'tokens without an end', `{ ${times(5000, (i) => `f${i}`)} }`, COST),
  query('shape', 'a text of 70 KB', `{ viewer { role } } #${'x'.repeat(70_000)}`, COST),
  query(
    'shape',
    '200 operations',
    times(200, (i) => `query Q${i} { viewer { role } }`),
    COST,
  ),
  query(
    'shape',
    '200 fragments',
    `{ viewer { role } } ${times(200, (i) => `fragment F${i} on Viewer { role }`)}`,
    COST,
  ),
  query('shape', 'a fragment in itself', '{ ...A } fragment A on Query { ...A }', INVALID),
  query(
    'shape',
    'fragments in a circle',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }',
    INVALID,
  ),
  query(
    'shape',
    'a chain of 99 fragments',
    `{ ...A0 } ${times(98, (i) => `fragment A${i} on Query { ...A${i + 1} }`)} fragment A98 on Query ` +
      '{ viewer { role } }',
    FINE,
  ),
  query(
    'shape',
    'introspection in a circle',
    `{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }`,
    [...INVALID, ...COST],
  ),
  query(
    'shape',
    'a subscription whose field stands under a condition of a variable',
    'subscription ($no: Boolean!) { nameListChanges(filter: {}) @skip(if: $no) { __typename } }',
    INVALID,
    { no: false },
  ),
  query(
    'shape',
    'a subscription whose field is left out',
    'subscription { nameListChanges(filter: {}) @include(if: false) { __typename } }',
    INVALID,
  ),
  query(
    'shape',
    'names of fragments that look like introspection',
    '{ ...__schema } fragment __schema on Query { viewer { role } }',
    [...INVALID, ...FINE],
  ),
  ...[100, 101, 2_000_000_000, -1, 0].map((first) =>
    query(
      'shape',
      `first: ${first}`,
      `{ nameListEntries(filter: { categories: [SERIOUS] }, first: ${first}) { nodes { id } } }`,
      first === 100 ? [...FINE, [429, 'RATE_LIMITED']] : [...INPUT, ...COST],
    ),
  ),
  query(
    'shape',
    'lists in lists',
    '{ a: nameListEntries(filter: {}, first: 99) { nodes { subject { creditFile { ' +
      'nameListEntries(first: 99) { nodes { subject { creditFile { nameListEntries(first: 99) { nodes ' +
      '{ id } } } } } } } } } } }',
    [...COST, [429, 'RATE_LIMITED'], ...INVALID],
  ),
  query('shape', '1 001 codes', 'query ($codes: [String!]!) { entities(codes: $codes) { status } }', INPUT, {
    codes: Array.from({ length: 1001 }, () => USCC),
  }),
  query('shape', '101 files', 'query ($codes: [String!]!) { creditFiles(codes: $codes) { reason } }', INPUT, {
    codes: Array.from({ length: 101 }, () => USCC),
  }),
];

/** Texts that nobody has seen: each is parsed, validated and planned for one answer. */
const fresh = (group: string, name: string, textOf: (time: number) => string, answers: Answers): HostileRequest => {
  const bodyOf = (time: number): string => JSON.stringify({ query: textOf(time) });
  return { ...query(group, name, textOf(0), answers), bodyOf };
};

// Within every limit of one operation, and as expensive as these allow: the budget and the bounds of each caller hold
// them.
const SPENT: Answers = [...FINE, [200, 'NOT_FOUND'], [429, 'RATE_LIMITED'], [503, 'BUSY']];
const SECTIONS =
  'entity { name } nameListEntries(first: 9) { nodes { id subject { name } } } ' +
  'administrativeActs(first: 9) { nodes { id subject { name } } }';
const FOUND = '{ nodes { uscc name } totalCount { value } }';
const LISTED = `{ nodes { id subject { name creditFile { ${SECTIONS} } } } }`;

const dear: readonly HostileRequest[] = [
  query(
    'dear',
    'ten searches at once',
    `{ ${times(10, (i) => `a${i}: searchEntities(query: "公${i}", first: 20) ${FOUND}`)} }`,
    SPENT,
  ),
  query(
    'dear',
    'a search for what nobody has',
    '{ searchEntities(query: "鑫淼龘靐", first: 100) { nodes { uscc name } totalCount { value } } }',
    SPENT,
  ),
  query(
    'dear',
    'a search for what everybody has',
    '{ searchEntities(query: "有限公司", first: 100) { nodes { uscc name } totalCount { value } } }',
    SPENT,
  ),
  query(
    'dear',
    'a hundred files of one company',
    `query ($codes: [String!]!) { creditFiles(codes: $codes) { file { ${SECTIONS} } } }`,
    [...SPENT, ...COST],
    { codes: Array.from({ length: 100 }, () => USCC) },
  ),
  query(
    'dear',
    'a thousand entities',
    'query ($codes: [String!]!) { entities(codes: $codes) { input entity { name status } } }',
    SPENT,
    { codes: Array.from({ length: 1000 }, () => USCC) },
  ),
  query(
    'dear',
    'lists of one page each, ten of them',
    `{ ${times(10, (i) => `a${i}: nameListEntries(filter: {}, first: ${90 + i}) ${LISTED}`)} }`,
    [...SPENT, ...COST],
  ),
  query(
    'dear',
    'the whole schema',
    '{ __schema { types { name fields { name args { name type { name } } type { name ofType { name ' +
      'ofType { name } } } } } directives { name args { name } } } }',
    [...SPENT, ...INVALID, ...COST],
  ),
  fresh(
    'dear',
    'a small text that nobody has seen',
    (time) => `{ a${time}: creditFile(uscc: "${USCC}") { entity { name } } }`,
    SPENT,
  ),
  fresh(
    'dear',
    'a text that nobody has seen and that is dear to plan',
    (time) => `{ ${times(4, (i) => `a${i}_${time}: creditFile(uscc: "${USCC}") { ${SECTIONS} }`)} }`,
    [...SPENT, ...COST],
  ),
  fresh(
    'dear',
    'a text that nobody has seen and that is wrong in many places',
    (time) => `{ ${times(5, (i) => `a${i}_${time}: viewer { ${times(200, (j) => `x${time}_${j}`)} }`)} }`,
    [...INVALID, ...COST],
  ),
  fresh(
    'dear',
    'a text of 60 KB that nobody has seen',
    (time) => `{ viewer { role } } # ${time} ${'x'.repeat(60_000)}`,
    SPENT,
  ),
];

const texts: readonly HostileRequest[] = [
  ...[
    '',
    ' ',
    '{',
    '}',
    '{ a',
    'query',
    '}{',
    '\u0000',
    '{ a(b: ) }',
    '{ viewer { role }',
    'fragment',
    '{ "a" }',
    '#',
    ',,,,',
    '{ a @ }',
    '"""',
    '{ viewer { ...on } }',
    '\ufeff',
    'query ($a) { a }',
    '{ a(b: "\\u{110000}") }',
  ].map((text) => query('text', JSON.stringify(text), text, [...UNPARSED, ...INVALID, ...BAD_REQUEST])),
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'].map(
    (name) => query('text', `an alias ${name}`, `{ viewer { ${name}: role } }`, [...FINE, ...INPUT]),
  ),
  ...['__proto__', 'constructor', 'toString'].map((name) =>
    query('text', `a variable ${name}`, `query ($${name}: USCC = "x") { viewer { role } }`, [
      ...FINE,
      ...INPUT,
      ...INVALID,
    ]),
  ),
  query('text', 'the operation __schema', 'query __schema { viewer { role } }', FINE),
  query('text', 'a field that another role has alone', '{ viewer { role } __type(name: "Mutation") { name } }', [
    ...FINE,
  ]),
  ...[
    '; drop table entity.profile',
    "' or '1'='1",
    '${7*7}',
    '{{7*7}}',
    '../../etc/passwd',
    '<script>alert(1)</script>',
    '%00',
    '\\u0000',
    '\r\nset-cookie: a=b',
  ].map((text) =>
    query('text', `a code ${JSON.stringify(text)}`, 'query ($uscc: USCC!) { entity(uscc: $uscc) { name } }', INPUT, {
      uscc: text,
    }),
  ),
  ...['\0', 'a\0b', '\ud800', 'x\udc00'].map((text) =>
    query(
      'text',
      `a character that no record holds: ${JSON.stringify(text)}`,
      'query ($name: String!) { searchEntities(query: $name, first: 1) { nodes { name } } }',
      INPUT,
      { name: text },
    ),
  ),
  ...[1, 1.5, true, [], {}, null, [null]].map((uscc) =>
    query(
      'text',
      `a code that is ${JSON.stringify(uscc)}`,
      'query ($uscc: USCC!) { entity(uscc: $uscc) { name } }',
      INPUT,
      { uscc },
    ),
  ),
  ...['a', 'null', 'AAAA', '{"a":1}', 'x'.repeat(5000)].map((after) =>
    query(
      'text',
      `a cursor ${after.slice(0, 10)}`,
      'query ($after: Cursor) { nameListEntries(filter: {}, first: 1, after: $after) { nodes { id } } }',
      [[200, 'BAD_CURSOR'], ...INPUT],
      { after },
    ),
  ),
  ...['a', 'UHJvZmlsZQ', 'x'.repeat(3000)].map((id) =>
    query(
      'text',
      `an id ${id.slice(0, 10)}`,
      'query ($id: ID!) { record(id: $id) { id } }',
      [[200, 'NOT_FOUND'], ...INPUT],
      { id },
    ),
  ),
];

const bodies: readonly HostileRequest[] = [
  ...[
    'null',
    '1',
    '"text"',
    '[]',
    '[{"query":"{viewer{role}}"}]',
    '{}',
    '{"query":1}',
    '{"query":null}',
    '{"query":["{viewer{role}}"]}',
    '{"query":"{viewer{role}}","variables":"x"}',
    '{"query":"{viewer{role}}","variables":[]}',
    '{"query":"{viewer{role}}","operationName":1}',
    '{"query":"{viewer{role}}","extensions":"x"}',
    '{"mutation":"{a}"}',
    '{',
    '{"query":',
    "{'query':'{a}'}",
    '{"query":"{viewer{role}}"}x',
    '\u0000',
    'NaN',
    '<query/>',
  ].map((body) => post('body', body, body, BAD_REQUEST)),
  post('body', 'nothing', '', BAD_REQUEST),
  post(
    'body',
    'a batch of a hundred',
    JSON.stringify(Array.from({ length: 100 }, () => ({ query: '{viewer{role}}' }))),
    BAD_REQUEST,
  ),
  ...[65, 1000, 20_000].map((levels) =>
    post(
      'body',
      `variables ${levels} deep`,
      `{"query":"{viewer{role}}","variables":{"a":${deep('[', ']', levels)}}}`,
      COST,
    ),
  ),
  post(
    'body',
    'two hundred thousand members',
    `{"query":"{viewer{role}}","variables":{"a":[${'1,'.repeat(120_000)}1]}}`,
    [...COST, ...FINE],
  ),
  post('body', '300 KB without a token', `{"query":"{viewer{role}}","variables":{"a":"${'x'.repeat(300_000)}"}}`, [
    [413, 'BODY_TOO_LARGE'],
  ]),
  post('body', '__proto__ among the members', '{"query":"{viewer{role}}","__proto__":{"isAdmin":true}}', BAD_REQUEST),
  post(
    'body',
    '__proto__ in the variables',
    '{"query":"{viewer{role}}","variables":{"__proto__":{"role":"OPERATOR"}}}',
    BAD_REQUEST,
  ),
  post(
    'body',
    'constructor.prototype in the variables',
    '{"query":"{viewer{role}}","variables":{"constructor":{"prototype":{"role":"OPERATOR"}}}}',
    BAD_REQUEST,
  ),
  post('body', 'a member twice', '{"query":"{viewer{role}}","query":"{viewer{purpose}}"}', [...FINE, ...BAD_REQUEST]),
  post(
    'body',
    'an operation by its hash alone',
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
    [[400, 'PERSISTED_QUERY_NOT_SUPPORTED']],
  ),
  post('body', 'two operations and no name', { query: 'query A { viewer { role } } query B { viewer { role } }' }, [
    [400, 'OPERATION_RESOLUTION_FAILURE'],
  ]),
  post('body', 'the name of no operation', { query: 'query A { viewer { role } }', operationName: 'B'.repeat(5000) }, [
    [400, 'OPERATION_RESOLUTION_FAILURE'],
  ]),
  post('body', 'a name with a line in it', { query: 'query A { viewer { role } }', operationName: 'A\n{"level":60}' }, [
    [400, 'OPERATION_RESOLUTION_FAILURE'],
  ]),
  ...['utf-7', 'utf-16', 'ibm500', 'gb18030', 'x'].map((charset) =>
    post('body', `charset ${charset}`, { query: '{ viewer { role } }' }, [[415, 'BAD_REQUEST']], {
      'content-type': `application/json; charset=${charset}`,
    }),
  ),
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/json-patch',
    '',
  ].map((type) =>
    post(
      'body',
      `content-type ${type}`,
      'query=%7Bviewer%7Brole%7D%7D',
      [
        [415, 'BAD_REQUEST'],
        [400, 'BAD_REQUEST'],
      ],
      { 'content-type': type },
    ),
  ),
  post('body', 'gzip that is none', { query: '{ viewer { role } }' }, [[415, 'BAD_REQUEST']], {
    'content-encoding': 'gzip',
  }),
  post(
    'body',
    'gzip that becomes large',
    gzipSync(`{"query":"{viewer{role}}","variables":{"a":"${'x'.repeat(8_000_000)}"}}`),
    [[415, 'BAD_REQUEST']],
    { 'content-encoding': 'gzip' },
  ),
];

const bearer = (token: string): Record<string, string> => ({ authorization: token });
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = {
  iss: 'https://issuer.credit-graph.invalid',
  aud: 'credit-graph',
  sub: USCC,
  jti: '1',
  iat: 1,
  exp: 9_999_999_999,
  role: 'OPERATOR',
};
const jwt = (header: unknown, payload: unknown = claims, signature = 'AAAA'): string =>
  `Bearer ${part(header)}.${part(payload)}.${signature}`;
const ROLE = { query: '{ viewer { role } }' };

const tokens: readonly HostileRequest[] = [
  ...[
    '',
    'Bearer',
    'Bearer ',
    'bearer x',
    'Basic YTpi',
    'Bearer a.b',
    'Bearer a.b.c',
    'Bearer a.b.c.d',
    'Bearer ..',
    `Bearer ${'a'.repeat(9000)}`,
    'Bearer a.b.c, Bearer d.e.f',
    'OPERATOR',
  ].map((text) => post('token', `authorization: ${text.slice(0, 30)}`, ROLE, UNAUTHENTICATED, bearer(text))),
  ...['none', 'None', 'nOnE', 'HS256', 'HS512', 'PS256', 'ES512', '', null, 5].map((alg) =>
    post(
      'token',
      `the algorithm ${String(alg)}`,
      ROLE,
      UNAUTHENTICATED,
      bearer(jwt({ alg, typ: 'at+jwt', kid: 'dev' }, claims, alg === 'none' ? '' : 'AAAA')),
    ),
  ),
  ...['jku', 'jwk', 'x5u', 'x5c', 'crit'].map((name) =>
    post(
      'token',
      `a header ${name}`,
      ROLE,
      UNAUTHENTICATED,
      bearer(jwt({ alg: 'ES256', typ: 'at+jwt', kid: 'dev', [name]: name === 'crit' ? ['x'] : 'http://127.0.0.1:1/' })),
    ),
  ),
  ...['../../etc/passwd', "' or 1=1", '\0', 'x'.repeat(500), '__proto__'].map((kid) =>
    post(
      'token',
      `a kid ${JSON.stringify(kid.slice(0, 20))}`,
      ROLE,
      UNAUTHENTICATED,
      bearer(jwt({ alg: 'ES256', typ: 'at+jwt', kid })),
    ),
  ),
  post('token', 'an ID token', ROLE, UNAUTHENTICATED, bearer(jwt({ alg: 'ES256', typ: 'JWT', kid: 'dev' }))),
  get('token', 'a token in the address', '/graphql?query=%7Bviewer%7Brole%7D%7D&access_token=a.b.c', FINE, {
    'apollo-require-preflight': '1',
  }),
  ...['x-role', 'x-user-id', 'x-forwarded-user', 'x-viewer'].map((name) =>
    post('token', `a role in the header ${name}`, { query: '{ grants(first: 1) { nodes { role } } }' }, FORBIDDEN, {
      [name]: 'OPERATOR',
    }),
  ),
  post(
    'token',
    'a passport of a subgraph',
    ROLE,
    UNAUTHENTICATED,
    bearer(`Passport ${part({ alg: 'none' })}.${part(claims)}.`),
  ),
  query(
    'token',
    'a mutation without a token',
    'mutation { revokeToken(input: { idempotencyKey: "a", tokenId: "b", reason: "c" }) { __typename } }',
    [...FORBIDDEN, ...INVALID],
  ),
  query('token', 'entities of a subgraph', '{ _entities(representations: []) { __typename } }', INVALID),
  query('token', 'the SDL of a subgraph', '{ _service { sdl } }', INVALID),
];

const http: readonly HostileRequest[] = [
  get('http', 'GET without a preflight', '/graphql?query=%7Bviewer%7Brole%7D%7D', BAD_REQUEST),
  get(
    'http',
    'a mutation by GET',
    '/graphql?query=mutation%7BrevokeToken' +
      '(input%3A%7BidempotencyKey%3A%22a%22%2CtokenId%3A%22b%22%7D)%7B__typename%7D%7D',
    [[405, 'BAD_REQUEST'], ...INVALID],
    { 'apollo-require-preflight': '1' },
  ),
  get('http', 'GET without a query', '/graphql', BAD_REQUEST, { 'apollo-require-preflight': '1' }),
  get('http', 'variables that are no JSON', '/graphql?query=%7Bviewer%7Brole%7D%7D&variables=%7B', BAD_REQUEST, {
    'apollo-require-preflight': '1',
  }),
  get('http', 'a query twice', '/graphql?query=%7Ba%7D&query=%7Bb%7D', BAD_REQUEST, {
    'apollo-require-preflight': '1',
  }),
  ...['%B9%FA', '%', '%ED%A0%80'].map((bytes) =>
    get(
      'http',
      `parameters with ${bytes}`,
      `/graphql?query=%7Bviewer%7Brole%7D%7D&operationName=${bytes}`,
      BAD_REQUEST,
      { 'apollo-require-preflight': '1' },
    ),
  ),
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) =>
    get('http', `${method} at the graph`, '/graphql', [[405, 'BAD_REQUEST']], {}, method),
  ),
  ...[
    '/',
    '/graphql/',
    '/graphql/x',
    '/.env',
    '/admin',
    '/graphiql',
    '/playground',
    '/api',
    '//graphql',
    '/%2e%2e/etc/passwd',
    '/explorer/../../package.json',
    '/explorer/%2e%2e/%2e%2e/package.json',
    '/explorer/..%2f..%2fpackage.json',
    '/filings',
    '/exports',
    '/wp-login.php',
  ].map((path) => get('http', `the address ${path}`, path, NOT_FOUND)),
  get('http', 'an address that is no text', '/graphql/%ff', [...NOT_FOUND, ...BAD_REQUEST]),
  get('http', 'headers of 20 KB', '/graphql', [[431, 'BAD_REQUEST']], { 'x-large': 'x'.repeat(20_000) }),
  get('http', 'an address of 20 KB', `/graphql?query=${'a'.repeat(20_000)}`, [[431, 'BAD_REQUEST']]),
  get('http', 'metrics without a token', '/metrics', FORBIDDEN),
  ...['/filings/x/parts/1', '/filings/%00/parts/1', '/filings/x/parts/-1'].map((path): HostileRequest => ({
    group: 'http',
    name: `a part without a token at ${path}`,
    method: 'PUT',
    path,
    headers: { 'content-type': 'text/csv' },
    body: 'a,b\n1,2\n',
    answers: [...FORBIDDEN, ...NOT_FOUND, ...BAD_REQUEST],
  })),
  ...['/exports/x/parts/1', '/exports/%00/parts/1'].map((path) =>
    get('http', `a part of an export at ${path}`, path, [...NOT_FOUND, ...BAD_REQUEST]),
  ),
  post('http', 'events of a query that is none', { query: '{ nothing }' }, INVALID, { accept: 'text/event-stream' }),
  post(
    'http',
    'a subscription by POST',
    { query: 'subscription { nameListChanges(filter: {}) { __typename } }' },
    INPUT,
  ),
  post('http', 'a type that nobody writes', ROLE, [...FINE, [406, 'BAD_REQUEST'], ...BAD_REQUEST], {
    accept: 'image/png',
  }),
  post('http', 'an upgrade to h2c', ROLE, FINE, { connection: 'Upgrade', upgrade: 'h2c' }),
  post('http', 'another origin', ROLE, FINE, { origin: 'https://attacker.example' }),
  post('http', 'another host', ROLE, FINE, { host: 'attacker.example' }),
  post('http', 'x-request-id with a line in it', ROLE, FINE, { 'x-request-id': 'a%0d%0aset-cookie: b' }),
];

export const corpus: readonly HostileRequest[] = [...shapes, ...dear, ...texts, ...bodies, ...tokens, ...http];
