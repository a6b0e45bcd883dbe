import { randomUUID } from 'node:crypto';
import { numbered } from '#test/support/listings.ts';
import { type Receiver, startReceiver } from '#test/support/receivers.ts';
import { lines } from '#test/support/registered.ts';
import { followBySse, followByWebSocket, type Following, isCheckpoint } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';
import { corpus, everything } from './corpus.ts';
import { probes } from './probes.ts';
import { changes, pageOf, streamOf } from './selections.ts';
import {
  type Answer,
  bodyOf,
  both,
  canariesOf,
  type Canary,
  canary,
  changesFor,
  dataOf,
  firms,
  followed,
  followedBy,
  formOf,
  hidden,
  type Kind,
  mark,
  otherActs,
  type PlaceName,
  placeNames,
  type Planted,
  purposeOf,
  rowOf,
  rowSeenBy,
  type Say,
  shadow,
  sites,
  startWorld,
  type State,
  states,
  unknown,
  type ViewerName,
  viewerNames,
  viewers,
  type World,
} from './world.ts';

let world: World;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  world = await startWorld({ webhookTargets: 'any' });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** Canaries that are in bytes. */
const foundIn = (bytes: string, canaries: readonly Canary[] = world.canaries): string[] =>
  canaries.filter(({ text }) => bytes.includes(text)).map(({ text }) => text);
const found = ({ text, headers }: Answer): string[] => foundIn(`${text}\n${JSON.stringify(headers)}`);
/** Whoever may see published records, and so follow their changes. */
const follows = (viewer: ViewerName): boolean => rowSeenBy.PUBLIC.near.includes(viewer);
type Event = { __typename: string; recordId: string; documentNo?: string; subject: { uscc: string } };
interface Page {
  readonly events: readonly Event[];
  readonly endCursor: string;
}
const allowed = (viewer: ViewerName): Set<string> =>
  new Set(world.canaries.filter(({ seenBy }) => seenBy.includes(viewer)).map(({ text }) => text));

test('the corpus is large and the canaries are distinct', () => {
  expect(corpus(world.knownAt).length).toBeGreaterThan(120);
  expect(new Set(world.canaries.map(({ text }) => text)).size).toBe(world.canaries.length);
});

describe.each(viewerNames)('%s', (viewer) => {
  test('sees in no answer a canary that is not for it', async () => {
    const may = allowed(viewer);
    const leaks: Record<string, string[]> = {};
    for (const operation of corpus(world.knownAt)) {
      const leaked = found(await world.send(viewer, operation)).filter((text) => !may.has(text));
      if (leaked.length > 0) leaks[operation.name] = leaked;
    }
    expect(leaks).toEqual({});
  });

  test('sees every canary that is for it', async () => {
    const seen = new Set<string>();
    const operations = [
      ...everything(world.knownAt),
      ...placeNames.map((place) => ({
        name: 'filing',
        query: 'query ($id: ID!) { filing(id: $id) { id kind } }',
        variables: { id: world.filings[place] },
      })),
    ];
    for (const operation of operations) for (const text of found(await world.send(viewer, operation))) seen.add(text);
    expect([...allowed(viewer)].filter((text) => !seen.has(text))).toEqual([]);
  });

  test('is counted and paged no row that is not for it', async () => {
    const records: Record<string, { kinds: readonly Kind[]; query: string }> = {
      administrativeActs: { kinds: ['licence', 'penalty'], query: 'documentNo' },
      commitments: { kinds: ['commitment'], query: 'documentNo: commitmentNo' },
      judicialRecords: { kinds: ['judicial'], query: 'documentNo: caseNo' },
      complaints: { kinds: ['complaint'], query: 'documentNo: complaintNo' },
      nameListEntries: { kinds: ['entry'], query: 'documentNo' },
    };
    for (const place of placeNames) {
      for (const [field, { kinds, query }] of Object.entries(records)) {
        const visible = states.filter((state) => rowSeenBy[state][place].includes(viewer)).length * kinds.length;
        const readsRecords = rowSeenBy.PUBLIC[place].includes(viewer);
        const expected = visible + (field === 'administrativeActs' && readsRecords ? otherActs.length : 0);
        const numbers: (string | null)[] = [];
        let after: string | null = null;
        let answered: unknown;
        do {
          const answer: Answer = await world.send(viewer, {
            name: 'page',
            query: `query ($uscc: USCC!, $knownAt: DateTime, $after: Cursor) {
              creditFile(uscc: $uscc, knownAt: $knownAt) {
                list: ${field}(first: 2, after: $after) {
                  nodes { ${query} } totalCount { value exact } pageInfo { hasNextPage endCursor }
                }
              }
            }`,
            variables: { uscc: sites[place].uscc, knownAt: world.knownAt, after },
          });
          const list = (
            bodyOf(answer).data?.['creditFile'] as
              | {
                  list: {
                    nodes: { documentNo: string }[];
                    totalCount: unknown;
                    pageInfo: { hasNextPage: boolean; endCursor: string };
                  } | null;
                }
              | null
              | undefined
          )?.list;
          if (!list) break;
          answered = list.totalCount;
          numbers.push(...list.nodes.map(({ documentNo }) => documentNo));
          after = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
        } while (after !== null);
        expect([place, field, answered, numbers.length]).toEqual([
          place,
          field,
          readsRecords ? { value: expected, exact: true } : undefined,
          expected,
        ]);
      }
    }
  });
});

// Pages of changes have no count, and streams no pages: a caller that receives too much receives a record, and one that
// receives too little misses one.
describe.each(viewerNames)('%s', (viewer) => {
  const page = async (kind: (typeof followed)[number], after: string | null, first = 1000): Promise<Page | null> => {
    const { field } = changes[kind];
    return (bodyOf(
      await world.send(viewer, { name: field, query: pageOf(changes[kind]), variables: { filter: {}, after, first } }),
    ).data?.[field] ?? null) as Page | null;
  };

  test('receives the changes of its own records, and of no other', async () => {
    const [entries, evaluations] = [await page('entry', null), await page('evaluation', null)];
    const expected = changesFor(viewer);
    if (!follows(viewer))
      return expect([entries, evaluations, expected]).toEqual([null, null, { entries: [], evaluations: 0 }]);
    expect([...new Set(entries?.events.map(({ documentNo }) => documentNo))].toSorted()).toEqual(expected.entries);
    expect(new Set(evaluations?.events.map(({ recordId }) => recordId)).size).toBe(expected.evaluations);
  });

  test('receives by every stream, from the first change on, what pages return', async () => {
    const token = world.tokenOf(viewer);
    const purpose = purposeOf(viewer);
    for (const kind of followed) {
      const query = streamOf(changes[kind]);
      const first = await page(kind, null, 1);
      if (!first) {
        await using stream = await followByWebSocket(world.graph.url, token, query, {
          variables: { filter: {} },
          purpose,
        });
        expect((await stream.next()).data ?? null).toBeNull();
        await expect(
          followBySse(world.graph.url, token, query, { variables: { filter: {} }, purpose }),
        ).rejects.toThrow('no stream: 400');
        continue;
      }
      const rest = await page(kind, first.endCursor);
      for (const follow of [followByWebSocket, followBySse]) {
        await using stream: Following = await follow(world.graph.url, token, query, {
          variables: { filter: {}, after: first.endCursor },
          purpose,
        });
        const delivered: unknown[] = [];
        while (delivered.length < (rest?.events.length ?? 0))
          delivered.push((await stream.event()).data?.[changes[kind].field]);
        expect(delivered).toEqual(rest?.events);
      }
    }
  });
});

test('a cursor of one viewer is none for another', async () => {
  const query = `query ($uscc: USCC!, $knownAt: DateTime, $after: Cursor) {
    creditFile(uscc: $uscc, knownAt: $knownAt) {
      administrativeActs(first: 3, after: $after) { edges { cursor node { documentNo } } }
    }
  }`;
  const list = (answer: Answer) =>
    (bodyOf(answer).data?.['creditFile'] as { administrativeActs: { edges: { cursor: string }[] } | null } | null)
      ?.administrativeActs;
  const variables = { uscc: sites.near.uscc, knownAt: world.knownAt };
  const cursor = list(await world.send('auditor', { name: 'page', query, variables }))?.edges.at(-1)?.cursor;
  expect(
    list(await world.send('auditor', { name: 'page', query, variables: { ...variables, after: cursor } }))?.edges,
  ).toHaveLength(3);
  for (const viewer of ['public', 'bank', 'province 33', 'aimless bank', 'centre'] as const) {
    const body = bodyOf(await world.send(viewer, { name: 'page', query, variables: { ...variables, after: cursor } }));
    expect([viewer, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([
      viewer,
      { creditFile: { administrativeActs: null } },
      ['BAD_CURSOR'],
    ]);
  }
});

test('a place in the log of one viewer is none for another, in pages, in streams and for a webhook', async () => {
  for (const { field } of Object.values(changes)) {
    const page = (viewer: ViewerName, after: string | null) =>
      world.send(viewer, {
        name: field,
        query: `query ($after: Cursor) { ${field}(filter: {}, first: 1, after: $after) { endCursor } }`,
        variables: { after },
      });
    const stream = (viewer: ViewerName, after: string | null, lastEventId: string | null) =>
      world.send(viewer, {
        name: field,
        query: `subscription ($after: Cursor) { ${field}(filter: {}, after: $after) { __typename } }`,
        variables: { after },
        headers: { accept: 'text/event-stream', ...(lastEventId === null ? null : { 'last-event-id': lastEventId }) },
        events: 1,
      });
    const hook = (viewer: ViewerName, after: string) =>
      world.send(viewer, {
        name: field,
        query: `mutation ($after: Cursor) {
          createWebhook(
            input: { idempotencyKey: "${randomUUID()}", url: "https://hooks.invalid/", ${field}: {}, after: $after }
          ) {
            __typename
          }
        }`,
        variables: { after },
      });
    const { endCursor } = dataOf<Page>(await page('auditor', null), field);
    expect([
      bodyOf(await page('auditor', endCursor)).errors,
      bodyOf(await stream('auditor', endCursor, null)).errors,
      bodyOf(await stream('auditor', null, endCursor)).errors,
    ]).toEqual([undefined, undefined, undefined]);
    for (const viewer of ['public', 'bank', 'province 33', 'aimless bank', 'centre'] as const) {
      const answers = [
        await page(viewer, endCursor),
        await stream(viewer, endCursor, null),
        await stream(viewer, null, endCursor),
        ...(viewer === 'public' ? [] : [await hook(viewer, endCursor)]),
      ].map(bodyOf);
      for (const { data, errors } of answers)
        expect([
          viewer,
          Object.values(data ?? { none: null }),
          errors?.map(({ extensions }) => extensions['code']),
        ]).toEqual([viewer, [null], ['BAD_CURSOR']]);
    }
  }
});

// A text that is hidden somewhere is answered as one that is nowhere: a right guess teaches nothing.
test('a hidden text is answered like one that does not exist, wherever it is put', async () => {
  const guessed = [
    mark({ place: 'near', kind: 'licence', state: 'INTERNAL' }, 'doc'),
    mark({ place: 'near', kind: 'entry', state: 'GOV_SHARED' }, 'authority'),
    mark({ place: 'near', kind: 'penalty', state: 'PUBLIC' }, 'recordid'),
    mark({ place: 'far', kind: 'commitment', state: 'WITHDRAWN' }, 'text'),
    'zqhiddennamezq',
    `杭州市zqhiddennamezq有限公司`,
    '曾zqhiddenformernamezq',
    'zqfarphonezq',
    'zqfarstreetzq',
    '王zqfarpersonzq',
    '王zqnearpersonzq',
    world.filings.near,
    world.own.near.watchlist,
    world.own.near.webhook,
    world.own.near.consent,
  ];
  for (const text of guessed) {
    // Of the same length and kinds of character, and nowhere.
    const control = /^[0-9a-f-]{36}$/.test(text)
      ? '00000000-0000-4000-8000-000000000000'
      : text.replaceAll(/[a-z]/g, (letter) =>
          letter === 'z'
            ? 'x'
            : letter === 'q'
              ? 'k'
              : String.fromCodePoint(97 + ((letter.charCodeAt(0) - 97 + 13) % 26)),
        );
    const hiding = /zq[a-z]+zq|[0-9a-f-]{36}/.exec(text)?.[0] ?? '';
    const seers = world.canaries.find((each) => each.text === hiding)?.seenBy ?? [];
    for (const viewer of (
      ['public', 'bank', 'subject far', 'province 44', 'aimless auditor', 'operator'] as const
    ).filter((name) => !seers.includes(name) || hiding.includes('person') || hiding.includes('street'))) {
      const controls = probes(control, world.knownAt);
      for (const [index, probe] of probes(text, world.knownAt).entries()) {
        const [real, none] = [
          await world.send(viewer, probe),
          await world.send(viewer, controls[index] as typeof probe),
        ];
        expect([
          viewer,
          probe.name,
          real.status,
          real.text.replaceAll(text, '…').replaceAll(text.toUpperCase(), '…'),
        ]).toEqual([
          viewer,
          probe.name,
          none.status,
          none.text.replaceAll(control, '…').replaceAll(control.toUpperCase(), '…'),
        ]);
      }
    }
  }
});

test('the code of an entity whose registration is hidden is answered like one in no register', async () => {
  for (const viewer of ['public', 'bank', 'subject far', 'province 44', 'aimless auditor'] as const) {
    for (const query of [
      `query ($c: String!, $u: USCC!, $k: DateTime) {
        entity(uscc: $u) { name }
        entities(codes: [$c]) { input status reason expected successor entity { name } }
        evaluations(codes: [$c], knownAt: $k) { input status successor entity { name } evaluations { grade } }
        creditFiles(codes: [$c], knownAt: $k) {
          input status reason expected successor
          file { uscc entity { name } nameListEntries(first: 5) { nodes { id } totalCount { value } } }
        }
      }`,
      `query ($u: USCC!, $k: DateTime) {
        creditFile(uscc: $u, knownAt: $k) {
          uscc isKnown entity { name }
          administrativeActs(first: 5) { totalCount { value } }
          nameListEntries(first: 5) { totalCount { value } nodes { grounds } }
        }
      }`,
      `query ($c: String!) {
        resolveIdentifier(scheme: "USCC", value: $c) { input status reason expected entity { name } }
      }`,
    ]) {
      const ask = (code: string) =>
        world.send(viewer, {
          name: 'code',
          query,
          variables: {
            ...(query.includes('$c') ? { c: code } : null),
            ...(query.includes('$u') ? { u: code } : null),
            ...(query.includes('$k') ? { k: world.knownAt } : null),
          },
        });
      const [real, none] = [await ask(hidden), await ask(unknown)];
      expect([viewer, real.status, real.text.replaceAll(hidden, '…')]).toEqual([
        viewer,
        none.status,
        none.text.replaceAll(unknown, '…'),
      ]);
    }
  }
});

test('an entity with hidden records alone looks like one without records', async () => {
  const answer = await world.send('public', {
    name: 'shadow',
    query: `query ($u: USCC!, $k: DateTime) {
      creditFile(uscc: $u, knownAt: $k) {
        hasActiveSeriousListing
        administrativeActs(first: 1) {
          nodes { id } totalCount { value exact } pageInfo { hasNextPage endCursor }
        }
        commitments(first: 1) { nodes { id } totalCount { value } }
        nameListEntries(first: 1) { nodes { id } totalCount { value } }
        evaluations { id }
        evaluationHistory(scheme: "PUBLIC_CREDIT", first: 1) { nodes { id } totalCount { value } }
      }
    }`,
    variables: { u: shadow, k: world.knownAt },
  });
  expect(bodyOf(answer).data).toEqual({
    creditFile: {
      hasActiveSeriousListing: false,
      administrativeActs: {
        nodes: [],
        totalCount: { value: 0, exact: true },
        pageInfo: { hasNextPage: false, endCursor: null },
      },
      commitments: { nodes: [], totalCount: { value: 0 } },
      nameListEntries: { nodes: [], totalCount: { value: 0 } },
      evaluations: [],
      evaluationHistory: { nodes: [], totalCount: { value: 0 } },
    },
  });
});

// Late units are public by code: names stand in records, which may be hidden.
test('a late unit is returned without what only a hidden record says', async () => {
  await world.graph.sql(`update disclosure.source_unit set last_filed_at = '2020-01-01'`);
  await world.graph.gateway.sources.refresh();
  const answer = await world.send('public', { name: 'late', query: '{ sourceStatus { source lateUnits } }' });
  await world.graph.sql('update disclosure.source_unit set last_filed_at = now()');
  await world.graph.gateway.sources.refresh();
  const may = allowed('public');
  expect(found(answer).filter((text) => !may.has(text))).toEqual([]);
});

test('there is no list of tokens to read, and metrics are for operators and say nothing of anybody', async () => {
  expect((await world.send('public', { name: 'tokens', path: '/explorer/tokens.json' })).status).toBe(404);
  for (const viewer of viewerNames) {
    const metrics = await world.send(viewer, { name: 'metrics', path: '/metrics' });
    expect([viewer, metrics.status, found(metrics)]).toEqual([viewer, viewer === 'operator' ? 200 : 403, []]);
  }
});

/** The rows that are filed while everybody follows. */
const liveRows: readonly Planted[] = placeNames.flatMap((place) =>
  followed.flatMap((kind) =>
    (
      [
        'PUBLIC',
        'GOV_SHARED',
        'RESTRICTED',
        'INTERNAL',
        ...(kind === 'entry' ? (['ENDED', 'WITHDRAWN'] as const) : []),
      ] as const
    ).map((state) => ({ place, kind, state })),
  ),
);
const publishedRows = liveRows.filter(({ state }) => state === 'PUBLIC');
const receivers = (place: PlaceName, state: State) => both(rowSeenBy[state][place], followedBy[place]);
const sayOf =
  ({ place, kind, state }: Planted): Say =>
  (part) =>
    canary('live', place, kind, state, part);
// The number of the document says which entry it is, and stays.
const sayOfNote =
  ({ place, kind }: Planted): Say =>
  (part) =>
    part === 'doc' ? sayOf({ place, kind, state: 'PUBLIC' })(part) : canary('note', place, kind, part);
/** All canaries, and those of the rows that are filed and then taken from the public. */
interface Sown {
  readonly live: readonly Canary[];
  readonly noted: readonly Canary[];
  readonly all: readonly Canary[];
}

function sow(): Sown {
  const live = liveRows.flatMap((row) => canariesOf(row, receivers(row.place, row.state), sayOf(row), 2));
  const noted = publishedRows
    .flatMap((row) => canariesOf(row, receivers(row.place, 'INTERNAL'), sayOfNote(row), 3))
    .filter(({ text }) => !text.endsWith('doczq'));

  return { live, noted, all: [...world.canaries, ...live, ...noted] };
}

const meantFor = (viewer: ViewerName, canaries: readonly Canary[]): string[] =>
  canaries.flatMap(({ text, seenBy }) => (seenBy.includes(viewer) ? [text] : []));
/** The canaries in what a viewer received that are not meant for it. */
const leaked = (
  viewer: ViewerName,
  bytes: string,
  all: readonly Canary[],
  canaries: readonly Canary[] = all,
): string[] => {
  const may = new Set(meantFor(viewer, canaries));
  return foundIn(bytes, all).filter((text) => !may.has(text));
};

interface OpenStream {
  readonly viewer: ViewerName;
  readonly stream: Following & { ids?: () => readonly string[] };
}

/** Opens for each viewer that follows changes both streams of each kind, and makes it a webhook of each. */
async function followAll(
  stack: AsyncDisposableStack,
): Promise<{ readonly streams: readonly OpenStream[]; readonly hooks: ReadonlyMap<string, ViewerName> }> {
  const streams: OpenStream[] = [];
  const hooks = new Map<string, ViewerName>();
  for (const viewer of viewerNames.filter(follows)) {
    for (const kind of followed) {
      for (const follow of [followByWebSocket, followBySse]) {
        const stream = stack.use(
          await follow(world.graph.url, world.tokenOf(viewer), streamOf(changes[kind]), {
            variables: { filter: {} },
            purpose: purposeOf(viewer),
          }),
        );
        expect(isCheckpoint(await stream.next())).toBe(true);
        streams.push({ viewer, stream });
      }
      if (viewer === 'public') continue;
      const made = await world.send(viewer, {
        name: 'hook',
        query: `mutation ($input: CreateWebhookInput!) {
          createWebhook(input: $input) { ... on WebhookCreated { webhook { id } } }
        }`,
        variables: { input: { idempotencyKey: randomUUID(), url: receiver.url, [changes[kind].field]: {} } },
      });
      hooks.set(dataOf<{ webhook: { id: string } }>(made, 'createWebhook').webhook.id, viewer);
    }
  }
  return { streams, hooks };
}

/** Files rows, and then some that everybody receives: returns what each viewer received until then, in bytes. */
async function fileAndReceive(
  streams: readonly OpenStream[],
  made: readonly Planted[],
  say: (row: Planted) => Say,
  family: number,
  as: Partial<Record<State, Record<string, string>>>,
): Promise<Map<ViewerName, string>> {
  const last = canary('last', randomUUID());
  for (const kind of followed) {
    const cells = made
      .filter((row) => row.kind === kind)
      .map((row) => ({ ...rowOf(row, sites[row.place], say(row), family), ...as[row.state] }));
    const end = formOf(kind, firms.near, 'PUBLIC', '2026/05/20', (part) => (part === 'source' ? last : `last${part}`), [
      '60',
      '99',
      '1',
      '2',
    ]);
    await world.graph.file({ entry: 'name-list', evaluation: 'evaluation' }[kind], lines([...cells, end]), {
      format: 'NDJSON',
    });
  }
  await numbered(world.graph);
  const bytes = new Map<ViewerName, string>();
  for (const { viewer, stream } of streams) {
    for (let text = ''; !text.includes(last); bytes.set(viewer, `${bytes.get(viewer) ?? ''}${text}\n`))
      text = JSON.stringify(await stream.next());
    bytes.set(viewer, `${bytes.get(viewer)}${JSON.stringify(stream.ids?.())}\n`);
  }
  return bytes;
}

/** Exports are by the rights of now: their own organisation alone reads them, and only what is meant for it. */
async function expectExportsKeepTo(kept: readonly Canary[], all: readonly Canary[]): Promise<void> {
  for (const viewer of viewerNames.filter((name) => follows(name) && name !== 'public')) {
    for (const kind of followed) {
      const { text, paths } = await exported(viewer, kind);
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths) {
        for (const reader of viewerNames) {
          const answer = await world.send(reader, { name: path, path });
          const isOwn =
            viewers[reader].role === viewers[viewer].role &&
            world.organisationOf(reader) === world.organisationOf(viewer);
          // Its own organisation reads it for the purpose that it was made for.
          const isFor = purposeOf(reader) === purposeOf(viewer);
          expect([viewer, reader, answer.status]).toEqual([viewer, reader, isOwn ? (isFor ? 200 : 400) : 404]);
          if (reader === viewer) expect(answer.text.length).toBeGreaterThan(0);
          expect([viewer, reader, leaked(reader, `${reader === viewer ? text : ''}${answer.text}`, all, kept)]).toEqual(
            [viewer, reader, []],
          );
        }
      }
    }
  }
}

// A change during a subscription is delivered once, by the rights of that moment, to each in its own words. Then the
// published record becomes an internal note of its unit, with other content: subscribers that had it receive its
// removal, and nothing of its new content.
test('a change reaches nobody it is not for: by no stream, no notice to a webhook, no export', async () => {
  const { live, noted, all } = sow();
  await using stack = new AsyncDisposableStack();
  const { streams, hooks } = await followAll(stack);
  for (const [viewer, bytes] of await fileAndReceive(streams, liveRows, sayOf, 2, {
    ENDED: { MD_GSJZQ: '2026/06/30' },
    WITHDRAWN: { MD_YCRQ: '2026/07/01', MD_YCYY: '信用修复' },
  })) {
    expect([viewer, foundIn(bytes, live).toSorted()]).toEqual([viewer, meantFor(viewer, live).toSorted()]);
    expect([viewer, leaked(viewer, bytes, all)]).toEqual([viewer, []]);
  }
  for (const [viewer, bytes] of await fileAndReceive(streams, publishedRows, sayOfNote, 3, {
    PUBLIC: { MD_SYFW: '内部', PJ_SYFW: '内部' },
  })) {
    expect([viewer, foundIn(bytes, noted).toSorted()]).toEqual([viewer, meantFor(viewer, noted).toSorted()]);
    expect([viewer, leaked(viewer, bytes, all)]).toEqual([viewer, []]);
    const gone = publishedRows.filter(
      ({ place }) => followedBy[place].includes(viewer) && !rowSeenBy.INTERNAL[place].includes(viewer),
    ).length;
    expect([viewer, bytes.match(/"kind":"REMOVED"/g)?.length ?? 0]).toEqual([viewer, 2 * gone]); // by each transport
    if (gone === publishedRows.length) expect([viewer, foundIn(bytes, live)]).toEqual([viewer, []]);
  }

  // Notices say that there is something, and nothing of what.
  await until('every receiver has a notice', () =>
    [...hooks.keys()].every((id) => receiver.received.some(({ body }) => body.webhook === id)),
  );
  for (const { headers, text } of receiver.received)
    expect(foundIn(`${JSON.stringify(headers)}\n${text}`, all)).toEqual([]);

  // Snapshots are by the rights of now: what was published and is not any more is in none.
  const kept = all.filter(
    ({ text }) =>
      text.endsWith('doczq') ||
      !publishedRows.some((row) => text.toLowerCase().startsWith(sayOf(row)('').slice(0, -2))),
  );
  await expectExportsKeepTo(kept, all);
}, 240_000);

/**
 * An export of all there is, with all fields, or those of its own choice where the role is denied one: what is said of
 * it, and where its parts are.
 */
async function exported(
  viewer: ViewerName,
  kind: (typeof followed)[number],
): Promise<{ text: string; paths: string[] }> {
  const { field, record } = changes[kind];
  const make = async (fields?: string): Promise<{ export?: { id: string }; code?: string }> =>
    dataOf(
      await world.send(viewer, {
        name: 'export',
        query: `mutation ($input: CreateExportInput!) {
          createExport(input: $input) { ... on ExportCreated { export { id } } ... on DomainError { code } }
        }`,
        variables: { input: { idempotencyKey: randomUUID(), [field]: {}, ...(fields ? { fields } : null) } },
      }),
      'createExport',
    );
  const whole = await make(`recordId subject { uscc name } ${record}`);
  const { export: made } = whole.code === 'FIELDS' ? await make() : whole;
  return until('an export is made', async () => {
    const answer = await world.send(viewer, {
      name: 'export',
      query: 'query ($id: ID!) { export(id: $id) { status rows manifest failure parts { path digest } } }',
      variables: { id: made?.id },
    });
    const { status, parts } = dataOf<{ status: string; parts: { path: string }[] }>(answer, 'export');
    return status === 'COMPLETED' && { text: answer.text, paths: parts.map(({ path }) => path) };
  });
}
