import { openAcknowledged } from '#test/support/transports.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, newEntity, numbered } from '#test/support/listings.ts';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';

// docs/COST.md: the cost of an operation is computed from its values, each time, before it is planned; and an answer is
// counted while it is built.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

interface Body {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  readonly extensions?: Record<string, unknown>;
}
interface Asked {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}
type Send = (asked: Asked, headers?: Record<string, string>, url?: string) => Promise<Body>;

const byPost =
  (accept: string): Send =>
  async (asked, headers = {}, url = graph.url) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...headers },
      body: JSON.stringify(asked),
    });
    return bodyOf(await response.text());
  };
const byGet =
  (accept: string): Send =>
  async ({ query, variables = {}, extensions = {} }, headers = {}, url = graph.url) => {
    const parameters = new URLSearchParams({
      query,
      variables: JSON.stringify(variables),
      extensions: JSON.stringify(extensions),
    });
    return bodyOf(
      await (
        await fetch(`${url}/graphql?${parameters}`, {
          headers: { accept, 'apollo-require-preflight': '1', ...headers },
        })
      ).text(),
    );
  };
/** The answer, or the first event of a stream of one. */
const bodyOf = (text: string): Body => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Body;
const byWebSocket: Send = async (payload, headers = {}, url = graph.url) => {
  await using frames = await openAcknowledged(url, headers);
  frames.send({ id: '1', type: 'subscribe', payload });
  const { type, payload: delivered } = (await frames.next()) as { type: string; payload: unknown };
  return type === 'error' ? { errors: delivered as never } : (delivered as Body);
};

const estimatedIn = ({ extensions = {} }: Body): number =>
  (extensions['cost'] as { readonly estimated: number }).estimated;

const transports: readonly (readonly [name: string, send: Send])[] = [
  ['POST', byPost('application/json')],
  ['POST of a client that reads graphql-response', byPost('application/graphql-response+json')],
  ['GET', byGet('application/json')],
  ['SSE by POST', byPost('text/event-stream')],
  ['SSE by GET', byGet('text/event-stream')],
  ['WebSocket', byWebSocket],
];

const CODE = newEntity();
const LIMIT = 250_000;
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const files = (count: number): string =>
  times(
    count,
    (i) => `a${i}: creditFile(uscc: "${CODE}", validAt: "2026-01-${String(i + 1).padStart(2, '0')}") { ...L }`,
  );
const CROSSING = `subject {
    name status kind phone
    creditFile {
      isKnown hasActiveSeriousListing entity { name } evaluations { id } commitments(first: 1) { nodes { id } }
      complaints(first: 1) { nodes { id } } sources { source } nameListEntries(first: 1) { nodes { id } }
    }
  }`;
/** cases/attacks A1: ten files by twelve lists by what crosses. */
const planning = `{ ${files(10)} }
fragment L on CreditFile {
  ${times(12, (i) => `b${i}: administrativeActs(first: ${i + 1}) { nodes { ...F } }`)}
}
fragment F on CreditRecord { ${CROSSING} }`;
/** A3: lists in lists. */
const lists = (pages: number, depth: number): string =>
  `administrativeActs(first: ${pages}) {
      nodes { ${depth === 1 ? 'id' : `subject { creditFile { ${lists(pages, depth - 1)} } }`} }
    }`;
const nested = `{ creditFile(uscc: "${CODE}") { ${lists(99, 3)} } }`;
/** A4, on a list of each file. */
const batch = `query ($codes: [String!]!, $first: Int!) {
  creditFiles(codes: $codes) {
    file {
      administrativeActs(first: $first) {
        nodes { subject { creditFile { administrativeActs(first: 99) { nodes { id } } } } }
      }
    }
  }
}`;
const codes = (count: number): string[] => Array.from({ length: count }, () => CODE);

describe.each(transports)('%s', (_, send) => {
  const firstOf = ({ errors, data }: Body) => ({
    data: data ?? null,
    message: errors?.[0]?.message,
    extensions: errors?.[0]?.extensions,
    count: errors?.length,
  });

  test('nested lists are refused before planning, with the cost, the limit and what is allowed', async () => {
    const cost = { estimated: 1_069_355, limit: LIMIT };
    const expected = `a cost of at most ${LIMIT}: smaller pages, fewer codes at once, or several operations`;
    expect(firstOf(await send({ query: nested }))).toEqual({
      data: null,
      message: 'The operation costs 1069355; one may cost 250000.',
      extensions: { code: 'COST_LIMIT', expected, cost },
      count: 1,
    });
  });

  test('a text that is dear to plan is refused before it is planned', async () => {
    expect(firstOf(await send({ query: planning }))).toMatchObject({
      data: null,
      extensions: { code: 'COST_LIMIT', fetches: { estimated: expect.any(Number), limit: 300 } },
      count: 1,
    });
  });

  test('a known text is reckoned again for each of its values', async () => {
    const delivered = async (first: number) =>
      firstOf(await send({ query: batch, variables: { codes: codes(2), first } })).extensions?.['code'] ?? 'ANSWERED';
    expect([await delivered(3), await delivered(99_999), await delivered(3)]).toEqual([
      'NOT_FOUND',
      'COST_LIMIT',
      'NOT_FOUND',
    ]);
    expect(firstOf(await send({ query: batch, variables: { codes: codes(100), first: 50 } })).extensions).toMatchObject(
      { code: 'COST_LIMIT' },
    );
  });

  test('the cost is returned on request, alike for literals and variables, and to nobody else', async () => {
    const literal = {
      query: `{
        creditFiles(codes: ["${CODE}", "${CODE}"]) { file { administrativeActs(first: 20) { nodes { id } } } }
      }`,
    };
    const variable = {
      query: `query ($c: [String!]!, $n: Int = 20) {
        creditFiles(codes: $c) { file { administrativeActs(first: $n) { nodes { id } } } }
      }`,
      variables: { c: codes(2) },
    };
    const cost = { estimated: 64, limit: LIMIT };
    for (const asked of [literal, variable]) {
      expect((await send(asked)).extensions).toEqual({ completeness: { status: 'COMPLETE', missing: [] } });
      expect((await send(asked, { 'x-cost': 'report' })).extensions).toEqual({
        completeness: { status: 'COMPLETE', missing: [] },
        cost,
      });
      expect((await send({ ...asked, extensions: { cost: 'report' } })).extensions).toEqual({
        completeness: { status: 'COMPLETE', missing: [] },
        cost,
      });
      expect(
        (await send({ ...asked, extensions: { cost: 'other' } }, { 'x-cost': 'other' })).extensions,
      ).not.toHaveProperty('cost');
    }
  });
});

test('an honest request is within the limit: 100 files with acts, entries and evaluations', async () => {
  const record = `id version digest disclosureLevel validFrom validTo recordedAt underObjection
    provenance { sourceUnit { name uscc } sourceRecordId catalogueCode collectedAt }
    additionalFields { column value }`;
  const query = `query Files($codes: [String!]!) { creditFiles(codes: $codes) { input reason file {
    uscc validAt knownAt hasActiveSeriousListing sources { source state knownThrough lateUnits }
    entity {
      name status kind industry { code name } registeredDivision { code name } address { text masked }
      legalRepresentative { name masked } identifiers { scheme value } formerNames { name until }
    }
    administrativeActs(first: 20) {
      totalCount { value exact } pageInfo { hasNextPage endCursor }
      nodes { ${record} kind documentNo decidedOn authority { name uscc } subject { uscc name } }
    }
    nameListEntries(first: 20) {
      totalCount { value exact } pageInfo { hasNextPage endCursor }
      nodes { ${record} category state listedOn listType { code name legalBasis } subject { uscc name } }
    }
    evaluations { ${record} grade gradeMeaning evaluatedOn scheme { code version name } }
  } } }`;
  const { body } = await graph.query(
    'PROVINCIAL_PLATFORM',
    query,
    { codes: codes(100) },
    { headers: { 'x-cost': 'report' } },
  );
  expect(
    (body.errors ?? []).map(({ extensions }) => extensions['code']).filter((code) => code === 'COST_LIMIT'),
  ).toEqual([]);
  const estimated = estimatedIn(body);
  expect([estimated > 50_000, estimated < LIMIT]).toEqual([true, true]);
});

test('ten searches at once cost ten times one, and each more than a thousand objects', async () => {
  const cost = async (count: number): Promise<number> => {
    const { body } = await graph.query(
      'PUBLIC',
      `{ ${times(count, (i) => `a${i}: searchEntities(query: "示例${i}", first: 1) { nodes { uscc } }`)} }`,
      {},
      { headers: { 'x-cost': 'report' } },
    );
    return estimatedIn(body);
  };
  const [one, ten] = [await cost(1), await cost(10)];
  expect([one > 1000, ten]).toEqual([true, 10 * (one - 1) + 1]); // there is one Query
});

test('a mutation costs by its kind', async () => {
  const query = 'mutation ($input: CreateWatchlistInput!) { createWatchlist(input: $input) { __typename } }';
  const { body } = await graph.query(
    'FINANCIAL_INSTITUTION',
    query,
    { input: { idempotencyKey: 'cost-1', name: '示例' } },
    { headers: { 'x-cost': 'report' } },
  );
  expect(estimatedIn(body)).toBeGreaterThanOrEqual(10);
});

test('pages of changes are reckoned by their size', async () => {
  const query = (first: number): string =>
    `{
      nameListChanges(filter: {}, first: ${first}) {
        events {
          ... on NameListChange {
            entry { id subject { creditFile { ${times(3, (i) => `a${i}: ${lists(99, 1)}`)} } } }
          }
        }
      }
    }`;
  expect((await graph.query('PUBLIC', query(1000))).body.errors?.[0]?.extensions['code']).toBe('COST_LIMIT');
  expect((await graph.query('PUBLIC', query(500))).body.errors).toBeUndefined();
});

describe('streams', () => {
  const follow = (fields: string): string =>
    `subscription {
      nameListChanges(filter: {}) {
        __typename ... on Checkpoint { cursor } ... on NameListChange { kind ${fields} }
      }
    }`;
  const dear = follow(`entry { id subject { creditFile { ${lists(999, 2)} } } }`);

  test('a subscription whose single event costs too much is refused, by WebSocket and SSE', async () => {
    for (const send of [byWebSocket, byPost('text/event-stream'), byGet('text/event-stream')]) {
      expect((await send({ query: dear })).errors).toMatchObject([
        { extensions: { code: 'COST_LIMIT', cost: { limit: LIMIT } } },
      ]);
    }
  });

  test('a subscription, or the fields of an export, that would be dear to plan are refused before that', async () => {
    const day = (i: number): string => `2026-01-${String(i + 1).padStart(2, '0')}`;
    const toPlan = `entry { id subject { ${times(24, (i) => `f${i}: creditFile(validAt: "${day(i)}") { ...L }`)} } }`;
    const acts = (i: number): string => `b${i}: administrativeActs(first: ${i + 1}) { nodes { ${CROSSING} } }`;
    const fragment = `fragment L on CreditFile { ${times(4, acts)} }`;
    for (const send of [byWebSocket, byPost('text/event-stream'), byGet('text/event-stream')])
      expect((await send({ query: `${follow(toPlan)} ${fragment}` })).errors).toMatchObject([
        { extensions: { code: 'COST_LIMIT', fetches: { limit: 300 } } },
      ]);
    const written = toPlan.replaceAll('...L', fragment.slice(fragment.indexOf('{') + 1, -1));
    for (const [fields, message] of [
      [written, /^The operation has more than 2000 tokens\.$/],
      [
        times(25, (i) => `e${i}: entry { subject { creditFile { ${lists(99, 2)} } } }`),
        /^The operation costs \d+; one may cost 250000\.$/,
      ],
      ['x '.repeat(1_000_000), /^The operation has more than 65536 bytes\.$/],
      [
        `${'a{'.repeat(20_000)}a${'}'.repeat(20_000)}`,
        /^The operation has more than 64 brackets within one another\.$/,
      ],
    ] as const) {
      const { body } = await graph.query(
        'NATIONAL_CENTRE',
        `mutation ($input: CreateExportInput!) {
          createExport(input: $input) { __typename ... on DomainError { code message path } } }`,
        {
          input: { idempotencyKey: 'dear', nameListChanges: {}, fields },
        },
      );
      expect(body.data).toEqual({
        createExport: {
          __typename: 'InvalidInput',
          code: 'FIELDS',
          message: expect.stringMatching(message),
          path: ['input', 'fields'],
        },
      });
    }
  });

  test('each message has the cost of its event, on request', async () => {
    const asked = { query: follow('entry { id }'), extensions: { cost: 'report' } };
    for (const send of [byWebSocket]) {
      expect((await send(asked)).extensions).toEqual({
        cursor: expect.any(String),
        cost: { estimated: expect.any(Number), limit: LIMIT },
      });
      expect((await send({ query: asked.query })).extensions).toEqual({ cursor: expect.any(String) });
    }
  });
});

describe.each([
  ['in this process', false],
  ['over HTTP', true],
] as const)('answers larger than they may be, from subgraphs %s', (_, remote) => {
  const LARGE = `{ ${times(4, (i) => `a${i}: collectionCatalogue { code name kinds }`)} }`;
  const SMALL = '{ collectionCatalogue { code name } }';
  let bytes: number;
  let small: TestGraph;
  beforeAll(async () => {
    const { body } = await graph.query('PUBLIC', SMALL);
    bytes = Buffer.byteLength(JSON.stringify(body.data));
    small = await startGraph({ remote, operationLimits: { answerBytes: bytes } });
  });
  afterAll(() => small[Symbol.asyncDispose]());

  test('an answer of just so many bytes is given, one byte more is refused, new and known texts alike', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect((await small.query('PUBLIC', SMALL)).body.data).not.toBeNull();
      const { status, body } = await small.query(
        'PUBLIC',
        '{ collectionCatalogues: collectionCatalogue { code name } }',
      ); // its key has one letter more
      expect([status, body]).toEqual([
        400,
        {
          errors: [
            {
              message: `The answer has more than ${bytes} bytes.`,
              extensions: {
                code: 'COST_LIMIT',
                expected: `an answer of at most ${bytes} bytes: fewer fields, smaller pages, or several operations`,
              },
            },
          ],
        },
      ]);
    }
  });

  test.each(transports)('by %s', async (__, send) => {
    const { errors, data } = await send({ query: LARGE }, {}, small.url);
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'COST_LIMIT' } }]);
  });

  test('who asked for too much spoils it for nobody: the sources go on', async () => {
    await Promise.all(Array.from({ length: 10 }, () => small.query('PUBLIC', LARGE)));
    expect((await small.query('PUBLIC', SMALL)).body.errors).toBeUndefined();
  });

  test('an event that is too large is delivered as refused, and the stream goes on', async () => {
    const uscc = newEntity();
    const fields = (count: number): string =>
      times(count, (i) => `e${i}: entry { id listedOn category listType { code name legalBasis } }`);
    const query = `subscription {
      nameListChanges(filter: {}) {
        __typename ... on Checkpoint { cursor }
        ... on NameListChange { kind entity: entry { subject { uscc } } ${fields(25)} }
      }
    }`;
    await using socket = await followByWebSocket(small.url, small.tokenOf('NATIONAL_CENTRE'), query);
    await using sse = await followBySse(small.url, small.tokenOf('NATIONAL_CENTRE'), query);
    for (const stream of [socket, sse]) await stream.next(); // the first is a checkpoint
    await list(small, { uscc });
    await numbered(small);
    for (const stream of [socket, sse])
      expect(await stream.event()).toMatchObject({ data: null, errors: [{ extensions: { code: 'COST_LIMIT' } }] });
  });
});
