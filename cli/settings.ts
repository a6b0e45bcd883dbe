import { resolve } from 'node:path';

/**
 * The settings that the CLI reads from its environment. The gateway reads its own in kit/config.ts, with the same
 * defaults.
 */
export interface Settings {
  /** An absolute path. The development issuer's keys, the demo files and the gateway's log are in it. */
  readonly dataDir: string;
  /** The gateway's address, without a path and without a slash at the end. */
  readonly url: string;
  /** The token of a command that names none. */
  readonly token: string | null;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  /** True when tokens come from a real issuer, so that those of the development issuer would be refused. */
  readonly foreignIssuer: boolean;
  /** When set, the gateway that `start` runs logs to the terminal; when null, to a file. */
  readonly logLevel: string | null;
  readonly production: boolean;
}

export function readSettings(variables: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const read = (name: string): string | null => variables[name] || null;
  const host = read('HOST') ?? '127.0.0.1';
  // A server may listen on every address, but a client cannot call it by that name.
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

/** Removes `/graphql` and a slash from the end of an address. */
export const withoutPath = (url: string): string => url.replace(/\/+$/, '').replace(/\/graphql$/, '');
