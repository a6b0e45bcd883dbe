import { hash, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { isRole } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import { createByteCache } from './byteCache.ts';
import { createKeyedHash, deriveKey, type KeyRing } from './keys.ts';

/**
 * What a subgraph accepts in place of the client's token, which stops at the gateway. A passport names the viewer; the
 * gateway signs it for one subgraph and half a minute. A seal over this one request keeps anybody who sees a passport
 * on its way from sending another request with it. Issuer and verifier are in one file, so that they cannot drift
 * apart.
 *
 * authorization: Passport <JWT>~<seal of method, path, JWT and the digest of the body>
 *
 * The passport is signed once for many requests; the seal is made for each. For a request of 2 KB that takes a twelfth
 * of signing a JWT for each, and checking it a tenth of verifying one: 16 and 27 µs against 180 and 245 in one run on a
 * busy machine (`node test/bench/passports.ts`).
 */
const ISSUER = 'credit-graph-gateway';
const LIFETIME_SECONDS = 30;
const REUSED_MS = (LIFETIME_SECONDS * 1000) / 2;
/** Maximum difference between the clocks of gateway and subgraph. */
const SKEW_SECONDS = 5;
const ALGORITHM = 'HS256';
const USE = 'passport';
/** Ten thousand passports, and fewer with many purposes. */
const MAX_BYTES = 16 * 1024 * 1024;
const SEAL_USE = 'passport seal';

/** One request to a subgraph. */
export interface Question {
  readonly method: string;
  /** With its query, as the subgraph receives it. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

export type PassportIssuer = (viewer: Viewer, subgraph: string, question: Question) => string;

/**
 * Creates the issuer. A passport is reused for the same viewer and subgraph for half its life, since signing costs more
 * than a query.
 */
export function createPassportIssuer(ring: KeyRing, now: () => Date): PassportIssuer {
  const [key] = ring;
  const secret = deriveKey(key, USE);
  const keyed = createKeyedHash(deriveKey(key, SEAL_USE));
  const issued = createByteCache<{ readonly passport: string; readonly issuedAt: number }>(MAX_BYTES);
  const passportOf = (viewer: Viewer, subgraph: string): string => {
    const slot = `${subgraph} ${viewer.grant} ${viewer.tokenId ?? ''}`;
    const at = now().getTime();
    const known = issued.get(slot);
    // In either direction: a fast clock that was corrected has issued the passport in what is now the future.
    if (known && Math.abs(at - known.issuedAt) < REUSED_MS) return known.passport;
    const { grant: _, ...claims } = viewer;
    const seconds = Math.floor(at / 1000);
    const passport = jwt.sign({ viewer: claims, iat: seconds, exp: seconds + LIFETIME_SECONDS }, secret, {
      algorithm: ALGORITHM,
      keyid: key.id,
      issuer: ISSUER,
      audience: subgraph,
    });
    issued.set(slot, { passport, issuedAt: at }, passport.length);
    return passport;
  };
  return (viewer, subgraph, question) => {
    const passport = passportOf(viewer, subgraph);
    return `${passport}~${keyed(sealed(passport, question), 'hex')}`;
  };
}

/**
 * Verifies the passport of a request in two steps: the viewer is known before the body is read, and the request is
 * believed after it.
 */
export interface PassportVerifier {
  /** @returns null for everything that is not a valid passport for this subgraph now */
  open(displayed: string): OpenedPassport | null;
}

export interface OpenedPassport {
  readonly viewer: Viewer;
  /** Whether the seal was made for this request. */
  isFor(question: Question): boolean;
}

/** Creates the verifier of one subgraph; every key of the ring verifies. */
export function createPassportVerifier(ring: KeyRing, subgraph: string, now: () => Date): PassportVerifier {
  const keys = new Map(
    ring.map((key) => [key.id, { secret: deriveKey(key, USE), keyed: createKeyedHash(deriveKey(key, SEAL_USE)) }]),
  );
  const seen = createByteCache<Verified>(MAX_BYTES);
  const verified = (passport: string): Verified | null => {
    const at = now().getTime();
    const known = seen.get(passport);
    if (known && known.until > at) return known;
    const found = verify(passport, keys, subgraph, at);
    if (!found) return null;
    seen.set(passport, found, passport.length);
    return found;
  };
  return {
    open(displayed) {
      const [passport = '', seal = '', ...rest] = displayed.split('~');
      const found = rest.length === 0 ? verified(passport) : null;
      if (!found) return null;
      return {
        viewer: found.viewer,
        isFor: (question) => isSame(seal, found.keyed(sealed(passport, question), 'hex')),
      };
    },
  };
}

/** Neither a method nor a path nor a passport contains a line break, so no two requests have the same text. */
const sealed = (passport: string, { method, path, body }: Question): string =>
  `${method}\n${path}\n${passport}\n${hash('sha256', body, 'hex')}`;

const isSame = (given: string, expected: string): boolean =>
  given.length === expected.length && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(expected, 'latin1'));

interface Verified {
  readonly viewer: Viewer;
  readonly until: number;
  readonly keyed: ReturnType<typeof createKeyedHash>;
}

function verify(
  passport: string,
  keys: ReadonlyMap<string, { readonly secret: Buffer; readonly keyed: Verified['keyed'] }>,
  subgraph: string,
  at: number,
): Verified | null {
  try {
    const header = jwt.decode(passport, { complete: true })?.header;
    const key = header?.kid === undefined ? undefined : keys.get(header.kid);
    if (!key) return null;
    const seconds = Math.floor(at / 1000);
    const claims = jwt.verify(passport, key.secret, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: subgraph,
      clockTimestamp: seconds,
      clockTolerance: SKEW_SECONDS,
    });
    if (
      typeof claims === 'string' ||
      typeof claims.exp !== 'number' ||
      typeof claims.iat !== 'number' ||
      !isRole(claims['viewer']?.role)
    )
      return null;
    if (claims.iat > seconds + SKEW_SECONDS || claims.exp - claims.iat > LIFETIME_SECONDS) return null;
    return { viewer: createViewer(claims['viewer']), until: (claims.exp + SKEW_SECONDS) * 1000, keyed: key.keyed };
  } catch {
    return null;
  }
}
