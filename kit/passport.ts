import jwt from 'jsonwebtoken';
import { createViewer, isRole, type Viewer } from '#policy/viewer.ts';
import { deriveKey, type KeyRing } from './keys.ts';

/**
 * What a subgraph accepts in place of the client's token, which stops at the gateway: who is asking, signed by the gateway,
 * good for one subgraph and half a minute. Both halves stand here, so that they cannot drift apart.
 */
const ISSUER = 'credit-graph-gateway';
const LIFETIME_SECONDS = 30;
const ALGORITHM = 'HS256';
const USE = 'passport';

/** Signs passports; one is reused for the same viewer and subgraph for half its life, since signing costs more than a query. */
export function createPassportOffice(ring: KeyRing, now: () => Date): (viewer: Viewer, subgraph: string) => string {
  const [key] = ring;
  const secret = deriveKey(key, USE);
  const issued = new Map<string, { passport: string; until: number }>();
  return (viewer, subgraph) => {
    const slot = `${subgraph} ${viewer.grant} ${viewer.tokenId ?? ''}`;
    const at = now().getTime();
    const known = issued.get(slot);
    if (known && known.until > at) return known.passport;
    if (issued.size > 10_000) issued.clear();
    const { grant: _, ...claims } = viewer;
    const seconds = Math.floor(at / 1000);
    const passport = jwt.sign({ viewer: claims, iat: seconds, exp: seconds + LIFETIME_SECONDS }, secret, { algorithm: ALGORITHM, keyid: key.id, issuer: ISSUER, audience: subgraph });
    issued.set(slot, { passport, until: at + (LIFETIME_SECONDS * 1000) / 2 });
    return passport;
  };
}

/** Reads passports; null for everything that is not one for this subgraph, now. */
export function createPassportControl(ring: KeyRing, subgraph: string, now: () => Date): (passport: string) => Viewer | null {
  const secrets = new Map(ring.map((key) => [key.id, deriveKey(key, USE)]));
  const seen = new Map<string, { viewer: Viewer; until: number }>();
  return (passport) => {
    const at = now().getTime();
    const known = seen.get(passport);
    if (known && known.until > at) return known.viewer;
    const viewer = verify(passport, secrets, subgraph, at);
    if (!viewer) return null;
    if (seen.size > 10_000) seen.clear();
    seen.set(passport, viewer);
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
