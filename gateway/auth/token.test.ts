import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, jwtVerify } from 'jose';
import { silentLog } from '#kit/log.ts';
import {
  AUDIENCE,
  ISSUER,
  type IssuerKey,
  type KeyServer,
  newKey,
  signed,
  startKeyServer,
} from '#test/support/keyServer.ts';
import { createKeySet, type KeySet } from './keySet.ts';
import { verifyToken } from './token.ts';

// Tokens of an attacker. `jose` makes the keys and signs what it can; tokens that no library writes are put together
// here.

let ec: IssuerKey;
let rsa: IssuerKey;
let server: KeyServer;
let keySet: KeySet;
beforeAll(async () => {
  [ec, rsa] = await Promise.all([newKey('ec'), newKey('rsa', 'RS256')]);
  server = await startKeyServer(ec, rsa);
  keySet = createKeySet({
    location: server.url,
    times: { refreshMs: 300_000, graceMs: 3_600_000 },
    now: () => at,
    log: silentLog,
    failures: { add: () => {} },
  });
});
afterAll(async () => {
  keySet[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const at = new Date('2026-11-29T08:00:00Z');
const seconds = at.getTime() / 1000;
const outcome = (token: string): Promise<string> =>
  verifyToken(token, keySet, { issuer: ISSUER, audience: AUDIENCE }, seconds).then(
    () => 'good',
    ({ name, extensions }: { name: string; extensions?: { reason: string } }) => extensions?.reason ?? name,
  );

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/**
 * The parts as text, so that a header or claims can be what no library writes; signed as ES256 with the issuer's own
 * key.
 */
async function signedText(header: string, claims: string): Promise<string> {
  const input = `${base64(header)}.${base64(claims)}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, ec.privateKey, Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}
const HEADER = '{"alg":"ES256","kid":"ec","typ":"at+jwt"}';
const claims = (change: object = {}): Record<string, unknown> => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: '91110105MA0EEE1197',
  jti: 'j1',
  iat: seconds,
  exp: seconds + 600,
  role: 'NATIONAL_CENTRE',
  purposes: ['SUPERVISION'],
  ...change,
});

test.each(['ES256', 'RS256'])('a good token of a key for %s is good, here and for jose', async (alg) => {
  const key = alg === 'ES256' ? ec : rsa;
  const token = await signed(key, at);
  await jwtVerify(token, await importJWK(key.jwk, alg), {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    currentDate: at,
  });
  expect(await outcome(token)).toBe('good');
  expect(await outcome(await signedText(HEADER, JSON.stringify(claims())))).toBe('good');
});

const forged: Record<string, [string, () => Promise<string>]> = {
  'alg none': ['ALGORITHM', async () => `${base64({ alg: 'none', kid: 'ec', typ: 'at+jwt' })}.${base64(claims())}.`],
  'alg nOnE': ['ALGORITHM', async () => `${base64({ alg: 'nOnE', kid: 'ec', typ: 'at+jwt' })}.${base64(claims())}.`],
  'alg missing': ['ALGORITHM', async () => `${base64({ kid: 'ec', typ: 'at+jwt' })}.${base64(claims())}.`],
  'HS256 with the public key as its secret': [
    'ALGORITHM',
    async () => {
      const input = `${base64({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' })}.${base64(claims())}`;
      return `${input}.${createHmac(
        'sha256',
        await exportSPKI((await importJWK(rsa.jwk, 'RS256', { extractable: true })) as IssuerKey['privateKey']),
      )
        .update(input)
        .digest('base64url')}`;
    },
  ],
  'RS256 under the name of an EC key': ['ALGORITHM', () => signed(rsa, at, { header: { kid: 'ec' } })],
  'ES256 under the name of an RSA key': ['ALGORITHM', () => signed(ec, at, { header: { kid: 'rsa' } })],
  PS256: ['ALGORITHM', async () => signed({ ...(await newKey('rsa', 'PS256')), alg: 'PS256' }, at)],
  'an empty signature': ['MALFORMED', async () => `${base64(JSON.parse(HEADER))}.${base64(claims())}.`],
  'a signature of zeros (CVE-2022-21449)': [
    'SIGNATURE',
    async () => `${base64(JSON.parse(HEADER))}.${base64(claims())}.${Buffer.alloc(64).toString('base64url')}`,
  ],
  'another issuer with the same kid': ['SIGNATURE', async () => signed(await newKey('ec'), at)],
  'its own key in the header (jwk)': [
    'SIGNATURE',
    async () => {
      const own = await newKey('ec');
      return signed(own, at, { header: { jwk: own.jwk } });
    },
  ],
  'the address of its own keys (jku, x5u)': [
    'SIGNATURE',
    async () =>
      signed(await newKey('ec'), at, { header: { jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/chain' } }),
  ],
  'its own certificate (x5c)': ['SIGNATURE', async () => signed(await newKey('ec'), at, { header: { x5c: ['AAAA'] } })],
  crit: [
    'MALFORMED',
    () => signedText('{"alg":"ES256","kid":"ec","typ":"at+jwt","crit":["exp"]}', JSON.stringify(claims())),
  ],
  'crit that is empty': [
    'MALFORMED',
    () => signedText('{"alg":"ES256","kid":"ec","typ":"at+jwt","crit":[]}', JSON.stringify(claims())),
  ],
  'crit null': [
    'MALFORMED',
    () => signedText('{"alg":"ES256","kid":"ec","typ":"at+jwt","crit":null}', JSON.stringify(claims())),
  ],
  ...Object.fromEntries(
    ['../../etc/passwd', "' or '1'='1", '__proto__', 'constructor', 'EC', 'ec\0', 'ec ', 'http://127.0.0.1:1/'].map(
      (kid) => [
        `kid ${JSON.stringify(kid)}`,
        ['KEY', () => signedText(JSON.stringify({ ...JSON.parse(HEADER), kid }), JSON.stringify(claims()))],
      ],
    ),
  ),
  'kid that is a list': [
    'MALFORMED',
    () => signedText('{"alg":"ES256","kid":["ec"],"typ":"at+jwt"}', JSON.stringify(claims())),
  ],
  'kid that is endless': [
    'MALFORMED',
    () => signedText(`{"alg":"ES256","kid":"${'k'.repeat(200)}","typ":"at+jwt"}`, JSON.stringify(claims())),
  ],
  'typ JWT': ['MALFORMED', () => signedText('{"alg":"ES256","kid":"ec","typ":"JWT"}', JSON.stringify(claims()))],
  'typ JWT over what is no JSON': ['MALFORMED', () => signedText('{"alg":"ES256","kid":"ec","typ":"JWT"}', 'no JSON')],
  'typ that is a list': [
    'MALFORMED',
    () => signedText('{"alg":"ES256","kid":"ec","typ":["at+jwt"]}', JSON.stringify(claims())),
  ],
  'a header that is a list': ['MALFORMED', () => signedText('["ES256"]', JSON.stringify(claims()))],
  'a header that is null': ['MALFORMED', () => signedText('null', JSON.stringify(claims()))],
  'a header that is no JSON': ['MALFORMED', () => signedText('{', JSON.stringify(claims()))],
  'claims that are a text': ['MALFORMED', () => signedText(HEADER, '"claims"')],
  'a header twice': [
    'MALFORMED',
    () => signedText('{"alg":"none","alg":"ES256","kid":"ec","typ":"at+jwt"}', JSON.stringify(claims())),
  ],
  'a claim twice': ['MALFORMED', () => signedText(HEADER, JSON.stringify(claims()).replace('{', '{"role":"AUDITOR",'))],
  'a claim twice, spelt in other letters': [
    'MALFORMED',
    () => signedText(HEADER, JSON.stringify(claims()).replace('{', '{"\\u0072ole" :"AUDITOR",')),
  ],
  'claims 2 000 deep': [
    'KEY',
    async () => {
      const claimed = JSON.stringify(claims()).replace('{', `{"x":${'['.repeat(2000)}${']'.repeat(2000)},`);
      return signedText(HEADER.replace('"ec"', '"none"'), claimed);
    },
  ],
  'claims that never close 2 000 brackets': ['MALFORMED', () => signedText(HEADER, `{"x":${'['.repeat(2000)}`)],
  'a name twice, deep inside': [
    'MALFORMED',
    () => signedText(HEADER, JSON.stringify(claims({ x: [{ y: 1 }] })).replace('"y":1', '"y":1,"y":2')),
  ],
};
test.each(Object.entries(forged))('%s is refused', async (_, [reason, make]) => {
  expect(await outcome(await make())).toBe(reason);
});

test.each<[string, string]>([
  ['"exp":"9999999999"', 'MALFORMED'],
  ['"exp":1e300', 'EXPIRED'],
  ['"exp":1e999', 'MALFORMED'],
  ['"exp":null', 'MALFORMED'],
  ['"exp":-1', 'EXPIRED'],
  ['"exp":[9999999999]', 'MALFORMED'],
  ['"nbf":"0"', 'MALFORMED'],
  ['"nbf":1e300', 'EXPIRED'],
  ['"nbf":1e999', 'EXPIRED'],
  ['"nbf":{}', 'MALFORMED'],
  ['"iat":"1"', 'MALFORMED'],
  ['"iat":1e300', 'EXPIRED'],
  ['"iat":-1e300', 'EXPIRED'],
  ['"iat":-1e999', 'MALFORMED'],
  ['"iat":null', 'MALFORMED'],
  ['"aud":["credit-graph"]', 'good'],
  ['"aud":["credit-graph","other"]', 'AUDIENCE'],
  ['"aud":["other"]', 'AUDIENCE'],
  ['"aud":[["credit-graph"]]', 'AUDIENCE'],
  ['"aud":{"0":"credit-graph","length":1}', 'AUDIENCE'],
  ['"aud":"credit-graph-test"', 'AUDIENCE'],
  ['"aud":"CREDIT-GRAPH"', 'AUDIENCE'],
  ['"aud":"credit-graph "', 'AUDIENCE'],
  ['"aud":""', 'AUDIENCE'],
  ['"aud":null', 'AUDIENCE'],
  ['"iss":"https://issuer.example/"', 'ISSUER'],
  ['"iss":["https://issuer.example"]', 'ISSUER'],
  ['"iss":null', 'ISSUER'],
  ['"sub":1', 'MALFORMED'],
  ['"sub":""', 'MALFORMED'],
  [`"sub":"${'9'.repeat(200)}"`, 'MALFORMED'],
  ['"jti":1', 'MALFORMED'],
  ['"jti":["j1"]', 'MALFORMED'],
  ['"jti":""', 'MALFORMED'],
  ['"role":["AUDITOR"]', 'ROLE'],
  ['"role":"auditor"', 'ROLE'],
  ['"role":"PUBLIC"', 'ROLE'],
  ['"role":"__proto__"', 'ROLE'],
  ['"role":null', 'ROLE'],
  ['"province":33', 'MALFORMED'],
  ['"province":["33"]', 'MALFORMED'],
  ['"province":""', 'MALFORMED'],
  ['"province":null', 'good'],
  ['"sector":true', 'MALFORMED'],
  ['"actor":7', 'MALFORMED'],
])('the claim %s is %s', async (claim, expected) => {
  const [, name = ''] = /^"(\w+)"/.exec(claim) ?? [];
  const rest = JSON.stringify(claims({ [name]: undefined }));
  expect(await outcome(await signedText(HEADER, rest.replace('{', `{${claim},`)))).toBe(expected);
});

test('what is signed is what is read: a token whose claims were changed afterwards is refused', async () => {
  const [head, , signature] = (await signed(ec, at)).split('.');
  expect(await outcome(`${head}.${base64(claims({ role: 'AUDITOR' }))}.${signature}`)).toBe('SIGNATURE');
});

test('a key that was not published for ES256 does not become one because a token names it', async () => {
  const { privateKey } = await generateKeyPair('ES384');
  await expect(signed({ jwk: { kid: 'ec' }, privateKey, alg: 'ES384' }, at).then(outcome)).resolves.toBe('ALGORITHM');
});
