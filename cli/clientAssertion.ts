import jwt from 'jsonwebtoken';
import type { Client } from './clients.ts';

// A machine client authenticates with a JWT that it signs itself (RFC 7523 §2.2, `private_key_jwt`). The JWT is valid
// once, and for minutes.

/** The refusal of a token, with an error code of RFC 6749 §5.2 and a description of what was wrong. */
export class TokenRefused extends Error {
  readonly error:
    'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type' | 'temporarily_unavailable';
  readonly status: number;
  constructor(error: TokenRefused['error'], description: string, status = error === 'invalid_client' ? 401 : 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

const badClient = (description: string): TokenRefused => new TokenRefused('invalid_client', description);

export interface AssertionJudge {
  /** Finds the client that signed the assertion. @throws TokenRefused that names what is wrong */
  judge(assertion: string, clients: readonly Client[]): Client;
}

const MAX_ASSERTION = 8192;
const MAX_LIFETIME_SECONDS = 300;
const SKEW_SECONDS = 30;
const MAX_JTI = 128;
const MAX_USED = 10_000;

/** @param audiences the accepted values of `aud`: the issuer, or its token endpoint */
export function createAssertionJudge(audiences: readonly string[], now: () => Date): AssertionJudge {
  /** Assertions that were used and have not expired. */
  const used = new Map<string, number>();
  // Assertions used before this process began are not known, so older ones are refused.
  const begun = Math.floor(now().getTime() / 1000);

  const useOnce = (name: string, exp: number, seconds: number): void => {
    if (used.size >= MAX_USED) for (const [each, until] of used) if (until <= seconds) used.delete(each);
    if (used.size >= MAX_USED)
      throw new TokenRefused(
        'temporarily_unavailable',
        'Too many assertions were used in the last minutes: come back.',
        503,
      );
    used.set(name, exp + SKEW_SECONDS);
  };

  return {
    judge(assertion, clients) {
      const seconds = Math.floor(now().getTime() / 1000);
      const { header, claims } = read(assertion);
      const client = clients.find(({ id }) => id === claims['sub']);
      if (!client) throw badClient('The assertion is of no registered client (sub): credit-graph issuer register.');
      if (header['alg'] !== client.algorithm)
        throw badClient(
          `The assertion is signed with ${displayed(header['alg'])}; ` +
            `the key of this client is for ${client.algorithm}.`,
        );
      try {
        jwt.verify(assertion, client.publicKey, {
          algorithms: [client.algorithm],
          ignoreExpiration: true,
          ignoreNotBefore: true,
        });
      } catch {
        throw badClient('The signature of the assertion is not by the key of this client.');
      }
      const { iss, aud, exp, nbf, iat, jti } = claims;
      if (iss !== client.id)
        throw badClient(`The assertion is issued by ${displayed(iss)}: iss and sub are both the client.`);
      const audience: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
      if (typeof audience !== 'string' || !audiences.includes(audience))
        throw badClient(`The assertion is for the audience ${displayed(aud)}; it has to be ${audiences.join(' or ')}.`);
      if (!isInstant(exp) || !isInstant(iat)) throw badClient('The assertion has no exp and iat, in seconds.');
      if (exp + SKEW_SECONDS <= seconds)
        throw badClient('The assertion has expired (exp): make a new one for each token.');
      if (exp > seconds + MAX_LIFETIME_SECONDS + SKEW_SECONDS)
        throw badClient(`The assertion is good for too long (exp): at most ${MAX_LIFETIME_SECONDS} seconds.`);
      if (iat > seconds + SKEW_SECONDS || (nbf !== undefined && !(isInstant(nbf) && nbf <= seconds + SKEW_SECONDS)))
        throw badClient('The assertion is not valid yet (iat, nbf): look at your clock.');
      if (iat < begun)
        throw badClient('The assertion was made before this issuer started (iat): make a new one for each token.');
      if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI)
        throw badClient(`The assertion has no id (jti) of 1 to ${MAX_JTI} characters.`);
      const name = `${client.id} ${jti}`;
      if ((used.get(name) ?? 0) > seconds)
        throw badClient(`The assertion with the jti ${displayed(jti)} was used before: make a new one for each token.`);
      useOnce(name, exp, seconds);
      return client;
    },
  };
}

const isInstant = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const displayed = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 80);

function read(assertion: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const parts = assertion.length > MAX_ASSERTION ? [] : assertion.split('.');
  try {
    const [header, claims] = parts
      .slice(0, 2)
      .map((part): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    if (parts.length === 3 && isRecord(header) && isRecord(claims)) return { header, claims };
  } catch {
    // The error follows.
  }
  throw badClient('The assertion (client_assertion) is no signed JWT.');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
