import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createApi } from './api.ts';
import { renewedTokens } from './caller.ts';

interface Seen {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that returns these answers in turn, and the last one from then on. For null it closes the connection. */
async function serve(...answers: (readonly [status: number, body: string] | null)[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method, url: path, headers } = request;
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    seen.push({ method, path, headers, body: String(await buffer(request)) });
    if (!answer) return void request.socket.destroy();
    return void response.writeHead(answer[0], { 'content-type': 'application/json' }).end(answer[1]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a query is sent with token, purpose and variables, and its answer is given as it came', async () => {
  await using server = await serve([200, '{"data":{"a":null},"errors":[{"message":"no"}]}']);
  const api = createApi({ url: server.url, token: () => 'secret', purpose: 'AUDIT' });
  expect(await api.query('query q($n: Int) { a }', { n: 1 })).toEqual({
    data: { a: null },
    errors: [{ message: 'no' }],
  });
  const [{ method, path, headers, body } = expect.anything()] = server.seen;
  expect({
    method,
    path,
    authorization: headers.authorization,
    purpose: headers['x-purpose'],
    body: JSON.parse(body),
  }).toEqual({
    method: 'POST',
    path: '/graphql',
    authorization: 'Bearer secret',
    purpose: 'AUDIT',
    body: { query: 'query q($n: Int) { a }', variables: { n: 1 } },
  });
});

test('the public sends no authorization', async () => {
  await using server = await serve([200, '{"data":{}}']);
  await createApi({ url: server.url, token: () => null }).query('{ a }');
  expect(server.seen[0]?.headers).not.toHaveProperty('authorization');
});

test('what passes is tried again, the same bytes with their digest', async () => {
  const outcome = {
    rows: 1,
    added: 1,
    corrected: 0,
    unchanged: 0,
    rejected: 0,
    warned: 0,
    digest: '',
    rejectedRows: [],
  };
  await using server = await serve(null, [503, '{"errors":[{"message":"later"}]}'], [200, JSON.stringify(outcome)]);
  const api = createApi({ url: server.url, token: () => 'secret', attempts: 3, backoffMs: 1 });
  expect(await api.putPart('f 1', 2, Buffer.from('a,b\n1,2\n'), 'CSV')).toEqual(outcome);
  const expected = {
    method: 'PUT',
    path: '/filings/f%201/parts/2',
    type: 'text/csv',
    digest: `sha-256=:${createHash('sha256').update('a,b\n1,2\n').digest('base64')}:`,
    body: 'a,b\n1,2\n',
  };
  expect(
    server.seen.map(({ method, path, headers, body }) => ({
      method,
      path,
      type: headers['content-type'],
      digest: headers['content-digest'],
      body,
    })),
  ).toEqual([expected, expected, expected]);
});

test('what is refused is not tried again, and says why and what to do', async () => {
  await using server = await serve([
    401,
    '{"errors":[{"message":"The token has expired.","extensions":{"code":"UNAUTHENTICATED","reason":"EXPIRED"}}]}',
  ]);
  const api = createApi({ url: server.url, token: () => 'old', attempts: 3, backoffMs: 1 });
  const expired = expect.objectContaining({
    message: 'viewer: The token has expired. (UNAUTHENTICATED EXPIRED)',
    advice: expect.stringContaining('credit-graph token'),
  });
  await expect(api.ask('viewer', '{ viewer { role } }')).rejects.toEqual(expired);
  expect(server.seen).toHaveLength(1);
});

test('an address where nobody is, or something else is, is said to be so', async () => {
  const server = await serve([200, '<html>']);
  const api = createApi({ url: server.url, token: () => null, attempts: 2, backoffMs: 1 });
  await expect(api.query('{ a }')).rejects.toThrow(
    `${server.url}/graphql answered with HTTP status 200 and no GraphQL answer.`,
  );
  await server[Symbol.asyncDispose]();
  await expect(api.query('{ a }')).rejects.toThrow(`${server.url} cannot be reached (ECONNREFUSED).`);
});

test('a cancelled call ends at once and is not tried again', async () => {
  await using server = await serve(null);
  const api = createApi({
    url: server.url,
    token: () => null,
    attempts: 100,
    backoffMs: 10_000,
    signal: AbortSignal.timeout(50),
  });
  await expect(api.query('{ a }')).rejects.toThrow(/abort/i);
  expect(server.seen.length).toBeLessThanOrEqual(2);
});

test('a long load gets a new token before its last one ends', () => {
  let at = 0;
  let made = 0;
  const token = renewedTokens(
    { sign: () => String(++made) },
    { role: 'AUDITOR', organisation: 'x', purposes: [] },
    () => at,
  );
  const asked = [0, 10, 49, 50, 51, 99, 101].map((minute) => {
    at = minute * 60_000;
    return token();
  });
  expect(asked).toEqual(['1', '1', '1', '2', '2', '2', '3']);
});
