import { randomUUID } from 'node:crypto';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { type Following, followBySse, followByWebSocket, type FollowOptions } from '#test/support/streams.ts';

// PROTOCOL.md P6, P18: rights are those of the moment in which an event is delivered, and a token or grant revoked in
// mid-stream ends the stream.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const STREAM = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) {
  __typename
  ... on NameListChange {
    cursor kind subject { uscc }
    entry { digest additionalFields { column } provenance { sourceRecordId } }
  }
} }`;

const transports: [string, (token: string, options?: FollowOptions) => Promise<Following>][] = [
  ['WebSocket', (token, options) => followByWebSocket(graph.url, token, STREAM, options)],
  ['SSE', (token, options) => followBySse(graph.url, token, STREAM, options)],
];
const endOf: Record<string, () => unknown> = {
  WebSocket: () => ({
    code: 4403,
    reason: 'The token has ended or was revoked, or a grant has changed: come back with a new token.',
  }),
  // With its connection: it comes back with a new token.
  SSE: () => ({ code: 0, reason: 'closed' }),
};

const bank = organisationOf('FINANCIAL_INSTITUTION').organisation;
const newToken = (tokenId: string, seconds = 1800): string => {
  const iat = Math.floor(Date.now() / 1000);
  return graph.issuer.token(
    { role: 'FINANCIAL_INSTITUTION', organisation: bank, purposes: ['CREDIT_GRANTING'] },
    { payload: { jti: tokenId, iat, exp: iat + seconds } },
  );
};
const asBank = { purpose: 'CREDIT_GRANTING' };

async function revoke(tokenId: string): Promise<void> {
  const { body, text } = await graph.query(
    'OPERATOR',
    'mutation ($input: RevokeTokenInput!) { revokeToken(input: $input) { __typename } }',
    { input: { idempotencyKey: randomUUID(), tokenId, reason: 'test' } },
  );
  if ((body.data?.['revokeToken'] as { __typename?: string } | null)?.__typename !== 'TokenRevoked')
    throw new Error(text);
}

describe.each(transports)('%s', (name, follow) => {
  test('a token revoked in mid-stream ends it before the next event; with a new token nothing is missing', async () => {
    const tokenId = randomUUID();
    await using stream = await follow(newToken(tokenId), asBank);
    const { extensions } = await stream.next();
    await revoke(tokenId);
    const uscc = newEntity();
    await list(graph, { uscc });
    expect(await stream.ended).toEqual(endOf[name]?.());
    expect(stream.waiting()).toEqual([]);
    await using again = await follow(newToken(randomUUID()), { ...asBank, variables: { after: extensions?.cursor } });
    expect((await again.event()).data).toMatchObject({ nameListChanges: { kind: 'ADDED', subject: { uscc } } });
  });

  test('a token that ends in mid-stream ends it, whether or not anything happens', async () => {
    await using stream = await follow(newToken(randomUUID(), 3), asBank);
    await stream.next();
    expect(await stream.ended).toEqual(endOf[name]?.());
  }, 60_000);

  test('a grant that ends in mid-stream ends it before the next event', async () => {
    const organisation = `9144030000000000${name === 'SSE' ? 'SS' : 'WW'}`;
    const [granted] = await graph.sql(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values (gen_random_uuid(), $1, 'FINANCIAL_INSTITUTION', now() - interval '1 minute', 'test')
        returning id`,
      [organisation],
    );
    const token = graph.issuer.token({ role: 'FINANCIAL_INSTITUTION', organisation, purposes: ['CREDIT_GRANTING'] });
    await using stream = await follow(token, asBank);
    await stream.next();
    const ended = await graph.query(
      'OPERATOR',
      'mutation ($input: EndGrantInput!) { endGrant(input: $input) { __typename } }',
      { input: { idempotencyKey: randomUUID(), id: granted?.['id'] } },
    );
    expect(ended.body.data).toEqual({ endGrant: { __typename: 'GrantEnded' } });
    await list(graph, { uscc: newEntity() });
    expect(await stream.ended).toEqual(endOf[name]?.());
    expect(stream.waiting()).toEqual([]);
  });
});

test('fields are cut by the same rules as in queries: denied ones are null with an error for each event', async () => {
  await using stream = await followByWebSocket(graph.url, null, STREAM);
  await stream.next();
  const uscc = newEntity();
  await list(graph, { uscc });
  const { data, errors } = await stream.event();
  expect(data).toMatchObject({
    nameListChanges: {
      subject: { uscc },
      entry: { digest: null, additionalFields: null, provenance: { sourceRecordId: null } },
    },
  });
  expect(errors?.map(({ path, extensions: { code } }) => ({ path, code }))).toEqual([
    { path: ['nameListChanges', 'entry', 'additionalFields'], code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
    { path: ['nameListChanges', 'entry', 'digest'], code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
    { path: ['nameListChanges', 'entry', 'provenance', 'sourceRecordId'], code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
  ]);
});

test('a level that is raised while it is followed shows in the next event, and only there', async () => {
  await using stream = await followByWebSocket(graph.url, null, STREAM);
  await stream.next();
  const [uscc, other] = [newEntity(), newEntity()];
  await list(graph, { uscc, level: '政务共享' });
  await list(graph, { uscc, level: '社会公开' });
  await list(graph, { uscc: other });
  expect((await stream.event()).data).toMatchObject({ nameListChanges: { kind: 'CORRECTED', subject: { uscc } } });
  expect((await stream.event()).data).toMatchObject({ nameListChanges: { kind: 'ADDED', subject: { uscc: other } } });
});
