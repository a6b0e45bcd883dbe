import { getIntrospectionQuery } from 'graphql';
import { createApi } from '#cli/api.ts';
import { findManifests } from '#cli/documents.ts';
import { findGrants } from '#cli/grants.ts';
import { savedQueries } from '#gateway/http/explorer/savedQueries.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { byDigest, operatorsOf, sha256, transports } from '#test/support/trusted.ts';

// A gateway that answers published documents alone (DOCUMENTS=trusted), and one that holds the public to them.

const LISTS = 'query Lists { nameListTypes { code } }';
const BANKS = 'query OfBanks { purposes { code } }';
const FOLLOW = 'subscription Follow { nameListChanges(filter: {}) { __typename } }';

let open: TestGraph;
let graph: TestGraph;
let partly: TestGraph;
beforeAll(async () => {
  // Published at one gateway, in force at all of the database; an operator of the command line could do it at a trusted
  // one too, see below.
  open = await startGraph();
  const { publish } = operatorsOf(open);
  await publish('PUBLIC', byDigest(LISTS, FOLLOW));
  await publish('FINANCIAL_INSTITUTION', [{ id: 'of-banks', text: BANKS }]);
  graph = await startGraph({ database: open.database, documents: 'trusted', notifies: false });
  partly = await startGraph({ database: open.database, documents: 'trusted:PUBLIC,SUBJECT', notifies: false });
});
afterAll(async () => {
  await partly[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
});

describe.each(transports)('%s', (name, ask) => {
  const statusOf = (status: number) => (name === 'WebSocket' ? 0 : status);
  const outcome = async (
    at: TestGraph,
    body: Record<string, unknown>,
    token: string | null = null,
  ): Promise<unknown> => {
    const { status, body: delivered } = await ask(at.url, { body, token });
    return delivered.errors
      ? [status, delivered.data, delivered.errors.map(({ extensions }) => extensions['code'])]
      : 'ANSWERED';
  };
  const untrusted = [statusOf(403), undefined, ['DOCUMENT_NOT_TRUSTED']];

  test('a published text is answered to its role, as a text and by its id, and nothing else is', async () => {
    expect(await outcome(graph, { query: LISTS })).toBe('ANSWERED');
    expect(await outcome(graph, { documentId: sha256(LISTS) })).toBe('ANSWERED');
    for (const query of [
      `${LISTS} `,
      `${LISTS} query Other { purposes { code } }`,
      '{ __typename }',
      'no GraphQL',
      BANKS,
    ])
      expect(await outcome(graph, { query })).toEqual(untrusted);
    expect(await outcome(graph, { query: LISTS, operationName: 'Other' })).toEqual([
      statusOf(400),
      undefined,
      ['OPERATION_RESOLUTION_FAILURE'],
    ]);
  });

  test('nothing is got round by another role’s documents', async () => {
    const bank = graph.tokenOf('FINANCIAL_INSTITUTION');
    expect(await outcome(graph, { query: BANKS }, bank)).toBe('ANSWERED');
    expect(await outcome(graph, { documentId: 'of-banks' }, bank)).toBe('ANSWERED');
    expect(await outcome(graph, { query: LISTS }, bank)).toEqual(untrusted);
    for (const documentId of ['of-banks', `sha256:${sha256(BANKS)}`])
      expect(await outcome(graph, { documentId })).toEqual([statusOf(404), undefined, ['DOCUMENT_NOT_FOUND']]);
    expect(await outcome(graph, { documentId: sha256(LISTS) }, bank)).toEqual([
      statusOf(404),
      undefined,
      ['DOCUMENT_NOT_FOUND'],
    ]);
    expect(await outcome(graph, { documentId: 'of-banks', query: BANKS })).toEqual([
      statusOf(400),
      undefined,
      ['BAD_REQUEST'],
    ]);
  });

  test('introspection and the explorer’s queries are texts like others', async () => {
    for (const query of [
      getIntrospectionQuery(),
      '{ __schema { types { name } } }',
      ...savedQueries.slice(0, 2).map((each) => each.query),
    ])
      expect(await outcome(graph, { query })).toEqual(untrusted);
  });

  test('where only some roles are held to it, the others ask what they like', async () => {
    expect(await outcome(partly, { query: '{ __typename }' })).toEqual(untrusted);
    expect(await outcome(partly, { query: LISTS })).toBe('ANSWERED');
    expect(await outcome(partly, { query: '{ __typename }' }, partly.tokenOf('FINANCIAL_INSTITUTION'))).toBe(
      'ANSWERED',
    );
    expect(await outcome(partly, { query: '{ __typename }' }, partly.tokenOf('SUBJECT'))).toEqual(untrusted);
  });
});

test('a bad token is reported before any document is', async () => {
  for (const [, ask] of transports.slice(0, 6)) {
    const { status, body } = await ask(graph.url, { body: { query: 'no GraphQL' }, token: 'nonsense' });
    expect([status, body.errors?.[0]?.extensions['code']]).toEqual([401, 'UNAUTHENTICATED']);
  }
});

test('introspection that is published for a role is answered to it, with its own view', async () => {
  const text = 'query Names { __schema { queryType { fields { name } } } }';
  await operatorsOf(open).publish('PUBLIC', byDigest(text));
  await graph.gateway.trusted.refresh();
  const names = async (role: 'PUBLIC') =>
    (
      (await graph.query(role, text)).body.data as { __schema: { queryType: { fields: { name: string }[] } } }
    ).__schema.queryType.fields.map(({ name }) => name);
  expect(await names('PUBLIC')).toContain('creditFile');
  expect(await names('PUBLIC')).not.toContain('grants');
  expect((await graph.query('SUBJECT', text)).body.errors?.[0]?.extensions['code']).toBe('DOCUMENT_NOT_TRUSTED');
});

test('an operator publishes with the command line where every text has to be published, and gives roles', async () => {
  const { organisation } = organisationOf('OPERATOR');
  const api = createApi({
    url: graph.url,
    token: () => graph.issuer.token({ role: 'OPERATOR', organisation, actor: '1001' }),
  });
  expect((await findManifests(api, 'PUBLIC')).length).toBeGreaterThan(0);
  // The first grant is that of the gateway's start.
  const owned = createApi({ url: graph.url, token: () => graph.tokenOf('OPERATOR') });
  expect((await findGrants(owned, organisation, new Date())).map(({ role }) => role)).toEqual(['OPERATOR']);
  // Those texts are valid for roles that see their fields, and invalid for others.
  const auditor = createApi({ url: graph.url, token: () => graph.tokenOf('AUDITOR') });
  expect((await findManifests(auditor, 'PUBLIC')).length).toBeGreaterThan(0);
  const bank = createApi({ url: graph.url, token: () => graph.tokenOf('FINANCIAL_INSTITUTION') });
  await expect(findManifests(bank, 'PUBLIC')).rejects.toThrow('DOCUMENT_NOT_TRUSTED');
});

test('the fields of an export are a text, too: chosen by a variable they are refused', async () => {
  const text = `mutation Take($input: CreateExportInput!) {
    createExport(input: $input) { __typename ... on DomainError { code } }
  }`;
  await operatorsOf(open).publish('SECTOR_REGULATOR', byDigest(text));
  await graph.gateway.trusted.refresh();
  const take = async (fields: string | null) =>
    (
      await graph.query('SECTOR_REGULATOR', text, {
        input: { idempotencyKey: `k${fields}`, nameListChanges: {}, fields },
      })
    ).body.data?.['createExport'];
  expect(await take('recordId entry { grounds }')).toEqual({ __typename: 'InvalidInput', code: 'FIELDS' });
  expect(await take(null)).toEqual({ __typename: 'ExportCreated' });
});

test('names are those of published documents, and null for all that anybody makes up', async () => {
  const { parse } = await import('graphql');
  const { nameOf } = graph.gateway.trusted;
  expect([
    nameOf(parse(LISTS)),
    nameOf(parse(BANKS)),
    nameOf(parse('query Lists { purposes { code } }')),
    nameOf(parse(LISTS, { noLocation: true })),
  ]).toEqual(['Lists', 'OfBanks', null, null]);
});
