import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AssertionJudge, createAssertionJudge, TokenRefused } from './clientAssertion.ts';
import { type Client, readClients } from './clients.ts';
import { Failure } from './failure.ts';
import { openIssuer, type Issuer } from './issuer.ts';
import type { Settings } from './settings.ts';

// The development issuer as a server that listens on this machine alone. Machine clients obtain their tokens from it as
// from a real issuer (OAuth 2.0, `client_credentials` with `private_key_jwt`).

export interface IssuerServer extends AsyncDisposable {
  readonly url: string;
}

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 16 * 1024;
const REQUEST_MS = 5000;
const MAX_CONNECTIONS = 50;
/** In seconds. A machine requests a new token when this one expires. */
const TOKEN_TTL = 900;
const GRANT_TYPE = 'client_credentials';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Serves `POST /token`, `GET /jwks.json` and `GET /.well-known/oauth-authorization-server` (RFC 8414).
 * @param options.port 0 for any free port
 * @throws Failure in production, and when the port is taken
 */
export async function serveIssuer(
  settings: Settings,
  options: { readonly port: number; readonly now?: () => Date },
): Promise<IssuerServer> {
  const issuer = await openIssuer(settings);
  // `openIssuer` has just published this file.
  const jwks = JSON.parse(await readFile(join(settings.dataDir, 'issuer', 'jwks.json'), 'utf8')) as object;
  const now = options.now ?? (() => new Date());
  const server = createServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    connectionsCheckingInterval: 1000,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(options.port, HOST);
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Failure(`The issuer cannot listen at ${HOST}:${options.port} (${reason}).`, {
      advice: 'Give another --port.',
      cause: error,
    });
  }
  const { port } = server.address() as AddressInfo; // listening on a port, so it is one
  const names = [`${HOST}:${port}`, `localhost:${port}`];
  const url = `http://${HOST}:${port}`;
  const judge = createAssertionJudge([settings.jwtIssuer, ...names.map((name) => `http://${name}/token`)], now);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A page of another site whose name resolves to this machine (DNS rebinding) sends that name.
    if (!names.includes(request.headers.host ?? ''))
      return send(response, 421, {
        error: 'invalid_request',
        error_description: `This issuer answers to ${names.join(' and ')} alone.`,
      });
    const { pathname } = new URL(request.url ?? '/', url);
    if (request.method === 'GET' && pathname === '/jwks.json') return send(response, 200, jwks);
    if (request.method === 'GET' && pathname === '/.well-known/oauth-authorization-server')
      return send(response, 200, metadata(settings.jwtIssuer, url));
    if (pathname !== '/token')
      return send(response, 404, {
        error: 'invalid_request',
        error_description: 'There are /token, /jwks.json and /.well-known/oauth-authorization-server.',
      });
    if (request.method !== 'POST')
      return send(response.setHeader('allow', 'POST'), 405, {
        error: 'invalid_request',
        error_description: 'A token is asked for by POST.',
      });
    return send(response, 200, grant(issuer, judge, await readClients(settings.dataDir), await readForm(request)));
  };
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof TokenRefused)) process.stderr.write(`The issuer could not answer: ${String(error)}\n`);
      const {
        error: code,
        status,
        message,
      } = error instanceof TokenRefused
        ? error
        : { error: 'server_error', status: 500, message: 'The issuer could not answer.' };
      send(response, status, { error: code, error_description: printable(message) });
    });
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const metadata = (issuer: string, url: string) => ({
  issuer,
  token_endpoint: `${url}/token`,
  jwks_uri: `${url}/jwks.json`,
  response_types_supported: [],
  grant_types_supported: [GRANT_TYPE],
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256'],
});

/** @throws TokenRefused */
function grant(issuer: Issuer, assertions: AssertionJudge, clients: readonly Client[], form: URLSearchParams): object {
  const given = (name: string): string | null => {
    const values = form.getAll(name);
    if (values.length > 1) throw new TokenRefused('invalid_request', `${name} is given twice.`);
    return values[0] ?? null;
  };
  const grantType = given('grant_type');
  if (grantType === null) throw new TokenRefused('invalid_request', `grant_type is missing: it is ${GRANT_TYPE}.`);
  if (grantType !== GRANT_TYPE)
    throw new TokenRefused(
      'unsupported_grant_type',
      `grant_type is ${grantType.slice(0, 40)}; only ${GRANT_TYPE} is given here.`,
    );
  if (given('client_assertion_type') !== ASSERTION_TYPE)
    throw new TokenRefused('invalid_client', `client_assertion_type has to be ${ASSERTION_TYPE}.`);
  const client = assertions.judge(given('client_assertion') ?? '', clients);
  const named = given('client_id');
  if (named !== null && named !== client.id)
    throw new TokenRefused('invalid_client', 'client_id is not the client of the assertion.');
  const { purposes, ...claims } = client.claims;
  const wanted = given('scope')?.split(' ').filter(Boolean) ?? purposes;
  const foreign = wanted.find((purpose) => !purposes.includes(purpose));
  if (foreign !== undefined)
    throw new TokenRefused(
      'invalid_scope',
      `The client may not read for ${foreign.slice(0, 40)}; it may for ${purposes.join(' ') || 'nothing'}.`,
    );
  const token = issuer.sign({ ...claims, purposes: wanted, client: client.id }, TOKEN_TTL);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: TOKEN_TTL,
    ...(wanted.length > 0 ? { scope: wanted.join(' ') } : null),
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type))
    throw new TokenRefused('invalid_request', 'The body is application/x-www-form-urlencoded.', 415);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new TokenRefused('invalid_request', `The body has at most ${MAX_BODY_BYTES} bytes.`, 413);
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The characters that RFC 6749 §5.2 allows in a description. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');

function send(response: ServerResponse, status: number, body: object): void {
  const isUnread = status === 413;
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'x-content-type-options': 'nosniff',
      ...(isUnread ? { connection: 'close' } : null),
    })
    .end(`${JSON.stringify(body)}\n`);
}
