import { generateKeyPairSync } from 'node:crypto';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { openFrames } from '#test/support/transports.ts';
import { newEntity } from '#test/support/listings.ts';
import { purposesOf } from '#test/support/purposes.ts';
import { know } from '#test/support/registered.ts';
import { transports } from '#test/support/trusted.ts';

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const WHO = '{ viewer { role organisation province sector purpose purposes } }';

const centre = (): { role: string; organisation: string; purposes: string[] } => ({
  role: 'NATIONAL_CENTRE',
  organisation: organisationOf('NATIONAL_CENTRE').organisation,
  purposes: ['SUPERVISION'],
});

const refusal = async (token: string): Promise<unknown> => {
  const { status, body } = await graph.query('AUDITOR', WHO, {}, { token, purpose: null });
  return [status, body.errors?.[0]?.extensions['code'], body.errors?.[0]?.extensions['reason'], body.data];
};

const seconds = (): number => Math.floor(Date.now() / 1000);

test('no Authorization header is the public', async () => {
  const { body } = await graph.query('PUBLIC', WHO);
  expect(body.data).toEqual({
    viewer: { role: 'PUBLIC', organisation: null, province: null, sector: null, purpose: null, purposes: [] },
  });
});

test('a token with a grant is its role, bound to what the grant binds it to', async () => {
  const { body } = await graph.query('PROVINCIAL_PLATFORM', WHO);
  const { organisation, province } = organisationOf('PROVINCIAL_PLATFORM');
  expect(body.data).toEqual({
    viewer: {
      role: 'PROVINCIAL_PLATFORM',
      organisation,
      province,
      sector: null,
      purpose: 'SUPERVISION',
      purposes: purposesOf('PROVINCIAL_PLATFORM'),
    },
  });
});

test('a token that allows one purpose alone carries it; one that allows several has to name it', async () => {
  const one = graph.issuer.token(centre());
  expect(
    (await graph.query('NATIONAL_CENTRE', '{ viewer { purpose } }', {}, { token: one, purpose: null })).body.data,
  ).toEqual({ viewer: { purpose: 'SUPERVISION' } });
  expect((await graph.query('NATIONAL_CENTRE', '{ viewer { purpose } }', {}, { purpose: null })).body.data).toEqual({
    viewer: { purpose: null },
  });
  const { status, body } = await graph.query(
    'NATIONAL_CENTRE',
    '{ viewer { purpose } }',
    {},
    { purpose: 'CREDIT_GRANTING' },
  );
  expect(status).toBe(400);
  expect(body.errors?.[0]?.extensions).toEqual({
    code: 'PURPOSE_REQUIRED',
    argument: 'x-purpose',
    reason: 'NOT_ALLOWED',
    expected: purposesOf('NATIONAL_CENTRE').join(', '),
  });
});

test.each<[string, string, () => string]>([
  [
    'expired',
    'EXPIRED',
    () => graph.issuer.token(centre(), { payload: { iat: seconds() - 4000, exp: seconds() - 400 } }),
  ],
  ['not valid yet', 'EXPIRED', () => graph.issuer.token(centre(), { payload: { nbf: seconds() + 400 } })],
  [
    'valid for longer than an hour',
    'EXPIRED',
    () => graph.issuer.token(centre(), { payload: { exp: seconds() + 7200 } }),
  ],
  ['for another audience', 'AUDIENCE', () => graph.issuer.token(centre(), { payload: { aud: 'credit-graph-test' } })],
  [
    'of another issuer',
    'ISSUER',
    () => graph.issuer.token(centre(), { payload: { iss: 'https://issuer.credit-graph.invalid.example' } }),
  ],
  [
    'signed with another key',
    'SIGNATURE',
    () =>
      graph.issuer.token(centre(), {
        key: generateKeyPairSync('ec', { namedCurve: 'P-256' })
          .privateKey.export({ format: 'pem', type: 'pkcs8' })
          .toString(),
      }),
  ],
  ['signed with HS256', 'ALGORITHM', () => graph.issuer.token(centre(), { key: 'x'.repeat(64), algorithm: 'HS256' })],
  [
    'signed with RS256 under the kid of an EC key',
    'ALGORITHM',
    () =>
      graph.issuer.token(centre(), {
        key: generateKeyPairSync('rsa', { modulusLength: 2048 })
          .privateKey.export({ format: 'pem', type: 'pkcs8' })
          .toString(),
        algorithm: 'RS256',
      }),
  ],
  ['unsigned', 'ALGORITHM', () => graph.issuer.token(centre(), { key: '', algorithm: 'none' })],
  ['of an unknown key', 'KEY', () => graph.issuer.token(centre(), { header: { kid: 'other' } })],
  ['without the type of an access token', 'MALFORMED', () => graph.issuer.token(centre(), { header: { typ: 'JWT' } })],
  [
    'with a critical extension nobody knows',
    'MALFORMED',
    () => graph.issuer.token(centre(), { header: { crit: ['x'], x: 1 } }),
  ],
  ['without an id', 'MALFORMED', () => graph.issuer.token(centre(), { payload: { jti: undefined } })],
  ['of an unknown role', 'ROLE', () => graph.issuer.token({ ...centre(), role: 'ROOT' })],
  ['of a role the organisation was not granted', 'ROLE', () => graph.issuer.token({ ...centre(), role: 'AUDITOR' })],
  [
    'of an organisation without any grant',
    'ROLE',
    () => graph.issuer.token({ ...centre(), organisation: '91110105MA0EEE1197' }),
  ],
  ['that names a province its grant does not', 'ROLE', () => graph.issuer.token({ ...centre(), province: '33' })],
  ['that claims to be the public', 'ROLE', () => graph.issuer.token({ ...centre(), role: 'PUBLIC' })],
  ['that is no token', 'MALFORMED', () => 'x'],
])('a token %s is 401 (%s), never the public', async (_, reason, token) => {
  expect(await refusal(token())).toEqual([401, 'UNAUTHENTICATED', reason, undefined]);
});

describe.each([
  ['made up', ['MADE_UP'], '"MADE_UP", which is in no catalogue'],
  ['empty', [''], '"", which is in no catalogue'],
  ['of another role', ['CREDIT_GRANTING'], '"CREDIT_GRANTING", which NATIONAL_CENTRE may not read for'],
] as const)('a signed token with a purpose that is %s opens nothing', (_, purposes, named) => {
  const uscc = newEntity();
  beforeAll(() => know(graph, uscc));
  const token = (): string => graph.issuer.token({ ...centre(), purposes });
  const refused = {
    errors: [
      {
        message: expect.stringContaining(named),
        extensions: { code: 'UNAUTHENTICATED', reason: 'PURPOSE', expected: purposesOf('NATIONAL_CENTRE').join(', ') },
      },
    ],
  };
  const PHONE = `{ entity(uscc: "${uscc}") { phone } }`;

  test.each(transports.filter(([name]) => name !== 'WebSocket'))('by %s', async (__, ask) => {
    const { status, body } = await ask(graph.url, { body: { query: PHONE }, token: token() });
    expect([status, body]).toEqual([401, refused]);
  });

  test('by WebSocket', async () => {
    await using frames = await openFrames(graph.url);
    frames.send({ type: 'connection_init', payload: { authorization: `Bearer ${token()}` } });
    expect(await frames.closed).toEqual({ code: 4403, reason: expect.stringContaining(named.slice(0, 10)) });
  });

  test.each([
    ['PUT', '/filings/x/parts/1'],
    ['GET', '/exports/x/parts/1'],
    ['GET', '/sdl'],
  ])('by %s %s', async (method, path) => {
    const response = await fetch(`${graph.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token()}` },
      ...(method === 'PUT' ? { body: 'x' } : null),
    });
    expect([response.status, await response.json()]).toEqual([401, refused]);
  });
});

test('two Authorization headers are refused, whichever comes first', async () => {
  const { request } = await import('node:http');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      `${graph.url}/graphql`,
      {
        method: 'POST',
        headers: [
          ['host', 'gateway.test'],
          ['content-type', 'application/json'],
          ['authorization', `Bearer ${graph.tokenOf('AUDITOR')}`],
          ['authorization', 'Bearer x.y.z'],
        ].flat() as never,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on('error', reject);
    call.end(JSON.stringify({ query: WHO }));
  });
  expect(status).toBe(401);
});

test('while revocation cannot be checked a token is answered 503 by every transport', async () => {
  // Grants are remembered for a second; of a token that is new nothing is.
  await graph.sql('alter table gateway.revoked_token rename to away');
  try {
    const token = graph.issuer.token(centre());
    const unavailable = { message: expect.any(String), extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true } };
    const { status, headers, body } = await graph.query('NATIONAL_CENTRE', WHO, {}, { token });
    expect([status, headers.get('retry-after') !== null, body.errors, body.data ?? null]).toEqual([
      503,
      true,
      [unavailable],
      null,
    ]);
    const stream = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: WHO }),
    });
    expect([stream.status, await stream.text()]).toEqual([503, expect.stringContaining('SUBGRAPH_UNAVAILABLE')]);
    const part = await fetch(`${graph.url}/filings/x/parts/1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: 'x',
    });
    expect([part.status, await part.text()]).toEqual([503, expect.stringContaining('SUBGRAPH_UNAVAILABLE')]);
    const socket = new WebSocket(`${graph.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
    );
    const closed = await new Promise<number>((resolve) =>
      socket.addEventListener('close', ({ code }) => resolve(code)),
    );
    expect(closed).not.toBe(4403);
    expect((await graph.query('PUBLIC', WHO)).status).toBe(200);
  } finally {
    await graph.sql('alter table gateway.away rename to revoked_token');
  }
  expect((await graph.query('NATIONAL_CENTRE', WHO, {}, { token: graph.issuer.token(centre()) })).status).toBe(200);
});

const GRANT = `mutation ($input: GrantRoleInput!) {
  grantRole(input: $input) {
    __typename
    ... on RoleGranted { grant { id role province to } }
    ... on DomainError { code message path }
  }
}`;
const END = 'mutation ($input: EndGrantInput!) { endGrant(input: $input) { __typename ... on DomainError { code } } }';
const REVOKE =
  'mutation ($input: RevokeTokenInput!) { revokeToken(input: $input) { __typename ... on TokenRevoked { tokenId } } }';
const BANK = '91110105MA0EEE1197';

test('a grant, its end and a revoked token are in effect at the next operation', async () => {
  const token = graph.issuer.token({ role: 'IMPLEMENTER', organisation: BANK, purposes: ['JOINT_MEASURES'] });
  expect(await refusal(token)).toEqual([401, 'UNAUTHENTICATED', 'ROLE', undefined]);
  const granted = await graph.query('OPERATOR', GRANT, {
    input: { idempotencyKey: 'g1', organisation: BANK, role: 'IMPLEMENTER', province: '33' },
  });
  const grant = (granted.body.data?.['grantRole'] as { grant: { id: string } } | undefined)?.grant ?? { id: 'none' };
  expect(granted.body.data).toEqual({
    grantRole: { __typename: 'RoleGranted', grant: { id: grant.id, role: 'IMPLEMENTER', province: '33', to: null } },
  });
  expect(
    (await graph.query('IMPLEMENTER', '{ viewer { role province } }', {}, { token, purpose: null })).body.data,
  ).toEqual({ viewer: { role: 'IMPLEMENTER', province: '33' } });

  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  expect(
    (await graph.query('OPERATOR', REVOKE, { input: { idempotencyKey: 'r1', tokenId: jti, reason: 'lost' } })).body
      .data,
  ).toEqual({ revokeToken: { __typename: 'TokenRevoked', tokenId: jti } });
  expect(await refusal(token)).toEqual([401, 'UNAUTHENTICATED', 'REVOKED', undefined]);

  const second = graph.issuer.token({ role: 'IMPLEMENTER', organisation: BANK, purposes: ['JOINT_MEASURES'] });
  expect((await graph.query('IMPLEMENTER', '{ viewer { role } }', {}, { token: second, purpose: null })).status).toBe(
    200,
  );
  expect((await graph.query('OPERATOR', END, { input: { idempotencyKey: 'e1', id: grant.id } })).body.data).toEqual({
    endGrant: { __typename: 'GrantEnded' },
  });
  expect(await refusal(second)).toEqual([401, 'UNAUTHENTICATED', 'ROLE', undefined]);
});

test('a grant taken away by another gateway is gone here too', async () => {
  const token = graph.issuer.token({
    role: 'ASSESSOR',
    organisation: organisationOf('ASSESSOR').organisation,
    purposes: ['ASSESSMENT'],
  });
  expect((await graph.query('ASSESSOR', '{ viewer { role } }', {}, { token, purpose: null })).status).toBe(200);
  await graph.sql(`update gateway.grant set valid_to = now() where role = 'ASSESSOR'`);
  await graph.sql(`select pg_notify('credit_graph_grants', '')`);
  for (
    let tries = 0;
    tries < 200 && (await graph.query('ASSESSOR', '{ viewer { role } }', {}, { token, purpose: null })).status === 200;
    tries += 1
  );
  expect(await refusal(token)).toEqual([401, 'UNAUTHENTICATED', 'ROLE', undefined]);
});

test('the same idempotency key gives the first answer again; with other content it is a conflict', async () => {
  const input = { idempotencyKey: 'g2', organisation: BANK, role: 'FINANCIAL_INSTITUTION' };
  const first = await graph.query('OPERATOR', GRANT, { input });
  expect((await graph.query('OPERATOR', GRANT, { input })).body.data).toEqual(first.body.data);
  const { body } = await graph.query('OPERATOR', GRANT, { input: { ...input, role: 'ASSESSOR' } });
  expect(body.data?.['grantRole']).toMatchObject({
    __typename: 'Conflict',
    code: 'IDEMPOTENCY_KEY',
    path: ['input', 'idempotencyKey'],
  });
});

test('a key is kept for thirty days, and then is free', async () => {
  const input = { idempotencyKey: 'g3', organisation: BANK, role: 'FINANCIAL_INSTITUTION' };
  const typeOf = async (role: string): Promise<unknown> =>
    (await graph.query('OPERATOR', GRANT, { input: { ...input, role } })).body.data?.['grantRole'];
  expect(await typeOf('FINANCIAL_INSTITUTION')).toMatchObject({ __typename: 'RoleGranted' });
  await graph.sql("update gateway.idempotency set created_at = now() - interval '29 days 23 hours' where key = 'g3'");
  expect(await typeOf('ASSESSOR')).toMatchObject({ __typename: 'Conflict' });
  await graph.sql("update gateway.idempotency set created_at = now() - interval '30 days 1 hour' where key = 'g3'");
  expect(await typeOf('ASSESSOR')).toMatchObject({ __typename: 'RoleGranted' });
});

test.each([
  ['without its province', { role: 'PROVINCIAL_PLATFORM' }, 'BINDING'],
  ['with a province it has no use for', { role: 'AUDITOR', province: '33' }, 'BINDING'],
  ['that nobody can be granted', { role: 'PUBLIC' }, 'UNKNOWN_ROLE'],
  ['that is unknown', { role: 'ROOT' }, 'UNKNOWN_ROLE'],
])('a role %s is not granted', async (_, input, code) => {
  const { body } = await graph.query('OPERATOR', GRANT, {
    input: { idempotencyKey: `bad ${code} ${input.role}`, organisation: BANK, ...input },
  });
  expect(body.data?.['grantRole']).toMatchObject({ __typename: 'InvalidInput', code });
});

test('nobody but an operator changes grants, and an operator reads no data', async () => {
  const { body, text } = await graph.query('NATIONAL_CENTRE', GRANT, {
    input: { idempotencyKey: 'x', organisation: BANK, role: 'AUDITOR' },
  });
  expect([body.data, body.errors?.[0]?.extensions['code']]).toEqual([
    { grantRole: null },
    'UNAUTHORIZED_FIELD_OR_TYPE',
  ]);
  expect(text).not.toContain(BANK);
  const operator = await graph.query(
    'OPERATOR',
    `{
      entity(uscc: "${BANK}") { uscc } creditFile(uscc: "${BANK}") { uscc }
      searchEntities(query: "示例", first: 1) { nodes { uscc } }
    }`,
  );
  expect(operator.body.data).toEqual({ entity: null, creditFile: null, searchEntities: null });
  expect(operator.body.errors?.map(({ extensions, path }) => [path, extensions['code']])).toEqual([
    [['creditFile'], 'UNAUTHORIZED_FIELD_OR_TYPE'],
    [['entity'], 'UNAUTHORIZED_FIELD_OR_TYPE'],
    [['searchEntities'], 'UNAUTHORIZED_FIELD_OR_TYPE'],
  ]);
});

test('grants are paged, and a cursor of another filter is refused', async () => {
  const page = `query ($first: Int!, $after: Cursor, $organisation: USCC) {
    grants(first: $first, after: $after, organisation: $organisation) {
      nodes { id } pageInfo { hasNextPage endCursor } totalCount { value exact }
    }
  }`;
  type Page = {
    nodes: { id: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
    totalCount: { value: number };
  };
  const pageOf = (data: Record<string, unknown> | null | undefined): Page => {
    if (!data?.['grants']) throw new Error('no page');
    return data['grants'] as Page;
  };
  const seen: string[] = [];
  let after: string | null = null;
  let total = 0;
  do {
    const { body } = await graph.query('OPERATOR', page, { first: 4, after });
    const { nodes, pageInfo, totalCount } = pageOf(body.data);
    seen.push(...nodes.map(({ id }) => id));
    total = totalCount.value;
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);
  expect([new Set(seen).size, seen.length]).toEqual([total, total]);
  const { body } = await graph.query('OPERATOR', page, { first: 1 });
  const { pageInfo } = pageOf(body.data);
  expect(
    (await graph.query('OPERATOR', page, { first: 1, after: pageInfo.endCursor, organisation: BANK })).body.errors?.[0]
      ?.extensions['code'],
  ).toBe('BAD_CURSOR');
});
