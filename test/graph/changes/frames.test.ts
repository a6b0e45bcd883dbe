import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import {
  createHandLive,
  transportOptions,
  type Frames,
  INIT,
  openAcknowledged,
  openFrames,
  openWebSocketTransport,
  subscribe,
} from '#test/support/transports.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { until } from '#test/support/until.ts';

// PROTOCOL.md P16: close codes are those of the table, on raw frames; and what a client that knows the protocol makes
// of it.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const ROLE = '{ viewer { role purpose } }';
const FOLLOW = 'subscription { nameListChanges(filter: {}) { __typename ... on Checkpoint { cursor } } }';

/** The real graph and tokens, with streams whose events a test sends by hand, or with shorter timeouts. */
const openTransport = (options: Partial<Parameters<typeof openWebSocketTransport>[0]> = {}) =>
  openWebSocketTransport({
    ...transportOptions({ graph: graph.gateway.graph, authenticator: graph.gateway.authenticator }),
    ...options,
  });

const expectClosed = async (frames: Frames, code: number, reason: string | RegExp): Promise<void> => {
  expect(await frames.closed).toEqual({
    code,
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
  });
};

test.each<[string, unknown]>([
  ['no JSON', 'hello'],
  ['bytes', Buffer.from('{"type":"ping"}')],
  ['a list', []],
  ['nothing', 'null'],
  ['an unknown type', { type: 'start', id: '1', payload: { query: ROLE } }],
  ["a server's message", { type: 'next', id: '1', payload: {} }],
  ['no type', { id: '1' }],
  ['a connection_init with a list', { type: 'connection_init', payload: [] }],
  ['a ping with a text', { type: 'ping', payload: 'x' }],
  ['a subscribe without id', { type: 'subscribe', payload: { query: ROLE } }],
  ['a subscribe with an empty id', { type: 'subscribe', id: '', payload: { query: ROLE } }],
  ['a subscribe with an id without end', { type: 'subscribe', id: 'x'.repeat(257), payload: { query: ROLE } }],
  ['a subscribe without query', { type: 'subscribe', id: '1', payload: {} }],
  ['a subscribe without payload', { type: 'subscribe', id: '1' }],
  ['a subscribe with a list of variables', { type: 'subscribe', id: '1', payload: { query: ROLE, variables: [] } }],
  ['a complete without id', { type: 'complete' }],
])('4400 for a message that is %s', async (_, message) => {
  await using frames = await openFrames(graph.url);
  frames.send(message);
  await expectClosed(frames, 4400, 'A message that is none of graphql-transport-ws.');
});

test('4401 for subscribe before connection_init, and before connection_ack', async () => {
  await using early = await openFrames(graph.url);
  early.send(subscribe('1', ROLE));
  await expectClosed(early, 4401, 'Subscribed before connection_ack.');
  await using transport = await openTransport({
    authenticator: { ...graph.gateway.authenticator, session: () => new Promise(() => {}) },
  });
  await using eager = await openFrames(transport.url);
  eager.send(INIT, subscribe('1', ROLE));
  await expectClosed(eager, 4401, 'Subscribed before connection_ack.');
});

test.each<[string, () => Record<string, unknown>, RegExp]>([
  [
    'is none',
    () => ({ authorization: 'Bearer x' }),
    /^The Authorization header is not one bearer token of this issuer\.$/,
  ],
  ['is no text', () => ({ authorization: 1 }), /^The Authorization header is not one bearer token/],
  ['is empty', () => ({ authorization: '' }), /^The Authorization header is not one bearer token/],
  [
    'is given twice',
    () => ({
      authorization: `Bearer ${graph.tokenOf('AUDITOR')}`,
      Authorization: `Bearer ${graph.tokenOf('AUDITOR')}`,
    }),
    /^The Authorization header is not one bearer token/,
  ],
  [
    'has ended',
    () => ({
      authorization:
        'Bearer ' +
        graph.issuer.token({ role: 'AUDITOR', organisation: '91110105MA0EEE1197' }, { payload: { iat: 1, exp: 2 } }),
    }),
    /^The token has expired/,
  ],
  [
    'has no grant',
    () => ({ authorization: `Bearer ${graph.issuer.token({ role: 'AUDITOR', organisation: '91110105MA0EEE1197' })}` }),
    /^The organisation has no grant/,
  ],
  [
    'does not allow the purpose',
    () => ({ authorization: `Bearer ${graph.tokenOf('AUDITOR')}`, 'x-purpose': 'NEWS' }),
    /^The token does not allow the purpose "NEWS"; it allows: AUDIT, SUPERVISION, LEGAL_REVIEW\.$/,
  ],
])('4403 for a token that %s, and never the public', async (_, payload, reason) => {
  await using frames = await openFrames(graph.url);
  frames.send({ ...INIT, payload: payload() });
  await expectClosed(frames, 4403, reason);
});

test('4403 for a bad token in the headers of the upgrade, and for two of them', async () => {
  const token = `Bearer ${graph.tokenOf('AUDITOR')}`;
  for (const authorization of ['Bearer x', [token, token]]) {
    await using frames = await openFrames(graph.url, { headers: { authorization } });
    frames.send(INIT);
    await expectClosed(frames, 4403, /bearer token/);
  }
});

test('the headers of the upgrade name the caller, and connection_init comes first', async () => {
  const headers = { authorization: `Bearer ${graph.tokenOf('AUDITOR')}`, 'x-purpose': 'SUPERVISION' };
  const who = async (payload: Record<string, unknown>): Promise<unknown> => {
    await using frames = await openFrames(graph.url, { headers });
    frames.send({ ...INIT, payload });
    await frames.next();
    frames.send(subscribe('1', ROLE));
    return ((await frames.next())['payload'] as { data: { viewer: unknown } }).data.viewer;
  };
  expect(await who({})).toEqual({ role: 'AUDITOR', purpose: 'SUPERVISION' });
  expect(await who({ authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}` })).toEqual({
    role: 'NATIONAL_CENTRE',
    purpose: 'SUPERVISION',
  });
  expect(await who({ 'x-purpose': 'AUDIT' })).toEqual({ role: 'AUDITOR', purpose: 'AUDIT' });
});

test('4403 once a grant has ended or the token was revoked, at the next thing that is asked', async () => {
  const [organisation, role] = ['91110105MA0EEE1197', 'IMPLEMENTER'];
  const change = async (
    field: string,
    type: string,
    input: Record<string, unknown>,
    selection = '__typename',
  ): Promise<Record<string, unknown>> =>
    (
      await graph.query('OPERATOR', `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, {
        input: { idempotencyKey: `frames ${field}`, ...input },
      })
    ).body.data?.[field] as Record<string, unknown>;
  const { grant } = (await change(
    'grantRole',
    'GrantRoleInput',
    { organisation, role, province: '33' },
    '... on RoleGranted { grant { id } }',
  )) as { grant: { id: string } };
  const [token, revoked] = [
    graph.issuer.token({ role, organisation }),
    graph.issuer.token({ role, organisation }, { payload: { jti: 'frames' } }),
  ];
  await using holds = await openAcknowledged(graph.url, { authorization: `Bearer ${token}` });
  await using loses = await openAcknowledged(graph.url, { authorization: `Bearer ${revoked}` });
  const roleOf = async (frames: Frames, id: string): Promise<unknown> => {
    frames.send(subscribe(id, ROLE));
    const { payload } = await frames.next();
    await frames.next();
    return (payload as { data: { viewer: unknown } }).data.viewer;
  };
  for (const frames of [holds, loses]) expect(await roleOf(frames, '1')).toEqual({ role, purpose: null });
  await change('revokeToken', 'RevokeTokenInput', { tokenId: 'frames', reason: 'lost' });
  loses.send(subscribe('2', ROLE));
  await expectClosed(loses, 4403, /revoked/);
  expect(await roleOf(holds, '2')).toEqual({ role, purpose: null });
  await change('endGrant', 'EndGrantInput', { id: grant.id });
  holds.send(subscribe('3', ROLE));
  await expectClosed(holds, 4403, /grant has changed/);
});

test('4406 for another sub-protocol, and for none', async () => {
  await using old = await openFrames(graph.url, { protocols: 'graphql-ws' });
  await expectClosed(old, 4406, 'The only sub-protocol is graphql-transport-ws.');
  await using none = await openFrames(graph.url, { protocols: [] });
  await expectClosed(none, 4406, 'The only sub-protocol is graphql-transport-ws.');
  await using both = await openFrames(graph.url, { protocols: ['graphql-ws', 'graphql-transport-ws'] });
  both.send(INIT);
  expect([both.socket.protocol, await both.next()]).toEqual(['graphql-transport-ws', { type: 'connection_ack' }]);
});

test('4408 without connection_init in time, and not once it came', async () => {
  await using transport = await openTransport({ timing: { initMs: 1000 } });
  await using greeted = await openAcknowledged(transport.url);
  await using silent = await openFrames(transport.url);
  await expectClosed(silent, 4408, 'No connection_init in time.');
  expect(greeted.socket.readyState).toBe(WebSocket.OPEN);
});

test('4409 for a second subscribe with an id in use, and not for one that is free again', async () => {
  await using frames = await openAcknowledged(graph.url);
  for (const _ of [1, 2]) {
    frames.send(subscribe('1', ROLE));
    expect([(await frames.next())['type'], (await frames.next())['type']]).toEqual(['next', 'complete']);
  }
  frames.send(subscribe('1', FOLLOW));
  expect((await frames.next())['type']).toBe('next');
  frames.send(subscribe('1', ROLE));
  await expectClosed(frames, 4409, 'A second subscribe with an id that is in use.');
});

test('4413 with the last cursor, behind all that was sent before', async () => {
  const live = createHandLive();
  await using transport = await openTransport({ live });
  await using frames = await openAcknowledged(transport.url);
  frames.send(subscribe('1', FOLLOW));
  const { sink } = await live.begun();
  sink.next('{"data":{}}', 'c1');
  sink.end('SLOW_CONSUMER', 'c1');
  expect(await frames.next()).toEqual({ id: '1', type: 'next', payload: { data: {} } });
  await expectClosed(frames, 4413, 'c1');
});

test('4429 for a second connection_init, before and after it was acknowledged', async () => {
  await using frames = await openAcknowledged(graph.url);
  frames.send(INIT);
  await expectClosed(frames, 4429, 'A second connection_init.');
  await using eager = await openFrames(graph.url);
  eager.send(INIT, INIT);
  await expectClosed(eager, 4429, 'A second connection_init.');
});

test('4429 for more than 100 subscriptions on one connection', async () => {
  const live = createHandLive();
  await using transport = await openTransport({ live });
  await using frames = await openAcknowledged(transport.url);
  const streams = [];
  for (let index = 0; index < 100; index++) {
    frames.send(subscribe(`${index}`, FOLLOW));
    streams.push(await live.begun());
  }
  frames.send({ id: '0', type: 'complete' }, subscribe('another', FOLLOW));
  streams.push(await live.begun());
  frames.send(subscribe('101', FOLLOW));
  await expectClosed(frames, 4429, 'More than 100 subscriptions on one connection.');
  expect(streams.every(({ isStopped }) => isStopped())).toBe(true);
});

test('1012 when the instance goes away', async () => {
  const transport = await openTransport();
  await using frames = await openAcknowledged(transport.url);
  await Promise.all([
    transport[Symbol.asyncDispose](),
    expectClosed(frames, 1012, 'This instance is going away: come back.'),
  ]);
});

test('a message that is larger than a request may be is the end, before it is read', async () => {
  await using frames = await openAcknowledged(graph.url);
  frames.send({ type: 'ping', payload: { x: 'x'.repeat(4 * 1024 * 1024) } });
  await expectClosed(frames, 1009, '');
});

test('the bytes of a connection are those of RFC 6455 and of the protocol', async () => {
  const socket = connect(Number(new URL(graph.url).port), '127.0.0.1');
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  /** A text frame as a client sends it: final, masked (with zeros). */
  const frame = (text: string): Buffer =>
    Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
  socket.write(
    'GET /graphql HTTP/1.1\r\nHost: gateway.test\r\nX-Request-Id: bytes-1\r\nConnection: Upgrade\r\n' +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ' +
      'dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n' +
      'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
  );
  socket.write(frame('{"type":"connection_init"}'));
  socket.write(frame('{"type":"connection_init"}'));
  await until('the close frame', () => bytes.includes('A second connection_init.'));
  const head = bytes.subarray(0, bytes.indexOf('\r\n\r\n')).toString();
  expect(head.split('\r\n')).toEqual([
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    'x-request-id: bytes-1',
  ]);
  const reason = 'A second connection_init.';
  expect(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).toString('latin1')).toBe(
    `\x88${String.fromCharCode(2 + reason.length)}\x11\x4d${reason}`,
  ); // 0x114d is 4429
  socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x11, 0x4d]));
  await ended;
});

test('the errors of an operation have the same words over every transport', async () => {
  await using frames = await openAcknowledged(graph.url);
  const texts = [
    '{ viewer { role ',
    '{ viewer { rol } entity(usc: "x") { uscc } nameListChanges(filter: { kindz: [X] }) { hasMore } }',
    '{ entity(uscc: "91110105MA0EEE1198") { uscc } }',
    '{ searchEntities(query: "示例") { nodes { uscc } } }',
    'query ($uscc: USCC!) { entity(uscc: $uscc) { uscc } }',
    'query A { viewer { role } } query B { viewer { role } }',
    `{ ${Array.from({ length: 8 }, (_, index) => `nope${index}`).join(' ')} }`,
    `${'{ a '.repeat(20)}${'}'.repeat(20)}`,
  ];
  for (const [index, query] of texts.entries()) {
    const { errors } = (await graph.query('PUBLIC', query)).body;
    expect(errors?.length).toBeGreaterThan(0);
    frames.send(subscribe(`${index}`, query));
    expect(await frames.next()).toEqual({ id: `${index}`, type: 'error', payload: errors });
    const events = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    });
    expect([events.status, await events.json()]).toEqual([400, { errors }]);
  }
});

test('a client of the protocol asks, changes and follows', async () => {
  const client = createClient({
    url: `${graph.url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${graph.tokenOf('NATIONAL_CENTRE')}`, 'x-purpose': 'SUPERVISION' },
    retryAttempts: 0,
  });
  try {
    const answers = [];
    for await (const answer of client.iterate({ query: ROLE })) answers.push(answer);
    expect(answers).toEqual([
      {
        data: { viewer: { role: 'NATIONAL_CENTRE', purpose: 'SUPERVISION' } },
        extensions: { completeness: { status: 'COMPLETE', missing: [] } },
      },
    ]);
    const changed = [];
    for await (const answer of client.iterate({
      query: 'mutation ($input: CreateFilingInput!) { createFiling(input: $input) { __typename } }',
      variables: { input: { idempotencyKey: 'frames', kind: 'licence', format: 'CSV', partsExpected: 1 } },
    }))
      changed.push(answer.data);
    expect(changed).toEqual([{ createFiling: { __typename: 'FilingCreated' } }]);
    const stream = client.iterate<{ nameListChanges: { __typename: string; cursor: string } }>({ query: FOLLOW });
    const { value } = await stream.next();
    expect(value).toEqual({
      data: { nameListChanges: { __typename: 'Checkpoint', cursor: expect.any(String) } },
      extensions: { cursor: expect.any(String) },
    });
    await stream.return?.(undefined);
    await expect(client.iterate({ query: '{ nothing }' }).next()).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  } finally {
    await client.dispose();
  }
});
