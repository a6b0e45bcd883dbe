import { Agent, request } from 'undici';
import type { Cluster } from './cluster.ts';
import type { Tenant } from './fixtures.ts';

// The HTTP client of a load: it asks each gateway as each tenant, with a deadline.

const DEADLINE_MS = 15_000;
const SLACK_MS = 2000;

export type Reply =
  | { readonly status: number; readonly retryAfter: string | null; readonly text: string; readonly ms: number }
  /** Why there is no answer: the connection broke, or nobody answered in time. */
  | { readonly lost: string; readonly ms: number };

export interface LoadClient extends AsyncDisposable {
  /** The gateways, at least one. */
  readonly urls: readonly string[];
  /** The gateway of a turn, one after another. */
  urlOf(turn: number): string;
  /** Asks one gateway as a tenant, for 17 seconds at most. It never rejects: what was lost is a reply of its own. */
  ask(url: string, who: Tenant, query: string, variables?: Readonly<Record<string, unknown>>): Promise<Reply>;
}

/** A client for all gateways of a cluster; its connections end with it. */
export function createLoadClient(cluster: Cluster): LoadClient {
  const agent = new Agent({ connections: 256, pipelining: 1 });
  const urls = cluster.gateways.map(({ url }) => url);
  const tokenOf = createTokens(cluster);
  const ask: LoadClient['ask'] = async (url, who, query, variables = {}) => {
    const token = tokenOf(who);
    const at = performance.now();
    try {
      const response = await request(`${url}/graphql`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          ...(token === null ? null : { authorization: `Bearer ${token}` }),
          ...(who.purpose === null ? null : { 'x-purpose': who.purpose }),
        },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(DEADLINE_MS + SLACK_MS),
      });
      const text = await response.body.text();
      const after = response.headers['retry-after'];
      return {
        status: response.statusCode,
        retryAfter: typeof after === 'string' ? after : null,
        text,
        ms: performance.now() - at,
      };
    } catch (error) {
      const { name, code } = error as { name: string; code?: string };
      return {
        lost: name === 'TimeoutError' ? 'no answer by its deadline' : (code ?? name),
        ms: performance.now() - at,
      };
    }
  };
  return {
    urls,
    urlOf: (turn) => urls[turn % urls.length] as string, // there is one
    ask,
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** The token of each tenant, made once; the public has none. */
function createTokens(cluster: Cluster): (who: Tenant) => string | null {
  const tokens = new Map<Tenant, string>();
  // Made a quarter of an hour ago: a clock that is ten minutes late takes them too.
  const issued = Math.floor(Date.now() / 1000) - 900;
  return (who) => {
    if (who.organisation === null) return null;
    let token = tokens.get(who);
    if (token === undefined) {
      const { role, organisation, province, sector, purpose } = who;
      token = cluster.issuer.token(
        {
          role,
          organisation,
          purposes: purpose === null ? [] : [purpose],
          ...(province === null ? null : { province }),
          ...(sector === null ? null : { sector }),
        },
        { payload: { iat: issued, exp: issued + 3600 } },
      );
      tokens.set(who, token);
    }
    return token;
  };
}

/** An answer as JSON; null where it is none. */
export function parse(text: string): { data?: Record<string, unknown> | null } | null {
  try {
    return JSON.parse(text) as { data?: Record<string, unknown> | null };
  } catch {
    return null;
  }
}
