import jwt from 'jsonwebtoken';
import { createViewer, isRole, type Viewer } from '#policy/viewer.ts';
import { createByteCache } from './byteCache.ts';
import { deriveKey, type KeyRing } from './keys.ts';

/**
 * What a subgraph accepts in place of the client's token, which stops at the gateway: who is asking, signed by the gateway,
 * good for one subgraph and half a minute. Both halves stand here, so that they cannot drift apart.
 */
const ISSUER = 'credit-graph-gateway';
const LIFETIME_SECONDS = 30;
const ALGORITHM = 'HS256';
const USE = 'passport';
/** Ten thousand passports, and fewer of those with many purposes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Signs passports; one is reused for the same viewer and subgraph for half its life, since signing costs more than a query. */
export function createPassportOffice(ring: KeyRing, now: () => Date): (viewer: Viewer, subgraph: string) => string {
  const [key] = ring;
  const secret = deriveKey(key, USE);
  const issued = createByteCache<{ readonly passport: string; readonly until: number }>(MAX_BYTES);
  return (viewer, subgraph) => {
    const slot = `${subgraph} ${viewer.grant} ${viewer.tokenId ?? ''}`;
    const at = now().getTime();
    const known = issued.get(slot);
    if (known && known.until > at) return known.passport;
    const { grant: _, ...claims } = viewer;
    const seconds = Math.floor(at / 1000);
    const passport = jwt.sign({ viewer: claims, iat: seconds, exp: seconds + LIFETIME_SECONDS }, secret, { algorithm: ALGORITHM, keyid: key.id, issuer: ISSUER, audience: subgraph });
    issued.set(slot, { passport, until: at + (LIFETIME_SECONDS * 1000) / 2 }, passport.length);
    return passport;
  };
}

/** Reads passports; null for everything that is not one for this subgraph, now. */
export function createPassportControl(ring: KeyRing, subgraph: string, now: () => Date): (passport: string) => Viewer | null {
  const secrets = new Map(ring.map((key) => [key.id, deriveKey(key, USE)]));
  const seen = createByteCache<{ readonly viewer: Viewer; readonly until: number }>(MAX_BYTES);
  return (passport) => {
    const at = now().getTime();
    const known = seen.get(passport);
    if (known && known.until > at) return known.viewer;
    const viewer = verify(passport, secrets, subgraph, at);
    if (!viewer) return null;
    seen.set(passport, viewer, passport.length);
    return viewer.viewer;
  };
}

function verify(passport: string, secrets: ReadonlyMap<string, Buffer>, subgraph: string, at: number): { viewer: Viewer; until: number } | null {
  try {
    const header = jwt.decode(passport, { complete: true })?.header;
    const secret = header?.kid === undefined ? undefined : secrets.get(header.kid);
    if (!secret) return null;
    const claims = jwt.verify(passport, secret, { algorithms: [ALGORITHM], issuer: ISSUER, audience: subgraph, clockTimestamp: Math.floor(at / 1000) });
    if (typeof claims === 'string' || typeof claims.exp !== 'number' || !isRole(claims['viewer']?.role)) return null;
    return { viewer: createViewer(claims['viewer']), until: claims.exp * 1000 };
  } catch {
    return null;
  }
}
