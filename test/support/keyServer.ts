import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

// An issuer that is none of ours: `jose` makes its keys and signs its tokens, and a real HTTP server publishes them.

export interface IssuerKey {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  readonly alg: string;
}

export async function newKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey, alg };
}

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'credit-graph';

/** A good token of the national centre, but for what is changed. */
export async function signed(
  key: IssuerKey,
  at: Date,
  { header = {}, payload = {} }: { header?: object; payload?: JWTPayload } = {},
): Promise<string> {
  const seconds = Math.floor(at.getTime() / 1000);
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: '91110105MA0EEE1197',
    jti: crypto.randomUUID(),
    iat: seconds,
    exp: seconds + 3600,
    role: 'NATIONAL_CENTRE',
    purposes: ['SUPERVISION'],
    ...payload,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.jwk.kid ?? '', typ: 'at+jwt', ...header })
    .sign(key.privateKey);
}

export interface KeyServer extends AsyncDisposable {
  readonly url: string;
  /** How often the keys were asked for. */
  readonly asked: () => number;
  publish(...keys: readonly IssuerKey[]): void;
  /** Answers with this instead; null: accepts the connection and never answers. */
  answer(how: ((response: ServerResponse) => void) | null): void;
  /** Nothing listens any more, or something does again, at the same address. */
  goAway(): Promise<void>;
  restart(): Promise<void>;
}

export async function startKeyServer(...keys: readonly IssuerKey[]): Promise<KeyServer> {
  let asked = 0;
  let answer: ((response: ServerResponse) => void) | null = () => {};
  const publish: KeyServer['publish'] = (...published) => {
    answer = (response) =>
      void response
        .setHeader('content-type', 'application/jwk-set+json')
        .end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  };
  publish(...keys);
  const server = createServer((_, response) => {
    asked += 1;
    answer?.(response.setHeader('connection', 'close'));
  });
  let port = 0;
  const restart = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo); // listening on a port, so it is one
  };
  const goAway = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await restart();
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    asked: () => asked,
    publish,
    answer: (how) => (answer = how),
    goAway,
    restart,
    [Symbol.asyncDispose]: goAway,
  };
}
