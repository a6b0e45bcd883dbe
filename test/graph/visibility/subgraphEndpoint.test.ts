import { createHash, createHmac } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { deriveKey, type KeyRing } from '#kit/keys.ts';
import { silentLog } from '#kit/log.ts';
import { createPassportIssuer, type Question } from '#kit/passport.ts';
import { createPool } from '#kit/postgres/pool.ts';
import { createSubgraph } from '#records/subgraph.ts';
import { serveSubgraph, type SubgraphServer } from '#records/subgraphServer.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { definitions } from '#subgraphs/definitions.ts';
import {
  firms,
  hidden,
  mark,
  type PlaceName,
  placeNames,
  sites,
  startWorld,
  type State,
  states,
  viewerOf,
  type World,
} from './world.ts';

// A subgraph trusts nobody for being on the same network: without a passport of the gateway it answers 401, and with
// one it enforces the policy again, as if the gateway had let everything through.

const passportKeys = [{ id: 'test', secret: Buffer.alloc(32, 7) }] as const satisfies KeyRing;
const otherKeys = [{ id: 'test', secret: Buffer.alloc(32, 8) }] as const satisfies KeyRing;
const names = definitions.map(({ name }) => name);

let world: World;
const servers = new Map<string, SubgraphServer>();
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  world = stack.use(await startWorld());
  for (const definition of definitions) {
    const pool = createPool({
      url: world.graph.database.url,
      role: `credit_${definition.name}`,
      applicationName: definition.name,
      max: 2,
      statementTimeoutMs: 5000,
    });
    const subgraph = stack.use(
      createSubgraph(definition, {
        pool,
        cursorKeys: passportKeys,
        digestKeys: passportKeys,
        log: silentLog,
        now: () => new Date(),
      }),
    );
    servers.set(
      definition.name,
      stack.use(
        await serveSubgraph(subgraph, {
          host: '127.0.0.1',
          port: 0,
          passportKeys,
          log: silentLog,
          now: () => new Date(),
        }),
      ),
    );
  }
});
afterAll(() => stack.disposeAsync());

const province = createViewer({
  ...publicViewer,
  role: 'PROVINCIAL_PLATFORM',
  organisation: sites.near.unit,
  province: '33',
  purposes: ['SUPERVISION'],
  purpose: 'SUPERVISION',
});
/** An `authorization` for the question that it goes with. */
type Authorization = string | ((question: Question) => string);
const passport =
  (
    subgraph: string,
    {
      viewer = publicViewer,
      keys = passportKeys,
      at = new Date(),
    }: { viewer?: Viewer; keys?: KeyRing; at?: Date } = {},
  ): ((question: Question) => string) =>
  (question) =>
    `Passport ${createPassportIssuer(keys, () => at)(viewer, subgraph, question)}`;

interface Ask {
  readonly method?: string;
  readonly authorization?: Authorization;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}
async function ask(
  subgraph: string,
  path: string,
  { method = 'POST', authorization, headers = {}, body }: Ask = {},
): Promise<{ status: number; text: string }> {
  const url = new URL(path, servers.get(subgraph)?.url);
  const sent = body === undefined ? '' : JSON.stringify(body);
  const displayed =
    typeof authorization === 'function'
      ? authorization({ method, path: url.pathname + url.search, body: sent })
      : authorization;
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? null : { 'content-type': 'application/json' }),
      ...(displayed === undefined ? null : { authorization: displayed }),
      ...headers,
    },
    ...(body === undefined ? null : { body: sent }),
  });
  return { status: response.status, text: await response.text() };
}

const refused = {
  status: 401,
  text: JSON.stringify({
    errors: [{ message: 'A passport of the gateway is needed.', extensions: { code: 'UNAUTHENTICATED' } }],
  }),
};
const moment = () => ({ validAt: '2026-11-01', knownAt: world.knownAt });
const service = () => ({ query: '{ _service { sdl } }', extensions: { moment: moment() } });

/**
 * With the claims of a good passport but for what is changed, and a seal for the question, by RFC 2104 and not by our
 * code.
 */
const forged =
  (subgraph: string, change: Change): ((question: Question) => string) =>
  ({ method, path, body }) => {
    const token = forgedToken(subgraph, change);
    const text = `${method}\n${path}\n${token}\n${createHash('sha256').update(body).digest('hex')}`;
    return (
      'Passport ' +
      `${token}~${createHmac('sha256', deriveKey(passportKeys[0], 'passport seal')).update(text).digest('hex')}`
    );
  };

interface Change {
  readonly header?: object;
  readonly payload?: object;
  readonly without?: string;
  readonly key?: Buffer | string;
  readonly algorithm?: jwt.Algorithm;
}
function forgedToken(subgraph: string, change: Change): string {
  const seconds = Math.floor(Date.now() / 1000);
  const { grant: _, ...viewer } = province;
  const claims: Record<string, unknown> = {
    viewer,
    iss: 'credit-graph-gateway',
    aud: subgraph,
    iat: seconds,
    exp: seconds + 30,
    ...change.payload,
  };
  if (change.without) delete claims[change.without];
  return jwt.sign(claims, change.key ?? deriveKey(passportKeys[0], 'passport'), {
    algorithm: change.algorithm ?? 'HS256',
    header: { alg: change.algorithm ?? 'HS256', kid: 'test', ...change.header } as jwt.JwtHeader,
  });
}

const outsiders: Record<string, (subgraph: string) => Ask> = {
  'nothing at all': () => ({}),
  'an empty passport': () => ({ authorization: 'Passport ' }),
  "a client's token": () => ({ authorization: `Bearer ${world.tokenOf(viewerOf.AUDITOR)}` }),
  "a client's token called a passport": () => ({ authorization: `Passport ${world.tokenOf(viewerOf.AUDITOR)}` }),
  'a passport called a token': (subgraph) => ({
    authorization: (question) => passport(subgraph)(question).replace('Passport', 'Bearer'),
  }),
  'a passport that ended a minute ago': (subgraph) => ({
    authorization: passport(subgraph, { viewer: province, at: new Date(Date.now() - 90_000) }),
  }),
  'a passport for another subgraph': (subgraph) => ({
    authorization: passport(names.find((name) => name !== subgraph) ?? '', { viewer: province }),
  }),
  'a passport of another gateway’s key': (subgraph) => ({
    authorization: passport(subgraph, { viewer: province, keys: otherKeys }),
  }),
  'an unsigned passport': (subgraph) => ({ authorization: forged(subgraph, { key: '', algorithm: 'none' }) }),
  'a passport signed by the raw key': (subgraph) => ({
    authorization: forged(subgraph, { key: passportKeys[0].secret }),
  }),
  'a passport of an unknown key': (subgraph) => ({ authorization: forged(subgraph, { header: { kid: '__proto__' } }) }),
  'a passport of another issuer': (subgraph) => ({ authorization: forged(subgraph, { payload: { iss: 'somebody' } }) }),
  'a passport without end': (subgraph) => ({ authorization: forged(subgraph, { without: 'exp' }) }),
  'a passport of an unknown role': (subgraph) => ({
    authorization: forged(subgraph, { payload: { viewer: { ...province, role: 'ROOT' } } }),
  }),
  'a passport without a viewer': (subgraph) => ({ authorization: forged(subgraph, { without: 'viewer' }) }),
  'headers that claim a role': () => ({
    headers: { 'x-role': 'AUDITOR', 'x-viewer': JSON.stringify(province), passport: 'x' },
  }),
  'a passport in the address': () => ({}),
};

describe.each(names)('%s', (subgraph) => {
  test.each(Object.entries(outsiders))('%s is refused at every path', async (name, outsider) => {
    const by = outsider(subgraph);
    const displayed = encodeURIComponent(passport(subgraph)({ method: 'GET', path: '/graphql', body: '' }));
    const inAddress = name === 'a passport in the address' ? `?authorization=${displayed}&passport=${displayed}` : '';
    expect(await ask(subgraph, `/graphql${inAddress}`, { ...by, body: service() })).toEqual(refused);
    expect(await ask(subgraph, `/graphql${inAddress}`, { ...by, method: 'GET' })).toEqual(refused);
    expect(await ask(subgraph, `/status${inAddress}`, { ...by, method: 'GET' })).toEqual(refused);
    expect(await ask(subgraph, `/filings/x/parts/1?kind=licence`, { ...by, method: 'PUT', body: {} })).toEqual(refused);
    expect(await ask(subgraph, '/heads?topic=NAME_LIST', { ...by, body: {} })).toEqual(refused);
    expect(await ask(subgraph, '/anything', { ...by, method: 'GET' })).toEqual(refused);
  });

  test('a good passport opens it, so the refusals were for the passport', async () => {
    const authorization = passport(subgraph);
    const body = { query: '{ __typename }', extensions: { moment: moment() } };
    for (const good of [authorization, forged(subgraph, {})])
      expect(await ask(subgraph, '/graphql', { authorization: good, body })).toEqual({
        status: 200,
        text: '{"data":{"__typename":"Query"}}',
      });
    expect((await ask(subgraph, '/status', { authorization, method: 'GET' })).status).toBe(200);
  });

  test('a captured passport opens it for no other question', async () => {
    const body = { query: '{ __typename }', extensions: { moment: moment() } };
    const captured = passport(subgraph, { viewer: province })({
      method: 'POST',
      path: '/graphql',
      body: JSON.stringify(body),
    });
    const other: readonly [string, Ask][] = [
      ['/graphql', { body: { ...body, query: '{ __typename __typename }' } }],
      ['/graphql', { body: { ...body, variables: {} } }],
      ['/graphql?x', { body }],
      ['/status', { method: 'GET' }],
      ['/heads?topic=NAME_LIST', { body }],
      ['/filings/x/parts/1?kind=licence', { method: 'PUT', body }],
      ['/source-units', { method: 'PUT', body }],
    ];
    for (const [path, asked] of other)
      expect([path, await ask(subgraph, path, { ...asked, authorization: captured })]).toEqual([path, refused]);
    expect((await ask(subgraph, '/graphql', { body, authorization: captured })).status).toBe(200);
  });

  test('the SDL of the subgraph is for nobody: the gateway composes from files', async () => {
    const { status, text } = await ask(subgraph, '/graphql', {
      authorization: passport(subgraph, { viewer: province }),
      body: service(),
    });
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        data: null,
        errors: [
          {
            message: 'Your role may not see this field.',
            path: ['_service', 'sdl'],
            extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
          },
        ],
      },
    ]);
  });

  test('the public files nothing', async () => {
    const kind = { entity: 'entity', disclosure: 'licence', namelist: 'name-list', evaluation: 'evaluation' }[subgraph];
    const { status, text } = await ask(subgraph, `/filings/x/parts/1?kind=${kind}`, {
      authorization: passport(subgraph),
      method: 'PUT',
      body: {},
    });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { errors: [{ message: 'Your role may not file records.', extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }] },
    ]);
  });
});

const operation = async (
  subgraph: string,
  viewer: Viewer,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ data: unknown; errors?: { path?: unknown; extensions: { code: string } }[] }> =>
  JSON.parse(
    (
      await ask(subgraph, '/graphql', {
        authorization: passport(subgraph, { viewer }),
        body: { query, variables, extensions: { moment: moment() } },
      })
    ).text,
  );

const file = (place: PlaceName): string => `creditFile(uscc: "${sites[place].uscc}")`;

/** A subgraph, and a document that selects a field of it that the public may not see. */
const restrictedSelections: [string, string][] = [
  ['entity', `{ entity(uscc: "${sites.near.uscc}") { name phone } }`],
  ['entity', `{ entity(uscc: "${sites.near.uscc}") { ...F } } fragment F on Entity { n: phone }`],
  [
    'entity',
    `{
      _entities(representations: [{ __typename: "Entity", uscc: "${sites.near.uscc}" }]) {
        ... on Entity { name phone }
      }
    }`,
  ],
  ['entity', `query ($r: [_Any!]!) { _entities(representations: $r) { ... on CreditFile { entity { phone } } } }`],
  ['disclosure', `{ ${file('near')} { administrativeActs(first: 5) { nodes { content remark } } } }`],
  [
    'disclosure',
    `{ ${file('near')} { administrativeActs(first: 5) { nodes { ... on CreditRecord { x: digest } } } } }`,
  ],
  ['disclosure', `{ ${file('near')} { commitments(first: 5) { nodes { matter provenance { sourceRecordId } } } } }`],
  ['namelist', `{ nameListEntries(filter: {}, first: 5) { nodes { grounds additionalFields { value } } } }`],
  ['evaluation', `{ ${file('near')} { evaluations { grade score } } }`],
  [
    'evaluation',
    `{ _entities(representations: [{ __typename: "Evaluation", id: "x" }]) { ... on Evaluation { score } } }`,
  ],
  [
    'evaluation',
    `query ($r: [_Any!]!, $no: Boolean = false) {
      _entities(representations: $r) {
        ... on Evaluation { grade s: score @skip(if: $no) indicators { code } }
      }
    }`,
  ],
];

describe('a passport of the public', () => {
  test.each(restrictedSelections)(
    '%s refuses a document that selects a restricted field, with no value: %s',
    async (subgraph, query) => {
      const result = await operation(
        subgraph,
        publicViewer,
        query,
        query.includes('$r')
          ? {
              r: [
                {
                  __typename: query.includes('CreditFile') ? 'CreditFile' : 'Evaluation',
                  id: 'x',
                  uscc: sites.near.uscc,
                  ...moment(),
                },
              ],
            }
          : {},
      );
      expect(result.data).toBeNull();
      expect(new Set(result.errors?.map(({ extensions }) => extensions.code))).toEqual(
        new Set(['UNAUTHORIZED_FIELD_OR_TYPE']),
      );
    },
  );

  test('a reference to a hidden record gives null, as one to no record', async () => {
    const auditor = createViewer({ ...province, role: 'AUDITOR', province: null });
    const ids = async (viewer: Viewer): Promise<string[]> => {
      const { data } = await operation(
        'disclosure',
        viewer,
        `{ ${file('near')} { administrativeActs(first: 100, kinds: [LICENCE]) { nodes { id } } } }`,
      );
      return (
        data as { creditFile: { administrativeActs: { nodes: { id: string }[] } } }
      ).creditFile.administrativeActs.nodes.map(({ id }) => id);
    };
    const published = await ids(publicViewer);
    const [one = ''] = published;
    const hiddenIds = (await ids(auditor)).filter((id) => !published.includes(id));
    expect([published.length, hiddenIds.length]).toEqual([1, 6]);
    const representations = [
      ...hiddenIds,
      one,
      Buffer.from(`AdministrativeLicence:${sites.near.uscc}:00000000-0000-4000-8000-000000000000`).toString(
        'base64url',
      ),
      'x',
    ].map((id) => ({ __typename: 'AdministrativeLicence', id }));
    const { data, errors } = await operation(
      'disclosure',
      publicViewer,
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on AdministrativeLicence { id } } }',
      { r: representations },
    );
    expect([data, errors]).toEqual([{ _entities: [...hiddenIds.map(() => null), { id: one }, null, null] }, undefined]);
  });
});

// What is followed is read without its content, but says whose it is, by which document and why.
describe.each([
  ['namelist', 'NAME_LIST', 'entry'],
  ['evaluation', 'EVALUATION', 'evaluation'],
] as const)('heads of %s', (subgraph, topic, kind) => {
  const heads = async (
    viewer: Viewer,
    codes: readonly string[] | null,
  ): Promise<{ text: string; found: { uscc: string; disclosure_level: string }[] }> => {
    const { status, text } = await ask(subgraph, `/heads?topic=${topic}`, {
      authorization: passport(subgraph, { viewer }),
      body: {
        codes,
        types: null,
        categories: null,
        provinces: null,
        sectors: null,
        knownAt: world.knownAt,
        validAt: null,
        after: null,
        limit: 1000,
      },
    });
    expect(status).toBe(200);
    return { text, found: JSON.parse(text) as { uscc: string; disclosure_level: string }[] };
  };
  const marks = (place: PlaceName, seen: readonly State[]): string[] =>
    states.filter((state) => !seen.includes(state)).map((state) => mark({ place, kind, state }, 'doc'));

  test('a public passport reads what is published, a self-employed business when asked alone', async () => {
    for (const place of placeNames) {
      const { found, text } = await heads(publicViewer, [sites[place].uscc]);
      expect(found.map(({ uscc, disclosure_level }) => [uscc, disclosure_level])).toEqual([
        [sites[place].uscc, 'PUBLIC'],
      ]);
      for (const hiddenMark of marks(place, ['PUBLIC'])) expect(text).not.toContain(hiddenMark);
    }
    expect((await heads(publicViewer, [sites.near.uscc, sites.far.uscc])).found).toEqual([]);
    const all = await heads(publicViewer, null);
    expect(all.found.map(({ uscc }) => uscc)).toEqual(
      [...(kind === 'entry' ? [hidden] : []), firms.near.uscc, firms.far.uscc].toSorted(),
    );
    for (const place of placeNames)
      for (const hiddenMark of marks(place, [])) expect(all.text).not.toContain(hiddenMark);
  });

  test('a passport of a province is given what is shared in its own, and published elsewhere', async () => {
    const near = await heads(province, [sites.near.uscc]);
    expect(near.found.map(({ disclosure_level }) => disclosure_level).toSorted()).toEqual([
      'GOV_SHARED',
      'PUBLIC',
      'PUBLIC',
      'PUBLIC',
    ]);
    for (const hiddenMark of marks('near', ['PUBLIC', 'GOV_SHARED', 'ENDED', 'FUTURE']))
      expect(near.text).not.toContain(hiddenMark);
    expect((await heads(province, [sites.far.uscc])).found.map(({ disclosure_level }) => disclosure_level)).toEqual([
      'PUBLIC',
    ]);
  });

  test('a passport of one who reads no data, or says no purpose, is given none', async () => {
    for (const viewer of [
      createViewer({ ...province, role: 'OPERATOR', province: null }),
      createViewer({ ...province, role: 'RULE_KEEPER', province: null }),
      createViewer({ ...province, purpose: null }),
    ]) {
      for (const codes of [null, [sites.near.uscc], [firms.near.uscc]])
        expect((await heads(viewer, codes)).found).toEqual([]);
    }
  });
});

test('a province’s passport shows restricted fields of its own rows alone, item by item', async () => {
  const score = (place: PlaceName) =>
    operation('evaluation', province, `{ ${file(place)} { evaluations { grade score } } }`);
  const [{ data: own, errors: none }, { data: others, errors }] = [await score('near'), await score('far')];
  expect([
    (own as { creditFile: { evaluations: { grade: string; score: unknown }[] } }).creditFile.evaluations.map((each) => [
      each.grade,
      typeof each.score,
    ]),
    none,
  ]).toEqual([[['B', 'number']], undefined]);
  expect([others, errors?.map(({ path, extensions }) => [path, extensions.code])]).toEqual([
    { creditFile: { evaluations: [{ grade: 'B', score: null }] } },
    [[['creditFile', 'evaluations', 0, 'score'], 'UNAUTHORIZED_FIELD_OR_TYPE']],
  ]);
});

test('a passport of a province without a purpose has to name one', async () => {
  const { data, errors } = await operation(
    'evaluation',
    createViewer({ ...province, purpose: null }),
    `{ ${file('near')} { evaluations { score } } }`,
  );
  expect([data, errors?.map(({ extensions }) => extensions.code)]).toEqual([null, ['PURPOSE_REQUIRED']]);
});
