import { resolve } from 'node:path';

/** What the CLI reads from its environment; the gateway reads its own in kit/config.ts, with the same defaults. */
export interface Settings {
  /** Absolute. The development issuer's keys, the demo files and the gateway's log lie in it. */
  readonly dataDir: string;
  /** Where the gateway answers, without a path and without a slash at the end. */
  readonly url: string;
  /** A token to use when a command names none. */
  readonly token: string | null;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  /** True: tokens come from another issuer than ours, so that ours would be refused. */
  readonly foreignIssuer: boolean;
  /** Set: the gateway that `start` runs logs to the terminal. Null: to a file. */
  readonly logLevel: string | null;
  readonly production: boolean;
}

export function readSettings(variables: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const read = (name: string): string | null => variables[name] || null;
  const host = read('HOST') ?? '127.0.0.1';
  // A server may listen on every address; nobody can call it under that name.
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return {
    dataDir: resolve(read('DATA_DIR') ?? './.data'),
    url: withoutPath(read('CREDIT_GRAPH_URL') ?? `http://${name}:${read('PORT') ?? '4000'}`),
    token: read('CREDIT_GRAPH_TOKEN'),
    jwtIssuer: read('JWT_ISSUER') ?? 'https://issuer.credit-graph.invalid',
    jwtAudience: read('JWT_AUDIENCE') ?? 'credit-graph',
    foreignIssuer: read('JWKS_URL') !== null,
    logLevel: read('LOG_LEVEL'),
    production: read('NODE_ENV') === 'production',
  };
}

/** The address as people give it, with `/graphql` or a slash at its end, without them. */
export const withoutPath = (url: string): string => url.replace(/\/+$/, '').replace(/\/graphql$/, '');
