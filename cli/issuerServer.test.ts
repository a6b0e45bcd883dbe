import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createRemoteJWKSet,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  type GenerateKeyPairResult,
  jwtVerify,
  SignJWT,
} from 'jose';
import * as oauth from 'oauth4webapi';
import { clientOf, registerClient } from './clients.ts';
import { claimsFor } from './demoRoles.ts';
import { type IssuerServer, serveIssuer } from './issuerServer.ts';
import { readSettings, type Settings } from './settings.ts';

// Machine clients by a public OAuth library (`oauth4webapi`), by openssl and curl, and hostile ones.

let settings: Settings;
let server: IssuerServer;
const keys: Record<'ec' | 'rsa' | 'stranger', GenerateKeyPairResult> = {} as never;
const at = { moved: 0 };
// The clock is moved by hand alone, so a slow machine changes nothing.
const begun = Date.now();
const now = (): Date => new Date(begun + at.moved);
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'credit-graph-clients-'));
  stack.defer(() => rm(dataDir, { recursive: true }));
  settings = readSettings({ DATA_DIR: dataDir });
  for (const [name, alg] of [
    ['ec', 'ES256'],
    ['rsa', 'RS256'],
    ['stranger', 'ES256'],
  ] as const)
    keys[name] = await generateKeyPair(alg, { extractable: true });
  for (const name of ['ec', 'rsa'] as const)
    await registerClient(
      dataDir,
      clientOf(
        `bank-${name}`,
        await exportSPKI(keys[name].publicKey),
        claimsFor({ role: 'FINANCIAL_INSTITUTION', purposes: ['CREDIT_GRANTING', 'POST_LOAN'] }),
      ),
    );
  server = stack.use(await serveIssuer(settings, { port: 0, now }));
});
afterAll(() => stack.disposeAsync());
beforeEach(() => (at.moved = 0));

const seconds = (): number => Math.floor(now().getTime() / 1000);
const assertion = (
  change: object = {},
  key: GenerateKeyPairResult['privateKey'] = keys.ec.privateKey,
  alg = 'ES256',
): Promise<string> =>
  new SignJWT({
    iss: 'bank-ec',
    sub: 'bank-ec',
    aud: settings.jwtIssuer,
    jti: crypto.randomUUID(),
    iat: seconds(),
    exp: seconds() + 60,
    ...change,
  })
    .setProtectedHeader({ alg })
    .sign(key);
const form = (client_assertion: string, more: Record<string, string> = {}): Record<string, string> => ({
  grant_type: 'client_credentials',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion,
  ...more,
});
async function ask(
  body: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; cache: string | null; body: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/token`, { method: 'POST', body: new URLSearchParams(body), headers });
  return {
    status: response.status,
    cache: response.headers.get('cache-control'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

test.each(['ec', 'rsa'] as const)(
  'a public OAuth library gets a token with a key of kind %s, and jose finds it good by the published keys',
  async (kind) => {
    const discovered = await fetch(`${server.url}/.well-known/oauth-authorization-server`);
    const as = await oauth.processDiscoveryResponse(new URL(settings.jwtIssuer), discovered);
    const client: oauth.Client = { client_id: `bank-${kind}` };
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.PrivateKeyJwt(keys[kind].privateKey),
      new URLSearchParams({ scope: 'CREDIT_GRANTING' }),
      { [oauth.allowInsecureRequests]: true },
    );
    const result = await oauth.processClientCredentialsResponse(as, client, response);
    expect(result).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 900,
      scope: 'CREDIT_GRANTING',
    });
    const { payload } = await jwtVerify(result.access_token, createRemoteJWKSet(new URL(as.jwks_uri ?? '')), {
      issuer: settings.jwtIssuer,
      audience: settings.jwtAudience,
      typ: 'at+jwt',
    });
    expect(payload).toMatchObject({
      role: 'FINANCIAL_INSTITUTION',
      purposes: ['CREDIT_GRANTING'],
      client_id: `bank-${kind}`,
    });
  },
);

test('openssl and curl get a token as documented, and the token endpoint is an audience too', async () => {
  const file = join(settings.dataDir, 'client.pem');
  await writeFile(file, await exportPKCS8(keys.rsa.privateKey));
  const { stdout } = await promisify(execFile)(join(import.meta.dirname, '../docs/examples/machine-token.sh'), [
    'bank-rsa',
    file,
    `${server.url}/token`,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 900,
    scope: 'CREDIT_GRANTING POST_LOAN',
  });
});

const refused: Record<string, [RegExp, () => Promise<string>]> = {
  'for another audience': [
    /audience https:\/\/elsewhere\.example; it has to be/,
    () => assertion({ aud: 'https://elsewhere.example' }),
  ],
  'for two audiences': [
    /audience .*; it has to be/,
    () => assertion({ aud: [settings.jwtIssuer, 'https://elsewhere.example'] }),
  ],
  'that has expired': [/has expired/, () => assertion({ iat: seconds(), exp: seconds() - 31 })],
  'that is good for too long': [/good for too long/, () => assertion({ exp: seconds() + 3600 })],
  'that never ends': [/no exp and iat/, () => assertion({ exp: undefined })],
  'whose end is a text': [/no exp and iat/, () => assertion({ exp: '9999999999' })],
  'that is not valid yet': [/not valid yet/, () => assertion({ nbf: seconds() + 100 })],
  'made before the issuer started': [/before this issuer started/, () => assertion({ iat: seconds() - 3600 })],
  'without an id': [/no id \(jti\)/, () => assertion({ jti: undefined })],
  'of an unknown client': [/no registered client/, () => assertion({ iss: 'x', sub: 'x' })],
  'of the object’s own': [/no registered client/, () => assertion({ iss: '__proto__', sub: '__proto__' })],
  'issued by another': [/issued by bank-rsa/, () => assertion({ iss: 'bank-rsa' })],
  'signed with another key': [/signature/, () => assertion({}, keys.stranger.privateKey)],
  'of the algorithm of another client': [
    /signed with RS256; the key of this client is for ES256/,
    () => assertion({}, keys.rsa.privateKey, 'RS256'),
  ],
  'that is unsigned': [
    /signed with none/,
    async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await assertion()).split('.')[1]}.`,
  ],
  'signed with HS256 by the public key': [
    /signed with HS256/,
    async () => {
      const input = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${(await assertion()).split('.')[1]}`;
      return `${input}.${createHmac('sha256', await exportSPKI(keys.ec.publicKey))
        .update(input)
        .digest('base64url')}`;
    },
  ],
  'that is none': [/no signed JWT/, async () => 'x.y.z'],
  'that is empty': [/no signed JWT/, async () => ''],
  'that is endless': [/no signed JWT/, async () => `${await assertion()}${'x'.repeat(9000)}`],
};
test.each(Object.entries(refused))(
  'an assertion %s gets no token, and what is wrong is named',
  async (_, [named, make]) => {
    expect(await ask(form(await make()))).toEqual({
      status: 401,
      cache: 'no-store',
      body: { error: 'invalid_client', error_description: expect.stringMatching(named) },
    });
  },
);

test('an assertion is good once', async () => {
  const once = await assertion({ jti: 'one' });
  expect((await ask(form(once))).status).toBe(200);
  expect(await ask(form(once))).toMatchObject({
    status: 401,
    body: {
      error: 'invalid_client',
      error_description: 'The assertion with the jti one was used before: make a new one for each token.',
    },
  });
  // Another client may use the same id.
  expect(
    (await ask(form(await assertion({ iss: 'bank-rsa', sub: 'bank-rsa', jti: 'one' }, keys.rsa.privateKey, 'RS256'))))
      .status,
  ).toBe(200);
  // An assertion is remembered for as long as it could be valid. After that it has expired.
  at.moved = 89_000;
  expect((await ask(form(once))).body['error_description']).toMatch(/used before/);
  at.moved = 92_000;
  expect((await ask(form(once))).body['error_description']).toMatch(/expired/);
});

test.each<[string, () => Promise<Record<string, string>>, number, string, RegExp]>([
  [
    'another kind of grant',
    async () => ({ ...form(await assertion()), grant_type: 'password' }),
    400,
    'unsupported_grant_type',
    /password/,
  ],
  ['no kind of grant', async () => ({}), 400, 'invalid_request', /grant_type/],
  [
    'a secret in place of an assertion',
    async () => ({ grant_type: 'client_credentials', client_id: 'bank-ec', client_secret: 'x' }),
    401,
    'invalid_client',
    /client_assertion_type/,
  ],
  [
    'another client than the assertion’s',
    async () => form(await assertion(), { client_id: 'bank-rsa' }),
    401,
    'invalid_client',
    /client_id/,
  ],
  [
    'a purpose that it was not registered for',
    async () => form(await assertion(), { scope: 'SUPERVISION' }),
    400,
    'invalid_scope',
    /SUPERVISION; it may for CREDIT_GRANTING POST_LOAN/,
  ],
])('%s gets no token', async (_, body, status, error, named) => {
  expect(await ask(await body())).toEqual({
    status,
    cache: 'no-store',
    body: { error, error_description: expect.stringMatching(named) },
  });
});

test('what is given twice, a body of another kind and a body that is too long are refused', async () => {
  const twice = `${new URLSearchParams(form(await assertion()))}&client_assertion=x`;
  expect(await ask(twice)).toMatchObject({
    status: 400,
    body: { error_description: 'client_assertion is given twice.' },
  });
  expect((await ask(form(await assertion()), { 'content-type': 'application/json' })).status).toBe(415);
  expect(
    (await ask(form(await assertion()), { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }))
      .status,
  ).toBe(415);
  expect((await ask({ x: 'x'.repeat(20_000) })).status).toBe(413);
});

test('it answers to its loopback names alone, whatever the request', async () => {
  const { port } = new URL(server.url);
  const statusFor = (host: string, path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) =>
      httpRequest({ host: '127.0.0.1', port, path, headers: { host } }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end(),
    );
  for (const path of ['/jwks.json', '/token', '/.well-known/oauth-authorization-server', '/x'])
    for (const host of [`evil.example:${port}`, 'evil.example', `127.0.0.1.evil.example:${port}`, '127.0.0.1:1'])
      expect([path, host, await statusFor(host, path)]).toEqual([path, host, 421]);
  expect(await statusFor(`localhost:${port}`, '/jwks.json')).toBe(200);
});

test('a key is changed by registering the client again, and the old one is good no longer', async () => {
  const next = await generateKeyPair('ES256', { extractable: true });
  const register = async (key: GenerateKeyPairResult['privateKey']): Promise<void> =>
    registerClient(settings.dataDir, clientOf('rotating', await exportSPKI(key), claimsFor({ role: 'AUDITOR' })));
  const by = (key: GenerateKeyPairResult['privateKey']): Promise<string> =>
    assertion({ iss: 'rotating', sub: 'rotating' }, key);
  await register(keys.stranger.publicKey);
  expect((await ask(form(await by(keys.stranger.privateKey)))).status).toBe(200);
  await register(next.publicKey);
  expect([
    (await ask(form(await by(keys.stranger.privateKey)))).status,
    (await ask(form(await by(next.privateKey)))).status,
  ]).toEqual([401, 200]);
});

test('a private key, a weak one and one of another curve are not registered', async () => {
  const claims = claimsFor({ role: 'AUDITOR' });
  expect(() => clientOf('x', 'no key', claims)).toThrow('The file holds no public key, neither PEM nor JWK.');
  const pem = await exportPKCS8(keys.ec.privateKey);
  expect(() => clientOf('x', pem, claims)).toThrow('This is a private key: it stays with the client.');
  const p384 = await exportSPKI((await generateKeyPair('ES384', { extractable: true })).publicKey);
  expect(() => clientOf('x', p384, claims)).toThrow(
    'A client has an EC key on P-256, or an RSA key of 2048 bits or more.',
  );
  expect(() => clientOf('a b', pem, claims)).toThrow('"a b" is not the id of a client.');
});

test('production has no such server', async () => {
  await expect(serveIssuer({ ...settings, production: true }, { port: 0 })).rejects.toThrow(
    'The development issuer does not work with NODE_ENV=production.',
  );
});
