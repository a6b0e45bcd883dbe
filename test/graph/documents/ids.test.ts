import { composeUscc } from '#standards/uscc.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { byDigest, operatorsOf, sha256, transports } from '#test/support/trusted.ts';

// Documents requested by their id, over every transport alike (GraphQL over HTTP, appendix on persisted documents).
// This gateway is open: texts run too, and what is tested here is the same where they do not.

const LISTS = 'query Lists { nameListTypes { code } }';
const NAME = 'query Name($uscc: USCC!) { entity(uscc: $uscc) { uscc } }';
const BANKS = 'query OfBanks { purposes { code } }';
/** The worked example of the appendix: what its text is, and what its digest. */
const EXAMPLE = [
  'query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}',
  '7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e',
] as const;

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
  const { publish } = operatorsOf(graph);
  await publish('PUBLIC', [
    ...byDigest(LISTS),
    { id: 'name', text: NAME },
    { id: '__proto__', text: 'query Proto { purposes { code } }' },
  ]);
  await publish('FINANCIAL_INSTITUTION', [...byDigest(BANKS), { id: 'of-banks', text: BANKS }]);
});
afterAll(() => graph[Symbol.asyncDispose]());

test('the digest is that of the appendix’s worked example', () => expect(sha256(EXAMPLE[0])).toBe(EXAMPLE[1]));

describe.each(transports)('%s', (name, ask) => {
  const overHttp = (status: number) => (name === 'WebSocket' ? 0 : status);
  const outcome = async (body: Record<string, unknown>, token: string | null = null): Promise<unknown> => {
    const delivered = await ask(graph.url, { body, token });
    const { data, errors } = delivered.body;
    return errors
      ? [delivered.status, data, errors.map(({ extensions, message }) => [extensions['code'], message])]
      : data;
  };

  test('a document is answered by its digest, with the prefix or without, and by its name', async () => {
    const lists = (await outcome({ query: LISTS })) as { nameListTypes: unknown[] };
    expect(lists.nameListTypes.length).toBeGreaterThan(3);
    expect(await outcome({ documentId: `sha256:${sha256(LISTS)}` })).toEqual(lists);
    expect(await outcome({ documentId: sha256(LISTS) })).toEqual(lists);
    const named = { operationName: 'Name', variables: { uscc: composeUscc('91330106', 'MA9EEE01') } };
    const unknown = [overHttp(200), { entity: null }, [['NOT_FOUND', `${named.variables.uscc} is not known here.`]]];
    for (const documentId of ['name', `sha256:${sha256(NAME)}`])
      expect(await outcome({ documentId, ...named })).toEqual(unknown);
    expect(await outcome({ documentId: '__proto__' })).toMatchObject({ purposes: expect.any(Array) });
    expect(await outcome({ documentId: 'of-banks' }, graph.tokenOf('FINANCIAL_INSTITUTION'))).toMatchObject({
      purposes: expect.any(Array),
    });
  });

  test.each([
    ['one that was never published', '0'.repeat(64), `sha256:${'0'.repeat(64)}`],
    ['one of another role', 'of-banks', 'of-banks'],
    ['one of another role by its digest', `sha256:${sha256(BANKS)}`, `sha256:${sha256(BANKS)}`],
    ['what every object has', 'constructor', 'constructor'],
    ['what every object has, too', 'hasOwnProperty', 'hasOwnProperty'],
  ])('%s is not found, and nothing tells which', async (_, documentId, id) => {
    expect(await outcome({ documentId })).toEqual([
      overHttp(404),
      undefined,
      [['DOCUMENT_NOT_FOUND', `No document "${id}" is published for your role.`]],
    ]);
  });

  test('an unknown id, an id with a text, and persisting by sending are refused before anything runs', async () => {
    const bad = [overHttp(400), undefined, [['BAD_REQUEST', expect.stringMatching(/is no id of a document\.$/)]]];
    for (const documentId of [
      '',
      ' ',
      'sha256:',
      'sha256:ABC',
      'md5:0cc175b9c0f1b6a831c399e269772661',
      'a b',
      '信用',
      '../../etc/passwd',
      'x'.repeat(129),
    ])
      expect(await outcome({ documentId })).toEqual(bad);
    if (!name.includes('GET'))
      for (const documentId of [5, true, {}, ['name'], 'x'.repeat(200 * 1024)])
        expect(await outcome({ documentId })).toEqual(bad);
    expect(await outcome({ documentId: sha256(LISTS), query: LISTS })).toEqual([
      overHttp(400),
      undefined,
      [['BAD_REQUEST', 'The request has both `query` and `documentId`: send one of them.']],
    ]);
    const persistedQuery = { version: 1, sha256Hash: sha256(LISTS) };
    const refused = [overHttp(400), undefined, [['PERSISTED_QUERY_NOT_SUPPORTED', expect.any(String)]]];
    expect(await outcome({ extensions: { persistedQuery } })).toEqual(refused);
    expect(await outcome({ extensions: { persistedQuery }, query: LISTS })).toEqual(refused);
    expect(await outcome({ extensions: { persistedQuery }, documentId: sha256(LISTS) })).toEqual(refused);
  });
});

test('a megabyte in the address is refused by its size', async () => {
  const response = await fetch(`${graph.url}/graphql?documentId=${'x'.repeat(1024 * 1024)}`).catch(() => null);
  // The socket may be closed while the client still writes.
  if (response)
    expect([
      response.status,
      ((await response.json()) as { errors: { extensions: unknown }[] }).errors[0]?.extensions,
    ]).toEqual([431, { code: 'BAD_REQUEST' }]);
  expect((await graph.query('PUBLIC', LISTS)).status).toBe(200);
});

test('a mutation by GET is refused, by its id too', async () => {
  await operatorsOf(graph).publish(
    'OPERATOR',
    byDigest('mutation End($id: ID!) { endGrant(input: { idempotencyKey: "1", id: $id }) { __typename } }'),
  );
  const id = sha256('mutation End($id: ID!) { endGrant(input: { idempotencyKey: "1", id: $id }) { __typename } }');
  const response = await fetch(
    `${graph.url}/graphql?${new URLSearchParams({ documentId: id, variables: '{"id":"1"}' })}`,
    { headers: { authorization: `Bearer ${graph.tokenOf('OPERATOR')}` } },
  );
  expect([response.status, response.headers.get('allow'), await response.json()]).toEqual([
    405,
    'POST',
    { errors: [{ message: 'A mutation is sent by POST.', extensions: { code: 'BAD_REQUEST' } }] },
  ]);
});
