import { GraphQLError } from 'graphql';
import type { Viewer } from '#policy/viewer.ts';
import type { GrantStore } from './grantedViewers.ts';

/** A connection's token, checked again while the connection lasts. Connections with one token and purpose share it. */
export interface Session {
  readonly viewer: Viewer;
  /** When the token expires, in milliseconds; null for the public. */
  readonly expires: number | null;
  /**
   * Whether the token still has the same rights: true at once where nothing can have changed since the last check.
   * False: it has expired, was revoked, or has other rights.
   */
  isGood(): boolean | Promise<boolean>;
}

/** A grant also ends by its own date, without a notification. */
const TRUST_MS = 1000;

/**
 * The state of a token while a connection lasts. Once it is no longer good it stays so: a client that regains its
 * rights connects anew.
 */
export function createSession(options: {
  readonly viewer: Viewer;
  readonly expires: number;
  /** The caller now; rejects as a request would be refused. */
  readonly look: () => Promise<Viewer>;
  /** Whether the issuer still has the key that the token is signed with. */
  readonly hasKey: () => boolean | Promise<boolean>;
  readonly grants: Pick<GrantStore, 'version'>;
  readonly now: () => Date;
  /** The check with which the session begins. */
  readonly first: { readonly version: number | null; readonly at: number };
}): Session {
  const { viewer, expires, look, hasKey, grants, now, first } = options;
  let looked = first;
  let looking: { readonly version: number | null; readonly outcome: Promise<boolean> } | null = null;
  let ended = false;

  const lookAgain = async (): Promise<boolean> => {
    // Read before the check: a change during the check requires another one.
    const { version } = grants;
    const at = performance.now();
    try {
      const { grant } = await look();
      if (grant === viewer.grant) looked = { version, at };
      else ended = true;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      ended = true;
    }
    return !ended;
  };

  const hasRights = (): boolean | Promise<boolean> => {
    if (ended) return false;
    const { version } = grants;
    if (version !== null && version === looked.version && performance.now() - looked.at < TRUST_MS) return true;
    if (looking?.version !== version) {
      const begun = { version, outcome: lookAgain().finally(() => looking === begun && (looking = null)) };
      looking = begun;
    }
    return looking.outcome;
  };
  const afterKey = (isThere: boolean): boolean | Promise<boolean> => {
    if (!isThere) ended = true;
    return hasRights();
  };

  return {
    viewer,
    expires,
    isGood() {
      if (ended || expires <= now().getTime()) return false;
      const key = hasKey();
      return typeof key === 'boolean' ? afterKey(key) : key.then(afterKey);
    },
  };
}

const SWEEP_MS = 60_000;
const MAX_SHARED = 20_000;

/** Sessions by the hash of token and purpose, so that connections with the same share one. */
export function createSessions(now: () => Date): {
  get(key: string): Session | undefined;
  share(key: string, session: Session): Session;
} {
  const sessions = new Map<string, Session>();
  let sweptAt = 0;
  const sweep = (at: number): void => {
    sweptAt = at;
    for (const [key, { expires }] of sessions) if (expires !== null && expires <= at) sessions.delete(key);
  };
  return {
    get: (key) => sessions.get(key),
    share(key, session) {
      const at = now().getTime();
      if (Math.abs(at - sweptAt) > SWEEP_MS) sweep(at);
      // Connections that have the oldest session keep it; it is no longer shared. The map is full, so it has a first
      // key.
      if (sessions.size >= MAX_SHARED) sessions.delete(sessions.keys().next().value as string);
      sessions.set(key, session);
      return session;
    },
  };
}
