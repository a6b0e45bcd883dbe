import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, usage } from './failure.ts';
import { replaceFile, type TokenClaims } from './issuer.ts';

// The machine clients of the development issuer: the key with which each one authenticates, and the claims of its
// tokens.

/** Fixed by the kind of key: an assertion never chooses its own algorithm. */
export type ClientAlgorithm = 'ES256' | 'RS256';

export interface Client {
  readonly id: string;
  /** PEM (SPKI). */
  readonly publicKey: string;
  readonly algorithm: ClientAlgorithm;
  readonly claims: TokenClaims;
}

const MIN_RSA_BITS = 2048;
const CLIENT_ID = /^[\w.:-]{1,64}$/;

const fileOf = (dataDir: string): string => join(dataDir, 'issuer', 'clients.json');

/** Reads the registered clients; none when no client was registered. @throws Failure when the file cannot be read */
export async function readClients(dataDir: string): Promise<readonly Client[]> {
  try {
    return JSON.parse(await readFile(fileOf(dataDir), 'utf8')) as Client[]; // written by `registerClient` alone
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Failure(`The clients in ${fileOf(dataDir)} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Registers a client. It replaces a client with the same id, whose old key becomes invalid. */
export async function registerClient(dataDir: string, client: Client): Promise<void> {
  const others = (await readClients(dataDir)).filter(({ id }) => id !== client.id);
  await mkdir(join(dataDir, 'issuer'), { recursive: true, mode: 0o700 });
  await replaceFile(fileOf(dataDir), `${JSON.stringify([...others, client], null, 2)}\n`);
}

/**
 * @param key PEM, or a JWK
 * @throws Failure for a key that is not a public key of the two kinds, and for an invalid id
 */
export function clientOf(id: string, key: string, claims: TokenClaims): Client {
  if (!CLIENT_ID.test(id))
    throw usage(`"${id.slice(0, 40)}" is not the id of a client.`, 'An id has 1 to 64 letters, digits and . _ : -');
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key) || /"d"\s*:/.test(key)) {
    throw usage(
      'This is a private key: it stays with the client.',
      'Give its public part: openssl pkey -in client.pem -pubout -out client.pub.pem',
    );
  }
  const publicKey = readKey(key);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  const isEc = type === 'ec' && details?.namedCurve === 'prime256v1';
  if (!isEc && !(type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS)) {
    throw usage(
      'A client has an EC key on P-256, or an RSA key of 2048 bits or more.',
      'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.pem',
    );
  }
  return {
    id,
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    algorithm: isEc ? 'ES256' : 'RS256',
    claims,
  };
}

function readKey(text: string): KeyObject {
  try {
    return text.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' })
      : createPublicKey(text);
  } catch {
    throw usage(
      'The file holds no public key, neither PEM nor JWK.',
      'openssl pkey -in client.pem -pubout -out client.pub.pem',
    );
  }
}
