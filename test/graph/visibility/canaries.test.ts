import { corpus, everything, probes } from './corpus.ts';
import { type Answer, bodyOf, hidden, type Kind, mark, otherActs, placeNames, rowSeenBy, shadow, sites, startWorld, states, unknown, type ViewerName, viewerNames, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Canaries of the oracle that are in bytes. */
const found = ({ text, headers }: Answer): string[] => {
  const bytes = `${text}\n${JSON.stringify(headers)}`;
  return world.canaries.filter((canary) => bytes.includes(canary.text)).map((canary) => canary.text);
};
const allowed = (viewer: ViewerName): Set<string> => new Set(world.canaries.filter(({ seenBy }) => seenBy.includes(viewer)).map(({ text }) => text));

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
    const operations = [...everything(world.knownAt), ...placeNames.map((place) => ({ name: 'filing', query: 'query ($id: ID!) { filing(id: $id) { id kind } }', variables: { id: world.filings[place] } }))];
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
            query: `query ($uscc: USCC!, $knownAt: DateTime, $after: Cursor) { creditFile(uscc: $uscc, knownAt: $knownAt) { list: ${field}(first: 2, after: $after) { nodes { ${query} } totalCount { value exact } pageInfo { hasNextPage endCursor } } } }`,
            variables: { uscc: sites[place].uscc, knownAt: world.knownAt, after },
          });
          const list = (bodyOf(answer).data?.['creditFile'] as { list: { nodes: { documentNo: string }[]; totalCount: unknown; pageInfo: { hasNextPage: boolean; endCursor: string } } | null } | null | undefined)?.list;
          if (!list) break;
          answered = list.totalCount;
          numbers.push(...list.nodes.map(({ documentNo }) => documentNo));
          after = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
        } while (after !== null);
        expect([place, field, answered, numbers.length]).toEqual([place, field, readsRecords ? { value: expected, exact: true } : undefined, expected]);
      }
    }
  });
});

test('a cursor of one viewer is none for another', async () => {
  const query = 'query ($uscc: USCC!, $knownAt: DateTime, $after: Cursor) { creditFile(uscc: $uscc, knownAt: $knownAt) { administrativeActs(first: 3, after: $after) { edges { cursor node { documentNo } } } } }';
  const list = (answer: Answer) => (bodyOf(answer).data?.['creditFile'] as { administrativeActs: { edges: { cursor: string }[] } | null } | null)?.administrativeActs;
  const variables = { uscc: sites.near.uscc, knownAt: world.knownAt };
  const cursor = list(await world.send('auditor', { name: 'page', query, variables }))?.edges.at(-1)?.cursor;
  expect(list(await world.send('auditor', { name: 'page', query, variables: { ...variables, after: cursor } }))?.edges).toHaveLength(3);
  for (const viewer of ['public', 'bank', 'province 33', 'aimless bank', 'centre'] as const) {
    const body = bodyOf(await world.send(viewer, { name: 'page', query, variables: { ...variables, after: cursor } }));
    expect([viewer, body.data, body.errors?.map(({ extensions }) => extensions['code'])]).toEqual([viewer, { creditFile: { administrativeActs: null } }, ['BAD_CURSOR']]);
  }
});

// A text that hides somewhere answers as one that is nowhere: whoever guesses learns nothing from being right.
test('a hidden text is answered like one that does not exist, wherever it is put', async () => {
  const guessed = [
    mark({ place: 'near', kind: 'licence', state: 'INTERNAL' }, 'doc'), mark({ place: 'near', kind: 'entry', state: 'GOV_SHARED' }, 'authority'), mark({ place: 'near', kind: 'penalty', state: 'PUBLIC' }, 'recordid'),
    mark({ place: 'far', kind: 'commitment', state: 'WITHDRAWN' }, 'text'), 'zqhiddennamezq', `杭州市zqhiddennamezq有限公司`, '曾zqhiddenformernamezq', 'zqfarphonezq', 'zqfarstreetzq', '王zqfarpersonzq', '王zqnearpersonzq', world.filings.near,
  ];
  for (const text of guessed) {
    // Of the same length and kinds of character, and nowhere.
    const control = text === world.filings.near ? '00000000-0000-4000-8000-000000000000' : text.replaceAll(/[a-z]/g, (letter) => (letter === 'z' ? 'x' : letter === 'q' ? 'k' : String.fromCodePoint(97 + ((letter.charCodeAt(0) - 97 + 13) % 26))));
    const canary = /zq[a-z]+zq|[0-9a-f-]{36}/.exec(text)?.[0] ?? '';
    const seers = world.canaries.find((each) => each.text === canary)?.seenBy ?? [];
    for (const viewer of (['public', 'bank', 'subject far', 'province 44', 'aimless auditor', 'operator'] as const).filter((name) => !seers.includes(name) || canary.includes('person') || canary.includes('street'))) {
      const controls = probes(control, world.knownAt);
      for (const [index, probe] of probes(text, world.knownAt).entries()) {
        const [real, none] = [await world.send(viewer, probe), await world.send(viewer, controls[index] as typeof probe)];
        expect([viewer, probe.name, real.status, real.text.replaceAll(text, '…').replaceAll(text.toUpperCase(), '…')]).toEqual([viewer, probe.name, none.status, none.text.replaceAll(control, '…').replaceAll(control.toUpperCase(), '…')]);
      }
    }
  }
});

test('the code of an entity whose registration is hidden is answered like one in no register', async () => {
  for (const viewer of ['public', 'bank', 'subject far', 'province 44', 'aimless auditor'] as const) {
    for (const query of [
      'query ($c: String!, $u: USCC!, $k: DateTime) { entity(uscc: $u) { name } entities(codes: [$c]) { input status reason expected successor entity { name } } evaluations(codes: [$c], knownAt: $k) { input entity { name } evaluations { grade } } creditFiles(codes: [$c], knownAt: $k) { input reason expected file { uscc entity { name } nameListEntries(first: 5) { nodes { id } totalCount { value } } } } }',
      'query ($u: USCC!, $k: DateTime) { creditFile(uscc: $u, knownAt: $k) { uscc isKnown entity { name } administrativeActs(first: 5) { totalCount { value } } nameListEntries(first: 5) { totalCount { value } nodes { grounds } } } }',
      'query ($c: String!) { resolveIdentifier(scheme: "USCC", value: $c) { input status reason expected entity { name } } }',
    ]) {
      const ask = (code: string) => world.send(viewer, { name: 'code', query, variables: { ...(query.includes('$c') ? { c: code } : null), ...(query.includes('$u') ? { u: code } : null), ...(query.includes('$k') ? { k: world.knownAt } : null) } });
      const [real, none] = [await ask(hidden), await ask(unknown)];
      expect([viewer, real.status, real.text.replaceAll(hidden, '…')]).toEqual([viewer, none.status, none.text.replaceAll(unknown, '…')]);
    }
  }
});

test('an entity with hidden records alone looks like one without records', async () => {
  const answer = await world.send('public', { name: 'shadow', query: 'query ($u: USCC!, $k: DateTime) { creditFile(uscc: $u, knownAt: $k) { hasActiveSeriousListing administrativeActs(first: 1) { nodes { id } totalCount { value exact } pageInfo { hasNextPage endCursor } } commitments(first: 1) { nodes { id } totalCount { value } } nameListEntries(first: 1) { nodes { id } totalCount { value } } evaluations { id } evaluationHistory(scheme: "PUBLIC_CREDIT", first: 1) { nodes { id } totalCount { value } } } }', variables: { u: shadow, k: world.knownAt } });
  expect(bodyOf(answer).data).toEqual({
    creditFile: {
      hasActiveSeriousListing: false,
      administrativeActs: { nodes: [], totalCount: { value: 0, exact: true }, pageInfo: { hasNextPage: false, endCursor: null } },
      commitments: { nodes: [], totalCount: { value: 0 } },
      nameListEntries: { nodes: [], totalCount: { value: 0 } },
      evaluations: [],
      evaluationHistory: { nodes: [], totalCount: { value: 0 } },
    },
  });
});

// Who is late is public, by code: names stand in records, which may be hidden.
test('a late unit is told without what only a hidden record says', async () => {
  await world.graph.sql(`update disclosure.source_unit set last_filed_at = '2020-01-01'`);
  await world.graph.gateway.sources.refresh();
  const answer = await world.send('public', { name: 'late', query: '{ sourceStatus { source lateUnits } }' });
  await world.graph.sql('update disclosure.source_unit set last_filed_at = now()');
  await world.graph.gateway.sources.refresh();
  const may = allowed('public');
  expect(found(answer).filter((text) => !may.has(text))).toEqual([]);
});

test('there is no list of tokens and no metrics to read', async () => {
  expect((await world.send('public', { name: 'tokens', path: '/explorer/tokens.json' })).status).toBe(404);
  expect((await world.send('public', { name: 'metrics', path: '/metrics' })).status).toBe(404);
});
