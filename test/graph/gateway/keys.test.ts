import { askGateway, organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { ISSUER, type IssuerKey, type KeyServer, newKey, signed, startKeyServer } from '#test/support/keyServer.ts';
import { type Following, followBySse, followByWebSocket } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';

// docs/KEYS.md as clients meet it: by HTTP, by WebSocket and by server-sent events. The rows of its table stand in
// gateway/auth/keySet.test.ts.

const WHO = '{ viewer { role } }';
const STREAM = 'subscription { nameListChanges(filter: {}) { __typename } }';
const { organisation } = organisationOf('NATIONAL_CENTRE');

let graph: TestGraph;
let server: KeyServer;
let first: IssuerKey;
let moved = 0;
const now = (): Date => new Date(Date.now() + moved);
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  first = await newKey('first');
  server = stack.use(await startKeyServer(first));
  graph = stack.use(
    await startGraph({
      now,
      issuer: { jwksUrl: server.url, jwtIssuer: ISSUER, keySetTimes: { refreshMs: 60_000, graceMs: 3_600_000 } },
    }),
  );
});
afterAll(() => stack.disposeAsync());

const token = (key: IssuerKey = first, payload: object = {}): Promise<string> =>
  signed(key, now(), { payload: { sub: organisation, ...payload } });
const ask = async (by: string): Promise<unknown> => {
  const { status, body, headers } = await askGateway(graph.url, by, WHO);
  const { code, reason, retryable } = body.errors?.[0]?.extensions ?? {};
  return status === 200 ? body.data : { status, code, reason, retryable, retryAfter: headers.get('retry-after') };
};
const ready = async (): Promise<{ status: string; issuer: unknown }> =>
  (await fetch(`${graph.url}/health/ready`)).json() as never;

const good = { viewer: { role: 'NATIONAL_CENTRE' } };
const unknown = { status: 401, code: 'UNAUTHENTICATED', reason: 'KEY', retryable: undefined, retryAfter: null };
const later = { status: 503, code: 'SUBGRAPH_UNAVAILABLE', reason: undefined, retryable: true, retryAfter: '5' };

test('a withdrawn key ends at every transport what its tokens began, and a stream of another key goes on', async () => {
  const second = await newKey('second');
  server.publish(first, second);
  moved += 11_000; // an unknown key is looked for once in ten seconds
  const [old, other] = [await token(), await token(second)];
  expect([await ask(old), await ask(other)]).toEqual([good, good]);
  const open: Following[] = [
    stack.use(await followByWebSocket(graph.url, old, STREAM)),
    stack.use(await followBySse(graph.url, old, STREAM)),
  ];
  const goesOn = stack.use(await followByWebSocket(graph.url, other, STREAM));
  await Promise.all([...open, goesOn].map((stream) => stream.next()));

  server.publish(second);
  moved += 61_000;
  const [socket] = await Promise.all(open.map(({ ended }) => ended));
  expect(socket).toEqual({ code: 4403, reason: expect.any(String) });
  expect([await ask(old), await ask(await token()), await ask(other)]).toEqual([unknown, unknown, good]);
  await goesOn.next(); // a checkpoint after that

  server.publish(first, second);
});

test('while the issuer is away known keys serve, unknown ones are 503, and readiness shows it', async () => {
  moved += 61_000;
  const old = await token();
  expect(await ask(old)).toEqual(good);
  await server.goAway();
  try {
    moved += 61_000;
    await until('the gateway has noticed', async () => (await ready()).status === 'degraded');
    expect(await ready()).toMatchObject({ status: 'degraded', issuer: { state: 'degraded' } });
    expect([await ask(old), await ask(await token()), await ask(await token(await newKey('third')))]).toEqual([
      good,
      good,
      later,
    ]);
    const operator = organisationOf('OPERATOR').organisation;
    const metrics = await fetch(`${graph.url}/metrics`, {
      headers: { authorization: `Bearer ${await token(first, { sub: operator, role: 'OPERATOR', purposes: [] })}` },
    });
    expect(await metrics.text()).toMatch(/^credit_graph_issuer_reachable 0$/m);
    expect((await askGateway(graph.url, null, WHO)).body.data).toEqual({ viewer: { role: 'PUBLIC' } });
  } finally {
    await server.restart();
  }
  moved += 11_000;
  await until('the issuer is heard again', async () => (await ready()).status === 'ok');
});
