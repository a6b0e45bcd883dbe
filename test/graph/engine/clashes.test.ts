import type { AccessEntry } from '#gateway/graph/audit.ts';
import { codesByActs, type DemoGraph, startDemoGraph } from '#test/support/demo.ts';
import { openAcknowledged } from '#test/support/transports.ts';
import { numbered } from '#test/support/listings.ts';
import { followBySse, followByWebSocket } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// Operations in which two selections of a field meet, by alias, argument, fragment or variable (cases E1 to E8),
// through the real graph.

let graph: DemoGraph;
let codes: string[];
const accesses: AccessEntry[] = [];

beforeAll(async () => {
  graph = await startDemoGraph({
    entities: 120,
    accessSink: (entry) => {
      accesses.push(entry);
      return Promise.resolve();
    },
  });
  codes = await codesByActs(graph);
  await numbered(graph);
}, 180_000);
afterAll(() => graph[Symbol.asyncDispose]());

const complete = { completeness: { status: 'COMPLETE', missing: [] } };
let penalty: string;
beforeAll(async () => {
  for (const uscc of codes) {
    const { body } = await graph.query(
      'PUBLIC',
      `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) { administrativeActs(kinds: [PENALTY], first: 1) { nodes { id } } }
      }`,
      { uscc },
    );
    const [found] = (body.data as { creditFile: { administrativeActs: { nodes: { id: string }[] } } }).creditFile
      .administrativeActs.nodes;
    if (!found) continue;
    penalty = found.id;
    return;
  }
  throw new Error('The generated data has no penalty.');
}, 60_000);

const phoneOf = async (uscc: string): Promise<unknown> => {
  const { body } = await graph.query('NATIONAL_CENTRE', 'query ($uscc: USCC!) { entity(uscc: $uscc) { phone } }', {
    uscc,
  });
  return (body.data as { entity: { phone: unknown } }).entity.phone;
};

test('a field asked for twice under one name is answered once', async () => {
  const { body } = await graph.query('PUBLIC', `{ record(id: "${penalty}") { subject { name name: name } } }`);
  expect(body).toEqual({ data: { record: { subject: { name: expect.any(String) } } }, extensions: complete });
});

test('one field with other arguments in sibling fragments is answered by its own arguments', async () => {
  const text = (first: number, other: number) => `query ($id: ID!) { record(id: $id) {
    ... on AdministrativePenalty { subject { creditFile { administrativeActs(first: ${first}) { nodes { id } } } } }
    ... on CreditCommitment { subject { creditFile { administrativeActs(first: ${other}) { nodes { id } } } } } } }`;
  const count = async (first: number, other: number): Promise<number> => {
    const { body } = await graph.query('PUBLIC', text(first, other), { id: penalty });
    expect(body.errors).toBeUndefined();
    return (body.data as { record: { subject: { creditFile: { administrativeActs: { nodes: unknown[] } } } } }).record
      .subject.creditFile.administrativeActs.nodes.length;
  };
  expect([await count(1, 2), await count(2, 1)]).toEqual([1, 2]);
  const { body } = await graph.query(
    'PUBLIC',
    `{ record(id: "x") { ... on VoluntaryItem { subject { creditFile { nameListEntries(first: 1) { nodes { id } } } } }
    ... on CreditCommitment { subject { creditFile { nameListEntries(first: 2) { nodes { id } } } } } } }`,
  );
  expect(body.data).toEqual({ record: null });
});

interface Act {
  __typename: string;
  subject: { x?: unknown; name?: unknown } | undefined;
}

test.each(['PUBLIC', 'NATIONAL_CENTRE'] as const)(
  'what one fragment calls by a name is not what another does, for %s',
  async (role) => {
    const text = `query ($uscc: USCC!) {
        creditFile(uscc: $uscc) {
          entity { name }
          administrativeActs(first: 60) {
            nodes {
              __typename
    ... on AdministrativeLicence { subject { x: name } }
    ... on AdministrativePenalty { subject { x: phone } }
    ... on AdministrativeLevy { subject { x: phone name } } } } } }`;
    const kinds = new Set<string>();
    for (const uscc of codes.slice(0, 6)) {
      const phone = await phoneOf(uscc);
      const { body } = await graph.query(role, text, { uscc });
      const { entity, administrativeActs } = (
        body.data as { creditFile: { entity: { name: string }; administrativeActs: { nodes: Act[] } } }
      ).creditFile;
      const seen = role === 'PUBLIC' ? null : phone;
      for (const { __typename: kind, ...rest } of administrativeActs.nodes) {
        kinds.add(kind);
        const right: Record<string, unknown> = {
          AdministrativeLicence: { subject: { x: entity.name } },
          AdministrativePenalty: { subject: { x: seen } },
          AdministrativeLevy: { subject: { x: seen, name: entity.name } },
        };
        expect(rest).toEqual(right[kind] ?? {});
      }
      const denied = ['creditFile', 'administrativeActs', 'nodes', '@', 'subject', 'x'];
      expect(body.errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual(
        role === 'PUBLIC' ? [[denied, 'UNAUTHORIZED_FIELD_OR_TYPE']] : undefined,
      );
      expect(body.extensions).toEqual(
        role === 'PUBLIC'
          ? { completeness: { status: 'PARTIAL', missing: [{ source: 'policy', paths: [denied.join('.')] }] } }
          : complete,
      );
    }
    expect(kinds).toContain('AdministrativeLicence');
    expect(kinds).toContain('AdministrativePenalty');
  },
);

test('the same in changes', async () => {
  const { body } = await graph.query(
    'NATIONAL_CENTRE',
    `{ nameListChanges(filter: {}, first: 3) { events { __typename
    ... on NameListChange { uscc: subject { uscc } subject { k: name } entry { subject { k: phone } } }
    ... on EvaluationChange { subject { k: phone } } } } }`,
  );
  const { events } = (
    body.data as {
      nameListChanges: {
        events: {
          __typename: string;
          uscc: { uscc: string };
          subject: { k: string };
          entry: { subject: { k: string } };
        }[];
      };
    }
  ).nameListChanges;
  expect(events).toHaveLength(3);
  for (const {
    __typename: kind,
    uscc: { uscc },
    subject,
    entry,
  } of events) {
    expect(kind).toBe('NameListChange');
    expect(typeof subject.k).toBe('string');
    expect(entry.subject.k).toBe(await phoneOf(uscc));
    expect(entry.subject.k).not.toBe(subject.k);
  }
  expect(body.errors).toBeUndefined();
});

test.each(['representations', 'v0', '__batch_reps_0', 'd'])(
  'a variable is answered alike by any name: $%s',
  async (name) => {
    const { body } = await graph.query(
      'PUBLIC',
      `query ($${name}: Date) { record(id: "${penalty}") { subject { name creditFile(validAt: $${name}) { uscc } } } }`,
      { [name]: '2026-09-30' },
    );
    expect(body).toEqual({
      data: { record: { subject: { name: expect.any(String), creditFile: { uscc: expect.any(String) } } } },
      extensions: complete,
    });
  },
);

test.each<[string, unknown, Record<string, unknown>?]>([
  ['{ ruleSets @skip(if: true) { kind } }', {}],
  ['{ __typename ruleSets @skip(if: true) { kind } }', { __typename: 'Query' }],
  ['query ($no: Boolean!) { ... @include(if: $no) { ruleSets { kind } } }', {}, { no: false }],
  [
    'query ($no: Boolean!) { ...F q: __typename } fragment F on Query { ruleSets @include(if: $no) { kind } }',
    { q: 'Query' },
    { no: false },
  ],
  [
    `mutation {
      createFiling(input: { idempotencyKey: "x", kind: "licence", format: CSV, partsExpected: 1 }) @skip(if: true) {
        __typename
      }
    }`,
    {},
  ],
  [
    '{ nameListChanges(filter: {}, first: 2) { events { ... on NameListChange { cursor @skip(if: true) } } hasMore } }',
    { nameListChanges: { events: [{}, {}], hasMore: true } },
  ],
  [
    'query ($yes: Boolean!) { nameListChanges(filter: {}, first: 2) { events @skip(if: $yes) { __typename } } }',
    { nameListChanges: {} },
    { yes: true },
  ],
])('what is left after skipping is answered: %s', async (text, data, variables = {}) => {
  for (let round = 0; round < 2; round += 1) {
    const { status, body } = await graph.query('PUBLIC', text, variables);
    expect([status, body]).toEqual([200, { data, extensions: complete }]);
  }
});

test('what an object of another type would have been asked is neither fetched nor logged', async () => {
  const id = penalty;
  const readsOf = async (text: string): Promise<string> => {
    accesses.length = 0;
    const { body } = await graph.query('NATIONAL_CENTRE', `{ record(id: "${id}") { ${text} } }`);
    expect(body.errors).toBeUndefined();
    return JSON.stringify(accesses.map(({ reads }) => reads));
  };
  expect(await readsOf('... on AdministrativePenalty { subject { phone } }')).toContain('CONTACT');
  expect(
    await readsOf(
      '... on AdministrativePenalty { subject { name } } ... on AdministrativeReward { subject { phone } }',
    ),
  ).not.toContain('CONTACT');
  expect(await readsOf('subject { name } ... on AdministrativeReward { subject { phone } }')).not.toContain('CONTACT');
});

// --- at every transport ----------------------------------------------------------------------------------------------

interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const byFetch =
  (accept: string, method: 'GET' | 'POST') =>
  async ({ query, variables = {} }: Asked): Promise<unknown> => {
    const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const response =
      method === 'POST'
        ? await fetch(`${graph.url}/graphql`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', accept },
            body: JSON.stringify({ query, variables }),
          })
        : await fetch(`${graph.url}/graphql?${parameters}`, { headers: { accept, 'apollo-require-preflight': '1' } });
    const text = await response.text();
    return JSON.parse(/^data: ?(.+)$/m.exec(text)?.[1] ?? text);
  };
const byWebSocket = async ({ query, variables = {} }: Asked): Promise<unknown> => {
  await using frames = await openAcknowledged(graph.url);
  frames.send({ id: '1', type: 'subscribe', payload: { query, variables } });
  return (await frames.next())['payload'];
};
const transports: readonly (readonly [name: string, ask: (asked: Asked) => Promise<unknown>])[] = [
  ['POST of a client that reads graphql-response', byFetch('application/graphql-response+json', 'POST')],
  ['GET', byFetch('application/json', 'GET')],
  ['SSE by POST', byFetch('text/event-stream', 'POST')],
  ['SSE by GET', byFetch('text/event-stream', 'GET')],
  ['WebSocket', byWebSocket],
];

test.each(transports)('each of them is answered alike by %s', async (_, ask) => {
  const code = codes[0] as string; // there are 120
  const acts = (fragments: string): string =>
    `{ creditFile(uscc: "${code}") { administrativeActs(first: 9) { nodes { __typename ${fragments} } } } }`;
  const asked: readonly Asked[] = [
    { query: `{ record(id: "${penalty}") { subject { name name: name } } }` },
    { query: '{ record(id: "x") { subject { name name: name } } }' },
    {
      query: `{
        record(id: "x") {
          ... on VoluntaryItem { subject { creditFile { nameListEntries(first: 1) { nodes { id } } } } }
          ... on CreditCommitment { subject { creditFile { nameListEntries(first: 2) { nodes { id } } } } }
        }
      }`,
    },
    {
      query: acts(
        `... on AdministrativeLicence { subject { x: name } }
          ... on AdministrativePenalty { subject { x: phone } }
          ... on AdministrativeLevy { subject { x: phone name } }`,
      ),
    },
    {
      query: `query ($representations: Date) {
        record(id: "x") { subject { name creditFile(validAt: $representations) { uscc } } }
      }`,
      variables: { representations: '2026-09-30' },
    },
    { query: '{ ruleSets @skip(if: true) { kind } }' },
    {
      query: `{
        nameListChanges(filter: {}, first: 2) {
          events { ... on NameListChange { cursor @skip(if: true) } }
          hasMore
        }
      }`,
    },
    {
      query: `{
        record(id: "${penalty}") {
          ... on AdministrativePenalty { subject { name } }
          ... on AdministrativeReward { subject { phone } }
        }
      }`,
    },
    { query: acts('... on AdministrativePenalty { subject { phone } }') },
  ];
  for (const each of asked) expect(await ask(each)).toEqual(await byFetch('application/json', 'POST')(each));
});

test.each(transports)(
  'a subscription whose root field stands under a condition is refused alike by %s',
  async (_, ask) => {
    const conditions: readonly Asked[] = [
      {
        query: 'subscription ($no: Boolean!) { nameListChanges(filter: {}) @skip(if: $no) { __typename } }',
        variables: { no: false },
      },
      { query: 'subscription { nameListChanges(filter: {}) @skip(if: true) { __typename } }' },
      {
        query: 'subscription ($no: Boolean!) { ... @include(if: $no) { nameListChanges(filter: {}) { __typename } } }',
        variables: { no: true },
      },
    ];
    for (const each of conditions) {
      const delivered = await ask(each);
      expect(Array.isArray(delivered) ? { errors: delivered } : delivered).toEqual({
        errors: [
          {
            message: 'The root field of a subscription cannot stand under @skip or @include.',
            locations: [{ line: 1, column: expect.any(Number) }],
            extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
          },
        ],
      });
    }
  },
);

// --- in changes, which are delivered through the same pipeline -----------------------------------------------------

interface Listed {
  readonly uscc: string;
  readonly name: string;
  readonly phone: string | null;
  readonly entries: readonly string[];
}

/** Two selections of a field meet, and what is right of it for the entity that an event is about. */
const meetings: readonly (readonly [name: string, selection: string, right: (of: Listed) => object])[] = [
  [
    'a field twice under one name',
    '... on NameListChange { subject { name name: name } }',
    ({ name }) => ({ subject: { name } }),
  ],
  [
    'one field with other arguments in sibling fragments',
    `... on NameListChange { subject { uscc creditFile { nameListEntries(first: 1) { nodes { id } } } } }
     ... on EvaluationChange { subject { creditFile { nameListEntries(first: 2) { nodes { id } } } } }`,
    ({ uscc, entries }) => ({
      subject: { uscc, creditFile: { nameListEntries: { nodes: entries.slice(0, 1).map((id) => ({ id })) } } },
    }),
  ],
  [
    'a name that two fragments give to two fields',
    `... on NameListChange { subject { k: name } entry { subject { k: phone } } }
     ... on EvaluationChange { subject { k: phone name } }`,
    ({ name, phone }) => ({ subject: { k: name }, entry: { subject: { k: phone } } }),
  ],
  ['nothing that is left', '... on NameListChange { cursor @skip(if: true) }', () => ({})],
];
/** The second change of the log, about whom it is, and the place before it. */
const secondChange = async (): Promise<{ after: string; of: Listed }> => {
  const { body: page } = await graph.query(
    'NATIONAL_CENTRE',
    '{ nameListChanges(filter: {}, first: 2) { events { ... on NameListChange { cursor subject { uscc } } } } }',
  );
  const [first, second] = (
    page.data as { nameListChanges: { events: { cursor: string; subject: { uscc: string } }[] } }
  ).nameListChanges.events;
  if (!first || !second) throw new Error('The generated data has no two changes.');
  const { uscc } = second.subject;
  const { body } = await graph.query(
    'NATIONAL_CENTRE',
    `query ($uscc: USCC!) {
      entity(uscc: $uscc) { name phone }
      creditFile(uscc: $uscc) { nameListEntries(first: 9) { nodes { id } } }
    }`,
    { uscc },
  );
  const { entity, creditFile } = body.data as {
    entity: { name: string; phone: string | null };
    creditFile: { nameListEntries: { nodes: { id: string }[] } };
  };
  return {
    after: first.cursor,
    of: { uscc, ...entity, entries: creditFile.nameListEntries.nodes.map(({ id }) => id) },
  };
};

describe.each([
  ['WebSocket', followByWebSocket],
  ['SSE', followBySse],
] as const)('in a stream over %s', (_, follow) => {
  test.each(meetings)('%s is answered by what its own place asks for', async (__, selection, right) => {
    const { after, of } = await secondChange();
    const query = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${selection} } }`;
    await using stream = await follow(graph.url, graph.tokenOf('NATIONAL_CENTRE'), query, { variables: { after } });
    expect(await stream.next()).toEqual({
      data: { nameListChanges: right(of) },
      extensions: { cursor: expect.any(String) },
    });
  });

  test.each([
    [
      'beside itself',
      (one: string, other: string) =>
        `subscription ($after: Cursor) {
          nameListChanges(filter: {}, after: $after) { ${one} }
          nameListChanges(filter: {}, after: $after) { ${other} }
        }`,
    ],
    [
      'in two fragments',
      (one: string, other: string) =>
        `subscription ($after: Cursor) { ...A ... { ...B } }
         fragment A on Subscription { nameListChanges(filter: {}, after: $after) { ${one} } }
         fragment B on Subscription { nameListChanges(filter: {}, after: $after) { ${other} } }`,
    ],
  ])('its field written twice, %s, is followed with all that is selected', async (__, written) => {
    const {
      after,
      of: { uscc, name },
    } = await secondChange();
    const query = written(
      '... on NameListChange { subject { uscc } }',
      '__typename ... on NameListChange { subject { name } }',
    );
    await using stream = await follow(graph.url, graph.tokenOf('NATIONAL_CENTRE'), query, { variables: { after } });
    expect(await stream.next()).toEqual({
      data: { nameListChanges: { __typename: 'NameListChange', subject: { uscc, name } } },
      extensions: { cursor: expect.any(String) },
    });
  });

  test.each(['representations', 'v0', '__batch_reps_0'])(
    'a variable is answered alike by any name: $%s',
    async (name) => {
      const {
        after,
        of: { uscc },
      } = await secondChange();
      const query = `subscription ($after: Cursor, $${name}: Date) { nameListChanges(filter: {}, after: $after) {
      ... on NameListChange { subject { uscc creditFile(validAt: $${name}) { validAt } } } } }`;
      const variables = { after, [name]: '2026-09-30' };
      await using stream = await follow(graph.url, graph.tokenOf('NATIONAL_CENTRE'), query, { variables });
      const subject = { uscc, creditFile: { validAt: '2026-09-30' } };
      expect(await stream.next()).toEqual({
        data: { nameListChanges: { subject } },
        extensions: { cursor: expect.any(String) },
      });
    },
  );

  test('what an event of another type would have been asked is neither fetched nor logged', async () => {
    const { after, of } = await secondChange();
    const readsOf = async (selection: string): Promise<string> => {
      accesses.length = 0;
      const query = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${selection} } }`;
      await using stream = await follow(graph.url, graph.tokenOf('NATIONAL_CENTRE'), query, { variables: { after } });
      await stream.next();
      return JSON.stringify(accesses.map(({ reads }) => reads));
    };
    expect(await readsOf('... on NameListChange { subject { phone } }')).toMatch(
      new RegExp(`${of.uscc}.*CONTACT|CONTACT.*${of.uscc}`),
    );
    expect(
      await readsOf('... on NameListChange { subject { name } } ... on EvaluationChange { subject { phone } }'),
    ).not.toContain('CONTACT');
  });
});

test.each(meetings)('in an export: %s is answered by what its own place asks for', async (_, selection, right) => {
  const { of } = await secondChange();
  const fields = selection.replaceAll(/\.\.\. on EvaluationChange \{.*\}$/gs, '');
  const created = await graph.query(
    'NATIONAL_CENTRE',
    `mutation ($input: CreateExportInput!) { createExport(input: $input) {
      ... on ExportCreated { export { id } } ... on DomainError { message } } }`,
    {
      input: {
        idempotencyKey: selection.slice(0, 60),
        nameListChanges: {},
        fields: `about: subject { uscc } ${fields}`,
      },
    },
  );
  const {
    createExport: {
      export: { id },
    },
  } = created.body.data as { createExport: { export: { id: string } } };
  const parts = await until('the export is complete', async () => {
    const { body } = await graph.query(
      'NATIONAL_CENTRE',
      'query ($id: ID!) { export(id: $id) { status parts { path } } }',
      { id },
    );
    const { export: found } = body.data as { export: { status: string; parts: { path: string }[] } };
    return found.status === 'COMPLETED' && found.parts;
  });
  const headers = { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' };
  const text = await (await fetch(`${graph.url}${parts[0]?.path}`, { headers })).text();
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { change: { about: { uscc: string } } });
  expect(rows.find(({ change }) => change.about.uscc === of.uscc)).toEqual({
    change: { about: { uscc: of.uscc }, ...right(of) },
  });
});
