import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { examine, type Finding, findingLines } from './doctor.ts';
import { Failure } from './failure.ts';

// Each finding that `credit-graph doctor` can have about a gateway, and how it is printed. The findings about this
// machine's configuration, the exit codes and --json are in test/e2e/doctor/doctor.test.ts, with real processes.

/** An answer by path, or by the field of a query: a body as JSON, or a text as it is. */
type Answers = Readonly<Record<'/health/live' | '/health/ready' | 'viewer' | 'entity', readonly [number, unknown]>>;
const sound: Answers = {
  '/health/live': [200, { status: 'ok' }],
  '/health/ready': [200, { status: 'ok', unavailable: [] }],
  viewer: [200, { data: { viewer: { role: 'PUBLIC', organisation: null } } }],
  entity: [200, { data: { entity: { name: '示例' } } }],
};

async function serve(answers: Partial<Answers>) {
  const given = { ...sound, ...answers };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const asked = request.url === '/graphql' ? (body.includes('viewer') ? 'viewer' : 'entity') : request.url;
    const [status, answer] = given[asked as keyof Answers];
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
const nobody = () => Promise.resolve(() => null);
/** The findings without the address, which differs each time. */
async function find(answers: Partial<Answers>, node = '24.21.0'): Promise<Finding[]> {
  await using server = await serve(answers);
  return JSON.parse(
    JSON.stringify(await examine(server.url, nobody, node)).replaceAll(server.url, 'http://gateway'),
  ) as Finding[];
}
const IS_IT = 'Is this the address of a Credit Graph gateway?';
const good: readonly Finding[] = [
  { check: 'node', state: 'ok', message: 'Node 24.21.0' },
  { check: 'address', state: 'ok', message: 'http://gateway answers' },
  { check: 'sources', state: 'ok', message: 'all sources are available' },
  { check: 'token', state: 'ok', message: 'none is used: you are the public' },
  { check: 'data', state: 'ok', message: 'the demo data is there' },
];
const withOther = (other: Finding): Finding[] => good.map((each) => (each.check === other.check ? other : each));

test('where all is well it says so of each thing', async () => {
  expect(await find({})).toEqual(good);
});

test.each<[string, Partial<Answers>, Finding]>([
  [
    'sources that are away',
    { '/health/ready': [503, { status: 'unavailable', unavailable: ['entity', 'namelist'] }] },
    {
      check: 'sources',
      state: 'problem',
      message: 'unavailable: entity, namelist',
      advice: 'Look at the logs of those subgraphs, and at the database.',
    },
  ],
  [
    'a gateway that is degraded though its sources answer',
    {
      '/health/ready': [
        200,
        {
          status: 'degraded',
          unavailable: [],
          database: { state: 'ok' },
          log: { state: 'degraded' },
          issuer: { state: 'unavailable' },
        },
      ],
    },
    {
      check: 'sources',
      state: 'note',
      message: 'all sources are available; degraded: log, issuer',
      advice: 'Look at /health/ready and at the log of the gateway.',
    },
  ],
  ...(['<html>', '[]', '{"unavailable":"entity"}', 'null', '{}'] as const).map(
    (body): [string, Partial<Answers>, Finding] => [
      `a readiness that cannot be read: ${body}`,
      { '/health/ready': [200, body] },
      { check: 'sources', state: 'problem', message: '/health/ready gives no answer that can be read', advice: IS_IT },
    ],
  ),
  [
    'a token of an organisation',
    { viewer: [200, { data: { viewer: { role: 'AUDITOR', organisation: '91110105MA0EEE1197' } } }] },
    { check: 'token', state: 'ok', message: 'you are 91110105MA0EEE1197 as AUDITOR' },
  ],
  [
    'a token that is refused, with what to do',
    {
      viewer: [
        401,
        { errors: [{ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED', reason: 'EXPIRED' } }] },
      ],
    },
    {
      check: 'token',
      state: 'problem',
      message: 'viewer: The token has expired. (UNAUTHENTICATED EXPIRED)',
      advice: 'Ask for a new token: `credit-graph token --role …`.',
    },
  ],
  [
    'a token that is refused for a reason without advice',
    {
      viewer: [
        401,
        {
          errors: [
            { message: 'The signature is wrong.', extensions: { code: 'UNAUTHENTICATED', reason: 'SIGNATURE' } },
          ],
        },
      ],
    },
    { check: 'token', state: 'problem', message: 'viewer: The signature is wrong. (UNAUTHENTICATED SIGNATURE)' },
  ],
  [
    'demo data that is not there',
    { entity: [200, { data: { entity: null }, errors: [{ message: 'x', extensions: { code: 'NOT_FOUND' } }] }] },
    {
      check: 'data',
      state: 'note',
      message: 'the demo data is not there',
      advice: '`npm start` loads it; where real data is filed it is not missed.',
    },
  ],
  [
    'a graph that refuses',
    { entity: [503, { errors: [{ message: 'None of the sources can be reached now: ask again later.' }] }] },
    {
      check: 'data',
      state: 'problem',
      message: 'the graph does not answer: None of the sources can be reached now: ask again later.',
      advice: 'Look at the log of the gateway.',
    },
  ],
  [
    'a graph that answers nothing',
    { entity: [200, { data: { entity: null } }] },
    {
      check: 'data',
      state: 'problem',
      message: 'the graph does not answer: no data',
      advice: 'Look at the log of the gateway.',
    },
  ],
  [
    'a graph that answers no GraphQL',
    { entity: [404, '<html>'] },
    {
      check: 'data',
      state: 'problem',
      message: 'http://gateway/graphql answered with HTTP status 404 and no GraphQL answer.',
      advice: IS_IT,
    },
  ],
])('%s', async (_, answers, finding) => {
  expect(await find(answers)).toEqual(withOther(finding));
});

test('a Node that is too old is a problem, and the rest is looked at all the same', async () => {
  expect(await find({}, '20.1.0')).toEqual(
    withOther({
      check: 'node',
      state: 'problem',
      message: 'Node 20.1.0',
      advice: 'Node 24 is needed. It comes with `npm ci`: start everything through npm or npx.',
    }),
  );
});

test('where something else answers at the address, no more requests are sent to it', async () => {
  expect(await find({ '/health/live': [404, 'nothing here'] })).toEqual([
    good[0],
    { check: 'address', state: 'problem', message: 'http://gateway/health/live has HTTP status 404', advice: IS_IT },
  ]);
});

test('where nobody answers it says what starts one', async () => {
  const { url } = await (async () => {
    await using server = await serve({});
    return server;
  })();
  expect(await examine(url, nobody, '24.21.0')).toEqual([
    good[0],
    {
      check: 'address',
      state: 'problem',
      message: `${url} cannot be reached (ECONNREFUSED).`,
      advice: 'Is the gateway running? `npm start` starts one; --url or CREDIT_GRAPH_URL names another.',
    },
  ]);
});

test('a token that cannot be had is a problem of its own', async () => {
  await using server = await serve({});
  const findings = await examine(server.url, () => Promise.reject(new Failure('There is no role X.')), '24.21.0');
  expect(findings.find(({ check }) => check === 'token')).toEqual({
    check: 'token',
    state: 'problem',
    message: 'There is no role X.',
  });
  expect(findings).toHaveLength(5);
});

test('what is no failure of the world is a mistake of ours, and is not taken for a finding', async () => {
  await using server = await serve({});
  await expect(examine(server.url, () => Promise.reject(new TypeError('ours')), '24.21.0')).rejects.toThrow(TypeError);
});

test('each finding is a line, and its advice one below', () => {
  expect(
    findingLines([
      { check: 'node', state: 'ok', message: 'Node 24.21.0' },
      { check: 'sources', state: 'problem', message: 'unavailable: entity', advice: 'Look at the logs.' },
      { check: 'data', state: 'note', message: 'the demo data is not there', advice: '`npm start` loads it.' },
    ]),
  ).toBe(`ok       node     Node 24.21.0
problem  sources  unavailable: entity
                  Look at the logs.
note     data     the demo data is not there
                  \`npm start\` loads it.
`);
});
