import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import jwt from 'jsonwebtoken';
import { Failure, usage } from './failure.ts';
import type { Settings } from './settings.ts';

/** The claims of a token. The gateway trusts its signature, and of the claims only what a grant in force allows. */
export interface TokenClaims {
  readonly role: string;
  /** USCC. */
  readonly organisation: string;
  readonly province?: string | undefined;
  readonly sector?: string | undefined;
  readonly purposes: readonly string[];
  /** The person who acts for the organisation, as an opaque number. */
  readonly actor?: string | undefined;
  /** The machine client that received it (RFC 9068 §2.2). */
  readonly client?: string | undefined;
}

export interface Issuer {
  /** @param ttlSeconds 1 to 3600: the gateway refuses tokens that live longer. */
  sign(claims: TokenClaims, ttlSeconds?: number): string;
}

export const MAX_TTL_SECONDS = 3600;

/**
 * Opens the development issuer: an ES256 key pair in `DATA_DIR/issuer/`, made on first use. The gateway reads its
 * `jwks.json` when no JWKS_URL is set. When two processes open it at once, the first one makes the key for both.
 * @throws Failure in production, where tokens come from the real issuer.
 */
export async function openIssuer(
  settings: Pick<Settings, 'dataDir' | 'jwtIssuer' | 'jwtAudience' | 'production'>,
): Promise<Issuer> {
  if (settings.production)
    throw new Failure('The development issuer does not work with NODE_ENV=production.', {
      advice: 'Ask the issuer behind JWKS_URL for a token and pass it in CREDIT_GRAPH_TOKEN.',
    });
  const directory = join(settings.dataDir, 'issuer');
  const key = await openKey(directory);
  const jwk = publicJwk(key);
  await publish(directory, jwk);
  return {
    sign(claims, ttlSeconds = MAX_TTL_SECONDS) {
      if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS)
        throw usage('A token lives from one second to one hour.', 'Give --ttl 1h or less, such as 15m or 90s.');
      const { role, organisation, province, sector, purposes, actor, client } = claims;
      const payload = {
        role,
        ...(province === undefined ? null : { province }),
        ...(sector === undefined ? null : { sector }),
        ...(actor === undefined ? null : { actor }),
        ...(client === undefined ? null : { client_id: client }),
        purposes,
      };
      return jwt.sign(payload, key, {
        algorithm: 'ES256',
        header: { alg: 'ES256', typ: 'at+jwt', kid: jwk.kid },
        issuer: settings.jwtIssuer,
        audience: settings.jwtAudience,
        subject: organisation,
        jwtid: randomUUID(),
        expiresIn: ttlSeconds,
      });
    },
  };
}

async function openKey(directory: string): Promise<KeyObject> {
  const file = join(directory, 'private.pem');
  const read = async (): Promise<KeyObject> => createPrivateKey(await readFile(file));
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new Failure(`The issuer's key ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  // Other users may enter this directory: PostgreSQL runs as another user when this process runs as root.
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // The key is written whole under another name and then linked: no process reads half a key, and a second process
  // finds that the name exists.
  const fresh = `${file}.${randomUUID()}`;
  try {
    await writeFile(fresh, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  return read();
}

interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'ES256';
}

/** The content is derived from the key, the `kid` too (RFC 7638), so that every process writes the same file. */
function publicJwk(key: KeyObject): PublicJwk {
  const { crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  if (crv !== 'P-256' || x === undefined || y === undefined)
    throw new Failure('The issuer’s key is not one for ES256 (P-256).', {
      advice: 'Remove the directory issuer/ in DATA_DIR: a new key is made.',
    });
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv, kty: 'EC', x, y }))
    .digest('base64url');
  return { kty: 'EC', crv, x, y, kid, use: 'sig', alg: 'ES256' };
}

async function publish(directory: string, jwk: PublicJwk): Promise<void> {
  const text = `${JSON.stringify({ keys: [jwk] }, null, 2)}\n`;
  const file = join(directory, 'jwks.json');
  if ((await readFile(file, 'utf8').catch(() => '')) !== text) await replaceFile(file, text);
}

/** Writes a file whole or not at all: a reader sees the old content or the new one. Only its owner may read it. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
