import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isInterfaceType,
  isUnionType,
} from 'graphql';
import { shanghaiDay } from '#standards/dates.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity } from '#test/support/listings.ts';
import { byDigest, operatorsOf, sha256 } from '#test/support/trusted.ts';

// The answers by GET that others may cache: catalogues and rules, requested by an id and without credentials. The tests
// request every root field of the graph.

let graph: TestGraph;
const uscc = newEntity();
beforeAll(async () => {
  graph = await startGraph();
  await list(graph, { uscc });
});
afterAll(() => graph[Symbol.asyncDispose]());

const get = (
  documentId: string,
  headers: Record<string, string> = {},
  more: Record<string, string> = {},
): Promise<Response> => fetch(`${graph.url}/graphql?${new URLSearchParams({ documentId, ...more })}`, { headers });

const examples: Readonly<Record<string, string>> = {
  USCC: `"${uscc}"`,
  ID: '"x"',
  Date: `"${shanghaiDay(new Date())}"`,
  DateTime: '"2026-01-01T00:00:00Z"',
  Int: '3',
  String: '"2026-09"',
  Boolean: 'true',
  Cursor: '"x"',
  Fen: '"1"',
};
/** Something that the type takes. */
function exampleOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return exampleOf(type.ofType);
  if (isListType(type)) return `[${exampleOf(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type))
    return `{ ${Object.values(type.getFields())
      .filter((field) => isNonNullType(field.type))
      .map((field) => `${field.name}: ${exampleOf(field.type)}`)
      .join(', ')} }`;
  return examples[type.name] ?? '"x"';
}
/** One field that takes no argument and leads nowhere, or the name of the type. */
function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isUnionType(named)) return '{ __typename }';
  if (!isObjectType(named) && !isInterfaceType(named)) return '';
  const leaf = Object.values(named.getFields()).find(
    (field) => field.args.length === 0 && selectionOf(field.type) === '',
  );
  return `{ __typename ${leaf?.name ?? ''} }`;
}
const textOf = (operation: string, field: GraphQLField<unknown, unknown>): string => {
  const given = field.args
    .filter((argument) => isNonNullType(argument.type))
    .map((argument) => `${argument.name}: ${exampleOf(argument.type)}`);
  const args = given.length > 0 ? `(${given.join(', ')})` : '';
  return `${operation} Walk_${field.name} { ${field.name}${args} ${selectionOf(field.type)} }`;
};

test('catalogues and rules alone may be cached, for a minute; every other root field is not stored', async () => {
  const view = graph.gateway.graph.view('PUBLIC');
  const fields = Object.values(view.getQueryType()?.getFields() ?? {});
  expect(fields.length).toBeGreaterThan(20);
  await operatorsOf(graph).publish('PUBLIC', byDigest(...fields.map((field) => textOf('query', field))));
  const kept: string[] = [];
  for (const field of fields) {
    const response = await get(sha256(textOf('query', field)));
    const control = response.headers.get('cache-control');
    const { data } = (await response.json()) as { data?: Record<string, unknown> | null };
    if (control === 'public, max-age=60') {
      kept.push(field.name);
      expect([field.name, response.status, data?.[field.name]]).toEqual([field.name, 200, expect.anything()]);
      expect(response.headers.get('vary')).toBe('accept, authorization, x-cost, x-purpose, x-unauthorized');
      expect(response.headers.get('ratelimit')).toBeNull(); // of whoever asked first
    } else expect([field.name, control]).toEqual([field.name, 'no-store']);
  }
  // By hand, so that a class that is given wrongly is seen here.
  expect(kept.toSorted()).toEqual([
    'collectionCatalogue',
    'evaluationSchemes',
    'identifierSchemes',
    'nameListTypes',
    'officialForms',
    'penaltyCategories',
    'publicationDueDate',
    'purposes',
    'ruleSets',
    'workingDayAfter',
  ]);
});

const LISTS = 'query Lists { nameListTypes { code } }';
const ENTRIES = `query Entries {
  nameListTypes { code }
  nameListEntries(filter: { activeOnly: true }, first: 1) { nodes { subject { uscc } } }
}`;

test('answers to a token, a POST, a text or for events, and errors, are not cached', async () => {
  const failing = 'query Failing { workingDayAfter(from: "2026-01-01", days: -1) { date } }';
  const { publish } = operatorsOf(graph);
  await publish('PUBLIC', byDigest(LISTS, ENTRIES, failing));
  await publish('FINANCIAL_INSTITUTION', byDigest(LISTS));
  const controlOf = async (response: Promise<Response>): Promise<unknown> => {
    const { status, headers, body } = await response;
    await body?.cancel();
    return [status, headers.get('cache-control')];
  };
  const id = sha256(LISTS);
  const post = (body: object): Promise<Response> =>
    fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect(await controlOf(get(id))).toEqual([200, 'public, max-age=60']);
  expect(await controlOf(get(id, { accept: 'application/graphql-response+json' }))).toEqual([
    200,
    'public, max-age=60',
  ]);
  expect(await controlOf(get(id, { authorization: `Bearer ${graph.tokenOf('FINANCIAL_INSTITUTION')}` }))).toEqual([
    200,
    'no-store',
  ]);
  expect(await controlOf(get(id, { authorization: 'Bearer nonsense' }))).toEqual([401, 'no-store']);
  expect(await controlOf(get(id, { accept: 'text/event-stream' }))).toEqual([200, 'no-store']);
  expect(await controlOf(get(sha256(ENTRIES)))).toEqual([200, 'no-store']);
  expect(await controlOf(get('0'.repeat(64)))).toEqual([404, 'no-store']);
  expect(await controlOf(get(sha256(failing)))).toEqual([200, 'no-store']);
  expect(await controlOf(post({ documentId: id }))).toEqual([200, 'no-store']);
  expect(
    (await controlOf(
      fetch(`${graph.url}/graphql?${new URLSearchParams({ query: LISTS })}`, {
        headers: { 'apollo-require-preflight': '1' },
      }),
    )) as unknown[],
  ).not.toContain('public, max-age=60');
});

test('a page of another site gives no credentials with a GET: what is asked so is asked by the public', async () => {
  const text = 'query Who { viewer { role } }';
  await operatorsOf(graph).publish('PUBLIC', byDigest(text));
  const response = await get(sha256(text), {
    cookie: 'session=1',
    origin: 'https://elsewhere.example',
    'content-type': 'text/plain',
  });
  expect([
    response.status,
    response.headers.get('access-control-allow-origin'),
    ((await response.json()) as { data: unknown }).data,
  ]).toEqual([200, null, { viewer: { role: 'PUBLIC' } }]);
});
